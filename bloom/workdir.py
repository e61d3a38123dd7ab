"""A build's working folder: `.NAME.build` beside the output, one build at a time.

It holds a lock that the system drops when the process dies, whatever it died
of; the runs spilled so far; manifest.json, which names the runs that a
checkpoint made last; and the outputs until they are complete. What a dead
build left is removed by the next one, or resumed.
"""

import contextlib
import json
import os
import re
from pathlib import Path
from typing import Any

from bloom import system
from bloom.errors import BuildError

_OURS = re.compile(r"(lock|manifest\.json(\.new)?|run-\d+|filter|keys)\Z")
VERSION = 1


class WorkDir:
    """The working folder of the build of `target`, held until `close`."""

    def __init__(self, target: Path) -> None:
        """Make or take over the folder; BuildError where another build has it."""
        self.path = target.with_name(f".{target.name}.build")
        self._name = target.name
        self._lock = self._take()
        self._runs = 0

    def _take(self) -> int:
        for _ in range(10):
            with contextlib.suppress(FileExistsError):
                self.path.mkdir(mode=0o700)
            if self.path.is_symlink() or not self.path.is_dir():
                raise BuildError(f"{self.path}: something stands where the build must work.")
            try:
                handle = system.open_to_write(self.path / "lock")
            except FileNotFoundError:
                continue  # its owner has just removed the folder
            try:
                system.lock(handle)
                if os.path.samestat(os.fstat(handle), (self.path / "lock").stat()):
                    with contextlib.suppress(PermissionError):  # the folder is another user's
                        self.path.chmod(0o700)
                    return handle
            except FileNotFoundError:
                pass
            except BlockingIOError:
                os.close(handle)
                raise BuildError(
                    f"Another build of {self._name} is running: wait for it or stop it."
                ) from None
            except OSError:
                os.close(handle)
                raise
            os.close(handle)
        raise BuildError(f"The folder {self.path} comes and goes: is another build running?")

    def new_run(self) -> Path:
        """A path for another run; call it from one thread at a time."""
        self._runs += 1
        return self.path / f"run-{self._runs:06d}"

    def manifest(self) -> dict[str, Any] | None:
        """What the last checkpoint wrote, or None. BuildError where it cannot be read."""
        try:
            text = (self.path / "manifest.json").read_bytes()
        except FileNotFoundError:
            return None
        try:
            found = json.loads(text)
            names = [str(run["name"]) for run in found["runs"]]
            sound = (
                found["version"] == VERSION
                and all(
                    type(run[field]) is int and 0 <= run[field] < 1 << 64
                    for run in found["runs"]
                    for field in ("count", "key_sum")
                )
                and all(re.fullmatch(r"run-\d{6,12}", name) for name in names)
                and isinstance(found["token"], dict)
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            sound = False
        if not sound:
            raise BuildError("The unfinished build's manifest is damaged: build anew.")
        self._runs = max([0, *(int(name[4:]) for name in names)])
        return dict(found)

    def write_manifest(self, fields: dict[str, Any]) -> None:
        """Put `fields` in place of the last manifest, all or nothing."""
        fresh = self.path / "manifest.json.new"
        with os.fdopen(system.open_to_write(fresh, empty=True), "wb") as file:
            file.write(json.dumps({"version": VERSION, **fields}).encode())
            file.flush()
            system.fsync(file.fileno())
        system.replace(fresh, self.path / "manifest.json")
        system.sync_folder(self.path)

    def clear(self, keep: frozenset[str] = frozenset()) -> None:
        """Remove what builds leave here, but for the lock and the names in `keep`."""
        for path in sorted(self.path.iterdir()):
            if _OURS.match(path.name) and path.name != "lock" and path.name not in keep:
                path.unlink(missing_ok=True)

    def close(self, keep: bool = False) -> None:
        """Let go of the folder, removed with all that is ours in it unless `keep`."""
        if self._lock < 0:
            return
        try:
            if not keep:
                self.clear()
                (self.path / "lock").unlink(missing_ok=True)
                self.path.rmdir()
        except OSError:
            pass  # what stays is removed by the next build of this output
        finally:
            os.close(self._lock)
            self._lock = -1
