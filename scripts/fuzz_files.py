"""Filters, kept keys and structured texts, spoilt: never a wrong answer, a fault or a hang.

    python scripts/fuzz_files.py --seconds 120 [--only header] [--seed N] [--case N]

header   a filter whose header says something else, sealed anew: refused, or every answer given
pages    a filter whose bytes were spoilt: refused, or no key of it absent
keys     kept keys, spoilt: refused, or the same keys
tables, json, sql, xml, lists
         accounts written by chance, then spoilt: refused, or read without a fault by the build
         and by the scan; what is not spoilt is found whole by scripts/fuzz_records.py
"""

import argparse
import hashlib
import json
import random
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "records"))

import fuzzing
import written

import bloom
from bloom.format import BODY_BYTES, MAGIC, PAGE_BYTES, checksum, decode_page, encode_page
from bloom.records_file import MAGIC as KEYS_MAGIC
from leakcheck.errors import InputError, LeakcheckError
from leakcheck.sources.filter_file import Builder, LocalFilter, kept_keys
from leakcheck.sources.filter_header import about, info_json
from leakcheck.subject.kinds import Kind

_FOLDER = tempfile.TemporaryDirectory()
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
            builder.finish(path, rate, fields, keep_keys=path.with_suffix(".keys"))
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
def kept() -> tuple[bytes, ...]:
    """The kept keys of those filters."""
    filters()
    return tuple(path.read_bytes() for path in sorted(Path(_FOLDER.name).glob("*.keys")))


def no_fault(error: Exception) -> None:
    """A refusal says what is wrong with the file, not with us."""
    if "fault" in str(error):
        raise AssertionError(str(error)) from error


def header(chance: random.Random, path: Path) -> str:
    """A header that says something else, with a true checksum."""
    data, asked = chance.choice(filters())
    fields = decode_page(data[:PAGE_BYTES], MAGIC, "filter")
    for _ in range(chance.choice((1, 1, 2, 4))):
        where = fields["about"] if chance.random() < 0.4 else fields
        name = chance.choice([*where, "name", "kind", "tables", "incomplete", "origin", "identity"])
        if chance.random() < 0.1 and name in where and where is not fields:
            del where[name]
        else:
            where[name] = chance.choice(_ODD)
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
    return _asked(path, asked, forged=True)


def pages(chance: random.Random, path: Path) -> str:
    """Bytes that were spoilt, and no checksum mended."""
    data, asked = chance.choice(filters())
    path.write_bytes(fuzzing.spoilt(chance, data, [other for other, _ in filters()]))
    return _asked(path, asked, forged=False)


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
    data = chance.choice(kept())
    forged = chance.random() < 0.4
    if forged:
        fields = decode_page(data[:PAGE_BYTES], KEYS_MAGIC, "record file")
        fields[chance.choice(list(fields))] = chance.choice(_ODD)
        try:
            path.write_bytes(encode_page(KEYS_MAGIC, fields) + data[PAGE_BYTES:])
        except (bloom.FormatError, UnicodeEncodeError):
            return "keys: cannot be written"
    else:
        path.write_bytes(fuzzing.spoilt(chance, data, list(kept())))
    merged = path.with_name("merged.bloom")
    try:
        part = kept_keys(path)
        bloom.merge_keys([part.path], merged, 1e-3, {}, replace=True)
    except (LeakcheckError, bloom.BloomError) as error:
        no_fault(error)
        return "keys: refused"
    count = 20 if data == kept()[0] else 400
    with bloom.Filter.open(merged) as found:
        if found.header.digest_bytes == 20 and not forged:
            assert 0 not in found.look_up_many(digests(count)), "keys were lost"
    return "keys: merged"


def text(chance: random.Random, path: Path, what: str) -> str:
    """Accounts in a text that was spoilt, read as a build reads them, and as a scan does."""
    made = []
    for _ in range(2):
        form = chance.choice(_TEXTS[what])
        made.append(written.FORMS[form](written.accounts(chance), chance).encode())
    marks = [b'"', b"'", b"\\", b"(", b")", b"\0", b"\r", b"\n", b"{", b"}", b"[", b",", b"--",
             b"/*", b"$$", b"<![CDATA[", b"&", b"\xff\xfe", b"\xef\xbb\xbf"]  # fmt: skip
    data = fuzzing.spoilt(chance, made[0], made[1:] + marks)
    came = []
    for read in (written.built, lambda data: written.asked(data, path)):
        try:
            read(data)
            came.append("read")
        except InputError:
            came.append("refused")
    return f"{what}: build {came[0]}, scan {came[1]}"


def case(chance: random.Random, options: argparse.Namespace) -> str:
    """One case of what was asked for, or of any."""
    what = options.only or chance.choice(("header", "pages", "keys", *_TEXTS))
    path = Path(_FOLDER.name) / "case"
    if what in _TEXTS:
        return text(chance, path, what)
    return {"header": header, "pages": pages, "keys": keys}[what](chance, path)


def main() -> int:
    """Try cases for a while."""
    options = fuzzing.parser(__doc__)
    options.add_argument("--only", choices=("header", "pages", "keys", *_TEXTS))
    return fuzzing.run(options.parse_args(), case)


if __name__ == "__main__":
    sys.exit(main())
