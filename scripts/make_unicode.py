"""Write leakcheck/data/uts46.txt and normalization.txt, or add to them what Unicode has added.

    pip install idna==3.20 unicodedata2==18.0.0 && python scripts/make_unicode.py

Source: the mapping table of UTS 46 as the package idna has it, and the Unicode
Character Database as unicodedata2 has it, both of one version of Unicode.
Where the files are of an older version already, what is new or different goes
into an edition of its own, so that a filter can tell what its builder knew.
"""

from collections.abc import Iterator
from pathlib import Path

import unicodedata2 as unicode
from idna import uts46data

DATA = Path(__file__).resolve().parent.parent / "leakcheck" / "data"
LDH = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
DOTS = frozenset("\u3002\uff0e\uff61")
DEVIATIONS = {0xDF: "d=73.73", 0x3C2: "d=3c3", 0x200C: "d", 0x200D: "d"}
EMOJI_MODIFIERS = range(0x1F3FB, 0x1F400)
HANGUL = range(0xAC00, 0xD7A4)

MAPPING_HEAD = """\
# What a character outside ASCII is in a domain: the mapping table of UTS 46, Unicode {version}.
# docs/address.md says how it is used; scripts/make_unicode.py wrote it.
#
# = VERSION           what follows was new, or changed, in this version of Unicode
# FIRST[-LAST][/2]    code points in hexadecimal, all or every second one; then one of
#   v                 valid
#   i                 ignored: left out
#   =HEX              mapped to HEX + (code point - FIRST)
#   =HEX.HEX...       mapped to several code points
#   *HEX[.HEX...]     each of them mapped to the same
#   d[=HEX...]        valid, a deviation: the transitional form has HEX, or nothing, instead
#   x                 disallowed (from the second edition on: what is not listed is disallowed)
# An s before v, = or * marks punctuation and symbols: in running text the domain may end before it.
#
# Unicode data: copyright 1991-2026 Unicode, Inc.; https://www.unicode.org/license.txt
"""
NORMAL_HEAD = """\
# Canonical decompositions and combining classes, Unicode {version}: what NFC and NFD need.
# docs/address.md says how it is used; scripts/make_unicode.py wrote it.
#
# = VERSION                    what follows was new in this version of Unicode
# c CLASS RANGE...             code points, in hexadecimal, of this combining class; others have 0
# + SECOND FIRST>WHOLE...      WHOLE is FIRST followed by SECOND, and is composed of them
# - SECOND FIRST>WHOLE...      the same, but never composed
# ~ ONE>OTHER...               ONE is OTHER, and never comes back
# Hangul syllables are composed and decomposed by rule.
#
# Unicode data: copyright 1991-2026 Unicode, Inc.; https://www.unicode.org/license.txt
"""


def mapping() -> dict[int, str]:
    """{code point: action}, `=` and `*` with the whole target, of all that is not disallowed."""
    found = {}
    ends = [*uts46data.uts46_starts[1:], 0x110000]
    rows = zip(uts46data.uts46_starts, ends, uts46data.uts46_statuses,
               uts46data.uts46_replacements, strict=True)  # fmt: skip
    for start, end, status, target in rows:
        status = status if isinstance(status, str) else chr(status)
        for code in range(max(start, 0x80), end):
            if action := _action(code, status, target):
                found[code] = action
    return found


def _action(code: int, status: str, target: str | None) -> str | None:
    """What is done with a character; None where no domain can hold it."""
    category = unicode.category(chr(code))
    word = category[0] in "LMN" or category == "So" or code in EMOJI_MODIFIERS
    mark = "" if word else "s"
    if chr(code) in DOTS or status == "X":
        return None
    if code in DEVIATIONS:
        return DEVIATIONS[code]
    if status == "I":
        return "i"
    if status == "V":
        return mark + "v"
    if status != "M" or not target:
        raise SystemExit(f"U+{code:04X} has a status that is not known: {status}")
    if any(sign < "\x80" and sign not in LDH for sign in target):
        return None
    return f"{mark}={'.'.join(f'{ord(sign):x}' for sign in target)}"


