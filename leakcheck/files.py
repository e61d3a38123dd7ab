"""The files that leakcheck writes: each appears under its name whole, or not at all.

Rule 1: a file is written beside its place, under a hidden name that nobody
can guess, and gets its name when all of it is there; what is left behind by
a kill is one `.NAME.….partial`. Rule 2: it is for its owner alone, PRIVATE,
but for what others are meant to read, PUBLISHED, whatever the umask says; in
no folder that is made for it can others write.
Rule 3: contents, then name, outlast a power failure, where `sync` is on.
"""

import contextlib
import errno
import glob
import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self

from bloom import system
from leakcheck.language import said

PRIVATE = 0o600
PUBLISHED = 0o644
PRIVATE_FOLDER = 0o700
PUBLISHED_FOLDER = 0o755
_PARTIAL = ".partial"
_COLLECTED = ".download"


def home() -> Path:
    """The folder of what is kept for this user: $LEAKCHECK_HOME, or the platform's data folder."""
    given = os.environ.get("LEAKCHECK_HOME")
    if given:
        # Where there is no such user, the folder is missing: Path.expanduser would raise.
        return Path(os.path.expanduser(given))  # noqa: PTH111
    return platform_folder("data")


_XDG = {  # what the XDG Base Directory Specification says, 0.8
    "data": ("XDG_DATA_HOME", "~/.local/share"),
    "config": ("XDG_CONFIG_HOME", "~/.config"),
    "cache": ("XDG_CACHE_HOME", "~/.cache"),
}


def platform_folder(what: Literal["data", "config", "cache"]) -> Path:
    """Where the platform keeps this user's data, settings or cached files of leakcheck.

    On Linux read from the two variables that say it: to load platformdirs takes longer than to
    look a subject up.
    """
    if sys.platform == "linux" and "ANDROID_ROOT" not in os.environ:
        variable, usual = _XDG[what]
        base = os.environ.get(variable, "")
        if not os.path.isabs(base) and os.path.isabs(os.environ.get("HOME", "")):  # noqa: PTH117 - of text
            base = os.path.expanduser(usual)  # noqa: PTH111 - the same
        if os.path.isabs(base):  # noqa: PTH117 - the same
            return Path(base, "leakcheck")
    import platformdirs

    paths = {"data": platformdirs.user_data_path, "config": platformdirs.user_config_path,
             "cache": platformdirs.user_cache_path}  # fmt: skip
    return paths[what]("leakcheck", appauthor=False)


class Draft:
    """A file that is being written; leaving the block without `publish` leaves nothing.

    with Draft(path) as draft:
        draft.file.write(...)
        draft.publish()

    Every step may raise OSError. `path`: where the bytes are meanwhile.
    """

    def __init__(self, target: Path, *, mode: int = PRIVATE, within: Path | None = None) -> None:
        """within: another folder of the same file system for what is not yet whole.

        Raises OSError where nothing can be written there, or `target` is no plain file.
        """
        if target.exists() and not stat.S_ISREG(target.stat().st_mode):
            number = errno.EISDIR if target.is_dir() else errno.EINVAL
            raise OSError(number, said("it is not a regular file"), str(target))
        scheme = target.parts[0] if target.parts else ""
        if scheme.endswith(":") and len(scheme) > 2 and not target.parent.exists():
            raise OSError(
                errno.EINVAL,
                said("it is a URL, and only files are written here: write one, then copy it"),
                str(target),
            )
        self.target, self._mode = target, mode
        hidden = f".{target.name[:40]}.{os.urandom(8).hex()}{_PARTIAL}"
        self.path = (within or target.parent) / hidden
        self.file: BinaryIO = os.fdopen(system.open_new(self.path), "w+b")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()

    def publish(self, *, replace: bool = True, sync: bool = True) -> None:
        """Give the file its name. Raises FileExistsError where it is taken and not `replace`."""
        self.file.flush()
        system.set_mode(self.file.fileno(), self._mode)
        if sync:
            system.fsync(self.file.fileno())
        if replace:
            system.replace(self.path, self.target)
        else:
            system.name_if_free(self.path, self.target)
        self.file.close()
        if sync:
            system.sync_folder(self.target.parent)

    def discard(self) -> None:
        """Remove what was written, unless it was published."""
        if not self.file.closed:
            self.path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # a full disk takes no last bytes
                self.file.close()


class FolderDraft:
    """A folder that is being filled; leaving the block without `publish` leaves nothing.

    `path`: where it is meanwhile. Every step may raise OSError.
    """

    def __init__(self, target: Path) -> None:
        """Raises OSError where nothing can be written beside `target`."""
        self.target = target
        self.path = target.with_name(f".{target.name[:40]}.{os.urandom(8).hex()}{_PARTIAL}")
        self.path.mkdir(mode=0o700)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        import shutil

        shutil.rmtree(self.path, ignore_errors=True)

    def publish(self) -> None:
        """Give the folder its name, and remove the one that had it before."""
        import shutil

        self.path.chmod(0o755)
        old = self.path.with_suffix(".old")
        if self.target.exists():
            self.target.rename(old)
        self.path.rename(self.target)
        system.sync_folder(self.target.parent)
        shutil.rmtree(old, ignore_errors=True)


