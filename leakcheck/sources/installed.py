"""The filters that are checked by default: one folder, one file each.

Rule 1: an installed filter that cannot answer is asked all the same: its
answers are `unknown`, with the reason. Rule 2: a file is NAME.KIND.bloom, so
that its kind is known even where its header can no longer be read; any other
`*.bloom` that cannot be read might hold any kind, so it answers `unknown` to
all. Rule 3: a file appears under its name whole and verified, or not at all.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from leakcheck.errors import FilterError, LeakcheckError, UsageError
from leakcheck.files import PUBLISHED, PUBLISHED_FOLDER, Draft, home, make_folder, turn, write_whole
from leakcheck.language import figure, said, said_of
from leakcheck.patterns import late
from leakcheck.sources import Source
from leakcheck.sources.filter_file import Header, LocalFilter
from leakcheck.sources.filter_header import filter_errors
from leakcheck.subject.kinds import Kind
from leakcheck.trust import file_key
from leakcheck.verdicts import Lookup, SourceInfo

_SUFFIX = ".bloom"
_BAD_IN_NAME = late(r"[^\w.-]+")


def folder() -> Path:
    """Where installed filters are: $LEAKCHECK_HOME/filters, or the platform's data folder."""
    return home() / "filters"


class Unanswering(Source):
    """A source that cannot answer: `unknown`, with the reason, whatever is asked."""

    concurrent = True

    def __init__(self, info: SourceInfo, reason: str) -> None:
        self.info = info
        self.reason: str = reason

    def lookup(self, digests: bytes) -> Lookup:
        """`unknown` for each of `digests`, packed end to end."""
        return Lookup.unknown(len(digests) // self.info.kind.digest_bytes, self.reason)

    def close(self) -> None:
        """Nothing is held open."""


class Installed(NamedTuple):
    """One installed filter.

    name: the file's, without `.bloom`; kind: None where nothing says it;
    info: what its header says, None where it cannot be read; state: `ok`, or
    why it cannot answer.
    """

    name: str
    path: Path
    kind: Kind | None
    info: SourceInfo | None
    size: int
    state: str

    @property
    def sound(self) -> bool:
        """Whether it can be asked."""
        return self.state == "ok"


def installed() -> list[Installed]:
    """Every installed filter, by name, whatever state it is in.

    Raises FilterError where the folder is there and cannot be listed.
    """
    return [look(path) for path in _files()]


def installed_sources(kind: Kind, held: Iterable[Source] = ()) -> list[Source]:
    """The installed filters to ask about a subject of `kind`; never raises.

    held: sources that are open: of a filter that is one of them, that is the source.
    What should answer and cannot is an `Unanswering` source.
    """
    opened = {one.path: one for one in held if one.info.kind is kind}
    try:
        paths = _files()
    except FilterError as error:
        return [Unanswering(SourceInfo(said("installed filters"), kind), str(error))]
    sources: list[Source] = []
    for path in paths:
        named = kind_in_name(path)
        if named not in (kind, None):
            continue
        try:
            source = opened.get(path) or open_installed(path)
        except LeakcheckError as error:
            sources.append(Unanswering(SourceInfo(_name(path), kind), str(error)))
            continue
        if source.info.kind is kind:
            sources.append(source)
            continue
        source.close()
        if named is kind:
            reason = said("{name}: the file holds another kind than its name says.", name=path.name)
            sources.append(Unanswering(SourceInfo(_name(path), kind), reason))
    return sources


def listing() -> tuple[tuple[str, str], ...]:
    """What changes where a filter is installed, replaced, removed or mended; never raises."""
    found = []
    try:
        for path in _files():
            try:
                found.append((path.name, file_key(path.stat())))
            except OSError as error:
                found.append((path.name, str(error.errno)))
    except FilterError as error:
        return (("", str(error)),)
    return tuple(found)


def add(
    path: str | os.PathLike[str],
    name: str | None = None,
    *,
    force: bool = False,
    required: bool = False,
) -> Installed:
    """Install a copy of the filter at `path`, every checksum of the copy verified.

    name: to install it under, by default the file's; required: whether
    somebody trusted must have signed it. Raises FilterError where it is
    damaged, no filter, or of somebody trusted and not proved; UsageError where
    the name is taken and not `force`.
    """
    with filter_errors(str(path)):
        _must_be_file(Path(path))
    original = LocalFilter(path)
    kind, signed, doubt = original.info.kind, original.info.signed, original.info.doubt
    header = original.header
    original.close()
    if doubt is not None:
        raise FilterError(said("{path}: {doubt}.", path=path, doubt=doubt))
    if required and not signed:
        raise FilterError(said("{path}: nobody whom you trust has signed it.", path=path))
    target = place_for(name or Path(path).stem, kind)
    if not force:
        must_be_free(target)
    with _writes(folder()):
        make_folder(folder(), mode=PUBLISHED_FOLDER)
        draft = Draft(target, mode=PUBLISHED)
    with draft:
        with filter_errors(str(path)), Path(path).open("rb") as source:
            while piece := source.read(1 << 20):
                with _writes(target):
                    draft.file.write(piece)
            with _writes(target):
                draft.file.flush()
        verify(draft.path, str(path))
        with one_writer(), _writes(target):
            if not force:
                must_be_free(target)
            _bring_proofs(Path(path), target, header)
            origin_file(target).unlink(missing_ok=True)
            draft.publish(replace=force)
    return look(target)


@contextmanager
def one_writer() -> Iterator[None]:
    """While this is held, no other run puts a filter, or what is kept beside it, in the folder.

    Raises FilterError.
    """
    lock = folder().with_name("filters.lock")
    with ExitStack() as held:
        try:
            held.enter_context(turn(lock))
        except TimeoutError:
            raise FilterError(
                said(
                    "{folder}: another run of leakcheck is writing there: try again.",
                    folder=folder(),
                )
            ) from None
        except OSError as error:
            raise FilterError(_unwritable(lock, error)) from None
        yield


def must_be_free(target: Path, again: str = "") -> None:
    """Raise UsageError where a filter of that name is installed; again: what to do, if known."""
    if target.exists():
        raise UsageError(
            said(
                "A filter named {name} is installed: {again}.",
                name=_name(target),
                again=again or said("choose another name with --as, or replace it with --force"),
            )
        )


@contextmanager
def _writes(path: Path) -> Iterator[None]:
    """Turn what the system raises while `path` is written into FilterError."""
    try:
        yield
    except OSError as error:
        raise FilterError(_unwritable(path, error)) from None


def _unwritable(path: Path, error: OSError) -> str:
    reason = error.strerror or "failed"
    return said("{folder}: it cannot be written: {reason}.", folder=path, reason=reason)


def _bring_proofs(path: Path, target: Path, header: Header) -> None:
    """Keep the signed list that stands beside `path`, and of a slice its proof, with the copy."""
    from leakcheck.trust import own_note, own_proof
    from leakcheck.trust.local import note_beside

    note = proof = None
    with filter_errors(str(path)):
        note = note_beside(path)
        if header.held != header.pages:
            from leakcheck.sources.slices import proof_beside

            proof = proof_beside(path, header)
    for raw, place in ((note, own_note(target)), (proof, own_proof(target))):
        if raw is None:
            place.unlink(missing_ok=True)
        else:
            write_whole(place, raw, mode=PUBLISHED)


def named(name: str) -> list[Path]:
    """The installed filters that `name` fits, with or without its kind and `.bloom`.

    Raises FilterError where the folder is there and cannot be listed.
    """
    wanted, paths = name.removesuffix(_SUFFIX), _files()
    return [path for path in paths if _name(path) == wanted] or [
        path for path in paths if _name(path).rpartition(".")[0] == wanted
    ]


def remove(name: str) -> Path:
    """Remove the installed filter `name` (with or without its kind); return its path.

    Raises UsageError where there is none or the name fits several.
    """
    paths = named(name)
    if not paths:
        raise UsageError(said("No filter of that name is installed: see `leakcheck filters list`."))
    if len(paths) > 1:
        choices = " or ".join(_name(path) for path in paths)
        raise UsageError(said("The name fits several filters: say {choices}.", choices=choices))
    with one_writer(), filter_errors(paths[0].name):
        paths[0].unlink()
        from leakcheck.trust import own_note, own_proof

        for beside in (own_note(paths[0]), own_proof(paths[0]), origin_file(paths[0])):
            beside.unlink(missing_ok=True)
    return paths[0]


def damaged_pages(entry: Installed) -> int:
    """How many pages of an installed filter are damaged, from a read of them all."""
    opened = open_installed(entry.path)
    try:
        return sum(1 for _ in opened.damaged_pages())
    finally:
        opened.close()


def look(path: Path) -> Installed:
    """The installed filter at `path`, whatever state it is in."""
    kind = kind_in_name(path)
    size = 0
    try:
        with filter_errors(path.name):
            size = path.stat().st_size
        opened = open_installed(path)
    except LeakcheckError as error:
        return Installed(_name(path), path, kind, None, size, str(error))
    opened.close()
    state = opened.info.doubt or "ok"
    if kind not in (None, opened.info.kind):
        state = said("{name}: the file holds another kind than its name says.", name=path.name)
    return Installed(_name(path), path, opened.info.kind, opened.info, size, state)


def _files() -> list[Path]:
    try:
        with filter_errors(str(folder())):
            return sorted(
                Path(entry.path)
                for entry in os.scandir(folder())
                if entry.name.endswith(_SUFFIX) and not entry.name.startswith(".")
            )
    except FilterError:
        if _never_made():
            return []
        raise


def _never_made() -> bool:
    """Whether there is no folder of installed filters because none was ever installed.

    Raises FilterError where LEAKCHECK_HOME names nothing.

    A folder that is there and cannot be reached (a link to what is not mounted,
    a LEAKCHECK_HOME that is missing or no folder) is no empty one: what it holds
    would have answered.
    """
    given = bool(os.environ.get("LEAKCHECK_HOME"))
    for above in (folder(), *folder().parents):
        try:
            above.lstat()
        except FileNotFoundError:
            if given and above == home():
                raise FilterError(
                    said(
                        "{above}: LEAKCHECK_HOME names this folder, and it is not there: make "
                        "it, or correct the variable.",
                        above=above,
                    )
                ) from None
            continue
        except OSError:
            return False
        return above.is_dir() and above != folder()
    return False


def open_installed(path: Path) -> LocalFilter:
    """The installed filter at `path`, under its name. Raises FilterError."""
    with filter_errors(path.name):
        _must_be_file(path)
    return LocalFilter(path, path.name.removesuffix(_SUFFIX))


def _must_be_file(path: Path) -> None:
    """Opening a FIFO would wait for ever, so nothing but a regular file is opened."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise FilterError(said("{path}: it is not a regular file.", path=path))


def verify(copy: Path, shown: str) -> None:
    """Raise FilterError, on the file `shown`, where a copy of it is damaged or no filter."""
    opened = LocalFilter(copy, shown)
    try:
        damaged = sum(1 for _ in opened.damaged_pages())
        pages = opened.header.held
    finally:
        opened.close()
    if damaged:
        raise FilterError(
            said_of(
                damaged,
                "{shown}: a page of its {pages} is damaged: get a new copy of the filter.",
                "{shown}: {damaged} of its {pages} pages are damaged: get a new copy of the "
                "filter.",
                shown=shown,
                damaged=figure(f"{damaged:,}"),
                pages=figure(f"{pages:,}"),
            )
        )


def _name(path: Path) -> str:
    return path.name.removesuffix(_SUFFIX)


def kind_in_name(path: Path) -> Kind | None:
    """The kind that the name of an installed filter says, or None."""
    last = _name(path).rpartition(".")[2]
    return next((kind for kind in Kind if kind.value == last), None)


def place_for(name: str, kind: Kind) -> Path:
    """Where a filter of that name and kind is installed."""
    plain = _BAD_IN_NAME.sub("-", name.removesuffix(_SUFFIX)).strip("-.") or "filter"
    return folder() / f"{plain.removesuffix(f'.{kind.value}')}.{kind.value}{_SUFFIX}"


def origin_file(path: Path) -> Path:
    """Where it is noted from which URL the installed filter at `path` came."""
    return path.with_name(f"{path.name}.from")
