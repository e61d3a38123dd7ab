"""Hits do not depend on where a text is cut, whatever the length of its lines."""

import io
import itertools
from typing import Any

import pytest
from hunting.sieves import watch_for
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leakcheck.hunting.pipeline import Hit, Hunter
from leakcheck.hunting.places import LEAD, LINE, places, texts
from leakcheck.input import Chunk, ReadError, line_ends

WATCH = watch_for()
TRICKY = (
    "one\r\nalice@acme.fr:hunter2\n\n"
    "m,\"o''brien@acme.fr\",x\n"
    "www.société.fr café noir\n"
    "+33 (0)6 12 34 56 78 Project Falcon alice%2540acme.fr"
).encode()


def hits_of(data: bytes, chunk: int = 1 << 20, **reading: Any) -> list[tuple[int, int, str]]:
    """(line, offset, entry) of every hit."""
    with Hunter(WATCH, threads=2, chunk=chunk) as hunter:
        found = [
            (hit.line, hit.offset, hit.entry) for hit in hunter.hunt(io.BytesIO(data), **reading)
        ]
    return [(line, offset, WATCH.text(entry)) for line, offset, entry in found]


def test_the_whole() -> None:
    assert [(line, entry) for line, _, entry in hits_of(TRICKY)] == [
        (2, "alice@acme.fr"),
        (2, "acme.fr"),
        (4, "o'brien@acme.fr"),
        (4, "acme.fr"),
        (5, "société.fr"),
        (5, "café noir"),
        (6, "+33 6 12 34 56 78"),
        (6, "Project Falcon"),
        (6, "falcon"),
        (6, "alice@acme.fr"),
        (6, "acme.fr"),
    ]


def test_chunks_of_every_size() -> None:
    whole = hits_of(TRICKY)
    for size in range(1, len(TRICKY) + 2):
        assert hits_of(TRICKY, size) == whole, size


@given(
    st.lists(
        st.sampled_from(
            [b"alice@acme.fr", b"\n", b"\r", b"\r\n", b"\r\r", b" ", b"x" * 50, b"%40", b"\xe9"]
        ),
        max_size=40,
    ),
    st.integers(1, 90),
    st.integers(40, 400),
)
@example([b"a\rb", b"x" * 500, b"\nalice@acme.fr\n"], 50, 100)
@settings(max_examples=100, deadline=None)
def test_hits_say_their_line_wherever_chunks_end(
    pieces: list[bytes], chunk: int, longest: int
) -> None:
    data = b"".join(pieces)
    whole = hits_of(data)
    assert hits_of(data, chunk) == whole
    assert hits_of(data, chunk, longest=longest) == whole
    for line, offset, _ in whole:
        assert line == 1 + line_ends(data, 0, offset)


@pytest.mark.parametrize("shift", [0, 33, LEAD - 20, LEAD, LEAD + 3, LINE - 10, LINE + 5])
def test_a_long_line_cut_in_pieces(shift: int) -> None:
    """Every match of a line that comes in several pieces, once, wherever the cuts fall."""
    part = TRICKY.replace(b"\n", b" ").replace(b"\r", b" ")
    rows = [b"x" * shift]
    for at in range(14):
        rows += [part, b";" * (1 + at * 417 % 2900)]
    line = b"".join(rows)
    data = b"first\n" + line + b"\nalice@acme.fr\n"
    alone = [(offset, entry) for _, offset, entry in hits_of(part)]
    wanted = []
    position = 6
    for row in rows:
        if row == part:
            wanted += [(2, position + offset, entry) for offset, entry in alone]
        position += len(row)
    wanted += [(3, position + 1, "alice@acme.fr"), (3, position + 7, "acme.fr")]
    assert hits_of(data) == wanted
    for longest in (16 << 10, 17_003):
        assert hits_of(data, 8 << 10, longest=longest) == wanted, longest


def test_a_line_of_one_word_is_no_work() -> None:
    assert hits_of(b"a" * (20 << 20) + b"@" * 100_000 + b"\\u0040" * 10_000) == []


def test_places_answer_for_every_start_once() -> None:
    data = b"a" * 100 + b"\n" + b"b" * 50_000 + b"\n" + b"c" * 10
    positions = [50, 60, 5000, 5100, 9000, 20_000, 50_100, 50_105]
    found = list(places(data, positions))
    ranges = [range(place.low, place.high) for place in found]
    assert all(one.stop <= other.start for one, other in itertools.pairwise(ranges))
    for position in positions:
        start = max(0, data.rfind(b"\n", 0, position) + 1, position - 2048)
        assert all(any(at in each for each in ranges) for at in range(start, position + 1))
    assert all(place.start <= place.low and place.high <= place.stop + 1 for place in found)


def test_texts_of_tiny_pieces_overlap() -> None:
    pieces = [Chunk(memoryview(b"x" * 3000), at * 3000, 1, at == 0, at == 9) for at in range(10)]
    ranges = [
        range(text.offset + text.low, text.offset + text.high) for _, text in texts(iter(pieces))
    ]
    covered = [at for each in ranges for at in each]
    assert covered == list(range(30_000))


def test_what_comes_before_a_break_counts() -> None:
    class Broken(io.RawIOBase):
        rest = b"alice@acme.fr\nacme.fr\nx@y"

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            if not self.rest:
                raise ReadError("the data is cut short")
            count = min(len(buffer), len(self.rest))
            buffer[:count], self.rest = self.rest[:count], self.rest[count:]
            return count

    found: list[Hit] = []
    with Hunter(WATCH) as hunter, pytest.raises(ReadError, match="cut short"):
        found += hunter.hunt(Broken())
