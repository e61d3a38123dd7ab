"""Which row is the header, and which column holds the subjects.

Rule: a row is taken as the header only where it cannot be a subject: nobody
is lost to a guess. Which row and column were taken is said in the report.
"""

import re
from collections.abc import Sequence

from leakcheck.errors import InputError, UsageError
from leakcheck.subject.kinds import Kind

_ADDRESS = re.compile(r"[^\s@]@[^\s@]+\.[^\s@]")
_PATTERN = re.compile(r"\s*@[^\s@]+\.[^\s@]+\s*")
_HASH = re.compile(r"\s*(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40})(?::\d+)?\s*")
_LABEL = re.compile(r"[^\W\d_][^@\d=<>(){}\[\]\\]{0,60}")
_MAIL_WORDS = re.compile(
    r"e-?mails?|mails?|contacts?|courriels?|adresses?|addresses?|address|correo|indirizzo|posta|"
    r"user(?:name)?|login|upn|userprincipalname|subject|value",
    re.IGNORECASE,
)
_MOST_TITLES = 10
_SECRET_WORDS = re.compile(
    r"passwords?|passwd|pwd|pass|mot[ _]de[ _]passe|mdp|passwort|kennwort|contrase\w+|"
    r"hash(?:es)?|sha-?1|nt(?:lm)?[ _-]?(?:hash)?|credentials?|value",
    re.IGNORECASE,
)


def is_subject(text: str, kind: Kind) -> bool:
    """Whether `text` looks like a subject of `kind`; of secrets, anything does."""
    if kind in (Kind.EMAIL, Kind.CREDENTIAL):
        return bool(_ADDRESS.search(text) or _PATTERN.fullmatch(text))
    if kind is Kind.DOMAIN:
        return "." in text.strip(". ")
    return bool(text)


def looks_hashed(cells: Sequence[str]) -> bool:
    """Whether most of `cells` are SHA-1 or NT hashes: hashed again, they would all be clean."""
    filled = [cell for cell in cells if cell.strip()]
    return sum(_HASH.fullmatch(cell) is not None for cell in filled) * 2 > len(filled)


def column_of(sample: Sequence[Sequence[str]], column: int) -> list[str]:
    """The cells of one column."""
    return [row[column] for row in sample if column < len(row)]


def is_header(
    row: Sequence[str], column: int, kind: Kind, width: int, *, hashes: bool = False
) -> bool:
    """Whether `row` names the columns: words in every cell, none of them a subject."""
    if kind.secret and not hashes and width == 1:
        return False  # any word is a password, "password" the first of all
    filled = [cell.strip() for cell in row if cell.strip()]
    cell = row[column].strip() if column < len(row) else ""
    words = _SECRET_WORDS if kind.secret or hashes else _MAIL_WORDS
    if not all(_LABEL.fullmatch(each) for each in filled) or not cell:
        return bool(words.fullmatch(cell)) and not any("@" in each for each in filled)
    if words.fullmatch(cell):
        return True
    # Any other word: only beside others like it, and never above secrets, which are words too.
    several = width > 1 and len(filled) > 1 and len(set(filled)) == len(filled)
    return several and not kind.secret and "." not in cell


def find_column(
    sample: Sequence[Sequence[str]], width: int, kind: Kind, name: str, *, hashes: bool | None
) -> int:
    """The column with most subjects of `kind` in `sample`, or with hashes.

    hashes: whether it must hold hashes, None where it may. Of equals, the one
    whose first cell is a word for it, then the leftmost. Raises InputError
    where no column has any, or where only a person can tell.
    """
    if width <= 1:
        return 0
    words = _SECRET_WORDS if kind.secret else _MAIL_WORDS
    head = list(sample[0]) if sample else []
    named = [at for at, cell in enumerate(head) if words.fullmatch(cell.strip().rpartition(".")[2])]
    hashed = [at for at in range(width) if looks_hashed(column_of(sample[1:], at))]
    if not hashes and not kind.secret:
        counts = [
            sum(is_subject(cell, kind) for cell in column_of(sample, at)) for at in range(width)
        ]
        if most := max(counts):
            best = [at for at, count in enumerate(counts) if count == most]
            return next((at for at in best if at in named), best[0])
    for choice in (hashed if hashes is not False else [], named if not hashes else []):
        if len(choice) == 1:
            return choice[0]
    what = "hashes" if hashes else f"{kind}s" if kind.secret else "addresses"
    raise InputError(f"{name}: which column holds the {what}? Name it with --column.")


def named_column(wanted: str, header: Sequence[str] | None, width: int) -> int:
    """The column that the user named: a header, whatever its case, or a number from 1.

    Raises UsageError where there is none.
    """
    if header is not None:
        folded = [cell.strip().casefold() for cell in header]
        if wanted.strip().casefold() in folded:
            return folded.index(wanted.strip().casefold())
    if wanted.isdecimal() and 1 <= int(wanted) <= width:
        return int(wanted) - 1
    choices = ", ".join(cell for cell in header or [] if cell) or f"1 to {width}"
    raise UsageError(f"There is no such column: choose from {choices}.")


def is_secret_name(name: str) -> bool:
    """Whether a column's name says that it holds passwords or hashes of them."""
    names = (part.strip() for part in (name, *name.split(".")))  # person.password, password.hash
    return any(_SECRET_WORDS.fullmatch(part) and part.lower() != "value" for part in names)


def may_be_combo(sample: Sequence[Sequence[str]], column: int) -> bool:
    """Whether rows without a header look like `address<separator>password`.

    A password may hold the separator, so a few rows may have more cells.
    """
    pairs = [row for row in sample if len(row) == 2]
    if column != 0 or len(pairs) * 2 <= len(sample):
        return False
    others = [row[1].strip() for row in pairs if row[1].strip()]
    return sum(" " not in other for other in others) * 2 > len(others)


def title_rows(sample: Sequence[Sequence[str]]) -> int:
    """How many rows at the top are a title: one cell each, as merged cells read, no address."""
    for at, row in enumerate(sample[: _MOST_TITLES + 1]):
        filled = [cell for cell in row if cell.strip()]
        if len(filled) > 1:
            return at
        if "@" in filled[0]:
            return 0
    return 0


def speaks_of(cell: str, kind: Kind) -> bool:
    """Whether a header's cell has a word for subjects of `kind` in it."""
    words = _SECRET_WORDS if kind.secret else _MAIL_WORDS
    return any(words.fullmatch(word) for word in (cell.strip(), *cell.replace(":", " ").split()))


def column_names(header: Sequence[str] | None, width: int) -> list[str]:
    """A distinct name for each column: its header, or `column N`."""
    names: list[str] = []
    for at in range(width):
        given = header[at].strip() if header is not None and at < len(header) else ""
        name = given or f"column {at + 1}"
        names.append(name if name not in names else f"{name} ({at + 1})")
    return names
