"""`check --from-file` and `--hashes-from`: hits told together say what each would alone."""

import hashlib
import random
from array import array
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import command, make_filter

from leakcheck.input.lists import ListFile
from leakcheck.records.formats import Form
from leakcheck.records.listing import Listing
from leakcheck.records.rows import Wanted
from leakcheck.scanning import numbered as reference
from leakcheck.scanning import plain
from leakcheck.scanning.blocks import LineBlock, blocks_of
from leakcheck.scanning.options import ScanOptions
from leakcheck.scanning.scan import Scan
from leakcheck.scanning.source_set import EMPTY
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Code

PEOPLE = [f"user{number}@example.fr" for number in range(4000)]


@pytest.fixture(scope="module")
def filters(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Filters of overlapping people; one is undated, one lacks a part of its dump."""
    folder = tmp_path_factory.mktemp("filters")
    return [
        make_filter(folder / "old.bloom", PEOPLE[:3000], name="Old", date="2024-01-01"),
        make_filter(folder / "new.bloom", PEOPLE[2000:3500], name="New \x1b[1m", date="2026-01-01"),
        make_filter(folder / "some.bloom", PEOPLE[1000:1100], rate=1e-2, name="Some, undated"),
        make_filter(folder / "part.bloom", PEOPLE[:5], name="Part", incomplete="yes"),
    ]


def written(path: Path, lines: list[str]) -> Path:
    """A list of `lines`."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


LISTS = {
    "all found": PEOPLE[2100:2900],
    "some found": random.Random(1).sample(
        [*PEOPLE[1000:2200], *(f"x{n}@y.fr" for n in range(900))], 1800
    ),
    "none found": [f"nobody{number}@example.fr" for number in range(500)],
    "odd lines": [
        PEOPLE[5],
        "",
        "no address",
        "x@y.fr, " + PEOPLE[6],
        "  ",
        PEOPLE[1050] * 3,
        "@example.fr",
        PEOPLE[2500] + "\x07",
        "a@b",
        *PEOPLE[1040:1060],
    ],
}


@pytest.mark.parametrize("which", [[0], [1], [0, 1, 2], [2, 3], [3]])
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("hashes", [False, True])
def test_hits_are_told_as_they_would_be_alone(
    tmp_path: Path, filters: list[Path], which: list[int], name: str, hashes: bool
) -> None:
    rows = LISTS[name]
    if hashes:
        rows = [hashlib.sha1(row.encode()).hexdigest() if "@" in row else row for row in rows]
    path = written(tmp_path / "list.txt", rows)
    asked = [str(filters[at]) for at in which]
    options = ScanOptions(path, Kind.EMAIL, hashes=hashes or None, sources=tuple(asked))
    with Scan.open(options) as scan:
        alone = [
            plain._line(
                scan.row(block, at), "line" if isinstance(block.block, LineBlock) else "row"
            )
            for block in scan.answered()
            for at, code in enumerate(block.codes)
            if code not in (Code.CLEAN, EMPTY)
        ]
    flags = [argument for one in asked for argument in ("--in", one)]
    how = "--hashes-from" if hashes else "--from-file"
    _, out, _ = command("check", how, path, "--kind", "email", *flags)
    assert out.splitlines(keepends=True)[:-1] == alone
    assert len(alone) > 0 or name == "none found"


def test_lines_are_counted_through_blocks(
    tmp_path: Path, filters: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hits stand in many blocks, and their numbers are those of the list."""
    monkeypatch.setattr("leakcheck.scanning.blocks.CHUNK", 1 << 12)
    digests = [hashlib.sha1(person.encode()).hexdigest() for person in PEOPLE]
    path = written(tmp_path / "list.txt", digests)
    status, out, _ = command("check", "--hashes-from", path, "--in", filters[0], "--kind", "email")
    lines = out.splitlines()
    assert status == 1
    assert [int(line.split()[1].rstrip(":")) for line in lines[:3000]] == list(range(1, 3001))


@given(st.integers(0, 1 << 60), st.binary(max_size=50), st.integers(0, 3), st.data())
def test_numbered_agrees(first: int, codes: bytes, wanted: int, data: st.DataObject) -> None:
    native = pytest.importorskip("leakcheck._native")
    codes = bytes(code & 3 for code in codes)
    tails = data.draw(st.lists(st.text(max_size=5), max_size=4))
    size = codes.count(wanted)
    which = array("H", data.draw(st.lists(st.integers(0, 4), min_size=size, max_size=size)))
    outcomes = []
    for engine in (reference, native):
        try:
            outcomes.append(engine.numbered(first, codes, wanted, tails, which))
        except ValueError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("module", ["leakcheck.scanning.numbered", "leakcheck._native"])
def test_numbered(module: str) -> None:
    engine = pytest.importorskip(module) if "native" in module else import_module(module)
    which = array("H", [1, 0, 1])
    text = engine.numbered(9, b"\1\0\1\2\1", 1, [": é\n", ": b\n"], which)
    assert text == "line 9: b\nline 11: é\nline 13: b\n"
    with pytest.raises(ValueError, match="no tail"):
        engine.numbered(9, b"\1\1\1\1", 1, ["x", "y"], which)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_small_blocks_end_where_no_line_goes_on(tmp_path: Path, end: str) -> None:
    """Where each digest is slow, blocks are small: addresses in folded lines stay whole."""
    lines = ["plain", "a@acme", " x.fr", "\ty.fr", "z=", "e.fr"] * 2000
    path = tmp_path / "list"
    path.write_text(end.join(lines), newline="")
    file = ListFile(path)
    try:
        listing = Listing(file, Wanted(Kind.EMAIL, form=Form.TEXT))
        blocks = [block.packed for block in blocks_of(listing, slow=True)]
    finally:
        file.close()
    assert b"".join(blocks) == path.read_bytes()
    assert len(blocks) > 1
    for before, block in pairwise(blocks):
        assert block[:1] not in (b" ", b"\t")
        assert not before.rstrip(b"\r\n").endswith(b"=")
