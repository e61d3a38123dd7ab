"""Long lists against a remote filter: each page at most once, whatever the block of rows."""

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from loopback.misbehaving import Server, file

from leakcheck.__main__ import run
from leakcheck.sources import Access, filter_url
from leakcheck.sources.filter_file import ENGINE, Builder
from leakcheck.sources.filter_header import about
from leakcheck.sources.names import open_source
from leakcheck.subject.kinds import Kind

Serve = Callable[..., Server]
# Rows come some ten thousand at a time. Plain Python does with a tenth of the filter.
ROWS, PAGES = (100_000, 1000) if ENGINE == "native" else (25_000, 100)
KEYS = 600 * PAGES


@pytest.fixture(scope="module")
def many_pages(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A filter of PAGES pages and more, at a rate that needs few keys for it."""
    path = tmp_path_factory.mktemp("many") / "f.bloom"
    with Builder(20) as builder:
        builder.add(b"".join(hashlib.sha1(b"%d" % at).digest() for at in range(KEYS)))
        builder.finish(path, 1e-12, about(Kind.EMAIL, name="Acme"))
    data = path.read_bytes()
    assert len(data) > 4096 * PAGES
    return data


def asked(server: Server) -> Counter[tuple[int, int] | None]:
    return Counter(request.span() for request in server.requests)


@pytest.mark.parametrize(
    "command", [["scan", "--format", "jsonl"], ["check", "--from-file"]], ids=lambda each: each[0]
)
def test_a_long_list_asks_for_each_page_at_most_once(
    serve: Serve,
    many_pages: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
) -> None:
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path / "home"))
    listed = tmp_path / "list.txt"
    listed.write_text("".join(f"person{at}@example.fr\n" for at in range(ROWS)))
    server = serve(file(many_pages))
    options = ["--in", f"{server.url}/f.bloom", "--decoys", "1"]
    end = [str(listed), *options] if command[0] == "check" else [*options, str(listed)]
    assert run([*command, *end]) == 0
    capsys.readouterr()
    times = asked(server)
    assert max(times.values()) == 1
    assert len(times) == len(many_pages) // 4096


def test_pages_held_are_bounded(
    serve: Serve, many_pages: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path))
    monkeypatch.setattr(filter_url, "_KEPT_PAGES", 50)
    server = serve(file(many_pages))
    source = open_source(f"{server.url}/f.bloom", [Kind.EMAIL], Access())
    digests = [hashlib.sha1(b"%d" % at).digest() for at in range(300)]
    assert source.lookup(b"".join(digests)).codes == b"\1" * 300
    assert len(source._pages) == 50  # type: ignore[attr-defined]
    assert source.lookup(b"".join(digests)).codes == b"\1" * 300
    assert len(source._pages) == 50  # type: ignore[attr-defined]
    source.close()


def test_decoys_that_are_held_already_are_not_asked_for_again(
    serve: Serve, many_pages: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path))
    server = serve(file(many_pages))
    source = open_source(f"{server.url}/f.bloom", [Kind.EMAIL], Access(decoys=15))
    for at in range(100):
        assert source.lookup(hashlib.sha1(b"%d" % at).digest()).codes == b"\1"
    source.close()
    assert max(asked(server).values()) == 1
