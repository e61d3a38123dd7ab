"""One truth: the table of chunks on both engines, and no difference on anything else."""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from extract.tricky import text
from hypothesis import given, settings

from leakcheck.extract import ENGINE, REASONS, reference
from leakcheck.extract.results import Extraction
from leakcheck.subject.kinds import Kind

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "extract.json").read_text("utf-8"))
FUZZER = Path(__file__).parents[2] / "scripts" / "fuzz_extract.py"


def run(kernels: ModuleType, case: dict[str, Any], chunk: Any) -> Extraction:
    name = case["kernel"]
    if name == "hashes":
        prefix = case.get("prefix", "").encode()
        return kernels.hashes(chunk, case["digest_bytes"], case.get("min_count", 1), prefix)
    if name in ("passwords", "combo_passwords"):
        return getattr(kernels, name)(chunk, Kind.PASSWORD)
    return getattr(kernels, name)(chunk)


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_chunks(kernels: ModuleType, case: dict[str, Any], kind: Any) -> None:
    found = run(kernels, case, kind(case["text"].encode()))
    if case["kernel"] == "hashes":
        wanted = b"".join(bytes.fromhex(key) for key in case["keys"])
    else:
        wanted = b"".join(hashlib.sha1(key.encode()).digest() for key in case["keys"])
    assert found.digests == wanted
    assert found.rejected == case["rejected"]
    assert found.lines == case["lines"]
    assert found.accepted + sum(found.rejected.values()) == found.lines


def test_first_and_last_line_are_told(kernels: ModuleType) -> None:
    found = kernels.emails(b"nothing\nalice@acme.fr\n")
    assert (REASONS[found.first - 1], found.last) == ("no address", 0)


def test_a_password_in_latin_1_is_read_in_both_ways(kernels: ModuleType) -> None:
    raw = "pässwörd €".encode("cp1252")
    found = kernels.passwords(raw, Kind.PASSWORD).digests
    assert found == hashlib.sha1(raw).digest() + hashlib.sha1("pässwörd €".encode()).digest()
    ntlm = kernels.passwords(raw, Kind.NTLM).digests
    assert ntlm == kernels.passwords("pässwörd €".encode(), Kind.NTLM).digests


def test_an_endless_line_is_no_password(kernels: ModuleType) -> None:
    found = kernels.passwords(b"x" * 65_537 + b"\n" + b"y" * 65_536, Kind.PASSWORD)
    assert found.rejected == {"too long": 1}
    assert found.digests == hashlib.sha1(b"y" * 65_536).digest()


def test_a_line_of_parts_is_a_password_as_a_whole_where_it_can_be_one(kernels: ModuleType) -> None:
    for length, wholes in ((65_536, 1), (65_537, 0)):
        line = b"a\r" + b"b" * (length - 2)
        found = kernels.passwords(line, Kind.PASSWORD)
        keys = [b"a", line[2:], *[line] * wholes]
        assert found.digests == b"".join(hashlib.sha1(key).digest() for key in keys)
        assert (found.lines, found.accepted) == (2, 2)


@pytest.mark.parametrize("length", [4096, 4097, 65_536])
def test_long_passwords_of_accounts(kernels: ModuleType, length: int) -> None:
    word = b"w" * length
    found = kernels.combo_passwords(
        b"alice@acme.fr: %b \nalice:%b" % (word[2:], word), Kind.PASSWORD
    )
    keys = [b" %b " % word[2:], word[2:], word]
    assert found.digests == b"".join(hashlib.sha1(key).digest() for key in keys)
    found = kernels.credentials(b"alice@acme.fr:" + word)
    assert found.digests == hashlib.sha1(b"alice@acme.fr\0" + word).digest()


def test_lines_of_nothing_but_line_ends_take_no_time(kernels: ModuleType) -> None:
    many = 80_000 if "reference" in kernels.__name__ else 400_000
    for chunk in (b"\r" * many + b"x", b"\r\n" * many, b"x" + b"\r" * many + b"\n"):
        start = time.perf_counter()
        kernels.emails(chunk)
        kernels.hashes(chunk, 20, 1, b"")
        kernels.passwords(chunk, Kind.PASSWORD)
        kernels.combo_passwords(chunk, Kind.PASSWORD)
        assert time.perf_counter() - start < 10


def test_every_password_length_around_a_block(kernels: ModuleType) -> None:
    words = [b"x" * length for length in range(1, 140)]
    found = kernels.passwords(b"\n".join(words), Kind.PASSWORD).digests
    assert found == b"".join(hashlib.sha1(word).digest() for word in words)


