"""Phone numbers in a text: groups of digits, whatever separates them.

Rule 1: between groups stand at most three of blank . - / ( ). Rule 2: a number
begins and ends where a group does, with no letter or digit beside it.
Rule 3: `+` or `00` before the country's digits, or nothing, is the same; so is
a trunk zero in brackets, `+33 (0)6`.
"""

import re
from collections.abc import Iterator, Mapping

_PART = r"[ \u00a0\u202f.\-/()]"
_RUN = re.compile(rf"[0-9]+(?:{_PART}{{1,3}}[0-9]+)*")
_GROUP = re.compile(r"[0-9]+")
_LONGEST = 17  # 15 digits (E.164) after 00


def phones(text: str, watched: Mapping[str, int]) -> Iterator[tuple[int, int, int]]:
    """(start, end, entry) of each number in `text` that is watched."""
    for run in _RUN.finditer(text):
        if run.end() - run.start() < 7:
            continue
        groups = [(run.start() + one.start(), one[0]) for one in _GROUP.finditer(run[0])]
        for first, (start, _) in enumerate(groups):
            if start == 0 or not text[start - 1].isalnum():
                yield from _from(text, groups[first:], watched)


def _from(
    text: str, groups: list[tuple[int, str]], watched: Mapping[str, int]
) -> Iterator[tuple[int, int, int]]:
    """The numbers that begin with the first of `groups`."""
    numbers = {""}
    for at, digits in groups:
        end = at + len(digits)
        bracketed = digits == "0" and text[at - 1 : at] == "(" and text[end : end + 1] == ")"
        numbers = {number + digits for number in numbers} | (numbers if bracketed else set())
        numbers = {number for number in numbers if len(number) <= _LONGEST}
        if not numbers:
            return
        if text[end : end + 1].isalnum():
            continue
        for number in sorted(numbers):
            for spelling in {number, number.removeprefix("00")}:
                if spelling in watched:
                    yield groups[0][0], end, watched[spelling]
