"""Run leakcheck as it would be run on Windows, as far as that can be had elsewhere.

    python windowslike.py ARGUMENTS

What only POSIX has is taken away; CreateFile and msvcrt are played by the system
that is there; and the rules of Windows hold that programs from elsewhere break:
what is open can be renamed or removed only if it was opened for that, nothing
open can be replaced, a folder cannot be opened, a rename replaces nothing.
"""

# What is replaced is of os, and so is what it is replaced by.
# ruff: noqa: PTH112, PTH116, PTH117, PTH208

import asyncio
import errno
import fcntl
import importlib.abc
import logging.handlers
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import types
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from typing import Any

USED = (asyncio, logging.handlers, shutil, subprocess, tempfile, threading)  # as they are here
GONE = """
    pread preadv pwrite pwritev fork forkpty waitpid kill killpg setsid fchmod chown fchown lchown
    getuid geteuid getgid getegid sysconf sysconf_names memfd_create posix_fadvise mkfifo
    sched_getaffinity O_NOFOLLOW O_NONBLOCK O_CLOEXEC O_NOCTTY O_DIRECTORY O_SYNC
    """
MODULES = ("fcntl", "resource", "termios", "tty", "pty", "pwd", "grp", "syslog")
_REAL = {name: getattr(os, name) for name in ("open", "replace", "rename", "unlink", "link")}
_shared: dict[int, tuple[int, int]] = {}  # descriptors opened so that the name can go meanwhile


class _Absent(importlib.abc.MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def _identity(path: Any) -> tuple[int, int] | None:
    try:
        status = os.stat(path) if isinstance(path, int) else os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _open_ones(path: Any) -> list[int]:
    """The descriptors of this process that are open on the file at `path`."""
    wanted = _identity(path)
    found = [int(name) for name in os.listdir("/proc/self/fd")]
    return [handle for handle in found if wanted is not None and _identity(handle) == wanted]


def _in_use(path: Any, *, shared: bool) -> bool:
    """Whether it may not be renamed or removed; shared: whether having been opened for it helps."""
    return any(
        not (shared and _shared.get(handle) == _identity(handle)) for handle in _open_ones(path)
    )


def _refuse(path: Any) -> None:
    raise PermissionError(errno.EACCES, "The process cannot access the file", str(path))


def _open(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
    if os.path.isdir(path):
        _refuse(path)
    handle: int = _REAL["open"](path, flags, mode)
    return handle


def _replace(path: Any, target: Any) -> None:
    if _in_use(path, shared=True) or _in_use(target, shared=False):
        _refuse(target)
    _REAL["replace"](path, target)


def _rename(path: Any, target: Any) -> None:
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, "it exists", str(target))
    if _in_use(path, shared=True):
        _refuse(path)
    _REAL["rename"](path, target)


def _unlink(path: Any, *, dir_fd: int | None = None) -> None:
    if dir_fd is None and _in_use(path, shared=True):
        _refuse(path)
    _REAL["unlink"](path, dir_fd=dir_fd)


def _winapi() -> types.ModuleType:
    def create_file(
        path: str, access: int, share: int, security: int, how: int, flags: int, template: int
    ) -> int:
        assert share == 7
        assert os.path.isabs(path)
        means = {1: os.O_CREAT | os.O_EXCL, 3: 0, 4: os.O_CREAT}[how]
        means |= os.O_RDWR if access & 0x40000000 else os.O_RDONLY
        handle = _open(path, means, 0o600)
        identity = _identity(handle)
        assert identity is not None
        _shared[handle] = identity
        return handle

    made = types.ModuleType("_winapi")
    made.CreateFile, made.CloseHandle = create_file, os.close  # type: ignore[attr-defined]
    return made


def _msvcrt() -> types.ModuleType:
    def locking(handle: int, mode: int, count: int) -> None:
        assert os.lseek(handle, 0, os.SEEK_CUR) >= 1 << 40, "a byte of the file itself"
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, count)
        except BlockingIOError:
            raise PermissionError(errno.EACCES, "Permission denied") from None

    def open_osfhandle(handle: int, flags: int) -> int:
        return handle

    made = types.ModuleType("msvcrt")
    made.LK_NBLCK, made.locking = 2, locking  # type: ignore[attr-defined]
    made.open_osfhandle, made.get_osfhandle = open_osfhandle, int  # type: ignore[attr-defined]
    return made


class _Popen(subprocess.Popen[Any]):
    def __init__(self, *arguments: Any, startupinfo: Any = None, **named: Any) -> None:
        assert not {"pass_fds", "preexec_fn", "start_new_session"} & set(named)
        if startupinfo is not None:
            named["pass_fds"] = tuple(startupinfo.lpAttributeList["handle_list"])
        super().__init__(*arguments, **named)


def become() -> None:
    """From now on this process is as if it were on Windows."""
    # How a child is waited for and ended here is POSIX still: subprocess keeps an os of its own.
    subprocess.os = types.SimpleNamespace(**vars(os))  # type: ignore[attr-defined]
    for name in GONE.split():
        if hasattr(os, name):
            delattr(os, name)
    for name in MODULES:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, _Absent())
    sys.modules["_winapi"], sys.modules["msvcrt"] = _winapi(), _msvcrt()
    shutil._use_fd_functions = False  # type: ignore[attr-defined]
    if hasattr(socket, "AF_UNIX"):
        del socket.AF_UNIX
    for name, ours in (("open", _open), ("replace", _replace), ("rename", _rename),
                       ("unlink", _unlink), ("remove", _unlink)):  # fmt: skip
        setattr(os, name, ours)
    del os.link
    subprocess.STARTUPINFO = types.SimpleNamespace  # type: ignore[attr-defined]
    os.set_handle_inheritable = os.set_inheritable  # type: ignore[attr-defined]
    subprocess.Popen = _Popen  # type: ignore[misc]


if __name__ == "__main__":
    become()
    from leakcheck.__main__ import main

    main()
