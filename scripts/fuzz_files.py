"""Filters, kept keys and structured texts, spoilt: never a wrong answer, a fault or a hang.

    python scripts/fuzz_files.py --seconds 120 [--only header] [--seed N] [--case N]

header   a filter whose header says something else, sealed anew: refused, or every answer given
pages    a filter whose bytes were spoilt: refused, or no key of it absent
keys     kept keys, spoilt: refused, or the same keys
tables, json, sql, xml, lists
         accounts written by chance: every password is found by a build and by a scan; or
         spoilt: refused, or read without a fault, and the scan asks all that the build finds;
         of sql and json, no record apart from the damage is lost without a word

Every kernel runs in both engines, which say the same (scripts/engines.py).
scripts/fuzz_records.py writes longer texts, and spoils none.
"""

import argparse
import copy
import hashlib
import json
import random
import sys
import tempfile
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "records"))

import engines  # first, so that all choose both
import fuzzing
import written

import bloom
import bloom.sizing
from bloom.format import BODY_BYTES, MAGIC, PAGE_BYTES, checksum, decode_page, encode_page
from bloom.records_file import MAGIC as KEYS_MAGIC
from leakcheck.errors import InputError, LeakcheckError
from leakcheck.sources.filter_file import Builder, LocalFilter, kept_keys
from leakcheck.sources.filter_header import about, info_json
from leakcheck.subject.kinds import Kind

_FOLDER = tempfile.TemporaryDirectory()
_ASKED = 40 * 20  # bytes of the digests that a case asks for
_READINGS = 4  # of a row, at most
_POOL = 5000  # texts of each sort, each of which is spoilt again and again
_MOST = (2, 4, 4, 10)  # accounts in a text, at most
_MARKS = [b'"', b"'", b"\\", b"(", b")", b"\0", b"\r", b"\n", b"{", b"}", b"[", b",", b"--",
          b"/*", b"$$", b"<![CDATA[", b"&", b"\xff\xfe", b"\xef\xbb\xbf"]  # fmt: skip
_TEXTS = {"tables": ("table", "raw table"), "lists": ("list",), "json": ("json",),
          "sql": ("sql",), "xml": ("xml",)}  # fmt: skip
_ODD: tuple[Any, ...] = (
    0, 1, -1, 2, 16, 20, 64, 65, 255, 1 << 31, 1 << 32, 1 << 47, 1 << 48, 1 << 63, 1 << 64,
    10**400, 0.5, 1e308, 1e-320, True, None, "", "x", "\0", "\u202e", "\ud800", "0" * 16, "f" * 16,
    "9" * 5000, [], {}, [[]], {"a": {"b": [1]}}, [{}] * 50, "2026-01-01", "email", "password",
)  # fmt: skip


def digests(count: int, of: int = 0) -> bytes:
    """So many digests, one after the other."""
    return b"".join(hashlib.sha1(b"%d/%d" % (of, at)).digest() for at in range(count))


@cache
def filters() -> tuple[tuple[bytes, bytes], ...]:
    """Some filters, each with the digests that are in it: one page, several, and a slice."""
    made = []
    for count, rate in ((20, 1e-3), (9000, 1e-4)):
        path = Path(_FOLDER.name) / f"{count}.bloom"
        with Builder(20) as builder:
            builder.add(digests(count))
            fields = about(Kind.EMAIL, name="Acme", date="2026-01-01")
            builder.finish(path, rate, fields)
        made.append((path.read_bytes(), digests(min(count, 400))))
    with bloom.Filter.open(path) as whole:
        header = whole.header
        piece = b"".join(whole.slice(1, 2))
        asked = digests(400)
        inside = b"".join(
            one
            for one in (asked[at : at + 20] for at in range(0, len(asked), 20))
            if 1 <= bloom.page_number(header, one) < 3
        )
    return (*made, (piece, inside))


