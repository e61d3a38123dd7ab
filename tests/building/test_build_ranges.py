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
    report = made(tmp_path, tmp_path / "in", kind="password")
    assert all(known(tmp_path, "password", WORDS))
    [tally] = report.inputs
    assert tally.bytes == sum(path.stat().st_size for path in (tmp_path / "in").iterdir())
    assert tally.text_bytes == sum(len(f"{word[5:]}:{at}\r\n") for at, word in enumerate(HASHES, 1))
    corpus(tmp_path / "gz", pack=True, suffix=".txt.gz")
    made(tmp_path, tmp_path / "gz")
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


def test_range_files_that_are_damaged_are_told_and_the_others_count(tmp_path: Path) -> None:
    corpus(tmp_path / "in", pack=True, suffix=".txt.gz")
    names = sorted(path.name for path in (tmp_path / "in").iterdir())
    for name in names[100:103]:
        path = tmp_path / "in" / name
        path.write_bytes(path.read_bytes()[:-9])
    whole = put(tmp_path, f"in/{names[200]}", gzip.compress(b"") + gzip.compress(b""))
    report = made(tmp_path, tmp_path / "in")
    assert len(report.failures) == 3
    assert whole.name not in str(report.failures)
    lost = {name[:5] for name in (*names[100:103], names[200])}
    words = [word for digest, word in HASHES.items() if digest[:5] not in lost]
    assert all(known(tmp_path, "password", words))


def test_the_notes_of_fetch_are_no_dump(tmp_path: Path) -> None:
    corpus(tmp_path / "in", suffix=".txt")
    for name in ("fetch.json", "lock", "000.block", ".001.block.c0ffee.partial"):
        put(tmp_path, f"in/.leakcheck/{name}", '{"pages": "ada@example.fr"}')
    report = made(tmp_path, tmp_path / "in")
    assert len(report.inputs) == 1
    assert not report.failures
    assert len(report.skipped) == 1
    put(tmp_path, "in/.leakcheck/hidden", "dragon\nmonkey\n")
    made(tmp_path, tmp_path / "in", kind="password", keep_keys=False)
    assert known(tmp_path, "password", ["dragon"]) == [True]


def test_a_few_range_files_are_said_to_crowd(tmp_path: Path) -> None:
    spread = "".join(f"{sha1(b'%d' % at).hexdigest()}\n" for at in range(60_000))
    said: list[str] = []
    made(tmp_path, put(tmp_path, "all", spread), kind="password", said=said, rate=1e-12)
    assert not [one for one in said if "overfull" in one]
    crowd = "".join(f"{1:05X}{sha1(b'%d' % at).hexdigest()[5:]}\n" for at in range(2000))
    made(tmp_path, put(tmp_path, "few", spread + crowd), kind="password", said=said)
    assert [one for one in said if "overfull" in one and "few range files" in one]
