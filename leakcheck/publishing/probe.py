"""Asks a live host as browsers would: what about it keeps people from an answer?"""

import hashlib
import ipaddress
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from leakcheck.errors import FilterError, NetworkError, UsageError
from leakcheck.http import urls
from leakcheck.http.client import Client
from leakcheck.http.connection import Reply
from leakcheck.http.headers import byte_range
from leakcheck.http.urls import Url
from leakcheck.language import said
from leakcheck.publishing.request import CHUNK
from leakcheck.publishing.site_folder import ABOUT, SUMS
from leakcheck.sources import filter_file, filter_header
from leakcheck.sources.filter_file import PAGE_BYTES
from leakcheck.trust import edition as editions
from leakcheck.trust import note
from leakcheck.trust.edition import FILE_NAME, Edition
from leakcheck.trust.note import NoteError, Verifier
from leakcheck.trust.proof import Chain, ProofError, chain
from leakcheck.trust.verity import SUFFIX

_PATIENCE = 20.0  # seconds
_LARGEST = 4 << 20
_TYPES = {"html": "text/html", "css": "text/css", "js": "javascript", "json": "json"}
_ANY = dict.fromkeys((*range(200, 300), *range(400, 600)), 0)


class HostFault(NamedTuple):
    """What is not as it should be; fatal: whether people get no answer, or one worth nothing."""

    text: str
    fatal: bool = True


def probe(url: str) -> list[HostFault]:
    """What is wrong with the page published at `url`; nothing where all is well.

    Raises UsageError where it is no URL.
    """
    if not url.endswith("/"):
        url += "/"
    return list(_Probe(urls.parse_url(url)).findings())


