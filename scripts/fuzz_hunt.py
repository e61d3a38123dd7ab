"""Hunt in hostile text, for a given time: both sieves agree, and no line that matches is lost.

    python scripts/fuzz_hunt.py --seconds 120 [--seed N]

Each round has a watch list of its own and a text of tricky tokens and mutated
entries. The oracle is the exact half of the hunt, asked of every line without
any sieve. A line that differs is printed: it is made up, so no secret is shown.
"""

import argparse
import random
import sys
from collections import Counter

import fuzzing

from leakcheck.hunting.keys import QUIET, keys_of
from leakcheck.hunting.matching import matches
from leakcheck.hunting.reference import ReferenceSieve
from leakcheck.hunting.sieve import Sieve, native
from leakcheck.hunting.watch import Watch

LINES: Counter[str] = Counter()
WATCHED = """
alice@acme.fr o'brien@acme.fr a+b@my-corp.co.uk -x@acme.fr zoe@société.fr
b_c@a.b.example.org acme.fr my-corp.co.uk société.fr xn--bcher-kva.de a.fr @corp.example.org
@xn--socit-esab.fr *.sub.acme.fr falcon c++ srv-db01.local café ŒUVRE ﬁnance ＡＢＣ Straße 谢谢
term:acme ı ß7 K2
"""
ENTRIES = [
    *WATCHED.split(),
    "Project Falcon", "café noir", "Straße 7", "a b c", "İstanbul db", "x.y z", "Ⅷ legion",
    "+33 6 12 34 56 78", "020 7946 0958", "phone:1234567", "+49 (0)30 901820",
]  # fmt: skip
TOKENS = r"""
@ @ . . - ' " \ % ; : | , < > & # + _ = / ( ) a A n r t u x o z 0 4 6 9 .. '' \' \\ %40 %2E
%27 %C3%A9 %ad %20 \u0040 \u002b \u00e9 \x40 \xe9 &#64; &#x40; &commat; &#39; &apos;
&period; \n \r \t \u000a %0A alice ALICE acme ACME fr FR com co.uk falcon FALCON Project
cafe café CAFÉ noir NOIR strasse STRASSE straße 7 ß é è ŉ ſ K İ i̇ ı ﬁ ﬀ ² Ⅷ · ’ 。 ． ｡ ａｃｍｅ
=40 =2E \u{40} ＠ 0x616c6963654061636d652e6672 mail::YWxpY2VAYWNtZS5mcg== %2540 %u0040
société bücher 谢谢 xn--socit-esab xn--bcher-kva.de 33 6 12 34 56 78 0033 +33(0)6 020 7946
0958 1234567 901820 https:// @acme.fr alice@acme.fr evil
"""
UNSEEN = ["\u00a0", "\u200b", "\u200d", "\u00ad", "\ufeff", "\u0301", "\u0327", "\u3000", " ", " "]
PIECES = [
    *(token.encode() for token in (*TOKENS.split(), *UNSEEN)),
    *(bytes([code]) for code in (0, 9, 13, 32, 0x85, 0xA0, 0xAD, 0xC3, 0xE9, 0xF6, 0xFF)),
]

PLAIN = [b"nothing; that anybody: looks, for / " * 12] * 3
"""Lines between two others."""


def line(rng: random.Random, watched: list[str]) -> bytes:
    """Tokens, and an entry as somebody may have written it."""
    parts = rng.choices(PIECES, k=rng.randrange(1, 12))
    for _ in range(rng.randrange(3)):
        parts.insert(rng.randrange(len(parts) + 1), spelt(rng, rng.choice(watched)))
    made = bytearray(b"".join(parts))
    for _ in range(rng.randrange(3)):
        if made:
            at = rng.randrange(len(made))
            made[at : at + rng.randrange(2)] = rng.choice(PIECES)
    if rng.random() < 0.05:
        made[:0] = rng.choice((b"x", b" ", b"a.", b"q@")) * rng.choice((QUIET, 3000))
    return bytes(made).replace(b"\n", b" ")


def spelt(rng: random.Random, entry: str) -> bytes:
    """An entry in another case, escaped here and there."""
    text = rng.choice((str, str.upper, str.casefold, str.title))(entry.removeprefix("term:"))
    out = bytearray()
    for mark in text:
        way = rng.random()
        raw = mark.encode()
        if way < 0.04:
            out += b"".join(b"%%%02X" % code for code in raw)
        elif way < 0.08:
            out += rb"\u%04x" % ord(mark) if ord(mark) < 0x10000 else raw
        elif way < 0.11:
            out += b"&#%d;" % ord(mark)
        else:
            out += raw
    return bytes(out)


def lines_at(data: bytes, sieve: Sieve) -> set[int]:
    """The numbers, from 0, of the lines that a sieve points to."""
    return {data.count(b"\n", 0, position) for position in sieve.positions(data)}


def round_of(rng: random.Random) -> tuple[int, int]:
    """One watch list over one text: lines, and lines that match. Exits at a difference."""
    watched = rng.sample(ENTRIES, rng.randrange(1, 8))
    watch = Watch()
    for entry in watched:
        watch.add(entry)
    lines = [line(rng, watched) for _ in range(60)]
    if rng.random() < 0.5:  # little of it is worth a look, of which a short list makes use
        lines[:] = [one for each in lines[:12] for one in (*PLAIN, each)]
    data = b"".join(one + b"\n" for one in lines)
    slow, fast = lines_at(data, ReferenceSieve(keys_of(watch))), lines_at(data, native(watch))
    wanted = {at for at, one in enumerate(lines) if matches(one + b"\n", watch)}
    wrong = {"only one sieve sees": slow ^ fast, "lost": wanted - (slow & fast)}
    for what, found in wrong.items():
        for at in sorted(found)[:5]:
            print(f"{what}: {watched} in {lines[at]!r}")
    if any(wrong.values()):
        raise AssertionError("a sieve loses lines")
    return len(lines), len(wanted)


def case(chance: random.Random, options: argparse.Namespace) -> str:
    """A round, as lines that were looked at."""
    seen, hits = round_of(chance)
    LINES.update({"lines": seen, "with a match": hits})
    return "round"


def main() -> int:
    """Rounds until the time is over."""
    status = fuzzing.run(fuzzing.parser(__doc__).parse_args(), case)
    print(f"{LINES['lines']:,} lines, {LINES['with a match']:,} with a match")
    return status


if __name__ == "__main__":
    sys.exit(main())
