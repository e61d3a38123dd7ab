#!/usr/bin/env python3
"""Write tests/vectors/filter-*.json and question.json: what every reader and builder agrees on.

Made by the plain-Python engine from rules that need no input. `--check`
compares instead of writing.
"""

import base64
import hashlib
import json
import os
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

os.environ["BLOOM_ENGINE"] = "python"
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

import question_cases
import xxhash

import bloom
from bloom import reference
from bloom.format import BODY_BYTES, PAGE_BYTES, filter_id, seal_page

FOLDER = Path(__file__).parent.parent / "tests" / "vectors"
LAST = (1 << 64) - 1
MAKERS: dict[int, Callable[[bytes], Any]] = {16: hashlib.md5, 20: hashlib.sha1, 64: hashlib.sha512}


def digests(size: int, start: int, stop: int) -> list[bytes]:
    """MD5, SHA-1 or SHA-512 of the decimal numbers from `start` to `stop - 1`."""
    return [MAKERS[size](str(number).encode()).digest() for number in range(start, stop)]


def packed(data: bytes) -> str:
    """`data`, deflated (zlib, level 9), in base64."""
    return base64.b64encode(zlib.compress(data, 9)).decode()


def built(keys: Iterable[bytes], size: int, rate: float, about: dict[str, Any]) -> bytes:
    """The file of a filter."""
    with tempfile.TemporaryDirectory() as folder, bloom.Builder(size, threads=1) as builder:
        builder.add(b"".join(keys))
        path = Path(folder) / "vector.bloom"
        builder.finish(path, rate, about)
        return path.read_bytes()


