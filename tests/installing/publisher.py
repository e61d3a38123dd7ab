"""A publisher on loopback: a folder of signed filters, and a server that can be told to lie."""

import contextlib
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from loopback.filters import key
from loopback.misbehaving import Piece, Request, Server, file, reply

import bloom
from leakcheck.__main__ import run
from leakcheck.sources import filter_header
from leakcheck.subject.kinds import Kind
from leakcheck.trust import signing
from leakcheck.trust.note import Signer

ACME = Signer("filters.example.org/acme", bytes(range(32)))
OTHER = Signer("filters.example.org/other", b"o" * 32)


@dataclass
class Publisher:
    """Files by name, as they are served now; `folder` is where they are made."""

    folder: Path
    files: dict[str, bytes] = field(default_factory=dict)
    server: Server | None = None
    cut_after: int | None = None
    """Break the connection off after so many bytes of filters in all."""

    @property
    def url(self) -> str:
        assert self.server is not None
        return self.server.url

    def build(self, name: str, keys: Iterable[int], **about: object) -> None:
        """Make the filter `name` of those keys."""
        told = {**filter_header.about(Kind.EMAIL, name=name.title()), **about}
        with bloom.Builder.open(self.folder / f"{name}.bloom", 20, replace=True) as builder:
            builder.add(b"".join(map(key, keys)))
            builder.finish(self.folder / f"{name}.bloom", 1e-6, told, replace=True)

    def sign(self, *names: str, by: Signer = ACME) -> None:
        """Sign the next edition with those filters, and serve all that is in the folder."""
        signing.sign([self.folder / f"{name}.bloom" for name in names], [by])
        self.serve()

    def withdraw(self, name: str, reason: str) -> None:
        """Withdraw a filter in the next edition, and serve all that is in the folder."""
        signing.withdraw(self.folder / f"{name}.bloom", reason, [ACME])
        self.serve()

    def serve(self) -> None:
        """Serve what is in the folder now."""
        self.files = {path.name: path.read_bytes() for path in self.folder.iterdir()}

    def asked(self, ending: str) -> list[tuple[int, int] | None]:
        """The spans of the requests so far for files that end so."""
        assert self.server is not None
        return [one.span() for one in self.server.requests if one.target.endswith(ending)]

    def answer(self, request: Request) -> Iterable[Piece]:
        data = self.files.get(request.target.removeprefix("/"))
        if data is None:
            return [reply(404)]
        answer = list(file(data, etag=f'"{bloom.format.checksum(data, 0).hex()}"')(request))
        if self.cut_after is not None and request.target.endswith(".bloom"):
            span = request.span()
            assert span is not None
            if span[1] >= self.cut_after:
                return [None]
        return answer


@contextmanager
def publishing(folder: Path) -> Iterator[Publisher]:
    """A publisher with a server."""
    folder.mkdir()
    found = Publisher(folder)
    with Server(found.answer) as server:
        found.server = server
        yield found


def command(*arguments: object) -> tuple[int, str, str]:
    """Run a command line in this process: exit status, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run([str(argument) for argument in arguments])
    return status, out.getvalue(), err.getvalue()
