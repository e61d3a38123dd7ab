"""Dumps in object storage, from a server on loopback that speaks S3, and one that fails."""

import gzip
import http.server
import io
import random
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leakcheck.building import BuildReport, BuildRequest, build
from leakcheck.errors import InputError, UsageError
from leakcheck.input import Options, ReadError, Skipped, inputs, line_cuts, objects
from leakcheck.subject.kinds import Kind

TEXT = "".join(f"person{at}@example.org:pw{at}\n" for at in range(40_000)).encode()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of an S3 server with an empty bucket `lake`."""
    pytest.importorskip("obstore", reason="obstore is not installed")
    moto = pytest.importorskip("moto.server", reason="moto is not installed")
    import httpx

    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    url = f"http://{host}:{port}"
    assert httpx.put(f"{url}/lake").status_code == 200
    yield url
    running.stop()


@pytest.fixture
def lake(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Where objects are put; the environment names the server."""
    yield from _pointed(server, monkeypatch)


def _pointed(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    objects._store.cache_clear()
    import obstore
    from obstore.store import from_url

    store = from_url("s3://lake")

    def put(key: str, data: bytes) -> None:
        obstore.put(store, key, data)

    put.delete = lambda key: obstore.delete(store, key)  # type: ignore[attr-defined]
    yield put
    objects._store.cache_clear()


def made(output: Path, *paths: object, **options: Any) -> BuildReport:
    """A filter of addresses."""
    request = BuildRequest(
        paths=tuple(map(str, paths)), output=output, kind=Kind.EMAIL, force=True, **options
    )
    return build(request, lambda note: None, lambda *_: None, lambda *_: None)


def packed() -> bytes:
    """A zip archive with two members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one.txt", "zipped1@example.org\n" * 3)
        archive.writestr(
            "two.txt", random.Random(1).randbytes(100_000) + b"\nzipped2@example.org\n"
        )
    return out.getvalue()


def test_objects_give_the_filter_of_the_same_files(
    lake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "_AHEAD_BYTES", 64 << 10)
    files = {
        "plain.txt": TEXT,
        "sub/some.gz": gzip.compress(TEXT[:100_000].replace(b"person", b"other"), mtime=0),
        "sub/many.zip": packed(),
        "empty": b"",
    }
    for name, data in files.items():
        lake(f"dumps/{name}", data)
        path = tmp_path / "dumps" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    lake("dumps-of-others/x.txt", b"not@example.net\n")
    near = made(tmp_path / "near.bloom", tmp_path / "dumps")
    far = made(tmp_path / "far.bloom", "s3://lake/dumps/")
    assert (tmp_path / "far.bloom").read_bytes() == (tmp_path / "near.bloom").read_bytes()
    assert far.records == near.records
    assert sorted(tally.name for tally in far.inputs) == sorted(
        tally.name.replace(f"{tmp_path}/", "s3://lake/") for tally in near.inputs
    )
    assert not far.failures
    assert len(made(tmp_path / "far.bloom", "s3://lake/dumps/plain.txt").inputs) == 1
    assert made(tmp_path / "far.bloom", "s3://lake/dumps").records == near.records


def test_what_is_not_there_is_a_sentence(lake: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such object, and none below it"):
        made(tmp_path / "x.bloom", "s3://lake/nowhere")
    with pytest.raises(InputError, match="s3://sea/x: "):
        made(tmp_path / "x.bloom", "s3://sea/x")
    assert not list(tmp_path.iterdir())


def test_without_the_library_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    objects._store.cache_clear()
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(UsageError, match="pip install obstore"):
        made(tmp_path / "x.bloom", "s3://lake/x")


def test_an_object_that_is_replaced_is_told(lake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "_AHEAD_BYTES", 4096)
    lake("moving.txt", TEXT)
    skipped: list[Skipped] = []
    for item in inputs(["s3://lake/moving.txt"], Options(skipped=skipped.append)):
        stream = item.open()
        stream.read(100)
        lake("moving.txt", TEXT.upper())
        while stream.read(1 << 20):
            pass
    assert [(one.reason, one.lost) for one in skipped] == [
        ("it was replaced while it was read: the new file is not read", True)
    ]


def test_an_object_that_ends_early_is_an_error(lake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "_AHEAD_BYTES", 4096)
    lake("cut.txt", TEXT)
    item = next(inputs(["s3://lake/cut.txt"]))
    stream = item.open()
    stream.read(100)
    lake("cut.txt", TEXT[:200])
    with pytest.raises(ReadError):
        stream.readall()


def test_an_object_that_goes_before_it_is_read_is_lost_and_told(lake: Any, tmp_path: Path) -> None:
    lake("going/a.txt", TEXT)
    lake("going/b.txt", TEXT)
    skipped: list[Skipped] = []
    for item in inputs(["s3://lake/going"], Options(skipped=skipped.append)):
        assert item.open().read(100)
        lake.delete("going/b.txt")
    assert [(one.name, one.lost) for one in skipped] == [("s3://lake/going/b.txt", True)]
    assert skipped[0].reason == "it cannot be read: there is no such bucket or object"


def test_parts_of_an_object_are_those_of_the_file(lake: Any, tmp_path: Path) -> None:
    lake("parts.txt", TEXT)
    (tmp_path / "parts.txt").write_bytes(TEXT)
    cuts = line_cuts("s3://lake/parts.txt", 300_000)
    assert len(cuts) > 2
    assert cuts == line_cuts(str(tmp_path / "parts.txt"), 300_000)


def test_what_needs_a_file_is_told(lake: Any, tmp_path: Path) -> None:
    lake("some.7z", b"7z\xbc\xaf\x27\x1c" + bytes(100))
    skipped: list[Skipped] = []
    assert not list(inputs(["s3://lake/some.7z"], Options(skipped=skipped.append)))
    assert [one.lost for one in skipped] == [True]
    assert "download it first" in skipped[0].reason


class _Failing(http.server.BaseHTTPRequestHandler):
    """Hands requests on to an S3 server, the first `failures` of each path but with a 503."""

    behind = ""
    failures = 2
    seen: dict[str, int] = {}  # noqa: RUF012 - one for all requests

    def do_GET(self) -> None:
        self._answer("GET")

    def do_HEAD(self) -> None:
        self._answer("HEAD")

    def _answer(self, method: str) -> None:
        import httpx

        key = f"{method} {self.path}"
        self.seen[key] = self.seen.get(key, 0) + 1
        if self.seen[key] <= self.failures:
            self.send_response(503)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        kept = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        answer = httpx.request(method, self.behind + self.path, headers=kept)
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        self.end_headers()
        if method == "GET":
            self.wfile.write(answer.content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def test_a_store_that_stumbles_is_asked_again(
    server: str, lake: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lake("stumbling/plain.txt", TEXT)
    _Failing.behind, _Failing.seen = server, {}
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Failing) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.server_port}")
        objects._store.cache_clear()
        report = made(tmp_path / "out.bloom", "s3://lake/stumbling/")
        proxy.shutdown()
    assert report.records == 40_000
    assert not report.failures
    assert max(_Failing.seen.values()) > 2
