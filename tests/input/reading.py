"""What the tests of reading share: read everything, as build and hunt do."""

import subprocess
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from leakcheck.errors import InputError
from leakcheck.input import Options, ReadError, Skipped, chunks, inputs
from leakcheck.input.child import Child


class Texts(dict[str, bytes]):
    """The text of each input by its label; what broke off, and what was skipped."""

    def __init__(self) -> None:
        super().__init__()
        self.broken: dict[str, str] = {}
        self.skipped: list[Skipped] = []

    @property
    def lost(self) -> list[str]:
        """Why something was not read, where keys may have been lost."""
        return [one.reason for one in self.skipped if one.lost]


def read(*paths: object, size: int = 1 << 20, **options: object) -> Texts:
    """Read all of `paths`."""
    texts = Texts()
    asked = Options(skipped=texts.skipped.append, **options)  # type: ignore[arg-type]
    for item in inputs([str(path) for path in paths], asked):
        pieces = []
        try:
            for chunk in chunks(item.open(), size):
                pieces.append(bytes(chunk.data))
        except ReadError as error:
            texts.broken[item.label] = str(error)
        texts[item.label] = b"".join(pieces)
    return texts


def until_broken(stream: Any, size: int = 1 << 20) -> tuple[bytes, str]:
    """What the chunks of `stream` hold, and what broke it off."""
    pieces = []
    try:
        for chunk in chunks(stream, size):
            pieces.append(bytes(chunk.data))
    except ReadError as error:
        return b"".join(pieces), str(error)
    raise AssertionError("the stream did not break")


def refusal(*paths: object, **options: object) -> str:
    """The sentence with which reading `paths` is refused."""
    with pytest.raises(InputError) as caught:
        read(*paths, **options)
    return str(caught.value)


def tool(*command: object, cwd: Path | None = None) -> bytes:
    """Run a real tool; skip the test where it is not installed."""
    if which(str(command[0])) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


LINES = b"".join(b"user%d@example.fr:secret%d\n" % (at, at * 7919) for at in range(20_000))


def started(monkeypatch: pytest.MonkeyPatch) -> list[Child]:
    """The readers of foreign formats that are started as children, from now on."""
    found: list[Child] = []
    plain = Child.__init__

    def noted(self: Child, *args: object, **more: object) -> None:
        plain(self, *args, **more)  # type: ignore[arg-type]
        found.append(self)

    monkeypatch.setattr(Child, "__init__", noted)
    return found
