"""Chunks and text: every size gives the same bytes; long lines, NULs, encodings, line ends."""

import io
from hashlib import sha1
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import read, until_broken

from leakcheck.extract import emails, passwords
from leakcheck.extract.reference.lines import split
from leakcheck.input import Buffers, ReadError, chunks, inputs, line_ends
from leakcheck.input.encodings import with_line_feeds
from leakcheck.input.streams import Held
from leakcheck.subject.kinds import Kind

TRICKY = (
    b"a@example.fr:x\r\n\n\nb@example.org\0c@example.org\n"
    + b"long" * 300
    + b"@example.fr\nlast@example.fr"
)


class Drip(io.RawIOBase):
    """A stream that gives a few bytes at a time, then breaks off if it is told to."""

    def __init__(self, data: bytes, step: int, broken: bool = False) -> None:
        self._held, self._step, self._broken = Held(data), step, broken

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        count = self._held.readinto(memoryview(buffer)[: self._step])  # type: ignore[arg-type]
        if not count and self._broken:
            raise ReadError("broken")
        return count


def check(data: bytes, size: int, longest: int, step: int) -> None:
    """The chunks joined are the data, in whole lines or pieces of one, numbered right."""
    offset, line, inside = 0, 1, False
    for chunk in chunks(Drip(data, step), size, longest=longest):
        piece = bytes(chunk.data)
        assert data[offset : offset + len(piece)] == piece
        assert chunk.offset == offset
        if inside and data[:offset].endswith(b"\r"):
            return  # a limit of a few bytes cut within a line end: nobody can say what it ends
        assert chunk.line == line
        assert chunk.starts_line is not inside
        if not (chunk.starts_line and chunk.ends_line):
            assert b"\n" not in piece[:-1]
        offset += len(piece)
        inside = not chunk.ends_line
        if not inside:
            assert piece.endswith((b"\n", b"\r")) or offset == len(data)
        before = data[:offset]
        if data[offset:].lstrip(b"\r").startswith(b"\n"):
            before = before.rstrip(b"\r")
        line = len(split(before + b"."))
    assert offset == len(data)


@pytest.mark.parametrize("size", [*range(1, 40), 64, 100, 1 << 16])
@pytest.mark.parametrize("longest", [1, 7, 100, 1 << 20])
def test_every_size_gives_the_whole(size: int, longest: int) -> None:
    for step in (1, 13, 1 << 20):
        check(TRICKY, size, longest, step)


@given(
    st.lists(st.sampled_from([b"\n", b"a", b"b@c.fr", b"\r\n", b"\r", b"\0"])).map(b"".join),
    st.integers(1, 50),
    st.integers(1, 50),
    st.integers(1, 20),
)
def test_any_text_in_any_size(data: bytes, size: int, longest: int, step: int) -> None:
    check(data, size, longest, step)


@pytest.mark.parametrize("tail", [b"", b"\n", b"\nnext\r\n", b"\r\r\n", b"z" * 200_000])
@pytest.mark.parametrize("head", [b"", b"first\n", b"first\r\n", b"y" * 1000 + b"\r"])
@pytest.mark.parametrize("size", [1, 1000, 1 << 16, 1 << 20])
def test_a_list_of_carriage_returns_is_cut_at_them(head: bytes, tail: bytes, size: int) -> None:
    data = head + b"".join(b"secret%d\r" % number for number in range(40_000)) + tail
    check(data, size, 300_000, 1 << 20)
    pieces = [passwords(one.data, Kind.PASSWORD) for one in chunks(Held(data), size)]
    whole = passwords(data, Kind.PASSWORD)
    assert b"".join(one.digests for one in pieces) == whole.digests
    assert sum(one.lines for one in pieces) == whole.lines


def test_what_precedes_a_part_that_is_too_long_is_not_lost() -> None:
    data = b"first\r" + b"z" * 5_000_000 + b"\rlast"
    keys = {
        digest
        for one in chunks(Held(data))
        if one.starts_line and one.ends_line
        for digest in (passwords(one.data, Kind.PASSWORD).digests,)
    }
    assert {sha1(b"first").digest(), sha1(b"last").digest()} <= keys


