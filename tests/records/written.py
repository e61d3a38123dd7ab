"""Accounts written by chance as tables, lists, JSON, SQL and XML; the keys made of them."""

import csv
import hashlib
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from leakcheck.errors import InputError
from leakcheck.input.encodings import as_text
from leakcheck.input.lists import ListFile
from leakcheck.input.streams import Held
from leakcheck.records.batches import batches
from leakcheck.records.detect import detect
from leakcheck.records.formats import can_hold, extractor
from leakcheck.records.listing import Listing
from leakcheck.records.picking import extract_hashes, extract_secrets
from leakcheck.records.rows import Wanted
from leakcheck.scanning.blocks import blocks_of
from leakcheck.scanning.cell import Query
from leakcheck.subject.kinds import Kind

Account = tuple[str, str]
_PARTS = (
    *(
        "pass",
        "word",
        "letmein",
        "Zq9",
        "dragon",
        "12345",
        "é",
        "ü",
        "☃",
        "пароль",
        "密码",
        "a",
        "B",
    ),
    *(
        "'",
        '"',
        "\\",
        ",",
        ";",
        ":",
        "|",
        "\t",
        "$",
        "$$",
        "%",
        "&",
        "<",
        ">",
        "#",
        "--",
        "/*",
        "*/",
    ),
    *("(", ")", "[", "]", "{", "}", "=", "@", "!", "?", "\\n", "NULL", "0x61", "\\x41", "''", '""'),
)
_WORD = Kind.PASSWORD


def accounts(chance: random.Random, most: int = 30) -> list[Account]:
    """Up to `most` accounts with passwords that are hard to write and to read."""
    found = []
    for at in range(chance.randint(1, most)):
        parts = chance.randint(1, 5)
        word = "".join(chance.choice(_PARTS) for _ in range(parts)) + chance.choice(("", "x", "7"))
        found.append((f"user{at}@example{chance.randint(1, 3)}.fr", word or "x"))
    return found


def as_table(people: list[Account], chance: random.Random) -> str:
    """A table with quoted fields, of any delimiter, in any order of columns."""
    names = ["id", "email", "password", "city", "note"]
    chance.shuffle(names)
    rows = [names]
    for at, (address, word) in enumerate(people):
        cells = {
            "id": str(at), "email": address, "password": word, "city": chance.choice(("Lyon", "")),
            "note": chance.choice(("", "two\nlines", 'said "so"', "a, b; c")),
        }  # fmt: skip
        rows.append([cells[name] for name in names])
    out = io.StringIO(newline="")
    quoting = chance.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    ends = chance.choice(("\n", "\r\n"))
    csv.writer(
        out, delimiter=chance.choice(",;\t|"), quoting=quoting, lineterminator=ends
    ).writerows(rows)
    return out.getvalue()


def as_raw_table(people: list[Account], chance: random.Random) -> str:
    """A table that nobody quoted, whatever stands in its cells, but for the delimiter."""
    mark = chance.choice(",;\t|")
    rows = ["id,email,password,city".replace(",", mark)]
    for at, (address, word) in enumerate(people):
        rows.append(mark.join((str(at), address, word.replace(mark, "_"), "Lyon")))
        people[at] = (address, word.replace(mark, "_"))
    return "\n".join(rows) + "\n"


def as_list(people: list[Account], chance: random.Random) -> str:
    """A line for each account."""
    mark = chance.choice((":", ";", "|", "\t", ","))
    return "".join(f"{address}{mark}{word}\n" for address, word in people)


def as_json(people: list[Account], chance: random.Random) -> str:
    """JSON of some shape."""
    rows = [
        {"id": at, "user": {"Email": address}, "password": word, "tags": [{"n": 1}, "x"]}
        if chance.random() < 0.5
        else {"email": address, "login": {"password": word}, "title": "a"}
        for at, (address, word) in enumerate(people)
    ]
    shape = chance.randint(0, 4)
    indent = chance.choice((None, 1))
    if shape == 0:
        return "".join(json.dumps(row, ensure_ascii=chance.random() < 0.5) + "\n" for row in rows)
    if shape == 1:
        return json.dumps(rows, indent=indent)
    if shape == 2:
        return json.dumps({"total": 1, "page": {"users": rows}}, indent=indent)
    if shape == 3:
        return json.dumps({"users": {f"-K{at}": row for at, row in enumerate(rows)}}, indent=indent)
    return json.dumps([{"group": "g", "members": rows}], indent=indent, ensure_ascii=False)


