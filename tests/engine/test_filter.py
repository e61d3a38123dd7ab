"""Files that are whole, cut, bent, sliced or taken away: never a wrong answer."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import bloom
from bloom import Verdict
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
    """Of a filter of one page: the header is refused, the page answers UNKNOWN."""
    path = tmp_path / "f.bloom"
    with bloom.Builder(20) as builder:
        builder.add(keys(30))
        builder.finish(path, 1e-3, {})
    data = bytearray(path.read_bytes())
    asked = keys(3) + keys(3, 1)
    handle = os.open(path, os.O_RDWR)
    for bit in range(0, PAGE_BYTES * 8):
        at, mask = bit >> 3, 1 << (bit & 7)
        os.pwrite(handle, bytes([data[at] ^ mask]), at)
        with pytest.raises(bloom.FormatError):
            bloom.Filter.open(path)
        os.pwrite(handle, data[at : at + 1], at)
    for bit in range(PAGE_BYTES * 8, len(data) * 8):
        at, mask = bit >> 3, 1 << (bit & 7)
        os.pwrite(handle, bytes([data[at] ^ mask]), at)
        with bloom.Filter.open(path) as found:
            assert found.look_up(asked[:20]) is Verdict.UNKNOWN
            assert found.look_up_many(asked) == b"\2" * 6
            if bit % 97 == 0:
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
        expected = bytes(
            1 if bloom.page_number(found.header, digest) == 0 else 2 for digest in rows(asked)
        )
        assert found.look_up_many(asked) == expected
        assert fresh.look_up_many(asked) == expected
        assert bytes(fresh.look_up(digest) for digest in rows(asked)) == expected
        assert list(found.damaged_pages()) == list(range(1, found.header.pages))
        with pytest.raises(bloom.DamagedError, match="cut short while"):
            found.measured_rate()
        with pytest.raises(bloom.DamagedError):
            b"".join(found.slice(0, 2))
        os.truncate(path, 0)
        assert fresh.look_up_many(asked) == b"\2" * 300


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
