"""A store of ranges is read as the text that it was made from."""

import os
from pathlib import Path

import pytest
from builds import known, made, put, refused
from loopback.stores import digests, expected, make
from program import leakcheck

HELD = 40
WHOLE = dict.fromkeys(range(0x200), HELD) | {1: 0}  # in two blocks


@pytest.fixture
def whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store that has all ranges there are, in a world of 512."""
    monkeypatch.setattr("leakcheck.input.store_lines.RANGES", 0x200)
    make(tmp_path / "pwned.ranges", 0, 0x1FF, HELD)
    return tmp_path / "pwned.ranges"


def text(folder: Path) -> Path:
    """The same as lines HASH:COUNT."""
    lines = [
        f"{number:05X}{line}\n"
        for number, held in WHOLE.items()
        for line in expected(number, held).decode().split("\r\n")
        if line
    ]
    return put(folder, "ordered.txt", "".join(lines).encode())


@pytest.mark.parametrize("least", [1, 4])
def test_the_same_filter_as_from_its_text(tmp_path: Path, whole: Path, least: int) -> None:
    report = made(tmp_path, whole, min_count=least)
    assert (report.failures, report.inputs[0].lines) == ([], HELD * 0x1FF)
    from_store = (tmp_path / "out.bloom").read_bytes()
    made(tmp_path, text(tmp_path), min_count=least)
    assert (tmp_path / "out.bloom").read_bytes() == from_store


def test_what_is_damaged_is_left_out_and_the_filter_is_incomplete(
    tmp_path: Path, whole: Path
) -> None:
    data = bytearray(whole.read_bytes())
    at = data.index(digests(7, HELD)[3][5:])  # the end of a digest, as the file has it
    data[at] ^= 1
    whole.write_bytes(data)
    report = made(tmp_path, whole)
    assert report.failures
    assert report.skipped == [(str(whole), "a range of the store is damaged", True)]
    asked = [digest for number in (0, 6, 8, 0x1FF) for digest in digests(number, HELD)]
    assert all(known(tmp_path, "password", asked))
    assert report.inputs[0].lines == HELD * (0x1FF - 1)


def test_a_store_that_is_cut_or_has_a_damaged_header_is_refused(
    tmp_path: Path, whole: Path
) -> None:
    data = whole.read_bytes()
    whole.write_bytes(data[:-1])
    assert "the copy is not whole" in refused(tmp_path, whole)
    whole.write_bytes(data[:30] + b"x" + data[31:])
    assert "its header is damaged" in refused(tmp_path, whole)


def test_a_store_of_some_ranges_makes_an_incomplete_filter(tmp_path: Path) -> None:
    make(tmp_path / "part.ranges", 3, 5, HELD)
    report = made(tmp_path, tmp_path / "part.ranges")
    assert report.failures
    assert report.skipped[0][1] == "a store that has only 3 of 1,048,576 ranges"
    assert all(known(tmp_path, "password", digests(3, HELD)))


def test_of_nt_hashes(tmp_path: Path) -> None:
    make(tmp_path / "ntlm.ranges", 0, 2, HELD, 16)
    assert "say --kind ntlm" in refused(tmp_path, tmp_path / "ntlm.ranges")
    made(tmp_path, tmp_path / "ntlm.ranges", kind="ntlm")
    assert all(known(tmp_path, "ntlm", digests(2, HELD, 16)))


def test_in_a_folder_it_is_passed_over(tmp_path: Path, whole: Path) -> None:
    folder = tmp_path / "in"
    put(folder, "words.txt", b"one\ntwo\n")
    os.link(whole, folder / "pwned.ranges")
    report = made(tmp_path, folder, kind="password", form="passwords")
    assert not report.failures
    [(name, reason, lost)] = report.skipped
    assert (name, lost) == (str(folder / "pwned.ranges"), False)
    assert "where it is named" in reason


def test_the_command_exports_what_a_store_holds(tmp_path: Path) -> None:
    make(tmp_path / "part.ranges", 0, 2, HELD)
    command = ("export", tmp_path / "part.ranges", "--to", "text", "-o", tmp_path / "hashes.txt")
    done = leakcheck(*command)
    assert (done.status, (tmp_path / "hashes.txt").exists()) == (2, False)
    assert "only 3 of 1,048,576 ranges" in done.err
    assert leakcheck(*command, "--keep-going").status == 0
    held = [digest for number in (0, 2) for digest in digests(number, HELD)]
    assert (tmp_path / "hashes.txt").read_text().split() == [one.hex().upper() for one in held]
