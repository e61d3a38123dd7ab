"""Range services as sources: Pwned Passwords, and the e-mail search by range.

Rule 1: of a digest, the first five (passwords) or six (addresses) hex digits
are sent, nothing else; the plain-address search is never used. Rule 2: only a
well-formed answer vouches for a clean. Rule 3: an answer is kept on disk for
a while; it holds a prefix's suffixes, never which of them was looked for.
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from leakcheck.errors import NetworkError, UsageError
from leakcheck.http import event_loop
from leakcheck.http.cache import Cache
from leakcheck.http.client import CONNECTIONS, ask, new_client, parse_url, shown
from leakcheck.http.decoys import with_decoys
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
        raise UsageError(f"hibp cannot answer for kind {kind}: it knows emails and passwords.")
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
                "The file that HIBP_API_KEY_FILE names cannot be read: it holds the key alone."
            ) from None
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable() or len(key) > 256:
        raise UsageError(
            "The e-mail search of hibp needs your key: put it into HIBP_API_KEY, or into a file "
            "and its name into HIBP_API_KEY_FILE."
        )
    return key


class RangeSource(Source):
    """A range service: suffixes are whole, so the answer is exact."""

    exact = True

    def __init__(self, service: Service, access: Access) -> None:
        """Raises UsageError where base URL or proxy is of no use; asks nothing yet."""
        self._service = service
        self._base = parse_url(service.base)
        own = self._base.host != parse_url(PASSWORDS_URL).host
        own = own and self._base.host != parse_url(EMAILS_URL).host
        name = f"{service.name} at {self._base.host}" if own else service.name
        self.info = SourceInfo(name=name, kind=service.kind, url=shown(self._base))
        self._min_count = access.min_count
        self._decoys = access.decoys
        self._patience = access.timeout
        self._client = new_client(access.proxy, access.timeout)
        self._cache = Cache("ranges", _FRESH)
        self._cache.prune()

    def lookup(self, digests: bytes) -> Lookup:
        """Ask for `digests`, packed end to end: each prefix of theirs once."""
        size = self.info.kind.digest_bytes
        items = [digests[at : at + size].hex().upper() for at in range(0, len(digests), size)]
        return event_loop.run(self._answers(items))

    def close(self) -> None:
        """Hang up."""
        event_loop.run(self._client.aclose())

    async def _answers(self, items: Sequence[str]) -> Lookup:
        digits = self._service.digits
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
                enough = not isinstance(value, int) or value >= self._min_count
                codes[index] = Code.EXPOSED if value is not None and enough else Code.CLEAN
                if codes[index] == Code.EXPOSED and value is not None:
                    found[index] = value

        missing = [number for number in holders if not self._from_cache(number, settle)]
        for number, reason in (await self._fetch(missing, settle)).items():
            for index in holders.get(number, ()):
                reasons[index] = reason
        return Lookup(
            bytes(codes),
            false_alarms=dict.fromkeys(found, 0.0),
            reasons=reasons,
            seen={index: value for index, value in found.items() if isinstance(value, int)},
            breaches={index: value for index, value in found.items() if isinstance(value, tuple)},
        )

    async def _fetch(self, numbers: Sequence[int], settle: "_Settle") -> dict[int, str]:
        """Ask for each prefix and its decoys; the ones that could not be had, and why."""
        most = 16**self._service.digits
        queue = iter(with_decoys(numbers, most, self._decoys, self._url(0)))
        failed: dict[int, str] = {}
        row: list[str] = []  # reasons of the failures since the last success

        async def work() -> None:
            for number in queue:
                if len(row) >= _GIVE_UP:
                    failed[number] = row[-1]
                    continue
                try:
                    settle(number, await self._ask(number))
                    row.clear()
                except NetworkError as error:
                    row.append(str(error))
                    failed[number] = row[-1]

        async with asyncio.TaskGroup() as group:
            for _ in range(self._service.connections):
                group.create_task(work())
        return failed

    async def _ask(self, number: int) -> bytes:
        reply = await ask(
            self._client,
            parse_url(self._url(number)),
            self._service.headers,
            {200: _MOST_BYTES},
            self._patience,
        )
        self._parse(reply.body)
        self._cache.put(self._url(number), reply.body)
        return reply.body

    def _from_cache(self, number: int, settle: "_Settle") -> bool:
        body = self._cache.get(self._url(number))
        if body is None:
            return False
        try:
            settle(number, body)
        except NetworkError:
            return False
        return True

    def _url(self, number: int) -> str:
        path = self._service.path.format(prefix=f"{number:0{self._service.digits}X}")
        return self._service.base.rstrip("/") + path

    def _parse(self, body: bytes) -> Mapping[str, int | tuple[str, ...]]:
        digits = 2 * self.info.kind.digest_bytes - self._service.digits
        if self.info.kind is Kind.EMAIL:
            return email_range(body, digits)
        return password_range(body, digits)
