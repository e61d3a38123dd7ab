"""Reading in several processes: the same as in one, and a part that is lost is never clean."""

import os
import signal
import sys
from dataclasses import fields

import pytest

from leakcheck.ci import parts
from leakcheck.ci.listing import FileListing
from leakcheck.ci.names import Names
from leakcheck.ci.policy import Policy
from leakcheck.ci.selection import Selection
from leakcheck.errors import InputError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="one process elsewhere")


@pytest.fixture
def many(repo, breached: str, monkeypatch: pytest.MonkeyPatch):
    """A repository of which the blocks and the number of processes are small."""
    monkeypatch.setattr(parts, "_BLOCK", 3)
    monkeypatch.setattr(parts, "_WORTH_A_CHILD", 5)
    monkeypatch.setattr(parts, "usable_cores", lambda: 3)
    for number in range(40):
        repo.write(f"f{number:02}.env", f"A_PASSWORD={breached}{number}\nB_PASSWORD={breached}\n")
    repo.write("x1.env", b"A=1\0" * 5 + bytes(range(256)) * 9)
    repo.write("x2.env", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    repo.write("x3.bin2", b"\x7fELF\0\0")
    repo.write("x4.env", f"C_PASSWORD={breached} # leakcheck: ignore\n")
    repo.write("x5.env", "gone")
    (repo.root / "x5.env").unlink()
    return repo


def read(repo) -> parts.ReadPart:
    items = FileListing(repo.root, Selection(Policy())).items([])
    return parts.read_items(repo.root, items, parts.Manner(Names(), 10_000))


def held(part: parts.ReadPart) -> dict[str, object]:
    return {each.name: getattr(part, each.name) for each in fields(part)}


def test_several_processes_see_what_one_sees(many, monkeypatch: pytest.MonkeyPatch) -> None:
    several = read(many)
    forked = []
    fork = os.fork
    monkeypatch.setattr(os, "fork", lambda: forked.append(1) or fork())
    assert held(read(many)) == held(several)
    assert len(forked) == 2
    monkeypatch.setattr(parts, "usable_cores", lambda: 1)
    assert held(read(many)) == held(several)
    assert len(forked) == 2
    assert len(several.found) == 80
    assert (several.gone, several.ignored, several.binary) == (1, 1, ["x3.bin2"])
    assert [path for path, _ in several.unreadable] == ["x1.env", "x2.env"]
    assert several.paths == sorted(several.paths)


def test_a_child_that_is_killed_is_no_clean_part(many, monkeypatch: pytest.MonkeyPatch) -> None:
    parent, look = os.getpid(), parts.read_file

    def die(*given: object, **named: object) -> object:
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return look(*given, **named)

    monkeypatch.setattr(parts, "read_file", die)
    with pytest.raises(InputError, match="a process was ended"):
        read(many)


def test_a_fault_in_a_child_is_no_clean_part(
    many, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], breached: str
) -> None:
    parent = os.getpid()

    def break_(*given: object, **named: object) -> object:
        if os.getpid() != parent:
            raise ValueError(breached)
        return []

    monkeypatch.setattr(parts, "read_file", break_)
    with pytest.raises(InputError, match="a process was ended"):
        read(many)
    assert breached not in "".join(capfd.readouterr())


def test_an_error_of_a_child_is_the_error(many, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = os.getpid()

    def refuse(*given: object, **named: object) -> object:
        if os.getpid() != parent:
            raise InputError("not so")
        return []

    monkeypatch.setattr(parts, "read_file", refuse)
    with pytest.raises(InputError, match="not so"):
        read(many)


def test_no_child_is_left(many, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*given: object, **named: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(parts, "read_file", interrupt)
    with pytest.raises(KeyboardInterrupt):
        read(many)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
