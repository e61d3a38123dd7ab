"""The folder for a static host, whole or not at all."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from leakcheck.errors import FilterError, UsageError
from leakcheck.files import FolderDraft
from leakcheck.language import said
from leakcheck.publishing import hosting, notice, page, saved
from leakcheck.publishing.request import CHUNK, SITE, SiteFilter, SiteRequest, look
from leakcheck.sources.filter_file import PAGE_BYTES
from leakcheck.trust import FILE_NAME as LIST
from leakcheck.trust import signing
from leakcheck.trust.edition import Edition
from leakcheck.trust.verity import SUFFIX

ABOUT = "site.json"
SUMS = "SHA256SUMS"
_OWN = ("*.js", "*.css", "tables.txt", "vendor/*")


def publish(request: SiteRequest, *, replace: bool, workers: int = 1) -> Edition | None:
    """Write the folder `request.output`; the edition that was signed, None of an unsigned page.

    replace: whether a folder that was published before may be replaced;
    workers: threads that hash. Raises UsageError, FilterError.
    """
    request.check()
    output = request.output.absolute()
    _check_output(output, replace)
    filters = [look(path) for path in request.filters]
    try:
        with FolderDraft(output) as draft:
            edition = _fill(draft.path, request, filters, output, workers)
            draft.publish()
    except OSError as error:
        why = error.strerror or said("the system refused")
        raise UsageError(
            said("{output}: it cannot be written: {why}.", output=request.output, why=why)
        ) from None
    return edition


def _check_output(output: Path, replace: bool) -> None:
    if not output.parent.is_dir():
        raise UsageError(said("{output}: there is no such folder to write to.", output=output))
    if not output.exists():
        return
    if not output.is_dir() or (any(output.iterdir()) and not (output / ABOUT).is_file()):
        raise UsageError(
            said("{output}: what is there was not published by leakcheck: it stays.", output=output)
        )
    if not replace:
        raise UsageError(
            said("{output}: it exists already: use --force to replace it.", output=output)
        )


def _fill(
    folder: Path,
    request: SiteRequest,
    filters: Sequence[SiteFilter],
    output: Path,
    workers: int,
) -> Edition | None:
    copies = []
    for each in filters:
        copy = folder / each.path.name
        shutil.copyfile(each.path, copy)
        copy.chmod(0o644)
        if copy.stat().st_size != each.header.file_bytes:
            raise FilterError(
                said("{name}: the file changed while it was copied: try again.", name=each.path)
            )
        copies.append(copy)
    edition = None
    if request.signers:
        earlier = [output, *(each.path.absolute().parent for each in filters)]
        edition = signing.sign_folder(copies, request.signers, earlier, workers)
    if request.chunks:
        for copy in copies:
            for whole in (copy, copy.with_name(copy.name + SUFFIX)):
                if whole.exists():
                    _write_chunks(whole)
    for pattern in _OWN:
        for path in sorted(SITE.glob(pattern)):
            _write(folder, str(path.relative_to(SITE)), path.read_bytes())
    for language in request.languages:
        words = json.dumps(page.shown_texts(request, language), ensure_ascii=False, indent=1)
        _write(folder, f"texts/{language}.json", f"{words}\n".encode())
    about = _about(request, filters, edition)
    _write(folder, ABOUT, about)
    html = page.pages(request, filters, edition) | saved.pages(request, filters, edition, about)
    for name, data in html.items():
        _write(folder, name, data)
    for name, text in {**hosting.files(request, filters), **notice.files(request)}.items():
        _write(folder, name, text.encode())
    _write(folder, SUMS, "".join(_sums(folder)).encode())
    return edition


def _about(request: SiteRequest, filters: Sequence[SiteFilter], edition: Edition | None) -> bytes:
    """What the page's scripts need to know: site.json."""
    entries = []
    for each in filters:
        name = each.path.name
        entry = {
            "name": name,
            "kind": each.kind.value,
            "size": each.header.file_bytes,
            "chunks": request.chunks,
        }
        if edition is not None:
            entry["digest"] = edition.filters[name].digest.hex()
        entries.append(entry)
    found = {
        "version": 1,
        "title": request.title,
        "data": list(request.data),
        "contact": request.contact,
        "origin": request.origin,
        "keys": [str(signer.verifier) for signer in request.signers],
        "serial": edition.serial if edition else 0,
        "mirrors": list(request.mirrors),
        "decoys": request.decoys,
        "tables": hashlib.sha256((SITE / "tables.txt").read_bytes()).hexdigest(),
        "filters": entries,
    }
    return (json.dumps(found, ensure_ascii=False, indent=1) + "\n").encode()


def _write_chunks(whole: Path) -> None:
    """The same bytes in files of a mebibyte, and the first page by itself: NAME.chunks/."""
    folder = whole.with_name(whole.name + ".chunks")
    folder.mkdir()
    with whole.open("rb") as file:
        (folder / "head.bin").write_bytes(file.read(PAGE_BYTES))
        file.seek(0)
        number = 0
        while piece := file.read(CHUNK):
            (folder / f"{number}.bin").write_bytes(piece)
            number += 1


def _write(folder: Path, name: str, data: bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(0o644)


def _sums(folder: Path) -> Iterator[str]:
    """A line for `sha256sum -c` of every file that stays as it is until the next edition.

    The chunks are parts of files that have one; the list proves itself, and changes
    with a withdrawal.
    """
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.endswith(".chunks"))
        for name in sorted(set(names) - {LIST}):
            path = Path(place) / name
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            yield f"{digest}  {path.relative_to(folder)}\n"
