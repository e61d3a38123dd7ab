"""Phone numbers in a text: groups of digits, whatever separates them.

A number that is watched in its international form is looked for in the national
one as well, as phonenumbers, Google's tables of the world's numbers, writes that.

Rule 1: between groups stand at most three of blank . - / ( ). Rule 2: a number
begins and ends where a group does, with no letter or digit beside it, a
national one not behind the digits of a country.
Rule 3: `+` or `00` before the country's digits, or nothing, is the same; so is
a trunk zero in brackets, `+33 (0)6`.
"""

from collections.abc import Iterator, Mapping, Sequence

from leakcheck.patterns import late

_PART = r"[ \u00a0\u202f.\-/()]"
_RUN = late(rf"[0-9]+(?:{_PART}{{1,3}}[0-9]+)*")
_GROUP = late(r"[0-9]+")
SHORTEST = 7  # digits; under seven is no subscriber's number
_LONGEST = 17  # 15 digits (E.164) after 00


_COUNTRY = late(r"(?:\+|(?<![0-9])00)[1-9][0-9]{0,2}[ \u00a0\u202f.\-/()]{1,4}$")


def spellings(number: str) -> list[str]:
    """Other digits that reach a number in international form, 0612345678 of 33612345678 first.

    The national form, which has at least seven digits; that behind the digits of the
    country, as `+33 06` has it; and the international one, where `number` is not. Empty
    where no country has such numbers. Raises ImportError where phonenumbers is not installed.
    """
    import phonenumbers

    try:
        parsed = phonenumbers.parse(f"+{number}")
    except phonenumbers.NumberParseException:
        return []
    ways = phonenumbers.PhoneNumberFormat
    digits, whole = (
        "".join(mark for mark in phonenumbers.format_number(parsed, way) if "0" <= mark <= "9")
        for way in (ways.NATIONAL, ways.E164)
    )
    if len(digits) < SHORTEST:
        return []
    behind = f"{parsed.country_code}{digits}"
    others = dict.fromkeys((digits, behind, f"00{behind}", whole, f"00{whole}"))
    return [one for one in others if one not in (number, f"00{number}")]


def phones(
    text: str, watched: Mapping[str, int], nationals: Mapping[str, Sequence[int]]
) -> Iterator[tuple[int, int, int]]:
    """(start, end, entry) of each number in `text` that is watched.

    nationals: the entries by their national forms.
    """
    for run in _RUN.finditer(text):
        if run.end() - run.start() < SHORTEST:
            continue
        groups = [(run.start() + one.start(), one[0]) for one in _GROUP.finditer(run[0])]
        for first, (start, _) in enumerate(groups):
            if start == 0 or not text[start - 1].isalnum():
                yield from _from(text, groups[first:], watched, nationals)


def _from(
    text: str,
    groups: list[tuple[int, str]],
    watched: Mapping[str, int],
    nationals: Mapping[str, Sequence[int]],
) -> Iterator[tuple[int, int, int]]:
    """The numbers that begin with the first of `groups`."""
    start = groups[0][0]
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
                    yield start, end, watched[spelling]
            if number in nationals and not _COUNTRY.search(text, max(0, start - 12), start):
                yield from ((start, end, entry) for entry in nationals[number])
