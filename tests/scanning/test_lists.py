"""Several lists and folders in one run: one report, which says of each row where it stands."""

import csv
import gzip
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from people import command
from program import LEAKCHECK, one_sentence
from program import leakcheck as run

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 8


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two lists with other columns, one of them deeper, and an empty file."""
    lists = tmp_path / "lists"
    (lists / "deeper").mkdir(parents=True)
    (lists / "a.csv").write_text("name,mail\nAlice,Alice@Example.fr\nCarol,carol@acme.fr\n")
    (lists / "deeper" / "b.csv").write_text("mail;site\nbob@acme.fr;Metz\n")
    (lists / "empty.txt").touch()
    return lists


def scanned(*arguments: object, stdin: bytes | None = None) -> tuple[int, dict[str, object], str]:
    status, out, err = command("scan", *arguments, "--format", "json", stdin=stdin)
    return status, json.loads(out), err


def rows_of(report: dict[str, object]) -> list[tuple[str, int, str]]:
    results = report["results"]
    assert isinstance(results, list)
    return [(Path(row["list"]).name, row["row"], row["verdict"]) for row in results]


def counts_of(report: dict[str, object]) -> dict[str, tuple[int, int, int]]:
    summary = report["summary"]
    assert isinstance(summary, dict)
    return {Path(one["name"]).name: (one["rows"], one["exposed"], one["unread"])
            for one in summary["lists"]}  # fmt: skip


def test_a_folder_is_one_report(folder: Path, asked: list[object]) -> None:
    status, report, err = scanned(folder, *asked)
    assert (status, err) == (1, "")
    assert rows_of(report) == [
        ("a.csv", 2, "exposed"), ("a.csv", 3, "clean"), ("b.csv", 2, "exposed"),
    ]  # fmt: skip
    assert counts_of(report) == {"a.csv": (2, 1, 0), "b.csv": (1, 1, 0)}
    assert report["summary"]["rows"] == 3  # type: ignore[index]
    assert report["lists"] == [str(folder / "a.csv"), str(folder / "deeper" / "b.csv")]


def test_a_table_has_the_columns_of_all(folder: Path, asked: list[object]) -> None:
    _, out, _ = command("scan", folder, *asked, "--format", "csv")
    first, *_, last = csv.DictReader(io.StringIO(out))
    assert Path(first["list"]).name == "a.csv"
    assert (first["name"], first["site"]) == ("Alice", "")
    assert (last["name"], last["site"]) == ("", "Metz")


def test_one_list_reports_as_it_always_did(folder: Path, asked: list[object]) -> None:
    _, report, _ = scanned(folder / "a.csv", *asked)
    assert report["list"] == "a.csv"
    assert "lists" not in report
    assert "lists" not in report["summary"]  # type: ignore[operator]
    assert "list" not in report["results"][0]  # type: ignore[index]


@pytest.mark.parametrize(
    ("content", "reason"), [(PNG, "PNG image"), (None, "there is no such file")]
)
def test_what_is_refused_stops_no_other_and_is_not_clean(
    content: bytes | None, reason: str, folder: Path, asked: list[object]
) -> None:
    (folder / "a.csv").write_text("mail\ncarol@acme.fr\n")
    odd = folder.parent / "odd.csv"
    if content is not None:
        odd.write_bytes(content)
    status, report, err = scanned(odd, folder / "a.csv", *asked)
    assert status == 2
    assert rows_of(report) == [("a.csv", 2, "clean")]
    assert counts_of(report) == {"odd.csv": (0, 0, 1), "a.csv": (1, 0, 0)}
    assert "odd.csv was not read" in err
    assert reason in err
    assert scanned(odd, folder, *asked)[0] == 1 or content is None
    assert scanned(odd, folder / "deeper", *asked)[0] == 1


def test_a_list_that_breaks_off_keeps_its_rows_and_is_told(
    folder: Path, asked: list[object]
) -> None:
    whole = gzip.compress(b"".join(b"someone%d@acme.fr\n" % n for n in range(300_000)))
    (folder / "c.txt.gz").write_bytes(whole[: len(whole) // 2])
    (folder / "d.txt").write_text("zoe@example.org\n")
    status, report, err = scanned(folder, *asked, "--only", "exposed")
    assert status == 1
    assert ("d.txt", 1, "exposed") in rows_of(report)
    assert "c.txt.gz was not read" in err
    rows, _, unread = counts_of(report)["c.txt.gz"]
    assert rows > 100_000
    assert unread == 1


def test_none_can_be_read(tmp_path: Path, asked: list[object]) -> None:
    (tmp_path / "x.png").write_bytes(PNG)
    told = one_sentence(run("scan", tmp_path, tmp_path / "nobody.csv", *map(str, asked)))
    assert "None of the lists can be read" in told


def test_a_list_named_twice_is_read_once_and_stdin_beside(
    folder: Path, asked: list[object]
) -> None:
    status, report, _ = scanned(folder / "a.csv", folder, "-", *asked, stdin=b"zoe@example.org\n")
    assert status == 1
    assert [name for name, _, _ in rows_of(report)] == ["a.csv", "a.csv", "b.csv", "stdin"]
    assert any("named twice" in note for note in report["summary"]["notes"])  # type: ignore[index]


def test_links_are_not_followed_and_that_is_said(folder: Path, asked: list[object]) -> None:
    (folder / "link.csv").symlink_to(folder / "a.csv")
    _, report, _ = scanned(folder, *asked)
    assert len(rows_of(report)) == 3
    assert any("link" in note for note in report["summary"]["notes"])  # type: ignore[index]


def test_a_report_is_not_written_over_a_list(folder: Path, asked: list[object]) -> None:
    old = (folder / "a.csv").read_bytes()
    status, _, err = command("scan", folder, *asked, "-o", folder / "a.csv", "--force")
    assert status == 2
    assert "is read here" in err
    assert (folder / "a.csv").read_bytes() == old


def test_domains_and_the_baseline_are_over_all_lists(
    folder: Path, asked: list[object], tmp_path: Path
) -> None:
    _, out, _ = command("scan", folder, *asked, "--group-by", "domain", "--format", "csv")
    assert next(row for row in csv.DictReader(io.StringIO(out)) if row["domain"] == "acme.fr")[
        "rows"
    ] == "2"  # fmt: skip
    assert command("scan", folder, *asked, "-o", tmp_path / "old.json")[0] == 1
    status, report, _ = scanned(folder, *asked, "--baseline", tmp_path / "old.json")
    assert (status, rows_of(report)) == (0, [])
    assert report["summary"]["known_before"] == 2  # type: ignore[index]


def test_many_lists_open_few_files(folder: Path, asked: list[object], tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(80):
        (many / f"{number:03}.txt").write_text("carol@acme.fr\n")
    (many / "050.txt").write_text("alice@example.fr\n")
    limited = "import resource, os, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)); "
    limited += "os.execv(sys.argv[1], sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", limited, LEAKCHECK, "scan", many, *map(str, asked),
         "--format", "summary"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "80 rows: 1 exposed" in done.stdout
    assert "050.txt: 1 row: 1 exposed" in done.stdout
    assert "and 79 more lists" in done.stdout
