"""Derive the page's tables from those of the package: leakcheck/publishing/site/tables.txt.

    python scripts/make_page_tables.py

A browser knows Unicode itself, if perhaps an older version. What is stable between versions
(Normalization Forms, and lower case: https://www.unicode.org/policies/stability_policy.html) is
left to it, so that the page loads 7 kB and not 40: the tables hold which characters a domain may
have, and the mapping of those alone for which `NFKC(lower(NFKC(c)))` is not the one of UTS 46.
`site/address.js` reads the file, and gives no answer where a character is newer than the browser.

    = NAME VERSION      what follows, up to the next such line, is of this edition
    tlds                names in order, each as a capital letter (A: 0) for how many characters it
                        shares with the one before, and the rest
    allowed, ignored    ranges: GAP[.MORE], base 36: code points left out since the last range (from
                        U+0080), and how many follow the first
    mapped              FIRST[-LAST]=HEX[.HEX...], hexadecimal, in a row where LAST is given
    deviations          CODE=HEX[.HEX...], hexadecimal: the transitional form
"""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from leakcheck.subject import tables, uts46

SITE = Path(__file__).parent.parent / "leakcheck" / "publishing" / "site"
FIRST = 0x80
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def main() -> None:
    """Write the file."""
    lines = ["# Made of leakcheck/data by scripts/make_page_tables.py, which explains it."]
    for version, names in tables.editions("tlds.txt"):
        lines += [f"= tlds {version}", fronted(sorted(" ".join(names).split()))]
    for version in [version for version, _ in tables.editions("uts46.txt")]:
        for name, content in characters(version).items():
            if content:
                lines += [f"= {name} {version}", content]
    (SITE / "tables.txt").write_text("\n".join(lines) + "\n", encoding="ascii")


def characters(version: str) -> dict[str, str]:
    """The tables of characters whose word is that of the edition `version`."""
    allowed, ignored = list[int](), list[int]()
    mapped: dict[int, str] = {}
    deviations: dict[int, str] = {}
    for code in range(FIRST, 0x110000):
        mark = chr(code)
        fate = None if 0xD800 <= code < 0xE000 else uts46.fate(mark)
        if fate is None or fate.since != version:
            continue
        if fate.transitional is not None:
            deviations[code] = fate.transitional
        elif not fate.target:
            ignored.append(code)
        else:
            allowed.append(code)
            if nfc(fate.target) != foretold(mark):
                mapped[code] = fate.target
    return {
        "allowed": " ".join(ranges(allowed)),
        "ignored": " ".join(ranges(ignored)),
        "mapped": " ".join(rows(mapped)),
        "deviations": " ".join(f"{code:x}={spelled(text)}" for code, text in deviations.items()),
    }


def fronted(names: Sequence[str]) -> str:
    """Sorted names without what each shares with the one before."""
    found = ""
    for before, name in zip(["", *names], names, strict=False):
        shared = len(os.path.commonprefix([before, name]))  # noqa: RUF071 - no paths
        found += chr(ord("A") + shared) + name[shared:]
    return found


def foretold(mark: str) -> str:
    """What the page makes of a character that `mapped` does not name."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", mark).lower())


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def spelled(text: str) -> str:
    return ".".join(f"{ord(mark):x}" for mark in text)


def ranges(codes: Iterable[int]) -> Iterator[str]:
    """GAP[.MORE] of each run of `codes`."""
    after, runs = FIRST, list[list[int]]()
    for code in codes:
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    for first, last in runs:
        more = f".{base36(last - first)}" if last > first else ""
        yield base36(first - after) + more
        after = last + 1


def rows(mapped: dict[int, str]) -> Iterator[str]:
    """FIRST[-LAST]=HEX of each run that is mapped to a run."""
    runs = defaultdict[tuple[int, bool], list[int]](list)
    for code, text in mapped.items():
        single = len(text) == 1
        distance = ord(text) - code if single else 0
        runs[distance if single else code, single].append(code)
    found = []
    for (_, single), codes in runs.items():
        if not single:
            found.append((codes[0], f"{codes[0]:x}={spelled(mapped[codes[0]])}"))
            continue
        first = last = codes[0]
        for code in [*codes[1:], 0]:
            if code == last + 1:
                last = code
                continue
            span = f"{first:x}-{last:x}" if last > first else f"{first:x}"
            found.append((first, f"{span}={spelled(mapped[first])}"))
            first = last = code
    return (text for _, text in sorted(found))


def base36(number: int) -> str:
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
        if not number:
            return digits


if __name__ == "__main__":
    main()
