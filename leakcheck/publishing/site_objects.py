"""The folder for a static host, put into object storage.

Rule 1: the signed list is the last to be sent: until then readers have the old
one, by which a new filter is `unknown`, never wrong. Rule 2: what is there and is
not of leakcheck stays, and so does what only an earlier edition had; that is told.
"""

from dataclasses import replace as changed
from pathlib import Path

from leakcheck.errors import NetworkError, UsageError
from leakcheck.files import temporary_folder
from leakcheck.language import said
from leakcheck.publishing import hosting
from leakcheck.publishing.request import SiteRequest
from leakcheck.publishing.site_folder import ABOUT, publish
from leakcheck.storage import uploads
from leakcheck.storage.stores import object_now, pieces_of, urls_below
from leakcheck.trust import FILE_NAME as LIST
from leakcheck.trust.edition import Edition
from leakcheck.trust.note import LARGEST

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
}
_BINARY = frozenset(pattern.removeprefix("*") for pattern in hosting.BINARY)


def publish_to(
    url: str, request: SiteRequest, *, replace: bool, workers: int = 1
) -> tuple[Edition | None, list[str]]:
    """Write the folder of `request` and put it below `url`; the edition, and what is to be said.

    request: its output counts for nothing; the other arguments as for
    site_folder.publish. Raises UsageError, FilterError, NetworkError.
    """
    import shutil

    request.check()
    top = url.rstrip("/")
    uploads.check_folder(top, ABOUT, replace)
    here = temporary_folder()
    try:
        folder = here / "site"
        folder.mkdir()
        if object_now(f"{top}/{LIST}") is not None:  # the next edition follows it
            (folder / ABOUT).write_bytes(b"{}")
            (folder / LIST).write_bytes(_list(f"{top}/{LIST}"))
        edition = publish(changed(request, output=folder), replace=True, workers=workers)
        names = [path.relative_to(folder).as_posix() for path in _ordered(folder)]
        for name in names:
            uploads.put(f"{top}/{name}", folder / name, replace=True, about=_fields(name))
    except OSError as error:
        raise UsageError(
            said("There is no room for temporary files: {why}.", why=error.strerror)
        ) from None
    finally:
        shutil.rmtree(here, ignore_errors=True)
    return edition, _left(top, set(names))


def _list(url: str) -> bytes:
    """The signed list that is there."""
    found = b""
    for piece in pieces_of(url):
        found += piece
        if len(found) > LARGEST:
            raise NetworkError(said("{url}: what is there is not a signed list.", url=url))
    return found


def _ordered(folder: Path) -> list[Path]:
    """The files in the order in which they are sent: what others name first, the list last."""
    last = [ABOUT, LIST]
    files = (path for path in folder.rglob("*") if path.is_file())

    def place(path: Path) -> tuple[int, bool, str]:
        name = path.relative_to(folder).as_posix()
        return (last.index(name) + 1 if name in last else 0, name.endswith(".html"), name)

    return sorted(files, key=place)


def _fields(name: str) -> dict[str, str]:
    """The header fields of a file; those that a store keeps for each object."""
    suffix = Path(name).suffix
    kind = _TYPES.get(suffix, "text/plain; charset=utf-8")
    return {
        "Content-Type": uploads.BINARY["Content-Type"] if suffix in _BINARY else kind,
        "Cache-Control": hosting.FIELDS["Cache-Control"],
    }


def _left(top: str, names: set[str]) -> list[str]:
    """What is to be said of objects that only an earlier edition had."""
    stay = sorted(url[len(top) + 1 :] for url in urls_below(f"{top}/"))
    stay = [name for name in stay if name not in names]
    if not stay:
        return []
    return [
        said(
            "What only an earlier edition had stays there, such as {name}: remove what nobody is "
            "to read.",
            name=stay[0],
        )
    ]
