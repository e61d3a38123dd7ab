"""Write a synthetic dump to stdout: python scripts/make_dump.py KIND LINES [--seed N].

Everything is drawn from a seeded generator, so the same arguments give the
same bytes. No name or address in it is a person's.

    combo      address:password, a tenth of the lines a repeat of an earlier one
    pwned      SHA1:COUNT, sorted, CRLF, as the Pwned Passwords text has it
    ntlm       the same with NT hashes
    hashes     SHA-1 digests alone, in the order and number of `pwned`
    passwords  one password a line
    text       prose, log lines and quoted mail, an address in every third line
    csv        id,name,email,password,city with quoted fields and a header
    json       one object a line
    sql        INSERT INTO ... VALUES with 500 rows a statement
    stealer    URL:/Username:/Password: blocks of a stealer log
"""

import argparse
import random
import sys
from collections.abc import Callable, Iterator

BLOCK = 20_000
FIRST = b"ada ben carla dimitri elena farid greta hugo ines jonas kenza lars mina nora omar".split()
FIRST += b"paula quentin rosa samir tess ugo vera walid xenia yann zoe".split()
LAST = b"alder birch cedar dogwood elm fir gorse hazel ivy juniper larch maple nettle oak".split()
LAST += b"pine quince rowan sorrel thorn umber vetch willow yew".split()
HOSTS = b"example.fr example.org example.com mail.example.net acme.fr example.co.uk".split()
HOSTS += b"post.example.de corp.example.io webmail.example.es example.ch".split()
WORDS = b"dragon monkey sunshine princess football shadow master summer winter qwerty".split()
WORDS += b"secret hunter flower cheese banana orange purple silver matrix coffee".split()
CITIES = b"Lyon Lille Nantes Rennes Dijon Metz Nice Brest Tours Pau".split()
SENTENCES = (
    b"The meeting was moved to the third floor and nobody told the caterer.",
    b"> On Monday you wrote that the invoice had been paid twice already.",
    b"2024-03-11T08:15:02Z INFO worker-7 accepted request in 12 ms status=200",
    b"Please find enclosed the minutes; corrections are welcome until Friday.",
    b"See https://www.example.org/archive/2019/07/msg00123.html for the thread.",
    "café, naïve, 日本語 and other words that are not ASCII".encode(),
)

Rows = Iterator[bytes]


def accounts(rng: random.Random, start: int, count: int) -> list[tuple[bytes, bytes]]:
    """`count` (address, password) pairs; those of different `start` differ."""
    numbers = rng.choices(range(10_000), k=count)
    names = map(
        b"%b%b%b%d@%b".__mod__,
        zip(
            rng.choices(FIRST, k=count),
            rng.choices((b".", b"_", b"", b"-"), k=count),
            rng.choices(LAST, k=count),
            range(start, start + count),
            rng.choices(HOSTS, k=count),
            strict=True,
        ),
    )
    words = map(
        b"%b%b%d".__mod__,
        zip(
            rng.choices(WORDS, k=count),
            rng.choices((b"", b"!", b"_", b"@", b"1"), k=count),
            numbers,
            strict=True,
        ),
    )
    return list(zip(names, words, strict=True))


def combo(rng: random.Random, lines: int) -> Rows:
    for start in range(0, lines, BLOCK):
        count = min(BLOCK, lines - start)
        fresh = accounts(rng, start, count - count // 10)
        rows = list(map(b"%b:%b".__mod__, fresh))
        rows += rng.choices(rows, k=count // 10)
        yield b"\n".join(rows) + b"\n"


def digests(rng: random.Random, lines: int, width: int, counted: bool) -> Rows:
    """Sorted hexadecimal digests of `width` digits, a bucket of three leading digits at a time."""
    for bucket in range(4096):
        count = lines * (bucket + 1) // 4096 - lines * bucket // 4096
        if not count:
            continue
        digits = rng.randbytes(count * (width // 2)).hex("\n", width // 2).upper().split("\n")
        rows = sorted(f"{bucket:03X}{row[3:]}" for row in digits)
        if counted:
            counts = rng.choices((1, 1, 2, 2, 3, 4, 6, 9, 17, 44, 130, 2_051, 48_310), k=count)
            rows = [f"{row}:{seen}\r" for row, seen in zip(rows, counts, strict=True)]
        yield "\n".join(rows).encode() + b"\n"


def passwords(rng: random.Random, lines: int) -> Rows:
    for start in range(0, lines, BLOCK):
        pairs = accounts(rng, start, min(BLOCK, lines - start))
        yield b"\n".join(word for _, word in pairs) + b"\n"


def text(rng: random.Random, lines: int) -> Rows:
    for start in range(0, lines, BLOCK):
        count = min(BLOCK, lines - start)
        rows = rng.choices(SENTENCES, k=count)
        for at, (address, _) in zip(range(0, count, 3), accounts(rng, start, count), strict=False):
            rows[at] = b"%b <%b> %b" % (rows[at][:30], address, rows[at][30:])
        yield b"\n".join(rows) + b"\n"


def csv(rng: random.Random, lines: int) -> Rows:
    yield b"id,name,email,password,city\n"
    for start in range(0, lines - 1, BLOCK):
        count = min(BLOCK, lines - 1 - start)
        cities = rng.choices(CITIES, k=count)
        yield b"".join(
            b'%d,"%b, J.",%b,"%b",%b\n' % (at, address[:5], address, word, city)
            for at, (address, word), city in zip(
                range(start, start + count), accounts(rng, start, count), cities, strict=True
            )
        )


def json(rng: random.Random, lines: int) -> Rows:
    for start in range(0, lines, BLOCK):
        pairs = accounts(rng, start, min(BLOCK, lines - start))
        yield b"".join(
            b'{"id":%d,"user":{"email":"%b"},"password":"%b"}\n' % (start + at, address, word)
            for at, (address, word) in enumerate(pairs)
        )


def sql(rng: random.Random, lines: int) -> Rows:
    """`lines` rows, 500 to a statement, which is one line."""
    yield b"CREATE TABLE `users` (\n  `id` int,\n  `email` text,\n  `password` text\n);\n"
    for start in range(0, lines, 500):
        rows = (
            b"(%d,'%b','%b\\'s')" % (start + at, address, word)
            for at, (address, word) in enumerate(accounts(rng, start, min(500, lines - start)))
        )
        yield b"INSERT INTO `users` VALUES " + b",".join(rows) + b";\n"


def stealer(rng: random.Random, lines: int) -> Rows:
    """Blocks of four lines."""
    for start in range(0, max(1, lines // 4), BLOCK):
        pairs = accounts(rng, start, min(BLOCK, max(1, lines // 4) - start))
        yield b"".join(
            b"URL: https://login.%b/\nUsername: %b\nPassword: %b\n===============\n"
            % (address.partition(b"@")[2], address, word)
            for address, word in pairs
        )


MAKERS: dict[str, Callable[[random.Random, int], Rows]] = {
    "combo": combo,
    "pwned": lambda rng, lines: digests(rng, lines, 40, True),
    "ntlm": lambda rng, lines: digests(rng, lines, 32, True),
    "hashes": lambda rng, lines: digests(rng, lines, 40, False),
    "passwords": passwords,
    "text": text,
    "csv": csv,
    "json": json,
    "sql": sql,
    "stealer": stealer,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=sorted(MAKERS))
    parser.add_argument("lines", type=int)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        for piece in MAKERS[options.kind](random.Random(options.seed), options.lines):
            sys.stdout.buffer.write(piece)
    except BrokenPipeError:
        sys.exit(1)


if __name__ == "__main__":
    main()
