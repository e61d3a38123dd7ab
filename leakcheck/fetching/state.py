"""What a fetch records about itself: one small file beside its blocks, and a lock.

Rule 1: a state answers for one service, one sort of hash and one span of
ranges; it is never continued as another's.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bloom import system
from leakcheck.errors import InputError, UsageError
from leakcheck.files import PUBLISHED_FOLDER, make_folder, sweep, write_whole
from leakcheck.language import said

_NAME = "fetch.json"


@dataclass(slots=True)
class State:
    """What is being fetched; run: counts the fetches; complete: whether the last one was.

    store: of a fetch into a store, the root of the one that is updated, or `new`; else empty;
    begun: when it began, RFC 3339.
    """

    base: str
    kind: str
    first: int
    last: int
    min_count: int
    zipped: bool
    run: int = 1
    complete: bool = False
    store: str = ""
    begun: str = ""

    def same(self, other: "State") -> bool:
        """Whether both fetch the same."""
        loose = {"run": 0, "complete": 0, "begun": 0}
        return asdict(self) | loose == asdict(other) | loose

    def save(self, folder: Path) -> None:
        """Write it down."""
        write_whole(folder / _NAME, json.dumps({"version": 1} | asdict(self)).encode())


def load(folder: Path, wanted: State) -> State:
    """The state in `folder`, or `wanted` where there is none.

    Raises UsageError where it is of another fetch.
    """
    try:
        fields = json.loads((folder / _NAME).read_bytes())
        if fields.pop("version") != 1:
            raise ValueError
        state = State(**fields)
    except FileNotFoundError:
        return wanted
    except (ValueError, TypeError, KeyError, AttributeError):
        raise InputError(
            said(
                "{folder}: what an earlier fetch left there cannot be read: remove the folder.",
                folder=folder,
            )
        ) from None
    if wanted.store and state.store not in ("", wanted.store):
        for path in folder.glob("*.block"):  # what was had for a store that is another by now
            path.unlink()
        return wanted
    if not state.same(wanted):
        if not any(folder.glob("*.block")):
            return wanted  # nothing was had: there is nothing to mix up
        raise UsageError(
            said(
                "{folder} holds a fetch with other options (service, mode, ranges, count "
                "or gzip): give the same ones to resume it, or remove the folder.",
                folder=folder,
            )
        )
    return state


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder` for this process alone; UsageError where another has it."""
    try:
        make_folder(folder, mode=PUBLISHED_FOLDER)
        handle = system.open_to_write(folder / "lock")
    except OSError as error:
        why = error.strerror or said("the system refused")
        raise UsageError(
            said("{parent}: nothing can be written there: {why}.", parent=folder.parent, why=why)
        ) from None
    try:
        try:
            system.lock(handle)
        except BlockingIOError:
            raise UsageError(
                said("{folder}: another fetch is running here.", folder=folder)
            ) from None
        except OSError as error:
            why = error.strerror or said("the system refused")
            raise UsageError(
                said("{folder}: the folder cannot be locked: {why}.", folder=folder, why=why)
            ) from None
        sweep(folder)
        yield
    finally:
        os.close(handle)
