"""All that is shown on, or asked of, a terminal; what it says is worded in wording.

Rule 1: what a program reads, through a pipe or from a file, is the same
whatever the terminal; on a terminal, lines fit its width, prose is broken at
words, and nothing that matters is cut. Rule 2: colour stands beside words, never
for them; NO_COLOR, TERM=dumb and --color decide. TERM=dumb also has no columns:
one fact a line, for screen readers. Rule 3: progress goes to stderr, after a
second. Rule 4: what comes from a file or a server is stripped of control
characters before it is shown. Rule 5: any encoding will do. Rule 6: a password
is asked without echo, never shown.
"""

import codecs
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from leakcheck import config
from leakcheck.errors import UsageError
from leakcheck.language import local, said, speak
from leakcheck.wording import VERDICTS, printable, steerless

_COLOURS = {"exposed": "31;1", "unknown": "33;1", "clean": "32", "error": "31", "warning": "33"}
_BETWEEN = "  "
_SILENT = 1.0  # seconds
_NARROWEST, _WIDEST = 24, 40  # of a column that is wrapped; of one that is shown where it fits
_TRANSLATED = str.maketrans(
    {"•": "*", "…": "...", "–": "-", "—": "-", "→": "->", "«": '"', "»": '"', "“": '"', "”": '"',
     "‘": "'", "’": "'", "\u00a0": " ", "\u202f": " ", "�": "?", "œ": "oe", "Œ": "OE"}
)  # fmt: skip


class Settings(NamedTuple):
    """How people want to be spoken to.

    Attributes:
        color: auto, always or never.
        progress: auto, json or never.
        quiet: answers and errors alone.
        verbose: what is asked, and how, on stderr.
    """

    color: str = "auto"
    progress: str = "auto"
    quiet: bool = False
    verbose: bool = False


_settings = Settings()


def settings() -> Settings:
    """Those in force."""
    return _settings


def configure(**changed: Any) -> None:
    """Change settings, by name."""
    global _settings  # the one state of the program: there is one terminal
    _settings = _settings._replace(**changed)
    if _settings.verbose:
        import logging

        class Apart(logging.StreamHandler[TextIO]):
            """What is logged stays apart from a bar, as what is printed does."""

            def emit(self, record: logging.LogRecord) -> None:
                with room():
                    super().emit(record)

        logging.basicConfig(handlers=[Apart(sys.stderr)], format="leakcheck: %(message)s")
        logging.getLogger("leakcheck").setLevel(logging.DEBUG)


def settle() -> None:
    """Take the settings of the user's configuration. Raises UsageError where it is wrong."""
    settled = config.reload()
    configure(color=settled["color"], progress=settled["progress"])
    speak(settled["language"])


def prepare() -> None:
    """Make stdout and stderr take any text, whatever their encoding."""
    codecs.register_error("leakcheck-plain", _plainer)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="leakcheck-plain")


def _plainer(error: UnicodeError) -> tuple[str, int]:
    """What a terminal shows for a character that its encoding lacks: one like it, or its code."""
    import unicodedata

    assert isinstance(error, UnicodeEncodeError)
    shown = []
    for mark in error.object[error.start : error.end].translate(_TRANSLATED):
        base = unicodedata.normalize("NFKD", mark)[:1]
        shown.append(base if base.isascii() else mark.encode("ascii", "backslashreplace").decode())
    return "".join(shown), error.end