@cache
def kept() -> tuple[tuple[bytes, bytes], ...]:
    """Some files of kept keys, each with its digests: some have a page of keys, some more."""
    made = []
    for count, rate in ((20, 1e-3), (700, 1e-9)):
        path = Path(_FOLDER.name) / f"kept-{count}.bloom"
        with Builder(20) as builder:
            builder.add(digests(count))
            fields = about(Kind.EMAIL, name="Acme", date="2026-01-01")
            builder.finish(path, rate, fields, keep_keys=path.with_suffix(".keys"))
        made.append((path.with_suffix(".keys").read_bytes(), digests(count)))
    return tuple(made)


def no_fault(error: Exception) -> None:
    """A refusal says what is wrong with the file, not with us."""
    if "fault" in str(error):
        raise AssertionError(str(error)) from error


@cache
def _fields(data: bytes) -> str:
    """What the header of a filter says, as JSON."""
    return json.dumps(decode_page(data[:PAGE_BYTES], MAGIC, "filter"))


def header(chance: random.Random, path: Path) -> str:
    """A header that says something else, with a true checksum."""
    data, asked = chance.choice(filters())
    fields = json.loads(_fields(data))
    for _ in range(chance.choice((1, 1, 2, 4))):
        where = fields["about"] if chance.random() < 0.4 else fields
        name = chance.choice([*where, "name", "kind", "tables", "incomplete", "origin", "identity"])
        if chance.random() < 0.1 and name in where and where is not fields:
            del where[name]
        else:
            where[name] = copy.copy(chance.choice(_ODD))
        if not isinstance(fields.get("about"), dict):
            break
    if chance.random() < 0.3:
        text = fuzzing.spoilt(chance, json.dumps(fields).encode(), [data])[: BODY_BYTES - 16]
        page = (MAGIC + (1).to_bytes(4, "little") + len(text).to_bytes(4, "little") + text).ljust(
            BODY_BYTES, b"\0"
        )
        page += checksum(page, (1 << 64) - 1)
    else:
        try:
            page = encode_page(MAGIC, fields)
        except (bloom.FormatError, UnicodeEncodeError):
            return "header: cannot be written"
    path.write_bytes(page + data[PAGE_BYTES:])
    return _asked(path, _some(chance, asked), forged=True)


def pages(chance: random.Random, path: Path) -> str:
    """Bytes that were spoilt, and no checksum mended."""
    data, asked = chance.choice(filters())
    path.write_bytes(fuzzing.spoilt(chance, data, [other for other, _ in filters()]))
    return _asked(path, _some(chance, asked), forged=False)


