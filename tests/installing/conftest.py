"""Fixtures shared with other rooms: a clean environment, servers, nginx."""

from loopback.fixtures import (  # noqa: F401 - fixtures
    _no_proxy_variables,
    authority,
    nginx,
)
