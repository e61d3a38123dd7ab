"""The members of a zip archive, those with ZipCrypto and AES passwords included."""

import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from leakcheck.input.member import NOT_READ, Content, Faults, Member, Skip
from leakcheck.input.streams import Budget, ReadError

_AES = 99
_STEP = 1 << 20
_SMALL_STEP = 4096  # for methods whose decoder cannot be told to stop, so that a bomb stays small
_DAMAGED = "this member of the zip archive is cut short or damaged"
_FAULTS: Faults = {
    zipfile.BadZipFile: _DAMAGED,
    EOFError: _DAMAGED,
    zlib.error: _DAMAGED,
    lzma.LZMAError: _DAMAGED,
    ValueError: _DAMAGED,
    OSError: _DAMAGED,
}


def zip_members(file: Any, budget: Budget, password: bytes | None, skip: Skip) -> Iterator[Member]:
    """The members of the zip archive in `file`, which can be sought in."""
    try:
        archive: Any = zipfile.ZipFile(file)
        entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError):
        raise ReadError(
            "the zip archive is cut short or damaged: its directory is missing"
        ) from None
    aes: Any = None
    for entry in entries:
        if entry.is_dir():
            continue
        if stat.S_ISLNK(entry.external_attr >> 16):
            skip(NOT_READ, False, entry.filename)
            continue
        if entry.flag_bits & 1 and password is None:
            skip("protected by a password: give it with --archive-password", True, entry.filename)
            continue
        opened = archive
        if entry.compress_type == _AES:
            aes = opened = aes or _with_aes(file)
            entry = opened.getinfo(entry.filename)
        try:
            source = opened.open(entry, pwd=password if entry.flag_bits & 1 else None)
        except NotImplementedError:
            skip("compressed in a way that leakcheck cannot open", True, entry.filename)
        except RuntimeError:
            skip("the archive's password is wrong", True, entry.filename)
        except tuple(_FAULTS):
            skip(_DAMAGED, True, entry.filename)
        else:
            bounded = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
            yield (
                entry.filename,
                Content(source, budget, _FAULTS, _STEP if bounded else _SMALL_STEP),
            )


def _with_aes(file: Any) -> Any:
    import pyzipper

    return pyzipper.AESZipFile(file)
