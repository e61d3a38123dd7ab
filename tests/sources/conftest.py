"""Fixtures shared with other rooms: servers on loopback, filters, a clean environment."""

from loopback.fixtures import (  # noqa: F401 - fixtures
    _no_proxy_variables,
    authority,
    data,
    filter_file,
    nginx,
    serve,
    tls,
)
