"""A build on Spark whose inputs, work and output lie in object storage, and nowhere else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clusters import accounts, dumps, here
from loopback.objects import SECRETS, Between, Lake, between, pointed, s3_server

from leakcheck.building import BuildRequest
from leakcheck.errors import LeakcheckError, UsageError
from leakcheck.subject.kinds import Kind

pytestmark = pytest.mark.spark
URL = "s3://lake/public/acme.bloom"


@pytest.fixture(scope="module")
def front() -> Iterator[Between]:
    """What stands before the server, whose URL the workers were born with."""
    with s3_server() as behind, between(behind, Between()) as told:
        told.behind = behind  # type: ignore[attr-defined]
        yield told


@pytest.fixture
def lake(front: Between) -> Iterator[Lake]:
    """The bucket, empty; leakcheck asks through `front`."""
    front.fault = lambda method, path, count: None
    front.seen.clear()
    with pointed(front.behind, front.url) as found:  # type: ignore[attr-defined]
        found.empty()
        yield found


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few dumps: in parts, in members, in small files, damaged."""
    folder = dumps(tmp_path_factory.mktemp("corpus") / "dumps")
    for path in folder.iterdir():
        if path.name not in ("combo.txt", "many.zip", "one.gz", "broken.gz", "small"):
            path.unlink()
    return folder


def wanted(output: Path, url: str | None, *paths: str) -> BuildRequest:
    """A request for a filter of addresses."""
    return BuildRequest(
        paths=paths,
        output=output,
        kind=Kind.EMAIL,
        rate=1e-4,
        about={"name": "Test"},
        sent_to={output: url} if url else {},
    )


def there(spark: Any, request: BuildRequest, work: str | None = None) -> Any:
    """Built on Spark by workers that have the environment of now."""
    from leakcheck.spark import cluster_build  # an extra

    cluster = cluster_build.Cluster(spark, 5, 100_000, work)
    return cluster_build.build(cluster, request, lambda _: None, lambda *_: None, lambda *_: None)


@pytest.fixture
def workers(spark: Any, lake: Lake, front: Between) -> Iterator[Any]:
    """The session; its workers see the server."""
    import os

    names = [name for name in os.environ if name.startswith("AWS_")]
    before = dict(spark.sparkContext.environment)
    spark.sparkContext.environment.update({name: os.environ[name] for name in names})
    yield spark
    spark.sparkContext.environment.clear()
    spark.sparkContext.environment.update(before)


def test_all_in_object_storage_gives_the_same_bytes(
    workers: Any, lake: Lake, front: Between, corpus: Path, tmp_path: Path
) -> None:
    for path in sorted(corpus.rglob("*")):
        if path.is_file():
            lake(f"dumps/{path.relative_to(corpus)}", path.read_bytes())
    one, _ = here(wanted(tmp_path / "one.bloom", None, str(corpus)))
    stumbles = iter(range(1 << 20))
    front.fault = lambda method, path, count: 503 if next(stumbles) % 23 == 7 else None
    many = there(workers, wanted(tmp_path / "acme.bloom", URL, "s3://lake/dumps/"))
    assert lake.get("public/acme.bloom") == (tmp_path / "one.bloom").read_bytes()
    assert many.records == one.records
    told = [
        sorted((tally.name.partition("dumps/")[2], tally.lines, tally.records) for tally in each)
        for each in (one.inputs, many.inputs)
    ]
    assert told[0] == told[1]
    assert len(many.failures) == len(one.failures) == 1
    assert lake.keys("public/") == ["public/acme.bloom"]
    assert lake.unfinished() == 0
    assert [path.name for path in tmp_path.iterdir()] == ["one.bloom"]
    assert any(
        ".build/part-" in path for method, path, _ in front.seen if method in ("PUT", "POST")
    )
    with pytest.raises(UsageError, match="exists already"):
        there(workers, wanted(tmp_path / "acme.bloom", URL, "s3://lake/dumps/small/"))
    assert lake.get("public/acme.bloom") == (tmp_path / "one.bloom").read_bytes()