def test_a_chunk_does_not_end_within_a_folded_or_softly_broken_line() -> None:
    entry = b"dn: uid=alice\r\nmail: alice@ac\r\n me.fr\r\n\r\n"
    soft = b"Write to alice@ac=\nme.fr\n"
    data = (entry + soft) * 200
    wanted = emails(data)
    for size in range(100, 400):
        pieces = [emails(one.data) for one in chunks(Held(data), size)]
        assert b"".join(one.digests for one in pieces) == wanted.digests, size
        assert sum(one.accepted for one in pieces) == wanted.accepted == 400
    assert len(list(chunks(Held(b" x\n" * 100_000), 1000))) > 200


@settings(max_examples=1000)
@given(st.lists(st.sampled_from([b"\n", b"a", b"\r"])).map(b"".join), st.data())
def test_line_ends_are_counted_as_lines(data: bytes, draw: st.DataObject) -> None:
    stop = draw.draw(st.integers(0, len(data)))
    start = draw.draw(st.integers(0, stop))
    counts = [line_ends(data, low, high) for low, high in ((0, start), (start, stop), (0, stop))]
    assert counts[0] + counts[1] == counts[2]
    assert line_ends(data + b".", 0, len(data)) == len(split(data + b".")) - 1


def test_a_broken_stream_gives_its_whole_lines_first() -> None:
    text, error = until_broken(Drip(b"one\ntwo\nthr", 4, broken=True), 5)
    assert text == b"one\ntwo\n"
    assert error == "broken"


def test_buffers_that_are_given_back_are_used_again() -> None:
    buffers = Buffers(1280)
    seen = set()
    for chunk in chunks(Held(b"0123456\n" * 10_000), 1024, buffers=buffers):
        seen.add(id(chunk.data.obj))
        buffers.give(chunk.data)
    assert len(seen) <= 2


def test_memory_is_bounded_by_the_longest_line() -> None:
    import tracemalloc

    data = Drip(b"x" * (30 << 20), 1 << 20)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    total = sum(len(chunk.data) for chunk in chunks(data, 1 << 18, longest=1 << 20))
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert total == 30 << 20
    assert peak < 8 << 20


ENCODINGS = ["utf-16", "utf-32", "utf-8-sig"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_marks_decide_the_encoding(encoding: str, tmp_path: Path) -> None:
    text = "éva@exämple.fr:naïve 日本\r\n" * 20_000
    path = tmp_path / "x"
    path.write_bytes(text.encode(encoding))
    assert list(read(path).values()) == [text.encode()]
    if encoding == "utf-16":
        path.write_bytes(b"\xfe\xff" + text.encode("utf-16-be"))
        assert list(read(path).values()) == [text.encode()]
        path.write_bytes(("user@example.fr\n" * 9000).encode("utf-16-le"))  # without a mark
        assert list(read(path).values()) == [b"user@example.fr\n" * 9000]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("size", [1, 9000])
@pytest.mark.parametrize("tail", [1, 9000])
def test_utf16_that_goes_on_in_utf8(encoding: str, size: int, tail: int, tmp_path: Path) -> None:
    """As where files were joined, wherever the border lies."""
    path = tmp_path / "x"
    first = "\ufeff" + "éva@exämple.fr:naïve 日本\n" * size
    path.write_bytes(first.encode(encoding) + b"bob@acme.fr:correct horse battery\n" * tail)
    (found,) = read(path).values()
    assert found.startswith(first.removeprefix("\ufeff").encode())
    assert found.endswith(b"bob@acme.fr:correct horse battery\n" * tail)


def test_broken_utf16_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes("a@example.fr\n".encode("utf-16") + b"\x00\xd8a" + b"x")
    assert next(iter(read(path).values())).startswith(b"a@example.fr\n")


def test_old_line_ends_are_handed_on_and_become_line_feeds_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a@example.fr\rb@example.fr\r" * 9000)
    assert list(read(path).values()) == [b"a@example.fr\rb@example.fr\r" * 9000]
    for item in inputs([str(path)]):
        feeds = with_line_feeds(item.open()).read()
    assert feeds == b"a@example.fr\nb@example.fr\n" * 9000


def test_latin1_and_nul_pass_untouched(tmp_path: Path) -> None:
    data = b"caf\xe9\0@\n\xff\xfd\n" * 1000
    path = tmp_path / "x"
    path.write_bytes(b"text\n" + data)
    assert list(read(path).values()) == [b"text\n" + data]
