"""Workbooks and tables as people keep them: titles, gaps, notes, several sheets."""

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
