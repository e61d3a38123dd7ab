"""A value that may be a password, where it stands, and why it is not checked if it is not."""

from dataclasses import dataclass, field

IGNORED = "the line says leakcheck: ignore"
COMMENT = "it stands in a comment"


@dataclass(slots=True)
class Candidate:
    """A value that may be a password.

    line, column: 1-based, columns in characters; key: the name it stands
    under; reader: which one saw it; skip: why it is not checked, or None;
    comment: whether it stands in a comment.
    """

    line: int
    column: int
    key: str
    reader: str
    skip: str | None
    password: str = field(repr=False)
    comment: bool = False
