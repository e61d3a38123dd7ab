"""A mirror that lies over a real web server: neither engine says exposed or clean."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from program import Result, leakcheck

import bloom
from bloom.format import checksum
from leakcheck.trust import edition, note, signing
from leakcheck.trust.edition import FILE_NAME
from leakcheck.trust.note import Signer
from leakcheck.trust.store import Store
from leakcheck.trust.verity import BLOCK, tree_of

ACME = Signer("filters.example.org/acme", bytes(range(32)))
OTHER = Signer("filters.example.org/other", b"o" * 32)
STRANGER = Signer("filters.example.org/stranger", b"s" * 32)
KEYS = 150_000
"""Enough for a tree of two levels."""


@dataclass
class Mirror:
    """The folder that nginx serves, its URL, and the files as they were published."""

    root: Path
    url: str
    files: dict[str, bytes]

    def serve(self, **changed: bytes | None) -> None:
        """Serve the files with these changes; names with underscores for dots, None: missing."""
        spoilt = {name.replace("__", "."): data for name, data in changed.items()}
        for name, data in {**self.files, **spoilt}.items():
            (self.root / name).unlink(missing_ok=True)
            if data is not None:
                (self.root / name).write_bytes(data)

    def ask(self, engine: str, *more: str) -> Result:
        """What is said of one who is exposed and one who is not."""
        return leakcheck(
            "check", "1@example.fr", "nobody@example.fr", "--in", f"{self.url}/acme.bloom",
            "--json", *more, BLOOM_ENGINE=engine,
        )  # fmt: skip


def build(path: Path, numbers: range) -> None:
    from leakcheck.sources import filter_header
    from leakcheck.subject.digests import sha1
    from leakcheck.subject.kinds import Kind

    about = {**filter_header.about(Kind.EMAIL, name=path.stem), "origin": ACME.name}
    with bloom.Builder.open(path, 20, replace=True) as builder:
        builder.add(b"".join(sha1(f"{number}@example.fr") for number in numbers))
        builder.finish(path, 1e-6, about, replace=True)


@pytest.fixture
def mirror(nginx: tuple[Path, str, str], tmp_path: Path) -> Mirror:
    """Two filters of a trusted publisher in their second edition, served as they should be."""
    root, url, _ = nginx
    build(tmp_path / "acme.bloom", range(KEYS))
    build(tmp_path / "pairs.bloom", range(500_000, 500_100))
    signing.sign([tmp_path / "acme.bloom", tmp_path / "pairs.bloom"], [ACME])
    shutil.copy(tmp_path / FILE_NAME, tmp_path / "old.note")
    signing.sign([tmp_path / "pairs.bloom"], [ACME])
    names = ("acme.bloom", "pairs.bloom", "acme.bloom.verity", "pairs.bloom.verity", FILE_NAME)
    found = Mirror(root, url, {name: (tmp_path / name).read_bytes() for name in names})
    found.files["old.note"] = (tmp_path / "old.note").read_bytes()
    found.serve()
    Store().trust(ACME.verifier)
    Store().trust(OTHER.verifier)
    Store().remember_serial(ACME.name, 2)
    return found


def resealed(data: bytes, change: int | None) -> bytes:
    """The filter with one bit of each page turned, or all cleared, and its checksum mended."""
    header = bloom.decode_header(data[:BLOCK])
    pages = [data[:BLOCK]]
    for number in range(header.pages):
        body = bytearray(data[BLOCK * (1 + number) : BLOCK * (2 + number) - 8])
        if change is None:
            body = bytearray(len(body))
        else:
            body[change] ^= 1
        pages.append(bytes(body) + checksum(bytes(body), header.seed ^ number))
    return b"".join(pages)


def relisted(raw: bytes, signer: Signer = ACME, **changes: object) -> bytes:
    """Another list than the one in a note, signed."""
    found = edition.parse(note.verify(raw, [ACME.verifier])[0])
    return note.sign(replace(found, **changes).text(), [signer])  # type: ignore[arg-type]


def lies(mirror: Mirror, work: Path) -> Iterator[tuple[str, dict[str, bytes | None]]]:
    """Each way to lie, and what is then served."""
    files = mirror.files
    acme, tree, raw = files["acme.bloom"], files["acme.bloom.verity"], files[FILE_NAME]
    found = edition.parse(note.verify(raw, [ACME.verifier])[0])
    build(work / "later.bloom", range(KEYS - 1))
    later = (work / "later.bloom").read_bytes()
    pairs = {name: one for name, one in found.filters.items() if name == "pairs.bloom"}
    exchanged = {
        "acme.bloom": found.filters["pairs.bloom"], "pairs.bloom": found.filters["acme.bloom"],
    }  # fmt: skip
    emptied = resealed(acme, None)
    yield "a flipped bit, its checksum mended", {"acme.bloom": resealed(acme, 100)}
    yield "emptied pages, checksums mended", {"acme.bloom": emptied}
    yield "a tree for the lie", {"acme.bloom": emptied, "acme.bloom.verity": treed(emptied)}
    yield "pages of another edition", {"acme.bloom": acme[:BLOCK] + later[BLOCK : len(acme)]}
    yield "another edition", {"acme.bloom": later, "acme.bloom.verity": treed(later)}
    yield "a truncated tree", {"acme.bloom.verity": tree[:-BLOCK]}
    yield "the top of the tree alone", {"acme.bloom.verity": tree[:BLOCK]}
    yield "no tree", {"acme.bloom.verity": None}
    yield (
        "levels of the tree exchanged",
        {"acme.bloom.verity": tree[BLOCK : 2 * BLOCK] + tree[:BLOCK] + tree[2 * BLOCK :]},
    )
    yield "a list without the filter", {FILE_NAME: relisted(raw, filters=pairs)}
    yield "no list", {FILE_NAME: None}
    yield "another origin's list", {FILE_NAME: relisted(raw, OTHER, origin=OTHER.name)}
    yield (
        "an empty list of another origin",
        {FILE_NAME: relisted(raw, OTHER, origin=OTHER.name, filters={})},
    )
    yield "an old list", {FILE_NAME: files["old.note"]}
    yield "one good signature and one bad", {FILE_NAME: half_bad(raw)}
    yield "another's signature", {FILE_NAME: relisted(raw, OTHER)}
    yield "names exchanged", {
        "acme.bloom": files["pairs.bloom"], "acme.bloom.verity": files["pairs.bloom.verity"],
        "pairs.bloom": acme, "pairs.bloom.verity": tree,
    }  # fmt: skip
    yield "names exchanged in the list", {FILE_NAME: relisted(raw, filters=exchanged)}
    yield "a note of 100 MB", {FILE_NAME: raw + b"x" * 100_000_000}
    yield (
        "a withdrawn filter",
        {FILE_NAME: relisted(raw, withdrawn={found.filters["acme.bloom"].digest: "wrong dump"})},
    )


def treed(data: bytes) -> bytes:
    import io

    return tree_of(io.BytesIO(data), len(data))[1]


def half_bad(raw: bytes) -> bytes:
    """The list with a second signature, in the name of a trusted key, that is wrong."""
    text, (signature, *_) = note.split(raw)
    both = note.sign(text, [ACME, OTHER]).decode().splitlines()
    both[-1] = both[-1][:-6] + ("AAAA" if both[-1][-6:-2] != "AAAA" else "BBBB") + both[-1][-2:]
    assert signature[0] == ACME.name
    return ("\n".join(both) + "\n").encode()


@pytest.mark.parametrize("engine", ["native", "python"])
def test_no_lie_is_an_answer(mirror: Mirror, tmp_path: Path, engine: str) -> None:
    if engine == "native":
        pytest.importorskip("bloom._native")
        pytest.importorskip("leakcheck._native")
    found = mirror.ask(engine)
    verdicts = [one["verdict"] for one in json.loads(found.out)["results"]]
    assert (found.status, verdicts) == (1, ["exposed", "clean"])
    (tmp_path / "work").mkdir()
    for lie, changes in lies(mirror, tmp_path / "work"):
        mirror.serve(**{name.replace(".", "__"): data for name, data in changes.items()})
        found = mirror.ask(engine)
        results = json.loads(found.out)["results"]
        verdicts = [one["verdict"] for one in results]
        assert (found.status, verdicts) == (2, ["unknown", "unknown"]), lie
        assert all(one["sources"][0]["reason"] for one in results), lie
    mirror.serve()
    assert mirror.ask(engine).status == 1