def test_the_work_lies_where_it_is_told_and_goes(
    workers: Any, lake: Lake, front: Between, tmp_path: Path
) -> None:
    lake("dumps/a.txt", accounts(2_000, 1).encode())
    there(workers, wanted(tmp_path / "x.bloom", URL, "s3://lake/dumps/"), "s3://lake/private")
    put = {path.partition("?")[0] for method, path, _ in front.seen if method in ("PUT", "POST")}
    assert {path for path in put if not path.startswith("/lake/private/.leakcheck-")} <= {
        "/lake/public/acme.bloom",
        "/lake",  # to remove several at once
    }
    assert lake.keys() == ["dumps/a.txt", "public/acme.bloom"]


def test_workers_that_may_not_write_are_told_in_a_sentence(
    workers: Any, lake: Lake, front: Between, tmp_path: Path
) -> None:
    lake("dumps/a.txt", accounts(2_000, 1).encode())
    front.fault = lambda method, path, count: 403 if "/part-" in path else None
    with pytest.raises(LeakcheckError, match="object storage: its own credentials") as told:
        there(workers, wanted(tmp_path / "x.bloom", URL, "s3://lake/dumps/"))
    assert not any(secret in str(told.value) for secret in SECRETS)
    assert lake.keys() == ["dumps/a.txt"]


def test_a_table_becomes_an_object(workers: Any, lake: Lake, tmp_path: Path) -> None:
    import leakcheck.spark as lc

    frame = workers.createDataFrame([(f"t{at}@example.org",) for at in range(500)], ["text"])
    header = lc.build(lc.keys(frame, "text", "email"), "s3://lake/t.bloom", kind="email")
    assert header.keys == 500
    assert lake.keys() == ["t.bloom"]
    with pytest.raises(UsageError, match="exists already"):
        lc.build(lc.keys(frame, "text", "email"), "s3://lake/t.bloom", kind="email")


def test_subjects_are_looked_up_in_an_object_that_each_executor_fetches_once(
    workers: Any, lake: Lake, front: Between, tmp_path: Path
) -> None:
    import leakcheck.spark as lc

    (tmp_path / "dump.txt").write_text("".join(f"u{at}@example.org\n" for at in range(30_000)))
    here(wanted(tmp_path / "known.bloom", None, str(tmp_path / "dump.txt")))
    lake("known.bloom", (tmp_path / "known.bloom").read_bytes())
    subjects = [(f"u{at}@example.org",) for at in range(29_900, 30_100)] + [("nobody",), (None,)]
    frame = workers.createDataFrame(subjects, "mail string").repartition(4)
    found = lc.contains(frame, "s3://lake/known.bloom", "mail")
    wants = lc.contains(frame, tmp_path / "known.bloom", "mail")
    rows = sorted(map(repr, found.collect()))
    assert rows == sorted(map(repr, wants.collect()))
    assert {row["verdict"] for row in found.collect()} == {"exposed", "clean", "unknown"}
    gets = [fields for method, path, fields in front.seen if method == "GET"]
    whole = [fields for fields in gets if not any(name.lower() == "range" for name in fields)]
    assert 1 <= len(whole) <= 2  # the driver asked for the header alone
    with pytest.raises(LeakcheckError, match="no such bucket or object"):
        lc.contains(frame, "s3://lake/nothing.bloom", "mail")


def test_an_object_that_is_replaced_before_it_is_fetched_answers_nothing(
    workers: Any, lake: Lake, tmp_path: Path
) -> None:
    import leakcheck.spark as lc

    for name, word in (("a", "one"), ("b", "two")):
        (tmp_path / "dump.txt").write_text(f"{word}@example.org\n")
        here(wanted(tmp_path / f"{name}.bloom", None, str(tmp_path / "dump.txt")))
    lake("moving.bloom", (tmp_path / "a.bloom").read_bytes())
    frame = workers.createDataFrame([("one@example.org",)], "mail string")
    found = lc.contains(frame, "s3://lake/moving.bloom", "mail")
    lake("moving.bloom", (tmp_path / "b.bloom").read_bytes())
    with pytest.raises(Exception, match="changed while the job ran"):
        found.collect()
