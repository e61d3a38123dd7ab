"""A slice carries its proof: what the publisher signed stands, everything else is unknown."""

import json
import os
import shutil
from pathlib import Path

import pytest
from loopback.filters import key
from program import Result, leakcheck

import bloom
from bloom.format import checksum, encode_header
from leakcheck.sources.filter_file import LocalFilter
from leakcheck.sources.filter_header import about
from leakcheck.subject.kinds import Kind
from leakcheck.trust import signing, watched
from leakcheck.trust.note import Signer
from leakcheck.trust.store import Store

PAGE = 4096
ACME = Signer("filters.example.org/acme", bytes(range(32)))
KEYS = 200_000
"""Enough for a tree of two levels, two blocks wide."""
PREFIXES = ("0", "7", "7f", "f", "ffff")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed filter of many pages, with its tree and list."""
    folder = tmp_path_factory.mktemp("published")
    with bloom.Builder.open(folder / "acme.bloom", 20) as builder:
        builder.add(b"".join(map(key, range(KEYS))))
        told = {**about(Kind.EMAIL, name="Acme"), "origin": ACME.name}
        builder.finish(folder / "acme.bloom", 1e-6, told)
    signing.sign([folder / "acme.bloom"], [ACME])
    return folder


@pytest.fixture(autouse=True)
def _trusting() -> None:
    Store().trust(ACME.verifier)


def cut(published: Path, prefix: str, output: Path, *more: str) -> Result:
    found = leakcheck("range", prefix, "--from", published / "acme.bloom", "-o", output, *more)
    assert found.status == 0, found
    return found


def said(path: Path) -> tuple[set[int], str | None, str | None]:
    """The codes of keys that the slice holds, who vouches, and why not."""
    source = LocalFilter(path)
    first, held = source.header.first, source.header.held
    inside = [
        digest
        for digest in map(key, range(3000))
        if first <= bloom.page_number(source.header, digest) < first + held
    ]
    assert inside
    found = source.lookup(b"".join(inside))
    source.close()
    return set(found.codes), source.info.signed, source.info.doubt


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_slice_is_proved_by_what_comes_with_it(
    published: Path, tmp_path: Path, prefix: str
) -> None:
    told = cut(published, prefix, tmp_path / "slice.bloom")
    assert "slice.bloom.proof and slice.bloom.note prove it" in told.out
    for _ in range(3):  # the third time from what is remembered
        assert said(tmp_path / "slice.bloom") == (
            {1}, f"signed by {ACME.name}, edition 1, a slice", None,
        )  # fmt: skip
    assert "a slice" in leakcheck("verify", tmp_path / "slice.bloom").out


def test_json_says_who_signed_it(published: Path, tmp_path: Path) -> None:
    told = cut(published, "7", tmp_path / "slice.bloom", "--json").out
    assert json.loads(told)["signed"] == ACME.name


def resealed(raw: bytes) -> bytes:
    """The slice with its first page emptied, the checksum mended."""
    header = bloom.decode_header(raw[:PAGE])
    body = bytes(PAGE - 8)
    return raw[:PAGE] + body + checksum(body, header.seed ^ header.first) + raw[2 * PAGE :]


def renamed(raw: bytes) -> bytes:
    """The slice with another name in its header."""
    from dataclasses import replace

    header = bloom.decode_header(raw[:PAGE])
    return encode_header(replace(header, about={**header.about, "name": "Other"})) + raw[PAGE:]


def test_no_lie_is_an_answer(published: Path, tmp_path: Path) -> None:
    path, proof, note = (tmp_path / f"s.bloom{end}" for end in ("", ".proof", ".note"))
    cut(published, "70", path)
    cut(published, "a0", tmp_path / "other.bloom")
    whole, blocks, listed = path.read_bytes(), proof.read_bytes(), note.read_bytes()
    other = (tmp_path / "other.bloom.proof").read_bytes()
    assert said(path)[0] == {1}
    turned = bytearray(blocks)
    turned[-1] ^= 1
    lies = {
        "a page emptied": (resealed(whole), blocks, listed),
        "another name": (renamed(whole), blocks, listed),
        "no proof": (whole, None, listed),
        "an empty proof": (whole, b"", listed),
        "a proof cut short": (whole, blocks[:-PAGE], listed),
        "a proof too long": (whole, blocks + blocks[-PAGE:], listed),
        "a bit turned in the proof": (whole, bytes(turned), listed),
        "another file's header": (whole, bytes(PAGE) + blocks[PAGE:], listed),
        "no list": (whole, blocks, None),
        "a forged list": (whole, blocks, listed.replace(b"1 20", b"2 20", 1)),
        "levels exchanged": (
            whole, blocks[:PAGE] + blocks[2 * PAGE :] + blocks[PAGE : 2 * PAGE], listed,
        ),
    }  # fmt: skip
    if other != blocks:
        lies["another slice's proof"] = (whole, other, listed)
    for lie, files in lies.items():
        for one, data in zip((path, proof, note), files, strict=True):
            one.unlink(missing_ok=True)
            if data is not None:
                one.write_bytes(data)
        codes, signed, doubt = said(path)
        assert (codes, signed) == ({2}, ""), lie
        assert doubt, lie


def test_a_slice_of_a_withdrawn_filter_is_no_answer(published: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(published, tmp_path / "www")
    cut(tmp_path / "www", "7", tmp_path / "slice.bloom")
    signing.withdraw(tmp_path / "www" / "acme.bloom", "wrong dump", [ACME])
    shutil.copy(tmp_path / "www" / "filters.note", tmp_path / "slice.bloom.note")
    assert said(tmp_path / "slice.bloom")[0] == {2}
    assert "wrong dump" in str(said(tmp_path / "slice.bloom")[2])


def test_a_slice_of_what_nobody_signed_says_so(published: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copy(published / "acme.bloom", tmp_path / "acme.bloom")
    told = cut(tmp_path, "7", tmp_path / "slice.bloom")
    assert "proof" not in told.out
    assert not list(tmp_path.glob("*.proof"))
    assert "missing" in str(said(tmp_path / "slice.bloom")[2])
    Store().distrust(ACME.name)
    assert said(tmp_path / "slice.bloom") == ({1}, "", None)
    # A tree that is another file's, or a list that does not name it, prove nothing.
    shutil.copy(published / "filters.note", tmp_path / "filters.note")
    (tmp_path / "acme.bloom.verity").write_bytes(bytes(3 * PAGE))
    assert "proof" not in cut(tmp_path, "7", tmp_path / "slice.bloom", "--force").out


def test_a_slice_of_a_slice_is_not_said_to_be_proved(published: Path, tmp_path: Path) -> None:
    cut(published, "7", tmp_path / "acme.bloom")
    told = leakcheck("range", "7f", "--from", tmp_path / "acme.bloom", "-o", tmp_path / "s.bloom")
    assert (told.status, "proof" in told.out) == (0, False)


def test_an_installed_slice_is_proved_as_long_as_its_filter_is_offered(
    published: Path, tmp_path: Path
) -> None:
    for name in ("acme.bloom", "filters.note", "acme.bloom.verity"):
        shutil.copy(published / name, tmp_path / name)
    cut(tmp_path, "7", tmp_path / "s.bloom")
    added = leakcheck("filters", "add", tmp_path / "s.bloom")
    assert added.out == f"s.email is installed, signed by {ACME.name}, edition 1, a slice.\n"
    home = Path(os.environ["LEAKCHECK_HOME"]) / "filters"
    installed = home / "s.email.bloom"
    assert said(installed) == ({1}, f"signed by {ACME.name}, edition 1, a slice", None)
    shutil.copy(published / "acme.bloom", tmp_path / "other.bloom")
    signing.sign([tmp_path / "other.bloom"], [ACME])
    assert leakcheck("check", "bob@example.fr", "--in", tmp_path / "acme.bloom").status != 2
    assert said(installed) == ({1}, f"signed by {ACME.name}, edition 2, a slice", None)
    signing.withdraw(tmp_path / "acme.bloom", "forged", [ACME])
    assert leakcheck("check", "bob@example.fr", "--in", tmp_path / "acme.bloom").status == 2
    codes, _, doubt = said(installed)
    assert (codes, doubt) == ({2}, f"{ACME.name} has withdrawn it: forged")
    assert leakcheck("filters", "remove", "s").status == 0
    assert not list(home.glob("s.*"))


def test_a_proof_without_end_is_not_read(published: Path, tmp_path: Path) -> None:
    cut(published, "7", tmp_path / "s.bloom")
    proof = tmp_path / "s.bloom.proof"
    os.truncate(proof, 1 << 42)  # of which the disk has nothing
    codes, _, doubt = said(tmp_path / "s.bloom")
    assert (codes, doubt) == ({2}, "the proof of the slice is cut short or too long")


def test_a_proof_that_comes_later_counts_in_a_reader_that_lives_long(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "_LOOK_AGAIN", 0.0)
    cut(published, "7", tmp_path / "s.bloom")
    proof = (tmp_path / "s.bloom.proof").read_bytes()
    (tmp_path / "s.bloom.proof").unlink()
    source = LocalFilter(tmp_path / "s.bloom")
    assert source.refusal() is not None
    (tmp_path / "s.bloom.proof").write_bytes(proof)
    assert source.refusal() is None
    source.close()