class Collected:
    """A file that is collected over several runs; one run at a time, each goes on where it was.

    with Collected(path, tag) as collected:
        collected.add(...)
        collected.publish()

    tag: of what is collected; what was collected for `path` under another one
    is removed. Every step may raise OSError. `path`: where the bytes are
    meanwhile; `size`: how many.
    """

    def __init__(self, target: Path, tag: str) -> None:
        """Raises OSError where nothing can be written there, or another run is at it."""
        self.target = target
        self.path = target.with_name(f".{target.name}.{tag}{_COLLECTED}")
        for other in target.parent.glob(f".{glob.escape(target.name)}.*{_COLLECTED}"):
            if other != self.path:
                other.unlink(missing_ok=True)
        self.file: BinaryIO = os.fdopen(system.open_to_write(self.path), "r+b")
        try:
            system.lock(self.file.fileno())
            if not os.path.samestat(self.path.stat(), os.fstat(self.file.fileno())):
                raise BlockingIOError  # the other run has just published it
        except OSError:
            self.file.close()
            raise OSError(errno.EBUSY, said("another run of leakcheck is using it")) from None
        self.size = self.file.seek(0, os.SEEK_END)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):  # a full disk takes no last bytes
            self.file.close()

    def add(self, data: bytes) -> None:
        """Write `data` after what is there."""
        self.file.write(data)
        self.size += len(data)

    def cut(self, size: int) -> None:
        """Keep the first `size` bytes."""
        self.file.flush()
        self.file.truncate(size)
        self.size = self.file.seek(size)

    def publish(self) -> None:
        """Give the file its name, in place of what had it."""
        self.file.flush()
        system.set_mode(self.file.fileno(), PUBLISHED)
        system.fsync(self.file.fileno())
        system.replace(self.path, self.target)
        system.sync_folder(self.target.parent)

    def discard(self) -> None:
        """Remove what was collected."""
        self.path.unlink(missing_ok=True)


def write_whole(
    target: Path,
    data: bytes,
    *,
    mode: int = PRIVATE,
    replace: bool = True,
    sync: bool = True,
    within: Path | None = None,
) -> None:
    """Write `data` as the file `target`; within: as for Draft. Raises OSError, as Draft does."""
    with Draft(target, mode=mode, within=within) as draft:
        draft.file.write(data)
        draft.publish(replace=replace, sync=sync)


@contextlib.contextmanager
def turn(lock: Path, patience: float = 10.0) -> Iterator[None]:
    """While this is held, nobody else holds `lock`, a file that is made for this alone.

    patience: in seconds. Raises OSError, TimeoutError where another holds it all the while.
    """
    handle = system.open_to_write(lock)
    try:
        until = time.monotonic() + patience
        while True:
            try:
                system.lock(handle)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise TimeoutError from None
                time.sleep(0.01)
        yield
    finally:
        os.close(handle)


def first_bytes(path: str | os.PathLike[str], count: int) -> bytes:
    """The first `count` bytes of a file; none of what is no regular one, such as a FIFO.

    To open a FIFO would wait for ever, and to read from it would take away what comes next.
    Raises OSError.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - of any sort of path
        return b""
    with open(path, "rb") as file:  # noqa: PTH123 - the same
        return file.read(count)


def regular_bytes(path: Path, most: int) -> bytes:
    """The first bytes, `most` of them, of a regular file; OSError for whatever else is there."""
    with os.fdopen(system.open_to_read(path), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, said("it is not a regular file"), str(path))
        return file.read(most)


def make_folder(path: Path, *, mode: int = PRIVATE_FOLDER) -> None:
    """Make `path`, and the folders above it that are missing, where it is not there.

    mode: of `path`; those above can be read by others. Raises OSError.
    """
    for above in reversed(path.parents):
        if not above.exists():
            above.mkdir(PUBLISHED_FOLDER, exist_ok=True)
    path.mkdir(mode, exist_ok=True)


def temporary_folder() -> Path:
    """A new folder of the system's, or $TMPDIR's, for its owner alone. Raises OSError."""
    import tempfile

    return Path(tempfile.mkdtemp(prefix="leakcheck-"))


def sweep(folder: Path) -> None:
    """Remove what a kill left half-written in `folder`, which nobody else writes in now."""
    for path in folder.glob(f".*{_PARTIAL}"):
        path.unlink(missing_ok=True)
