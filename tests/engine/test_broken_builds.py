"""Builds that end badly: full disks, interrupts, kills; what is left, and what is resumed."""

import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import bloom

RATE = 1e-3


def build(path: Path, chunks: list[bytes]) -> None:
    """A filter from `chunks`, by one thread."""
    with bloom.Builder.open(path, 20) as builder:
        for chunk in chunks:
            builder.add(chunk)
        builder.finish(path, RATE, {"name": "x"})


def left(folder: Path) -> list[str]:
    """The names in `folder`."""
    return sorted(path.name for path in folder.iterdir())


FULL_DISK = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
import bloom, bloom.builder, bloom.memory
bloom.builder.LEAST_POOL, bloom.memory._LEAST = 0, 1 << 18
limit, count = int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
import random
try:
    with bloom.Builder.open(sys.argv[1], 20, memory=1) as builder:
        for seed in range(4):
            builder.add(random.Random(seed).randbytes(20 * count))
        builder.finish(sys.argv[1], 1e-3, {})
except bloom.BuildError as error:
    print(error)
    sys.exit(2)
"""


@pytest.mark.parametrize(("limit", "count"), [(9_000, 2_000), (6_000, 10)])
def test_full_disk(tmp_path: Path, limit: int, count: int) -> None:
    """In spilling and in writing: one sentence, and nothing left."""
    path = tmp_path / "f.bloom"
    done = _python(FULL_DISK, path, limit, count)
    assert done.returncode == 2, done.stderr
    assert "f.bloom" in done.stdout
    assert "cannot be built here: File too large" in done.stdout
    assert left(tmp_path) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
@pytest.mark.parametrize("count", [20_000, 60_000])
def test_full_file_system(tmp_path: Path, keys: Callable[..., bytes], count: int) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("this machine does not let root mount")
    try:
        with bloom.Builder.open(folder / "f.bloom", 20) as builder:
            builder.add(keys(count))
            with pytest.raises(bloom.BuildError, match=r"f\.bloom: the disk is full"):
                builder.finish(folder / "f.bloom", RATE, {}, keep_keys=folder / "k")
        assert left(folder) == []
    finally:
        subprocess.run(["umount", folder], check=True)


# VmHWM, for ru_maxrss is at least what the parent had when it forked.
MEASURED = """
import random, re, sys, bloom
with bloom.Builder.open(sys.argv[1], 20, memory=int(sys.argv[2]), threads=2) as builder:
    for seed in range(int(sys.argv[3])):
        builder.add(random.Random(seed).randbytes(20 * 50_000))
    builder.finish(sys.argv[1], 1e-3, {})
with open("/proc/self/status") as status:
    print(int(re.search("VmHWM:\\s*(\\d+) kB", status.read())[1]) * 1024)
"""


@pytest.mark.skipif(bloom.ENGINE != "native", reason="six million keys take plain Python minutes")
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc to ask")
def test_memory_stays_within_the_budget(tmp_path: Path) -> None:
    """Six million keys, 96 MB of records, in a process of 112 MiB."""
    budget = 112 << 20
    done = _python(MEASURED, tmp_path / "f.bloom", budget, 120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= budget


KILLED = """
import os, random, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests may run where it is ignored
import bloom, bloom.builder, bloom.memory
bloom.builder.LEAST_POOL, bloom.memory._LEAST = 0, 1 << 18
how, token, resume = sys.argv[2:5]
try:
    with bloom.Builder.open(sys.argv[1], 20, memory=1, resume=resume == "1") as builder:
        for seed in range(builder.token["done"] if builder.token else 0, 4):
            builder.add(random.Random(seed).randbytes(20 * 2000))
            if token == "1":
                builder.checkpoint({"done": seed + 1})
            if seed == 2 and how != "go on":
                os.kill(os.getpid(), getattr(signal, how))
        builder.finish(sys.argv[1], 1e-3, {"name": "x"})
except KeyboardInterrupt:
    sys.exit(2)