def in_ci() -> bool:
    """Whether this runs in a CI job, by the usual variable."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def out_is_terminal() -> bool:
    """Whether stdout is a terminal that a person reads."""
    return sys.stdout.isatty() and not in_ci()


def linear() -> bool:
    """Whether columns are to be avoided: a terminal that is dumb, or read aloud."""
    return os.environ.get("TERM") == "dumb"


def width() -> int:
    """Of the terminal, in cells."""
    import shutil

    return max(20, shutil.get_terminal_size().columns)


def paint(text: str, tone: str, out: TextIO | None = None) -> str:
    """`text` in the colour of a verdict or a level, where colours are wanted on `out`."""
    if not text or tone not in _COLOURS or not _coloured(out or sys.stdout):
        return text
    return f"\x1b[{_COLOURS[tone]}m{text}\x1b[0m"


def _coloured(out: TextIO) -> bool:
    if _settings.color != "auto":
        return _settings.color == "always" and out in (sys.stdout, sys.stderr)
    if os.environ.get("NO_COLOR") or linear() or in_ci():
        return False
    return out in (sys.stdout, sys.stderr) and out.isatty()


_hold: Callable[[], AbstractContextManager[None]] = nullcontext


def before_print(hold: Callable[[], AbstractContextManager[None]] | None) -> None:
    """Say how to print where something is drawn: `hold` takes it away and keeps it away."""
    global _hold  # there is one terminal
    _hold = hold or nullcontext


def room() -> AbstractContextManager[None]:
    """While this is held, nothing is drawn: what is printed or asked now stays apart from a bar."""
    return _hold()


def say(text: str = "") -> None:
    """One line on stdout, without what steers the terminal."""
    with room():
        print(steerless(local(text)))


def tell(text: str, *, indent: str = "", tone: str | None = None) -> None:
    """A sentence or more on stdout; on a terminal broken at words, further lines indented.

    tone: a verdict, the first word in it that says so gets its colour.
    """
    text = local(text)
    sought = local(VERDICTS[tone]) if tone else None
    for line in prose(text, indent=indent) if out_is_terminal() else [indent + text]:
        shown = steerless(line)
        before, word, behind = shown.partition(f" {sought}") if sought else (shown, "", "")
        if word:
            shown, sought = f"{before} {paint(word[1:], tone or '')}{behind}", None
        print(shown)


def prose(text: str, *, indent: str = "") -> list[str]:
    """`text` in lines that fit the terminal, broken at blanks alone: URLs and paths survive."""
    import textwrap

    more = indent or _BETWEEN
    return textwrap.wrap(
        text, width(), initial_indent=indent, subsequent_indent=more, break_long_words=False,
        break_on_hyphens=False,
    ) or [""]  # fmt: skip


@contextmanager
def telling_of_a_fifo(path: Path) -> Iterator[None]:
    """While `path` is opened to be read: say so where nobody writes to it for a second."""
    told = said("{name}: it is a FIFO, and nobody writes to it yet: waiting.", name=path)
    import threading  # whoever reads no FIFO starts sooner

    timer = threading.Timer(_SILENT, warn, (told,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def warn(text: str) -> None:
    """A sentence on stderr."""
    line = f"leakcheck: {printable(local(text))}"
    with room():
        print("\n".join(prose(line)) if sys.stderr.isatty() else line, file=sys.stderr)


# ---- tables


class Field(NamedTuple):
    """A column as a terminal shows it.

    Attributes:
        title: its header.
        keep: whether it is always shown, and never cut.
        wrap: whether it may be broken at words.
        number: whether it is set right.
        verdict: whether it holds verdicts.
    """

    title: str
    keep: bool = True
    wrap: bool = False
    number: bool = False
    verdict: bool = False


class Layout:
    """Rows in columns that fit the terminal, or where they cannot, a fact a line.

    What is kept and not wrapped stands in full; what else is there is shown as far as the
    width goes, in order.
    """

    def __init__(self, fields: Sequence[Field], sample: Sequence[Sequence[str]]) -> None:
        """sample: the first rows, by which the widths are chosen."""
        self._fields = fields = [one._replace(title=local(one.title)) for one in fields]
        used = [at for at in range(len(fields)) if any(row[at] for row in sample)]
        half = width() // 2  # what is longer gets lines of its own
        natural = {
            at: max(
                _cells(fields[at].title),
                *(size for row in sample if (size := _cells(row[at])) <= half or fields[at].wrap),
                0,
            )
            for at in used
        }
        least = {at: min(natural[at], _NARROWEST) if fields[at].wrap else natural[at]
                 for at in used}  # fmt: skip
        room, gap = width(), len(_BETWEEN)
        kept = [at for at in used if fields[at].keep]
        self.linear = linear() or sum(least[at] + gap for at in kept) - gap > room
        self._linear_shown = used if linear() else kept
        for at in used:
            sizes = [_cells(row[at]) for row in sample if row[at]]
            if at not in kept and 2 * sum(size > half for size in sizes) > len(sizes):
                continue  # as a column it would turn nearly every row into a fact a line
            fits = sum(least[one] + gap for one in kept) + least[at] <= room
            if at not in kept and natural[at] <= _WIDEST and fits:
                kept.append(at)
        left = room - sum(least[at] + gap for at in kept) + gap
        self._widths: dict[int, int] = {}
        for at in sorted(kept):
            more = min(natural[at] - least[at], max(0, left))
            self._widths[at], left = least[at] + more, left - more

    def header(self) -> list[str]:
        """The titles, and a line under them; nothing where there are no columns."""
        if self.linear:
            return []
        titles = [self._fields[at].title for at in range(len(self._fields))]
        lines = self._drawn(titles)
        return [*lines, _BETWEEN.join("-" * size for size in self._widths.values())]

    def row(self, cells: Sequence[str]) -> list[str]:
        """One row, in a line or more."""
        cells = [printable(cell) for cell in cells]
        fits = all(
            self._fields[at].wrap or _cells(cells[at]) <= size for at, size in self._widths.items()
        )
        return self._drawn(cells, painted=True) if fits and not self.linear else self._facts(cells)

    def _facts(self, cells: Sequence[str]) -> list[str]:
        shown = [at for at in self._linear_shown if cells[at]]
        head = [at for at in shown if not self._fields[at].wrap and self._fields[at].keep]
        first = ", ".join(
            self._painted(at, cells[at])
            if not self._fields[at].number
            else f"{self._fields[at].title.lower()} {cells[at]}"
            for at in head
        )
        lines = [first] if first else []
        for at in shown:
            if at not in head:
                fact = said("{name}: {reason}", name=self._fields[at].title, reason=cells[at])
                lines += prose(local(fact), indent="  ")
        return lines

    def _drawn(self, cells: Sequence[str], painted: bool = False) -> list[str]:
        parts = {
            at: _wrapped(cells[at], size) if self._fields[at].wrap else [cells[at]]
            for at, size in self._widths.items()
        }
        lines = []
        for number in range(max(map(len, parts.values()), default=0)):
            line = []
            for at, size in self._widths.items():
                text = parts[at][number] if number < len(parts[at]) else ""
                blanks = " " * (size - _cells(text))
                shown = self._painted(at, text) if painted else text
                line.append(blanks + shown if self._fields[at].number else shown + blanks)
            lines.append(_BETWEEN.join(line).rstrip())
        return lines

    def _painted(self, at: int, text: str) -> str:
        return paint(text, _verdict_of(text)) if self._fields[at].verdict else text


def _verdict_of(text: str) -> str:
    """The verdict that a word for people stands for."""
    return next((verdict for verdict, word in VERDICTS.items() if local(word) == text), "")


def _cells(text: str) -> int:
    """How many cells of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _wrapped(text: str, size: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, max(size, 1), break_on_hyphens=False) or [""]


