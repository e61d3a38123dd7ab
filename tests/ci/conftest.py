"""What the tests of ci share: a filter that knows one password, a repository, the program."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from leakcheck.__main__ import run as run_program
from leakcheck.sources.filter_file import Builder
from leakcheck.sources.filter_header import about
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import digests_of

BREACHED = "Tr0ubadour&7-breached"


@pytest.fixture(scope="session")
def breached() -> str:
    """The password that the test filter knows."""
    return BREACHED


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filter that holds the breached password and nothing that stands in a test by chance."""
    path = tmp_path_factory.mktemp("filter") / "known.bloom"
    with Builder(digest_bytes=Kind.PASSWORD.digest_bytes) as builder:
        builder.add(digests_of(Kind.PASSWORD, [BREACHED, *(f"filler {n}" for n in range(50))]))
        builder.finish(path, rate=1e-9, about=dict(about(Kind.PASSWORD, name="Known")))
    return path


class Repository:
    """A git repository that tests fill."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        """Run git there."""
        return subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments],
            cwd=self.root, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip

    def write(self, name: str, text: str | bytes, *, add: bool = True) -> Path:
        """Write a file, and stage it."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if add:
            self.git("add", "-f", "--", name)
        return path

    def commit(self) -> None:
        """Commit what is staged."""
        self.git("commit", "-q", "-m", "x")


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """An empty repository, and the working folder in it."""
    root = tmp_path / "repo"
    root.mkdir()
    monkeypatch.chdir(root)
    return Repository(root)


class Ran:
    """How a run in this process ended."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def findings(self) -> list[str]:
        """`path:line` of each finding in the text report."""
        rows = [
            row
            for row in self.out.splitlines()
            if ": breached password" in row or ": default password" in row
        ]
        return [":".join(row.split(":")[:2]) for row in rows]


@pytest.fixture
def ci(capfd: pytest.CaptureFixture[str], known: Path) -> Callable[..., Ran]:
    """Run `leakcheck ci` against the test filter, in this process."""

    def run(*arguments: str | Path, against: Path | None = known) -> Ran:
        named = ["--in", str(against)] if against else []
        status = run_program(["ci", *named, *map(str, arguments)])
        captured = capfd.readouterr()
        return Ran(status, captured.out, captured.err)

    return run