def sliced(file: bytes, first: int, held: int) -> bytes:
    """The file of a slice."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vector.bloom"
        path.write_bytes(file)
        with bloom.Filter.open(path) as whole:
            return b"".join(whole.slice(first, held))


def answers(file: bytes, asked: list[bytes]) -> dict[str, list[str]]:
    """{verdict: digests in hex} of the keys `asked`."""
    header = bloom.decode_header(file[:PAGE_BYTES])
    found: dict[str, list[str]] = {"absent": [], "present": [], "unknown": []}
    for digest in asked:
        number = bloom.page_number(header, digest)
        at = PAGE_BYTES * (1 + number - header.first)
        page = file[at : at + PAGE_BYTES] if at >= PAGE_BYTES else b""
        verdict = bloom.look_up_in_page(header, number, page, digest)
        found[verdict.name.lower()].append(digest.hex())
    return found


def valid() -> list[dict[str, Any]]:
    """Filters that open, with what they answer."""
    rows: list[tuple[str, int, int, float, dict[str, Any]]] = [
        ("one key", 20, 1, 1e-3, {}),
        ("a hundred keys of 16 bytes", 16, 100, 1e-6, {"kind": "ntlm"}),
        ("several pages", 20, 5000, 1e-4, {"kind": "email", "name": "Käse & Œuf"}),
        ("keys of 64 bytes", 64, 300, 0.5, {"deep": {"list": [1, None, True]}}),
        ("members by code point", 20, 40, 1e-2, {"\uffee": 1, "\U00010000": 2, "A": 3, "Z": 4}),
        ("text escaped as little as may be", 20, 7, 0.1, {"note": '\0\t\x1f"\\/\x7f\u2028é'}),
        ("nested as deep as may be", 20, 2, 0.1, {"a": nested(62)}),
    ]
    cases = []
    for name, size, count, rate, about in rows:
        file = built(digests(size, 0, count), size, rate, about)
        case = {
            "name": name,
            "keys": f"the first {count} digests",
            "digest_bytes": size,
            "count": count,
            "rate": rate,
            "about": about,
            "file": packed(file),
            "answers": answers(file, digests(size, 0, 5) + digests(size, 10_000, 10_020)),
        }
        cases.append(case)
        if name == "several pages":
            part = sliced(file, 1, 2)
            whole = case["answers"]["present"] + case["answers"]["absent"]
            asked = [bytes.fromhex(digest) for digest in whole]
            cases.append(
                {"name": "a slice of it", "file": packed(part), "answers": answers(part, asked)}
            )
            hurt = bytearray(file)
            hurt[PAGE_BYTES + 17] ^= 4
            moved = bytearray(file)
            moved[PAGE_BYTES : 2 * PAGE_BYTES] = file[2 * PAGE_BYTES : 3 * PAGE_BYTES]
            spoiled = {"a damaged page": hurt, "a page in another's place": moved}
            others = {
                "a page of another filter": digests(size, count, 2 * count),
                "a page of the next edition": digests(size, 0, count + 1),
            }
            for name, keys in others.items():
                other = built(keys, size, rate, about)
                mixed = spoiled[name] = bytearray(file)
                mixed[PAGE_BYTES : 2 * PAGE_BYTES] = other[PAGE_BYTES : 2 * PAGE_BYTES]
            for name, data in spoiled.items():
                cases.append(
                    {
                        "name": name,
                        "damaged": [0],
                        "file": packed(bytes(data)),
                        "answers": answers(bytes(data), asked),
                    }
                )
    return cases


def nested(depth: int) -> list[Any]:
    """Lists, `depth` of them, each in the one before."""
    return [nested(depth - 1)] if depth > 1 else []


def header_page(text: bytes, version: int = 1, length: int | None = None) -> bytes:
    """A header page with a right checksum, whatever it says."""
    start = b"\x89BLOOM\r\n" + version.to_bytes(4, "little")
    start += (len(text) if length is None else length).to_bytes(4, "little") + text
    return seal_page(start.ljust(BODY_BYTES, b"\0"), 0, LAST)


def invalid() -> list[dict[str, Any]]:
    """Files that do not open, one failure each, with the class of error."""
    file = built(digests(20, 0, 10), 20, 1e-3, {"name": "base"})
    length = int.from_bytes(file[12:16], "little")
    fields = json.loads(file[16 : 16 + length])
    body = file[PAGE_BYTES:]

    def spoiled(**changes: Any) -> bytes:
        both = {name: value for name, value in (fields | changes).items() if value is not ...}
        text = json.dumps(both, sort_keys=True, separators=(",", ":")).encode()
        return header_page(text) + body

    def about(value: bytes) -> bytes:
        return text.replace(b'{"name":"base"}', b'{"name":' + value + b"}")

    def junk(data: bytes, at: int) -> bytes:
        page = data[:at] + b"x" + data[at + 1 : BODY_BYTES]
        return seal_page(page, 0, LAST) + data[PAGE_BYTES:]

    text = file[16 : 16 + length]
    exponent = header_page(text.replace(b'"pages":1', b'"pages":1e0'))
    flipped = bytearray(file)
    flipped[20] ^= 1
    rows = [
        ("empty", "FormatError", b""),
        ("other magic", "FormatError", b"\x89PNG\r\n\x1a\n" + file[8:]),
        ("text-mode copy", "FormatError", file.replace(b"\r\n", b"\n")),
        ("version 2", "FormatError", header_page(text, version=2) + body),
        ("version 0", "FormatError", header_page(text, version=0) + body),
        ("cut within the magic", "DamagedError", file[:4]),
        ("cut within the header", "DamagedError", file[:4095]),
        ("header alone", "DamagedError", file[:4096]),
        ("one byte short", "DamagedError", file[:-1]),
        ("one byte too long", "DamagedError", file + b"\0"),
        ("one page too long", "DamagedError", file + bytes(PAGE_BYTES)),
        ("a bit flipped in the header", "DamagedError", bytes(flipped)),
        ("text longer than the page", "DamagedError", header_page(text, length=4073) + body),
        ("text longer than it says", "DamagedError", header_page(text, length=length - 1) + body),
        ("a byte after the text", "DamagedError", junk(file, 16 + length)),
        ("the last byte not zero", "DamagedError", junk(file, BODY_BYTES - 1)),
        ("text behind the object", "DamagedError", header_page(text + b"{}") + body),
        ("a byte order mark", "DamagedError", header_page(b"\xef\xbb\xbf" + text) + body),
        ("nested too deep", "DamagedError", header_page(about(b"[" * 63 + b"]" * 63)) + body),
        ("half a surrogate pair", "DamagedError", header_page(about(b'"\\ud800"')) + body),
        ("not a number", "DamagedError", header_page(about(b"NaN")) + body),
        ("no JSON", "DamagedError", header_page(b"{") + body),
        ("not UTF-8", "DamagedError", header_page(b'{"a":"\xff"}') + body),
        ("no object", "DamagedError", header_page(b"[]") + body),
        ("a field too few", "DamagedError", spoiled(keys=...)),
        ("a field too many", "DamagedError", spoiled(extra=1)),
        ("no page", "DamagedError", spoiled(pages=0, held=0)),
        ("more pages than its keys need", "DamagedError", spoiled(pages=2)),
        ("too many pages", "DamagedError", spoiled(pages=1 << 48, keys=(1 << 48) - 1)),
        ("too many keys", "DamagedError", spoiled(keys=1 << 48)),
        ("far too many keys", "DamagedError", spoiled(keys=10**400)),
        ("keys true", "DamagedError", spoiled(keys=True)),
        ("no id", "DamagedError", spoiled(id=...)),
        ("id a number", "DamagedError", spoiled(id=1)),
        ("id too short", "DamagedError", spoiled(id="0123456789abcde")),
        ("id in capitals", "DamagedError", spoiled(id="0123456789ABCDEF")),
        ("id no hexadecimal number", "DamagedError", spoiled(id="0x23456789abcdef")),
        ("slice beyond the pages", "DamagedError", spoiled(first=1)),
        ("slice before the pages", "DamagedError", spoiled(first=-1)),
        ("no hash", "DamagedError", spoiled(hashes=0)),
        ("too many hashes", "DamagedError", spoiled(hashes=65)),
        ("no key", "DamagedError", spoiled(keys=0)),
        ("digests too short", "DamagedError", spoiled(digest_bytes=15)),
        ("digests too long", "DamagedError", spoiled(digest_bytes=65)),
        ("rate above one", "DamagedError", spoiled(fpr=1.5)),
        ("rate below zero", "DamagedError", spoiled(fpr=-0.1)),
        ("rate not a number", "DamagedError", spoiled(fpr=float("nan"))),
        ("pages not whole", "DamagedError", spoiled(pages=1.0)),
        ("pages with an exponent", "DamagedError", exponent + body),
        ("pages true", "DamagedError", spoiled(pages=True)),
        ("about a list", "DamagedError", spoiled(about=[])),
    ]
    return [{"name": name, "error": error, "file": packed(data)} for name, error, data in rows]


def places() -> list[dict[str, Any]]:
    """Where keys live: record, page and bits."""
    rows = [digest for size in (16, 20, 64) for digest in digests(size, 0, 4)]
    rows += [bytes(16), b"\xff" * 20, bytes(range(240, 256)), bytes(range(20))]
    shapes = [(1, 1), (7, 10), (900_001, 20), (1 << 48, 40)]
    return [
        {
            "digest": digest.hex(),
            "record": reference.records(digest, len(digest)).hex(),
            "places": [
                {
                    "pages": pages,
                    "hashes": hashes,
                    "page": reference.page_of(int.from_bytes(digest[:8], "big"), pages),
                    "bits": reference.bits_of(
                        int.from_bytes(reference.records(digest, len(digest))[8:], "big"), hashes
                    ),
                }
                for pages, hashes in shapes
            ],
        }
        for digest in rows
    ]


def hashes() -> list[dict[str, Any]]:
    """XXH3-64 at lengths on either side of each of its branches, and the ids of filters.

    Byte i of an input is (131 * i + 7) & 255.
    """
    lengths = (0, 1, 3, 4, 8, 9, 16, 20, 24, 32, 64, 128, 129, 240, 241, 1024, BODY_BYTES)
    seeds = (0, 1, 0x0123456789ABCDEF, LAST)
    rows: list[dict[str, Any]] = [
        {
            "length": length,
            "seed": f"{seed:016x}",
            "hash": f"{xxhash.xxh3_64_intdigest(sample(length), seed=seed):016x}",
        }
        for length in lengths
        for seed in seeds
    ]
    for key_sum, pages, k in ((0, 1, 1), (LAST, 900_001, 20), (0x0123456789ABCDEF, 1 << 40, 64)):
        row = {"key_sum": f"{key_sum:016x}", "pages": pages, "hashes": k}
        rows.append(row | {"id": filter_id(key_sum, pages, k)})
    return rows


def sample(length: int) -> bytes:
    """The input of that length."""
    return bytes((131 * at + 7) & 255 for at in range(length))


def opened(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`cases` with the files inflated: deflaters differ in what they write."""
    return [
        case | ({"file": zlib.decompress(base64.b64decode(case["file"]))} if "file" in case else {})
        for case in cases
    ]


def main() -> int:
    """Write the files, or with --check say whether they hold what would be written."""
    stale = []
    makers: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "filter-valid": valid,
        "filter-invalid": invalid,
        "filter-places": places,
        "filter-hashes": hashes,
        "question": question_cases.rows,
    }
    for name, make in makers.items():
        path = FOLDER / f"{name}.json"
        made = make()
        if "--check" not in sys.argv:
            path.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        elif opened(json.loads(path.read_text(encoding="utf-8"))) != opened(made):
            stale.append(path.name)
    if stale:
        print(f"not as scripts/make_vectors.py writes them: {', '.join(stale)}", file=sys.stderr)
    return 2 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
