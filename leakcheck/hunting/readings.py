r"""A piece of text in every reading: as it stands, and with its escapes taken off.

    %40  \u0040  \x40  &#64;  &commat;      a character, by its number or name
    \n \r \t  \\ \/ \" \'  ''               what SQL, JSON and C write so

Rule 1: layers are taken off one at a time, LAYERS at most. Rule 2: every
reading knows where in the piece each of its characters came from. Rule 3:
what stands in one reading counts, whatever the others say. Rule 4: bytes that
are not UTF-8 are read as Windows-1252, each for itself.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property

from leakcheck.hunting.folding import fold, readable
from leakcheck.patterns import late

LAYERS = 3
_TOKEN = late(
    rb"%([0-9A-Fa-f]{2})"
    rb"|\\u([dD][89abAB][0-9A-Fa-f]{2})\\u([dD][c-fC-F][0-9A-Fa-f]{2})"
    rb"|\\u([0-9A-Fa-f]{4})|\\x([0-9A-Fa-f]{2})|\\([nrt])|\\([\\\"'/])|'(')"
    rb"|&#([0-9]{1,7});|&#[xX]([0-9A-Fa-f]{1,6});"
    rb"|&(amp|lt|gt|quot|apos|nbsp|commat|period|lowbar|plus);"
)
_BREAKS = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_NAMES = {
    b"amp": b"&",
    b"lt": b"<",
    b"gt": b">",
    b"quot": b'"',
    b"apos": b"'",
    b"nbsp": "\u00a0".encode(),
    b"commat": b"@",
    b"period": b".",
    b"lowbar": b"_",
    b"plus": b"+",
}


class Reading:
    """One reading of a piece of text.

    data: its bytes; text: its characters; folded: the same without case.
    """

    def __init__(self, data: bytes, turns: list[tuple[int, int]]) -> None:
        """turns: (position here, position in the piece), ascending, wherever they part ways."""
        self.data, self._turns = data, turns

    @cached_property
    def _escaped(self) -> str:
        return self.data.decode("utf-8", "surrogateescape")

    @cached_property
    def text(self) -> str:
        """The characters."""
        return self._escaped if self.data.isascii() else readable(self._escaped)

    @cached_property
    def folded(self) -> str:
        """The characters as terms are compared."""
        return fold(self.text)

    def origin(self, at: int) -> int:
        """The position in the piece that byte `at` came from."""
        here, origin = self._turns[bisect_right(self._turns, (at, 1 << 62)) - 1]
        return origin + at - here

    def byte(self, character: int) -> int:
        """The byte at which a character of `text` begins."""
        if self.data.isascii():
            return character
        return len(self._escaped[:character].encode("utf-8", "surrogateescape"))

    def unfolded(self, place: int) -> int:
        """The character of `text` that the one at `place` of `folded` came from."""
        if len(self.folded) == len(self.text):
            return place
        done = 0
        for at, mark in enumerate(self.text):
            done += len(mark.casefold())
            if done > place:
                return at
        return len(self.text)

    def peeled(self) -> "Reading | None":
        """The reading with one layer of escapes less, or None where there is none."""
        if not _TOKEN.search(self.data):
            return None
        out = bytearray()
        turns: list[tuple[int, int]] = []
        done = 0
        for match in _TOKEN.finditer(self.data):
            start, stop = match.span()
            self._keep(done, start, len(out), turns)
            out += self.data[done:start]
            turns.append((len(out), self.origin(start)))
            out += _meaning(match)
            turns.append((len(out), self.origin(stop)))
            done = stop
        self._keep(done, len(self.data), len(out), turns)
        return Reading(bytes(out + self.data[done:]), turns)

    def _keep(self, start: int, stop: int, base: int, turns: list[tuple[int, int]]) -> None:
        """Take over the turns of this reading from `start` to `stop`, which go to `base`."""
        at = bisect_right(self._turns, (start, -1))
        while at < len(self._turns) and self._turns[at][0] <= stop:
            here, origin = self._turns[at]
            turns.append((base + here - start, origin))
            at += 1


def readings(piece: bytes) -> Iterator[Reading]:
    """All readings of a piece, as it stands first."""
    reading: Reading | None = Reading(piece, [(0, 0)])
    for _ in range(LAYERS + 1):
        if reading is None:
            return
        yield reading
        reading = reading.peeled()


def _meaning(match: re.Match[bytes]) -> bytes:
    percent, high, low, unit, byte, pause, mark, quote, number, digits, name = match.groups()
    if percent or byte:
        return bytes([int(percent or byte, 16)])
    if high:
        return _utf8(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
    if unit or digits:
        return _utf8(int(unit or digits, 16))
    if number:
        return _utf8(int(number))
    return _BREAKS[pause] if pause else _NAMES[name] if name else bytes(mark or quote)


def _utf8(code: int) -> bytes:
    if 0xD800 <= code < 0xE000 or code > 0x10FFFF:
        code = 0xFFFD
    return chr(code).encode()
