"""No command makes a request that was not asked for, and none at all with --offline.

The interpreter's audit sees every connection and every look-up of a name, and
every program that is started.
"""

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leakcheck import terminal
from leakcheck.__main__ import run
from leakcheck.cli import COMMANDS

_events: list[str] | None = None


def _audit(event: str, details: tuple[object, ...]) -> None:
    if _events is None:
        return
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        _events.append(f"{event} {details[1:]!r}")
    elif event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"):
        _events.append(f"start {Path(os.fsdecode(str(details[0]))).name}")


sys.addaudithook(_audit)


@contextlib.contextmanager
def watched() -> Iterator[list[str]]:
    global _events
    _events = events = []
    try:
        yield events
    finally:
        _events = None


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with dumps, lists, filters with their keys, and a tree to look through."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "dump.txt").write_text("alice@example.fr:sunflower\nbob@example.fr:letmein\n")
    (folder / "vault.csv").write_text("name,username,password\nA,alice,sunflower\n")
    (folder / "other.txt").write_text("carol@example.org\n")
    (folder / "watch.txt").write_text("alice@example.fr\n@example.org\n")
    assert run(["keys", "new", "filters.example/acme", "-o", str(folder / "signing.key")]) == 0
    (folder / "tree").mkdir()
    (folder / "tree" / ".env").write_text("DB_PASSWORD=sunflower\n")
    for name in ("dump", "other"):
        out = str(folder / f"{name}.bloom")
        given = ["--kind", "email", "--keep-keys"]
        assert run(["build", str(folder / f"{name}.txt"), "-o", out, *given]) == 0
    return folder


ADDRESS = "alice@example.fr"
CASES: list[tuple[int, list[str]]] = [
    (0, ["build", "dump.txt", "-o", "new.bloom", "--kind", "email"]),
    (1, ["check", ADDRESS, "--in", "dump.bloom", "--offline"]),
    (1, ["check", ADDRESS, "--in", "dump.bloom"]),
    (1, ["check", "--from-file", "watch.txt", "--in", "dump.bloom", "--offline"]),
    (1, ["check", "--password", "--offline"]),
    (2, ["check", ADDRESS, "--in", "https://filters.example/a.bloom", "--offline"]),
    (2, ["check", "--password", "--in", "hibp", "--offline"]),
    (1, ["scan", "dump.txt", "--in", "dump.bloom", "--offline"]),
    (2, ["scan", "dump.txt", "--in", "https://filters.example/a.bloom", "--offline"]),
    (1, ["ci", "tree", "--offline"]),
    (1, ["ci", "tree"]),
    (2, ["ci", "tree", "--in", "hibp", "--offline"]),
    (1, ["hunt", "dump.txt", "--watch", "watch.txt"]),
    (2, ["fetch", "-o", "fetched.bloom", "--offline"]),
    (0, ["range", "5f", "--from", "dump.bloom", "-o", "slice.bloom"]),
    (0, ["serve", ".", "--port", "0"]),
    (0, ["export", "dump.txt", "--to", "text", "-o", "hashes.txt"]),
    (0, ["inspect", "dump.txt"]),
    (0, ["merge", "dump.bloom", "other.bloom", "-o", "merged.bloom", "--name", "Both"]),
    (0, ["info", "dump.bloom"]),
    (0, ["verify", "dump.bloom"]),
    (0, ["keys", "new", "filters.example/acme", "-o", "new.key"]),
    (0, ["keys", "list"]),
    (0, ["sign", "other.bloom", "--key", "signing.key"]),
    (0, ["filters", "add", "dump.bloom"]),
    (2, ["filters", "add", "https://filters.example/a.bloom", "--offline"]),
    (0, ["filters", "list"]),
    (0, ["filters", "update"]),
    (0, ["completion", "bash"]),
    (0, ["config"]),
    (0, ["demo"]),
    (1, ["vault", "vault.csv", "--offline"]),
    (2, ["publish", "missing.bloom", "-o", "site", "--title", "Acme", "--contact", ADDRESS]),
    (2, ["answer", "--in", "missing.bloom", "--port", "0"]),
    (0, ["keys", "list"]),
    (2, ["sign", "dump.bloom", "--key", "missing.key"]),
    (2, ["info", "https://filters.example/a.bloom", "--offline"]),
]


def test_every_command_is_among_the_cases() -> None:
    assert {arguments[0] for _, arguments in CASES} == set(COMMANDS)


@pytest.mark.parametrize(
    ("status", "arguments"),
    CASES,
    ids=lambda each: " ".join(each[:2]) if isinstance(each, list) else "",
)
def test_no_request(
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    arguments: list[str],
) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"sunflower\n")))
    monkeypatch.setattr(terminal, "say", _ending(terminal.say))
    with watched() as events:
        assert run(arguments) == status
    assert set(events) <= {"start git"}, events
    for path in place.glob("new.bloom*"):
        path.unlink()


def _ending(say: Callable[[str], None]) -> Callable[[str], None]:
    """`say`, and half a second after `serve` said that it serves, the signal that ends it."""

    def said(text: str) -> None:
        say(text)
        if text.startswith("Serving"):
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()

    return said


def test_the_watch_sees_what_it_must() -> None:
    import socket

    with watched() as events, contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", 9), 1)
    assert any("socket.connect" in event for event in events)
