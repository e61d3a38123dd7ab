"""Trust: why a filter from a stranger's mirror can be believed.

    note (Ed25519) → edition (what a publisher offers) → digest → tree → page

`verity` has the tree, `note` the signature, `edition` the signed list, `keys`
who is trusted, `proof` the whole chain. XXH3 in a page is for accidents; only
what stands here is for authenticity.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

from leakcheck.files import home
from leakcheck.language import said


def folder() -> Path:
    """Where what this user trusts is kept."""
    return home() / "trust"


FILE_NAME = "filters.note"
"""The signed list of a folder."""
OWN_NOTE = ".note"
"""What the list is called that belongs to one file alone, as beside an installed filter."""
OWN_PROOF = ".proof"
"""What the proof of a slice is called, beside it."""
STANDINGS = "standings"
"""Files that were proved, by what all of it hung on then: a check starts sooner by it."""


class Standing(NamedTuple):
    """What is known of who made a filter.

    signed: who vouches for it, in words, empty where nobody trusted does;
    doubt: why it can answer nothing, None where it can.
    """

    signed: str = ""
    doubt: str | None = None


UNKNOWN = Standing()


def file_key(state: os.stat_result) -> str:
    """What tells a file as it is now from any other, and from itself once it was changed."""
    parts = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
    return "-".join(map(str, parts))


def own_note(path: Path) -> Path:
    """Where the list is that belongs to one file alone."""
    return path.with_name(path.name + OWN_NOTE)


def own_proof(path: Path) -> Path:
    """Where the proof of the slice at `path` is."""
    return path.with_name(path.name + OWN_PROOF)


def marks(path: Path) -> tuple[str, ...]:
    """What changes where anything does on which the standing of the file at `path` depends.

    The lists that may speak for it, the proof of a slice, the keys that are trusted, the
    editions seen.
    """
    kept = folder()
    found = []
    beside = own_note(path), own_proof(path), path.parent / FILE_NAME
    for one in (*beside, kept / "keys", kept / "seen.json"):
        try:
            found.append(file_key(one.stat()))
        except OSError as error:
            found.append(f"none ({error.errno})")
    return tuple(found)


def remembered(depends: tuple[str, ...], state: os.stat_result) -> str | None:
    """Who vouches for a file, in words, where that was proved and nothing has changed since.

    depends: its `marks`; state: of the open file.
    """
    wanted = standing_key(depends, state)
    try:
        with (folder() / STANDINGS).open(encoding="utf-8") as lines:
            for line in lines:
                key, _, signed = line.rstrip("\n").partition("\t")
                if key == wanted:
                    return _in_words(signed)
    except (OSError, UnicodeDecodeError):
        pass
    return None


def vouched(origin: str, serial: int | str) -> str:
    """Who vouches for a file, in words."""
    return said("signed by {origin}, edition {serial}", origin=origin, serial=serial)


def _in_words(signed: str) -> str:
    """What was remembered, so that it can be said in any language."""
    found = re.fullmatch(r"signed by (\S+), edition (\d+)", signed)
    return vouched(found[1], found[2]) if found else signed


def standing_key(depends: tuple[str, ...], state: os.stat_result) -> str:
    """Under what a proved file is remembered."""
    return " ".join((file_key(state), *depends))


def trusts_nobody() -> bool:
    """Whether this user certainly trusts no publisher, so that nothing else here need be loaded."""
    try:
        os.stat(folder() / "keys")  # noqa: PTH116 - what cannot be looked at may hold keys
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
