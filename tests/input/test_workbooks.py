"""Spreadsheets: recognised by content, read by their cells, in a child with a limit on memory."""

import io
import itertools
import json
import random
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from openpyxl import Workbook
from program import leakcheck
from reading import Texts, read, started

from leakcheck.errors import InputError, UsageError
from leakcheck.input import ReadError, inputs, unpack_sheets, workbook
from leakcheck.input.sheet_looks import Looks
from leakcheck.input.workbook import RowLines, SheetRow
from leakcheck.records.sheet import HEAD_ROWS, sheets_of


def book(*sheets: tuple[str, list[list[object]]]) -> bytes:
    """An XLSX of some sheets."""
    made = Workbook()
    made.remove(made.active)
    for title, rows in sheets:
        page = made.create_sheet(title)
        for row in rows:
            page.append(row)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def ods(rows: list[list[str]]) -> bytes:
    """An ODS of one sheet."""
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    document = OpenDocumentSpreadsheet()
    table = Table(name="One")
    for row in rows:
        line = TableRow()
        for cell in row:
            made = TableCell(valuetype="string")
            made.addElement(P(text=cell))
            line.addElement(made)
        table.addElement(line)
    document.spreadsheet.addElement(table)
    file = io.BytesIO()
    document.write(file)
    return file.getvalue()


STAFF: list[list[object]] = [
    ["Name", "E-mail", "Password"],
    ["Ada", "ada@example.fr", 'with "quotes", a comma\nand a line'],
    [],
    ["Ben", "ben@example.org", 12.0],
]
CSV = (
    b"Name,E-mail,Password\n"
    b'Ada,ada@example.fr,"with ""quotes"", a comma\nand a line"\n'
    b"\n"
    b"Ben,ben@example.org,12\n"
)


def whole(texts: Texts) -> bool:
    """Whether nothing was said to be wrong."""
    return not texts.broken and not texts.lost


