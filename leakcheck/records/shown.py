"""What a report may show of a row beside its subject: only values that cannot be secret.

Of a list of secrets that is an allow-list (where an account is, and whose), with
columns for persons where they are beside addresses; of any other list all but
what is private by its name, and no cell of a column without a name.
"""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from leakcheck.language import said
from leakcheck.patterns import late
from leakcheck.records import columns
from leakcheck.records.columns import Role
from leakcheck.records.rows import readable
from leakcheck.subject.kinds import Kind

HIDDEN = "•••"
_SECRET = (Role.PASSWORD, Role.HASH, Role.PRIVATE)
_ALLOWED = (Role.LABEL, Role.LOGIN, Role.ADDRESS)
_WITHIN = frozenset(
    ("fields", "customfields", "sections", "details", "history", "passwordhistory", "attachments")
)
_PAIRED = late(r"@[^\s:;|,=@]+(?:\s*[:;|,=]\s*|\s+)(?![^\s@]*@)[^\s>)\]]")
"""An address and a word behind it, as an account in a row of another form."""
_SURROGATES = re.compile("[\ud800-\udfff]")
_MOST_SHOWN = 2000  # characters of one cell


class ShownColumns:
    """What a report may show of rows with certain names, and under which name."""

    def __init__(self, names: Sequence[str], sure: bool, kind: Kind, table: bool) -> None:
        """sure: whether the names are names, and not the first row; table: of columns."""
        repeated = len(set(names)) < len(names)  # members of one name, whose values share a cell
        self.names = columns.distinct(names if sure else (), len(names))
        if sure and repeated and not table:
            self.names = tuple(names)
        roles = [columns.role(name) for name in names]
        secret = kind.secret
        beside = Role.PASSWORD in roles or secret
        self.allowed = []
        for name, role in zip(names, roles, strict=True):
            if not sure or not name.strip():
                allowed = False
            elif secret or beside:
                known = role in _ALLOWED or (role is Role.KNOWN and not secret)
                allowed = known and not _is_within(name)
            else:
                allowed = role not in _SECRET
            self.allowed.append(allowed)
        self._beside = beside
        pairs = zip(self.names, self.allowed, strict=True)
        self.hidden = [name for name, allowed in pairs if not allowed]

    def cell(self, at: int, text: str, secrets: Sequence[bytes] = ()) -> str:
        """What is shown of a cell."""
        if not text:
            return text
        if at >= len(self.allowed) or not self.allowed[at]:
            return HIDDEN
        shown = readable(text)
        if self._beside:
            shown = plain_url(shown)
            if "@" in shown and _PAIRED.search(shown):
                return HIDDEN
            if any(len(one) > 3 and one in text.encode("utf-8", "replace") for one in secrets):
                return HIDDEN
        return shown if len(shown) <= _MOST_SHOWN else shown[:_MOST_SHOWN] + "…"

    def as_they_are(self, rows: Sequence[Sequence[str]]) -> bool:
        """Whether what is shown of these rows' cells is shown unchanged."""
        joined = list(map("".join, rows))
        text = "".join(joined)
        return (
            not self._beside
            and max(map(len, rows)) <= len(self.names)
            and max(map(len, joined)) <= _MOST_SHOWN
            and (text.isascii() or not _SURROGATES.search(text))
        )

    @property
    def varies(self) -> bool:
        """Whether it depends on a cell what is shown of it."""
        return self._beside

    def name(self, at: int) -> str:
        """A column's name."""
        return self.names[at] if at < len(self.names) else said("column {at}", at=at + 1)


def plain_url(text: str) -> str:
    """A URL without credentials, query and fragment; any other text as it is."""
    try:
        parts = urlsplit(text.strip())
        if not parts.scheme or not parts.netloc:
            return text
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return HIDDEN
    if parts.scheme.startswith("otp") or " " in text.strip():
        return HIDDEN
    return f"{parts.scheme}://{host}{port}{parts.path}"


def _is_within(name: str) -> bool:
    """Whether a name is that of something within custom fields and their like."""
    parts = [columns.bare(part) for part in name.split(".")[:-1]]
    return any(part in _WITHIN or columns.role(part) is Role.NOTE for part in parts)
