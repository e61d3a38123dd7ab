"""Parts of compressed files that are made of frames: together they are the whole, or say so."""

import bz2
import gzip
import random
import zlib
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from framed import END, bgzf, bzip2, zstd, zstd_frames
from reading import tool

from leakcheck.input import FilePart, FrameCut, FramePart, Options, chunks, frame_cuts, line_cuts
from leakcheck.input.inputs import expand
from leakcheck.input.walk import walk

STEP = 40_000
FORMS = {"bgzf": "gzip", "bzip2": "bzip2", "zstd": "zstd", "seekable zstd": "zstd"}


def lines(count: int = 30_000) -> bytes:
    """Lines that compress badly, of differing length."""
    chance = random.Random(1)
    return b"".join(
        b"%d@example.org:%s\n" % (at, chance.randbytes(chance.randrange(2, 12)).hex().encode())
        for at in range(count)
    )


MADE: dict[str, Callable[[bytes], bytes]] = {
    "bgzf": bgzf,
    "bzip2": bzip2,
    "zstd": zstd_frames,
    "seekable zstd": lambda data: zstd_frames(data, skippable=True),
}


def parts(path: Path, form: str, cuts: list[FrameCut] | None = None) -> tuple[list[bytes], bool]:
    """The text of each part of a file, and whether one of them says that the file is broken."""
    inner = frame_cuts(str(path), form, STEP) if cuts is None else cuts
    texts, broken = [], False
    for first, last in pairwise([FrameCut(0, 0), *inner, FrameCut(path.stat().st_size, 0)]):
        for found in walk([str(path)], lambda skipped: None):
            with closing(expand(found, Options())) as items:  # type: ignore[type-var]
                whole = next(items)
                assert whole.packed == form
                part = FramePart(whole, first, last, 250.0)
                pieces = []
                try:
                    for chunk in chunks(part.open(), 30_000):
                        pieces.append(bytes(chunk.data))
                except Exception:
                    assert part.broken
                texts.append(b"".join(pieces))
                broken |= part.broken
    return texts, broken


@pytest.mark.parametrize("name", FORMS)
def test_the_parts_are_the_whole(tmp_path: Path, name: str) -> None:
    path, data = tmp_path / "dump", lines()
    path.write_bytes(MADE[name](data))
    texts, broken = parts(path, FORMS[name])
    assert not broken
    assert len(texts) > 5
    assert b"".join(texts) == data
    assert all(text.endswith(b"\n") for text in texts)


@pytest.mark.parametrize(
    ("form", "command"),
    [("gzip", ("bgzip", "-c")), ("bzip2", ("pbzip2", "-1ck")), ("zstd", ("pzstd", "-qc"))],
)
def test_the_parts_are_the_whole_of_what_real_tools_write(
    tmp_path: Path, form: str, command: tuple[str, ...]
) -> None:
    plain, path = tmp_path / "plain", tmp_path / "dump"
    data = lines(300_000 if form == "zstd" else 40_000)
    plain.write_bytes(data)
    path.write_bytes(tool(*command, plain))
    texts, broken = parts(path, form)
    assert not broken
    assert len(texts) > 1
    assert b"".join(texts) == data


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[: len(data) * 3 // 5],
        lambda data: data[: len(data) // 2] + b"\xa5\x5a" + data[len(data) // 2 + 2 :],
        lambda data: data[: len(data) // 3] + data[len(data) // 3 + 7 :],
        lambda data: data + b"something else",
    ],
    ids=["cut short", "changed", "bytes lost", "followed by something"],
)
def test_a_broken_file_is_told(tmp_path: Path, name: str, harm: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "dump"
    path.write_bytes(harm(MADE[name](lines())))
    _, broken = parts(path, FORMS[name])
    assert broken


def test_padding_and_empty_members_between_the_frames_are_no_harm(tmp_path: Path) -> None:
    path, data = tmp_path / "dump", lines()
    half = data.index(b"\n", len(data) // 2) + 1
    joined = bgzf(data[:half]) + END + bytes(700) + END + bgzf(data[half:]) + bytes(3)
    path.write_bytes(joined)
    whole = [
        FrameCut(at, data.index(b"\n", half) + 1 - half)
        for at in range(len(joined))
        if joined.startswith(END, at) and joined[at + 28 : at + 29] == b"\x1f"
    ][-1:]
    texts, broken = parts(path, "gzip", whole)
    assert not broken
    assert b"".join(texts) == data
    texts, broken = parts(path, "gzip")
    assert not broken
    assert b"".join(texts) == data


def test_a_cut_that_is_no_frame_is_told(tmp_path: Path) -> None:
    path, data = tmp_path / "dump", lines()
    inner = zlib.compress(data[:2000], 0, wbits=-15) + bgzf(data)  # a frame within another's data
    path.write_bytes(gzip.compress(inner, 0) + bgzf(data))
    cuts = [FrameCut(path.read_bytes().index(b"BC\2\0") - 12, 40)]
    assert parts(path, "gzip", cuts)[1]
    path.write_bytes(bgzf(data))
    assert parts(path, "gzip", [FrameCut(21, 40)])[1]


@pytest.mark.parametrize("name", FORMS)
def test_what_has_no_lines_or_no_frames_is_not_cut(tmp_path: Path, name: str) -> None:
    path = tmp_path / "dump"
    path.write_bytes(MADE[name](random.Random(2).randbytes(600_000).replace(b"\n", b" ")))
    assert frame_cuts(str(path), FORMS[name], STEP) == []
    whole = {"gzip": gzip.compress, "bzip2": bz2.compress, "zstd": zstd.compress}[FORMS[name]]
    path.write_bytes(whole(lines()))
    assert frame_cuts(str(path), FORMS[name], STEP) == []


def test_parts_that_grow_too_much_are_left_to_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    text = b"a@example.org:123456\n" * 400_000
    path.write_bytes(zstd_frames(text, 1 << 20))
    size = path.stat().st_size
    assert len(text) > 250 * size
    assert parts(path, "zstd", [])[1]


def test_the_parts_of_a_plain_file_are_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "plain.txt"
    path.write_bytes(lines())
    texts = []
    ends = [0, *line_cuts(str(path), 150_000), path.stat().st_size]
    assert len(ends) > 3
    for first, last in pairwise(ends):
        for found in walk([str(path)], lambda skipped: None):
            with closing(expand(found, Options())) as items:  # type: ignore[type-var]
                whole = next(items)  # of which nothing was read
                part = FilePart(whole, first, last)
                assert part.sample == path.read_bytes()[: len(part.sample)] != b""
                texts.append(b"".join(bytes(chunk.data) for chunk in chunks(part.open(), 30_000)))
    assert b"".join(texts) == path.read_bytes()
