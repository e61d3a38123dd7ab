"""What the export of a password manager or browser holds, entry by entry.

Tables are read as any list of passwords is. Of the documents whose makers keep
old passwords, notes and cards in them (Bitwarden, 1Password, Proton Pass as
JSON, KeePass as XML) an entry is what its maker calls one, and what was in use
before is left out.
"""

import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from leakcheck.errors import InputError
from leakcheck.language import said
from leakcheck.records import columns
from leakcheck.records.asked import Record, asker_of
from leakcheck.records.batches import SAMPLE_ROWS, rows
from leakcheck.records.columns import Role
from leakcheck.records.formats import Dialect, Form
from leakcheck.records.lines import lines
from leakcheck.records.rows import EMPTY, NO_PASSWORD, Wanted, raw, readable
from leakcheck.records.shown import HIDDEN, plain_url

MOST = 256 << 20
"""Bytes of a document that is read as a whole."""
_FOLDERS = frozenset(
    ("folder", "foldername", "group", "groupname", "grouping", "vault", "vaultname", "category",
     "collections", "ordner", "dossier", "sheet", "file")
)  # fmt: skip
_SITES = frozenset(
    ("url", "urls", "uri", "uris", "loginuri", "loginurl", "website", "websiteurl", "web", "href",
     "site", "host", "hostname", "originurl", "hosturl", "link")
)  # fmt: skip


_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class VaultEntry:
    """One entry of an export.

    Attributes:
        number: of its row, or its place in the document, from 1.
        title: what its owner calls it, or empty.
        site: the host of its address, or empty.
        login: who signs in, or empty.
        passwords: in use, as bytes; none where there is none.
        keyed: whether it holds another way to sign in, so that it needs no password.
        problem: why it could not be read, or empty.
    """

    number: int
    title: str
    site: str
    login: str
    passwords: tuple[bytes, ...] = field(default=(), repr=False)
    keyed: bool = False
    problem: str = ""


def of_records(records: Iterable[Record]) -> Iterator[VaultEntry]:
    """The entries of a table, or of any document with a password in each record."""
    for record in records:
        if record.empty:
            continue
        entry = _of_cells(record.number, list(record.others.items()))
        picked = record.picked
        # What looks like a hash is a password all the same: managers keep no others.
        found = [word for _, word in picked.secrets] or list(picked.hashes) if picked else []
        words = tuple(dict.fromkeys(found))
        if record.problem not in ("", EMPTY, NO_PASSWORD) and not words:
            yield replace(entry, problem=record.problem)
        elif words or entry.login or entry.site:  # what has neither is a note, a card, a person
            yield replace(entry, passwords=words)


def of_text(
    stream: io.RawIOBase, dialect: Dialect, wanted: Wanted, name: str
) -> Iterator[VaultEntry]:
    """The entries of one text. Raises InputError where it holds none, ReadError where it breaks."""
    if dialect.form is Form.PASSWORDS:
        return _of_lines(stream)
    if dialect.form in (Form.HASHES, Form.COMBO, Form.POTFILE, Form.SQL, Form.PWDUMP, Form.TEXT,
                        Form.VCARD):  # fmt: skip
        raise InputError(
            said(
                "{name}: this is {words}, not an export of a password manager: leakcheck scan "
                "checks such lists.",
                name=name,
                words=dialect.words,
            )
        )
    if dialect.form in (Form.JSON, Form.XML) and not dialect.by_line:
        whole = stream.read(MOST) or b""
        parts = [whole]
        while len(parts[-1]) and sum(map(len, parts)) < MOST:
            parts.append(stream.read(MOST) or b"")
        whole = b"".join(parts)
        found = (_of_json if dialect.form is Form.JSON else _of_xml)(whole, name)
        if found is not None:
            return iter(found)
        stream = _Held(whole, stream)
    found_rows = rows(dialect, stream, wanted)
    sample = list(islice(found_rows, SAMPLE_ROWS))
    asker = asker_of(dialect, wanted, sample, name)
    asked = (asker.record(row) for row in chain(sample, found_rows))
    return of_records(one for one in asked if one is not None)


class _Held(io.RawIOBase):
    """What was read of a stream, then the rest of it."""

    def __init__(self, start: bytes, rest: io.RawIOBase) -> None:
        self._start, self._rest = io.BytesIO(start), rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._start.readinto(buffer) or self._rest.readinto(buffer) or 0


def _of_lines(stream: io.RawIOBase) -> Iterator[VaultEntry]:
    for number, line in enumerate(lines(stream), 1):
        if word := line.rstrip("\r\n"):
            yield VaultEntry(number, said("line {number}", number=number), "", "", (raw(word),))


def _of_cells(number: int, cells: Sequence[tuple[str, str]]) -> VaultEntry:
    """What the cells that may be shown say of an entry."""
    title = site = login = ""
    for name, text in cells:
        text = text.strip()
        if not text or text == HIDDEN:
            continue
        role, bare = columns.role(name), columns.bare(name.rpartition(".")[2])
        if role in (Role.LOGIN, Role.ADDRESS) and bare != "account":
            login = login or text
        elif (bare in _SITES or _SCHEME.match(text) or bare.endswith(("uri", "url"))) and not site:
            site = host_of(text)
        elif role in (Role.LABEL, Role.LOGIN) and bare not in _FOLDERS:
            title = title or text
    return VaultEntry(number, title, site, login)


def host_of(text: str) -> str:
    """The host that a URL names, without `www.`; of other text its first word, if it is a host."""
    first = next(iter(text.replace(",", " ").split()), "")
    try:
        parts = urlsplit(first if _SCHEME.match(first) else f"//{first}")
        host = parts.hostname or ""
    except ValueError:
        return ""
    plain = host.removeprefix("www.")
    return plain if "." in plain or _SCHEME.match(first) else ""


