"""Writing files: refused where it could not end well, whole or not at all, on any file system."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

import bloom
from bloom import system
from bloom.files import check_output, publish, read_at, read_into, write_at
from bloom.runs import RunWriter
from bloom.streams import END, PARTITIONS, partition_start


def test_an_output_that_cannot_be_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under a folder that may not be searched: a sentence, though the file may be there."""

    def stat(path: Path, **_: object) -> os.stat_result:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", stat)
    with pytest.raises(bloom.BuildError, match=r"f\.bloom: it cannot be written: Permission"):
        check_output(tmp_path / "f.bloom", replace=True)


@pytest.fixture(params=[True, False], ids=["hard links", "no hard links"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """A file system that knows hard links, and one that does not, as FAT and some shares."""
    if not request.param:

        def refuse(self: Path, target: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(Path, "hardlink_to", refuse)
    return bool(request.param)


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("there", [True, False])
def test_publish(tmp_path: Path, replace: bool, there: bool) -> None:
    """What has appeared under the name meanwhile is kept, unless it is to be replaced."""
    fresh, target = tmp_path / "fresh", tmp_path / "target"
    if there:
        target.write_bytes(b"theirs")
    with fresh.open("wb") as file:
        file.write(b"ours")
        file.flush()
        if there and not replace:
            with pytest.raises(bloom.BuildError, match="exists already"):
                publish(file.fileno(), fresh, target, replace)
            assert target.read_bytes() == b"theirs"
            return
        publish(file.fileno(), fresh, target, replace)
    assert target.read_bytes() == b"ours"
    assert not fresh.exists()


def test_a_folder_that_cannot_be_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For writing alone, or on a system without sync: the renaming is done all the same."""
    monkeypatch.setattr("os.fsync", lambda handle: os.pread(handle, 1, 0))  # EISDIR
    system.sync_folder(tmp_path)
    system.sync_folder(tmp_path / "gone")


def test_short_reads_and_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = random.Random(1).randbytes(1000)
    pread, preadv, pwrite = system.pread, os.preadv, os.pwrite
    monkeypatch.setattr("os.pwrite", lambda handle, part, at: pwrite(handle, part[:7], at))
    monkeypatch.setattr(system, "pread", lambda handle, size, at: pread(handle, min(size, 9), at))
    monkeypatch.setattr("os.preadv", lambda handle, parts, at: preadv(handle, [parts[0][:5]], at))
    with (tmp_path / "f").open("w+b", buffering=0) as file:
        write_at(file.fileno(), data, 3)
        assert read_at(file.fileno(), 1000, 3) == data
        assert read_at(file.fileno(), 2000, 503) == data[500:]
        block = bytearray(600)
        assert read_into(file.fileno(), memoryview(block), 503) == 500
        assert block[:500] == data[500:]


@pytest.mark.parametrize("crowded", [False, True])
def test_every_range_of_a_run(tmp_path: Path, keys: Callable[..., bytes], crowded: bool) -> None:
    """The records of a run between any two places are those, and the search for them ends."""
    rnd = random.Random(3)
    heads = [rnd.randbytes(8) if not crowded else bytes([7, rnd.randrange(3)]) + rnd.randbytes(6)
             for _ in range(300)]  # fmt: skip
    records = sorted({head + rnd.randbytes(8) for head in [*heads, bytes(8), b"\xff" * 8]})
    writer = RunWriter(tmp_path / "run")
    for partition in range(PARTITIONS):
        low, high = partition_start(partition), partition_start(partition + 1)
        inside = [row for row in records if low <= int.from_bytes(row[:8], "big") < high]
        writer.add(partition, b"".join(inside))
    run = writer.finish()
    places = [int.from_bytes(row[:8], "big") + step for row in records for step in (-1, 0, 1)]
    places = [place for place in places if 0 <= place < END] + [0, END, partition_start(200)]
    for _ in range(400):
        low, high = sorted(rnd.sample(places, 2))
        expected = [row for row in records if low <= int.from_bytes(row[:8], "big") < high]
        windows = list(run.stream(low, high, rnd.choice([16, 64, 1 << 20])))
        assert b"".join(bytes(window) for window, _ in windows) == b"".join(expected)
        assert [more for _, more in windows] == [True] * (len(windows) - 1) + [False] * bool(
            windows
        )
    run.close()
