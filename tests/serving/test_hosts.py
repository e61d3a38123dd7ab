"""For whom the server answers: host names, and the pages that may read it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from loopback.corpus import body
from loopback.filters import KEYS, build
from loopback.serving import serving

from leakcheck.serving.hosts import Hosts


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("served")
    build(root / "acme.bloom", range(KEYS))
    (root / "00003.txt").write_bytes(body("00003"))
    with serving(root, "--name", "Filters.Example") as (url, _):
        yield url


@pytest.mark.parametrize(
    ("host", "served"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1:8080", True),
        ("[::1]:8080", True),
        ("192.0.2.7", True),
        ("localhost", True),
        ("LOCALHOST:1", True),
        ("a.localhost", True),
        ("filters.example", True),
        ("FILTERS.example.:80", True),
        ("evil.example", False),
        ("evil.example:8080", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("filters.example.evil", False),
        ("127.0.0.1@evil.example", False),
        ("0x7f.1", False),
        ("", False),
        ("a b", False),
        ("localhost, evil.example", False),
    ],
)
def test_host_names(url: str, host: str, served: bool) -> None:
    assert Hosts("127.0.0.1", ["Filters.Example"]).serves(host) is served
    for path, fine in (("/acme.bloom", 200), ("/range/00003", 200), ("/", 200)):
        answer = httpx.get(url + path, headers={"Host": host}, trust_env=False)
        assert answer.status_code == fine if served else answer.status_code in (400, 421)
        if not served:
            assert b"BLOOM" not in answer.content


def test_what_is_served_to_all_is_called_by_its_machine_too() -> None:
    import socket

    name = socket.gethostname()
    assert Hosts("0.0.0.0").serves(name)
    assert Hosts("127.0.0.1").serves(name) is (name == "localhost")
    assert not Hosts("0.0.0.0").serves("evil.example")


@pytest.mark.parametrize(
    ("origin", "local", "all_"),
    [
        (None, True, True),
        ("http://localhost:8000", True, True),
        ("https://127.0.0.1", True, True),
        ("http://[::1]:5", True, True),
        ("https://evil.example", False, True),
        ("http://192.0.2.7", False, True),
        ("http://localhost.evil.example", False, True),
        ("null", False, True),
        ("", False, True),
    ],
)
def test_pages_that_may_read(url: str, origin: str | None, local: bool, all_: bool) -> None:
    """What only this machine can reach, only pages of this machine may read."""
    assert Hosts("127.0.0.1").may_read(origin) is local
    assert Hosts("192.0.2.1").may_read(origin) is all_
    fields = {} if origin is None else {"Origin": origin}
    answer = httpx.get(f"{url}/acme.bloom", headers=fields, trust_env=False)
    assert (answer.headers.get("access-control-allow-origin") == "*") is local


def test_a_browser_can_read_pages_of_a_filter(url: str) -> None:
    fields = {"Origin": "http://localhost:8000", "Range": "bytes=0-4095"}
    answer = httpx.get(f"{url}/acme.bloom", headers=fields, trust_env=False)
    assert answer.status_code == 206
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"Content-Range", "Content-Length", "ETag"} <= set(exposed)
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "if-range"}
    before = httpx.options(f"{url}/acme.bloom", headers=fields | asked, trust_env=False)
    assert (before.status_code, before.content) == (204, b"")
    assert before.headers["access-control-allow-origin"] == "*"
    assert "If-Range" in before.headers["access-control-allow-headers"]


GOOD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", b"400"),
        (b"GET / HTTP/1.0\r\n\r\n", b"200"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", b"413"),
        (GOOD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"413"),
        (GOOD + b"Upgrade: websocket\r\nConnection: upgrade\r\n\r\n", b"200"),
    ],
)  # fmt: skip
def test_odd_heads(url: str, head: bytes, status: bytes) -> None:
    import socket
    import urllib.parse

    place = urllib.parse.urlsplit(url)
    with socket.create_connection((place.hostname, place.port), 5) as link:
        link.sendall(head)
        assert link.recv(65536).split()[1] == status


def test_what_every_machine_can_reach_is_said(tmp_path: Path) -> None:
    build(tmp_path / "acme.bloom", range(9))
    for host, said in (("0.0.0.0", True), ("127.0.0.1", False)):
        with serving(tmp_path, "--host", host) as (_, process):
            process.terminate()
            _, err = process.communicate(timeout=10)
        assert ("every machine that can reach this one" in err) is said
