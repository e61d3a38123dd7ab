"""Range services as sources: Pwned Passwords, and the e-mail search by range.

Rule 1: of a digest, the first five (passwords) or six (addresses) hex digits
are sent, nothing else; the plain-address search is never used. Rule 2: only a
well-formed answer vouches for a clean. Rule 3: an answer is kept on disk for
a while; it holds a prefix's suffixes, never which of them was looked for.
"""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from leakcheck.errors import NetworkError, UsageError
from leakcheck.http import parallel
from leakcheck.http.cache import Cache
from leakcheck.http.client import CONNECTIONS, Client
from leakcheck.http.decoys import shuffled, with_decoys
from leakcheck.http.urls import Url, parse_url, shown
from leakcheck.language import said
from leakcheck.sources import Access, Source
from leakcheck.sources.range_answers import email_range, password_range
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Code, Lookup, SourceInfo

PASSWORDS_URL = "https://api.pwnedpasswords.com"
KINDS = (Kind.PASSWORD, Kind.NTLM, Kind.EMAIL)
EMAILS_URL = "https://haveibeenpwned.com/api/v3"
_FRESH = 24 * 3600.0  # seconds an answer is kept
_MOST_BYTES = 32 << 20
_GIVE_UP = 3
_Settle = Callable[[int, bytes], None]


@dataclass(frozen=True, slots=True)
class Service:
    """One range service.

    base: its URL; path: with {prefix}; digits: hex digits of the digest sent;
    headers: sent with each request; connections: at once.
    """

    name: str
    kind: Kind
    base: str
    path: str
    digits: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    connections: int = CONNECTIONS


def open_range_service(kinds: Sequence[Kind], access: Access) -> Source:
    """`hibp` as a source for the first of `kinds` that it can answer for.

    Raises UsageError where that is none of them, or no key was given.
    """
    kind = next((kind for kind in kinds if kind in KINDS), kinds[0])
    if kind in (Kind.PASSWORD, Kind.NTLM):
        base = access.hibp_url or PASSWORDS_URL
        mode = "?mode=ntlm" if kind is Kind.NTLM else ""
        service = Service(
            "Pwned Passwords",
            kind,
            base,
            "/range/{prefix}" + mode,
            digits=5,
            headers={"Add-Padding": "true"},
        )
    elif kind is Kind.EMAIL:
        if access.allow_bits < 24:
            raise UsageError(
                said(
                    "The e-mail search of hibp learns 24 bits of the address's SHA-1, more than "
                    "the {allow_bits} allowed: --allow-bits 24 allows it.",
                    allow_bits=f"{access.allow_bits:g}",
                )
            )
        service = Service(
            "Have I Been Pwned",
            kind,
            access.hibp_url or EMAILS_URL,
            "/breachedaccount/range/{prefix}",
            digits=6,
            headers={"hibp-api-key": api_key()},
            connections=1,
        )
    else:
        raise UsageError(
            said("hibp cannot answer for kind {kind}: it knows emails and passwords.", kind=kind)
        )
    return RangeSource(service, access)


def api_key() -> str:
    """The user's key: HIBP_API_KEY, else the file that HIBP_API_KEY_FILE names.

    Raises UsageError where there is none, or it cannot be one.
    """
    key = os.environ.get("HIBP_API_KEY", "")
    path = os.environ.get("HIBP_API_KEY_FILE")
    if not key and path:
        try:
            key = Path(path).expanduser().read_text("ascii")
        except (OSError, ValueError):
            raise UsageError(
                said(
                    "The file that HIBP_API_KEY_FILE names cannot be read: it holds the key alone."
                )
            ) from None
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable() or len(key) > 256:
        raise UsageError(
            said(
                "The e-mail search of hibp needs your key: put it into HIBP_API_KEY, or into a "
                "file and its name into HIBP_API_KEY_FILE."
            )
        )
    return key


