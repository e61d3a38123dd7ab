"""`leakcheck hunt` as a process: statuses, sources, reports, errors in one sentence."""

import csv
import gzip
import io
import json
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from program import Result, leakcheck, one_sentence

DUMP = b"x\nalice@acme.fr:hunter2\nhttps://vpn.acme.fr/login:bob:hunter3\n"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / "list").write_text("alice@acme.fr\nacme.fr\nProject Falcon\n")
    (tmp_path / "dump").write_bytes(DUMP)
    (tmp_path / "clean").write_bytes(b"bob@example.fr:x\n")
    return tmp_path


def hunt(top: Path, *arguments: str, given: bytes = b"", **env: str) -> Result:
    return leakcheck("hunt", "--watch", "list", *arguments, given=given, cwd=top, **env)


def rows(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.out.splitlines()]


def test_a_hit_exits_1_and_says_where(top: Path) -> None:
    done = hunt(top, "dump", "clean", "--format", "jsonl")
    assert (done.status, done.err) == (1, "")
    assert [(row["input"], row["line"], row["offset"], row["entry"]) for row in rows(done)] == [
        ("dump", 2, 2, "alice@acme.fr"),
        ("dump", 2, 8, "acme.fr"),
        ("dump", 3, 32, "acme.fr"),
    ]
    assert rows(done)[0]["class"] == ["password"]
    assert "hunter" not in done.out


def test_nothing_exits_0(top: Path) -> None:
    done = hunt(top, "clean")
    assert (done.status, done.err) == (0, "")
    assert "0 hits of 0 entries, of 3 watched, in 1 input (" in done.out


@pytest.mark.parametrize("engine", ["python", ""])
def test_both_engines_write_the_same(top: Path, engine: str) -> None:
    done = hunt(top, "dump", "--format", "json", BLOOM_ENGINE=engine)
    found = json.loads(done.out)
    assert len(found["results"]) == 3
    assert found["watched"] == {"address": 1, "domain": 1, "term": 1}
    assert found["summary"]["by_entry"][0] == {"entry": "acme.fr", "hits": 2}
    assert found["summary"]["by_domain"] == [{"domain": "acme.fr", "hits": 3}]
    assert found["summary"]["by_input"] == [{"input": "dump", "hits": 3}]


def test_what_cannot_be_read_is_said_and_exits_2_without_a_hit(top: Path) -> None:
    (top / "cut.gz").write_bytes(gzip.compress(b"nothing\n" * 9000)[:-30])
    done = hunt(top, "cut.gz", "clean")
    assert done.status == 2
    assert done.err.startswith("leakcheck: cut.gz: ")
    assert done.err.count("\n") == 1
    assert "Not read: 1" in done.out
    done = hunt(top, "cut.gz", "missing", "dump", "--format", "jsonl")
    assert done.status == 1
    assert done.err.count("\n") == 2
    assert len(rows(done)) == 3


def test_what_comes_before_the_damage_counts(top: Path) -> None:
    (top / "cut.gz").write_bytes(gzip.compress(DUMP + b"nothing\n" * 9000)[:-30])
    assert len(rows(hunt(top, "cut.gz", "--format", "jsonl"))) == 3


def test_stdin_folders_archives_and_encodings(top: Path) -> None:
    feed = top / "feed"
    feed.mkdir()
    with zipfile.ZipFile(feed / "a.zip", "w") as package:
        package.writestr("in/one.txt", DUMP)
    with tarfile.open(feed / "b.tar.xz", "w:xz") as package:
        info = tarfile.TarInfo("two.sql")
        info.size = len(DUMP)
        package.addfile(info, io.BytesIO(DUMP))
    (feed / "c").write_bytes(DUMP.decode().encode("utf-16"))
    (feed / "d.gz").write_bytes(gzip.compress(DUMP[:10]) + gzip.compress(DUMP[10:]))
    done = hunt(top, "feed", "-", "--format", "jsonl", given=DUMP)
    found = [(row["input"], row["member"], row["line"], row["offset"]) for row in rows(done)]
    places = [(2, 2), (2, 8), (3, 32)]
    assert found == [
        (name, member, *place)
        for name, member in (
            ("feed/a.zip", "in/one.txt"),
            ("feed/b.tar.xz", "two.sql"),
            ("feed/c", None),
            ("feed/d.gz", None),
            ("-", None),
        )
        for place in places
    ]


