"""How the cells of a spreadsheet look: number formats in XLSX and XLS, texts in ODS.

The library that reads cells gives neither. Rows come in step with its own, from
row 1 and column 1. What goes wrong here loses no cell: how it looks is then
not known, as in XLSB.
"""

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, BinaryIO
from xml.etree import ElementTree

from leakcheck.input.number_format import GENERAL
from leakcheck.input.workbook import OLE

_STYLES, _ODS_CONTENT = "xl/styles.xml", "content.xml"
_MOST_STYLES = 8 << 20
_MOST_COLUMNS = 16_384
_USED = re.compile(rb'numFmtId="(\d+)"')
_PLAIN = frozenset((b"0", b"49"))  # no format, and text
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
_TABLE, _TEXT = _OFFICE % "table", _OFFICE % "text"
Row = Sequence[str | None]


class Looks:
    """How the cells of one workbook look.

    Attributes:
        texts: whether rows() gives what the cells show; else it gives their number formats.
        plain: whether no cell has a format of its own, and rows() gives nothing.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.texts = self.plain = False
        self._rows: Callable[[str], Iterator[Row]] = lambda title: iter(())
        self._file = file
        file.seek(0)
        with suppress(Exception):  # damage is told by who reads the cells
            if file.read(8) == OLE:
                self._rows = self._of_xls()
                return
            with zipfile.ZipFile(file) as package:
                names = package.namelist()
                styles = package.open(_STYLES).read(_MOST_STYLES) if _STYLES in names else b""
            if _STYLES not in names:
                self.texts, self._rows = _ODS_CONTENT in names, self._of_ods
            elif _PLAIN.issuperset(_USED.findall(styles)):
                self.plain = True
            else:
                self._rows = self._of_xlsx()

    def rows(self, title: str) -> Iterator[Row]:
        """The rows of a sheet, as far as they can be had; None is an empty cell."""
        with suppress(Exception):
            yield from self._rows(title)

    def _of_xlsx(self) -> Callable[[str], Iterator[Row]]:
        from openpyxl import load_workbook

        book = load_workbook(self._file, read_only=True, data_only=True, keep_links=False)

        def rows(title: str) -> Iterator[Row]:
            sheet = book[title]
            sheet.reset_dimensions()
            for row in sheet.iter_rows():
                yield [
                    None if cell.value is None else cell.number_format or GENERAL for cell in row
                ]

        return rows

    def _of_xls(self) -> Callable[[str], Iterator[Row]]:
        import xlrd

        self._file.seek(0)
        book: Any = xlrd.open_workbook(
            file_contents=self._file.read(), formatting_info=True, on_demand=True
        )
        codes = {at: book.format_map[one.format_key].format_str
                 for at, one in enumerate(book.xf_list)}  # fmt: skip

        def rows(title: str) -> Iterator[Row]:
            sheet = book.sheet_by_name(title)
            for at in range(sheet.nrows):
                yield [codes.get(cell.xf_index, GENERAL) for cell in sheet.row(at)]

        return rows

    def _of_ods(self, title: str) -> Iterator[Row]:
        with zipfile.ZipFile(self._file) as package, package.open(_ODS_CONTENT) as content:
            yield from _texts_of(content, title)


def _texts_of(content: Any, title: str) -> Iterator[Row]:
    """The texts of the cells of one sheet of an ODS."""
    inside = False
    row: list[str | None] = []
    events = ElementTree.iterparse(content, ("start", "end"))  # noqa: S314 - in a child with limits
    for event, element in events:
        if event == "start":
            if element.tag == _TABLE + "table":
                inside = element.get(_TABLE + "name") == title
            continue
        if element.tag in (_TABLE + "table-cell", _TABLE + "covered-table-cell"):
            if inside:
                text = "\n".join(_paragraph(one) for one in element.findall(_TEXT + "p")) or None
                count = int(element.get(_TABLE + "number-columns-repeated", "1"))
                row += [text] * min(count, _MOST_COLUMNS - len(row))
            element.clear()
        elif element.tag == _TABLE + "table-row":
            if inside:
                while row and row[-1] is None:
                    row.pop()
                for _ in range(int(element.get(_TABLE + "number-rows-repeated", "1"))):
                    yield row
                row = []
            element.clear()
        elif element.tag == _TABLE + "table":
            if inside:
                return
            element.clear()


def _paragraph(element: ElementTree.Element) -> str:
    """The text of a paragraph, blanks and tabulators that are elements included."""
    text = element.text or ""
    if element.tag == _TEXT + "s":
        text = " " * min(int(element.get(_TEXT + "c", "1")), 1 << 16)
    elif element.tag in (_TEXT + "tab", _TEXT + "line-break"):
        text = "\t" if element.tag == _TEXT + "tab" else "\n"
    return text + "".join(_paragraph(one) + (one.tail or "") for one in element)
