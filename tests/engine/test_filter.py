"""Files that are whole, cut, bent, sliced or taken away: never a wrong answer."""

import itertools
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import bloom
from bloom import Verdict
from bloom.filter import StatMark
from bloom.format import PAGE_BYTES


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, keys: Callable[..., bytes]) -> Path:
    """A filter of 5,000 keys on a few pages."""
    path = tmp_path_factory.mktemp("filter") / "whole.bloom"
    with bloom.Builder(20) as builder:
        builder.add(keys(5000))
        builder.finish(path, 1e-4, {"name": "whole"})
    return path


def rows(packed: bytes, size: int = 20) -> list[bytes]:
    """The digests in `packed`."""
    return [packed[at : at + size] for at in range(0, len(packed), size)]


def test_single_and_batch_agree(whole: Path, keys: Callable[..., bytes]) -> None:
    asked = keys(200) + keys(200, 1)
    with bloom.Filter.open(whole) as found:
        codes = found.look_up_many(asked)
        assert [found.look_up(digest) for digest in rows(asked)] == list(codes)
        assert codes[:200] == b"\1" * 200
        assert codes[200:].count(0) > 190
        assert found.look_up_many(memoryview(asked)) == codes
        assert found.look_up_many(b"") == b""
        rates = found.false_alarms(asked)
        assert rates == [found.false_alarm(digest) for digest in rows(asked)]
        assert len(set(rates)) == found.header.pages
        assert sum(set(rates)) / len(set(rates)) == pytest.approx(found.header.fpr, rel=1e-5)
        for wrong in (bytes(19), bytes(21)):
            with pytest.raises(ValueError, match="digests of 20 bytes"):
                found.look_up(wrong)
            with pytest.raises(ValueError, match="whole number"):
                found.look_up_many(wrong)
            with pytest.raises(ValueError, match="whole number"):
                found.false_alarms(wrong)


def test_cut_at_any_byte(tmp_path: Path, whole: Path) -> None:
    data = whole.read_bytes()
    path = tmp_path / "cut.bloom"
    path.write_bytes(data)
    for length in range(len(data) - 1, -1, -1):
        os.truncate(path, length)
        with pytest.raises(bloom.FormatError) as caught:
            bloom.Filter.open(path)
        assert (caught.type is bloom.DamagedError) == (length > 0)


def test_any_bit_flipped(tmp_path: Path, keys: Callable[..., bytes]) -> None:
    """Of a filter of one page: the header is refused, the page answers UNKNOWN.

    One bit of each byte, another each time, and all bits of the edges.
    """
    path = tmp_path / "f.bloom"
    with bloom.Builder(20) as builder:
        builder.add(keys(30))
        builder.finish(path, 1e-3, {})
    data = bytearray(path.read_bytes())
    asked = keys(3) + keys(3, 1)
    handle = os.open(path, os.O_RDWR)
    edges = (0, 8, 12, 16, 4087, 4088, 4095, 4096, 8183, 8184, 8191)
    flips = [(at, at % 8) for at in range(len(data))] + [(at, b) for at in edges for b in range(8)]
    for at, bit in flips:
        os.pwrite(handle, bytes([data[at] ^ 1 << bit]), at)
        if at < PAGE_BYTES:
            with pytest.raises(bloom.FormatError):
                bloom.Filter.open(path)
        else:
            with bloom.Filter.open(path) as found:
                assert found.look_up(asked[:20]) is Verdict.UNKNOWN
                assert found.look_up_many(asked) == b"\2" * 6
                if at % 97 == 0:
                    assert list(found.damaged_pages()) == [0]
        os.pwrite(handle, data[at : at + 1], at)
    os.close(handle)


def test_cut_while_open(tmp_path: Path, whole: Path, keys: Callable[..., bytes]) -> None:
    path = tmp_path / "f.bloom"
    path.write_bytes(whole.read_bytes())
    asked = keys(300)
    with bloom.Filter.open(path) as found, bloom.Filter.open(path) as fresh:
        assert found.look_up_many(asked) == b"\1" * 300
        os.truncate(path, PAGE_BYTES * 2 + 50)
        assert found.changed()
        assert fresh.changed()
        for each in (found, fresh):
            assert each.look_up_many(asked) == b"\2" * 300
        assert {fresh.look_up(digest) for digest in rows(asked)} == {Verdict.UNKNOWN}
        wait_until(lambda: {found.look_up(digest) for digest in rows(asked)} == {Verdict.UNKNOWN})
        assert list(found.damaged_pages()) == list(range(1, found.header.pages))
        with pytest.raises(bloom.DamagedError, match="cut short while"):
            found.measured_rate()
        with pytest.raises(bloom.DamagedError):
            b"".join(found.slice(0, 2))
        os.truncate(path, 0)
        assert fresh.look_up_many(asked) == b"\2" * 300


def wait_until(true: Callable[[], bool]) -> None:
    """Come back once `true`, within ten seconds; single lookups look at the file now and then."""
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline


