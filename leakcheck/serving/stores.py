"""Stores of ranges that are served: ranges of the Pwned Passwords API, from one file each.

Rule: what a store lacks, or cannot vouch for, is 503. A client that takes "not
found", or an empty answer, for "not breached" must never see one of these. So a
range that holds no hash is padded, as the service pads, and not empty.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leakcheck.errors import FilterError
from leakcheck.language import said
from leakcheck.serving.files import conditions
from leakcheck.serving.messages import HttpAnswer, HttpRequest
from leakcheck.serving.padding import noise
from leakcheck.sources.range_answers import OWN_LIST
from leakcheck.store.live import LiveStore
from leakcheck.store.reader import Packed, RangeStore

CACHED = "public, max-age=86400"
OWN = {OWN_LIST: "1"}
"""What each range has of a store that is a list of its maker's own."""


class ServedStore:
    """A store, and the one that replaces it under its name."""

    def __init__(self, path: Path) -> None:
        """Raises FilterError where it cannot be read."""
        self.path, self._live = path, LiveStore(path)
        self.digits = 2 * self._live.digest_bytes
        self._told: set[str] = set()
        self._asked: RangeStore | None = None
        self.reason: str | None = None
        self.own = False

    def packed(self, number: int) -> Packed:
        """Range `number`. Raises FilterError where it is not there, or damaged."""
        store = self._current()
        try:
            return store.packed(number)
        except FilterError as error:
            if store.header.holds(number):
                self._tell(str(error))
            raise

    def answer(self, found: Packed, head: bytes = b"", *, padded: bool = False) -> bytes:
        """The lines of a range, behind a head where there is one. Raises FilterError."""
        store = self._current()
        try:
            added = noise(found.hashes, self.digits - 5) if padded else b""
            return store.answer(found, head, added)
        except FilterError as error:
            self._tell(str(error))
            raise

    def health(self) -> dict[str, Any]:
        """What it is, how old, and why it cannot answer all it should, if so."""
        try:
            header = self._current().header
        except FilterError:
            return {"name": self.path.name, "reason": self.reason}
        asof = header.about.get("asof")
        try:
            age = datetime.now(UTC) - datetime.fromisoformat(str(asof).replace("Z", "+00:00"))
            seconds = int(age.total_seconds())
        except (ValueError, TypeError):
            asof = seconds = None
        return {
            "name": self.path.name,
            "kind": header.about.get("kind"),
            "hashes": header.hashes,
            "ranges": header.ranges,
            "min_count": header.about.get("min_count", 1),
            "own_list": header.about.get("own_list") is True,
            "date": header.about.get("date"),
            "asof": asof,
            "age_seconds": seconds,
            "reason": self.reason,
        }

    def own_list(self) -> bool:
        """Whether it says that it is a list of its maker's own."""
        try:
            self._current()
        except FilterError:
            return False
        return self.own

    def _current(self) -> RangeStore:
        """The store that has the name now. Raises FilterError where there is none."""
        try:
            store = self._live.store()
        except FilterError as error:
            self._tell(str(error))
            raise
        if store is not self._asked:
            self._asked, self.reason = store, None
            self.own = store.header.about.get("own_list") is True
            self._told.clear()
        return store

    def _tell(self, reason: str) -> None:
        """Warn of a fault, once: it may be met a thousand times a second."""
        from leakcheck.terminal import warn

        self.reason = reason
        if reason not in self._told:
            self._told.add(reason)
            warn(said("{removesuffix}: its answer is 503.", removesuffix=reason.removesuffix(".")))


def range_answer(query: HttpRequest, number: int, store: ServedStore) -> HttpAnswer:
    """Range `number` of a store, as the Pwned Passwords API has it."""
    try:
        found = store.packed(number)
        padded = not found.hashes or query.fields.get("add-padding", "").lower() == "true"
        body = store.answer(found, padded=padded)
    except FilterError:
        return HttpAnswer.plain("This range cannot be had here now", 503, Cache_Control="no-store")
    fields = dict(OWN) if store.own else {}
    if padded:
        fields["Cache-Control"] = "no-store"
    else:
        fields |= {"ETag": f'"{found.check:016x}"', "Cache-Control": CACHED}
        unchanged = conditions(query, fields)
        if unchanged is not None:
            return unchanged
    answer = HttpAnswer.plain(body)
    answer.fields |= fields
    return answer


def health(stores: Mapping[int, ServedStore]) -> HttpAnswer:
    """How the stores are; 503 where one cannot answer all that it should."""
    import json

    told = [store.health() for store in stores.values()]
    text = json.dumps({"version": 1, "stores": told}, separators=(",", ":")) + "\n"
    status = 503 if any(one["reason"] is not None for one in told) else 200
    answer = HttpAnswer.plain(text, status, Cache_Control="no-store")
    answer.fields["Content-Type"] = "application/json"
    return answer
