"""Two subjects on one page are asked about with the same bytes, exposed or clean."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from loopback.misbehaving import Server, file

from leakcheck.__main__ import run
from leakcheck.http.decoys import with_decoys
from leakcheck.sources.filter_file import Builder, about, page_number, parse_header
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import digest

Serve = Callable[..., Server]
EXPOSED = "sentinel.exposed@example.fr"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A filter of a good many pages."""
    path = tmp_path_factory.mktemp("pages") / "f.bloom"
    with Builder(20) as builder:
        builder.add(digest(Kind.EMAIL, EXPOSED))
        builder.add(b"".join(digest(Kind.EMAIL, f"p{at}@example.org") for at in range(40_000)))
        builder.finish(path, 1e-9, about(Kind.EMAIL, name="Acme"))
    return path.read_bytes()


@pytest.fixture
def neighbour(data: bytes) -> str:
    """A clean address of the exposed one's length and page."""
    header = parse_header(data[:4096], "f")
    page = page_number(header, digest(Kind.EMAIL, EXPOSED))
    found = (f"sentinel.c{at:06}@example.fr" for at in range(100_000))
    return next(each for each in found if page_number(header, digest(Kind.EMAIL, each)) == page)


def asked(server: Server, subject: str, *options: str) -> tuple[int, list[bytes]]:
    """The status of a check, and every byte of the requests it made."""
    server.requests.clear()
    status = run(["check", subject, "--in", f"{server.url}/f.bloom", *options])
    return status, [request.raw for request in server.requests]


@pytest.mark.parametrize("decoys", ["0", "4"])
def test_the_requests_are_the_same_to_the_byte(
    serve: Serve,
    data: bytes,
    neighbour: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    decoys: str,
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("LEAKCHECK_HOME", str(home))
    server = serve(file(data))
    seen = {}
    for subject in (EXPOSED, neighbour):
        for visit in ("first", "again"):
            status, requests = asked(server, subject, "--decoys", decoys)
            assert status == int(subject == EXPOSED)
            assert len(requests) == 2 + int(decoys)
            seen[subject, visit] = (requests[0], sorted(requests[1:]))
        shutil.rmtree(home / "cache" / "headers")
    assert seen[EXPOSED, "first"] == seen[neighbour, "first"]
    assert seen[EXPOSED, "again"] == seen[neighbour, "again"]
    assert len({len(each) for _, pages in seen.values() for each in pages}) == 1


def test_the_page_that_matters_stands_anywhere_among_its_decoys(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path))
    places = [with_decoys([7], 1000, 5, "x").index(7) for _ in range(600)]
    counts = [places.count(place) for place in range(6)]
    assert min(counts) > 40, counts  # 100 expected, each; less than 40 in 10^-12 of all runs


def test_the_requests_come_in_no_telling_order(
    serve: Serve, data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path))
    server = serve(file(data))
    header = parse_header(data[:4096], "f")
    at = 4096 * (1 + page_number(header, digest(Kind.EMAIL, EXPOSED)))
    places = set()
    for _ in range(25):
        asked(server, EXPOSED, "--decoys", "5")
        spans = [request.span() for request in server.requests]
        places.add(spans.index((at, at + 4095)))
    assert len(places) >= 4, places
