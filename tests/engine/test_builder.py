"""The file depends on keys, rate and `about` alone, and appears complete or not at all."""

import os
import random
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bloom
from bloom.engine import NAME

COUNT = 20_000 if NAME == "native" else 4_000
RATE = 1e-3


def build(path: Path, chunks: list[bytes], **options: object) -> bloom.Header:
    """A filter from `chunks`, by one thread."""
    with bloom.Builder.open(path, 20, **options) as builder:  # type: ignore[arg-type]
        for chunk in chunks:
            builder.add(chunk)
        return builder.finish(path, RATE, {"name": "x"})


def left(folder: Path) -> list[str]:
    """The names in `folder`."""
    return sorted(path.name for path in folder.iterdir())


def test_keys_are_found(tmp_path: Path, keys: Callable[..., bytes]) -> None:
    path = tmp_path / "f.bloom"
    with bloom.Builder(20) as builder:
        builder.add(keys(COUNT))
        header = builder.finish(path, RATE, {"name": "x"})
    with bloom.Filter.open(path) as found:
        assert found.header == header
        assert found.look_up_many(keys(COUNT)) == b"\1" * COUNT
        assert found.measured_rate() == header.fpr
        assert not list(found.damaged_pages())
    assert (header.keys, header.digest_bytes) == (COUNT, 20)
    assert left(tmp_path) == ["f.bloom"]


