"""The oracle of sealed filters: evaluates blinded elements, and learns and keeps nothing.

    GET /seal?points=<base64url of 1 to 100 elements of 32 bytes>    docs/sealing.md

Rule 1: the key is in memory alone; no answer, message or log holds it, nor what
was asked. Rule 2: elements are what is counted, by the address that asks and in
all: they are an attacker's guesses. Rule 3: a question that is none costs
nothing.
"""

import base64
import binascii
import ipaddress
import math
import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from urllib.parse import parse_qsl

from leakcheck.errors import UsageError
from leakcheck.language import said
from leakcheck.serving.guard import place_of
from leakcheck.serving.messages import HttpAnswer, HttpRequest
from leakcheck.sources.oracle import POINT_BYTES, ROUTE, SIZES
from leakcheck.trust.sealing import SealingKey, sealing

PATH = f"/{ROUTE}"
_LONGEST = 4 * math.ceil(SIZES[-1] * POINT_BYTES / 3) + 100  # of the query
_MOST_PLACES = 100_000
_RATE = re.compile(r"([1-9][0-9]{0,8})/(second|minute|hour|day)", re.ASCII)
_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86_400.0}
_PLAIN_TEXT = re.compile(rb"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many elements in so many seconds; as many may come at once."""

    count: int
    seconds: float

    @classmethod
    def parse(cls, text: str, option: str) -> "Rate":
        """From a text like `30/minute`. Raises UsageError, which names `option`."""
        found = _RATE.fullmatch(text)
        rate = cls(int(found[1]), _SECONDS[found[2]]) if found else None
        if rate is None or rate.count < SIZES[0]:
            raise UsageError(
                said(
                    "{option} takes a number from {least} and a time, such as 30/minute.",
                    option=option,
                    least=SIZES[0],
                )
            )
        return rate


class Buckets:
    """A token bucket for each place that asks; those that are full again are forgotten."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, when

    def wait(self, place: str, count: int, now: float) -> float:
        """Seconds until `place` may ask for `count` elements: 0 where it may now."""
        short = count - self._tokens(place, now)
        return max(0.0, short * self.rate.seconds / self.rate.count)

    def take(self, place: str, count: int, now: float) -> None:
        """Take so many tokens."""
        tokens = self._tokens(place, now) - count
        self._held[place] = tokens, now
        self._held.move_to_end(place)
        while self._held:
            oldest = next(iter(self._held))
            full = self._tokens(oldest, now) >= self.rate.count
            if not full and len(self._held) <= _MOST_PLACES:
                break
            del self._held[oldest]

    def _tokens(self, place: str, now: float) -> float:
        tokens, then = self._held.get(place, (float(self.rate.count), now))
        return min(self.rate.count, tokens + (now - then) * self.rate.count / self.rate.seconds)


class Oracle:
    """Answers blinded questions with one key."""

    def __init__(
        self, key: SealingKey, rate: Rate, in_all: Rate, proxies: frozenset[str] = frozenset()
    ) -> None:
        """rate: of one address; in_all: of all of them; proxies: addresses whose word counts for
        the address that they pass on a request of. Raises UsageError without the native part.
        """
        self._key, self._native = key, sealing()
        self._rate, self._in_all = Buckets(rate), Buckets(in_all)
        self._proxies = proxies
        self._most = min(SIZES[-1], rate.count, in_all.count)

    def answer(self, query: HttpRequest, client: str) -> HttpAnswer:
        """The elements evaluated and the proof, or why there are none."""
        points = _points(query.query)
        if points is None:
            return HttpAnswer.plain("This is no question: see docs/sealing.md.", 400)
        if len(points) > self._most:
            return HttpAnswer.plain(f"At most {self._most} elements are answered at once.", 413)
        place, now = self._place(query, client), time.monotonic()
        wait = max(
            self._rate.wait(place, len(points), now), self._in_all.wait("", len(points), now)
        )
        if wait:
            pause = str(math.ceil(wait))
            return HttpAnswer.plain(
                "This oracle limits how often it is asked.", 429,
                Retry_After=pause, Cache_Control="no-store",
            )  # fmt: skip
        try:
            elements, proof = self._native.seal_evaluate(self._key.private, points)
        except ValueError:
            return HttpAnswer.plain("An element of the question is none.", 400)
        self._rate.take(place, len(points), now)
        self._in_all.take("", len(points), now)
        fields = {"Content-Type": "application/octet-stream", "Cache-Control": "no-store"}
        return HttpAnswer(200, fields, elements + proof)

    def _place(self, query: HttpRequest, client: str) -> str:
        """Whose question it is: the address of the connection, or what a known proxy says."""
        if client in self._proxies:
            said = query.fields.get("x-forwarded-for", "").rpartition(",")[2].strip()
            client = said if _is_address(said) else client
        return place_of(client)


def _is_address(text: str) -> bool:
    """Whether a proxy names an address: with a port it would be another at each connection."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _points(query: bytes) -> list[bytes] | None:
    """The elements of a question; None where it is none."""
    if len(query) > _LONGEST:
        return None
    found = parse_qsl(query, keep_blank_values=True)
    if len(found) != 1 or found[0][0] != b"points" or not _PLAIN_TEXT.fullmatch(found[0][1]):
        return None
    text = found[0][1]
    try:
        packed = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        return None
    if not packed or len(packed) % POINT_BYTES:
        return None
    points = [packed[at : at + POINT_BYTES] for at in range(0, len(packed), POINT_BYTES)]
    return points if len(points) <= SIZES[-1] else None
