"""A small synthetic corpus of ranges, the same for server and expectation."""

import hashlib
import threading
from collections.abc import Iterable
from pathlib import Path

from loopback.misbehaving import Piece, Request, reply

from leakcheck.sources.filter_file import Builder
from leakcheck.sources.filter_header import about
from leakcheck.subject.kinds import Kind


def suffixes(prefix: str, version: int = 0, digits: int = 40, lines: int = 12) -> list[str]:
    """The suffixes of a range, sorted; each version has one more than the last."""
    texts = (f"{prefix} {at}".encode() for at in range(lines + version))
    return sorted({hashlib.sha1(text).hexdigest()[: digits - 5].upper() for text in texts})


def body(prefix: str, version: int = 0, digits: int = 40) -> bytes:
    lines = (
        f"{suffix}:{at % 5 + 1}" for at, suffix in enumerate(suffixes(prefix, version, digits))
    )
    return "\r\n".join(lines).encode()


class Corpus:
    """Answers as the service does, with ETags. `versions`: ranges that have changed."""

    def __init__(self) -> None:
        self.versions: dict[str, int] = {}
        self.asked: list[str] = []
        self.statuses: list[int] = []
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Iterable[Piece]:
        path, _, query = request.target.partition("?")
        prefix = path.removeprefix("/range/")
        digits = 32 if query == "mode=ntlm" else 40
        version = self.versions.get(prefix, 0)
        etag = f'"{digits}-{version}"'
        same = request.headers.get("if-none-match") == etag
        with self._lock:
            self.asked.append(prefix)
            self.statuses.append(304 if same else 200)
        if same:
            return [reply(304, ETag=etag)]
        return [
            reply(
                200,
                body(prefix, version, digits),
                ETag=etag,
                Last_Modified="Tue, 24 Nov 2026 12:00:00 GMT",
            )
        ]


def expected(path: Path, last: int, url: str, **fields: str) -> bytes:
    """The bytes of the filter that a fetch of ranges 00000 to `last` must make."""
    with Builder(20) as builder:
        for number in range(last + 1):
            prefix = f"{number:05X}"
            builder.add(b"".join(bytes.fromhex(prefix + each) for each in suffixes(prefix)))
        note = f"only ranges 00000 to {last:05X}"
        told = about(Kind.PASSWORD, name="Pwned Passwords", date="2026-11-24", url=url, note=note)
        builder.finish(path, 1e-3, {**told, "incomplete": True}, replace=True)
    return path.read_bytes()
