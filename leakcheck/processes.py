"""What operating systems do differently with processes and their sockets; files: bloom.system.

| | Linux | macOS | Windows |
|---|---|---|---|
| bound the memory of a child | yes | asked for, not heeded | no |
| bound its processor time | yes | yes | no |
| hand an open file to a child | inherited by number | same | inherited by handle |
| bytes as an open file, in no folder | memfd | no | no |
| memory that a child fills | memfd, sealed | no | no |
| read on in a copy of this process | yes | no: its libraries forbid it | no |
| a socket at a path | yes | yes | no, by Python |

What a system lacks is said by the answer (False, None) or by UsageError, never
passed over where it matters to the user.
"""

import contextlib
import importlib
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from leakcheck.errors import UsageError
from leakcheck.language import said

if TYPE_CHECKING:
    import socket


def limit_memory(most: int) -> bool:
    """Let this process have `most` bytes of data, and leave no core. Whether it could be asked."""
    return _limit("RLIMIT_DATA", most) and _limit("RLIMIT_CORE", 0)


def limit_processor_time(seconds: int) -> bool:
    """Let the system end this process after so many seconds of a processor."""
    return _limit("RLIMIT_CPU", seconds)


def _limit(what: str, most: int) -> bool:
    resource = _module("resource")
    if resource is None:
        return False
    number = getattr(resource, what)
    hard = resource.getrlimit(number)[1]
    resource.setrlimit(number, (most if hard == resource.RLIM_INFINITY else min(hard, most), hard))
    return True


def allow_open_files(wanted: int, otherwise: int) -> int:
    """How many files may be open at once, raised to `wanted` as far as the system lets us.

    otherwise: the answer where the system has no such limit to be asked for.
    """
    resource = _module("resource")
    if resource is None:
        return otherwise
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    if hard != resource.RLIM_INFINITY:
        wanted = min(hard, wanted)
    if soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return int(soft)


def hand_over(handle: int) -> tuple[str, dict[str, Any]]:
    """What to call an open file by towards a child, and what Popen needs to give it to it."""
    runtime = _module("msvcrt")
    if runtime is None:
        return str(handle), {"pass_fds": (handle,)}
    import subprocess

    inherited: int = runtime.get_osfhandle(handle)
    set_inheritable: Any = getattr(os, "set_handle_inheritable")  # noqa: B009 - Windows alone
    set_inheritable(inherited, True)
    start: Any = getattr(subprocess, "STARTUPINFO")  # noqa: B009
    return str(inherited), {"startupinfo": start(lpAttributeList={"handle_list": [inherited]})}


def take_over(name: str) -> int:
    """The open file that `hand_over` gave this name, in the child."""
    runtime = _module("msvcrt")
    if runtime is None:
        return int(name)
    opened: int = runtime.open_osfhandle(int(name), os.O_RDONLY | getattr(os, "O_BINARY", 0))
    return opened


def nameless_file(data: memoryview) -> int | None:
    """An open file that holds `data` in memory, in no folder; None where there is no such thing."""
    if not hasattr(os, "memfd_create"):
        return None
    try:
        handle = os.memfd_create("input", os.MFD_CLOEXEC)
    except OSError:  # a sandbox may forbid it
        return None
    with os.fdopen(os.dup(handle), "wb") as memory:
        memory.write(data)
    return handle


def shared_memory(size: int) -> int | None:
    """An open file of `size` bytes to be shared with a child, which cannot make it shorter; None
    where there is no such thing.
    """
    locks = _module("fcntl")
    if locks is None or not (hasattr(os, "memfd_create") and hasattr(locks, "F_SEAL_SHRINK")):
        return None
    handle = -1
    try:
        handle = os.memfd_create("frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(handle, size)
        seals = locks.F_SEAL_SHRINK | locks.F_SEAL_GROW | locks.F_SEAL_SEAL
        locks.fcntl(handle, locks.F_ADD_SEALS, seals)
    except OSError:  # a sandbox may forbid it
        if handle >= 0:
            os.close(handle)
        return None
    return handle


CAN_FORK = sys.platform == "linux"
"""Whether this process can be copied; macOS has libraries that do not survive it."""


def fork(work: Callable[[int], None]) -> tuple[int, int]:
    """Copy this process, which has one thread; `work` is the life of the copy.

    work: called in the copy with a descriptor to write to; it must not return.
    Returns the copy's number, for `end_fork`, and a descriptor to read from.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work(writing)
        finally:
            os._exit(1)
    os.close(writing)
    return child, reading


def end_fork(child: int) -> None:
    """End a copy, and wait until it is gone."""
    import signal

    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)


def local_socket() -> "socket.socket":
    """A socket that is to stand at a path. Raises UsageError where the system has none."""
    import socket  # takes a while, and most runs need none

    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        raise UsageError(said("Sockets at a path work on Linux and macOS only: use --port."))
    return socket.socket(family)


def is_local(listener: "socket.socket") -> bool:
    """Whether a socket stands at a path."""
    import socket

    return listener.family == getattr(socket, "AF_UNIX", None)


def _module(name: str) -> Any:
    """A module that only some systems have, or None."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
