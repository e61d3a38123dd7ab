"""`leakcheck serve` and what the world does to it: hostile requests, lost folders, signals."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from loopback.corpus import body
from loopback.filters import KEYS, build, key
from loopback.serving import serving

from leakcheck.serving.files import span_of
from leakcheck.sources import Access
from leakcheck.sources.names import open_source
from leakcheck.subject.kinds import Kind


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "public"
    (root / "sha1").mkdir(parents=True)
    build(root / "acme.bloom", range(KEYS))
    (root / "sha1" / "00003.txt").write_bytes(body("00003"))
    (tmp_path / "outside.bloom").write_bytes(b"private")
    return root


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    with serving(folder) as (url, _):
        yield url


def raw(url: str, head: bytes, wait: float = 5.0) -> bytes:
    """All that the server says to these bytes."""
    place = urllib.parse.urlsplit(url)
    with socket.create_connection((place.hostname, place.port), wait) as link:
        link.settimeout(wait)
        link.sendall(head)
        told = b""
        try:
            while piece := link.recv(65536):
                told += piece
        except TimeoutError:
            pass
        return told


CLOSE = b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    ("request_line", "statuses"),
    [
        (b"GET /../outside.bloom", {404}),
        (b"GET /%2e%2e/outside.bloom", {404}),
        (b"GET /%2e%2e%2foutside.bloom", {404}),
        (b"GET /x/..%2f..%2foutside.bloom", {404}),
        (b"GET //outside.bloom", {404}),
        (b"GET /acme.bloom%00", {404}),
        (b"GET /%00.bloom", {404}),
        (b"GET /%ff%fe.bloom", {404}),
        (b"GET /" + b"%C3%A9" * 190 + b".bloom", {404}),
        (b"GET /" + b"a" * 190 + b".bloom", {404}),
        (b"GET /" + b"a" * 100_000 + b".bloom", {400, 404, 414}),
        (b"GET /range/", {400}),
        (b"GET /range/%00%00%00%00%00", {400}),
        (b"GET /range/" + b"%D9%A3" * 5, {400}),
        (b"GET /range/" + b"A" * 50_000, {400, 414}),
        (b"GET /range/00003/00003", {404}),
        (b"GET /range/00003?mode=ntlm&mode=" + b"x" * 9999, {400}),
        (b"POST /range/00003", {405}),
        (b"DELETE /acme.bloom", {405}),
        (b"BREW /acme.bloom", {400, 405}),
        (b"GET /acme.bloom\x01", {400}),
        (b"nonsense", {400}),
    ],
)  # fmt: skip
def test_a_hostile_request_has_a_plain_answer(
    url: str, request_line: bytes, statuses: set[int]
) -> None:
    told = raw(url, request_line + CLOSE + b"\r\n")
    assert int(told.split()[1]) in statuses, told[:200]
    assert b"private" not in told
    assert httpx.get(f"{url}/range/00003", trust_env=False).status_code == 200


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("bytes=0-0", (0, 0)),
        ("bytes=10-", (10, 99)),
        ("bytes=-7", (93, 99)),
        ("bytes=-700", (0, 99)),
        ("bytes=90-1000", (90, 99)),
        ("bytes=100-", ()),
        ("bytes=100-200", ()),
        ("bytes=-0", ()),
        ("bytes=9-8", None),
        ("bytes=-", None),
        ("bytes=0-1,2-3", None),
        ("bytes=0-,0-,0-", None),
        ("lines=0-1", None),
        ("bytes=0x1-2", None),
        ("bytes=1-99999999999999999999", None),
        ("bytes=\u0663-\u0664", None),
        ("", None),
    ],
)
def test_a_range_header(text: str, span: tuple[int, ...] | None) -> None:
    assert span_of(text, 100) == span
    assert span_of(text, 0) in ((), None)


def test_ranges_that_cost_much_are_not_worked_through(url: str, folder: Path) -> None:
    data = (folder / "acme.bloom").read_bytes()
    for text in ("bytes=0-1,4-5", "bytes=" + ",".join(["0-"] * 2000), "bytes=9-8", "nonsense"):
        answer = httpx.get(f"{url}/acme.bloom", headers={"Range": text}, trust_env=False)
        assert (answer.status_code, answer.content) == (200, data)


def test_head_tells_the_size_and_reads_nothing(url: str, folder: Path) -> None:
    answer = httpx.head(f"{url}/acme.bloom", trust_env=False)
    assert answer.headers["content-length"] == str((folder / "acme.bloom").stat().st_size)
    assert answer.content == b""
    assert httpx.head(f"{url}/range/00003", trust_env=False).status_code == 200


def test_a_large_file_is_sent_whole_and_in_parts(folder: Path) -> None:
    data = os.urandom(3 << 20)
    (folder / "large.bloom").write_bytes(data)
    with serving(folder) as (url, _):
        get = lambda text: httpx.get(  # noqa: E731
            f"{url}/large.bloom", headers={"Range": text} if text else {}, trust_env=False
        )
        assert get("").content == data
        part = get("bytes=100-2500000")
        assert (part.status_code, part.content) == (206, data[100:2500001])


def test_a_filter_replaced_while_served(url: str, folder: Path) -> None:
    source = open_source(f"{url}/acme.bloom", [Kind.EMAIL], Access())
    assert source.lookup(key(1)).codes == b"\1"
    before = httpx.get(f"{url}/acme.bloom", trust_env=False).headers["etag"]
    build(folder / "acme.bloom", range(KEYS, 2 * KEYS + 7))
    found = source.lookup(b"".join(map(key, range(2, 400))) + key(KEYS + 1))
    assert set(found.codes) == {2}, "it is another filter now, and that is not asked"
    source.close()
    source = open_source(f"{url}/acme.bloom", [Kind.EMAIL], Access())
    found = source.lookup(b"".join(map(key, range(2, 400))) + key(KEYS + 1))
    assert found.codes == bytes(398) + b"\1"
    source.close()
    headers = {"Range": "bytes=4096-8191", "If-Range": before}
    answer = httpx.get(f"{url}/acme.bloom", headers=headers, trust_env=False)
    assert (answer.status_code, answer.headers["etag"] != before) == (200, True)


def test_no_folder_is_no_internal_error(folder: Path) -> None:
    """The folder may go while it is served: a mount that ends, a folder that is renamed."""
    with serving(folder) as (url, process):
        shutil.rmtree(folder)
        for path, status in (("/", 503), ("/acme.bloom", 404), ("/range/00003", 501)):
            answer = httpx.get(url + path, trust_env=False)
            assert (answer.status_code, "rror" in answer.text) == (status, False), path
        process.terminate()
        assert process.communicate(timeout=10)[1] == ""


def test_a_range_that_is_damaged_is_no_answer(url: str, folder: Path) -> None:
    (folder / "sha1" / "00004.txt.gz").write_bytes(b"\x1f\x8b damaged")
    (folder / "sha1" / "00005.txt").mkdir()
    for path, status in (("00004", 503), ("00005", 503), ("00006", 501), ("00003?mode=ntlm", 501)):
        assert httpx.get(f"{url}/range/{path}", trust_env=False).status_code == status


def test_a_folder_named_from_elsewhere_stays_the_one(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "leakcheck", "serve", "public", "--port", "0"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = process.stdout.readline().split(" at ")[1].split("/ until")[0]
    assert httpx.get(f"{url}/acme.bloom", trust_env=False).status_code == 200
    process.terminate()
    assert process.wait(10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_whoever_hangs_on(folder: Path, number: int) -> None:
    (folder / "large.bloom").write_bytes(bytes(64 << 20))
    with serving(folder) as (url, process):
        place = urllib.parse.urlsplit(url)
        slow = [socket.create_connection((place.hostname, place.port)) for _ in range(20)]
        for link in slow[:10]:
            link.sendall(b"GET /large.bloom HTTP/1.1\r\nHost: localhost\r\n\r\n")  # and never reads
        for link in slow[10:]:
            link.sendall(b"GET /large.bloom HT")  # and never ends
        assert httpx.get(f"{url}/range/00003", trust_env=False, timeout=5).status_code == 200
        start = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        assert process.returncode == 0
        assert [line for line in err.splitlines() if "is not a filter" not in line] == []
        assert time.monotonic() - start < 5
        for link in slow:
            link.close()
    assert "Traceback" not in out


EARLY = """
import os, signal, socket, sys, weakref
from leakcheck.serving.server import Server

