"""One file's bytes, where things stand in it, and the candidates found in it.

Rule 1: offsets are in bytes; lines and columns are 1-based, columns in
characters. Rule 2: a candidate's value is in no repr and in no message.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property

from leakcheck.ci import meaning
from leakcheck.ci.candidate import COMMENT, IGNORED, Candidate, is_login
from leakcheck.ci.marks import bits
from leakcheck.ci.names import Names
from leakcheck.ci.readers.families import PLAIN, Family
from leakcheck.ci.readers.lexical import Spans
from leakcheck.ci.readers.line_comments import is_in_comment
from leakcheck.ci.values import judge
from leakcheck.language import figure, said
from leakcheck.patterns import late

NEAR = 1024
"""How far around a place a reader looks, in bytes: lines may be of any length."""
MOST = 250_000
"""How many names or values are looked at in one file, so that a file made to hurt takes seconds."""
TOO_MANY = said(
    "it holds more than {most} names or values to look at: exclude it, or split it",
    most=figure(f"{MOST:,}"),
)
IGNORE = b"leakcheck: ignore"
_IGNORES = bits(IGNORE)


class TooManyError(Exception):
    """A file with more names or values than anyone waits for: no answer, and never a clean one."""


class NotTextError(Exception):
    """A file that is no text, so that there is nothing to read: never a clean one.

    sealed: whether it is known to be encrypted.
    """

    def __init__(self, sealed: bool = False) -> None:
        super().__init__()
        self.sealed = sealed


class Text:
    """The text of one file and what the readers found in it.

    data: as `decoded` gives it; path: shown in reports, `/`-separated;
    comments: whether what stands in a comment is checked too; trace: whether
    near misses are kept, for --explain; ignorable: whether a comment on a line
    can accept it; suffix: of the language, which says what its comments and
    strings are; read_held, read_part, read_lines: read a file that a value
    holds, a part of this one, and lines that stand each in a value.
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
        suffix: str = "",
    ) -> None:
        self.data = data
        self.path, self.names, self.comments, self.trace = path, names, comments, trace
        self.ignorable = ignorable
        self.suffix = suffix
        if names.first_look is not None:
            self.marks, self.hits = names.first_look.find(data, in_code)
        else:
            self.marks, places = names.find(data)
            self.hits = names.hits(self.low, places, in_code) if places else []
        if len(self.hits) > MOST:
            raise TooManyError
        self.found: list[Candidate] = []
        self.values: set[tuple[str, str]] = set()  # what was judged, by the last part of its name
        self.family: Family = PLAIN  # what it is read as
        self.commented = (0, 0)  # a stretch that a parser knows to be a comment
        self.in_prose = False  # whether it stands in documentation
        self.told = False  # whether text about passwords may stand where a password does
        self._spans: Spans | None = None
        self.read_held: Callable[[bytes, str, Text], list[Candidate]] | None = None
        self.read_part: Callable[[Text, int, int, Family, str], None] | None = None
        self.read_lines: Callable[[Text, list[tuple[int, str]], Family, str], None] | None = None
        self._seen: set[tuple[int, str, str | None]] = set()
        self._taken: set[int] = set()
        self._covered = 0  # where the last value seen ends
        self._starts: list[int] = []
        self._line = (0, 1)  # an offset, and its line
        self._column = (0, 0, 0)  # start of a line, an offset in it, characters between

    def add(
        self,
        offset: int,
        key: str,
        value: str,
        reader: str,
        *,
        skip: str | None = None,
        comment: bool = False,
        again: bool = False,
        login: str = "",
    ) -> None:
        """Note that `value` of `key` stands at byte `offset`.

        skip: why it is not checked; comment: whether it stands in one; again:
        whether it is another reading of what stands there; login: the one that
        stands beside it, where the reader saw it.
        """
        if offset in self._taken and not again:
            return
        if skip is None and comment and not self.comments:
            skip = COMMENT
        self.values.add((key.rpartition(".")[2], value))
        self._covered = max(self._covered, offset + len(value))
        judged = judge(value)
        if skip is None:
            skip = judged.skip or (meaning.reads_as_text(key, value) if self.told else None)
        line = self._line_of(offset)
        if self.ignorable and self.marks & _IGNORES and self._is_ignored(offset):
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
        own = skip is None and is_login(self.low, offset, key, password, login)
        column = self._column_of(offset)
        self.found.append(Candidate(line, column, key[:200], reader, skip, password, comment, own))

    def _is_ignored(self, offset: int) -> bool:
        """Whether a comment on the line that holds `offset` accepts it."""
        start, end = self.line_start(offset), self.line_end(offset)
        at = self.low.find(IGNORE, start, end)
        while at >= 0:
            if self._accepts(start, at):
                return True
            at = self.low.find(IGNORE, at + 1, end)
        return False

    def _accepts(self, start: int, at: int) -> bool:
        """Whether the words at `at`, on a line that begins at `start`, stand in a comment."""
        if start and self.data[start - 1 : start] != b"\n":
            return False  # the line begins too far back to tell
        if self.family.lexed:
            span = self.spans.at(at)
            if span is not None and span.kind == "c":
                return True
            if span is not None and span.kind == "m" and start >= span.start:
                return is_in_comment(self.data[start:at], PLAIN, self.suffix)  # of what it holds
        return is_in_comment(self.data[start:at], self.family, self.suffix)

    def adopt(self, found: Iterable[Candidate], lines: int) -> None:
        """Take over the candidates of a part that begins after so many lines."""
        for candidate in found:
            line = candidate.line + lines
            same = (line, candidate.password or candidate.key, candidate.skip)
            if same not in self._seen:
                self._seen.add(same)
                self.found.append(replace(candidate, line=line))

    def line_of(self, offset: int) -> int:
        """The 1-based line that holds `offset`."""
        return bisect_right(self._line_starts(), offset)

    def miss(self, offset: int, key: str, reader: str, why: str) -> None:
        """Note why something at `offset` is no candidate at all; kept only under trace, and not
        where it is part of a value.
        """
        if self.trace and offset > self._covered:
            self.add(offset, key, "", reader, skip=why)

    @cached_property
    def low(self) -> bytes:
        """The text in lower case, as ASCII has it."""
        return self.data.lower()

    @property
    def spans(self) -> Spans:
        """The comments and strings, where this is source code."""
        if self._spans is None:
            self._spans = Spans(self.data, self.suffix)
        return self._spans

    def telling(self, once: bool) -> list[int]:
        """The hits, without most of those in a name that is not that of a password.

        once: whether a name that was looked at is left out where it is hit again.
        """
        look = self.names.first_look
        return self.hits if look is None else look.telling(self.data, self.hits, once)

    def in_comment(self, offset: int, family: Family) -> bool:
        """Whether `offset` is in a comment, the text being read as `family`."""
        if self.commented[0] <= offset < self.commented[1]:
            return True
        if family.lexed:
            return self.spans.in_comment(offset)
        return family.in_comment(self.before(offset))

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