# ---- documents


def _of_json(whole: bytes, name: str) -> list[VaultEntry] | None:
    """The entries of a manager's JSON; None where it is another document."""
    try:
        document = json.loads(whole)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    if document.get("encrypted") is True:
        raise InputError(
            said("{name}: the export is encrypted: export it without encryption.", name=name)
        )
    for look in (_bitwarden, _one_password, _proton):
        found = look(document)
        if found is not None:
            return [one for one in found if one.passwords or one.login or one.site]
    return [] if {"version", "description", "createdAt"} <= set(document) else None


def _bitwarden(document: dict[str, Any]) -> list[VaultEntry] | None:
    items = document.get("items")
    if not isinstance(items, list) or not any(isinstance(one, dict) and "login" in one
                                              for one in items):  # fmt: skip
        return None
    found = []
    for number, item in enumerate(items, 1):
        login = _map(item, "login")
        if _text(item, "deletedDate") or not login:
            continue
        uris = [_text(one, "uri") for one in _list(login, "uris")]
        keyed = bool(_list(login, "fido2Credentials"))
        found.append(_entry(number, _text(item, "name"), uris, _text(login, "username"),
                            [_text(login, "password")], keyed))  # fmt: skip
    return found


def _one_password(document: dict[str, Any]) -> list[VaultEntry] | None:
    accounts = document.get("accounts")
    if not isinstance(accounts, list):
        return None
    items = [
        _map(item, "item") or item
        for account in accounts
        for vault in _list(account, "vaults")
        for item in _list(vault, "items")
        if isinstance(item, dict)
    ]
    if not any("overview" in item for item in items):
        return None
    found = []
    for number, item in enumerate(items, 1):
        overview, details = _map(item, "overview"), _map(item, "details")
        fields = {_text(one, "designation"): _text(one, "value")
                  for one in _list(details, "loginFields")}  # fmt: skip
        urls = [_text(overview, "url"), *(_text(one, "url") for one in _list(overview, "urls"))]
        words = [fields.get("password", ""), _text(details, "password")]
        sections = [one for part in _list(details, "sections") for one in _list(part, "fields")]
        keyed = any("passkey" in _text(one, "id") for one in sections)
        if words == ["", ""] and not fields and not any(urls):
            continue  # a note, a card, a document
        found.append(_entry(number, _text(overview, "title"), urls, fields.get("username", ""),
                            words, keyed))  # fmt: skip
    return found


def _proton(document: dict[str, Any]) -> list[VaultEntry] | None:
    vaults = document.get("vaults")
    if not isinstance(vaults, dict):
        return None
    items = [item for vault in vaults.values() for item in _list(vault, "items")]
    found = []
    for number, item in enumerate(items, 1):
        data = _map(item, "data")
        content = _map(data, "content")
        if _text(data, "type") != "login" or item.get("state") == 2:  # 2: in the trash
            continue
        who = [_text(content, one) for one in ("itemUsername", "username", "itemEmail")]
        urls = [one for one in _list(content, "urls") if isinstance(one, str)]
        title = _text(_map(data, "metadata"), "name")
        login = next(filter(None, who), "")
        keyed = bool(_list(content, "passkeys"))
        found.append(_entry(number, title, urls, login, [_text(content, "password")], keyed))
    return found


def _of_xml(whole: bytes, name: str) -> list[VaultEntry] | None:
    """The entries of KeePass's XML; None where it is another document."""
    if b"<KeePassFile" not in whole[:4096] or b"<!DOCTYPE" in whole or b"<!ENTITY" in whole:
        return None
    # It declares no entity: that was looked for above.
    parser = ElementTree.XMLParser(encoding="utf-8")  # noqa: S314
    try:
        root = ElementTree.fromstring(whole, parser)  # noqa: S314
    except ElementTree.ParseError:
        return None
    bin_ = root.findtext("Meta/RecycleBinUUID") or "-"
    found: list[VaultEntry] = []
    top = root.find("Root")
    for group in top if top is not None else ():
        _keepass(group, bin_, found, name)
    return found


def _keepass(group: Any, bin_: str, found: list[VaultEntry], name: str) -> None:
    stack = [group]
    while stack:
        one = stack.pop()
        if one.tag == "Entry":
            cells = {}
            for string in one.findall("String"):
                value = string.find("Value")
                if value is not None and value.get("Protected") == "True":
                    raise InputError(
                        said(
                            "{name}: the passwords in it are encrypted: export the database as "
                            "XML or CSV from within KeePass.",
                            name=name,
                        )
                    )
                text = "" if value is None else value.text or ""
                cells[string.findtext("Key") or ""] = text
            title, url, user, word = (
                cells.get(key, "") for key in ("Title", "URL", "UserName", "Password")
            )
            found.append(_entry(len(found) + 1, title, [url], user, [word]))
        elif one.tag == "Group" and one.findtext("UUID") != bin_:
            stack += reversed([part for part in one if part.tag in ("Entry", "Group")])


def _entry(
    number: int, title: str, urls: Sequence[str], login: str, words: Iterable[str],
    keyed: bool = False,
) -> VaultEntry:  # fmt: skip
    site = next((host for url in urls if url and (host := host_of(plain_url(url)))), "")
    passwords = tuple(dict.fromkeys(raw(word) for word in words if word))
    return VaultEntry(
        number, readable(title.strip()), site, readable(login.strip()), passwords, keyed
    )


def _map(value: Any, key: str) -> Any:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _list(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _text(value: Any, key: str) -> str:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""