class Thing: pass

def told(_):
    os.kill(os.getpid(), int(sys.argv[1]))

def ready():
    thing = Thing()
    kept = weakref.ref(thing, told)
    del thing  # what is raised now is lost
    print("ready", flush=True)

Server(lambda request: None, socket.create_server(("127.0.0.1", 0))).serve_until_told(ready)
print("ended", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_before_it_serves_ends_it(number: int) -> None:
    """Also one that comes where what is raised is lost: in the callback of a weak reference."""
    command = [sys.executable, "-c", EARLY, str(int(number))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ready\nended\n", "")


def test_a_port_that_is_taken(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "leakcheck", "serve", str(folder), "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "in use" in done.stderr


def test_a_file_cut_while_it_is_sent_breaks_off(folder: Path) -> None:
    """Bytes that are not there are never made up, and no traceback names what was asked."""
    path = folder / "large.bloom"
    path.write_bytes(bytes(64 << 20))
    with serving(folder) as (url, process):
        link = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=10)
        link.request("GET", "/large.bloom")
        answer = link.getresponse()
        answer.read(1 << 16)
        os.truncate(path, 1 << 20)
        with pytest.raises((http.client.IncompleteRead, OSError)):
            answer.read()
        link.close()
        process.terminate()
        _, err = process.communicate(timeout=10)
    assert "Traceback" not in err
    first, *others = err.splitlines()
    assert "large.bloom is not a filter" in first  # said at the start, whoever asks
    assert "large" not in "".join(others)
