"""XLSX reports: read back, safe to open, the exposed first, memory flat."""

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from people import command, make_filter
from program import leakcheck, one_sentence

from leakcheck.reports import Column, Meta, ReportRow, Summary, writer_for

HOSTILE = ["=cmd|' /C calc'!A0", "+1+1", "@SUM(1)", "#REF!", "\x00\x1b[31m", "\ud800", "=", "0123"]


def opened(report: bytes | Path) -> Any:
    return openpyxl.load_workbook(io.BytesIO(report) if isinstance(report, bytes) else report)


def made(columns: tuple[Column, ...], rows: list[dict[str, Any]], **facts: Any) -> bytes:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, "utf-8")
    writer = writer_for("xlsx")(out)
    writer.begin(Meta("A report", columns, facts=facts))
    for row in rows:
        writer.row(ReportRow(row))
    writer.end(Summary(lines=("=1+1",), advice=("Do it.",)))
    return raw.getvalue()


def test_the_exposed_come_first_under_a_header_that_stays(tmp_path: Path) -> None:
    breach = make_filter(
        tmp_path / "b.bloom", ["alice@example.fr"], name="B", date="2026-01-31",
        url="https://example.org/b",
    )  # fmt: skip
    people = tmp_path / "people.csv"
    people.write_text("mail,phone\ncarol@acme.fr,0601020304\nno address,1\nalice@example.fr,=1+1\n")
    report = tmp_path / "report.xlsx"
    assert command("scan", people, "--in", breach, "-o", report)[0] == 1
    book = opened(report)
    assert book.sheetnames == ["Rows", "Summary"]
    rows = book["Rows"]
    assert rows.freeze_panes == "A2"
    assert rows.auto_filter.ref == f"A1:{rows.cell(1, rows.max_column).column_letter}4"
    head, *found = rows.iter_rows(values_only=True)
    shown = [dict(zip(head, row, strict=True)) for row in found]
    assert [(row["Row"], row["Verdict"]) for row in shown] == [
        (4, "exposed"), (3, "unknown"), (2, "clean"),
    ]  # fmt: skip
    assert shown[0]["Link"] == "https://example.org/b"
    assert shown[0]["phone"] == "=1+1"
    assert shown[2]["phone"] == "0601020304"
    assert isinstance(shown[0]["False alarm"], float)
    assert rows.cell(2, 1).font.b is False
    summary = [cell for (cell,) in book["Summary"].iter_rows(max_col=1)]
    assert any(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", str(one.value))
               for one in summary)  # fmt: skip
    (link,) = (one for one in summary if one.hyperlink is not None)
    assert (link.value, link.hyperlink.target) == ("B", "https://example.org/b")
    assert any(str(one.value).startswith("3 rows: 1 exposed") for one in summary)


def test_nothing_in_a_cell_is_run() -> None:
    columns = (Column("=name", "=name"), Column("verdict", "Verdict", style="verdict"))
    texts = [{"=name": text, "verdict": "=1+1"} for text in HOSTILE]
    url = {"sources": [{"name": "=1+1", "url": "https://example.org/"},
                       {"name": "x", "url": "javascript:alert(1)"}]}  # fmt: skip
    book = opened(made(columns, texts, **url))
    for sheet in book:
        for cell in (cell for row in sheet.iter_rows() for cell in row if cell.value is not None):
            assert cell.data_type == "s", cell
            assert "\x1b" not in cell.value
        links = [cell.hyperlink.target for row in sheet.iter_rows() for cell in row
                 if cell.hyperlink]  # fmt: skip
        assert links == ["https://example.org/"] * (sheet.title == "Summary")
    assert [row[0].value for row in book["Rows"].iter_rows(min_row=2)][:3] == HOSTILE[:3]


def test_rows_beyond_a_sheet_go_on_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leakcheck.reports.xlsx._MOST", 4)
    book = opened(made((Column("n", "N", style="number"),), [{"n": n} for n in range(7)]))
    assert book.sheetnames == ["Rows", "Rows 2", "Rows 3", "Summary"]
    seen = [value for name in book.sheetnames[:3]
            for (value,) in book[name].iter_rows(min_row=2, values_only=True)]  # fmt: skip
    assert seen == list(range(7))
    assert opened(made((Column("n", "N"),), [])).sheetnames == ["Rows", "Summary"]


def test_a_workbook_goes_to_a_pipe_and_to_no_terminal(tmp_path: Path) -> None:
    breach = make_filter(tmp_path / "b.bloom", ["alice@example.fr"], name="B")
    words = ["scan", "-", "--in", str(breach), "--format", "xlsx"]
    done = subprocess.run(
        [sys.executable, "-m", "leakcheck", *words], input=b"alice@example.fr\n",
        capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert opened(done.stdout)["Rows"].max_row == 2
    leader, follower = os.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "leakcheck", *words], input=b"alice@example.fr\n",
        stdout=follower, stderr=subprocess.PIPE, check=False, timeout=60,
    )  # fmt: skip
    os.close(leader), os.close(follower)
    assert done.returncode == 2
    assert b"name a file" in done.stderr


def test_a_report_that_was_interrupted_says_so_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    raw = io.BytesIO()
    writer = writer_for("xlsx")(io.TextIOWrapper(raw, "utf-8"))
    writer.begin(Meta("A report", (Column("n", "N"), Column("m", "M"))))
    writer.row(ReportRow({"n": "1", "m": "2"}))
    writer.end(Summary(partial=True))
    book = opened(raw.getvalue())
    assert [row[0] for row in book["Rows"].iter_rows(values_only=True)] == [
        "N", "1", "partial: interrupted, rows are missing",
    ]  # fmt: skip
    assert "rows are missing" in book["Summary"]["A2"].value
    assert not list((tmp_path / "temporary").iterdir())


MEASURE = """
import io, resource, sys
from leakcheck.reports import Column, Meta, ReportRow, Summary, writer_for
writer = writer_for("xlsx")(io.TextIOWrapper(open(sys.argv[1], "w+b"), "utf-8"))
columns = tuple(Column(f"c{n}", f"C{n}") for n in range(10))
writer.begin(Meta("A report", columns))
for n in range(int(sys.argv[2])):
    writer.row(ReportRow({one.name: f"a cell of some length {n}" for one in columns}))
writer.end(Summary())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_is_flat(tmp_path: Path) -> None:
    used = []
    for rows in (1_000, 16_000):
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(tmp_path / "x.xlsx"), str(rows)],
            capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        used.append(int(done.stdout))
    assert used[1] - used[0] < 16_000 * (1 << 10 if sys.platform == "darwin" else 1), used


def test_a_name_without_a_format_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "l.txt").write_text("alice@example.fr\n")
    told = one_sentence(leakcheck("scan", tmp_path / "l.txt", "-o", tmp_path / "report.xls"))
    assert "--format" in told
