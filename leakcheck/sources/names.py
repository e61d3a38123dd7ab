"""What a name given by the user means, decided here and nowhere else.

    place(name)             the scheme that opens it
    is_remote(name)         whether to open it makes a request
    open_all(names, ...)    open sources, all of them or none
    open_source(name, ...)  open one

A name is a service (`hibp`), a URL, the path of a file, or the name of an
installed filter, in this order. To add one, write a function that opens it and
name it in `SERVICES` or `SCHEMES`.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from leakcheck.errors import FilterError, UsageError
from leakcheck.language import figure, said, said_of
from leakcheck.patterns import late
from leakcheck.sources import Access, Source
from leakcheck.sources.filter_file import Header, LocalFilter
from leakcheck.storage import SCHEMES as OBJECTS
from leakcheck.subject.kinds import Kind

EMBEDDED_NAME = said("100,000 most used breached passwords")
_URL = late(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_Kinds = Sequence[Kind]
FOR_PASSWORDS = (Kind.PASSWORD, Kind.NTLM)
"""The kinds that answer for passwords; only if it is named, a filter of NT hashes does."""


class Scheme(NamedTuple):
    """How the names of one scheme are opened.

    Attributes:
        open: from a name, the kinds that may answer (the likeliest first) and
            the access to a source, of whatever kind it is.
        header: from a name to the header of the filter, where it has one.
        remote: whether that makes requests.
        obliging: whether it answers for the kind that it is asked for, and has none of its own.
        kinds: those that it can answer for, None where only it says so once it is open.
    """

    open: Callable[[str, _Kinds, Access], Source]
    header: Callable[[str, Access], Header] | None = None
    remote: bool = False
    obliging: bool = False
    kinds: frozenset[Kind] | None = None


def place(name: str) -> Scheme:
    """The scheme of `name`. Raises UsageError where it is a URL of one that is not known."""
    if name in SERVICES:
        return SERVICES[name]
    url = _URL.match(name)
    if url is None:
        return FILE
    scheme = SCHEMES.get(url[1].lower())
    if scheme is None:
        known = ", ".join(f"{each}://" for each in SCHEMES)
        raise UsageError(
            said(
                "A filter cannot be asked for at such a URL: leakcheck knows {known}.", known=known
            )
        )
    return scheme


def is_remote(name: str) -> bool:
    """Whether to ask what `name` stands for makes requests."""
    return place(name).remote


def seen_from(folder: Path, name: str) -> str:
    """What a name means that stands in a file in `folder`: relative paths begin there."""
    if place(name) is not FILE:
        return name
    path = folder / name
    return name if not path.exists() and _installed(name) else str(path)


def open_all(
    names: Iterable[str], kinds: _Kinds, access: Access, installed_kinds: _Kinds | None = None
) -> list[Source]:
    """The sources that `names` stand for, in their order: all, or none where one cannot be opened.

    kinds: those that may answer, the likeliest first; without names, the
    usual ones of `access` that can, or else the default sources of each. A
    source is opened once and says its kind itself; what answers for several
    (`hibp`) is asked for the kind of the others, or for the first it can.
    installed_kinds: those of default sources, if not all of `kinds`.
    Raises FilterError where one cannot be opened or is of another kind,
    UsageError where `access` forbids it. A host that cannot be reached opens
    as a source that answers `unknown`.
    """
    listed = list(names)
    if not listed:
        return settled(kinds, access) or usual_sources(installed_kinds or kinds, access)
    opened: dict[int, Source] = {}
    try:
        for obliging in (False, True):
            for at, name in enumerate(listed):
                if place(name).obliging is obliging:
                    opened[at] = open_source(name, kinds, access)
            found = {source.info.kind for source in opened.values()}
            kinds = sorted(kinds, key=lambda kind: kind not in found)
    except BaseException:
        close_all(opened.values())
        raise
    return [opened[at] for at in sorted(opened)]


def usual_sources(kinds: _Kinds, access: Access, held: Sequence[Source] = ()) -> list[Source]:
    """The default sources of each kind; of those that are `held` open, the same ones."""
    usual = [one for kind in kinds for one in default_sources(kind, held)]
    for one in usual:
        if one not in held:
            _noted(one)
            one.reach(access)
    return usual


def settled(kinds: _Kinds, access: Access) -> list[Source]:
    """Those of `access.usual` that can answer for one of `kinds`: all, or none of them."""
    opened: list[Source] = []
    try:
        for usual in access.usual:
            scheme = place(usual.name)
            if usual.kind not in (None, *kinds) or (
                scheme.kinds and scheme.kinds.isdisjoint(kinds)
            ):
                continue
            _allow(usual.name, scheme, access)
            source = scheme.open(usual.name, kinds if usual.kind is None else [usual.kind], access)
            if source.info.kind in kinds:
                _noted(source)
                source.reach(access)
                opened.append(source)
            else:
                source.close()
    except BaseException:
        close_all(opened)
        raise
    return opened


def close_all(sources: Iterable[Source]) -> None:
    """Close every one of `sources`."""
    for source in sources:
        source.close()


def open_for_passwords(names: Sequence[str], access: Access) -> list[Source]:
    """The sources to ask about passwords; a filter of NT hashes can answer for them as well."""
    return open_all(names, FOR_PASSWORDS, access, [Kind.PASSWORD])


def default_sources(kind: Kind, held: Sequence[Source] = ()) -> list[Source]:
    """The installed filters of `kind`, and for passwords the embedded one.

    held: sources that are open, which stand for their filters.
    """
    from leakcheck.sources.installed import installed_sources

    embedded = [one for one in held if kind in _EMBEDDED and one.path == embedded_path(kind)]
    return [*installed_sources(kind, held), *(embedded or embedded_sources(kind))]


_EMBEDDED = {
    Kind.PASSWORD: "top-100k-passwords.bloom",
    Kind.NTLM: "top-100k-nt-hashes.bloom",
}


def embedded_path(kind: Kind = Kind.PASSWORD) -> Path:
    """The filter of the 100,000 most used breached passwords that ships with leakcheck.

    kind: PASSWORD or NTLM.
    """
    return Path(__file__).parent.parent / "data" / _EMBEDDED[kind]


def embedded_sources(kind: Kind) -> list[Source]:
    """The embedded filter, where it can answer for `kind`."""
    if kind not in _EMBEDDED:
        return []
    found = LocalFilter(embedded_path(kind), "embedded", shipped=True)
    if found.info.name == EMBEDDED_NAME:
        found.info = found.info._replace(name=EMBEDDED_NAME)  # which is said in any language
    return [found]


def defaults_path() -> Path:
    """The filter of the passwords that products ship with."""
    return Path(__file__).parent.parent / "data" / "default-passwords.bloom"


def defaults_source() -> Source:
    """What knows the passwords that products ship with: about others it says nothing."""
    return LocalFilter(defaults_path(), "embedded", shipped=True)


def open_source(name: str, kinds: _Kinds, access: Access) -> Source:
    """The source that `name` stands for, as in `open_all`."""
    scheme = place(name)
    _allow(name, scheme, access)
    source = scheme.open(name, kinds, access)
    _noted(source)
    if source.info.kind in kinds:
        source.reach(access)
        return source
    source.close()
    wanted = " or ".join(kinds)
    raise FilterError(
        said(
            "{name}: this filter holds subjects of kind {kind} and cannot answer for kind "
            "{wanted}.",
            name=shown(name),
            kind=source.info.kind,
            wanted=wanted,
        )
    )


def _noted(source: Source) -> None:
    """Say that a source was opened, where --verbose has loaded what says it."""
    logging = sys.modules.get("logging")  # takes 6 ms to import, which nobody else should wait
    if logging is not None:
        info = source.info
        keys = ""
        if info.keys is not None:
            keys = said_of(
                info.keys, ", {keys} key", ", {keys} keys", keys=figure(f"{info.keys:,}")
            )
        logging.getLogger("leakcheck").debug(
            "asking %s (%s%s)", shown(info.name), info.kind.value, keys
        )


def header_of(name: str, access: Access) -> Header:
    """The header of the filter that `name` stands for; of a remote one nothing else is asked.

    Raises FilterError, UsageError, NetworkError.
    """
    scheme = place(name)
    _allow(name, scheme, access)
    if scheme.header is None:
        raise UsageError(said("{name} is not a filter: it has no header to show.", name=name))
    return scheme.header(name, access)


def _allow(name: str, scheme: Scheme, access: Access) -> None:
    if scheme.remote and access.offline:
        raise UsageError(
            said("--offline forbids asking {name}: name a file, or leave it out.", name=shown(name))
        )


def shown(name: str) -> str:
    """The name as it may be shown: of a URL, without what can be secret."""
    from leakcheck.http import urls

    return urls.shown(name) if _URL.match(name) else name


def _open_path(name: str, kinds: _Kinds, access: Access) -> Source:
    """The filter or store at a path, or the installed filter of that name."""
    from leakcheck.store import is_store

    path = Path(name)
    if is_store(path):
        from leakcheck.sources.range_store import StoredRanges

        return StoredRanges(path, access.min_count)
    return _open_file(name, kinds, access)


def _open_file(name: str, kinds: _Kinds, access: Access) -> LocalFilter:
    """The filter at a path, or the installed one of that name."""
    path = Path(name)
    if path.name != name or path.exists():
        return LocalFilter(path)
    found = _installed(name, kinds)
    if not found:
        raise FilterError(
            said(
                "{name}: there is no such file, and no filter of that name is installed.", name=name
            )
        )
    if len(found) > 1:
        choices = " or ".join(each.name.removesuffix(".bloom") for each in found)
        raise UsageError(
            said(
                "{name}: the name fits several installed filters: say {choices}.",
                name=name,
                choices=choices,
            )
        )
    from leakcheck.sources.installed import open_installed

    return open_installed(found[0])


def _installed(name: str, kinds: _Kinds = ()) -> list[Path]:
    """The installed filters that `name` fits, of `kinds` where some are."""
    from leakcheck.sources.installed import kind_in_name, named

    found = named(name)
    return [path for path in found if kind_in_name(path) in kinds] or found


def _open_url(name: str, kinds: _Kinds, access: Access) -> Source:
    from leakcheck.sources.filter_url import RemoteFilter

    return RemoteFilter(name, kinds, access)


def _open_hibp(name: str, kinds: _Kinds, access: Access) -> Source:
    from leakcheck.sources.range_api import open_range_service

    return open_range_service(kinds, access)


def _header_of_file(name: str, access: Access) -> Header:
    source = _open_file(name, (), access)
    source.close()
    return source.header


def _header_of_url(name: str, access: Access) -> Header:
    from leakcheck.sources.filter_url import read_header

    return read_header(name, access)


FILE = Scheme(_open_path, _header_of_file)
_KNOWN_TO_HIBP = frozenset((Kind.PASSWORD, Kind.NTLM, Kind.EMAIL))
SERVICES = {"hibp": Scheme(_open_hibp, remote=True, obliging=True, kinds=_KNOWN_TO_HIBP)}
SCHEMES = dict.fromkeys(("http", "https", *OBJECTS), Scheme(_open_url, _header_of_url, remote=True))
"""What opens the URLs of each scheme."""
