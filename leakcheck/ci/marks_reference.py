"""Which of a few dozen words stand in a text, and where some of them do; in plain Python.

The native twin is leakcheck/native/src/marks.rs. Letters are compared as
ASCII does, without their case; words are given in lower case.
"""

from collections.abc import Sequence

from leakcheck.language import said


class Marks:
    """needles: words whose places are wanted, each with how many bytes behind its beginning the
    place is, and the letters that may not follow; words: those of which the presence is.
    """

    def __init__(self, needles: Sequence[tuple[bytes, int, bytes]], words: Sequence[bytes]) -> None:
        if len(words) > 64 or not all((*(needle[0] for needle in needles), *words)):
            raise ValueError(said("too many words, or an empty one"))
        self._needles, self._words = tuple(needles), tuple(words)

    def find(self, data: bytes) -> tuple[int, list[int]]:
        """A bit for each word that stands in `data`, and the places of needles, ascending."""
        low = data.lower()
        present = sum(1 << at for at, word in enumerate(self._words) if word in low)
        found: set[int] = set()
        for needle, shift, forbidden in self._needles:
            at = low.find(needle)
            while at >= 0:
                end = at + len(needle)
                if end >= len(low) or low[end] not in forbidden:
                    found.add(at + shift)
                at = low.find(needle, at + 1)
        return present, sorted(found)
