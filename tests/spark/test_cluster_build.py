"""A build on Spark gives the bytes and the account of a build on one machine."""

import json
import os
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from clusters import ITEM, SALT, accounts, asked, dumps, framed, here, outcome, there

from leakcheck.errors import LeakcheckError, UsageError
from leakcheck.input import line_cuts
from leakcheck.subject.kinds import Kind

pytestmark = pytest.mark.spark
FRAMED_ITEM = 30_000


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dumps of every sort, read and never changed."""
    return dumps(tmp_path_factory.mktemp("corpus") / "dumps")


def same(
    spark: Any,
    folder: Path,
    *paths: Path,
    partitions: int = 7,
    item_bytes: int = ITEM,
    **options: Any,
) -> Any:
    """Build on both sides; both must agree. The outcome."""
    one, many = folder / "one.bloom", folder / "many.bloom"
    on_one = outcome(lambda: here(asked(one, *paths, **options)))
    on_many = outcome(lambda: there(spark, asked(many, *paths, **options), partitions, item_bytes))
    assert on_many == on_one
    assert one.exists() == many.exists()
    if one.exists():
        assert many.read_bytes() == one.read_bytes()
        assert many.stat().st_mode == one.stat().st_mode
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
    return on_many


@pytest.mark.parametrize("partitions", [1, 7, 64])
def test_same_bytes_whatever_the_partitions(
    spark: Any, corpus: Path, tmp_path: Path, partitions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakcheck.spark.page_tasks._LANE_PAGES", 3)
    account, _ = same(spark, tmp_path, corpus, kind="email", partitions=partitions)
    assert account["filter"]["keys"] > 200_000
    assert account["filter"]["about"]["incomplete"] is True
    assert not account["complete"]
    assert any(each["name"].endswith("many.zip/member8.txt") for each in account["inputs"])


@pytest.mark.parametrize("partitions", [1, 7, 64])
def test_same_bytes_for_files_of_frames(spark: Any, tmp_path: Path, partitions: int) -> None:
    folder = framed(tmp_path / "dumps")
    asks = {"kind": "email", "partitions": partitions, "item_bytes": FRAMED_ITEM}
    account, _ = same(spark, tmp_path, folder, **asks)
    assert {each["name"].rpartition("/")[2]: each.get("failure") for each in account["inputs"]} == {
        "a.bgz": None,
        "b.bz2": None,
        "c.zst": None,
        "d.cut.bgz": "the gzip data is cut short",
        "e.changed.bgz": "the gzip data is damaged",
        "f.lost.zst": "the zstd data is damaged",
        "g.trailed.bz2": "after the bzip2 data comes something else, which is not read",
        "h.wide.bgz": None,
    }
    whole = {each["name"][-5:]: each["lines"] for each in account["inputs"]}
    assert 0 < whole["t.bgz"] < whole["a.bgz"]
    assert 0 < whole["d.bgz"] < whole["a.bgz"]


def test_files_of_frames_are_several_items(tmp_path: Path) -> None:
    work_items = pytest.importorskip("leakcheck.spark.work_items", exc_type=ImportError)
    from leakcheck.building.jobs import Jobs
    from leakcheck.building.rejects import Rejects
    from leakcheck.building.workers import Workers

    request = asked(tmp_path / "x.bloom", framed(tmp_path / "dumps"), kind="email")
    jobs = Jobs(request, Kind.EMAIL, Workers(1), Rejects(None), lambda note: None)
    items = work_items.Planned(request, jobs, 2, FRAMED_ITEM).items
    counts = Counter(item.files[0].base for item in items)
    assert min(counts[name] for name in ("a.bgz", "b.bz2", "c.zst", "e.changed.bgz")) > 2
    assert counts["h.wide.bgz"] == 1
    for item in items:
        assert work_items.WorkItem.from_json(json.loads(json.dumps(item.as_json()))) == item


@pytest.mark.parametrize("kind", ["password", "credential", "ntlm", "domain"])
def test_same_bytes_for_every_kind(spark: Any, corpus: Path, tmp_path: Path, kind: str) -> None:
    account, _ = same(spark, tmp_path, corpus, kind=kind)
    assert account["records"] > 1_000


def test_same_bytes_when_hardened(spark: Any, corpus: Path, tmp_path: Path) -> None:
    files = [corpus / "combo.txt", corpus / "small", corpus / "users.json"]
    account, _ = same_but_for_words(spark, tmp_path, *files, kind="email", harden=SALT)
    assert account["filter"]["about"]["identity"]["harden"] == SALT


def same_but_for_words(spark: Any, folder: Path, *paths: Path, **options: Any) -> Any:
    """The same, where one machine says how long the slow hash takes on it."""
    one, many = folder / "one.bloom", folder / "many.bloom"
    on_one, _ = outcome(lambda: here(asked(one, *paths, **options)))
    on_many, said = outcome(lambda: there(spark, asked(many, *paths, **options)))
    assert on_many == on_one
    assert many.read_bytes() == one.read_bytes()
    return on_many, said


def test_the_kind_is_told_as_on_one_machine(spark: Any, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("".join(f"hunter{at}\n" for at in range(30_000)))
    _, said = same(spark, tmp_path, words, form="passwords")
    assert said == [f"{words}: read as a list of passwords, for a filter of kind password."]
    hashes = tmp_path / "hashes.txt"
    hashes.write_text("".join(f"{at * 2**140 % 16**40:040X}:{at % 5}\n" for at in range(9_999)))
    account, said = same(spark, tmp_path, hashes, min_count=3)
    assert "a list of hashes" in said[0]
    assert account["inputs"][0]["rejected"]


def test_a_folder_of_range_files_is_one_input(spark: Any, tmp_path: Path) -> None:
    folder = tmp_path / "ranges"
    folder.mkdir()
    for at in range(300):
        rows = "".join(f"{at:05X}{row:030X}:{row + 1}\r\n" for row in range(40))
        (folder / f"{at:05X}.txt").write_text(rows)
    account, _ = same(spark, tmp_path, folder, kind="password")
    assert [each["files"] for each in account["inputs"]] == [300]


def test_what_is_named_twice_counts_once(spark: Any, corpus: Path, tmp_path: Path) -> None:
    combo = corpus / "combo.txt"
    once, twice = tmp_path / "once.bloom", tmp_path / "twice.bloom"
    report, _ = there(spark, asked(twice, combo, combo, kind="email"))
    assert len(report.inputs) == 2
    alone, _ = here(asked(once, combo, kind="email"))
    assert twice.read_bytes() == once.read_bytes()
    assert report.records == 2 * alone.records


def test_a_spark_without_partitions_by_number(
    spark: Any, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = type(spark.range(1))
    monkeypatch.delattr(frame, "repartitionById")
    for base in frame.__mro__[1:]:
        if "repartitionById" in vars(base):
            monkeypatch.delattr(base, "repartitionById")
    assert not hasattr(spark.range(1), "repartitionById")
    same(spark, tmp_path, corpus / "combo.txt", kind="email")


def test_one_hot_key_is_one_key(spark: Any, tmp_path: Path) -> None:
    words = tmp_path / "hot.txt"
    words.write_text("123456\n" * 400_000 + "other\n")
    account, _ = same(spark, tmp_path, words, kind="password", form="passwords")
    assert account["filter"]["keys"] == 2


def test_one_hot_prefix_is_divided(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leakcheck.spark import cluster_build, page_tasks  # an extra

    hashes = tmp_path / "hot.txt"
    rows = (f"00{(at * 0x9E3779B97F4A7C15 << 88) % 16**38:038X}\n" for at in range(20_000))
    hashes.write_text("".join(rows) + f"{'8' * 40}\n")
    seen: list[Any] = []
    write = cluster_build.write_filter

    def looked(*arguments: Any) -> Any:
        seen.append(arguments[4])
        return write(*arguments)

    monkeypatch.setattr(cluster_build, "write_filter", looked)
    monkeypatch.setattr(cluster_build, "_LOOK_FROM", 1)
    monkeypatch.setattr(page_tasks, "_LANE_PAGES", 1)
    for partitions in (1, 8, 64):
        same(spark, tmp_path, hashes, kind="password", partitions=partitions)
    alone, few, many = ([one.keys for one in found] for found in seen)
    assert alone == [20_001]
    assert max(few) < 20_001 * 0.4
    assert max(many) < 20_001 * 0.05
    assert sum(few) == sum(many) == 20_001


def test_lanes_share_pages_and_keys() -> None:
    page_tasks = pytest.importorskip("leakcheck.spark.page_tasks", exc_type=ImportError)
    partitions = pytest.importorskip("leakcheck.spark.partitions", exc_type=ImportError)
    runs = pytest.importorskip("leakcheck.spark.runs", exc_type=ImportError)
    bounds = partitions.bounds_of(runs.Cells.even(8), 8)
    even = [partitions.SortedPart(part, 1_000, 0) for part in range(8)]
    assert page_tasks.lane_starts(8 * 512, even, bounds) == [512 * lane for lane in range(8)]
    hot = page_tasks.lane_starts(8 * 512, [partitions.SortedPart(0, 8_000, 0)], bounds)
    assert hot[0] == 0
    assert len([start for start in hot if start < 512]) > 3
    assert page_tasks.lane_starts(3, hot and even, bounds) == [0]


@pytest.mark.parametrize("count", [1, 2, 7, 64, 1 << 14])
def test_cells_for_keys_that_lie_unevenly(count: int) -> None:
    runs = pytest.importorskip("leakcheck.spark.runs", exc_type=ImportError)
    chance = random.Random(3)
    weights = [chance.random() if step < 256 else 0.0 for step in range(runs.STEPS)]
    cells = runs.Cells.for_keys(count, weights)
    assert cells.firsts[0] == 0
    assert cells.count <= count
    assert list(cells.firsts) == sorted(set(cells.firsts))
    ends = [*cells.firsts[1:], runs.STEPS]
    for first, end in zip(cells.firsts, ends, strict=True):
        assert end - first <= runs.STEPS / max(1, count // 2) + 1
        assert sum(weights[first:end]) <= 2.1 * sum(weights) / count + 1.0
    for step in (0, 1, 255, 256, runs.STEPS - 1):
        cell = cells.of(step.to_bytes(2, "big") + bytes(14))
        assert cells.lowest_high(cell) <= step << 48 < cells.lowest_high(cell + 1)


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("", {}),
        ("nothing of the sort\n", {"kind": "email"}),
        ("a;b;c\n1;2;3\n4;5;6\n", {"kind": "password"}),
        ("d41d8cd98f00b204e9800998ecf8427e\n" * 9, {}),
    ],
)
def test_refused_in_the_same_words(
    spark: Any, tmp_path: Path, content: str, options: dict[str, Any]
) -> None:
    dump = tmp_path / "dump.txt"
    dump.write_text(content)
    assert isinstance(same(spark, tmp_path, dump, **options), str)


@pytest.mark.parametrize(
    "options",
    [
        {"resume": True},
        {"keep_keys": True},
        {"rejects": Path("rejects.tsv")},
        {"harden": "hour"},
    ],
)
def test_what_only_one_machine_does_is_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    cluster_build = pytest.importorskip("leakcheck.spark.cluster_build", exc_type=ImportError)
    dump = tmp_path / "dump.txt"
    dump.write_text("a@example.fr\n")
    with pytest.raises(UsageError):
        cluster_build.check(asked(tmp_path / "x.bloom", dump, kind="email", **options), None)
    with pytest.raises(UsageError):
        cluster_build.check(asked(tmp_path / "x.bloom", dump, kind="email"), 1 << 20)


def test_nothing_readable_is_left_between_the_tasks(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the shuffle nor the working folder holds an address or a plain digest's text."""
    dump = tmp_path / "dump.txt"
    dump.write_text("".join(f"sentinel{at}@secret-domain.fr:hush-{at}\n" for at in range(20_000)))
    from leakcheck.spark import cluster_build  # an extra

    seen: list[str] = []
    sort = cluster_build.sort_records

    def looked(*arguments: Any) -> Any:
        found = sort(*arguments)
        for top in (os.environ["SPARK_LOCAL_DIRS"], str(tmp_path)):
            for folder, _, names in os.walk(top):
                for name in names:
                    path = Path(folder, name)
                    if path != dump:
                        seen.append(name)
                        data = path.read_bytes()
                        assert not any(
                            word in data for word in (b"sentinel1", b"secret-domain", b"hush-1")
                        ), path
        return found

    monkeypatch.setattr(cluster_build, "sort_records", looked)
    there(spark, asked(tmp_path / "out.bloom", dump, kind="email"))
    assert any(name.startswith("shuffle_") for name in seen)
    assert any(name.startswith("part-") for name in seen)


