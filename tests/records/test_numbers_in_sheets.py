"""Numbers in spreadsheets are passwords as they are stored and as they are shown."""

import datetime
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlwt
from openpyxl import Workbook
from program import leakcheck

CELLS = [
    (12, "00000", "00012", "12"),
    (1.5, "0.00", "1.50", "1.5"),
    (0.25, "0%", "25%", "0.25"),
    (7654321, "#,##0", "7,654,321", "7654321"),
    (datetime.date(1985, 3, 12), "ddmmyyyy", "12031985", "1985-03-12"),
    (31415926, "General", "31415926", "31415926"),
]


def xlsx(cells: list[tuple[object, str]], columns: int = 2) -> bytes:
    made = Workbook()
    page = made.active
    page.append(["Login", "Password"][-columns:])
    for value, code in cells:
        page.append(["ada", value][-columns:])
        page.cell(page.max_row, columns).number_format = code
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def xls(cells: list[tuple[object, str]]) -> bytes:
    made = xlwt.Workbook()
    page = made.add_sheet("One")
    page.write(0, 0, "Login")
    page.write(0, 1, "Password")
    for row, (value, code) in enumerate(cells, 1):
        style = xlwt.XFStyle()
        style.num_format_str = code
        page.write(row, 0, "ada")
        page.write(row, 1, value, style)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def ods(cells: list[tuple[object, str]]) -> bytes:
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    shown = {(value, code): text for value, code, text, _ in CELLS}
    document = OpenDocumentSpreadsheet()
    table = Table(name="One")
    for row in [("Login", "Password"), *(("ada", cell) for cell in cells)]:
        line = TableRow()
        for cell in row:
            if isinstance(cell, str):
                made = TableCell(valuetype="string")
                made.addElement(P(text=cell))
            elif isinstance(cell[0], datetime.date):
                made = TableCell(valuetype="date", datevalue=cell[0].isoformat())
                made.addElement(P(text=shown[cell]))
            else:
                made = TableCell(valuetype="float", value=str(cell[0]))
                made.addElement(P(text=shown[cell]))
            line.addElement(made)
        table.addElement(line)
    document.spreadsheet.addElement(table)
    file = io.BytesIO()
    document.write(file)
    return file.getvalue()


def zipped(data: bytes, name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, data)
    return file.getvalue()


PASSWORD = ("--kind", "password")


def filter_of(folder: Path, words: list[str]) -> Path:
    """A filter of some passwords."""
    (folder / "known").write_text("".join(f"{word}\n" for word in words))
    made = folder / "known.bloom"
    listed = ("build", folder / "known", "-o", made, *PASSWORD, "--from", "passwords", "--force")
    assert leakcheck(*listed).status == 0
    return made


@pytest.mark.parametrize("within", [False, True], ids=["file", "zip"])
@pytest.mark.parametrize("make", [xlsx, xls, ods])
def test_a_number_is_built_and_asked_in_both_readings(
    make: Callable[[list[tuple[object, str]]], bytes], within: bool, tmp_path: Path
) -> None:
    data = make([(value, code) for value, code, _, _ in CELLS])
    name = f"list.{make.__name__}"
    path = tmp_path / ("list.zip" if within else name)
    path.write_bytes(zipped(data, name) if within else data)
    made = tmp_path / "made.bloom"
    built = leakcheck("build", path, "-o", made, *PASSWORD)
    assert built.status == 0, built
    words = [word for _, _, shown, stored in CELLS for word in (shown, stored)]
    given = "".join(f"{word}\n" for word in words).encode()
    checked = leakcheck("check", *PASSWORD, "--from-file", "-", "--in", made, given=given)
    assert f"{len(words)} exposed" in checked.out + checked.err
    for column in (2, 3):  # of what is shown, and of what is stored
        known = filter_of(tmp_path, [cell[column] for cell in CELLS])
        asked = leakcheck("scan", path, *PASSWORD, "--in", known, "--format", "csv")
        assert asked.out.count(",exposed,") == len(CELLS), asked


def test_plain_numbers_are_not_said_to_be_in_doubt(tmp_path: Path) -> None:
    path = tmp_path / "l.xlsx"
    path.write_bytes(xlsx([(12, "General"), (34, "General")]))
    known = filter_of(tmp_path, ["nothing"])
    assert leakcheck("scan", path, *PASSWORD, "--in", known).status == 0


@pytest.mark.parametrize(
    ("value", "code"), [(12345678901234567, "General"), (5.5, "# ?/?"), (5, "[>9]0;000")]
)
def test_a_number_whose_looks_are_not_known_is_never_clean(
    value: float, code: str, tmp_path: Path
) -> None:
    """A scan says unknown, a filter of it is incomplete; other columns do not matter."""
    path, made = tmp_path / "l.xlsx", tmp_path / "made.bloom"
    for columns in (1, 2):
        path.write_bytes(xlsx([("word", "General"), (value, code)], columns))
        known = filter_of(tmp_path, ["word"])
        asked = leakcheck("scan", path, *PASSWORD, "--in", known, "--format", "csv")
        assert asked.status == 1
        assert ",unknown," in asked.out
        assert "give it as text" in asked.out or "keeps 15" in asked.out
        built = leakcheck("build", path, "-o", made, *PASSWORD, "--force")
        assert built.status == 2, built
        assert "incomplete" in built.err or "nothing is written" in built.err, built
    other = Workbook()
    other.active.append(["Login", "Number", "Password"])
    other.active.append(["ada", value, "word"])
    other.active.cell(2, 2).number_format = code
    other.save(path)
    assert leakcheck("build", path, "-o", made, *PASSWORD, "--force").status == 0
    known = filter_of(tmp_path, ["else"])
    assert leakcheck("scan", path, *PASSWORD, "--in", known).status == 0


def test_a_sheet_of_one_column_is_a_list(tmp_path: Path) -> None:
    """A comma or a quotation mark in a password is part of it."""
    words = ["a,b", 'say "hi"', "'plain'", "ends;", "word"] * 3
    cells = [(word, "General") for word in words] + [(1234.5, "#,##0.00"), (7, "000")]
    path, made = tmp_path / "l.xlsx", tmp_path / "made.bloom"
    path.write_bytes(xlsx(cells, 1))
    assert leakcheck("build", path, "-o", made, *PASSWORD, "--from", "passwords").status == 0
    given = "\n".join(["a,b", 'say "hi"', "'plain'", "ends;", "1,234.50", "1234.5", "007", "7"])
    asked = ("check", *PASSWORD, "--from-file", "-", "--from", "passwords", "--in", made)
    checked = leakcheck(*asked, given=given.encode())
    assert "8 exposed" in checked.out + checked.err, checked


def test_a_tabulator_in_a_cell_of_ods_is_kept(tmp_path: Path) -> None:
    data = io.BytesIO(ods([]))
    out = tmp_path / "l.ods"
    with zipfile.ZipFile(data) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "content.xml":
                row = b"</table:table-row>"
                cells = (
                    b'<table:table-row><table:table-cell office:value-type="string"><text:p>ada'
                    b'</text:p></table:table-cell><table:table-cell office:value-type="string">'
                    b'<text:p>a<text:tab/>b<text:s text:c="2"/>c</text:p></table:table-cell>' + row
                )
                part = part.replace(row, row + cells)
            new.writestr(name, part)
    known = filter_of(tmp_path, ["a\tb  c"])
    assert leakcheck("scan", out, *PASSWORD, "--in", known).status == 1
