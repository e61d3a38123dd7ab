"""The reader in plain JavaScript agrees with ours: the same vectors, the same proofs."""

import base64
import io
import json
import random
import shutil
import zlib
from typing import Any

import pytest
import xxhash
from publishing.node import ROOT, SITE, ask

from leakcheck.trust import note
from leakcheck.trust.edition import Edition, Entry
from leakcheck.trust.note import Signer
from leakcheck.trust.verity import BLOCK, Shape, tree_of

ACME = Signer("filters.example.org/acme", bytes(range(32)))

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js")


def packed(data: bytes) -> str:
    return base64.b64encode(data).decode()


def vectors(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(
        (ROOT / "tests" / "vectors" / f"filter-{name}.json").read_text(encoding="utf-8")
    )
    for row in rows:
        row["file"] = packed(zlib.decompress(base64.b64decode(row["file"])))
    return rows


def test_xxh3_is_the_librarys() -> None:
    chance = random.Random(3)
    seeds = [0, 1, (1 << 64) - 1, 0x123456789ABCDEF]
    sizes = [*range(9, 129), 241, 256, 1023, 1024, 1025, 2048, 2049, 4087, 4088, 4096]
    cases = [(chance.randbytes(size), seed) for size in sizes for seed in seeds]
    found = ask([{"op": "xxh3", "data": packed(data), "seed": str(seed)} for data, seed in cases])
    assert found == [{"answer": str(xxhash.xxh3_64_intdigest(data, seed))} for data, seed in cases]


def test_every_filter_answers_alike() -> None:
    rows = vectors("valid")
    questions, expected = [], []
    for row in rows:
        for verdict, digests in row["answers"].items():
            questions.append({"op": "lookup", "file": row["file"], "digests": digests})
            expected.append({"answer": [verdict] * len(digests)})
    assert sum(len(each["answer"]) for each in expected) > 100
    assert ask(questions) == expected


# What JSON.parse cannot tell from what is right; none of it changes an answer.
ACCEPTED = {"pages not whole", "pages with an exponent", "nested too deep", "half a surrogate pair"}


def test_every_filter_that_is_none_is_refused() -> None:
    rows = vectors("invalid")
    found = ask([{"op": "lookup", "file": row["file"], "digests": []} for row in rows])
    taken = {row["name"] for row, each in zip(rows, found, strict=True) if "answer" in each}
    assert taken <= ACCEPTED, taken - ACCEPTED


@pytest.mark.parametrize("blocks", [2, 128, 129, 300])
def test_pages_are_proved_and_forged_ones_are_not(blocks: int) -> None:
    data = random.Random(blocks).randbytes(blocks * BLOCK)
    digest, tree = tree_of(io.BytesIO(data), len(data))

    def question(block: int, body: bytes, **changed: bytes) -> dict[str, Any]:
        held = {
            str(number): packed(
                changed.get(f"b{number}", tree[BLOCK * number : BLOCK * (number + 1)])
            )
            for number, _ in Shape(len(data)).path(block)
        }
        return {
            "op": "prove", "size": len(data), "digest": packed(digest), "block": block,
            "data": packed(body), "tree": held,
        }  # fmt: skip

    good = [
        question(at, data[BLOCK * at : BLOCK * (at + 1)]) for at in (0, 1, blocks // 2, blocks - 1)
    ]
    bad = [
        question(0, data[BLOCK : 2 * BLOCK]),
        question(1, data[BLOCK : 2 * BLOCK - 1]),
        question(1, data[BLOCK : 2 * BLOCK], b0=bytes(BLOCK)),
    ]
    found = ask([*good, *bad])
    assert found[: len(good)] == [{"answer": "proved"}] * len(good)
    assert all("error" in each for each in found[len(good) :])


def test_lists_are_believed_as_ours_are() -> None:
    import datetime

    edition = Edition(
        ACME.name, 7, datetime.datetime(2026, 4, 2, tzinfo=datetime.UTC),
        {"acme.bloom": Entry(bytes(32), 8192)}, {b"w" * 32: "wrong dump"},
    )  # fmt: skip
    raw = note.sign(edition.text(), [ACME])
    key, stranger = str(ACME.verifier), str(Signer("other.example/x", b"o" * 32).verifier)

    def question(raw: bytes, *keys: str) -> dict[str, Any]:
        return {"op": "note", "raw": packed(raw), "keys": list(keys)}

    flips = [bytes([*raw[:at], raw[at] ^ 1, *raw[at + 1 :]]) for at in range(0, len(raw), 7)]
    found = ask(
        [question(raw, key), question(raw, stranger), question(raw[:-1], key)]
        + [question(flip, key) for flip in flips]
    )
    assert found[0] == {"answer": [ACME.name, 7, ["acme.bloom"], ["wrong dump"]]}
    assert all("error" in each for each in found[1:])


def test_every_language_says_all_there_is_to_say() -> None:
    texts = {path.stem: json.loads(path.read_text("utf-8")) for path in SITE.glob("texts/*.json")}
    assert set(texts) == {"de", "en", "es", "fr"}

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: shape(each) for name, each in value.items()}
        if isinstance(value, str):
            return sorted(part.split("}")[0] for part in value.split("{")[1:])
        return None

    assert all(shape(text) == shape(texts["en"]) for text in texts.values())
    assert all(text["kinds"].keys() == text["actions"].keys() for text in texts.values())


def test_french_on_the_page_is_set_as_french_is() -> None:
    import re

    text = (SITE / "texts" / "fr.json").read_text(encoding="utf-8")
    said = re.findall(r': "((?:[^"\\]|\\.)*)"', text)
    assert len(said) > 20
    assert not [one for one in said if re.search(r" [;:?!»]|« ", one)]
