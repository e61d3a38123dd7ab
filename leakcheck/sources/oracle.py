"""The oracle of sealed filters, asked blindly: docs/sealing.md has the wire format.

    GET <url>seal?points=<base64url of 2, 10 or 100 blinded elements>
    200 <the elements evaluated> <the proof>

Rule 1: what is sent is blinded anew for every question, so that it tells nothing
and never repeats. Rule 2: the number of elements is one of SIZES; the rest of
them are blinded random bytes. Rule 3: an answer without a proof under the
filter's own key is none. Rule 4: after a failure the oracle has a rest, and the
reason says for how long.
"""

import base64
import os
import threading
import time
from collections.abc import Sequence

from leakcheck.errors import FilterError, NetworkError
from leakcheck.http import urls
from leakcheck.http.client import Client
from leakcheck.http.headers import retry_after
from leakcheck.http.urls import Url
from leakcheck.language import said, said_of
from leakcheck.sources import Access
from leakcheck.subject.identity import (
    NO_SEALING,
    SEALED_BYTES,
    Digests,
    Seal,
    cut,
    engine,
    failed,
)

SIZES = (2, 10, 100)
"""How many elements a question has."""
POINT_BYTES, PROOF_BYTES = 32, 64
ROUTE = "seal"
_SECURE = "https"
_REST = 60.0  # seconds before an oracle that failed is asked again
_BAD_PROOF = said("its proof is wrong: it does not answer with the key that the filter names")


class _NoAnswer(Exception):
    """Why the oracle did not answer; rest: seconds before it is asked again."""

    def __init__(self, reason: str, rest: float = _REST) -> None:
        super().__init__(reason)
        self.rest = rest


class _TooMany(Exception):
    """The oracle takes no question of that size."""


def oracle_url(text: str) -> Url:
    """The URL of an oracle. Raises ValueError, which says in a few words what is wrong."""
    try:
        url = urls.parse(text)
    except ValueError:
        raise ValueError(said("its oracle is no URL such as https://seal.example.org/")) from None
    if url.user is not None or not url.target.endswith("/") or "?" in url.target or "#" in text:
        raise ValueError(said("its oracle's URL does not end in a slash, or has more than a path"))
    if url.scheme != _SECURE and not is_loopback(url.host):
        raise ValueError(
            said("its oracle would be asked over plain HTTP, where anybody could answer")
        )
    return url


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, whatever the network (RFC 6761, section 6.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class OracleClient:
    """Asks one oracle; safe from any thread, one question at a time."""

    def __init__(self, seal: Seal, access: Access) -> None:
        """Raises FilterError where its URL cannot be used, UsageError where the proxy cannot."""
        try:
            self._url = oracle_url(seal.url)
        except ValueError as error:
            raise FilterError(
                said("The filter's identity cannot be used: {error}.", error=error)
            ) from None
        self._key, self._patience = seal.key, access.timeout
        self.name = urls.shown(seal.url)
        self._client = Client(self._url, access.proxy, access.timeout)
        self._turn = threading.Lock()
        self._most = SIZES[-1]
        self._failure, self._until = "", 0.0

    def digests(self, inputs: Sequence[bytes]) -> Digests:
        """The sealed digests of `inputs`, or why there are none."""
        if engine()[0] != "native":
            return failed(len(inputs), NO_SEALING)
        made: list[bytes | None] = []
        with self._turn:
            while len(made) < len(inputs):
                batch = list(inputs[len(made) : len(made) + self._most])
                try:
                    made += self._asked(batch)
                except _TooMany:
                    smaller = [size for size in SIZES if size < self._most]
                    if not smaller:
                        return self._rest_of(inputs, made, said("it takes no question"), _REST)
                    self._most = smaller[-1]
                except (NetworkError, _NoAnswer) as error:
                    rest = error.rest if isinstance(error, _NoAnswer) else _REST
                    return self._rest_of(inputs, made, str(error), rest)
        return Digests(made, {})

    def _rest_of(
        self, inputs: Sequence[bytes], made: list[bytes | None], why: str, rest: float
    ) -> Digests:
        """What was made, and no answer for the others."""
        now = time.monotonic()
        if self._until <= now:
            self._failure, self._until = why, now + rest
        missing = range(len(made), len(inputs))
        wait = max(1, round(self._until - now))
        reason = said_of(
            wait,
            "the oracle {name} gave no answer ({why}): try again in {wait} second",
            "the oracle {name} gave no answer ({why}): try again in {wait} seconds",
            name=self.name,
            why=why,
            wait=wait,
        )
        return Digests([*made, *[None] * len(missing)], dict.fromkeys(missing, reason))

    def _asked(self, batch: list[bytes]) -> list[bytes | None]:
        """The sealed digests of a batch. Raises NetworkError, _NoAnswer, _TooMany."""
        if time.monotonic() < self._until:
            raise _NoAnswer(self._failure)
        _, native = engine()
        size = next(size for size in SIZES if size >= len(batch))
        inputs = batch + [os.urandom(POINT_BYTES) for _ in range(size - len(batch))]
        blinded = native.seal_blind(inputs)
        body = self._answer(b"".join([point for point, _ in blinded]), size)
        elements = cut(body[:-PROOF_BYTES], POINT_BYTES)
        states = [state for _, state in blinded]
        try:
            packed = native.seal_finalize(self._key, inputs, states, elements, body[-PROOF_BYTES:])
        except ValueError:
            raise _NoAnswer(_BAD_PROOF) from None
        return [*cut(packed[: SEALED_BYTES * len(batch)], SEALED_BYTES)]

    def _answer(self, points: bytes, size: int) -> bytes:
        text = base64.urlsafe_b64encode(points).decode().rstrip("=")
        url = urls.joined(self._url, f"{ROUTE}?points={text}")
        length = size * POINT_BYTES + PROOF_BYTES
        reply = self._client.ask(
            url, {}, {200: length, 404: 0, 413: 0, 414: 0, 429: 0}, self._patience
        )
        if reply.status in (413, 414):
            raise _TooMany
        if reply.status == 429:
            pause = retry_after(reply.fields.get("retry-after")) or _REST
            raise _NoAnswer(said("it limits how often it is asked"), pause)
        if reply.status == 404:
            raise _NoAnswer(said("there is no oracle at that place"))
        if len(reply.body) != length:
            raise _NoAnswer(said("its answer has another length than was asked for"))
        return reply.body
