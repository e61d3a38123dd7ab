"""Filters from DataFrames: the same bytes as from the text on one machine."""

from pathlib import Path
from typing import Any

import pytest
from clusters import SALT, accounts, asked, here

import leakcheck.spark as lc
from leakcheck.errors import FilterError, InputError, UsageError

pytestmark = pytest.mark.spark


@pytest.mark.parametrize(
    ("kind", "form", "harden"),
    [("email", None, None), ("password", "combo", None), ("email", None, SALT)],
)
def test_a_column_of_text_gives_the_same_filter(
    spark: Any, tmp_path: Path, kind: str, form: str | None, harden: str | None
) -> None:
    lines = accounts(600, 1).splitlines()
    dump, one = tmp_path / "dump.txt", tmp_path / "one.bloom"
    dump.write_text("\n".join(lines))
    report, _ = here(asked(one, dump, kind=kind, form=form, harden=harden))
    rows = [(at, line) for at, line in enumerate(lines)] + [(-1, None), (-2, lines[0])]
    frame = spark.createDataFrame(rows, "id int, text string").repartition(5)
    records = lc.keys(frame, "text", kind, form=form, harden=harden)
    assert [field.dataType.simpleString() for field in records.schema] == [
        "int",
        "int",
        "binary",
    ]
    many = tmp_path / "many.bloom"
    header = lc.build(
        records, many, kind=kind, rate=1e-4, partitions=5, harden=harden, describe={"name": "Test"}
    )
    assert header == report.header
    assert many.read_bytes() == one.read_bytes()
    if harden is None:
        counted = lc.account(frame, "text", kind, form=form)
        assert counted["lines"] == counted["accepted"] + sum(counted["rejected"].values())
        assert counted["lines"] == report.inputs[0].lines + 1


def test_what_cannot_be_is_refused(spark: Any, tmp_path: Path) -> None:
    frame = spark.createDataFrame([("nothing",)], "text string")
    for options in (
        {"kind": "colour"},
        {"kind": "email", "form": "sql"},
        {"kind": "email", "form": "x"},
        {"kind": "password", "harden": SALT},
        {"kind": "email", "harden": "fast"},
    ):
        with pytest.raises(UsageError):
            lc.keys(frame, "text", **options)
    records = lc.keys(frame, "text", "email")
    with pytest.raises(InputError):
        lc.build(records, tmp_path / "x.bloom", kind="email")
    assert not list(tmp_path.iterdir())
    (tmp_path / "x.bloom").write_text("mine")
    with pytest.raises(UsageError):
        lc.build(records, tmp_path / "x.bloom", kind="email")


def test_lookups_give_the_answers_of_one_machine(spark: Any, tmp_path: Path) -> None:
    import leakcheck

    dump, known = tmp_path / "dump.txt", tmp_path / "known.bloom"
    dump.write_text("".join(f"u{at}@example.org\n" for at in range(0, 4_000, 2)))
    here(asked(known, dump, kind="email", rate=1e-2))
    subjects: list[str | None] = [f" U{at}@EXAMPLE.org" for at in range(3_000)]
    subjects += ["no address", None, ""]
    rows = list(enumerate(subjects))
    frame = spark.createDataFrame(rows, "id int, mail string").repartition(3)
    found = lc.contains(frame, known, "mail", prefix="leak_").orderBy("id").collect()
    assert [row["mail"] for row in found] == subjects
    wanted = leakcheck.check(subjects, sources=[str(known)], on_error="unknown")  # type: ignore[arg-type]
    assert [row["leak_verdict"] for row in found] == [one.verdict for one in wanted]
    assert [row["leak_false_alarm"] for row in found] == [
        one.sources[0].false_alarm for one in wanted
    ]
    assert [row["leak_reason"] for row in found] == [one.sources[0].reason for one in wanted]
    counts = {row["leak_verdict"] for row in found}
    assert counts == {"exposed", "clean", "unknown"}


def test_lookups_say_what_they_cannot_do(spark: Any, tmp_path: Path) -> None:
    dump, known = tmp_path / "dump.txt", tmp_path / "known.bloom"
    dump.write_text("u@example.org\n")
    here(asked(known, dump, kind="email"))
    frame = spark.createDataFrame([("u@example.org", "x")], "mail string, verdict string")
    with pytest.raises(UsageError):
        lc.contains(frame, known, "nowhere")
    with pytest.raises(UsageError):
        lc.contains(frame, known, "mail")
    with pytest.raises(FilterError):
        lc.contains(frame, dump, "mail")
    page = bytearray(known.read_bytes())
    page[5000] ^= 1
    known.write_bytes(page)
    found = lc.contains(frame.select("mail"), known, "mail").collect()
    assert [(row["verdict"], row["reason"]) for row in found] == [
        ("unknown", "the page that would answer is damaged")
    ]


def test_a_fault_in_a_task_says_nothing_of_the_text(
    spark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leakcheck.spark import session  # an extra

    def broken(batches: Any) -> Any:
        for batch in batches:
            raise KeyError(batch.column(0)[0].as_py())
        yield from ()

    frame = spark.createDataFrame([("sentinel@example.fr",)], "text string")
    with pytest.raises(Exception, match="a fault in leakcheck") as caught:
        frame.mapInArrow(session.discreet(broken), "text string").collect()
    assert "sentinel" not in str(caught.value)