CHANGES: list[tuple[str, Callable[[Path, bytes], object]]] = [
    ("overwritten in place", lambda path, data: path.write_bytes(data)),
    ("overwritten page by page", lambda path, data: overwrite(path, data)),
    ("replaced by renaming", lambda path, data: replaced(path, data)),
    ("cut to nothing", lambda path, data: os.truncate(path, 0)),
    ("cut within a page", lambda path, data: os.truncate(path, 3 * PAGE_BYTES + 1)),
    ("zeroed in place", lambda path, data: path.write_bytes(bytes(len(data)))),
    ("grown", lambda path, data: os.truncate(path, len(data) + PAGE_BYTES)),
    ("gone", lambda path, data: path.unlink()),
    ("a folder now", lambda path, data: (path.unlink(), path.mkdir())),
]


def overwrite(path: Path, data: bytes) -> None:
    """Write over a file as `cp` and `rsync --inplace` do: never cut, size and pages as before."""
    handle = os.open(path, os.O_WRONLY)
    for at in range(0, len(data), PAGE_BYTES):
        os.pwrite(handle, data[at : at + PAGE_BYTES], at)
    os.close(handle)


def replaced(path: Path, data: bytes) -> None:
    """Put another file under the name, as a build does."""
    other = path.with_name("other")
    other.write_bytes(data)
    other.replace(path)


def mark_of(path: Path) -> tuple[str, int, int, int, int, int]:
    """What a mark of the file at `path` is made of."""
    now = path.stat()
    times = now.st_ctime_ns, now.st_mtime_ns
    return str(path), now.st_ino, *times, now.st_size, now.st_dev


@pytest.mark.parametrize(("how", "change"), CHANGES, ids=[how for how, _ in CHANGES])
@pytest.mark.parametrize("engine", ["python", "native"])
def test_a_mark_holds_until_the_file_changes(
    tmp_path: Path, how: str, change: Callable[[Path, bytes], object], engine: str
) -> None:
    native = pytest.importorskip("bloom._native") if engine == "native" else None
    mark = getattr(native, "Mark", None) if native else StatMark
    if mark is None:
        pytest.skip("the system's state of a file is for Python to read")
    path = tmp_path / "ü\udcff.bloom" if sys.platform == "linux" else tmp_path / "ü.bloom"
    data = bytes(4 * PAGE_BYTES)
    path.write_bytes(data)
    os.utime(path, (1, 1))  # a clock that ticks seldom may give two writes one time
    link = tmp_path / "link"
    link.symlink_to(path)
    _, *state = mark_of(path)
    marks = [mark(str(path), *state), mark(str(link), *state)]
    assert [each.holds() for each in marks] == [True, True]
    for at, value in enumerate(state):
        other = [*state[:at], value + 1, *state[at + 1 :]]
        assert not mark(str(path), *other).holds()
    change(path, data)
    assert [each.holds() for each in marks] == [False, False]


@pytest.mark.parametrize(("how", "change"), CHANGES, ids=[how for how, _ in CHANGES])
@pytest.mark.parametrize("seen", [False, True])
def test_another_file_under_the_name(
    tmp_path: Path,
    keys: Callable[..., bytes],
    how: str,
    change: Callable[[Path, bytes], object],
    seen: bool,
) -> None:
    """No key of either edition is ever absent: the pages of one do not answer for the other.

    Both editions have as many pages.
    """
    path, old, new = tmp_path / "f.bloom", keys(5000), keys(5000, 1)
    for name, digests in (("new", new), ("f.bloom", old)):
        with bloom.Builder(20) as builder:
            builder.add(digests)
            builder.finish(tmp_path / name, 1e-4, {})
    data = (tmp_path / "new").read_bytes()
    assert path.stat().st_size == len(data)
    with bloom.Filter.open(path) as found:
        if seen:
            assert found.look_up_many(old) == b"\1" * 5000
            assert found.look_up(old[:20]) is Verdict.PRESENT
        change(path, data)
        assert found.look_up_many(old + new) == b"\2" * 10_000
        wait_until(lambda: found.look_up(old[:20]) is Verdict.UNKNOWN)
        assert {found.look_up(digest) for digest in rows(new[:2000])} == {Verdict.UNKNOWN}
    if how in ("overwritten in place", "overwritten page by page", "replaced by renaming"):
        with bloom.Filter.open(path) as found:
            assert found.look_up_many(new) == b"\1" * 5000


@pytest.mark.parametrize("single", [False, True])
def test_overwritten_while_it_is_asked(
    tmp_path: Path, keys: Callable[..., bytes], single: bool
) -> None:
    """One thread writes edition over edition in place, another asks for keys of all of them."""
    path, common = tmp_path / "f.bloom", keys(3000)
    editions = []
    for edition in range(3):
        with bloom.Builder(20) as builder:
            builder.add(common + keys(500, 1 + edition))
            builder.finish(path, 1e-4, {}, replace=True)
        editions.append(path.read_bytes())
    assert len({len(data) for data in editions}) == 1
    stop = threading.Event()

    def write() -> None:
        for turn in itertools.count():
            if stop.is_set():
                return
            overwrite(path, editions[turn % 3])
            time.sleep(0.002 * 1.01**turn)  # longer and longer: a slow reader gets its turn as well

    writer = threading.Thread(target=write)
    writer.start()
    verdicts: Counter[int] = Counter()
    deadline = time.monotonic() + 2
    try:
        while time.monotonic() < deadline or not verdicts[1]:
            try:
                found = bloom.Filter.open(path)
            except bloom.FormatError:
                continue
            with found:
                for at in range(0, 40 * 100, 100):
                    if single:
                        verdicts.update(map(int, map(found.look_up, rows(common[at : at + 100]))))
                    else:
                        verdicts.update(found.look_up_many(common))
    finally:
        stop.set()
        writer.join()
    assert verdicts[0] == 0
    assert verdicts[1] > 0


