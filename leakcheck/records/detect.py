"""Look at the beginning of a text and say what it is, or that it is not understood.

Rule 1: what a text is, its content says; its name only settles what its content
leaves open. Rule 2: every guess is a share of the sample's lines, so a few odd
lines change nothing. Rule 3: structures are looked for first, for they contain
what the simpler forms consist of. Rule 4: a text is a list of passwords where
its lines share no structure at all, and only there.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import PurePath

from leakcheck.language import said
from leakcheck.patterns import late
from leakcheck.records import binaries, columns, displayed, html, table
from leakcheck.records.columns import Header, Role
from leakcheck.records.formats import SLOW_HASH, Dialect, Form
from leakcheck.records.rows import Wanted, readable

SAMPLE_LINES = 200
MOST = 0.8
"""The share of lines that makes a form."""
_FEW = 10  # lines that may look alike by chance
_ADDRESS = rb"[A-Za-z0-9_+.'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"
_HAS_ADDRESS = late(_ADDRESS)
_COMBO = late(
    rb"\s*[\"'<(]?"
    + _ADDRESS
    + rb"[\"'>)]?(?:\s{0,2}[:;|\t,=]|\s{0,2}[-=~#/>_\\*+&^]{2,}| )\s*(.+)"
)
_NUMBER = rb"\s*(?:[#\[(]?\d{1,12}(?:[:)\]][:.]?\s*|\.\s+|\s+-\s+)|#\s?\d{1,12}\s+)"
_NUMBERED = late(_NUMBER + rb"[\"'<(]?" + _ADDRESS + rb"[\"'>)]?\s{0,2}[:;|\t,=]\s*(.+)")
"""The same in a list that is numbered."""
_LISTED = late(rb"\s*\[\d{1,12}\]\s*[^\s,\[\]{}]")
_ALONE = late(rb"[\s/<(\"']*" + _ADDRESS + rb"[\s>)\"']*")
_REVERSED = late(rb"(.+?)\s?[:;|\t,]\s?[\"'<]?" + _ADDRESS + rb"[\"'>]?\s*")
_HASH = late(rb"\s*([0-9A-Fa-f]{16,128})\s*(?::\s*\d+)?\s*")
_RANGE_ROW = late(rb"([0-9A-Fa-f]{35}|[0-9A-Fa-f]{27})(?::\d+)?\s*")
_RANGE_NAME = late(r"([0-9A-Fa-f]{5})(?:\.[A-Za-z0-9]+)*")
_HEX = rb"(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{96}|[0-9A-Fa-f]{128})"
_HASHED = late(_HEX + rb"\s*|(?:" + SLOW_HASH + rb").+")
_POTFILE = late(rb"\s*(?:" + _HEX + rb"|\$\w{1,10}\$[^:\s]+):(.+)")
_COUNT = late(rb"\s*\d+\s*")
_PWDUMP = late(rb"[^:]{1,256}:\d*(?::(?:[0-9A-Fa-f]{32}|NO PASSWORD\*+|\**)){2}:")
_DSINTERNALS = late(rb"\s*(?:NTHash|Hash \d\d|LMHash)\s*:\s*(?:[0-9A-Fa-f]{32})?\s*")
_SQL = late(
    rb"(?:^|\r)\s*(?:INSERT\s+(?:\w+\s+){0,2}(?:INTO|ALL)|REPLACE\s+INTO|CREATE\s+(?:\w+\s+)?TABLE"
    rb"|COPY\s+\S+.*FROM\s+stdin|UPDATE\s+\S+\s+SET|INSERT\s+ALL)\b",
    re.IGNORECASE | re.MULTILINE,
)
_ULP = late(rb"\s*(?:https?|android|ios|ftps?|sftp)://\S+?[:|;\s][^:|;\s]+[:|;\s].+", re.IGNORECASE)
_HLP = late(
    rb"\s*(?:(?:[\w\x80-\xff-]{1,63}\.){1,30}[A-Za-z\x80-\xff-][\w\x80-\xff-]{1,62}"
    rb"|(?:\d{1,3}\.){3}\d{1,3}|localhost)(?::\d{1,5})?"
    rb"(?:/[^\s:|;]*[:|;\t][^:|;\s]+|[:|;\t]" + _ADDRESS + rb")[:|;\t].+"
)
"""The same without a scheme: a path or the address behind it tells a host from a login."""
_NAMED = late(rb"\s*(?:[-*\xe2\x80\xa2]+\s*)?([^\s:=][^:=\t]{0,40}?)\s*:(?:[ \t:]|$)")
_YAML = late(rb"\s*(?:- )*[\"']?[^\s:#\"'\[{][^:#\[{]{0,60}[\"']?:(?:\s|$)|\s*- |\s*#|---|\.\.\.")
_JSON = late(rb"\s*(?:\[\s*)?[\[{]\s*(?:[\"{\[}\]]|-?\d+(?:\.\d+)?\s*(?:[,\]]|$)|$)")
_DN = late(rb"dn:(?::[ \t]*[A-Za-z0-9+/=]+\s*$|[^=]{1,64}=)", re.IGNORECASE)
_ATTRIBUTE = late(rb"[A-Za-z0-9][A-Za-z0-9._-]*(?:;[A-Za-z0-9._-]*)*:|-$")
_CARD = late(rb"\s*BEGIN\s*:\s*VCARD\s*", re.IGNORECASE)
_PROPERTY = late(rb"\s*(?:[A-Za-z0-9_-]+\.)?[A-Za-z0-9_-]+\s*[;:]")
_HTML = late(
    rb"\s*<(?:!doctype\s+html|!--|[?]xml|/?[A-Za-z][A-Za-z0-9]{0,15}[\s>/])", re.IGNORECASE
)
_ROOT = late(rb"<([A-Za-z][^\s<>/]{0,63})")
_PAGE = late(rb"<(?:!doctype\s+)?html\b", re.IGNORECASE)
_CONTROL = late(rb"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f]")
_STRUCTURE = (b":", b";", b"|", b"\t", b",", b"=", b"----", b" - ")


def detect(
    sample: bytes, name: str = "", whole: bool = True, wanted: Wanted | None = None
) -> Dialect:
    """What the text beginning with `sample` is.

    name: of its file, for range files are named by what they leave out;
    whole: whether the sample is all there is, else its last line is cut;
    wanted: what its owner said of it, which stands.
    """
    wanted = wanted or Wanted()
    if b"\n" not in sample:
        sample = sample.replace(b"\r", b"\n")
    lines = [line.rstrip(b"\r\n") for line in _lines(sample)]
    if not whole and len(lines) > 1:
        lines.pop()
    lines = [line for line in lines if line.strip()][:SAMPLE_LINES]
    if not lines:
        return Dialect(wanted.form, said("an empty text"))
    found = _found(sample, lines, name, wanted)
    signed = sum(1 for line in lines if _signed(line) and _HAS_ADDRESS.search(line))
    return found._replace(lines=len(lines), addresses=signed)


def _lines(sample: bytes) -> list[bytes]:
    return sample.replace(b"\r", b"\n").replace(b"\n\xef\xbb\xbf", b"\n").split(b"\n")


def _signed(line: bytes) -> bool:
    return b"@" in line or b"%40" in line


def _found(sample: bytes, lines: Sequence[bytes], name: str, wanted: Wanted) -> Dialect:
    """What the text is: what its owner said, else what it looks like."""
    form = wanted.form
    if form is None and (sealed := binaries.recognise(sample)):
        return Dialect(None, *sealed)
    if form in (None, Form.HASHES) and (hashes := _hashes(lines, name)):
        return hashes
    if form in (Form.HASHES, Form.TEXT, Form.PASSWORDS):
        return Dialect(form)
    if form is Form.CSV:
        return _table(lines, name, wanted, ask=False) or _one_column(lines, wanted)
    for looks in _LOOKS:
        seen = looks(sample, lines, name, wanted)
        if seen is not None and form in (None, seen.form):
            return seen
    if form is not None:
        return _forced(form, sample)
    return _plain(lines)


def _forced(form: Form, sample: bytes) -> Dialect:
    """A form that its owner named, though the text does not look so."""
    if form is Form.SQL:
        return _of_sql(sample)
    if form is Form.PWDUMP:
        return Dialect(form, delimiter=":", names=PWDUMP)
    if form is Form.POTFILE:
        return Dialect(form, delimiter=":", names=POTFILE)
    return Dialect(form)


PWDUMP = ("login", "rid", "lm", "nt", "more")
POTFILE = ("hash", "plain")
HASHED = ("login", "hash")


def _hashes(lines: Sequence[bytes], name: str) -> Dialect | None:
    named = _RANGE_NAME.fullmatch(PurePath(name).name)
    if named and share(lines, _RANGE_ROW.fullmatch) >= MOST:
        digits = len(lines[0].split(b":")[0].strip()) + 5
        return Dialect(Form.HASHES, hex_digits=digits, prefix=named[1].encode())
    if share(lines, _HASH.fullmatch) >= MOST:
        widths = Counter(len(match[1]) for line in lines if (match := _HASH.fullmatch(line)))
        return Dialect(Form.HASHES, hex_digits=widths.most_common(1)[0][0])
    return None


def _windows(_: bytes, lines: Sequence[bytes], name: str, wanted: Wanted) -> Dialect | None:
    accounts = sum(1 for line in lines if _PWDUMP.match(line))
    if accounts and accounts >= len(lines) * 0.3:
        return Dialect(Form.PWDUMP, delimiter=":", names=PWDUMP)
    blocks = sum(1 for line in lines if _DSINTERNALS.fullmatch(line))
    if blocks and any(line.strip().startswith((b"SamAccountName", b"NTHash")) for line in lines):
        return Dialect(Form.PWDUMP)
    return None


def _cracked(_: bytes, lines: Sequence[bytes], name: str, wanted: Wanted) -> Dialect | None:
    """Lines of `hash:plain`, or of an account and a hash."""
    plains = [match[1] for line in lines if (match := _POTFILE.fullmatch(line))]
    if len(plains) >= len(lines) * MOST and share(plains, _COUNT.fullmatch) < 0.9:
        return Dialect(Form.POTFILE, delimiter=":", names=POTFILE)
    for mark in (b":", b";", b"\t", b"|", b","):
        behind = [line.split(mark, 1)[1].strip() for line in lines if mark in line]
        if len(behind) >= len(lines) * MOST and share(behind, _HASHED.fullmatch) >= 0.9:
            if columns.header(_cells(lines, mark))[0] is Header.SURE:
                return None
            return Dialect(Form.COMBO, delimiter=mark.decode(), names=HASHED, hashed=True)
    return None


def _json(sample: bytes, lines: Sequence[bytes], name: str, wanted: Wanted) -> Dialect | None:
    first = lines[0].lstrip(b"\xef\xbb\xbf \t")
    if first[:1] not in (b"{", b"[", b'"') or share(lines, _LISTED.match) >= 0.6:
        return None
    values = share(lines, lambda line: _value(line) is not None)
    if len(lines) > 1 and values >= 0.5:
        return Dialect(Form.JSON, by_line=True)
    if first[:1] == b'"':
        alone = len(lines) == 1 and _value(first) is not None
        return Dialect(Form.JSON, by_line=True) if alone else None
    if len(lines) > 1 or _value(first) is None:
        start = b"".join(lines[:5])
        return Dialect(Form.JSON) if _JSON.match(start) else None
    return Dialect(Form.JSON)


def _value(line: bytes) -> object:
    try:
        return json.loads(line)
    except RecursionError:
        return True
    except ValueError:
        return None


def _sql(sample: bytes, lines: Sequence[bytes], name: str, wanted: Wanted) -> Dialect | None:
    return _of_sql(sample) if _SQL.search(sample) else None


def _of_sql(sample: bytes) -> Dialect:
    """An SQL dump, with how it writes strings."""
    from leakcheck.records.sql_tokens import strings_of  # milliseconds that other texts can save

    return Dialect(Form.SQL, strings=strings_of(sample))


def _html(sample: bytes, lines: Sequence[bytes], name: str, wanted: Wanted) -> Dialect | None:
    """Tables in HTML, for what stands in their columns; addresses are searched anywhere.

    Not a list of accounts that stands on a page with a table, nor XML that holds such a page.
    """
    if not wanted.kind.secret or not _HTML.match(lines[0].removeprefix(b"\xef\xbb\xbf")):
        return None
    root = _ROOT.search(sample)
    if root is None or not html.is_tag(root[1].decode()):
        return None
    declared = lines[0].lstrip(b"\xef\xbb\xbf \t").startswith(b"<?xml")
    if (declared and not _PAGE.search(sample[:2048])) or share(lines, _of_list) >= 0.5:
        return None
    cells = re.search(rb"<t[dh][\s>]", sample, re.IGNORECASE)
    return Dialect(Form.HTML) if cells and re.search(rb"<tr[\s>]", sample, re.IGNORECASE) else None


def _xml(sample: bytes, lines: Sequence[bytes], name: str, wanted: Wanted) -> Dialect | None:
    first = lines[0].lstrip()
    tags = share(lines, re.compile(rb"\s*</?[A-Za-z][^<>]*>.*").match)
    if first.startswith(b"<?xml") or (re.match(rb"<[A-Za-z!]", first) and tags >= MOST):
        return None if _PAGE.search(sample[:2048]) else Dialect(Form.XML)
    return None


def _ldif(sample: bytes, lines: Sequence[bytes], name: str, wanted: Wanted) -> Dialect | None:
    """Entries of a directory; secrets in them are read as from any named lines."""
    if wanted.kind.secret and wanted.form is not Form.LDIF:
        return None
    whole = [line for line in lines if not line.startswith((b" ", b"#"))]
    entries = any(map(_DN.match, whole)) and share(whole, _ATTRIBUTE.match) >= MOST
    return Dialect(Form.LDIF) if entries else None


def _vcard(sample: bytes, lines: Sequence[bytes], name: str, wanted: Wanted) -> Dialect | None:
    if wanted.kind.secret:
        return None
    whole = [line for line in lines if not line.startswith((b" ", b"\t"))]
    cards = any(map(_CARD.fullmatch, whole)) and share(whole, _PROPERTY.match) >= MOST
    return Dialect(Form.VCARD) if cards or _CARD.fullmatch(lines[0]) else None


def _stealer(sample: bytes, lines: Sequence[bytes], name: str, wanted: Wanted) -> Dialect | None:
    if _is_displayed(lines):
        return Dialect(Form.STEALER)
    if share(lines, _with_host) >= 0.6:
        schemes = share(lines, _ULP.match) > 0
        found = _table(lines, name, wanted, True)
        # What stands behind the third column is not of the password.
        wide = found is not None and found.delimiter != ":" and found.width > 3
        if not (_headed(found, schemes) or (wide and not schemes)):
            return Dialect(Form.STEALER)
    roles = Counter(columns.role(one) for one in _names(lines))
    known = sum(count for one, count in roles.items() if one is not Role.OTHER)
    if roles[Role.PASSWORD] and known >= len(lines) * 0.4 and not _nested(lines):
        return Dialect(Form.STEALER)
    return None


def _with_host(line: bytes) -> re.Match[bytes] | None:
    return _ULP.match(line) or _HLP.match(line)


def _of_list(line: bytes) -> re.Match[bytes] | None:
    return _account(line) or _with_host(line)


def _is_displayed(lines: Sequence[bytes]) -> bool:
    """Whether lines are rows that a shell of a database displays as blocks.

    One such row in a list of something else, or in a cell, makes no form: lines
    with which a value goes on are not counted, for a row takes whatever follows.
    """
    row, named, more = None, 0, 0
    for line in lines:
        text = line.decode("utf-8", "replace").rstrip()
        if displayed.is_first(text.strip()):
            row = displayed.Displayed(0, text.strip())
        elif row is not None:
            before = len(row.values)
            if not row.take(text):
                row = None
            elif len(row.values) > before:
                named += 1 + (before == 0)  # with the line that begins the row
            else:
                more += 1
    return named >= max(1, (len(lines) - more) * 0.4, len(lines) * 0.1)


def _headed(table: Dialect | None, schemes: bool) -> bool:
    """Whether a header names the secrets, whose columns may be more, and in another order.

    schemes: whether URLs have a scheme, at whose colon no row is to be cut.
    """
    if table is None or table.header is not Header.SURE or (schemes and table.delimiter == ":"):
        return False
    return any(columns.role(one) in (Role.PASSWORD, Role.HASH) for one in table.names)


def _yaml(sample: bytes, lines: Sequence[bytes], name: str, wanted: Wanted) -> Dialect | None:
    if share(lines, _YAML.match) < 0.9 or not _nested(lines):
        return None
    roles = {columns.role(one) for one in _names(lines)}
    known = roles & {Role.PASSWORD, Role.HASH, Role.ADDRESS, Role.LOGIN}
    return Dialect(Form.YAML) if known else None


def _names(lines: Sequence[bytes]) -> list[str]:
    """What stands before a colon and a blank, in each line that has it."""
    found = (_NAMED.match(line) for line in lines)
    return [match[1].decode("utf-8", "replace").strip("- \"'") for match in found if match]


def _nested(lines: Sequence[bytes]) -> bool:
    """Whether lines are indented under others, or begin with the mark of a list."""
    marked = any(re.match(rb"\s*- |---\s*$", line) for line in lines)
    opened = any(re.match(rb"[^\s#][^:]*:\s*$", line) for line in lines)
    return marked or (opened and any(re.match(rb"  ?\S|\s{2,}\S", line) for line in lines))


def _tabled(sample: bytes, lines: Sequence[bytes], name: str, wanted: Wanted) -> Dialect | None:
    return _table(lines, name, wanted, ask=True)


def _table(lines: Sequence[bytes], name: str, wanted: Wanted, ask: bool) -> Dialect | None:
    """A table with columns; None where there is none, or where it is a list of accounts.

    ask: whether its owner has not said that it is a table.
    """
    text = [line.decode("utf-8", "surrogateescape") + "\n" for line in lines]
    said = re.fullmatch(r"sep=(.)\s*", text[0])
    marks = (said[1],) if said else (*table.DELIMITERS, ":")
    mark, width, alike = table.delimiter_of(text[bool(said) :], marks)
    if not mark:
        return None
    rows = table.first_rows(text[bool(said) :], mark)
    header, above = columns.header(rows)
    if wanted.header is not None:
        header, above = (Header.SURE, above) if wanted.header else (Header.NO, 0)
    if ask and not said and header is not Header.SURE:
        named = name.lower().removesuffix(".gz").endswith((".csv", ".tsv"))
        least = 0.3 if named else 0.6
        if wanted.columns:
            apart = alike >= least
        elif mark == ":" or _accounts(lines) or (width == 2 and header is Header.NO and not named):
            apart = False
        else:
            apart = alike >= (0.9 if header is Header.NO and not _speak(lines) else least)
        if not apart:
            return None
    names = () if header is Header.NO else tuple(readable(cell).strip() for cell in rows[above])
    if names and columns.first_unnamed(rows[above:]):
        names = ("", *names)
    return Dialect(
        Form.CSV,
        delimiter=mark,
        width=len(names) or width,
        names=names,
        header=header,
        above=above + bool(said),
    )


def _speak(lines: Sequence[bytes]) -> bool:
    """Whether addresses stand in most lines."""
    return share(lines, _HAS_ADDRESS.search) > 0.5


def _one_column(lines: Sequence[bytes], wanted: Wanted) -> Dialect:
    """A table of a single column."""
    first = readable(lines[0].decode("utf-8", "surrogateescape")).strip().strip('"')
    header = wanted.header if wanted.header is not None else columns.role(first) is not Role.OTHER
    sure = Header.SURE if wanted.header else Header.LIKELY
    return Dialect(
        Form.CSV, delimiter=",", names=(first,) if header else (), header=sure if header else
        Header.NO,
    )  # fmt: skip


def _accounts(lines: Sequence[bytes]) -> bool:
    """Whether most lines are an address and something behind it, or before it."""
    behind = [match[1] for line in lines if (match := _account(line))]
    pairs = share(behind, _ALONE.fullmatch) > 0.5  # of addresses: no passwords
    if not pairs and len(behind) >= len(lines) * 0.6:
        return True
    return not pairs and share(lines, _REVERSED.fullmatch) >= MOST


def _account(line: bytes) -> re.Match[bytes] | None:
    return _COMBO.match(line) or _NUMBERED.match(line)


_LOOKS: tuple[Callable[[bytes, Sequence[bytes], str, Wanted], Dialect | None], ...] = (
    _json, _html, _sql, _xml, _ldif, _vcard, _windows, _cracked, _stealer, _yaml, _tabled,
)  # fmt: skip


def _plain(lines: Sequence[bytes]) -> Dialect:
    """What lines are that hold no structure of several columns."""
    if _accounts(lines):
        return Dialect(Form.COMBO)
    if sum(1 for line in lines if _signed(line) and _HAS_ADDRESS.search(line)) * 50 >= len(lines):
        named = columns.role(lines[0].decode("utf-8", "replace").strip(" \t\"':"))
        header = named in (Role.ADDRESS, Role.LOGIN) and not _signed(lines[0])
        return Dialect(Form.TEXT, header=Header.LIKELY if header else Header.NO)
    if any(share(lines, _pair(mark)) >= MOST for mark in (b" | ", b" : ", b" ; ")):
        return Dialect(Form.COMBO)
    like = share(lines, _like_password)
    if like < 0.9:
        odd = share(lines, lambda line: not _CONTROL.search(line))
        return Dialect(None, said("a text of long lines") if odd >= 0.9 else said("a binary file"))
    counts = [(sum(mark in line for line in lines), mark) for mark in _STRUCTURE]
    count, mark = max(counts, key=lambda one: one[0])
    most = count / len(lines)
    names = Counter(_names(lines))
    if len(names) and names.total() >= len(lines) * MOST and len(names) * 3 <= len(lines):
        return Dialect(None, said("lines with a name before each value"))
    if most >= MOST and mark not in (b"=", b" - ") and share(lines, _two(mark)) >= MOST:
        return Dialect(Form.COMBO, either=len(lines) < _FEW)
    if most >= 0.4:
        return Dialect(None, said("lines with {mark} in most of them", mark=repr(mark.decode())))
    if share(lines, lambda line: b" " in line.strip()) >= MOST:
        return Dialect(Form.COMBO, either=True)
    if share(lines, _HASH.fullmatch) >= 0.1:
        return Dialect(None, said("a list of hashes and of something else"))
    return Dialect(Form.PASSWORDS)


def _two(mark: bytes) -> Callable[[bytes], bool]:
    """Whether something stands before and behind a mark."""

    def test(line: bytes) -> bool:
        before, _, behind = line.partition(mark)
        return bool(before.strip() and behind.strip())

    return test


def _pair(mark: bytes) -> Callable[[bytes], bool]:
    """Whether a mark parts what could be a login and a password."""

    def test(line: bytes) -> bool:
        parts = line.split(mark)
        return len(parts) == 2 and all(part.strip() and _like_password(part) for part in parts)

    return test


def _cells(lines: Sequence[bytes], mark: bytes) -> list[list[str]]:
    return [line.decode("utf-8", "surrogateescape").split(mark.decode()) for line in lines]


def share(lines: Sequence[bytes], test: Callable[[bytes], object]) -> float:
    """The share of `lines` that pass `test`."""
    return sum(1 for line in lines if test(line)) / len(lines) if lines else 0.0


def _like_password(line: bytes) -> bool:
    """Whether a line could be one password: short, few blanks, no control character."""
    return len(line) <= 64 and line.strip().count(b" ") <= 1 and not _CONTROL.search(line)