def _some(chance: random.Random, digests: bytes) -> bytes:
    """Some in a row."""
    at = 20 * chance.randrange(max(1, (len(digests) - _ASKED) // 20))
    return digests[at : at + _ASKED]


def _asked(path: Path, asked: bytes, *, forged: bool) -> str:
    """What comes of asking a filter for digests that the true one holds."""
    what = "header" if forged else "pages"
    try:
        source = LocalFilter(path)
    except LeakcheckError as error:
        no_fault(error)
        return f"{what}: refused"
    try:
        info_json(source.header)
        size = source.header.digest_bytes
        info = source.info
        assert info.identity or info.kind.digest_bytes == size, "the digests have another length"
        packed = asked if size == 20 else bytes(size) * 3
        codes = source.lookup(packed).codes
        singly = bytes(source.lookup(packed[:size]).codes)
        assert singly == codes[:1], "one digest alone is answered otherwise"
        if forged:
            return f"{what}: answers"
        assert 0 not in codes, f"{codes.count(0)} keys are absent"
        return f"{what}: {'some unknown' if 2 in codes else 'all found'}"
    finally:
        source.close()


def keys(chance: random.Random, path: Path) -> str:
    """Kept keys: their header sealed anew with odd fields, or spoilt anywhere."""
    data, inside = chance.choice(kept())
    forged = chance.random() < 0.4
    if forged:
        fields = decode_page(data[:PAGE_BYTES], KEYS_MAGIC, "record file")
        fields[chance.choice(list(fields))] = chance.choice(_ODD)
        try:
            path.write_bytes(encode_page(KEYS_MAGIC, fields) + data[PAGE_BYTES:])
        except (bloom.FormatError, UnicodeEncodeError):
            return "keys: cannot be written"
    else:
        path.write_bytes(fuzzing.spoilt(chance, data, [other for other, _ in kept()]))
    merged = path.with_name("merged.bloom")
    try:
        part = kept_keys(path)
        bloom.merge_keys([part.path], merged, 1e-3, {}, replace=True)
    except (LeakcheckError, bloom.BloomError) as error:
        no_fault(error)
        return "keys: refused"
    with bloom.Filter.open(merged) as found:
        if found.header.digest_bytes == 20 and not forged:
            assert 0 not in found.look_up_many(_some(chance, inside)), "keys were lost"
    return "keys: merged"


@lru_cache(maxsize=2 * _POOL)
def _text(what: str, name: str) -> tuple[bytes, list[tuple[int, str]]]:
    """A text, and the passwords in it, each with the place of its address, -1 for unknown."""
    chance = random.Random(name)
    people = written.accounts(chance, chance.choice(_MOST))
    data = written.FORMS[chance.choice(_TEXTS[what])](people, chance).encode()
    return data, [(data.find(address.encode()), word) for address, word in people]


def text(chance: random.Random, path: Path, what: str, seed: int) -> str:
    """Accounts in a text, whole or spoilt, read as a build reads them, and as a scan does."""
    whole, people = _text(what, f"{seed}/{what}/{chance.randrange(_POOL)}")
    if chance.random() < 0.2:
        words = [word for _, word in people]
        wrong = engines.compared(lambda: written.lost(whole, words, path))
        assert not wrong, "; ".join(wrong)
        return f"{what}: whole"
    other, _ = _text(what, f"{seed}/{what}/{chance.randrange(_POOL)}")
    data = fuzzing.spoilt(chance, whole, [other, *_MARKS])
    found = engines.compared(lambda: _read(lambda: written.built(data)))
    asked = engines.compared(lambda: _read(lambda: written.asked(data, path)))
    if found is not None and asked is not None:
        lost = len(found[0] - asked[0])
        assert lost <= _READINGS * asked[1], f"of what a build finds, a scan does not ask {lost}"
    if found is not None and not found[1] and what in ("sql", "json"):
        gone = [word for word in _apart(whole, data, people) if written.key(word) not in found[0]]
        assert not gone, f"lost without a word, and apart from the damage: {gone}"
    build, scan = ("refused" if keys is None else "read" for keys in (found, asked))
    return f"{what}: build {build}, scan {scan}"


def _apart(whole: bytes, spoilt: bytes, people: list[tuple[int, str]]) -> list[str]:
    """The passwords of records that have another one between them and what was spoilt."""
    places = [at for at, _ in people]
    if whole == spoilt or -1 in places or places != sorted(places):
        return []
    begin = _alike(whole, spoilt)
    end = max(begin, len(whole) - _alike(whole[::-1], spoilt[::-1]))
    return [
        word
        for at, (_, word) in enumerate(people)
        if (at and at + 1 < len(people) and places[at + 1] < begin)
        or (at > 1 and places[at - 1] > end)
    ]


def _alike(one: bytes, other: bytes) -> int:
    """How many bytes at the beginning are the same."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def _read(read: Callable[[], tuple[set[bytes], int]]) -> tuple[set[bytes], int] | None:
    """The keys; None where the text is refused, with a sentence."""
    try:
        return read()
    except InputError:
        return None


def case(chance: random.Random, options: argparse.Namespace) -> str:
    """One case of what was asked for, or of any."""
    what = options.only or chance.choice(("header", "pages", "keys", *_TEXTS))
    path = Path(_FOLDER.name) / "case"
    if what in _TEXTS:
        return text(chance, path, what, options.seed)
    return {"header": header, "pages": pages, "keys": keys}[what](chance, path)


def main() -> int:
    """Try cases for a while."""
    options = fuzzing.parser(__doc__)
    options.add_argument("--only", choices=("header", "pages", "keys", *_TEXTS))
    bloom.sizing.predicted_rate = lru_cache(maxsize=None)(bloom.sizing.predicted_rate)
    return fuzzing.run(options.parse_args(), case)


if __name__ == "__main__":
    sys.exit(main())
