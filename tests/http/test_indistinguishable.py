"""Two subjects on one page are asked about with the same bytes, exposed or clean."""

from collections.abc import Callable
from pathlib import Path

import pytest
from loopback.filters import wide, wide_header
from loopback.misbehaving import Server

from leakcheck.__main__ import run
from leakcheck.sources.filter_file import page_number
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import digest

Serve = Callable[..., Server]
EXPOSED = "sentinel.exposed@example.fr"


PAGES = 512
HEADER = wide_header(PAGES)
FILTER = wide(PAGES, [digest(Kind.EMAIL, EXPOSED)])


@pytest.fixture(scope="module")
def neighbour() -> str:
    """A clean address of the exposed one's length and page."""
    page = page_number(HEADER, digest(Kind.EMAIL, EXPOSED))
    found = (f"sentinel.c{at:06}@example.fr" for at in range(100_000))
    return next(each for each in found if page_number(HEADER, digest(Kind.EMAIL, each)) == page)


def asked(server: Server, subject: str, *options: str) -> tuple[int, list[bytes]]:
    """The status of a check, and every byte of the requests it made."""
    server.requests.clear()
    status = run(["check", subject, "--in", f"{server.url}/f.bloom", *options])
    return status, [request.raw for request in server.requests]


@pytest.mark.parametrize("decoys", ["0", "3"])
def test_the_requests_are_the_same_to_the_byte(
    serve: Serve,
    neighbour: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    decoys: str,
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("LEAKCHECK_HOME", str(home))
    server = serve(FILTER)
    seen = {}
    for subject in (EXPOSED, neighbour):
        for visit in ("first", "again"):
            status, requests = asked(server, subject, "--decoys", decoys)
            assert status == int(subject == EXPOSED)
            seen[subject, visit] = (requests[0], sorted(requests[1:]))
    assert seen[EXPOSED, "first"] == seen[neighbour, "first"]
    assert seen[EXPOSED, "again"] == seen[neighbour, "again"] == seen[EXPOSED, "first"]
    assert len({len(each) for _, pages in seen.values() for each in pages}) == 1
    assert len(seen[EXPOSED, "first"][1]) == 1 + int(decoys)


def test_the_requests_come_in_no_telling_order(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path))
    server = serve(FILTER)
    at = 4096 * (1 + page_number(HEADER, digest(Kind.EMAIL, EXPOSED)))
    places = set()
    for _ in range(25):
        asked(server, EXPOSED, "--decoys", "7")
        spans = [request.span() for request in server.requests]
        places.add(spans.index((at, at + 4095)))
    assert len(places) >= 4, places