def as_sql(people: list[Account], chance: random.Random) -> str:
    """An SQL dump of some dialect."""
    mysql = chance.random() < 0.5

    def quote(text: str) -> str:
        if chance.random() < 0.1:
            return "0x" + text.encode().hex() if mysql else f"'\\x{text.encode().hex()}'"
        if mysql:
            text = text.replace("\\", "\\\\")
            return "'" + text.replace("'", chance.choice(("''", "\\'"))) + "'"
        return "'" + text.replace("'", "''") + "'"

    head = "-- MySQL dump\n" if mysql else "-- PostgreSQL database dump\n"
    gap = chance.choice((",", ",\n", ",\n-- a comment\n", ", /* one more */ "))
    rows = [f"({at},{quote(a)},NULL,{quote(w)})" for at, (a, w) in enumerate(people)]
    if chance.random() < 0.3:
        lines = [
            f"INSERT INTO users SET id={at}, email={quote(a)}, password={quote(w)};\n"
            for at, (a, w) in enumerate(people)
        ]
        return head + "".join(lines)
    if chance.random() < 0.3:
        cells = [
            f"{a}\t{w.replace(chr(92), chr(92) * 2).replace(chr(9), chr(92) + 't')}\n"
            for a, w in people
        ]
        return f"{head}COPY users (email, password) FROM stdin;\n{''.join(cells)}\\.\n"
    return f"{head}INSERT INTO users (id, email, city, password) VALUES {gap.join(rows)};\n"


def as_xml(people: list[Account], chance: random.Random) -> str:
    """XML with elements, or with attributes."""
    if chance.random() < 0.5:
        rows = [f"<user email={quoteattr(a)} password={quoteattr(w)}/>" for a, w in people]
    else:
        rows = [
            f"<user><email>{escape(a)}</email><password>{escape(w)}</password></user>"
            for a, w in people
        ]
    return f"<?xml version='1.0'?>\n<users>{chance.choice(('', chr(10))).join(rows)}</users>\n"


FORMS: dict[str, Callable[[list[Account], random.Random], str]] = {
    "table": as_table, "raw table": as_raw_table, "list": as_list,
    "json": as_json, "sql": as_sql, "xml": as_xml,
}  # fmt: skip


def built(data: bytes) -> tuple[set[bytes], int]:
    """The keys that a build makes, and the records that it rejects. Raises InputError."""
    wanted = Wanted(_WORD)
    data = as_text(Held(data)).readall()
    dialect = detect(data, wanted=wanted)
    if dialect.form is None or not can_hold(_WORD, dialect.form):
        raise InputError("refused")
    if not dialect.structured:
        found = extractor(_WORD, dialect)(data)
        return _apart(found.digests), sum(found.rejected.values())
    keys: set[bytes] = set()
    rejected = 0
    for batch in batches(dialect, Held(data), data[: 64 << 10], wanted):
        for each in (batch.secrets, batch.more):
            keys |= _apart(extract_secrets(_WORD, each).digests)
        for hashes in (batch.hashes, batch.more_hashes):
            keys |= _apart(extract_hashes(_WORD, 1, hashes).digests)
        rejected += sum(count for why, count in batch.rejected.items() if why != "header")
    return keys, rejected


def asked(data: bytes, path: Path) -> tuple[set[bytes], int]:
    """The keys that a scan of the same asks about, and the rows it finds none in.

    Raises InputError. `path` is written to.
    """
    path.write_bytes(data)
    file = ListFile(path)
    try:
        listing = Listing(file, Wanted(_WORD))
        keys: set[bytes] = set()
        problems = 0
        for block in blocks_of(listing):
            made = block.digest(Query(_WORD, listing.hashes))
            keys |= _apart(made.digests)
            problems += len(made.problems)
        return keys, problems
    finally:
        file.close()


def missed(form: str, seed: int, path: Path) -> list[str]:
    """What is wrong with one text: passwords that a build or a scan loses without a word."""
    chance = random.Random(seed)
    people = accounts(chance)
    data = FORMS[form](people, chance).encode()
    return lost(data, [word for _, word in people], path)


def lost(data: bytes, words: list[str], path: Path) -> list[str]:
    """Which of `words` a build or a scan of `data` loses without a word; `path` is written to."""
    try:
        keys, rejected = built(data)
        questions, _ = asked(data, path)
    except InputError:
        return []  # refused, with a sentence
    gone = [word for word in words if key(word) not in keys]
    unasked = [word for word in words if key(word) not in questions]
    wrong = []
    if len(gone) > rejected:
        wrong.append(f"the build lost {gone} and rejected {rejected}")
    if len(unasked) > rejected:
        wrong.append(f"the scan did not ask {unasked}, {rejected} were rejected")
    return wrong


def key(word: str) -> bytes:
    """The key of a password."""
    return hashlib.sha1(word.encode()).digest()


def _apart(digests: bytes) -> set[bytes]:
    return {digests[at : at + 20] for at in range(0, len(digests), 20)}
