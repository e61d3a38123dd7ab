"""Range files, and counts in hash lists."""

import gzip
from hashlib import sha1
from pathlib import Path

from builds import known, made, put

WORDS = [f"word{at}" for at in range(3000)]
HASHES = {sha1(word.encode()).hexdigest().upper(): word for word in WORDS}


def corpus(folder: Path, pack: bool = False, suffix: str = "") -> None:
    """Range files of HASHES, each seen as often as its number says."""
    rows: dict[str, str] = {}
    for at, digest in enumerate(HASHES, 1):
        rows[digest[:5]] = rows.get(digest[:5], "") + f"{digest[5:]}:{at}\r\n"
    for prefix, text in rows.items():
        data = text.encode()
        put(folder, f"{prefix}{suffix}", gzip.compress(data) if pack else data)


def test_a_folder_of_range_files_is_one_input(tmp_path: Path) -> None:
    corpus(tmp_path / "in")
    report = made(tmp_path, tmp_path / "in")
    assert all(known(tmp_path, "password", WORDS))
    assert not any(known(tmp_path, "password", ["other"]))
    [tally] = report.inputs
    assert tally.files == len({digest[:5] for digest in HASHES})
    assert tally.lines == tally.records
    assert tally.bytes == sum(path.stat().st_size for path in (tmp_path / "in").iterdir())


def test_compressed_range_files_and_other_names(tmp_path: Path) -> None:
    corpus(tmp_path / "in", pack=True, suffix=".gz")
    made(tmp_path, tmp_path / "in", kind="password")
    assert all(known(tmp_path, "password", WORDS))
    corpus(tmp_path / "txt", suffix=".txt")
    made(tmp_path, tmp_path / "txt")
    assert all(known(tmp_path, "password", WORDS))


def test_other_files_among_range_files_are_read_for_what_they_are(tmp_path: Path) -> None:
    corpus(tmp_path / "in")
    put(tmp_path, "in/FFFFF", "dragon\nmonkey\n")
    put(tmp_path, "in/readme.txt", "princess\nsunshine\n")
    report = made(tmp_path, tmp_path / "in", kind="password")
    assert all(known(tmp_path, "password", [*WORDS, "dragon", "princess"]))
    assert len(report.inputs) == 3


def test_min_count_drops_what_was_seen_less_often(tmp_path: Path) -> None:
    corpus(tmp_path / "in")
    report = made(tmp_path, tmp_path / "in", min_count=1000)
    known_words = known(tmp_path, "password", WORDS)
    assert not any(known_words[:999])
    assert all(known_words[999:])
    assert report.rejected["below minimum count"] == 999
    text = "".join(f"{digest}:{at}\n" for at, digest in enumerate(HASHES, 1))
    made(tmp_path, put(tmp_path, "list", text), min_count=1000)
    assert known(tmp_path, "password", WORDS) == known_words


def test_one_range_file_by_name(tmp_path: Path) -> None:
    digest = next(iter(HASHES))
    made(tmp_path, put(tmp_path, digest[:5], f"{digest[5:]}:1\r\n"))
    assert known(tmp_path, "password", [HASHES[digest]]) == [True]