def test_sheets_are_read_as_tables(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(book(("Staff", STAFF), ("Empty", []), ("Other", [["x"]])))
    texts = read(path)
    assert whole(texts)
    assert texts == {f"{path}/Staff": CSV, f"{path}/Empty": b"", f"{path}/Other": b"x\n"}
    path.write_bytes(ods([["Name", "E-mail"], ["Ada", "ada@example.fr"]]))
    assert read(path) == {f"{path}/One": b"Name,E-mail\nAda,ada@example.fr\n"}


def test_a_build_takes_the_cells(tmp_path: Path) -> None:
    """Of a table the column of passwords, of all cells the addresses; nothing is incomplete."""
    path, made = tmp_path / "employees.xlsx", tmp_path / "o.bloom"
    path.write_bytes(book(("Staff", [["Name", "E-mail", "Password"], *STAFF[3:]] * 2)))
    for kind, inside, outside in (
        ("email", b"ben@example.org\n", b"ada@example.fr\n"),
        ("password", b"12\n", b"Ben\n"),
    ):
        done = leakcheck("build", path, "-o", made, "--kind", kind, "--force")
        assert (done.status, "incomplete" in done.err) == (0, False)
        for given, status in ((inside, 1), (outside, 0)):
            more = ("--kind", kind, "--from-file", "-", "--in", made)
            assert leakcheck("check", *more, given=given).status == status


def test_what_is_no_part_of_the_spreadsheet_is_read_too(tmp_path: Path) -> None:
    data = io.BytesIO(book(("Staff", STAFF)))
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr("hidden/passwords.txt", b"eve@example.com:word\n")
    path = tmp_path / "dump"
    path.write_bytes(data.getvalue())
    assert list(read(path).values()) == [CSV, b"eve@example.com:word\n"]
    path.write_bytes(data.getvalue() + b"eve@example.com")
    assert "outside its directory" in str(read(path).lost)


def test_within_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "dump.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("staff.xlsx", book(("Staff", STAFF)))
        archive.writestr("last.txt", b"x\n")
    texts = read(path)
    assert list(texts.values()) == [CSV, b"x\n"]
    assert whole(texts)


def test_documents_that_are_no_spreadsheets(tmp_path: Path) -> None:
    """A zip with such a name in it stays a zip, another file of old Office stays as it is."""
    path = tmp_path / "dump"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", b"<x/>")
        archive.writestr("word/document.xml", b"ada@example.fr\n")
    assert list(read(path).values()) == [b"<x/>", b"ada@example.fr\n"]
    old = workbook.OLE + bytes(504) + b"ada@example.fr\n" * 9000
    path.write_bytes(old)
    assert list(read(path).values()) == [old]
    with zipfile.ZipFile(tmp_path / "z", "w") as archive:
        archive.writestr("old.doc", old)
    assert list(read(tmp_path / "z").values()) == [old]


CELLS = '<c r="{}" t="inlineStr"><is><t>ada@example.fr</t></is></c>'


def with_sheet(xml: str, strings: str = "") -> bytes:
    """An XLSX whose sheet, and shared strings, are written by hand."""
    plain = io.BytesIO(book(("Staff", [["ada@example.fr"]])))
    out = io.BytesIO()
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name.startswith("xl/worksheets/sheet"):
                data = f"<worksheet {space}><sheetData>{xml}</sheetData></worksheet>".encode()
            elif name == "xl/sharedStrings.xml" and strings:
                data = f"<sst {space}>{strings}</sst>".encode()
            new.writestr(name, data)
    return out.getvalue()


def far(last: str) -> bytes:
    """A sheet whose used range goes from A1 to a far cell."""
    row = int("".join(filter(str.isdigit, last)))
    return with_sheet(
        f'<row r="1">{CELLS.format("A1")}</row><row r="{row}">{CELLS.format(last)}</row>'
    )


def shared(length: int, cells: int) -> bytes:
    """One long text in many cells."""
    rows = "".join(f'<row r="{at}"><c r="A{at}" t="s"><v>0</v></c></row>' for at in range(1, cells))
    return with_sheet(rows, f"<si><t>{'x' * length}</t></si>")


@pytest.mark.parametrize(
    "data", [lambda: far("XFD1048576"), lambda: shared(200_000, 20_000)], ids=["range", "strings"]
)
def test_a_small_file_that_asks_for_all_memory_is_damage(
    data: object, tmp_path: Path, asked: Path
) -> None:
    path = tmp_path / "bomb.xlsx"
    path.write_bytes(data())  # type: ignore[operator]
    assert path.stat().st_size < 200_000
    texts = read(path)
    assert "memory" in str(texts.lost) + str(texts.broken)
    (tmp_path / "watch").write_text("ada@example.fr\n")
    for command in (
        ("scan", path, "--in", asked),
        ("build", path, "-o", tmp_path / "o.bloom", "--kind", "email", "--force"),
        ("hunt", path, "--watch", tmp_path / "watch"),
    ):
        done = leakcheck(*command)
        assert done.status in ((2,) if command[0] != "hunt" else (1, 2)), done
        assert "Traceback" not in done.err
        assert "fault" not in done.err


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filter to ask."""
    folder = tmp_path_factory.mktemp("asked")
    (folder / "d").write_text("ada@example.fr:x\n")
    made = leakcheck("build", folder / "d", "-o", folder / "a.bloom", "--kind", "email")
    assert made.status == 0
    return folder / "a.bloom"


def test_a_far_cell_costs_little_and_is_read(tmp_path: Path, asked: Path) -> None:
    path = tmp_path / "far.xlsx"
    path.write_bytes(far("A1048576"))
    (text,) = read(path).values()
    assert text.startswith(b"ada@example.fr\n")
    assert text.endswith(b"\nada@example.fr\n")
    assert text.count(b"\n") == 1_048_576
    path.write_bytes(far("A20000"))
    done = leakcheck("scan", path, "--in", asked, "--format", "jsonl")
    assert done.status == 1
    assert '"row":20000' in done.out


def test_damaged_workbooks_are_said(tmp_path: Path) -> None:
    """No flipped byte ends in a fault; other cells than the true ones come only with a word."""
    data = book(("Staff", STAFF * 5))
    rng = random.Random(7)
    path = tmp_path / "dump"
    for _ in range(12):
        changed = bytearray(data)
        for _ in range(3):
            changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        texts = read(path)
        assert not whole(texts) or CSV * 5 in texts.values()
    path.write_bytes(data[: len(data) // 2])
    assert not whole(read(path))


def one_by_one(rows: Iterable[SheetRow]) -> Iterator[list[str]]:
    """The rows of a sheet, those that came together as well."""
    for row in rows:
        yield from row.rows() if isinstance(row, RowLines) else (row,)


ODD = [
    "\n",
    "\r",
    '"',
    "\x1f",
    "\ufeff",
    "\0",
    "\x1fa",
    "a\x1f",
    "a\nb",
    'a"b',
    " ",
    "",
    ",",
    "é",
    "\ud800",
]


@pytest.mark.parametrize("shown", ["stored", "shown"])
def test_rows_of_text_come_as_lines_and_say_the_same(shown: str) -> None:
    rng = random.Random(5)
    for first, odd in ((0, 0.0), (2, 0.001), (0, 0.02), (1, 0.5)):
        cells = [[rng.choice(ODD) if rng.random() < odd else f"c{at}" for at in range(3)]
                 for _ in range(1500)]  # fmt: skip
        sheet = Sheet(first, cells)
        looks = Looks(io.BytesIO(book(("s", [["x"]])))) if shown == "shown" else None
        frames = list(unpack_sheets._batches(sheet, looks))
        found: list[list[str]] = []
        for what, content in frames:
            for row in RowLines(content).rows() if what == workbook.LINES else json.loads(content):
                found += [[]] * row if isinstance(row, int) else [row]
        expected = [([""] * first + row if any(row) else []) for row in map(without_end, cells)]
        while not expected[-1]:
            expected.pop()
        assert found == expected
        assert any(what == workbook.LINES for what, _ in frames) == (odd < 0.1)


def without_end(row: list[str]) -> list[str]:
    """A row without the empty cells at its end."""
    return row[: max((at + 1 for at, cell in enumerate(row) if cell), default=0)]


class Sheet(NamedTuple):
    """A sheet as the library gives it."""

    first: int
    cells: list[list[str]]
    name: str = "s"

    @property
    def start(self) -> tuple[int, int]:
        """The first row and column used."""
        return 0, self.first

    def iter_rows(self) -> Iterator[list[str]]:
        """Every row."""
        return iter(self.cells)


NO_LINES = (
    *(b"", b"a", b"\n", b"a\n\nb\n", b"\na\n"),
    *(b"\xff\n", b"a\r\n", b'"\n', b"\0\n", b"\xef\xbb\xbfa\n"),
)


@pytest.mark.parametrize("sent", NO_LINES)
def test_lines_that_are_none_are_damage(sent: bytes) -> None:
    with pytest.raises(ReadError):
        RowLines(sent)


def test_rows_can_be_read_again() -> None:
    many: list[list[object]] = [[f"user{at}@example.fr", at] for at in range(3000)]
    content = book(("One", many), ("None", []), ("Two", many[:5]), ("Last", many))
    found = list(sheets_of(content, "x", None))
    assert [sheet.name for sheet in found] == ["One", "Two", "Last"]
    expected = [[str(cell) for cell in row] for row in many]
    for sheet, rows in zip(found, (expected, expected[:5], expected), strict=True):
        assert sheet.rows.head == rows[:HEAD_ROWS]
        assert list(itertools.islice(one_by_one(sheet.rows), 2000)) == rows[:2000]
        assert list(one_by_one(sheet.rows)) == rows
        assert list(one_by_one(sheet.rows)) == rows
    (only,) = sheets_of(content, "x", "Last")
    assert list(one_by_one(only.rows)) == expected
    with pytest.raises(UsageError, match="choose from One, None, Two, Last"):
        list(sheets_of(content, "x", "Three"))
    with pytest.raises(InputError, match="cannot be read"):
        list(sheets_of(content[:2000], "x", None))


def test_a_single_sheet_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = started(monkeypatch)
    (sheet,) = sheets_of(book(("One", [["x"]] * 3000)), "x", None)
    assert len(list(one_by_one(sheet.rows))) == 3000
    assert len(begun) == 1


def test_leaving_a_workbook_early_ends_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    children = started(monkeypatch)
    path = tmp_path / "dump"
    path.write_bytes(book(("One", [["x" * 1000]] * 3000), ("Two", [["x"]])))
    texts = inputs([str(path)])
    assert next(texts).open().read(5)
    texts.close()  # type: ignore[attr-defined]
    assert [one.ended for one in children] == [True]