@pytest.mark.usefixtures("small_pools")
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("memory", [1, 1 << 33])
@pytest.mark.parametrize("chunk", [20, 20 * 999, 20 * COUNT])
def test_same_bytes_however_it_is_fed(
    tmp_path: Path,
    keys: Callable[..., bytes],
    sum_of: Callable[[Path], str],
    threads: int,
    memory: int,
    chunk: int,
) -> None:
    whole = keys(COUNT // 4 if chunk == 20 else COUNT)
    rows = [whole[at : at + 20] for at in range(0, len(whole), 20)]
    random.Random(threads).shuffle(rows)
    mixed = b"".join([*rows, *rows[:500]])
    plain, other = tmp_path / "plain.bloom", tmp_path / "other.bloom"
    build(plain, [whole])
    with bloom.Builder.open(other, 20, memory=memory, threads=threads) as builder:
        pieces = [mixed[at : at + chunk] for at in range(0, len(mixed), chunk)]

        def feed(at: int) -> None:
            for piece in pieces[at::threads]:
                builder.add(piece)

        workers = [threading.Thread(target=feed, args=(at,)) for at in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if memory == 1 and chunk != 20:
            assert len(list((tmp_path / ".other.bloom.build").glob("run-*"))) > 1
        builder.finish(other, RATE, {"name": "x"})
    assert sum_of(plain) == sum_of(other)
    assert left(tmp_path) == ["other.bloom", "plain.bloom"]


@pytest.mark.parametrize("first", [0, 1, 2, 3])
def test_pieces_of_one_key_repeated(
    tmp_path: Path, keys: Callable[..., bytes], sum_of: Callable[[Path], str], first: int
) -> None:
    """As a list of one password a million times has it: each piece is in order, and the same."""
    whole = keys(3)
    rows = sorted(whole[at : at + 20] for at in range(0, len(whole), 20))
    one, two, three = rows
    pieces = [[one], [one], [one, two], [two], [two], [two, three], [three]]
    pieces = pieces[first:] + pieces[:first]
    plain, other = tmp_path / "plain.bloom", tmp_path / "other.bloom"
    build(plain, [one + two + three])
    with bloom.Builder.open(other, 20, threads=2) as builder:
        for piece in pieces:
            builder.add(piece[0] * 5000 + b"".join(piece[1:]))
        assert builder.finish(other, RATE, {"name": "x"}).keys == 3
    assert sum_of(plain) == sum_of(other)


@pytest.mark.parametrize("memory", [None, 1])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("spoil", [False, True])
def test_input_in_order_gives_the_same_bytes(
    tmp_path: Path,
    keys: Callable[..., bytes],
    sum_of: Callable[[Path], str],
    monkeypatch: pytest.MonkeyPatch,
    memory: int | None,
    threads: int,
    spoil: bool,
) -> None:
    """As Pwned Passwords lists have it; and where a last piece is not in order after all."""
    if memory:
        monkeypatch.setattr("bloom.builder.LEAST_POOL", 0)
        monkeypatch.setattr("bloom.memory._LEAST", 1 << 18)
    whole = keys(6 * 4200)
    rows = sorted(whole[at : at + 20] for at in range(0, len(whole), 20))
    plain, other = tmp_path / "plain.bloom", tmp_path / "other.bloom"
    build(plain, [whole])
    with bloom.Builder.open(other, 20, memory=memory, threads=threads) as builder:

        def feed(thread: int) -> None:
            for piece in range(thread, 6, threads):
                builder.add(b"".join(rows[piece * 4200 : (piece + 1) * 4200]))

        workers = [threading.Thread(target=feed, args=(at,)) for at in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if spoil:
            builder.add(rows[9] + rows[3])
        builder.finish(other, RATE, {"name": "x"})
    assert sum_of(plain) == sum_of(other)


@pytest.mark.usefixtures("small_pools")
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 1 << 32), st.integers(1, 900), st.sampled_from([1e-2, 1e-6]), st.booleans())
def test_no_key_is_lost(
    tmp_path_factory: pytest.TempPathFactory, seed: int, count: int, rate: float, tight: bool
) -> None:
    path = tmp_path_factory.mktemp("f") / "f.bloom"
    digests = random.Random(seed).randbytes(16 * count)
    with bloom.Builder(16, memory=1 if tight else None, threads=2) as builder:
        for at in range(0, len(digests), 16 * 100):
            builder.add(digests[at : at + 1600])
        builder.finish(path, rate, {})
    with bloom.Filter.open(path) as found:
        assert found.look_up_many(digests) == b"\1" * count
        assert [found.look_up(digests[at : at + 16]) for at in range(0, 160, 16) if at < count] == [
            1
        ] * min(10, -(-count // 16))


@pytest.mark.usefixtures("small_pools")
def test_many_repeats_are_not_spilled(tmp_path: Path) -> None:
    path = tmp_path / "f.bloom"
    with bloom.Builder.open(path, 20, memory=1 << 28) as builder:
        for _ in range(40):
            builder.add(bytes(20) * 20_000 if NAME == "native" else bytes(20) * 500)
        assert not list((tmp_path / ".f.bloom.build").glob("run-*"))
        assert builder.finish(path, RATE, {}).keys == 1


@pytest.mark.usefixtures("small_pools")
def test_one_prefix_for_all_and_many_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sum_of: Callable[[Path], str]
) -> None:
    """All keys on one page; so many runs that they are merged on the way."""
    monkeypatch.setattr("bloom.spill.MOST_RUNS", 4)
    rnd = random.Random(2)
    crowd = b"".join(bytes(6) + rnd.randbytes(14) for _ in range(COUNT))
    plain, tight = tmp_path / "plain.bloom", tmp_path / "tight.bloom"
    build(plain, [crowd])
    with bloom.Builder.open(tight, 20, memory=1) as builder:
        builder.add(crowd)
        assert 1 < len(list((tmp_path / ".tight.bloom.build").glob("run-*"))) <= 4
        builder.finish(tight, RATE, {"name": "x"})
        assert builder.worst_rate > 10 * RATE  # the header's mean cannot show it
    assert sum_of(plain) == sum_of(tight)


def test_refusals(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"mine")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    cases = [
        ("there", "exists already: use --force"),
        ("folder", "this is a folder"),
        ("pipe", "not a regular file"),
        ("missing/f", "no such folder"),
    ]
    for name, message in cases:
        with pytest.raises(bloom.BuildError, match=message):
            bloom.Builder.open(tmp_path / name, 20)
        with bloom.Builder(20) as builder:
            builder.add(bytes(20))
            with pytest.raises(bloom.BuildError, match=message):
                builder.finish(tmp_path / name, RATE, {})
    with bloom.Builder(20) as builder, pytest.raises(bloom.BuildError, match="no key"):
        builder.finish(tmp_path / "f", RATE, {})
    with bloom.Builder(20) as builder:
        builder.add(bytes(20))
        with pytest.raises(bloom.BuildError, match="rate"):
            builder.finish(tmp_path / "f", 0.7, {})
        with pytest.raises(bloom.FormatError, match="shorten"):
            builder.finish(tmp_path / "f", RATE, {"note": "x" * 4000})
        with pytest.raises(bloom.FormatError, match="JSON"):
            builder.finish(tmp_path / "f", RATE, {"note": float("nan")})
        with pytest.raises(ValueError, match="whole number"):
            builder.add(bytes(19))
        builder.finish(tmp_path / "f", RATE, {})
        with pytest.raises(bloom.BuildError, match="no more keys"):
            builder.add(bytes(20))
    for size in (15, 65):
        with pytest.raises(ValueError, match="16 to 64"):
            bloom.Builder(size)
    assert left(tmp_path) == ["f", "folder", "pipe", "there"]
    assert (tmp_path / "there").read_bytes() == b"mine"


def test_output_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "f.bloom"

    def meddle(stage: str, done: int, total: int) -> None:
        path.write_bytes(b"mine")

    with bloom.Builder.open(path, 20) as builder:
        builder.add(bytes(20))
        with pytest.raises(bloom.BuildError, match="exists already"):
            builder.finish(path, RATE, {}, progress=meddle)
    assert path.read_bytes() == b"mine"
    assert left(tmp_path) == ["f.bloom"]


def test_replaces_what_a_link_names(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "f.bloom").symlink_to("real")
    build(tmp_path / "f.bloom", [bytes(20)], replace=True)
    assert (tmp_path / "f.bloom").is_symlink()
    with bloom.Filter.open(tmp_path / "f.bloom") as found:
        assert found.look_up(bytes(20)) is bloom.Verdict.PRESENT


@pytest.mark.parametrize("mask", [0o000, 0o027, 0o077])
@pytest.mark.parametrize("apart", [False, True])
def test_modes(
    tmp_path: Path, keys: Callable[..., bytes], small_pools: None, mask: int, apart: bool
) -> None:
    """A filter is for all to read; keys, and what holds keys on the way, are for their owner."""
    path = tmp_path / "f.bloom"
    kept = (tmp_path / "apart" if apart else tmp_path) / "f.keys"
    kept.parent.mkdir(exist_ok=True)
    seen: dict[str, int] = {}

    def look(stage: str, done: int, total: int) -> None:
        for found in tmp_path.rglob("*"):
            seen[found.name] = seen.get(found.name, 0) | stat.S_IMODE(found.stat().st_mode)

    before = os.umask(mask)
    try:
        with bloom.Builder.open(path, 20, memory=1) as builder:
            builder.add(keys(COUNT))
            builder.checkpoint({"input": "a name"})
            look("", 0, 0)
            builder.finish(path, RATE, {}, keep_keys=kept, progress=look)
        assert seen[".f.bloom.build"] == 0o700
        secrets = {name for name in seen if name.startswith(("run-", "manifest", "lock", "keys"))}
        assert secrets >= {"lock", "manifest.json", "run-000001"}
        assert {".f.keys.partial", "keys"} & seen.keys()
        assert {seen[name] for name in {*secrets, ".f.keys.partial"} & seen.keys()} == {0o600}
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        path.chmod(0o640)
        build(path, [bytes(20)], replace=True)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    finally:
        os.umask(before)


def test_progress_reaches_its_totals(tmp_path: Path, keys: Callable[..., bytes]) -> None:
    seen: dict[str, tuple[int, int]] = {}
    with bloom.Builder(20) as builder:
        builder.add(keys(3000))
        builder.finish(
            tmp_path / "f",
            RATE,
            {},
            keep_keys=tmp_path / "k",
            progress=lambda stage, done, total: seen.update({stage: (done, total)}),
        )
    assert set(seen) == {"sort", "fill", "keys"}
    assert all(done == total for done, total in seen.values())
