"""What is asked of the server and what it answers, as values: no server, no sockets."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

PLAIN = "text/plain; charset=utf-8"


class HttpRequest(NamedTuple):
    """A request.

    Attributes:
        method: as it was sent.
        path: decoded.
        query: as it was sent, without the question mark.
        fields: names in lower case.
    """

    method: str
    path: str
    query: bytes
    fields: Mapping[str, str]


@dataclass(slots=True)
class HttpAnswer:
    """An answer.

    Attributes:
        status: HTTP's.
        fields: without Content-Length, which follows from the body.
        body: all of it, where there are no pieces.
        pieces: a long body, `length` bytes in all; closed where it is not read to its end.
    """

    status: int
    fields: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    pieces: Generator[bytes, None, None] | None = None
    length: int | None = None

    @classmethod
    def plain(cls, text: str | bytes, status: int = 200, **fields: str) -> "HttpAnswer":
        """Text; of a field's name, an underscore stands for a hyphen."""
        body = text if isinstance(text, bytes) else text.encode()
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        return cls(status, {"Content-Type": PLAIN} | named, body)
