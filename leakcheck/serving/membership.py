"""Membership, for the services of this machine: GET /DIGEST gives the verdict.

A sign-up form or a log-in hook has the password and makes its digest; this
process has the filters open and answers in well under a millisecond. Unlike a
page or a range, a whole digest tells which password is meant: so this listens
at a socket of this machine, or at loopback, and nowhere else.

Rule: what is `unknown` has status 503. Who looks at the status alone fails
closed.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from leakcheck.serving.messages import HttpAnswer, HttpRequest
from leakcheck.sources import Source
from leakcheck.verdicts import SourceAnswer, Verdict, combine

_DIGEST = re.compile(r"/([0-9A-Fa-f]{32}|[0-9A-Fa-f]{40})", re.ASCII)


class Membership:
    """Answers for `sources`, which are files of this machine."""

    def __init__(self, sources: Callable[[], Sequence[Source]]) -> None:
        """sources: those to ask now."""
        self._sources = sources

    def __call__(self, query: HttpRequest) -> HttpAnswer:
        """The verdict on a digest in hexadecimal: 32 digits an NT hash, 40 a SHA-1."""
        if query.method not in ("GET", "HEAD"):
            return HttpAnswer.plain("Method Not Allowed", 405, Allow="GET, HEAD")
        if query.path == "/healthz":
            return self._health()
        match = _DIGEST.fullmatch(query.path)
        if match is None:
            return HttpAnswer.plain("The path is a digest: 32 or 40 hexadecimal digits.", 400)
        digest = bytes.fromhex(match[1])
        asked = [one for one in self._sources() if one.info.kind.digest_bytes == len(digest)]
        if not asked:
            return HttpAnswer.plain("No filter here has digests of this length.", 503)
        answers = [source.lookup(digest).answer(0, source.info) for source in asked]
        verdict = combine(answer.verdict for answer in answers)
        body = {"version": 1, "verdict": str(verdict), "sources": [_told(one) for one in answers]}
        return _json(body, 503 if verdict is Verdict.UNKNOWN else 200)

    def _health(self) -> HttpAnswer:
        """What is asked, of which date; 503 where one of them would answer nothing now."""
        sources = self._sources()
        reasons = [one.refusal() for one in sources]
        told = [
            {"name": one.info.name, "kind": str(one.info.kind), "date": one.info.date,
             "reason": reason}
            for one, reason in zip(sources, reasons, strict=True)
        ]  # fmt: skip
        failed = any(reason is not None for reason in reasons)
        return _json({"version": 1, "sources": told}, 503 if failed else 200)


def remote(sources: Iterable[Source]) -> list[str]:
    """The names of those that are asked over a network, which this is no front for."""
    return [one.info.name for one in sources if one.revealed is not None]


def _told(answer: SourceAnswer) -> dict[str, Any]:
    told: dict[str, Any] = {"name": answer.source.name, "verdict": str(answer.verdict)}
    if answer.false_alarm is not None:
        told["false_alarm"] = answer.false_alarm
    if answer.seen is not None:
        told["seen"] = answer.seen
    if answer.reason is not None:
        told["reason"] = answer.reason
    return told


def _json(body: dict[str, Any], status: int) -> HttpAnswer:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")) + "\n"
    answer = HttpAnswer.plain(text, status, Cache_Control="no-store")
    answer.fields["Content-Type"] = "application/json"
    return answer