class RangeSource(Source):
    """A range service: suffixes are whole, so the answer is exact."""

    exact = True

    def __init__(self, service: Service, access: Access) -> None:
        """Raises UsageError where base URL or proxy is of no use; asks nothing yet."""
        self._service, self._access = service, access
        self.revealed: float = 0.0
        self._base = parse_url(service.base)
        self._own = self._base.host not in {
            parse_url(url).host for url in (PASSWORDS_URL, EMAILS_URL)
        }
        name = (
            said("{name} at {host}", name=service.name, host=self._base.host)
            if self._own
            else service.name
        )
        self.info = SourceInfo(name=name, kind=service.kind, url=shown(str(self._base)))
        self._client = Client(self._base, access.proxy, access.timeout)
        self._cache = Cache("ranges", _FRESH)
        self._cache.prune()

    def lookup(self, digests: bytes) -> Lookup:
        """Ask for `digests`, packed end to end: each prefix of theirs once."""
        size, digits = self.info.kind.digest_bytes, self._service.digits
        items = [digests[at : at + size].hex().upper() for at in range(0, len(digests), size)]
        holders: dict[int, list[int]] = {}
        for index, item in enumerate(items):
            holders.setdefault(int(item[:digits], 16), []).append(index)
        codes = bytearray([Code.UNKNOWN]) * len(items)
        reasons: dict[int, str] = {}
        found: dict[int, int | tuple[str, ...]] = {}

        def settle(number: int, body: bytes) -> None:
            known = self._parse(body)
            for index in holders.get(number, ()):
                value = known.get(items[index][digits:])
                enough = not isinstance(value, int) or value >= self._access.min_count
                codes[index] = Code.EXPOSED if value is not None and enough else Code.CLEAN
                if codes[index] == Code.EXPOSED and value is not None:
                    found[index] = value

        missing = [number for number in holders if not self._from_cache(number, settle)]
        bits = 4.0 * digits if missing else 0.0
        self.revealed = max(self.revealed, bits)
        for number, reason in self._fetch(missing, settle).items():
            for index in holders.get(number, ()):
                reasons[index] = reason
        return Lookup(
            bytes(codes),
            false_alarms=dict.fromkeys(found, 0.0),
            reasons=reasons,
            seen={index: value for index, value in found.items() if isinstance(value, int)},
            breaches={index: value for index, value in found.items() if isinstance(value, tuple)},
            revealed=bits,
        )

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def _fetch(self, numbers: Sequence[int], settle: _Settle) -> dict[int, str]:
        """Ask for each prefix and its decoys; the ones that could not be had, and why."""
        shift = 64 - 4 * self._service.digits
        places = with_decoys(
            (number << shift for number in numbers), self._access.decoys, self._base.host
        )
        failed: dict[int, str] = {}
        row: list[str] = []  # reasons of the failures since the last success
        lock = threading.Lock()

        def work(number: int) -> None:
            if len(row) >= _GIVE_UP:
                failed[number] = row[-1]
                return
            try:
                body = self._ask(number)
            except NetworkError as error:
                row.append(str(error))
                failed[number] = str(error)
                return
            with lock:
                settle(number, body)
                row.clear()

        asked = shuffled(place >> shift for place in places)
        parallel.each(asked, work, self._service.connections, self._client.close)
        return failed

    def _ask(self, number: int) -> bytes:
        url = self._url(number)
        reply = self._client.ask(
            url,
            self._service.headers,
            {200: _MOST_BYTES},
            self._access.timeout,
            tail=f"/{self._prefix(number)}",
        )
        self._parse(reply.body)
        self._cache.put(str(url), reply.body)
        return reply.body

    def _from_cache(self, number: int, settle: _Settle) -> bool:
        body = self._cache.get(str(self._url(number)))
        if body is None:
            return False
        try:
            settle(number, body)
        except NetworkError:
            return False
        return True

    def _prefix(self, number: int) -> str:
        return f"{number:0{self._service.digits}X}"

    def _url(self, number: int) -> Url:
        path = self._service.path.format(prefix=self._prefix(number))
        return self._base._replace(target=self._base.path.rstrip("/") + path)

    def _parse(self, body: bytes) -> Mapping[str, int | tuple[str, ...]]:
        digits = 2 * self.info.kind.digest_bytes - self._service.digits
        if self.info.kind is Kind.EMAIL:
            return email_range(body, digits)
        return password_range(body, digits, padded=not self._own)
