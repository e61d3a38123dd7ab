"""What is to be published, and whether it can be."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leakcheck.errors import FilterError, UsageError
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
            raise UsageError("--origin is a host and a path, such as filters.example.org/acme.")
        for signer in self.signers:
            if signer.name != self.origin:
                raise UsageError(
                    f"The key is of {signer.name}, and not of {self.origin}: leave --origin out, "
                    "or make another key."
                )
        if not self.title.strip() or not self.title.isprintable() or len(self.title) > 200:
            raise UsageError("--title is one line that says which breach it was.")
        if not (_ADDRESS.fullmatch(self.contact) or _CONTACT_URL.fullmatch(self.contact)):
            raise UsageError("--contact is an e-mail address, or a URL that begins with https://.")
        known = languages()
        for language in self.languages:
            if language not in known:
                raise UsageError(f"--lang: there are texts in {', '.join(known)}.")
        kinds = texts("en")["kinds"]
        for name in self.data:
            if name not in kinds:
                raise UsageError(f"--data takes names from these: {', '.join(kinds)}.")
        if self.mirrors and not self.signers:
            raise UsageError("--mirror needs --key: nobody could tell a mirror that lies.")
        for mirror in self.mirrors:
            if not re.fullmatch(r"https://[^\s\"'<>;,]+/", mirror):
                raise UsageError("--mirror is the URL of a folder: https://…/.")
        if len({path.name for path in self.filters}) < len(self.filters):
            raise UsageError("Two of the filters have the same file name.")


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
            f"{path.name}: its name becomes a part of URLs: letters, digits, _ . + - and .bloom."
        )
    opened = filter_file.LocalFilter(path)
    try:
        header, kind = opened.header, opened.info.kind
        damaged = next(opened.damaged_pages(), None)
    finally:
        opened.close()
    if damaged is not None:
        raise FilterError(f"{path}: page {damaged} is damaged: build it again, or copy it anew.")
    if header.held != header.pages:
        raise UsageError(f"{path}: this is a slice: people's answers would be unknown.")
    if kind is Kind.DOMAIN:
        raise UsageError(f"{path}: the page asks about people, and this filter holds domains.")
    if header.reveals_bits > MOST_BITS:
        raise UsageError(f"{path}: asking it would tell a server more than {MOST_BITS} bits.")
    return SiteFilter(path, header, kind)


def languages() -> list[str]:
    """Those in which there are texts."""
    return sorted(path.stem for path in TEXTS.glob("*.json"))


def texts(language: str) -> dict[str, Any]:
    """The page's texts in a language."""
    found: dict[str, Any] = json.loads((TEXTS / f"{language}.json").read_text(encoding="utf-8"))
    return found
