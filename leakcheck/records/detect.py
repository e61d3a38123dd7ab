"""Look at the beginning of a text and say what it is, or that it cannot be told.

Every guess is a share of the sample's lines, so a few odd lines change
nothing. Structures are looked for first, for they contain what the simpler
forms consist of.
"""

import csv
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from leakcheck.records.columns import is_header
from leakcheck.records.formats import Form
from leakcheck.subject.kinds import Kind

SAMPLE_LINES = 200
_MOST = 0.8  # the share of lines that makes a form
_ADDRESS = rb"[A-Za-z0-9_+.'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"
_HAS_ADDRESS = re.compile(_ADDRESS)
_COMBO = re.compile(rb"\s*[\"']?" + _ADDRESS + rb"[\"']?\s{0,2}[:;|\t,](.+)")
_HASH = re.compile(rb"\s*([0-9A-Fa-f]{16,128})\s*(?::\s*\d+)?\s*")
_RANGE_ROW = re.compile(rb"([0-9A-Fa-f]{35}|[0-9A-Fa-f]{27})(?::\d+)?\s*")
_RANGE_NAME = re.compile(r"([0-9A-Fa-f]{5})(?:\.[A-Za-z0-9]+)*")
_HASHED = re.compile(
    rb"(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{128}|\$\w{1,10}\$.+)\s*"
)
_SQL = re.compile(
    rb"^\s*(?:INSERT\s+(?:IGNORE\s+)?INTO|REPLACE\s+INTO|CREATE\s+TABLE|COPY\s+\S+.*FROM\s+stdin)\b",
    re.IGNORECASE | re.MULTILINE,
)
_BLOCK = re.compile(
    rb"^\s*(url|host(?:name)?|soft|login|user(?:name)?|pass(?:word)?)\s*:", re.IGNORECASE
)
_ULP = re.compile(rb"\s*(?:https?|android|ftp)://\S+?[:|;\s][^:|;\s]+[:|;\s].+", re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x1f]")
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Guess:
    """What a text was taken for.

    form: how it would be read, or None; hex_digits: of each hash, for a list
    of hashes; prefix: of a range file; hashed: a combo list whose passwords
    are hashes; addresses, passwords: lines of the sample that look so.
    """

    form: Form | None
    lines: int = 0
    hex_digits: int = 0
    prefix: bytes = b""
    hashed: bool = False
    addresses: int = 0

    @property
    def kind(self) -> Kind | None:
        """The kind that such a text is most likely wanted for, or None."""
        if self.form is Form.HASHES:
            if self.hex_digits == 40:
                return Kind.PASSWORD
            return Kind.NTLM if self.prefix else None  # 32 digits alone may be MD5
        if self.form is Form.PASSWORDS:
            return Kind.PASSWORD
        return Kind.EMAIL if self.addresses else None


def sniff(sample: bytes, name: str = "", whole: bool = True) -> Guess:
    """What the text beginning with `sample` is.

    name: of its file, for range files are named by what they leave out;
    whole: whether the sample is all there is, else its last line is cut.
    """
    lines = sample.replace(b"\r", b"\n").split(b"\n")
    if not whole and len(lines) > 1:
        lines.pop()
    lines = [line for line in lines if line.strip()][:SAMPLE_LINES]
    if not lines:
        return Guess(None)
    signed = [line for line in lines if b"@" in line or b"%40" in line]
    addresses = sum(1 for line in signed if _HAS_ADDRESS.search(line))

    def guess(form: Form | None, **more: object) -> Guess:
        return Guess(form, len(lines), addresses=addresses, **more)  # type: ignore[arg-type]

    named = _RANGE_NAME.fullmatch(PurePath(name).name)
    if named and share(lines, _RANGE_ROW.fullmatch) >= _MOST:
        digits = len(lines[0].split(b":")[0].strip()) + 5
        return guess(Form.HASHES, hex_digits=digits, prefix=named[1].encode())
    if share(lines, _HASH.fullmatch) >= _MOST:
        widths = [len(match[1]) for line in lines if (match := _HASH.fullmatch(line))]
        return guess(Form.HASHES, hex_digits=max(set(widths), key=widths.count))
    if _looks_json(lines):
        return guess(Form.JSON)
    if _SQL.search(sample):
        return guess(Form.SQL)
    if _looks_stealer(lines):
        return guess(Form.STEALER)
    combos = [match[1] for line in signed if (match := _COMBO.match(line))]
    table = delimiter(lines)
    if table and not (len(combos) >= len(lines) * _MOST and not header(lines, table)):
        return guess(Form.CSV)
    if len(combos) >= len(lines) * 0.6:
        hashed = share(combos, _HASHED.fullmatch) >= 0.9
        return guess(Form.COMBO, hashed=hashed)
    if addresses * 50 >= len(lines):
        return guess(Form.TEXT)
    return guess(Form.PASSWORDS if share(lines, _like_password) >= 0.9 else None)


def share(lines: Sequence[bytes], test: Callable[[bytes], object]) -> float:
    """The share of `lines` that pass `test`."""
    return sum(1 for line in lines if test(line)) / len(lines) if lines else 0.0


def delimiter(lines: Sequence[bytes]) -> str | None:
    """The delimiter of a table with two columns or more, or None where it is no table."""
    if len(lines) < 2:
        return None
    text = [line.decode("utf-8", "replace") for line in lines[:100]]
    for mark in _DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(text, delimiter=mark) if row]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        same = sum(1 for width in widths if width == widths[0]) / len(widths)
        named = header(lines, mark)
        if same >= 0.9 and (named or widths[0] >= 3):
            return mark
    return None


def header(lines: Sequence[bytes], mark: str) -> list[str]:
    """The names in the first line where it is a header, else none."""
    row = next(csv.reader([lines[0].decode("utf-8", "replace")], delimiter=mark), [])
    return row if is_header(row) else []


def _looks_json(lines: Sequence[bytes]) -> bool:
    first = lines[0].lstrip()
    if first[:1] not in (b"{", b"["):
        return False
    try:
        json.loads(first)
    except ValueError:
        start = b"".join(lines[:5])
        return bool(re.match(rb"\s*(?:\[\s*)?[\[{]\s*(?:\"|\{|\[|\d|$)", start))
    except RecursionError:
        return True
    return True


def _looks_stealer(lines: Sequence[bytes]) -> bool:
    if share(lines, _ULP.match) >= 0.6:
        return True
    fields = [match[1].lower()[:4] for line in lines if (match := _BLOCK.match(line))]
    return (
        len(fields) >= len(lines) * 0.4
        and b"pass" in fields
        and any(name in fields for name in (b"user", b"logi"))
    )


def _like_password(line: bytes) -> bool:
    """Whether a line could be one password: short, few blanks, no control character."""
    return len(line) <= 64 and line.count(b" ") <= 1 and not _CONTROL.search(line)
