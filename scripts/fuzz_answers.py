"""Spoil answers of servers in every way, and see that none of them becomes a wrong answer.

    python scripts/fuzz_answers.py [--seconds 60] [--seed N]

Pages of a filter, ranges of passwords (padded or not) and of addresses,
compressed or not, in any framing: cut, with bytes changed, put in, taken out
or doubled, in pieces of any size. What comes of it is the answer that was
sent, or a refusal; of a range with changed bytes that is not compressed, where
nothing can tell, at least no fault. What is tried here is plain Python, of
which there is one.
"""

import argparse
import gzip
import hashlib
import json
import random
import sys
import time
from functools import cache

import fuzzing

from leakcheck.errors import NetworkError
from leakcheck.http import messages
from leakcheck.http.connection import Connection
from leakcheck.http.messages import Malformed
from leakcheck.http.urls import parse_url
from leakcheck.sources.range_answers import PADDED_LINES, corpus_range, email_range, password_range

URL = parse_url("http://h/x")
DIGEST = hashlib.sha1(b"one that is exposed").hexdigest().upper()


class Said:
    """A stream on which a server says `data` and hangs up."""

    def __init__(self, data: bytes, chance: random.Random) -> None:
        self._data, self._chance, self._at = data, chance, 0

    def send(self, data: bytes, until: float) -> None:
        """Nobody listens."""

    def receive(self, most: int, until: float) -> bytes:
        """Some of it."""
        size = self._chance.choice((1, 7, 100, 4096, most))
        piece = self._data[self._at : self._at + size]
        self._at += len(piece)
        return piece


def connection(data: bytes, chance: random.Random) -> Connection:
    """A connection on which a server says `data`."""
    made = Connection.__new__(Connection)
    made.heard, made.open = False, True
    made._prefix, made._extra = "", []
    made._parser = messages.reader()
    made._stream = Said(data, chance)  # type: ignore[assignment]
    return made


def framed(body: bytes, chance: random.Random, fields: bytes) -> bytes:
    """An answer with this body, in one of the ways to say how long it is."""
    head = b"HTTP/1.1 200 OK\r\n" + fields
    if chance.random() < 0.5:
        return head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    pieces = []
    at = 0
    while at < len(body):
        size = chance.randrange(1, 5000)
        piece = body[at : at + size]
        pieces.append(b"%x\r\n%s\r\n" % (len(piece), piece))
        at += size
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(pieces) + b"0\r\n\r\n"


def spoilt(data: bytes, chance: random.Random) -> tuple[str, bytes]:
    """How `data` was spoilt, and what it became."""
    at = chance.randrange(len(data))
    near = chance.randrange(min(len(data), 300))
    match chance.randrange(7):
        case 0:
            return "cut", data[:at]
        case 1:
            place = chance.choice((at, near))
            return "changed", data[:place] + chance.randbytes(1) + data[place + 1 :]
        case 2:
            place = chance.choice((at, near))
            return "put in", data[:place] + chance.randbytes(3) + data[place:]
        case 3:
            place = chance.choice((at, near))
            return "taken out", data[:place] + data[place + chance.randrange(1, 50) :]
        case 4:
            return "doubled", data + data[at:]
        case 5:
            line = chance.choice(
                (
                    b"Content-Length: 7\r\n",
                    b"Transfer-Encoding: chunked\r\n",
                    b"Content-Encoding: gzip\r\n",
                    b" folded\r\n",
                    b"A: b\n",
                )
            )
            return "another field", data.replace(b"\r\n", b"\r\n" + line, 1)
        case _:
            return "whole", data


def range_of(lines: int, *, padding: bool) -> bytes:
    """A range of so many lines that has DIGEST, in order, as a server writes it."""
    others = [hashlib.sha1(b"%d" % at).hexdigest()[:35].upper() for at in range(lines - 1)]
    counted = [f"{one}:{at % 9 if padding else at + 1:,}" for at, one in enumerate(others)]
    return "\r\n".join(sorted([*counted, f"{DIGEST[5:]}:77"])).encode()


@cache
def bodies() -> dict[str, bytes]:
    """What servers answer, by what it is."""
    addresses = [{"hashSuffix": DIGEST[6:], "websites": ["Acme", "Forum"]}]
    return {
        "page": random.Random(0).randbytes(4096), "padded": range_of(900, padding=True),
        "range": range_of(30, padding=False), "addresses": json.dumps(addresses * 3).encode(),
    }  # fmt: skip


# The padded ranges take as long as all others.
OFTEN = ("page",) * 6 + ("range",) * 6 + ("addresses",) * 3 + ("padded",)


def read(what: str, body: bytes) -> bool:
    """Whether a body says that DIGEST is exposed. Raises where it is none of its sort."""
    if what == "page":
        return True  # its checksum is tested by scripts/fuzz_files.py --only pages
    if what == "addresses":
        return DIGEST[6:] in email_range(body, 34)
    known = password_range(body, 35, padded=what == "padded")
    corpus_range(body, DIGEST[:5])
    return DIGEST[5:] in known


@cache
def packed(what: str, percent: int) -> bytes:
    """A body as one gzip member, or as two of which the first holds so much of it."""
    body = bodies()[what]
    cut = len(body) * percent // 100
    return b"".join(gzip.compress(part, 1) for part in (body[:cut], body[cut:]) if part)


def case(chance: random.Random, options: argparse.Namespace) -> str:
    """What was done, and what came of it. Raises AssertionError for a wrong answer."""
    what = chance.choice(OFTEN)
    body = bodies()[what]
    encoded = chance.random() < 0.5
    fields, sent = b"", body
    if encoded:
        sent = packed(what, chance.choice((0, chance.randrange(100))))
        fields = b"Content-Encoding: gzip\r\n"
    if what == "padded" and not encoded and chance.random() < 0.3:
        # Whoever cut it framed it anew: only what is missing of the padding tells.
        lines = sent.split(b"\r\n")
        how, body = "shortened", b"\r\n".join(lines[: chance.randrange(1, PADDED_LINES)])
        data = framed(body, chance, fields)
    else:
        how, data = spoilt(framed(sent, chance, fields), chance)
    try:
        reply = connection(data, chance).get(
            URL, [], {200: 1 << 20}, time.monotonic() + 60, gzip=encoded
        )
        if reply.status != 200:
            return f"{how}: another status"
        taken = reply.body
        known = read(what, taken)
    except (Malformed, OSError, NetworkError, ValueError):
        assert how != "whole", "a good answer was refused"
        return f"{how}: refused"
    assert how != "shortened", "a range without its padding was taken for a whole one"
    if how in ("cut", "whole", "doubled") or (encoded and what != "page"):
        assert taken == body, "another body was taken for the one that was sent"
        assert known, "what is exposed is not in it"
    return f"{how}: taken as {'sent' if taken == body else 'changed'}"


if __name__ == "__main__":
    sys.exit(fuzzing.run(fuzzing.parser(__doc__).parse_args(), case))
