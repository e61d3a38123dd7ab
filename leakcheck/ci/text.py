"""One file's bytes, where things stand in it, and the candidates found in it.

Rule 1: offsets are in bytes; lines and columns are 1-based, columns in
characters. Rule 2: a candidate's value is in no repr and in no message.
"""

from bisect import bisect_right
from dataclasses import dataclass, field

from leakcheck.ci.names import Names
from leakcheck.ci.values import judge

IGNORE = b"leakcheck: ignore"
IGNORED = "the line says leakcheck: ignore"
COMMENT = "it stands in a comment"


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
    comment is checked too; trace: whether near misses are kept, for --explain.
    """

    def __init__(
        self, data: bytes, path: str, names: Names, *, comments: bool = False, trace: bool = False
    ) -> None:
        self.data = decoded(data)
        self.low = self.data.lower()
        self.path, self.names, self.comments, self.trace = path, names, comments, trace
        self.found: list[Candidate] = []
        self._seen: set[tuple[int, str, str | None]] = set()
        self._taken: set[int] = set()
        self._starts: list[int] | None = None
        self._last = (0, 0, 0)  # line start, offset, characters between

    def add(
        self, offset: int, key: str, value: str, reader: str, *, skip: str | None = None
    ) -> None:
        """Note that `value` of `key` stands at byte `offset`."""
        if offset in self._taken:
            return
        judged = judge(value)
        if skip is None:
            skip = judged.skip
        line, start = self._line(offset)
        if IGNORE in self._whole_line(start):
            skip = IGNORED
        password = "" if skip else judged.password
        same = (line, password or key, skip)
        if same in self._seen:
            return
        self._seen.add(same)
        if skip is None:
            self._taken.add(offset)
        self.found.append(
            Candidate(line, self._column(start, offset), key[:200], reader, skip, password)
        )

    def miss(self, offset: int, key: str, reader: str, why: str) -> None:
        """Note why something at `offset` is no candidate at all; kept only under trace."""
        if self.trace:
            self.add(offset, key, "", reader, skip=why)

    def offset_of_line(self, line: int) -> int:
        """The byte offset of a 1-based line; the end of the text where there is none."""
        starts = self._line_starts()
        return starts[line - 1] if 0 < line <= len(starts) else len(self.data)

    def line_start(self, offset: int) -> int:
        """The offset at which the line that holds `offset` begins."""
        return self.data.rfind(b"\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """The offset of the line feed after `offset`, or of the end."""
        end = self.data.find(b"\n", offset)
        return len(self.data) if end < 0 else end

    def _line_starts(self) -> list[int]:
        if self._starts is None:
            starts, at = [0], self.data.find(b"\n")
            while at >= 0:
                starts.append(at + 1)
                at = self.data.find(b"\n", at + 1)
            self._starts = starts
        return self._starts

    def _line(self, offset: int) -> tuple[int, int]:
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return line, starts[line - 1]

    def _column(self, start: int, offset: int) -> int:
        """Counted on from the last one asked for: a line of 100 MB is walked once."""
        before, at, count = self._last
        if before != start or at > offset:
            at, count = start, 0
        count += len(self.data[at:offset].decode("utf-8", "replace"))
        self._last = (start, offset, count)
        return count + 1

    def _whole_line(self, start: int) -> bytes:
        """The line, or of a very long one its last kilobytes, where a comment would stand."""
        end = self.line_end(start)
        return self.low[max(start, end - 4096) : end]


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
