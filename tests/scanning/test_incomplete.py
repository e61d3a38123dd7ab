"""A filter built without a part of its dump can say exposed, and never clean."""

import gzip
import json
from pathlib import Path

import pytest
from people import command, make_filter, scan_rows, verdicts

from leakcheck import api
from leakcheck.sources.filter_file import LocalFilter
from leakcheck.verdicts import INCOMPLETE, Verdict


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `build` makes of a gzip file that breaks off: it has alice0, and lacks the last."""
    folder = tmp_path_factory.mktemp("cut")
    packed = gzip.compress(b"".join(b"alice%d@example.fr\n" % at for at in range(20_000)))
    (folder / "dump.txt.gz").write_bytes(packed[: len(packed) // 2])
    path = folder / "cut.bloom"
    where = ("--kind", "email", "--name", "Cut", "--keep-keys")
    status, _, err = command("build", folder / "dump.txt.gz", "-o", path, *where)
    assert (status, "incomplete" in err) == (2, True)
    return path


def test_check_says_unknown_and_why(cut: Path) -> None:
    lost = "alice19999@example.fr"
    assert command("check", "alice0@example.fr", "--in", cut)[0] == 1
    status, out, _ = command("check", lost, "--in", cut)
    assert (status, out.splitlines()[0]) == (2, f"{lost}: unknown: Cut: {INCOMPLETE}")
    status, out, _ = command("check", lost, "--in", cut, "--json")
    (source,) = json.loads(out)["results"][0]["sources"]
    assert (status, source["incomplete"], source["reason"]) == (2, True, INCOMPLETE)


def test_scan_has_no_clean_row(cut: Path, filters: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "people.txt"
    path.write_text("alice0@example.fr\nalice19999@example.fr\nzoe@example.org\n")
    rows = scan_rows(path, "--in", cut, "--in", filters["old"], status=1)
    assert [verdict for _, _, verdict in verdicts(rows)] == ["exposed", "unknown", "exposed"]
    _, out, _ = command("scan", path, "--in", cut, "--format", "json")
    report = json.loads(out)
    assert report["sources"][0]["incomplete"] is True
    assert report["summary"]["clean"] == 0
    assert report["summary"]["reasons"] == {f"Cut: {INCOMPLETE}": 2}


def test_kept_keys_refute_no_more_than_they_can(cut: Path, tmp_path: Path) -> None:
    """A false alarm of an incomplete filter is no clean either."""
    false = _false_alarm(cut)
    path = tmp_path / "hashes.txt"
    path.write_text(f"{false.hex()}\n")
    (row,) = scan_rows(path, "--in", cut, "--from", "hashes", "--confirm", status=2)
    assert (row["verdict"], row["sources"][0]["confirmed"]) == ("unknown", False)


def _false_alarm(path: Path) -> bytes:
    """A digest that the filter knows by chance: all of its pages' bits are set for it."""
    import hashlib

    opened = LocalFilter(path)
    at = 0
    while True:
        packed = b"".join(hashlib.sha1(b"%d" % n).digest() for n in range(at, at + 100_000))
        found = opened.lookup(packed)
        if (hit := found.codes.find(1)) >= 0:
            return packed[20 * hit : 20 * hit + 20]
        at += 100_000


def test_a_filter_that_is_whole_still_says_clean(filters: dict[str, Path]) -> None:
    (answer,) = api.check(["nobody@example.fr"], sources=[str(filters["old"])])
    assert answer.verdict is Verdict.CLEAN
    assert "incomplete" not in answer.as_json()["sources"][0]


def test_filters_and_info_say_it(
    cut: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path))
    assert command("filters", "add", cut)[0] == 0
    status, out, _ = command("filters", "list")
    assert (status, "incomplete" in out) == (0, True)
    assert json.loads(command("filters", "list", "--json")[1])["filters"][0]["incomplete"] is True
    assert "never says clean" in command("info", cut)[1]


def test_alarms_are_the_pages_own_and_worked_out_late(tmp_path: Path) -> None:
    subjects = [f"user{at}@example.fr" for at in range(5000)]
    path = make_filter(tmp_path / "many.bloom", subjects)
    from leakcheck.subject.kinds import Kind
    from leakcheck.subject.question import digests_of

    packed = digests_of(Kind.EMAIL, [*subjects, "nobody@example.fr"])
    opened = LocalFilter(path)
    found = opened.lookup(packed)
    assert (len(found.false_alarms), list(found.false_alarms)) == (5000, list(range(5000)))
    assert found.false_alarms.get(5000) is None
    assert found.false_alarms.get(5001) is None
    rates = {found.false_alarms[at] for at in range(5000)}
    assert 1 < len(rates) <= opened.header.pages
    assert min(rates) < opened.info.fpr < max(rates)
    opened.close()


def test_summary_alone_counts_the_same(filters: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("mail,name\nalice@example.fr,A\nnobody@example.fr,N\nbad,B\n,\n")
    asked = ("--in", filters["old"], "--in", filters["new"])
    told = command("scan", path, *asked, "--format", "summary")
    table = command("scan", path, *asked, "--format", "table")
    assert told[0] == table[0] == 1
    assert told[1] == table[1].partition("\n\n")[2]


def test_check_says_which_subject_it_cannot_take(filters: dict[str, Path]) -> None:
    """By its place: the subject is not repeated, and none is asked."""
    bad = "sentinel-of-nobody"
    status, out, err = command(
        "check", "alice@example.fr", bad, "bob@acme.fr", "--in", filters["new"]
    )
    assert (status, out) == (2, "")
    assert "because of subject 2 of 3" in err
    assert bad not in err
    assert "No." not in command("check", bad, "--in", filters["new"])[2]
    status, out, err = command("check", "--hash", "00" * 20, "--hash", "zz", "--in", filters["new"])
    assert (status, out, "because of subject 2 of 2" in err) == (2, "", True)


def test_csv_has_the_false_alarm_as_a_number(filters: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "people.txt"
    path.write_text("alice@example.fr\n")
    out = command("scan", path, "--in", filters["old"], "--format", "csv")[1].splitlines()
    cell = out[1].split(",")[out[0].split(",").index("false_alarm")]
    assert 0 < float(cell) < 1