def table(columns: Sequence[str | Field], rows: Iterable[Sequence[str]]) -> None:
    """A table on stdout: in columns on a terminal, tab-separated elsewhere."""
    fields = [Field(one) if isinstance(one, str) else one for one in columns]
    held = [[printable(local(cell)) for cell in row] for row in rows]
    if not out_is_terminal():
        for row in ([local(field.title) for field in fields], *held):
            print("\t".join(row))
        return
    layout = Layout(fields, held)
    for line in (*layout.header(), *(line for row in held for line in layout.row(row))):
        print(line)


# ---- questions


def ask_secret(prompt: str) -> str:
    """A secret typed at the terminal, without echo.

    Raises UsageError where there is no terminal to ask at, or nothing is typed.
    """
    import getpass
    import warnings

    with warnings.catch_warnings(), room():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(local(prompt))
        except EOFError:
            if not sys.stdin.isatty():
                raise UsageError(_NO_TERMINAL) from None
            print(file=sys.stderr)
            raise UsageError(said("Nothing was typed, so nothing was checked.")) from None
        except (getpass.GetPassWarning, OSError):
            raise UsageError(_NO_TERMINAL) from None


_NO_TERMINAL = said("There is no terminal to ask at: give it on stdin, with -.")


def ask_line(prompt: str) -> str:
    """A line typed at the terminal; nothing where there is no terminal to ask at."""
    if not sys.stdin.isatty():
        return ""
    with room():
        sys.stderr.write(local(prompt))
        sys.stderr.flush()
        return sys.stdin.readline().rstrip("\n")


def agreed(question: str, otherwise: str) -> bool:
    """Whether the user says yes at the terminal.

    otherwise: what to do where there is no terminal to ask at, for a UsageError.
    """
    if not sys.stdin.isatty():
        raise UsageError(said("There is no terminal to ask at: {otherwise}.", otherwise=otherwise))
    asked = ask_line(said("{question} [y/N] ", question=printable(question)))
    return asked.strip().lower() in ("y", "yes", *local(said("y yes")).split())


@contextmanager
def quiet_interrupt() -> Iterator[None]:
    """A second Ctrl-C while cleaning up after the first is let pass."""
    import signal

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
