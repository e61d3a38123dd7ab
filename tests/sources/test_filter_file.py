"""A filter file that changes under those who have it open for long."""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from leakcheck.sources.filter_file import Builder, LocalFilter
from leakcheck.sources.filter_header import about
from leakcheck.sources.names import Access, open_for_passwords
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Code

OLD = [f"old-{number}" for number in range(3000)]
NEW = [f"new-{number}" for number in range(3000)]


def packed(words: list[str]) -> bytes:
    """The digests of `words`."""
    return b"".join(hashlib.sha1(word.encode()).digest() for word in words)


def written(path: Path, words: list[str], kind: Kind = Kind.PASSWORD, **fields: str) -> bytes:
    """The bytes of the filter of `words`, written to `path`."""
    with Builder(20) as builder:
        builder.add(packed(words))
        builder.finish(path, 1e-6, about(kind, **fields), replace=True)
    return path.read_bytes()


def in_place(path: Path, data: bytes) -> None:
    """Write over the file."""
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()


def by_renaming(path: Path, data: bytes) -> None:
    """Put another file under the name."""
    spare = path.with_name("spare")
    spare.write_bytes(data)
    spare.replace(path)


@pytest.mark.parametrize("change", [in_place, by_renaming])
@pytest.mark.parametrize("single", [False, True])
def test_a_newer_filter_answers_at_once(
    tmp_path: Path, change: Callable[[Path, bytes], None], single: bool
) -> None:
    """As a validator has it that runs for weeks: the file is replaced, nothing is started anew."""
    path = tmp_path / "live.bloom"
    newer = written(path, NEW, name="Newer")
    written(path, OLD, name="Older")
    (source,) = open_for_passwords([str(path)], Access())

    def codes(words: list[str]) -> Counter[int]:
        if not single:
            return Counter(source.lookup(packed(words)).codes)
        return Counter(source.lookup(packed([word])).codes[0] for word in words)

    assert codes(OLD) == {Code.EXPOSED: 3000}
    assert source.info.name == "Older"
    change(path, newer)
    assert codes(NEW) == {Code.EXPOSED: 3000}
    assert codes(OLD)[Code.CLEAN] > 2990
    assert source.info.name == "Newer"
    source.close()


def test_what_is_no_filter_any_more_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "live.bloom"
    other = written(path, OLD, Kind.EMAIL)
    lacking = written(path, NEW, incomplete="yes")
    whole = written(path, OLD)
    source = LocalFilter(path)

    def asked(word: str) -> tuple[int, str]:
        for digests in (packed([word]), packed([word, word])):
            found = source.lookup(digests)
            assert len(set(found.codes)) == 1
        return found.codes[0], found.reasons.get(1, "")

    assert asked(OLD[0]) == (Code.EXPOSED, "")
    in_place(path, whole[:-1])
    assert asked(OLD[0])[0] == Code.UNKNOWN
    assert "cut short" in asked(OLD[0])[1]
    by_renaming(path, other)
    assert asked(OLD[0]) == (Code.UNKNOWN, f"{path}: the file now holds another kind of subject")
    path.unlink()
    assert asked(OLD[0]) == (Code.UNKNOWN, f"{path}: there is no such file")
    path.write_bytes(b"")
    assert asked(OLD[0])[0] == Code.UNKNOWN
    by_renaming(path, lacking)
    assert asked(NEW[0])[0] == Code.EXPOSED
    assert asked(OLD[0])[0] == Code.UNKNOWN  # a newer filter that lacks a part of its dump
    by_renaming(path, whole)
    assert asked(NEW[0])[0] == Code.CLEAN
    source.close()


def test_replaced_again_and_again(tmp_path: Path) -> None:
    """Keys of every edition are never clean, and are seldom unknown, however often it changes."""
    path, common = tmp_path / "live.bloom", OLD[:500]
    editions = [written(path, common + NEW[at : at + 2000]) for at in (0, 500, 1000)]
    source = LocalFilter(path)
    stop = threading.Event()
    verdicts: Counter[int] = Counter()

    def ask() -> None:
        while not stop.is_set():
            verdicts.update(source.lookup(packed(common)).codes)
            verdicts.update(source.lookup(packed(common[:1])).codes)

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    deadline = time.monotonic() + 1.5
    turn = 0
    while time.monotonic() < deadline or not verdicts[Code.EXPOSED]:
        (in_place if turn % 2 else by_renaming)(path, editions[turn % 3])
        turn += 1
        time.sleep(0.003)
    stop.set()
    for asker in askers:
        asker.join()
    assert verdicts[Code.CLEAN] == 0
    assert verdicts[Code.EXPOSED] > 0
    source.close()