def test_every_address_length_around_a_block(kernels: ModuleType) -> None:
    names = [b"%s@%s.fr" % (b"A" * n, b"B" * m) for n in range(1, 65, 3) for m in range(1, 60)]
    found = kernels.emails(b"\n".join(names)).digests
    assert found == b"".join(hashlib.sha1(name.lower()).digest() for name in names)


@pytest.mark.parametrize("prefix", [b"xyz", b"\xe9", b"a" * 41])
def test_a_prefix_that_is_none(kernels: ModuleType, prefix: bytes) -> None:
    with pytest.raises(ValueError, match="prefix"):
        kernels.hashes(b"", 20, 1, prefix)


@settings(max_examples=1500, deadline=None)
@given(text)
def test_engines_agree(chunk: bytes) -> None:
    pytest.importorskip("leakcheck._native")
    from leakcheck.extract import native

    assert native.emails(chunk) == reference.emails(chunk)
    assert native.domains(chunk) == reference.domains(chunk)
    assert native.address_spans(chunk) == reference.address_spans(chunk)
    assert native.credentials(chunk) == reference.credentials(chunk)
    for kind in (Kind.PASSWORD, Kind.NTLM):
        assert native.passwords(chunk, kind) == reference.passwords(chunk, kind)
        assert native.combo_passwords(chunk, kind) == reference.combo_passwords(chunk, kind)
    for shape in ((20, 1, b""), (16, 5, b""), (20, 1, b"dA39a"), (16, 0, b"3")):
        assert native.hashes(chunk, *shape) == reference.hashes(chunk, *shape)
    fields = chunk.split(b"a")
    assert native.password_fields(fields, Kind.NTLM) == reference.password_fields(fields, Kind.NTLM)
    pairs = [(field, field[::-1]) for field in fields]
    assert native.credential_fields(pairs) == reference.credential_fields(pairs)


TAILS = (
    *(
        b"",
        b":1",
        b":0",
        b":000",
        b":001",
        b":17",
        b":48310",
        b":",
        b":1a",
        b": 3",
        b";5",
        b" ",
        b":-1",
    ),
    *(b":%d" % (10**digits - 1) for digits in (17, 18, 19, 20, 40)),
    *(b":%018d" % count for count in (0, 1, 5)),
    *(b"0", b"00000000", b":1:2"),
)


@pytest.mark.parametrize("size", [16, 20])
def test_hashes_among_lines_that_are_nearly_hashes(size: int) -> None:
    pytest.importorskip("leakcheck._native")
    from leakcheck.extract import native

    plain = bytes(range(0xF0, 0xF0 - size, -1)).hex()
    mixed = (plain[:9] + plain[9:].upper()).encode()
    lines = [mixed + tail + end for tail in TAILS for end in (b"\n", b"\r\n", b"\r\r\n", b"\r")]
    for wrong in (b"/", b":", b"@", b"G", b"`", b"g", b"\0", b"\x7f", b"\xb0", b"\xff"):
        lines += [mixed[:at] + wrong + mixed[at + 1 :] + b":3\n" for at in range(2 * size)]
    good = b"%s:7\r\n" % mixed
    for least in (0, 1, 2, 1000):
        wanted = [reference.hashes(good + line + good, size, least, b"") for line in lines]
        found = [native.hashes(good + line + good, size, least, b"") for line in lines]
        assert found == wanted
        # Alone, as the last of a chunk, and among others, of which each is looked at 64 bytes on.
        assert [native.hashes(line, size, least, b"") for line in lines] == [
            reference.hashes(line, size, least, b"") for line in lines
        ]
        whole = good.join(lines)
        assert native.hashes(whole, size, least, b"") == reference.hashes(whole, size, least, b"")


def test_native_knows_the_same_top_level_domains() -> None:
    native = pytest.importorskip("leakcheck._native")
    from leakcheck.subject.tables import TLDS

    assert {name.encode() for name in native.tlds()} == TLDS


@pytest.mark.skipif(not FUZZER.exists() or ENGINE == "python", reason="needs the script, and Rust")
def test_the_fuzzer_of_both_engines_runs() -> None:
    done = subprocess.run(
        [sys.executable, FUZZER, "--cases", "2", "--seed", "7"],
        capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"PYTHONPATH": str(FUZZER.parent)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 cases, 0 wrong" in done.stdout