class _Probe:
    def __init__(self, base: Url) -> None:
        self._base = base
        self._client = Client(base, None, _PATIENCE)
        self._sizes: dict[str, int] = {}

    def findings(self) -> Iterator[HostFault]:
        try:
            yield from self._secure()
            about = self._about()
            yield from self._own_files()
            if "access-control-allow-origin" not in self._whole(ABOUT).fields:
                yield HostFault(
                    said("no page elsewhere, and no saved one, may ask it (CORS)"), False
                )
            edition = self._edition(about)
            for entry in about["filters"]:
                yield from self._filter(entry, edition)
        except _Wrong as error:
            yield HostFault(str(error))
        except (KeyError, TypeError, ValueError, UsageError):
            yield HostFault(said("{about} is not the one of a published page", about=ABOUT))
        finally:
            self._client.close()

    def _get(
        self, name: str, fields: Mapping[str, str] | None = None, most: int = _LARGEST
    ) -> Reply:
        wanted = dict.fromkeys(_ANY, 0) | {200: most, 206: PAGE_BYTES}
        try:
            return self._client.ask(urls.joined(self._base, name), fields or {}, wanted, _PATIENCE)
        except NetworkError as error:
            raise _Wrong(
                said("{name}: {reason}", name=name or said("the page"), reason=error)
            ) from None

    def _whole(self, name: str, most: int = _LARGEST) -> Reply:
        reply = self._get(name, most=most)
        if reply.status != 200:
            raise _Wrong(
                said(
                    "{name}: the host answers with status {status}",
                    name=name or said("the page"),
                    status=reply.status,
                )
            )
        return reply

    def _secure(self) -> Iterator[HostFault]:
        if not self._base.is_secure and not _is_loopback(self._base.host):
            yield HostFault(
                said("the page is not served over https: browsers refuse to compute there")
            )
        fields = self._whole("").fields
        if "text/html" not in fields.get("content-type", ""):
            yield HostFault(said("the page is not served as text/html"))
        if "set-cookie" in fields:
            yield HostFault(said("the host sets cookies, which tell visitors apart"))
        if "frame-ancestors" not in fields.get("content-security-policy", ""):
            yield HostFault(
                said("the headers of _headers are not sent (no Content-Security-Policy)"), False
            )

    def _about(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._whole(ABOUT).body)
        if found.get("version") != 1:
            raise ValueError
        return found

    def _own_files(self) -> Iterator[HostFault]:
        """Types, without which browsers refuse scripts; contents, by the sums beside them."""
        for line in self._whole(SUMS).body.decode("ascii", "replace").splitlines():
            digest, _, name = line.partition("  ")
            kind = name.rpartition(".")[2]
            if kind not in _TYPES and name != "tables.txt":
                continue
            reply = self._get(name)
            if reply.status != 200:
                yield HostFault(
                    said(
                        "{name}: the host answers with status {status}",
                        name=name,
                        status=reply.status,
                    )
                )
                continue
            told = reply.fields.get("content-type", "")
            if kind in _TYPES and _TYPES[kind] not in told:
                yield HostFault(
                    said(
                        "{name}: served as {told}: browsers refuse it",
                        name=name,
                        told=told or said("no type"),
                    ),
                    kind != "json",
                )
            if hashlib.sha256(reply.body).hexdigest() != digest:
                yield HostFault(
                    said("{name}: the host serves another content than was published", name=name)
                )

    def _edition(self, about: Mapping[str, Any]) -> Edition | None:
        keys = [Verifier.parse(key) for key in about["keys"]]
        if not keys:
            return None
        try:
            text, _ = note.verify(self._whole(FILE_NAME, note.LARGEST).body, keys)
            found = editions.parse(text)
        except NoteError as error:
            raise _Wrong(said("{file_name}: {reason}", file_name=FILE_NAME, reason=error)) from None
        if found.serial < about["serial"]:
            raise _Wrong(
                said(
                    "{file_name} is of edition {serial}, and {about} of edition {about2}: a "
                    "part of the host is out of date",
                    file_name=FILE_NAME,
                    serial=found.serial,
                    about=ABOUT,
                    about2=about["serial"],
                )
            )
        return found

    def _filter(self, entry: Mapping[str, Any], edition: Edition | None) -> Iterator[HostFault]:
        name, size = str(entry["name"]), int(entry["size"])
        self._sizes[name] = size
        try:
            proof = chain(edition, name) if edition else None
        except NoteError as error:
            yield HostFault(said("{name}: {reason}", name=name, reason=error))
            return
        if proof is not None and proof.entry.size != size:
            yield HostFault(
                said(
                    "{name}: {about} and {file_name} disagree on its size",
                    name=name,
                    about=ABOUT,
                    file_name=FILE_NAME,
                )
            )
            return
        reasons: list[str] = []
        for way, read in ((said("byte ranges"), self._by_range), ("chunks", self._by_chunk)):
            if way == "chunks" and not entry.get("chunks"):
                continue
            reason = self._fault(name, size, proof, read)
            if reason is None:
                for other in reasons:
                    yield HostFault(
                        other + said(": the chunks are used instead, 250 times larger"), False
                    )
                return
            reasons.append(said("{name}: by {way}: {reason}", name=name, way=way, reason=reason))
        for reason in reasons:
            yield HostFault(reason)
        if not entry.get("chunks"):
            yield HostFault(
                said("{name}: publish it with --chunks, if this host cannot do better", name=name),
                False,
            )

    def _fault(
        self, name: str, size: int, proof: Chain | None, read: Callable[[str, int], bytes]
    ) -> str | None:
        """Why the header and a page of a filter cannot be had in a way; None where they can."""
        try:
            first = read(name, 0)
            header = filter_header.parse_header(first, name)
            if header.file_bytes != size:
                return said("it is another filter than was published")
            number = secrets.randbelow(header.pages)
            sidecar = name + SUFFIX
            if proof is not None:
                proof.keep_upper([read(sidecar, each) for each in range(proof.shape.upper)])
            for block, data in ((0, first), (1 + number, read(name, 1 + number))):
                if block and not filter_file.page_is_sound(data, number, header.seed):
                    return said("a page is damaged")
                if proof is not None:
                    proof.prove(block, data, read(sidecar, proof.leaf(block)))
        except _Wrong as error:
            return str(error).removeprefix(f"{name}: ")
        except FilterError:
            return said("what arrives is not a filter")
        except ProofError as error:
            return f"{error}"
        return None

    def _by_range(self, name: str, block: int) -> bytes:
        first = PAGE_BYTES * block
        reply = self._get(name, {"Range": byte_range(first, PAGE_BYTES)}, 0)
        if reply.status == 200:
            raise _Wrong(said("the host ignores ranges"))
        if reply.status != 206:
            raise _Wrong(said("the host answers with status {status}", status=reply.status))
        if reply.fields.get("content-encoding", "identity") != "identity":
            raise _Wrong(said("the host compresses ranges"))
        place = reply.fields.get("content-range", "").partition("/")
        if len(reply.body) != PAGE_BYTES or place[0] != f"bytes {first}-{first + PAGE_BYTES - 1}":
            raise _Wrong(said("the host sends other bytes than those asked for"))
        if place[2] not in ("*", str(self._sizes.get(name, place[2]))):
            raise _Wrong(said("the file there has another size than the one published"))
        return reply.body

    def _by_chunk(self, name: str, block: int) -> bytes:
        at = PAGE_BYTES * block
        if not block:
            return self._whole(f"{name}.chunks/head.bin", PAGE_BYTES).body
        body = self._whole(f"{name}.chunks/{at // CHUNK}.bin", CHUNK).body
        return body[at % CHUNK : at % CHUNK + PAGE_BYTES]


class _Wrong(Exception):
    """What cannot be had, and why."""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
