"""Workbooks and tables as people keep them: titles, gaps, notes, several sheets."""

import json
from pathlib import Path

from openpyxl import Workbook
from people import command, scan_rows


def test_title_above_the_header(tmp_path: Path, asked: list[object]) -> None:
    book = Workbook()
    sheet = book.active
    sheet["A1"] = "Employees 2026"
    sheet.merge_cells("A1:C1")
    for at, row in enumerate(
        [("Name", "Work e-mail", "Dept"), ("Alice", " ALICE@example.fr ", "IT"), (None, None, None),
         ("Eve", None, "HR"), ("Two", "nobody@acme.fr; bob@acme.fr", "HR")], 3
    ):  # fmt: skip
        for column, cell in enumerate(row, 1):
            sheet.cell(at, column, cell)
    book.save(tmp_path / "staff.xlsx")
    rows = scan_rows(tmp_path / "staff.xlsx", *asked, status=1)
    assert [(row["row"], row["columns"]["Name"], row["verdict"]) for row in rows] == [
        (4, "Alice", "exposed"),
        (6, "Eve", "unknown"),
        (7, "Two", "exposed"),
    ]
    out = command("scan", tmp_path / "staff.xlsx", "--format", "summary", *asked)[1]
    assert "what stands above the columns' names was left out" in out


def test_no_person_is_taken_for_a_title(tmp_path: Path, asked: list[object]) -> None:
    """A first row of one cell stays a row unless a header with a word for addresses follows."""
    path = tmp_path / "list.csv"
    path.write_text("Dupont,,\nMartin,Sales,none\nAlice,IT,alice@example.fr\nBob,IT,bob@acme.fr\n")
    assert [row["row"] for row in scan_rows(path, *asked, status=1)][-2:] == [3, 4]
    path.write_text("alice@example.fr,,\nname,team,mail\nBob,IT,bob@acme.fr\n")
    rows = scan_rows(path, *asked, status=1)
    assert {row["row"] for row in rows} >= {1, 3}


def test_sheets_of_notes_and_gaps_are_no_rows(tmp_path: Path, asked: list[object]) -> None:
    book = Workbook()
    book.active.title = "Lyon"
    book.active["F5"] = "E-mail"
    book.active["F6"] = "alice@example.fr"
    other = book.create_sheet("Metz")
    for at in range(1, 1100):
        other.cell(at, 2, at)
    other["A1100"] = "x"
    other["B1100"] = "bob@acme.fr"
    book.create_sheet("Notes")["A1"] = "ask Zoe"
    book.create_sheet("Empty")
    book.save(tmp_path / "staff.xlsx")
    rows = scan_rows(tmp_path / "staff.xlsx", *asked, status=1)
    hits = [row for row in rows if row["verdict"] == "exposed"]
    assert [(row["columns"]["sheet"], row["row"]) for row in hits] == [("Lyon", 6), ("Metz", 1100)]
    assert {row["columns"]["sheet"] for row in rows} == {"Lyon", "Metz"}
    assert [row["row"] for row in rows if row["columns"]["sheet"] == "Lyon"] == [6]
    out = command("scan", tmp_path / "staff.xlsx", "--format", "summary", *asked)[1]
    assert "sheet Notes was left out" in out


def test_a_password_that_holds_the_separator_is_hidden(tmp_path: Path, asked: list[object]) -> None:
    path = tmp_path / "combo.csv"
    lines = [f"user{at}@acme.fr;SENTINEL{at}" for at in range(2000)]
    lines[7] += ";SENTINEL"
    lines[1900] += ";SENTINEL;SENTINEL"
    path.write_text("\n".join(lines))
    for form in ("csv", "jsonl", "html", "table"):
        status, out, _ = command("scan", path, "--format", form, *asked)
        assert status == 0
        assert "SENTINEL" not in out


def test_nested_json_by_path(tmp_path: Path, asked: list[object]) -> None:
    """Addresses are found at any depth; what may be a password beside them is not shown."""
    path = tmp_path / "people.jsonl"
    people = [
        {"id": 1, "person": {"mails": [{"mail": "alice@example.fr"}, {"mail": "x@acme.fr"}],
                             "password": "SENTINEL", "login": {"pwd": "SENTINEL"}}},
        {"id": 2, "person": {"mails": [], "tags": ["a", None, 3]}},
        {"id": 3, "person": {"mails": [{"mail": "bob@acme.fr"}]}},
    ]  # fmt: skip
    people += [{"id": 4}] * 1000 + [{"id": 5, "later": {"password": "SENTINEL"}}]
    path.write_text("".join(json.dumps(one) + "\n" for one in people))
    rows = scan_rows(path, *asked, status=1)
    assert len(rows) == len(people)
    assert [row["verdict"] for row in rows[:3]] == ["exposed", "unknown", "exposed"]
    assert rows[0]["subject"] == "alice@example.fr, x@acme.fr"
    assert rows[1]["columns"]["person.tags"] == "a; 3"
    assert "SENTINEL" not in json.dumps(rows)
    path.write_text('{"a":' * 900 + '"alice@example.fr"' + "}" * 900 + "\n")
    assert scan_rows(path, *asked, status=1)[0]["verdict"] == "exposed"


def test_a_report_never_replaces_what_it_is_of(tmp_path: Path, asked: list[object]) -> None:
    path = tmp_path / "people.txt"
    path.write_text("alice@example.fr\n")
    (tmp_path / "link.csv").symlink_to(path)
    for target in (path, tmp_path / "link.csv"):
        status, _, err = command("scan", path, *asked, "-o", target, "--force")
        assert (status, "is read here" in err) == (2, True)
        status, _, err = command("hunt", path, "--watch", path, "-o", target, "--force")
        assert (status, "is read here" in err) == (2, True)
    assert path.read_text() == "alice@example.fr\n"