def test_a_list_of_paths_and_a_locked_archive(top: Path) -> None:
    subprocess.run(["zip", "-q", "-P", "open sesame", "l.zip", "dump"], cwd=top, check=True)
    (top / "paths").write_text("clean\nl.zip\n")
    (top / "key").write_text("open sesame\n")
    done = hunt(top, "--files-from", "paths")
    assert done.status == 2
    assert "password" in done.err
    done = hunt(top, "--files-from", "paths", "--archive-password-file", "key", "--format", "jsonl")
    assert done.status == 1
    assert [row["member"] for row in rows(done)] == ["dump"] * 3


def test_several_reports_at_once(top: Path) -> None:
    done = hunt(top, "dump", "-o", "r.csv", "-o", "r.html", "-o", "r.json")
    assert done.status == 1
    assert done.out.startswith("3 hits of 2 entries")
    with (top / "r.csv").open(newline="", encoding="utf-8") as lines:
        found = list(csv.DictReader(lines))
    assert [row["entry"] for row in found] == ["alice@acme.fr", "acme.fr", "acme.fr"]
    assert found[0]["class"] == "password"
    page = (top / "r.html").read_text(encoding="utf-8")
    assert "alice@acme.fr:[password]" in page
    assert "hunter" not in page
    done = hunt(top, "dump", "-o", "r.csv")
    assert "exists" in one_sentence(done)


def test_a_bad_entry_is_told_and_leaves_doubt(top: Path) -> None:
    (top / "list").write_text("alice@acme.fr\nbob@\n")
    done = hunt(top, "clean")
    assert done.status == 2
    assert "list, row 2" in done.err
    assert "bob@" not in done.err
    assert hunt(top, "dump").status == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["dump", "--format", "odd"], "no such format"),
        (["dump", "--state", "s"], "--follow"),
        (["dump", "--until-idle", "1"], "--follow"),
        (["dump", "--watch", "none"], "no such file"),
        (["dump", "--watch", "empty"], "empty"),
        (["dump", "--column", "none"], "no such column"),
        (["-", "--watch", "-"], "stdin"),
        ([], "Name a dump"),
    ],
)
def test_wrong_use_is_one_sentence(top: Path, arguments: list[str], words: str) -> None:
    (top / "empty").touch()
    assert words in one_sentence(hunt(top, *arguments))


def test_a_list_may_come_from_stdin(top: Path) -> None:
    done = leakcheck("hunt", "dump", "--watch", "-", "--format", "jsonl", given=b"vpn.acme.fr\n",
                     cwd=top)  # fmt: skip
    assert [row["entry"] for row in rows(done)] == ["vpn.acme.fr"]


def test_a_file_name_steers_no_terminal(top: Path) -> None:
    name = "a\x1b[31mred\n"
    (top / name).write_bytes(DUMP)
    for form in ("table", "csv", "html"):
        assert "\x1b" not in hunt(top, name, "--format", form).out


def test_progress_goes_on_from_file_to_file(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes of the files on disk, archives included, without a step back or a jump."""
    from leakcheck import progress
    from leakcheck.hunting import run as module
    from leakcheck.hunting.watch import read_watch
    from leakcheck.reports.output import targets

    folder = top / "several"
    folder.mkdir()
    with zipfile.ZipFile(folder / "a.zip", "w") as package:
        for name in ("one", "two", "three"):
            package.writestr(name, DUMP)
    (folder / "b.gz").write_bytes(gzip.compress(DUMP))
    (folder / "c").write_bytes(DUMP)
    (folder / "d").write_bytes(DUMP)
    drawn: list[float] = []

    class Drawn(progress.Progress):
        def update(self, done: float, **counts: int) -> None:
            drawn.append(done)

    monkeypatch.setattr(module, "Progress", Drawn)
    module.run(
        module.HuntOptions(
            [str(folder)],
            read_watch([top / "list"]),
            targets(["jsonl"], [top / "o"], "jsonl"),
        )
    )
    assert drawn == sorted(drawn)
    total = sum(path.stat().st_size for path in folder.iterdir())
    assert total - 2 * len(DUMP) - 100 <= drawn[-3] <= total - 2 * len(DUMP)
    assert drawn[-2] == drawn[-3] + len(DUMP)
    assert drawn[-1] == drawn[-2] + len(DUMP)
