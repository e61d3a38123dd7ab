"""The vectors that any reader or builder of filters can be tested by."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import bloom
from bloom import reference
from bloom.format import BODY_BYTES, checksum, filter_id, seal_page

ROOT = Path(__file__).parent.parent.parent
MAKERS: dict[int, Any] = {16: hashlib.md5, 20: hashlib.sha1, 64: hashlib.sha512}


def cases(name: str) -> list[dict[str, Any]]:
    """The rows of a file of vectors."""
    path = ROOT / "tests" / "vectors" / f"filter-{name}.json"
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return rows


def inflated(case: dict[str, Any]) -> bytes:
    """The file of a case."""
    return zlib.decompress(base64.b64decode(case["file"]))


@pytest.mark.parametrize("case", cases("valid"), ids=lambda case: case["name"])
def test_valid(tmp_path: Path, case: dict[str, Any]) -> None:
    path = tmp_path / "f.bloom"
    path.write_bytes(inflated(case))
    with bloom.Filter.open(path) as found:
        for verdict, digests in case["answers"].items():
            expected = bloom.Verdict[verdict.upper()]
            packed = b"".join(map(bytes.fromhex, digests))
            assert set(found.look_up_many(packed)) <= {expected}
            assert {found.look_up(bytes.fromhex(digest)) for digest in digests} <= {expected}
        assert list(found.damaged_pages()) == case.get("damaged", [])


@pytest.mark.parametrize(
    "case", [case for case in cases("valid") if "rate" in case], ids=lambda case: case["name"]
)
def test_built_anew(tmp_path: Path, case: dict[str, Any]) -> None:
    make = MAKERS[case["digest_bytes"]]
    with bloom.Builder(case["digest_bytes"]) as builder:
        for number in range(case["count"]):
            builder.add(make(str(number).encode()).digest())
        builder.finish(tmp_path / "f", case["rate"], case["about"])
    assert (tmp_path / "f").read_bytes() == inflated(case)


@pytest.mark.parametrize("case", cases("invalid"), ids=lambda case: case["name"])
def test_invalid(tmp_path: Path, case: dict[str, Any]) -> None:
    path = tmp_path / "f.bloom"
    path.write_bytes(inflated(case))
    with pytest.raises(bloom.FormatError) as caught:
        bloom.Filter.open(path)
    assert caught.type.__name__ == case["error"]
    assert str(caught.value).endswith((".", ": update it."))


def test_places(kernels: ModuleType) -> None:
    for case in cases("places"):
        digest = bytes.fromhex(case["digest"])
        record = kernels.records(digest, len(digest))
        assert record.hex() == case["record"]
        for place in case["places"]:
            high, mixed = (int.from_bytes(half, "big") for half in (record[:8], record[8:]))
            assert reference.page_of(high, place["pages"]) == place["page"]
            assert reference.bits_of(mixed, place["hashes"]) == place["bits"]
            page = bytearray(4096)
            kernels.fill(record, place["pages"], place["hashes"], page, place["page"])
            bits = {bit for bit in range(32704) if page[bit >> 3] >> (bit & 7) & 1}
            assert bits == set(place["bits"])


def test_hashes_and_ids(kernels: ModuleType) -> None:
    for case in cases("hashes"):
        if "id" in case:
            key_sum = int(case["key_sum"], 16)
            assert filter_id(key_sum, case["pages"], case["hashes"]) == case["id"]
            continue
        data = bytes((131 * at + 7) & 255 for at in range(case["length"]))
        seed = int(case["seed"], 16)
        assert checksum(data, seed)[::-1].hex() == case["hash"]
        if len(data) == BODY_BYTES:
            page = bytearray(data + bytes(8))
            kernels.seal(page, 0, seed)
            assert page == seal_page(data, 0, seed)
            assert page[BODY_BYTES:][::-1].hex() == case["hash"]
        elif len(data) >= 16 and not seed:
            assert kernels.records(data, len(data))[8:].hex() == case["hash"]


def test_the_script_makes_them() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "make_vectors.py", "--check"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_public_names() -> None:
    assert bloom.__all__ == sorted(bloom.__all__, key=lambda name: (not name.isupper(), name))
    for name in bloom.__all__:
        assert getattr(bloom, name) is not None
    with pytest.raises(AttributeError):
        bloom.nothing  # noqa: B018


def test_the_documented_example_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "engine.md").read_text(encoding="utf-8")
    code = page.split("```python\n")[1].split("```")[0]
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=60,
        check=True,
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "smaller.bloom",
        "words.bloom",
        "words.keys",
    ]
