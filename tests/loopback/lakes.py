"""Fixtures of tests with object storage: a server that speaks S3, and an empty bucket."""

from collections.abc import Iterator

import pytest
from loopback.objects import Lake, pointed, s3_server


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture
def lake(server: str) -> Iterator[Lake]:
    """Where objects are put; the environment names the server."""
    with pointed(server) as found:
        found.empty()
        yield found