def test_large_files_are_several_items(corpus: Path, tmp_path: Path) -> None:
    from leakcheck.building.jobs import Jobs
    from leakcheck.building.rejects import Rejects
    from leakcheck.building.workers import Workers

    work_items = pytest.importorskip("leakcheck.spark.work_items", exc_type=ImportError)
    request = asked(tmp_path / "x.bloom", corpus, kind="email")
    jobs = Jobs(request, Kind.EMAIL, Workers(1), Rejects(None), lambda note: None)
    items = work_items.Planned(request, jobs, 2, ITEM).items
    spans = [item for item in items if item.files[0].base == "combo.txt"]
    assert len(spans) > 2
    assert sum(item.size for item in spans) == (corpus / "combo.txt").stat().st_size
    assert len([item for item in items if item.files[0].base == "many.zip"]) > 2
    assert len([item for item in items if item.files[0].base == "wide.txt"]) == 1
    assert [item.size for item in items] == sorted((item.size for item in items), reverse=True)


def test_a_part_ends_where_a_line_does_that_the_next_does_not_continue(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"".join(b"mail: a%d@exam\n ple.fr\n" % at for at in range(5_000)))
    data = path.read_bytes()
    cuts = line_cuts(str(path), 9_000)
    assert len(cuts) > 5
    for cut in cuts:
        assert data[cut - 1 : cut] == b"\n"
        assert data[cut : cut + 1] != b" "
    (tmp_path / "flat").write_bytes(b"x" * 100_000)
    assert line_cuts(str(tmp_path / "flat"), 9_000) == []