def lines_of(actions: dict[int, str]) -> Iterator[str]:
    """The lines that say `actions`, runs of code points in one where they can be."""
    left = dict(sorted(actions.items()))
    while left:
        code = next(iter(left))
        action = left[code]
        runs = [(_run(left, code, step, same), step, same)
                for step in (1, 2) for same in (True, False)]  # fmt: skip
        last, step, same = max(runs, key=lambda run: ((run[0] - code) // run[1], -run[1]))
        if (last - code) // step < 2 and step == 2:
            last, step = code, 1
        span = f"{code:x}-{last:x}" if last > code else f"{code:x}"
        if same and last > code and "=" in action and action[0] != "d":
            action = action.replace("=", "*")
        yield f"{span}{'/2' if step == 2 else ''} {action}"
        for each in range(code, last + 1, step):
            del left[each]


def _run(left: dict[int, str], code: int, step: int, same: bool) -> int:
    """The last code point of the run from `code` on, of one target or of targets in a row."""
    mark, equals, target = left[code].partition("=")
    if not same and (not equals or "." in target or mark == "d"):
        return code
    last = code
    while True:
        here = last + step
        wanted = left[code] if same else f"{mark}={int(target, 16) + here - code:x}"
        if left.get(here) != wanted:
            return last
        last = here


def normal_lines(codes: list[int]) -> Iterator[str]:
    """The lines of normalization.txt for `codes`."""
    classes: dict[int, list[int]] = {}
    pairs: dict[tuple[str, int], list[str]] = {}
    single = []
    for code in codes:
        if rank := unicode.combining(chr(code)):
            classes.setdefault(rank, []).append(code)
        form = unicode.decomposition(chr(code))
        if not form or form.startswith("<") or code in HANGUL:
            continue
        first, *second = (int(part, 16) for part in form.split())
        if second:
            sign = "+" if unicode.normalize("NFC", chr(code)) == chr(code) else "-"
            pairs.setdefault((sign, second[0]), []).append(f"{first:x}>{code:x}")
        else:
            single.append(f"{code:x}>{first:x}")
    for rank, members in sorted(classes.items()):
        yield f"c {rank} {' '.join(_ranges(members))}"
    for (sign, mark), wholes in sorted(pairs.items()):
        yield f"{sign} {mark:x} {' '.join(wholes)}"
    for at in range(0, len(single), 8):
        yield f"~ {' '.join(single[at : at + 8])}"


def _ranges(codes: list[int]) -> Iterator[str]:
    start = 0
    for at, code in enumerate(codes, 1):
        if at == len(codes) or codes[at] != code + 1:
            yield f"{codes[start]:x}-{code:x}" if at - start > 1 else f"{code:x}"
            start = at


def parsed(text: str) -> dict[int, str]:
    """The actions that uts46.txt holds, as `mapping` gives them."""
    found: dict[int, str] = {}
    for line in text.splitlines():
        if not line or line[0] in "#=":
            continue
        span, action = line.split(" ")
        ends, _, step = span.partition("/")
        first, _, last = ends.partition("-")
        codes = range(int(first, 16), int(last or first, 16) + 1, int(step or 1))
        mark, equals, target = action.partition("=")
        for code in codes:
            if equals and mark != "d" and "." not in target:
                found[code] = f"{mark}={int(target, 16) + code - codes[0]:x}"
            else:
                found[code] = action.replace("*", "=")
    return {code: action for code, action in found.items() if action != "x"}


def editions(text: str) -> list[str]:
    """The versions of Unicode that a file has sections for."""
    return [line[2:] for line in text.splitlines() if line.startswith("= ")]


def main() -> None:
    """Write both files, or append an edition to each."""
    version = unicode.unidata_version
    if uts46data.__version__ != version:
        raise SystemExit(f"idna is of Unicode {uts46data.__version__}, unicodedata2 of {version}")
    maps, normal = DATA / "uts46.txt", DATA / "normalization.txt"
    new = mapping()
    every = list(range(0x110000))
    if not maps.exists():
        maps.write_text("\n".join([MAPPING_HEAD.format(version=version) + f"= {version}",
                                   *lines_of(new)]) + "\n", "ascii")  # fmt: skip
        normal.write_text("\n".join([NORMAL_HEAD.format(version=version) + f"= {version}",
                                     *normal_lines(every)]) + "\n", "ascii")  # fmt: skip
        return
    text = maps.read_text("ascii")
    if version in editions(text):
        print(f"the files are of Unicode {version} already")
        if parsed(text) != new:
            raise SystemExit("but they do not hold what this script would write")
        return
    old = parsed(text)
    changed = {code: action for code, action in new.items() if old.get(code) != action}
    changed |= dict.fromkeys(old.keys() - new.keys(), "x")
    held = normal.read_text("ascii")
    known = {code for line in held.splitlines() for code in _codes(line)}
    fresh = [code for code in every if code not in known]
    maps.write_text(text + "\n".join([f"= {version}", *lines_of(changed)]) + "\n", "ascii")
    normal.write_text(held + "\n".join([f"= {version}", *normal_lines(fresh)]) + "\n", "ascii")


def _codes(line: str) -> Iterator[int]:
    """The code points that a line of normalization.txt tells something of."""
    if line[:2] == "c ":
        for span in line.split()[2:]:
            first, _, last = span.partition("-")
            yield from range(int(first, 16), int(last or first, 16) + 1)
    elif line[:1] in ("+", "-", "~"):
        for pair in line.split()[1 if line[0] == "~" else 2 :]:
            one, _, other = pair.partition(">")
            yield int(one if line[0] == "~" else other, 16)


if __name__ == "__main__":
    main()
