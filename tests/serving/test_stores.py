"""`leakcheck serve` of a store: the range API from one file, 503 for what nothing vouches for."""

import contextlib
import re
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme
from loopback.serving import serving
from loopback.stores import expected, make

from leakcheck.__main__ import run
from leakcheck.serving.catalog import look
from leakcheck.sources import Access
from leakcheck.sources.names import open_source
from leakcheck.store.reader import RangeStore
from leakcheck.subject.kinds import Kind

LONG = {"X-Long": "1"}  # a field that has no meaning: the request goes the long way


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of SHA-1 and one of NT hashes, ranges 00000 to 0012B."""
    root = tmp_path_factory.mktemp("stores")
    make(root / "pwned.ranges", last=299, hashes=60, date="2026-11-20", asof="2026-11-21T10:00:00Z")
    make(root / "ntlm.ranges", last=299, hashes=60, size=16)
    return root


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    with serving(folder) as (url, _):
        yield url


def get(url: str, **headers: str) -> httpx.Response:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.get(url, headers=fields, trust_env=False)


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize(("mode", "size"), [("", 20), ("?mode=sha1", 20), ("?mode=ntlm", 16)])
def test_ranges(url: str, mode: str, size: int, long: bool) -> None:
    fields = LONG if long else {}
    for number in (0, 3, 255, 256, 0x12B):
        answer = get(f"{url}/range/{number:05X}{mode}", **fields)
        assert (answer.status_code, answer.content) == (200, expected(number, 60, size))
    assert get(f"{url}/range/0012b{mode}", **fields).content == expected(0x12B, 60, size)
    etag = answer.headers["etag"]
    again = get(f"{url}/range/0012B{mode}", If_None_Match=etag, **fields)
    assert (again.status_code, again.content) == (304, b"")
    assert get(f"{url}/range/00003{mode}", If_None_Match=etag, **fields).status_code == 200
    head = httpx.head(f"{url}/range/00003{mode}", trust_env=False)
    assert (head.content, head.headers["content-length"]) == (b"", str(len(expected(3, 60, size))))


def test_both_ways_give_the_same_answer(url: str) -> None:
    for path in ("00003", "00003?mode=ntlm"):
        short, long = (get(f"{url}/range/{path}", **fields) for fields in ({}, LONG))
        assert short.content == long.content
        fields = [dict(answer.headers) for answer in (short, long)]
        for each in fields:
            del each["date"]
        assert fields[0] == fields[1]
        assert "x-own-list" not in fields[0]
        assert fields[0]["cache-control"] == "public, max-age=86400"
        assert fields[0]["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("prefix", ["00003", "00001"])
def test_padding_and_a_range_without_a_hash(url: str, prefix: str, long: bool) -> None:
    fields = LONG if long else {}
    asked = [{"Add-Padding": "true"}, {"Add-Padding": "True"}]
    asked += [{}] if prefix == "00001" else []
    for padding in asked:
        answer = get(f"{url}/range/{prefix}", **padding, **fields)
        lines = answer.text.split("\r\n")
        assert 800 <= len(lines) <= 1000
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers
        real = [line for line in lines if not line.endswith(":0")]
        number = int(prefix, 16)
        assert "\r\n".join(real).encode() == expected(number, 60 if number == 3 else 0)


def test_what_it_lacks_is_503(url: str, folder: Path) -> None:
    for path in ("0012C", "FFFFF", "0012C?mode=ntlm"):
        for fields in ({}, LONG, {"Add-Padding": "true"}):
            assert get(f"{url}/range/{path}", **fields).status_code == 503
    with serving(folder / "pwned.ranges") as (alone, _):
        assert get(f"{alone}/range/00003").content == expected(3, 60)
        assert get(f"{alone}/range/00003?mode=ntlm").status_code == 503
        assert get(f"{alone}/").text == "range/\tpassword\t17940\n"
        assert get(f"{alone}/pwned.ranges").status_code == 404


def test_leakcheck_asks_it(url: str) -> None:
    digest = bytes.fromhex("00003" + expected(3, 60).split(b"\r\n")[2].split(b":")[0].decode())
    source = open_source("hibp", [Kind.PASSWORD], Access(hibp_url=url))
    found = source.lookup(digest + b"\0\0\x3f" + b"x" * 17 + b"\0\0\x1f" + b"x" * 17)
    assert (found.codes, found.seen) == (b"\1\0\0", {0: 3})
    assert source.lookup(b"\xff" * 20).codes == b"\2"
    source.close()


def test_health(url: str) -> None:
    answer = get(f"{url}/healthz")
    assert answer.status_code == 200
    told = {one["kind"]: one for one in answer.json()["stores"]}
    assert set(told) == {"password", "ntlm"}
    one = told["password"]
    assert (one["name"], one["hashes"], one["ranges"]) == ("pwned.ranges", 17940, 300)
    assert (one["date"], one["asof"], one["reason"]) == (
        "2026-11-20", "2026-11-21T10:00:00Z", None,
    )  # fmt: skip
    age = time.time() - time.mktime(time.strptime("2026-11-21 10:00:00", "%Y-%m-%d %H:%M:%S"))
    assert abs(one["age_seconds"] - age) < 24 * 3600
    assert told["ntlm"]["age_seconds"] is None


def test_a_damaged_range_is_503_and_told_once(tmp_path: Path) -> None:
    path = tmp_path / "pwned.ranges"
    header = make(path, last=9, hashes=60)
    data = bytearray(path.read_bytes())
    data[header.data_offset + 5] ^= 1
    path.write_bytes(data)
    with serving(path) as (url, process):
        assert get(f"{url}/healthz").status_code == 200
        for fields in ({}, LONG, {"Add-Padding": "true"}):
            assert get(f"{url}/range/00000", **fields).status_code == 503
            assert get(f"{url}/range/00002", **fields).status_code == 200
        health = get(f"{url}/healthz")
        assert health.status_code == 503
        assert "a range is damaged" in health.json()["stores"][0]["reason"]
        process.terminate()
        _, told = process.communicate(timeout=10)
    assert told.count("\n") == 1
    assert "a range is damaged" in told
    assert "00000" not in told


def test_a_store_that_is_replaced_is_seen(tmp_path: Path) -> None:
    path, other = tmp_path / "pwned.ranges", tmp_path / "other"
    make(path, last=9, hashes=60)
    with serving(path) as (url, process), httpx.Client(base_url=url, trust_env=False) as client:

        def until(status: int, body: bytes | None = None) -> None:
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                answer = client.get("/range/00002")
                if answer.status_code == status and body in (None, answer.content):
                    return
                assert answer.content in (expected(2, 60), expected(2, 70), answer.content[:99])
                time.sleep(0.1)
            pytest.fail(f"{status} was not seen")

        until(200, expected(2, 60))
        make(other, last=9, hashes=70)
        other.replace(path)
        until(200, expected(2, 70))
        path.write_bytes(b"no store")
        until(503)
        assert client.get("/healthz").status_code == 503
        path.unlink()
        until(503)
        make(other, last=9, hashes=60, size=16)
        other.replace(path)
        until(503)
        make(other, last=9, hashes=60)
        other.replace(path)
        until(200, expected(2, 60))
        assert client.get("/healthz").status_code == 200
        process.terminate()
        _, told = process.communicate(timeout=10)
    assert 1 <= told.count("\n") <= 4


def test_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(tmp_path / "a.ranges", last=3)
    data = (tmp_path / "a.ranges").read_bytes()
    (tmp_path / "cut.ranges").write_bytes(data[:-1])
    assert run(["serve", str(tmp_path / "cut.ranges")]) == 2
    assert "not whole" in capsys.readouterr().err
    (tmp_path / "cut.ranges").write_bytes(data)
    assert run(["serve", str(tmp_path)]) == 2
    assert "a.ranges and cut.ranges are of one kind" in capsys.readouterr().err


@pytest.mark.parametrize("made", ["--store", "-o", "--keep"])
def test_a_list_of_its_makers_own_says_so_and_is_not_fetched_as_pwned_passwords(
    made: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text, own = tmp_path / "ordered.txt", tmp_path / "own.ranges"
    text.write_text("B7A875FC1EA228B9061041B7CEC4BD3C52AB3CE3:321\n")
    narrow = ("--prefixes", "B7A87-B7A88")
    assert run(["fetch", "--store", str(own), "--from", str(text), "--own-list", *narrow]) == 0
    with serving(own) as (url, _):
        for fields in ({}, LONG):
            first = get(f"{url}/range/B7A87", **fields)
            tag = first.headers["etag"]
            same = get(f"{url}/range/B7A87", If_None_Match=tag, **fields)
            empty = get(f"{url}/range/B7A88", **fields)  # padded
            for answer, status in ((first, 200), (same, 304), (empty, 200)):
                assert (answer.status_code, answer.headers["x-own-list"]) == (status, "1")
        taken = tmp_path / "taken"
        capfd.readouterr()
        assert run(["fetch", made, str(taken), "--url", url, *narrow]) == 2
    assert "what this server has is a list of its own" in capfd.readouterr().err
    assert not taken.is_file()


# ---- the short way takes what is exactly such a request, and nothing else


def talk(url: str, *pieces: bytes, wait: float = 0.05) -> bytes:
    """All that comes back for bytes that are sent so."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            with contextlib.suppress(ConnectionError):
                link.sendall(piece)
            time.sleep(wait)
        link.settimeout(1)
        said = b""
        try:
            while more := link.recv(1 << 16):
                said += more
        except (TimeoutError, ConnectionError):
            pass
        return said


