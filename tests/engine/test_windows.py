"""The Windows side, by simulation: nobody has run it on Windows yet."""

import os
import sys
import threading
import types
from inspect import signature
from pathlib import Path
from subprocess import run

import pytest

from bloom import posix, system, windows

LIKE = str(Path(__file__).parent / "windowslike.py")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the stage is built on /proc")

SESSIONS = {
    "build, check, and build again over it": """
        build dump.txt -o a.bloom --kind email --name A --keep-keys -> 0
        check alice@example.fr --in a.bloom -> 1
        check carol@example.fr --in a.bloom -> 0
        build dump.txt -o a.bloom --kind email --name A -> 2 exists already
        build dump.txt -o a.bloom --kind email --name A --force --keep-keys -> 0
        merge a.bloom.keys a.bloom.keys -o m.bloom -> 0
        verify m.bloom -> 0
        """,
    "resume, rejects, archives": """
        build dump.txt -o a.bloom --kind email --resume --rejects r.txt -> 0
        build dump.7z -o b.bloom --kind email -> 0
        build inner.zip -o c.bloom --kind email -> 2 unpack the archive first
        """,
    "install, replace, remove": """
        build dump.txt -o a.bloom --kind email --name A -> 0
        filters add a.bloom -> 0
        filters add a.bloom --force -> 0
        scan list.csv -o r.html -> 1
        scan list.csv -o r.html --force -> 1
        filters remove a.email -> 0
        """,
    "sign and publish, and again": """
        build dump.txt -o a.bloom --kind email --name A -> 0
        keys new filters.example.org/acme -o a.key -> 0
        publish a.bloom -o site --key a.key --title T --data email --contact a@b.fr -> 0
        publish a.bloom -o site --key a.key --title T --data email --contact a@b.fr --force -> 0
        """,
    "ci, hunt, vault, demo": """
        ci . -> 1
        hunt dump.txt --watch watch.txt -> 1
        vault passwords.csv -> 1
        demo -> 0
        """,
    "what Windows has not": """
        answer --socket a.socket -> 2 Linux and macOS
        """,
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    py7zr = pytest.importorskip("py7zr")
    (tmp_path / "home").mkdir()
    (tmp_path / "dump.txt").write_text("alice@example.fr:hunter2\nbob@example.org:x\n")
    (tmp_path / "list.csv").write_text("mail\nalice@example.fr\n")
    (tmp_path / "watch.txt").write_text("example.fr\n")
    (tmp_path / "passwords.csv").write_text("url,username,password\nhttps://a.fr,al,letmein\n")
    (tmp_path / "app.env").write_text("DB_PASSWORD=letmein\n")
    with py7zr.SevenZipFile(tmp_path / "dump.7z", "w") as archive:
        archive.write(tmp_path / "dump.txt", "dump.txt")
    import zipfile

    with zipfile.ZipFile(tmp_path / "inner.zip", "w") as outer:
        outer.write(tmp_path / "dump.7z", "dump.7z")
    return tmp_path


@pytest.mark.parametrize("session", SESSIONS)
def test_commands(place: Path, session: str) -> None:
    for line in SESSIONS[session].strip().splitlines():
        command, _, wanted = line.strip().partition(" -> ")
        status, _, said = wanted.partition(" ")
        done = run(
            [sys.executable, LIKE, *command.split()],
            cwd=place, capture_output=True, text=True, timeout=120, check=False,
            env=os.environ | {"LEAKCHECK_HOME": str(place / "home"), "PYTHONSAFEPATH": "1"},
        )  # fmt: skip
        assert done.returncode == int(status), (command, done.stdout, done.stderr)
        assert said in done.stderr, (command, done.stderr)
        assert "fault" not in done.stderr


def test_one_build_at_a_time(place: Path) -> None:
    """The lock of one process keeps another out."""
    program = (
        "import runpy, sys; like = runpy.run_path(sys.argv[1]); like['become']()\n"
        "from bloom.workdir import WorkDir; from pathlib import Path\n"
        "work = WorkDir(Path('a.bloom')); print('held', flush=True); sys.stdin.read(); work.close()"
    )
    from subprocess import PIPE, Popen

    with Popen([sys.executable, "-c", program, LIKE], cwd=place, stdin=PIPE, stdout=PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        done = run(
            [sys.executable, LIKE, "build", "dump.txt", "-o", "a.bloom", "--kind", "email"],
            cwd=place, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 2
        assert "Another build of a.bloom is running" in done.stderr
        child.communicate()
    assert not (place / ".a.bloom.build").exists()


def test_both_sides_give_out_the_same() -> None:
    for name in system.__all__:
        assert callable(getattr(posix, name))
        assert callable(getattr(windows, name))
        assert getattr(system, name) is getattr(posix, name)


def test_reading_and_writing_at_a_place_from_many_threads(tmp_path: Path) -> None:
    handle = os.open(tmp_path / "f", os.O_RDWR | os.O_CREAT)
    wrong: list[int] = []

    def work(number: int) -> None:
        for turn in range(200):
            at = (number * 200 + turn) * 8
            windows.pwrite(handle, at.to_bytes(8, "big"), at)
            block = bytearray(8)
            if (
                windows.pread(handle, 8, at) != at.to_bytes(8, "big")
                or windows.pread_into(handle, memoryview(block), at) != 8
                or block != at.to_bytes(8, "big")
            ):
                wrong.append(at)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert windows.pread(handle, 9, 8 * 1600 - 4) == (8 * 1599).to_bytes(8, "big")[4:]
    os.close(handle)


def test_a_rename_waits_for_what_holds_the_file_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a virus scanner does; and not for ever."""
    refused = [PermissionError(13, "in use")] * 2
    slept: list[float] = []

    def replace(path: object, target: object) -> None:
        if refused:
            raise refused.pop()

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(windows, "time", types.SimpleNamespace(sleep=slept.append))
    windows.replace(Path("a"), Path("b"))
    assert len(slept) == 2
    refused += [PermissionError(13, "in use")] * 99
    with pytest.raises(PermissionError):
        windows.replace(Path("a"), Path("b"))
    assert sum(slept) < 3


def test_a_link_in_the_way_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[int] = []
    fakes = {
        "_winapi": types.SimpleNamespace(CreateFile=lambda *_: 77),
        "msvcrt": types.SimpleNamespace(open_osfhandle=lambda handle, flags: handle),
    }
    link = types.SimpleNamespace(st_reparse_tag=0xA000000C)
    with monkeypatch.context() as patch:
        patch.setattr(windows, "_module", fakes.get)
        patch.setattr(windows, "os", types.SimpleNamespace(
            **vars(os) | {"fstat": lambda handle: link, "close": closed.append}
        ))  # fmt: skip
        with pytest.raises(OSError, match="link"):
            windows.open_to_write("a", empty=True)
        assert closed == [77]
        assert windows.open_to_read("a") == 77  # followed


def test_both_systems_give_the_same_functions() -> None:
    """What bloom.system gives out is in both of its modules, and called in the same way."""
    for name in system.__all__:
        here, there = (signature(getattr(module, name)) for module in (posix, windows))
        if name == "pread":  # the system's own: its parameters cannot be named
            here, there = len(here.parameters), len(there.parameters)
        assert here == there, name
