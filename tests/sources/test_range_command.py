"""`leakcheck range`: what the holder of a filter hands to someone who gave only a prefix."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback.filters import KEYS, key

from leakcheck.__main__ import run
from leakcheck.sources.filter_file import LocalFilter
from leakcheck.sources.identities import digester
from leakcheck.subject.identity import Identity
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import digest


@pytest.mark.parametrize("digits", [1, 2, 3, 5, 7, 13, 40])
def test_a_slice_answers_for_all_of_its_prefix(
    tmp_path: Path, filter_file: Path, digits: int
) -> None:
    prefix = key(1).hex()[:digits].upper()
    out = tmp_path / "s.bloom"
    assert run(["range", prefix, "--from", str(filter_file), "-o", str(out)]) == 0
    whole, part = LocalFilter(filter_file), LocalFilter(out)
    inside = [key(n) for n in range(KEYS + 500) if key(n).hex().upper().startswith(prefix)]
    assert key(1) in inside
    packed = b"".join(inside)
    assert part.lookup(packed).codes == whole.lookup(packed).codes
    beyond = bytes([key(1)[0] ^ 0x80]) + key(1)[1:]
    assert part.lookup(beyond).codes == b"\2"
    assert part.info == whole.info
    whole.close()
    part.close()


@settings(max_examples=50, deadline=None)
@given(st.text("0123456789abcdefABCDEF", min_size=1, max_size=40), st.binary(max_size=20))
def test_no_digest_of_a_prefix_is_outside_its_pages(
    filter_file: Path, prefix: str, rest: bytes
) -> None:
    from leakcheck.sources.filter_file import page_number

    source = LocalFilter(filter_file)
    first, held = source.pages_of(prefix)
    digest = bytes.fromhex((prefix + rest.hex()).ljust(40, "5")[:40])
    assert first <= page_number(source.header, digest) < first + held
    source.close()


def test_json_and_force(
    tmp_path: Path, filter_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "s.bloom"
    command = ["range", "ab", "--from", str(filter_file), "-o", str(out), "--json"]
    assert run(command) == 0
    told = json.loads(capsys.readouterr().out)["filter"]
    assert told["held"] < told["pages"]
    assert told["bytes"] == out.stat().st_size
    before = out.read_bytes()
    assert run(command) == 2
    assert "exists already" in capsys.readouterr().err
    assert run([*command, "--force"]) == 0
    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["s.bloom"]


def test_a_slice_of_a_slice(
    tmp_path: Path, filter_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = str(tmp_path / "1.bloom"), str(tmp_path / "2.bloom")
    assert run(["range", "a", "--from", str(filter_file), "-o", one]) == 0
    assert run(["range", "ab", "--from", one, "-o", two]) == 0
    assert run(["range", "0b", "--from", one, "-o", two, "--force"]) == 2
    assert "not all in this file" in capsys.readouterr().err


@pytest.mark.parametrize("prefix", ["", "xyz", "0x1", "12 ", "1" * 41, "١"])
def test_a_prefix_that_is_none(
    tmp_path: Path, filter_file: Path, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "s.bloom"
    assert run(["range", prefix, "--from", str(filter_file), "-o", str(out)]) == 2
    assert "hex digits" in capsys.readouterr().err
    assert not out.exists()


def test_a_damaged_page_is_not_handed_on(
    tmp_path: Path, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = bytearray(data)
    bad[-1] ^= 1
    (tmp_path / "bad.bloom").write_bytes(bad)
    out = tmp_path / "s.bloom"
    assert run(["range", "ff", "--from", str(tmp_path / "bad.bloom"), "-o", str(out)]) == 2
    assert "damaged" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["bad.bloom"]


def test_a_slice_never_takes_the_filters_place(
    tmp_path: Path, filter_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "f.bloom"
    path.write_bytes(filter_file.read_bytes())
    (tmp_path / "link").symlink_to(path)
    for output in (path, tmp_path / "link"):
        assert run(["range", "5", "--from", str(path), "-o", str(output), "--force"]) == 2
        assert "is the filter itself" in capsys.readouterr().err
    assert path.read_bytes() == filter_file.read_bytes()


def test_the_prefix_to_ask_with_is_told_from_any_slice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "list.txt").write_text("alice@example.org\nbob@example.org\n")
    hard, other, asked = (str(tmp_path / name) for name in ("hard", "other", "asked"))
    harden = "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA"
    command = ["build", str(tmp_path / "list.txt"), "--kind", "email", "-o", hard]
    assert run([*command, "--harden", harden]) == 0
    assert run(["range", "00", "--from", hard, "-o", other]) == 0
    capsys.readouterr()
    assert run(["info", other, "--prefix-of", "Alice@example.org", "--digits", "6"]) == 0
    [prefix] = capsys.readouterr().out.split()
    assert len(prefix) == 6
    source = LocalFilter(Path(hard))
    plain = digest(Kind.EMAIL, "alice@example.org")
    identity = Identity.parse(source.header.about["identity"])
    source.close()
    assert digester(identity, None).digests([plain]).made[0].hex().startswith(prefix)
    assert prefix != plain.hex()[:6]
    assert run(["range", prefix, "--from", hard, "-o", asked]) == 0
    assert run(["check", "alice@example.org", "--in", asked]) == 1


def test_a_prefix_is_of_addresses_and_domains_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "list.txt").write_text("letmein\nhunter2\n")
    command = ["build", str(tmp_path / "list.txt"), "--from", "passwords", "--kind", "password"]
    assert run([*command, "-o", str(tmp_path / "p.bloom")]) == 0
    capsys.readouterr()
    assert run(["info", str(tmp_path / "p.bloom"), "--prefix-of", "letmein"]) == 2
    told = capsys.readouterr()
    assert (told.out, "SHA-1" in told.err, "letmein" in told.err) == ("", True, False)