def test_more_than_memory_holds(
    tmp_path: Path, keys: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only a few pages can be kept they are read again and again, to the same answers."""
    path = tmp_path / "f.bloom"
    with bloom.Builder(20) as builder:
        builder.add(keys(20_000))
        header = builder.finish(path, 1e-3, {})
    monkeypatch.setattr("bloom.filter._KEPT_BYTES", 3 * PAGE_BYTES)
    monkeypatch.setattr("bloom.filter.free_memory", lambda: 8 * PAGE_BYTES)
    assert header.pages > 6
    asked = keys(300) + keys(300, 1)
    with bloom.Filter.open(path) as whole, bloom.Filter.open(path) as tight:
        codes = whole.look_up_many(asked)
        assert [tight.look_up(digest) for digest in rows(asked)] == list(codes)
        assert tight._pages.count <= 3
        assert tight.look_up_many(asked) == codes
        assert tight._pages.count <= 4
        assert whole.false_alarms(asked) == tight.false_alarms(asked)


def test_slices(tmp_path: Path, whole: Path, keys: Callable[..., bytes]) -> None:
    path = tmp_path / "slice.bloom"
    asked = keys(300)
    with bloom.Filter.open(whole) as found:
        last = found.header.pages - 1
        for first, held in ((0, 1), (1, 2), (last, 1), (0, last + 1)):
            path.write_bytes(b"".join(found.slice(first, held)))
            with bloom.Filter.open(path) as part:
                expected = bytes(
                    1 if first <= bloom.page_number(part.header, digest) < first + held else 2
                    for digest in rows(asked)
                )
                assert part.look_up_many(asked) == expected
                assert bytes(part.look_up(digest) for digest in rows(asked)) == expected
                assert not list(part.damaged_pages())
                assert part.header.fpr == found.header.fpr
                pieces = b"".join(part.slice(first, 1))
                assert pieces == b"".join(found.slice(first, 1))
        for first, held in ((-1, 1), (0, 0), (0, last + 2), (last + 1, 1)):
            with pytest.raises(bloom.RangeError):
                b"".join(found.slice(first, held))
        with pytest.raises(bloom.RangeError):
            found.page(last + 1)
    assert path.read_bytes() == whole.read_bytes()


def test_page_from_elsewhere(whole: Path, keys: Callable[..., bytes]) -> None:
    digest = keys(1)
    with bloom.Filter.open(whole) as found:
        number = bloom.page_number(found.header, digest)
        page = found.page(number)
        ask = bloom.look_up_in_page
        assert ask(found.header, number, page, digest) is Verdict.PRESENT
        assert ask(found.header, number + 1, page, digest) is Verdict.UNKNOWN
        assert ask(found.header, number, page[:-1], digest) is Verdict.UNKNOWN
        assert ask(found.header, number, b"<html>".ljust(4096), digest) is Verdict.UNKNOWN
        other = found.page((number + 1) % found.header.pages)
        assert ask(found.header, number, other, digest) is Verdict.UNKNOWN
        assert bloom.page_rate(found.header, page) == found.false_alarm(digest)


def test_what_is_no_filter(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "text").write_text("hello")
    for name in ("pipe", "text"):
        with pytest.raises(bloom.FormatError, match="not a filter") as caught:
            bloom.Filter.open(tmp_path / name)
        assert caught.type is bloom.FormatError
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(OSError):
            bloom.Filter.open(path)


def test_closed(whole: Path) -> None:
    found = bloom.Filter.open(whole)
    found.look_up_many(bytes(20))
    found.close()
    found.close()
    for ask in (found.look_up, found.look_up_many, found.false_alarm):
        with pytest.raises(ValueError, match="closed"):
            ask(bytes(20))


def test_many_threads(whole: Path, keys: Callable[..., bytes]) -> None:
    asked, wrong = keys(5000), []
    with bloom.Filter.open(whole) as found:

        def ask() -> None:
            for _ in range(3):
                if found.look_up_many(asked) != b"\1" * 5000:
                    wrong.append(1)

        workers = [threading.Thread(target=ask) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert not wrong


def test_opening_loads_nothing_of_the_builder() -> None:
    """A single check starts sooner without: the parts of a build load at their first use."""
    code = (
        "import sys, bloom; bloom.Filter; print([name for name in "
        "('concurrent.futures', 'tempfile', 'zlib', 'logging') if name in sys.modules]); "
        "bloom.Builder, bloom.merge_keys, bloom.read_keys"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
