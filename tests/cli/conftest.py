"""Fixtures shared with other rooms: servers on loopback."""

from loopback.fixtures import serve  # noqa: F401 - fixture
