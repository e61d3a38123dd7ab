"""A publisher's side: write the trees and the signed list beside the filters of a folder."""

import datetime
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bloom.cores import usable_cores
from leakcheck.errors import FilterError, UsageError
from leakcheck.files import PUBLISHED, regular_bytes, write_whole
from leakcheck.language import said
from leakcheck.trust import edition as editions
from leakcheck.trust import note, verity
from leakcheck.trust.edition import FILE_NAME, Edition, Entry
from leakcheck.trust.note import NoteError, Signer


def sign(
    files: Sequence[Path], signers: Sequence[Signer], workers: int = 1, *, after: int = 0
) -> Edition:
    """Write the tree of each of `files` and the next edition of their folder's list.

    files: filters in one folder; signers: keys of one origin, all of which sign
    (two while one replaces the other); workers: threads that hash; after: an
    edition that readers have seen, where its list was lost. Filters
    that the list had before stay in it. Raises UsageError where the files are
    in several folders or the list is not of these keys, FilterError where a
    file cannot be read.
    """
    folder = _folder(files)
    before = _current(folder, signers)
    before = replace(before, serial=max(before.serial, after))
    filters = dict(before.filters)
    for path in files:
        digest = _write_tree(path, workers)
        filters[path.name] = Entry(digest, path.stat().st_size)
        if digest in before.withdrawn:
            raise UsageError(
                said(
                    "{name}: this filter was withdrawn: {withdrawn}.",
                    name=path,
                    withdrawn=before.withdrawn[digest],
                )
            )
    return _publish(folder, replace(before, filters=filters), signers)


def sign_folder(
    files: Sequence[Path], signers: Sequence[Signer], earlier: Sequence[Path], workers: int = 1
) -> Edition:
    """Write the trees of `files`, all that their folder is to offer, and the edition of just them.

    earlier: other folders in which these keys may have signed before; the
    edition follows the newest of theirs, and what was withdrawn stays so.
    Raises as `sign` does.
    """
    folder = _folder(files)
    before = max(
        (_current(place, signers) for place in [folder, *earlier]), key=lambda one: one.serial
    )
    filters = {}
    for path in files:
        digest = _write_tree(path, workers)
        filters[path.name] = Entry(digest, path.stat().st_size)
        if digest in before.withdrawn:
            raise UsageError(
                said(
                    "{name}: this filter was withdrawn: {withdrawn}.",
                    name=path.name,
                    withdrawn=before.withdrawn[digest],
                )
            )
    return _publish(folder, replace(before, filters=filters), signers)


def withdraw(path: Path, reason: str, signers: Sequence[Signer]) -> Edition:
    """Write the next edition, in which the filter of that name is withdrawn for `reason`.

    The file itself may be gone; a file that the list does not name is withdrawn
    by its digest. Raises UsageError where there is neither, or the file is
    another than the one that is listed.
    """
    folder = path.parent
    before = _current(folder, signers)
    entry = before.filters.get(path.name)
    digest = digest_of(path) if path.exists() else entry.digest if entry else None
    if digest is None:
        raise UsageError(
            said(
                "{folder} does not name {name}: nothing to withdraw.",
                folder=folder / FILE_NAME,
                name=path.name,
            )
        )
    if entry is not None and digest != entry.digest:
        raise UsageError(
            said(
                "{name}: this is another file than the one that the list names: move it "
                "away to withdraw that one, or give it another name to withdraw this one.",
                name=path,
            )
        )
    reason = " ".join(reason.split())
    if not reason or not reason.isprintable():
        raise UsageError(said("Say in one line why it is withdrawn: --reason."))
    left = {name: one for name, one in before.filters.items() if one.digest != digest}
    gone = {**before.withdrawn, digest: reason}
    return _publish(folder, replace(before, filters=left, withdrawn=gone), signers)


def _folder(files: Sequence[Path]) -> Path:
    folders = {path.absolute().parent for path in files}
    if len(folders) != 1:
        raise UsageError(said("The filters to sign must be in one folder: a list speaks for one."))
    return folders.pop()


def _current(folder: Path, signers: Sequence[Signer]) -> Edition:
    """The folder's list as it is, verified with the signers' own keys; an empty one if none."""
    origins = {signer.name for signer in signers}
    if len(origins) != 1:
        raise UsageError(said("The keys are of different origins: a list has one."))
    origin = origins.pop()
    path = folder / FILE_NAME
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return Edition(origin, 0, _now())
    except OSError as error:
        raise UsageError(
            said("{name}: it cannot be read: {why}.", name=path, why=error.strerror)
        ) from None
    try:
        found = editions.parse(note.verify(raw, [signer.verifier for signer in signers])[0])
    except NoteError as error:
        raise UsageError(
            said("{name}: {reason}: sign in a folder of your own.", name=path, reason=error)
        ) from None
    if found.origin != origin:
        raise UsageError(
            said("{name}: it is the list of {origin}.", name=path, origin=found.origin)
        )
    return found


def _publish(folder: Path, edition: Edition, signers: Sequence[Signer]) -> Edition:
    edition = edition.following(_now())
    try:
        raw = note.sign(edition.text(), signers)
    except NoteError as error:
        raise UsageError(
            said("A filter cannot be listed under its name: {reason}.", reason=error)
        ) from None
    write_whole(folder / FILE_NAME, raw, mode=PUBLISHED)
    return edition


def check_tree(path: Path, workers: int = 1) -> tuple[bytes, bool]:
    """The digest of a file, and whether the tree beside it, where there is one, is its own.

    Raises FilterError where the file cannot be read, or the tree is another's.
    """
    digest, tree = _tree(path, workers)
    beside = path.with_name(path.name + verity.SUFFIX)
    try:
        found = regular_bytes(beside, len(tree) + 1)
    except FileNotFoundError:
        return digest, False
    except OSError as error:
        raise FilterError(
            said("{beside}: it cannot be read: {why}.", beside=beside, why=error.strerror)
        ) from None
    if found != tree:
        raise FilterError(
            said(
                "{beside}: this is not the tree of {name}: sign the filter again.",
                beside=beside,
                name=path.name,
            )
        )
    return digest, True


def _write_tree(path: Path, workers: int) -> bytes:
    digest, tree = _tree(path, workers)
    write_whole(path.with_name(path.name + verity.SUFFIX), tree, mode=PUBLISHED)
    return digest


def digest_of(path: Path) -> bytes:
    """The fs-verity digest of a file, 32 bytes. Raises FilterError where it cannot be read."""
    return _tree(path, usable_cores())[0]


def _tree(path: Path, workers: int) -> tuple[bytes, bytes]:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # to open a FIFO would wait for ever
            raise FilterError(said("{path}: it is not a regular file.", path=path))
        with path.open("rb", buffering=0) as file:
            return verity.tree_of(file, path.stat().st_size, workers)
    except OSError as error:
        raise FilterError(
            said("{name}: it cannot be read: {why}.", name=path, why=error.strerror)
        ) from None
    except verity.ProofError as error:
        raise FilterError(said("{name}: {reason}.", name=path, reason=error)) from None


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)
