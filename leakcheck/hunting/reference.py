"""The sieve in plain Python: the executable specification of leakcheck._native.Sieve.

It points to the same lines as the native one, whatever the bytes. Rule: it may
keep too much, never too little; leakcheck/hunting/matching.py has the last word.
"""

import re
from collections.abc import Iterator

from leakcheck.extract.reference import encoded_spans
from leakcheck.hunting.folding import IGNORED, sieve_words
from leakcheck.hunting.keys import Buffer, Keys, first_word
from leakcheck.hunting.readings import Reading, readings
from leakcheck.input import line_ends

_RUN = re.compile(r"[0-9A-Za-z\x80-\U0010ffff]+")
_FRONT = re.compile(r"[0-9A-Za-z]+")
_NUMBER = re.compile(rb"[0-9]+(?:[ .\-/()\\\xc2\xa0\xe2\x80\xaf]{1,12}[0-9]+)*")
_DIGITS = re.compile(rb"[0-9]+")
_ESCAPE = re.compile(
    rb"%[0-9A-Fa-f]{2}|\\(?:[nrt]|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2})"
    rb"|&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}"
    rb"|amp|lt|gt|quot|apos|nbsp|commat|period|lowbar|plus);"
)
_LONGEST = 80
_LETTERS = frozenset(bytes([letter]) for letter in b"abcdefghijklmnopqrstuvwxyz")
_WORD = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_MARKS = frozenset(b"._-+")


class ReferenceSieve:
    """The same as leakcheck._native.Sieve."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def positions(self, chunk: Buffer, /) -> list[int]:
        """Positions, ascending, near which a match may be."""
        found: set[int] = set()
        start = 0
        for line in bytes(chunk).split(b"\n"):
            pieces = list(readings(line)) if _ESCAPE.search(line) else [Reading(line, [(0, 0)])]
            for reading in pieces:
                for at in self._look(reading):
                    found.add(start + reading.origin(at))
                if reading is not pieces[0]:
                    found |= {start + reading.origin(at) for at in self._encoded(reading.data)}
            start += len(line) + 1
        found |= set(self._encoded(chunk))
        return sorted(found)

    def look(self, chunk: Buffer, /) -> tuple[list[int], int]:
        """The same, and how many lines end in `chunk`."""
        return self.positions(chunk), line_ends(bytes(chunk))

    def _encoded(self, data: Buffer) -> Iterator[int]:
        """Where addresses stand that do not stand there letter by letter."""
        for place, _, canonical in encoded_spans(data):
            if any(True for _ in self._look(Reading(canonical, [(0, 0)]))):
                yield place

    def _look(self, reading: Reading) -> Iterator[int]:
        keys = self._keys
        if keys.addresses or keys.at_domains:
            yield from self._addresses(reading.data)
        if keys.words or keys.pairs:
            yield from self._words(reading)
        if keys.tails:
            yield from self._numbers(reading.data)

    def _addresses(self, data: bytes) -> Iterator[int]:
        at = data.find(b"@")
        while at >= 0:
            first, open_ended = _first_word(data, at + 1)
            end = at + 1 + len(first)
            second, also = b"", False
            if data[end : end + 1] in (b".", b"-"):
                second, also = _first_word(data, end + 1)
            domains = self._keys.at_domains
            known = bool(first) and (also or (first, second) in domains)
            watched = domains and (open_ended or known)
            if watched or self._local(data, at, None if open_ended else first):
                yield at
            at = data.find(b"@", at + 1)

    def _local(self, data: bytes, at: int, first: bytes | None) -> bool:
        """Whether the local part of a watched address may end at `at`."""
        keys = self._keys
        local = bytearray()
        here, lowest = at, max(0, at - _LONGEST)
        while here > lowest:
            byte = data[here - 1]
            here -= 1
            if byte == 0x27:  # it may be doubled, or have backslashes before it
                if data[here - 1 : here] == b"'":
                    here -= 1
                while here > lowest and data[here - 1] == 0x5C:
                    here -= 1
                if data[here - 1 : here].lower() not in _LETTERS or here == 0:
                    return False
            elif byte not in _WORD and byte not in _MARKS:
                return False
            local.insert(0, byte)
            if byte != 0x27 and _may_begin(data, here):
                text = bytes(local).lower()
                if (
                    text in keys.locals
                    if first is None
                    else b"%b@%b" % (text, first) in keys.addresses
                ):
                    return True
        return False

    def _words(self, reading: Reading) -> Iterator[int]:
        keys = self._keys
        before = {""}
        for run in _RUN.finditer(reading.text):
            ways = [sieve_words(run[0])]
            if not IGNORED.isdisjoint(run[0]):
                ways.append(sieve_words("".join(m for m in run[0] if m not in IGNORED)))
            after = set()
            front = _FRONT.match(run[0])
            if front and front.end() < len(run[0]):
                word = front[0].lower()  # a top-level domain may end here
                if word in keys.words or any((one, word) in keys.pairs for one in before):
                    yield reading.byte(run.start())
            for words in ways:
                last = before
                for word in words:
                    if word in keys.words or any((one, word) in keys.pairs for one in last):
                        yield reading.byte(run.start())
                    last = {word}
                after |= last
            before = after

    def _numbers(self, data: bytes) -> Iterator[int]:
        for run in _NUMBER.finditer(data):
            done = b""
            for group in _DIGITS.finditer(data, run.start(), run.end()):
                done += group[0]
                if len(done) >= 7 and int(done[-7:]) in self._keys.tails:
                    yield group.end() - 1


def _first_word(data: bytes, start: int) -> tuple[bytes, bool]:
    """The word at `start`, in lower case, and whether it may go on behind its end.

    With a byte that is not ASCII, or with an escape: the domain may be read without it where
    the part before the at sign is read as it stands.
    """
    word = first_word(data[start : start + 64].lower(), 0)
    end = start + len(word)
    return word, end < len(data) and (data[end] >= 0x80 or data[end] in b"%&\\=")


def _may_begin(data: bytes, at: int) -> bool:
    """Whether a local part may begin at `at`: what stands before is not its own for sure."""
    if at == 0 or (data[at - 1] not in _WORD and data[at - 1] not in _MARKS):
        return True
    if data[at - 1] in _WORD:
        return False
    return data[at - 1] == 0x2B or at < 2 or data[at - 2] not in _WORD