def test_a_file_that_changes_meanwhile_is_told(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump = tmp_path / "dump.txt"
    dump.write_text(accounts(12_000, 1))
    from leakcheck.spark import cluster_build  # an extra

    sort = cluster_build.sort_records

    def grown(*arguments: Any) -> Any:
        with dump.open("a") as file:
            file.write("late@example.fr:x\n")
        return sort(*arguments)

    monkeypatch.setattr(cluster_build, "sort_records", grown)
    report, _ = there(spark, asked(tmp_path / "out.bloom", dump, kind="email"))
    assert report.header is not None
    assert report.header.about["incomplete"] is True
    assert {reason for _, reason in report.failures} == {
        "it grew while it was read: what was added is not read"
    }


def test_a_failing_task_is_one_sentence(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump = tmp_path / "dump.txt"
    dump.write_text(accounts(100, 1))
    monkeypatch.setattr("leakcheck.spark.workplace.Workplace.put_rows", lambda *_: None)
    with pytest.raises(LeakcheckError) as caught:
        there(spark, asked(tmp_path / "out.bloom", dump, kind="email"))
    assert "The Spark job failed: " in str(caught.value)
    assert not [path for path in tmp_path.iterdir() if "out.bloom" in path.name]


def test_a_partition_larger_than_memory_is_sorted_by_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    partitions = pytest.importorskip("leakcheck.spark.partitions", exc_type=ImportError)
    monkeypatch.setattr(partitions, "HELD_BYTES", 16_000)
    chance = random.Random(1)
    records = [chance.randbytes(16) for _ in range(20_000)] * 2
    held = partitions.SortedRows(tmp_path)
    for at in range(0, len(records), 50):
        held.add(b"".join(sorted(set(records[at : at + 50]))))
    assert len(list(tmp_path.iterdir())) > 30
    assert b"".join(map(bytes, held.sorted())) == b"".join(sorted(set(records)))


@pytest.mark.parametrize(("cells", "parts"), [(1, 1), (7, 7), (64, 64), (4096, 1000), (9, 2)])
def test_every_record_is_in_the_partition_of_its_bounds(cells: int, parts: int) -> None:
    partitions = pytest.importorskip("leakcheck.spark.partitions", exc_type=ImportError)
    runs = pytest.importorskip("leakcheck.spark.runs", exc_type=ImportError)
    even = runs.Cells.even(cells)
    bounds = partitions.bounds_of(even, parts)
    assert (bounds[0], bounds[-1], len(bounds)) == (0, 1 << 64, parts + 1)
    chance = random.Random(2)
    edges = [bound + off for bound in bounds for off in (-1, 0) if 0 <= bound + off < 1 << 64]
    for high in edges + [chance.getrandbits(64) for _ in range(2_000)]:
        cell = even.of(high.to_bytes(8, "big") + bytes(8))
        part = cell * parts // cells
        assert bounds[part] <= high < bounds[part + 1]


def test_an_interrupt_ends_the_job_and_leaves_nothing(spark: Any, tmp_path: Path) -> None:
    from leakcheck.spark import cluster_build  # an extra

    dump = tmp_path / "dump.txt"
    dump.write_text(accounts(20_000, 1))

    def interrupted(done: int, keys: int) -> None:
        raise KeyboardInterrupt

    cluster = cluster_build.Cluster(spark, 7, ITEM)
    request = asked(tmp_path / "out.bloom", dump, kind="email")
    with pytest.raises(KeyboardInterrupt):
        cluster_build.build(cluster, request, lambda note: None, interrupted, lambda *_: None)
    tracker = spark.sparkContext.statusTracker()
    for _ in range(100):
        if not tracker.getActiveJobsIds():
            break
        time.sleep(0.1)
    assert not tracker.getActiveJobsIds()
    assert [path.name for path in tmp_path.iterdir()] == ["dump.txt"]
