"""What the tests of building share: build in this process, ask the filter."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from leakcheck.building import BuildReport, BuildRequest, Form, build
from leakcheck.errors import LeakcheckError
from leakcheck.sources.filter_file import LocalFilter
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import digest
from leakcheck.verdicts import Code


def made(
    folder: Path, *paths: object, kind: str | None = None, form: str | None = None, **options: Any
) -> BuildReport:
    """Build `folder/out.bloom`, anew, from `paths`."""
    said: list[str] = options.pop("said", [])
    request = BuildRequest(
        paths=tuple(str(path) for path in paths),
        output=options.pop("output", folder / "out.bloom"),
        kind=Kind(kind) if kind else None,
        form=Form(form) if form else None,
        force=options.pop("force", True),
        threads=options.pop("threads", 2),
        **options,
    )
    report = build(request, said.append, lambda done, keys: None, lambda what, done, total: None)
    for tally in report.inputs:
        assert tally.accepted + tally.rejected.total() == tally.lines, tally
    return report


def refused(folder: Path, *paths: object, **options: Any) -> str:
    """The sentence with which the build is refused; nothing is left behind."""
    with pytest.raises(LeakcheckError) as caught:
        made(folder, *paths, **options)
    left = [path.name for path in folder.iterdir() if "out.bloom" in path.name]
    assert not left
    return str(caught.value)


def known(folder: Path, kind: str, subjects: Iterable[Any]) -> list[bool]:
    """Whether the filter knows each subject: a text, or a pair for a credential."""
    packed = b"".join(
        subject if isinstance(subject, bytes) else key(kind, subject) for subject in subjects
    )
    source = LocalFilter(folder / "out.bloom")
    try:
        return [code == Code.EXPOSED for code in source.lookup(packed).codes]
    finally:
        source.close()


def key(kind: str, subject: Any) -> bytes:
    """The digest of a subject; of a credential given as (address, password)."""
    if isinstance(subject, tuple):
        from leakcheck.extract import credential_fields

        address, password = subject
        return credential_fields([(address.encode(), password.encode())]).digests
    return digest(Kind(kind), subject)


def put(folder: Path, name: str, data: str | bytes) -> Path:
    """A file with `data`."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path
