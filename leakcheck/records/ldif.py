"""LDIF (RFC 2849): the entries of a directory, and changes to them, parted by blank lines.

A `dn:` begins an entry as well. `attr:: value` is base64; `attr:< url` names a
file, which is not read. Passwords are picked as from any named lines.
"""

import io
import re
from collections.abc import Iterator

from leakcheck.language import said
from leakcheck.records import stealer
from leakcheck.records.entries import DAMAGED, ODD_LINE, AddressEntry, of_base64, unfolded
from leakcheck.records.formats import Dialect
from leakcheck.records.lines import lines
from leakcheck.records.rows import LONG_LINE, Row, Wanted, raw

ELSEWHERE = said("a value in it is kept in another file, which is not read")
_LABELS = ("dn", "cn")
_ATTRIBUTE = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*+)(?:;[A-Za-z0-9._-]*+)*+[ \t]*+:(?P<mark>[:<]?+)"
    r"[ \t]*+(?P<value>.*)",
    re.DOTALL,
)
_TRAILER = frozenset(("version", "search", "result", "ref", "text", "matcheddn", "control"))
"""What `ldapsearch` writes of the search itself, which is no entry."""


def read(stream: io.RawIOBase, dialect: Dialect, wanted: Wanted) -> Iterator[Row]:
    """The entries, under the number of the line where each begins."""
    if wanted.kind.secret:
        yield from stealer.read(stream, dialect, wanted)
        return
    entry: AddressEntry | None = None
    for number, text in unfolded(lines(stream), " "):
        match = _ATTRIBUTE.fullmatch(text) if text else None
        name = match["name"].lower() if match else ""
        alone = not (text is None or match or (entry and "dn" in entry.names))
        if entry and (text == "" or name == "dn" or (alone and text != "-")):
            yield from _row(entry)
            entry = None
        if text == "" or text == "-" or (name == "version" and entry is None):
            continue
        if entry is None:
            entry = AddressEntry(number, _LABELS)
        if text is None:
            entry.problem = LONG_LINE
        elif match:
            _add(entry, match, text)
        else:
            entry.search(raw(text))
            if not text.startswith("#"):
                entry.problem = entry.problem or ODD_LINE
            if alone:
                yield from _row(entry)
                entry = None
    if entry:
        yield from _row(entry)


def _add(entry: AddressEntry, match: re.Match[str], text: str) -> None:
    value: bytes | None = raw(match["value"])
    if match["mark"] == ":":
        value = of_base64(match["value"])
        if value is None:
            entry.problem = entry.problem or DAMAGED
    elif match["mark"] == "<":
        value = None
        entry.problem = entry.problem or ELSEWHERE
    entry.add(match["name"], text, value or b"")


def _row(entry: AddressEntry) -> Iterator[Row]:
    """The record of an entry; none of a comment, or of what is said of a search."""
    if entry.found or entry.problem or not entry.names <= _TRAILER:
        yield entry.row()
