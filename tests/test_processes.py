"""What systems do differently with processes: here, and where a thing is missing."""

import io
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from leakcheck import processes
from leakcheck.errors import UsageError
from leakcheck.input import ReadError
from leakcheck.input.child import Child


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="macOS takes the limit and does not heed it")
def test_a_limit_on_memory_holds() -> None:
    assert run(
        "from leakcheck.processes import limit_memory\n"
        "assert limit_memory(200 << 20)\n"
        "try: data = bytes(400 << 20)\n"
        "except MemoryError: print('refused')"
    ) == "refused"  # fmt: skip


def test_a_limit_on_the_processor_ends_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from leakcheck.processes import limit_processor_time as limit\n"
         "assert limit(1)\nwhile True: pass"],
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode < 0


def test_no_limit_is_raised_above_what_the_system_allows() -> None:
    assert run(
        "import resource\nfrom leakcheck.processes import allow_open_files, limit_memory\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200))\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))\n"
        "print(allow_open_files(4000, 7), allow_open_files(150, 7), limit_memory(2 << 30))"
    ) == "200 200 True"  # fmt: skip


def test_where_there_are_no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_module", lambda name: None)
    assert not processes.limit_memory(1)
    assert not processes.limit_processor_time(1)
    assert processes.allow_open_files(4000, 512) == 512


def test_sockets_at_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    with processes.local_socket() as made:
        assert processes.is_local(made)
    with socket.socket() as other:
        assert not processes.is_local(other)
        monkeypatch.delattr(socket, "AF_UNIX")
        assert not processes.is_local(other)
    with pytest.raises(UsageError, match="Linux and macOS"):
        processes.local_socket()


@pytest.mark.skipif(not processes.CAN_FORK, reason="this system does not copy processes here")
def test_a_copy_of_the_process() -> None:
    def work(writing: int) -> None:
        os.write(writing, b"done")
        os._exit(0)

    child, reading = processes.fork(work)
    assert os.read(reading, 9) == b"done"
    os.close(reading)
    processes.end_fork(child)
    processes.end_fork(child)  # it is gone, and that is no error


@pytest.mark.skipif(not processes.CAN_FORK, reason="this system does not copy processes here")
def test_a_copy_that_fails_does_not_go_on_as_its_parent() -> None:
    def work(writing: int) -> None:
        raise RuntimeError

    child, reading = processes.fork(work)
    assert os.read(reading, 9) == b""
    os.close(reading)
    assert os.waitpid(child, 0)[1] != 0


def test_an_open_file_is_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"data")
    handle = os.open(path, os.O_RDONLY)
    name, passing = processes.hand_over(handle)
    program = (
        "import os, sys; from leakcheck.processes import take_over\n"
        "print(os.read(take_over(sys.argv[1]), 9))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, name],
        capture_output=True,
        timeout=60,
        check=True,
        **passing,
    )
    assert done.stdout == b"b'data'\n"

    # As Windows does it: by a handle in the list of those inherited, and by no other.
    inherited: list[tuple[int, bool]] = []
    runtime = SimpleNamespace(
        get_osfhandle=lambda handle: handle + 1000,
        open_osfhandle=lambda handle, flags: handle - 1000,
    )
    monkeypatch.setattr(processes, "_module", {"msvcrt": runtime}.get)
    monkeypatch.setattr(
        os, "set_handle_inheritable", lambda *given: inherited.append(given), raising=False
    )
    monkeypatch.setattr(subprocess, "STARTUPINFO", SimpleNamespace, raising=False)
    name, passing = processes.hand_over(handle)
    assert (name, inherited) == (str(handle + 1000), [(handle + 1000, True)])
    assert passing["startupinfo"].lpAttributeList == {"handle_list": [handle + 1000]}
    assert processes.take_over(name) == handle
    os.close(handle)


def test_where_no_file_can_be_nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member of an archive is then not unpacked, and the user is told what to do."""
    monkeypatch.delattr(os, "memfd_create", raising=False)
    assert processes.nameless_file(memoryview(b"data")) is None
    with pytest.raises(ReadError, match="unpack the archive first"):
        Child("leakcheck.input.unpack7z", io.BytesIO(b"data"), damaged="")


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="no memory without a name here")
def test_where_a_sandbox_forbids_nameless_memory_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "memfd_create", refuse)
    assert processes.shared_memory(4096) is None
    assert processes.nameless_file(memoryview(b"x")) is None
