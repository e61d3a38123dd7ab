"""One file's bytes, where things stand in it, and the candidates found in it.

Rule 1: offsets are in bytes; lines and columns are 1-based, columns in
characters. Rule 2: a candidate's value is in no repr and in no message.
"""

from bisect import bisect_right
from dataclasses import dataclass, field

from leakcheck.ci.names import Names
from leakcheck.ci.values import judge

NEAR = 1024
"""How far around a place a reader looks, in bytes: lines may be of any length."""
MOST = 250_000
"""How many names or values are looked at in one file, so that a file made to hurt takes seconds."""
TOO_MANY = f"it holds more than {MOST:,} names or values to look at: exclude it, or cut it"
IGNORE = b"leakcheck: ignore"
IGNORED = "the line says leakcheck: ignore"
COMMENT = "it stands in a comment"


class TooManyError(Exception):
    """A file with more names or values than anyone waits for: no answer, and never a clean one."""


@dataclass(slots=True)
class Candidate:
    """A value that may be a password. skip: why it is not checked, or None."""

    line: int
    column: int
    key: str
    reader: str
    skip: str | None
    password: str = field(repr=False)


class Text:
    """The text of one file and what the readers found in it.

    path: shown in reports, `/`-separated; comments: whether what stands in a
    comment is checked too; trace: whether near misses are kept, for --explain;
    ignorable: whether a comment on a line can accept it.
    """

    def __init__(
        self,
        data: bytes,
        path: str,
        names: Names,
        *,
        comments: bool = False,
        trace: bool = False,
        in_code: bool = False,
        ignorable: bool = True,
    ) -> None:
        self.data = decoded(data)
        self.low = self.data.lower()
        self.path, self.names, self.comments, self.trace = path, names, comments, trace
        self.ignorable = ignorable
        self.hits = names.hits(self.low, in_code)
        if len(self.hits) > MOST:
            raise TooManyError
        self.found: list[Candidate] = []
        self._seen: set[tuple[int, str, str | None]] = set()
        self._taken: set[int] = set()
        self._covered = 0  # where the last value seen ends
        self._starts: list[int] = []
        self._line = (0, 1)  # an offset, and its line
        self._column = (0, 0, 0)  # start of a line, an offset in it, characters between

    def add(
        self, offset: int, key: str, value: str, reader: str, *, skip: str | None = None
    ) -> None:
        """Note that `value` of `key` stands at byte `offset`."""
        if offset in self._taken:
            return
        self._covered = max(self._covered, offset + len(value))
        judged = judge(value)
        if skip is None:
            skip = judged.skip
        line = self._line_of(offset)
        if self.ignorable and IGNORE in self.low[self.line_start(offset) : self.line_end(offset)]:
            skip = IGNORED
        password = "" if skip else judged.password
        same = (line, password or key, skip)
        if same in self._seen:
            return
        self._seen.add(same)
        if len(self.found) >= MOST:
            raise TooManyError
        if skip is None:
            self._taken.add(offset)
        self.found.append(
            Candidate(line, self._column_of(offset), key[:200], reader, skip, password)
        )

    def miss(self, offset: int, key: str, reader: str, why: str) -> None:
        """Note why something at `offset` is no candidate at all; kept only under trace, and not
        where it is part of a value.
        """
        if self.trace and offset > self._covered:
            self.add(offset, key, "", reader, skip=why)

    def before(self, offset: int) -> bytes:
        """The line up to `offset`, as far back as a reader looks."""
        return self.data[self.line_start(offset) : offset]

    def line_start(self, offset: int) -> int:
        """Where the line that holds `offset` begins, or a few kilobytes before `offset`."""
        start = max(0, offset - NEAR)
        return max(start, self.data.rfind(b"\n", start, offset) + 1)

    def line_end(self, offset: int) -> int:
        """Where the line that holds `offset` ends, or a few kilobytes after `offset`."""
        stop = min(len(self.data), offset + NEAR)
        end = self.data.find(b"\n", offset, stop)
        return stop if end < 0 else end

    def offset_of_line(self, line: int) -> int:
        """The byte offset of a 1-based line; the end of the text where there is none."""
        starts = self._line_starts()
        return starts[line - 1] if 0 < line <= len(starts) else len(self.data)

    def _line_starts(self) -> list[int]:
        if not self._starts:
            self._starts, at = [0], self.data.find(b"\n")
            while at >= 0:
                self._starts.append(at + 1)
                at = self.data.find(b"\n", at + 1)
        return self._starts

    def _line_of(self, offset: int) -> int:
        """Counted on from the last one asked for; looked up once offsets go back and forth."""
        at, line = self._line
        if self._starts or offset < at:
            return bisect_right(self._line_starts(), offset)
        line += self.data.count(b"\n", at, offset)
        self._line = (offset, line)
        return line

    def _column_of(self, offset: int) -> int:
        """Counted on from the last one asked for: a line of 100 MB is walked once."""
        start, at, count = self._column
        if not start <= at <= offset or self.data.find(b"\n", at, offset) >= 0:
            start = at = self.data.rfind(b"\n", 0, offset) + 1
            count = 0
        count += len(self.data[at:offset].decode("utf-8", "replace"))
        self._column = (start, offset, count)
        return count + 1


def decoded(data: bytes) -> bytes:
    """UTF-8 bytes of a text in UTF-16 or UTF-32 with a mark; others as they are, mark off."""
    for mark, name in (
        (b"\xff\xfe\x00\x00", "utf-32-le"),
        (b"\x00\x00\xfe\xff", "utf-32-be"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ):
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace").encode("utf-8", "replace")
    return data.removeprefix(b"\xef\xbb\xbf")


def shown(raw: bytes) -> str:
    """Bytes as text; what is not UTF-8 survives in both directions."""
    return raw.decode("utf-8", "surrogateescape")