"""


def test_interrupted_build_leaves_nothing(tmp_path: Path) -> None:
    assert _python(KILLED, tmp_path / "f.bloom", "SIGINT", 1, 0).returncode == 2
    assert left(tmp_path) == []


@pytest.mark.parametrize("resume", [0, 1])
def test_killed_build(tmp_path: Path, sum_of: Callable[[Path], str], resume: int) -> None:
    """What it left goes at the next start, or is resumed; both give the same bytes."""
    path, plain = tmp_path / "f.bloom", tmp_path / "plain.bloom"
    assert _python(KILLED, path, "SIGKILL", 1, 0).returncode == -9
    work = tmp_path / ".f.bloom.build"
    runs = [name for name in left(work) if name.startswith("run-")]
    assert len(runs) >= 3
    if not resume:
        with bloom.Builder.open(path, 20) as builder:
            assert builder.token is None
            assert left(work) == ["lock"]
    else:
        (work / "run-000099").write_bytes(b"of no checkpoint")
        with bloom.Builder.open(path, 20, resume=True) as builder:
            assert builder.token == {"done": 3}
            assert left(work) == ["lock", "manifest.json", *runs]
    assert _python(KILLED, path, "go on", 0, resume).returncode == 0
    build(plain, [random.Random(seed).randbytes(20 * 2000) for seed in range(4)])
    assert sum_of(path) == sum_of(plain)
    assert left(tmp_path) == ["f.bloom", "plain.bloom"]


def test_resume_refuses_what_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "f.bloom"
    with bloom.Builder.open(path, 20, resume=True) as builder:
        builder.add(bytes(20))
        builder.checkpoint({})
    run = tmp_path / ".f.bloom.build" / "run-000001"
    whole = run.read_bytes()
    for broken in (whole[:-1], b""):
        run.write_bytes(broken)
        with pytest.raises(bloom.BuildError, match="cannot be resumed: build anew"):
            bloom.Builder.open(path, 20, resume=True)
    run.write_bytes(whole)
    with pytest.raises(bloom.BuildError, match="another length"):
        bloom.Builder.open(path, 16, resume=True)
    (tmp_path / ".f.bloom.build" / "manifest.json").write_bytes(b"{")
    with pytest.raises(bloom.BuildError, match="manifest is damaged"):
        bloom.Builder.open(path, 20, resume=True)
    with bloom.Builder.open(path, 20) as builder:
        assert builder.token is None
    assert left(tmp_path) == []


def test_second_build_of_an_output_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.bloom"
    with (
        bloom.Builder.open(path, 20),
        pytest.raises(bloom.BuildError, match="is running: wait"),
    ):
        bloom.Builder.open(path, 20)
    assert left(tmp_path) == []


def test_foreign_files_in_the_working_folder_stay(tmp_path: Path) -> None:
    work = tmp_path / ".f.bloom.build"
    work.mkdir()
    (work / "precious").write_bytes(b"")
    build(tmp_path / "f.bloom", [bytes(20)])
    assert left(work) == ["precious"]
    (tmp_path / ".g.bloom.build").symlink_to(tmp_path)
    with pytest.raises(bloom.BuildError, match="something stands"):
        bloom.Builder.open(tmp_path / "g.bloom", 20)


def test_checkpoints_while_others_add(tmp_path: Path, sum_of: Callable[[Path], str]) -> None:
    path, plain = tmp_path / "f.bloom", tmp_path / "plain.bloom"
    rows = [random.Random(seed).randbytes(20 * 50) for seed in range(120)]
    with bloom.Builder.open(path, 20, threads=2) as builder:

        def feed(at: int) -> None:
            for row in rows[at::3]:
                builder.add(row)

        workers = [threading.Thread(target=feed, args=(at,)) for at in range(3)]
        for worker in workers:
            worker.start()
        for at in range(5):
            builder.checkpoint({"at": at})
        for worker in workers:
            worker.join()
        builder.finish(path, RATE, {"name": "x"})
    build(plain, rows)
    assert sum_of(path) == sum_of(plain)


def _python(code: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
