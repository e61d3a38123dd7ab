"""What is put where, and when it is replaced.

Rule 1: a filter that was signed is replaced only by one that the same publisher
signed, in an edition that is not older. Rule 2: where the new one is bad, the
old one stays as it was, and the edition counts as not seen. Rule 3: a
withdrawal counts at once, whatever else fails.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from leakcheck.errors import FilterError, LeakcheckError, NetworkError
from leakcheck.files import PUBLISHED, write_whole
from leakcheck.installing.download import PATIENCE, Tell, downloaded
from leakcheck.language import said
from leakcheck.sources import Access, installed
from leakcheck.sources.filter_file import Header
from leakcheck.sources.filter_header import filter_errors, kind_of
from leakcheck.sources.filter_pages import RemoteFile
from leakcheck.sources.installed import Installed
from leakcheck.sources.names import header_of
from leakcheck.storage.client import url_of
from leakcheck.trust import own_note, own_proof, proof
from leakcheck.trust.edition import Edition
from leakcheck.trust.local import digest_of
from leakcheck.trust.note import NoteError
from leakcheck.trust.store import Store
from leakcheck.trust.verity import ProofError


@dataclass(frozen=True, slots=True)
class Came:
    """Where an installed filter came from.

    url: of the file; origin: who had signed it, whom the user trusted then, or None.
    """

    url: str
    origin: str | None


class Step(Enum):
    """What an update did."""

    NOTHING = "current"
    UPDATED = "updated"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Update:
    """What came of the update of one installed filter.

    name: as `filters list` shows it; step: what was done; told: more of it, in words.
    """

    name: str
    step: Step
    told: str


def add(
    url: str, access: Access, tell: Tell, name: str | None = None, *, force: bool = False
) -> Installed:
    """Download, verify and install the filter at `url`.

    name: to install it under, by default the file's. Raises UsageError where
    the name is taken and not `force`, or nobody signed it and `access` requires
    that; NetworkError, FilterError.
    """
    remote = RemoteFile(url_of(url), access.proxy, PATIENCE)
    try:
        header = _opened(remote)
        if access.require_signature and not remote.signed:
            raise FilterError(
                said("{name}: nobody whom you trust has signed it.", name=remote.name)
            )
        target = installed.place_for(
            name or remote.folder.name.removesuffix(".bloom"), kind_of(header, remote.name)
        )
        if not force:
            _must_be_free(target, url)
        _bring(remote, target, url, tell, force=force)
        return installed.look(target)
    finally:
        remote.client.close()


def _must_be_free(target: Path, url: str) -> None:
    came = came_from(target)
    same = came is not None and came.url == url
    newest = said("`leakcheck filters update` brings its newest edition")
    installed.must_be_free(target, newest if same else "")


def _bring(remote: RemoteFile, target: Path, url: str, tell: Tell, *, force: bool) -> None:
    """Download the filter, and give it and what is kept beside it their names in one turn."""
    with downloaded(remote, target, tell) as collected:
        raw = remote.note if remote.note is not None else _note_if_any(remote)
        with installed.one_writer():
            if not force:
                _must_be_free(target, url)
            with filter_errors(str(target)):
                collected.publish()
            _settle(target, url, remote, raw)


def update(entry: Installed, access: Access, tell: Tell) -> Update | None:
    """Bring the newest edition of an installed filter; None where it did not come from a URL.

    What goes wrong is an Update too.
    """
    came = came_from(entry.path)
    if came is None:
        return None
    try:
        remote = RemoteFile(url_of(came.url), access.proxy, PATIENCE)
        try:
            return _update(entry, came, remote, tell)
        finally:
            remote.client.close()
    except (LeakcheckError, ProofError) as error:
        reason = str(error).removeprefix(f"{entry.path.name}: ").rstrip(".")
        return Update(entry.name, Step.FAILED, reason)


def status(steps: Collection[Step], *, cron: bool) -> int:
    """The exit status of an update: 0 done, 2 where something failed.

    cron: whether 1 says that there was something new; elsewhere 1 means exposed.
    """
    if Step.FAILED in steps:
        return 2
    return int(cron and bool({Step.UPDATED, Step.WITHDRAWN} & set(steps)))


def came_from(path: Path) -> Came | None:
    """Where the installed filter at `path` came from, None where that is not known."""
    try:
        found = json.loads(installed.origin_file(path).read_bytes())
        return Came(str(found["url"]), found["origin"] and str(found["origin"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _update(entry: Installed, came: Came, remote: RemoteFile, tell: Tell) -> Update:
    store = Store()
    raw = remote.folder.note() if store.origins() else None
    edition = None
    if raw is not None and proof.concerns(raw, store.origins()):
        edition = proof.read(raw, store)
    if came.origin is not None and (edition is None or edition.origin != came.origin):
        raise NetworkError(
            said(
                "{origin} signed what is installed, and the server has no list of theirs that "
                "you trust",
                origin=came.origin,
            )
        )
    if edition is None or raw is None:
        return _update_unsigned(entry, came, remote, tell)
    digest = _digest(entry.path, store, edition)
    offered = edition.filters.get(remote.folder.name)
    reason = edition.withdrawn.get(digest)
    if reason is not None:
        changed = _write_note(entry.path, raw)
        store.remember(edition.origin, edition.serial, raw)
        if offered is None:
            told = said("{origin} has withdrawn it: {reason}", origin=edition.origin, reason=reason)
            return Update(entry.name, Step.WITHDRAWN if changed else Step.NOTHING, told)
    if offered is None:
        raise NetworkError(
            said(
                "edition {serial} of {origin} no longer offers it",
                serial=edition.serial,
                origin=edition.origin,
            )
        )
    if offered.digest == digest:
        _write_note(entry.path, raw)
        store.remember(edition.origin, edition.serial, raw)
        return Update(entry.name, Step.NOTHING, said("edition {serial}", serial=edition.serial))
    _opened(remote, edition)
    remote.note = raw
    return _replace(entry, came, remote, tell)


def _update_unsigned(entry: Installed, came: Came, remote: RemoteFile, tell: Tell) -> Update:
    """Nobody whom the user trusts signed it, then and now: taken where it is another, not older."""
    header = _opened(remote)
    try:
        held = header_of(str(entry.path), Access(offline=True))
    except FilterError:
        held = None
    if held is not None:
        if held.id == header.id and entry.sound:
            return Update(entry.name, Step.NOTHING, "unsigned")
        had, has = held.about.get("date"), header.about.get("date")
        if isinstance(had, str) and (not isinstance(has, str) or has < had):
            raise FilterError(
                said("what the server has is older than {had}, and nobody signed it", had=had)
            )
    return _replace(entry, came, remote, tell)


def _replace(entry: Installed, came: Came, remote: RemoteFile, tell: Tell) -> Update:
    if remote.kind is not entry.kind:
        raise FilterError(said("what the server has now holds another kind of subject"))
    _bring(remote, entry.path, came.url, tell, force=True)
    chain = remote.chain
    told = said("unsigned")
    if chain:
        edition = chain.edition
        told = said("edition {serial} of {origin}", serial=edition.serial, origin=edition.origin)
    return Update(entry.name, Step.UPDATED, told)


def _opened(remote: RemoteFile, edition: Edition | None = None) -> Header:
    """The header; what is seen counts as seen only once all is installed."""
    try:
        return remote.open(edition, remember=False)
    except NetworkError as error:
        raise NetworkError(said("{name}: {error}.", name=remote.name, error=error)) from None


def _settle(target: Path, url: str, remote: RemoteFile, raw: bytes | None) -> None:
    """Keep beside the installed file what vouches for it, `raw`, and where it came from."""
    if raw is None:
        own_note(target).unlink(missing_ok=True)
    else:
        _write_note(target, raw)
    own_proof(target).unlink(missing_ok=True)
    chain = remote.chain
    origin = chain.edition.origin if chain else None
    with filter_errors(str(target)):  # the URL may hold a password, so it is for the user alone
        text = json.dumps({"version": 1, "url": url, "origin": origin})
        write_whole(installed.origin_file(target), text.encode())
    if chain is not None and raw is not None:
        Store().remember(chain.edition.origin, chain.edition.serial, raw)


def _note_if_any(remote: RemoteFile) -> bytes | None:
    """The list of somebody who is not trusted, or not yet, where it names the file.

    It proves nothing so far.
    """
    assert remote.header is not None
    try:
        raw = remote.folder.note()
        entry = proof.peek(raw).filters.get(remote.folder.name) if raw is not None else None
    except (NetworkError, NoteError):
        return None
    return raw if entry is not None and entry.size == remote.header.file_bytes else None


def _write_note(target: Path, raw: bytes) -> bool:
    """Keep a signed list beside the filter at `target`; whether it was another before."""
    path = own_note(target)
    with filter_errors(str(path)):
        if path.exists() and path.read_bytes() == raw:
            return False
        write_whole(path, raw, mode=PUBLISHED)
    return True


def _digest(path: Path, store: Store, edition: Edition) -> bytes:
    """The digest of an installed file; nothing where it cannot be read and is to be replaced."""
    try:
        with path.open("rb") as file:
            return digest_of(file.fileno(), store, edition)
    except (OSError, ProofError):
        return b""