_LONE_RETURN = late(rb"\r(?![\r\n])")
_BINARY = late(
    rb"\x7fELF|MZ[\x00-\x90]\x00|PK\x03\x04|\x89PNG|\x1f\x8b\x08|\xca\xfe\xba\xbe|[\xce\xcf]\xfa\xed\xfe"
    rb"|%PDF-|\xd0\xcf\x11\xe0|GIF8|SQLite format 3\0|\x28\xb5\x2f\xfd|\xfd7zXZ|BZh[1-9]1AY|bplist0"
)
_SEALED = (b"\0GITCRYPT\0",)
_TEXT = bytes((0, *range(7, 14), 27, *range(32, 256)))
_SAMPLE = 1 << 16


def decoded(data: bytes) -> bytes:
    """The text of a file: its mark off, its lines ended by line feeds, blanks for NUL bytes.

    UTF-16 and UTF-32 become UTF-8: both are told by a mark, UTF-16 also where
    it is plain; one-byte encodings stay as they are. Raises NotTextError for
    anything else that has more than a few NUL bytes.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data:
        from leakcheck.input.encodings import encoding_of

        name = encoding_of(data[:_SAMPLE])
        if name is not None:
            text = data.decode(name, "replace").removeprefix("\ufeff")
            data = text.encode("utf-8", "replace")
        elif not _is_text(data):
            raise NotTextError(data.startswith(_SEALED))
        data = data.replace(b"\0", b" ")
    if b"\r" in data:
        data = _LONE_RETURN.sub(b"\n", data)
    return data.removeprefix(b"\xef\xbb\xbf")


def _is_text(data: bytes) -> bool:
    """Whether bytes that have a NUL among them are text all the same."""
    if _BINARY.match(data) or data.startswith(_SEALED):
        return False
    sample = data[:_SAMPLE]
    controls = len(sample.translate(None, _TEXT))
    return controls * 20 <= len(sample) and sample.count(0) * 3 <= len(sample)


def shown(raw: bytes) -> str:
    """Bytes as text; what is not UTF-8 survives in both directions."""
    return raw.decode("utf-8", "surrogateescape")
