#!/usr/bin/env python3
"""Write tests/vectors/filter-*.json: what every reader and builder of filters must agree on.

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
sys.path.insert(0, str(Path(__file__).parent.parent))

import bloom
from bloom import reference
from bloom.format import BODY_BYTES, PAGE_BYTES, seal_page

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
            cases.append(
                {
                    "name": "a damaged page",
                    "damaged": [0],
                    "file": packed(bytes(hurt)),
                    "answers": answers(bytes(hurt), asked),
                }
            )
    return cases


def header_page(text: bytes, version: int = 1, length: int | None = None) -> bytes:
    """A header page with a right checksum, whatever it says."""
    start = b"\x89BLOOM\r\n" + version.to_bytes(4, "little")
    start += (len(text) if length is None else length).to_bytes(4, "little") + text
    return seal_page(start.ljust(BODY_BYTES, b"\0"), LAST)


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

    text = file[16 : 16 + length]
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
        ("no JSON", "DamagedError", header_page(b"{") + body),
        ("not UTF-8", "DamagedError", header_page(b'{"a":"\xff"}') + body),
        ("no object", "DamagedError", header_page(b"[]") + body),
        ("a field too few", "DamagedError", spoiled(keys=...)),
        ("a field too many", "DamagedError", spoiled(extra=1)),
        ("no page", "DamagedError", spoiled(pages=0, held=0)),
        ("too many pages", "DamagedError", spoiled(pages=(1 << 48) + 1)),
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


def opened(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`cases` with the files inflated: deflaters differ in what they write."""
    return [
        case | ({"file": zlib.decompress(base64.b64decode(case["file"]))} if "file" in case else {})
        for case in cases
    ]


def main() -> int:
    """Write the files, or with --check say whether they hold what would be written."""
    stale = []
    for name, make in (("valid", valid), ("invalid", invalid), ("places", places)):
        path = FOLDER / f"filter-{name}.json"
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