def statuses(said: bytes) -> list[int]:
    return [int(each) for each in re.findall(rb"HTTP/1\.1 (\d{3})", said)]


ASK = b"GET /range/00003 HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    ("pieces", "expected_statuses"),
    [
        ((ASK, ASK, ASK), [200, 200, 200]),
        ((ASK + ASK,), [200, 200]),
        ((ASK[:20], ASK[20:], ASK), [200, 200]),
        ((ASK[:-2], ASK[-2:], ASK), [200, 200]),
        ((ASK[:-1], ASK[-1:] + ASK, ASK), [200, 200, 200]),
        ((ASK.replace(b"localhost", b"evil.example"), ASK), [421, 200]),
        ((ASK.replace(b"Host: localhost\r\n", b""),), [400]),
        ((ASK.replace(b"\r\n\r\n", b"\r\nHost: localhost\r\n\r\n"),), [400]),
        ((ASK.replace(b"localhost", b"localhost\r\nContent-Length: 3"), b"abc"), [413]),
        ((ASK.replace(b"localhost", b"localhost\r\nTransfer-Encoding: chunked"),), [413]),
        ((ASK.replace(b"localhost", b"localhost\r\nConnection: close"), ASK), [200]),
        ((ASK.replace(b"GET", b"POST"),), [405]),
        ((ASK.replace(b"00003", b"0000g"),), [400]),
        ((ASK.replace(b"00003", b"00003?mode=md5"),), [400]),
        ((ASK.replace(b"Host: ", b"Host : "),), [400]),
        # the head of another request, in whose field a question stands: it names two hosts
        ((b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ", ASK), [400]),
        ((ASK + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ", ASK), [200, 400]),
        # a body that looks like a question
        ((b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(ASK), ASK),
         [413]),
    ],
)  # fmt: skip
def test_requests_end_where_they_end(
    url: str, pieces: tuple[bytes, ...], expected_statuses: list[int]
) -> None:
    assert statuses(talk(url, *pieces)) == expected_statuses


def test_who_does_not_read_is_let_go_and_others_are_served(url: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link.settimeout(0.5)
        try:
            for _ in range(3000):
                link.sendall(ASK)
        except (TimeoutError, ConnectionError):
            pass
        assert get(f"{url}/range/00003").status_code == 200


def test_a_connection_that_asks_no_more_is_closed(folder: Path) -> None:
    with serving(folder) as (url, _):
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), 30) as link:
            start, said = time.monotonic(), b""
            link.sendall(ASK)
            while more := link.recv(1 << 16):
                said += more
            assert 10 < time.monotonic() - start < 25
            assert statuses(said) == [200]


def test_requests_are_logged_where_that_is_asked_for(folder: Path) -> None:
    for options, seen in (((), False), (("--log-requests",), True)):
        with serving(folder, *options) as (url, process):
            assert get(f"{url}/range/00003").status_code == 200
            process.terminate()
            out, err = process.communicate(timeout=10)
        assert ("/range/00003" in out + err) is seen


def test_counts_come_through(url: str, folder: Path) -> None:
    with RangeStore(folder / "pwned.ranges") as store:
        digests, counts = store.decoded(7)
    seen = struct.unpack("<60I", counts)
    lines = get(f"{url}/range/00007").text.split("\r\n")
    assert [int(line.split(":")[1]) for line in lines] == list(seen)
    assert len(digests) == 1200


def test_over_tls(folder: Path, tmp_path: Path, authority: trustme.CA) -> None:
    pair = tmp_path / "pair.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(pair))
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with (
        serving(folder, "--cert", str(pair), "--key", str(pair)) as (url, _),
        httpx.Client(verify=context, trust_env=False) as client,
    ):
        for _ in range(3):
            assert client.get(f"{url}/range/00003").content == expected(3, 60)
        assert client.get(f"{url}/range/FFFFF").status_code == 503


def test_links_in_a_circle_are_passed_over(tmp_path: Path) -> None:
    make(tmp_path / "pwned.ranges")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "circle.bloom").symlink_to("circle.bloom")
    assert set(look(tmp_path).stores) == {40}
