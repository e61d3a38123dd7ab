"""What is to be published, and whether it can be."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leakcheck.errors import FilterError, UsageError
from leakcheck.language import joined, said
from leakcheck.sources import filter_file
from leakcheck.sources.filter_file import Header
from leakcheck.subject.kinds import Kind
from leakcheck.trust.note import Signer

SITE = Path(__file__).parent / "site"
"""The page's own files."""
TEXTS = SITE / "texts"
CHUNK = 1 << 20
"""Bytes of a chunk, as site/remote.js has it."""
MOST_BITS = 22
"""Of a digest that the page will tell a server, as site/leakcheck.js has it."""
_FILE_NAME = re.compile(r"(?!\.)[A-Za-z0-9_.+-]{1,200}\.bloom", re.ASCII)
_ORIGIN = re.compile(r"[a-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)*", re.ASCII)
_ADDRESS = re.compile(r"[^\s@<>\"']{1,64}@[A-Za-z0-9.-]{3,250}", re.ASCII)
_CONTACT_URL = re.compile(r"https://[^\s<>\"']{3,500}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SiteRequest:
    """What to publish.

    Attributes:
        filters: their files.
        output: the folder to write.
        origin: where the page will be, host and path.
        title: of the breach, as people will know it.
        data: what was leaked: names in texts/*.json, `kinds`.
        contact: an address, or an https URL.
        languages: of the page, the first one's for who reads none of them.
        signers: keys of the origin; none for a page that is not signed.
        mirrors: URLs of folders that hold the same.
        chunks: whether to write the filters once more in chunks.
        decoys: at least so many other pages asked for with each.
    """

    filters: Sequence[Path]
    output: Path
    origin: str
    title: str
    data: Sequence[str]
    contact: str
    languages: Sequence[str]
    signers: Sequence[Signer] = ()
    mirrors: Sequence[str] = ()
    chunks: bool = False
    decoys: int = 0

    @property
    def url(self) -> str:
        """Of the page."""
        return f"https://{self.origin.rstrip('/')}/"

    @property
    def contact_url(self) -> str:
        """What a link to the contact leads to."""
        return f"mailto:{self.contact}" if _ADDRESS.fullmatch(self.contact) else self.contact

    def check(self) -> None:
        """Raise UsageError where it cannot be published so."""
        if not _ORIGIN.fullmatch(self.origin):
            raise UsageError(
                said("--origin is a host and a path, such as filters.example.org/acme.")
            )
        for signer in self.signers:
            if signer.name != self.origin:
                raise UsageError(
                    said(
                        "The key is of {name}, and not of {origin}: leave --origin out, or make "
                        "another key.",
                        name=signer.name,
                        origin=self.origin,
                    )
                )
        if not self.title.strip() or not self.title.isprintable() or len(self.title) > 200:
            raise UsageError(said("--title is one line that says which breach it was."))
        if not (_ADDRESS.fullmatch(self.contact) or _CONTACT_URL.fullmatch(self.contact)):
            raise UsageError(
                said("--contact is an e-mail address, or a URL that begins with https://.")
            )
        known = languages()
        for language in self.languages:
            if language not in known:
                raise UsageError(
                    said("--lang: there are texts in {names}.", names=joined(", ", known))
                )
        kinds = texts("en")["kinds"]
        for name in self.data:
            if name not in kinds:
                raise UsageError(
                    said("--data takes names from these: {names}.", names=joined(", ", kinds))
                )
        if self.mirrors and not self.signers:
            raise UsageError(said("--mirror needs --key: nobody could tell a mirror that lies."))
        for mirror in self.mirrors:
            if not re.fullmatch(r"https://[^\s\"'<>;,]+/", mirror):
                raise UsageError(said("--mirror is the URL of a folder: https://…/."))
        if len({path.name for path in self.filters}) < len(self.filters):
            raise UsageError(said("Two of the filters have the same file name."))


@dataclass(frozen=True, slots=True)
class SiteFilter:
    """A filter that can be published: its file, header and kind."""

    path: Path
    header: Header
    kind: Kind = field(default=Kind.EMAIL)


def look(path: Path) -> SiteFilter:
    """The filter at `path`, every page of it sound.

    Raises FilterError where it is none, UsageError where a page cannot ask it.
    """
    if not _FILE_NAME.fullmatch(path.name):
        raise UsageError(
            said(
                "{name}: its name becomes a part of URLs: letters, digits, _ . + - and .bloom.",
                name=path.name,
            )
        )
    opened = filter_file.LocalFilter(path)
    try:
        header, kind = opened.header, opened.info.kind
        damaged = next(opened.damaged_pages(), None)
    finally:
        opened.close()
    if damaged is not None:
        raise FilterError(
            said(
                "{name}: page {damaged} is damaged: build it again, or copy it again.",
                name=path,
                damaged=damaged,
            )
        )
    if header.held != header.pages:
        raise UsageError(
            said("{name}: this is a slice: people's answers would be unknown.", name=path)
        )
    if kind is Kind.DOMAIN:
        raise UsageError(
            said("{name}: the page asks about people, and this filter holds domains.", name=path)
        )
    if header.reveals_bits > MOST_BITS:
        raise UsageError(
            said(
                "{name}: asking it would tell a server more than {most_bits} bits.",
                name=path,
                most_bits=MOST_BITS,
            )
        )
    return SiteFilter(path, header, kind)


def languages() -> list[str]:
    """Those in which there are texts."""
    return sorted(path.stem for path in TEXTS.glob("*.json"))


def texts(language: str) -> dict[str, Any]:
    """The page's texts in a language."""
    found: dict[str, Any] = json.loads((TEXTS / f"{language}.json").read_text(encoding="utf-8"))
    return found
