"""Every format of list: every row in the report exactly once, whatever it holds."""

import bz2
import csv
import datetime
import gzip
import io
import json
import lzma
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P
from people import command, make_filter, scan_rows, verdicts

from leakcheck.subject.kinds import Kind

PEOPLE = [
    ["name", "mail", "site"],
    ["Alice", "Alice@Example.fr", "Lyon"],
    ["Bob", "bob@acme.fr", "Orléans"],
    ["Carol", "carol@example.org", ""],
    ["Dave", "", "Brest"],
    ["", "", ""],
    ["Eve", "eve(at)acme.fr", "Metz"],
]
EXPECTED = [
    (2, "alice@example.fr", "exposed"),
    (3, "bob@acme.fr", "exposed"),
    (4, "carol@example.org", "clean"),
    (5, None, "unknown"),
    (7, None, "unknown"),  # what is no address is not shown: it may be anything
]


def delimited(rows: list[list[str]], delimiter: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def write_xlsx(path: Path, sheets: dict[str, list[list[Any]]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)


def write_ods(path: Path, rows: list[list[str]]) -> None:
    book = OpenDocumentSpreadsheet()
    table = Table(name="People")
    for row in rows:
        line = TableRow()
        for cell in row:
            drawn = TableCell(valuetype="string")
            drawn.addElement(P(text=cell))
            line.addElement(drawn)
        table.addElement(line)
    book.spreadsheet.addElement(table)
    book.save(str(path))


def write_people(path: Path, form: str) -> None:
    if form == "xlsx":
        write_xlsx(path, {"People": PEOPLE})
    elif form == "ods":
        write_ods(path, PEOPLE)
    else:
        delimiter, _, encoding = form.partition(" ")
        marks = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
        path.write_bytes(delimited(PEOPLE, marks[delimiter]).encode(encoding or "utf-8"))


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("people.csv", "comma"),
        ("people.csv", "semicolon"),
        ("people.tsv", "tab"),
        ("people.txt", "pipe"),
        ("people.csv", "semicolon utf-8-sig"),
        ("people.csv", "semicolon cp1252"),
        ("people.csv", "tab utf-16"),
        ("people.csv", "comma utf-16-le"),
        ("people.csv", "comma utf-16-be"),
        ("people.xlsx", "xlsx"),
        ("people.ods", "ods"),
        ("no-ending", "xlsx"),
    ],
)
def test_table(tmp_path: Path, asked: list[object], name: str, form: str) -> None:
    path = tmp_path / name
    write_people(path, form)
    rows = scan_rows(path, *asked, status=1)
    assert verdicts(rows) == EXPECTED
    assert rows[0]["columns"] == {"name": "Alice", "site": "Lyon"}
    assert rows[1]["columns"]["site"] == "Orléans"
    assert [one["name"] for one in rows[0]["sources"]] == ["New", "Old", "Undated"]


@pytest.mark.parametrize("array", [True, False])
def test_json(tmp_path: Path, asked: list[object], array: bool) -> None:
    people = [dict(zip(PEOPLE[0], row, strict=True)) for row in PEOPLE[1:]]
    people[0]["extra"] = {"floor": 2}
    text = json.dumps(people, indent=1) if array else "\n".join(map(json.dumps, people))
    path = tmp_path / ("people.json" if array else "people.jsonl")
    path.write_text(text)
    rows = scan_rows(path, *asked, status=1)
    assert verdicts(rows) == [(row - 1, subject, verdict) for row, subject, verdict in EXPECTED]
    assert rows[0]["columns"]["extra.floor"] == "2"


def test_json_of_strings_and_of_rubbish(tmp_path: Path, asked: list[object]) -> None:
    path = tmp_path / "list.jsonl"
    path.write_text('"bob@acme.fr"\n\n{"broken\n17\n"carol@example.org"\n')
    rows = scan_rows(path, *asked, status=1)
    assert [(row["row"], row["verdict"], row["reason"]) for row in rows] == [
        (1, "exposed", None),
        (3, "unknown", "not JSON"),
        (4, "unknown", "neither an object nor a string"),
        (5, "clean", None),
    ]


@pytest.mark.parametrize("text", ['["bob@acme.fr", ', '["bob@acme.fr" "x"]', '["a"] x', "[}"])
def test_broken_json_array_is_an_error(tmp_path: Path, asked: list[object], text: str) -> None:
    path = tmp_path / "list.json"
    path.write_text(text)
    status, out, err = command("scan", path, "--format", "summary", *asked)
    assert (status, out) == (2, "")
    assert "malformed" in err


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_plain_text(tmp_path: Path, asked: list[object], ends: str, last: bool) -> None:
    lines = ["bob@acme.fr", "", "Carol <carol@example.org>", "mailto:zoe@example.org", "nobody"]
    path = tmp_path / "list.txt"
    path.write_bytes((ends.join(lines) + (ends if last else "")).encode())
    assert verdicts(scan_rows(path, *asked, status=1)) == [
        (1, "bob@acme.fr", "exposed"),
        (3, "carol@example.org", "clean"),
        (4, "zoe@example.org", "exposed"),
        (5, None, "unknown"),
    ]


def test_several_addresses_in_a_row_are_all_asked(tmp_path: Path, asked: list[object]) -> None:
    path = tmp_path / "list.txt"
    path.write_text("carol@example.org / bob@acme.fr\n")
    (row,) = scan_rows(path, *asked, status=1)
    assert row["sources"][0]["matched"] == "bob@acme.fr"


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("mail: zoe@example.org\nmail: bob@ac\n me.fr\n\nmail: carol@example.org\n", 2),
        ("mail: bob@\r\n\tac\r\n me.fr\r\nmail: zoe@example.org\r\n", 1),
        ("zoe@example.org\nwrite to bob@acme=\n.fr, or not\n", 2),
        ("x\n" * 200_000 + "mail: bob@ac\n me.fr\n" + "zoe@example.org\n" * 9000, 200_001),
    ],
    ids=["LDIF", "three lines", "quoted-printable", "far down"],
)
def test_an_address_in_folded_lines_belongs_to_the_row_it_begins_in(
    text: str, row: int, tmp_path: Path, asked: list[object]
) -> None:
    path = tmp_path / "list.txt"
    path.write_text(text, newline="")
    rows = {one["row"]: one for one in scan_rows(path, *asked, "--kind", "email", status=1)}
    assert rows[row]["verdict"] == "exposed"
    assert rows[row]["sources"][0]["matched"] == "bob@acme.fr"
    assert "zoe@example.org" in [one["subject"] for one in rows.values()]


_DIRECTORY = """version: 1

dn: uid=bob,dc=acme,dc=fr
cn: Bob
mail: nobody@acme.fr
proxyAddresses: smtp:bob@ac
 me.fr

dn: uid=carol,dc=acme,dc=fr
mail: carol@example.org

dn: uid=dan,dc=acme,dc=fr
cn: Dan

dn: uid=eve,dc=acme,dc=fr
mail: eve@example.org
jpegPhoto:< file:///eve.jpg

dn: uid=bo,dc=acme,dc=fr
mail: bob@acme.fr
jpegPhoto:: damaged!
"""
_BOOK = """BEGIN:VCARD
FN:Bob
EMAIL:nobody@acme.fr
item1.EMAIL;TYPE=work:bob@acme.fr
END:VCARD

BEGIN:VCARD
FN:Carol
EMAIL:carol@example.org
END:VCARD
BEGIN:VCARD
FN:Dan
END:VCARD
BEGIN:VCARD
FN:Eve
EMAIL:eve@example.org
KEY;ENCODING=b:damaged!
END:VCARD
BEGIN:VCARD
EMAIL:bob@acme.fr
"""


@pytest.mark.parametrize("more", [1, 300], ids=["short", "long"])
@pytest.mark.parametrize("text", [_DIRECTORY, _BOOK], ids=["LDIF", "vCard"])
def test_an_entry_is_a_row_with_all_its_addresses(
    text: str, more: int, tmp_path: Path, asked: list[object]
) -> None:
    path = tmp_path / "staff"
    path.write_text("\n".join([text] * more))
    rows = scan_rows(path, *asked, "--kind", "email", status=1)
    assert [(one["subject"], one["verdict"]) for one in rows] == [
        ("nobody@acme.fr, bob@acme.fr", "exposed"),
        ("carol@example.org", "clean"),
        (None, "unknown"),
        ("eve@example.org", "unknown"),
        ("bob@acme.fr", "exposed"),
    ] * more
    assert rows[0]["sources"][0]["matched"] == "bob@acme.fr"
    assert rows[2]["reason"] == "empty"
    assert rows[3]["reason"].startswith("a value in it is ")
    assert "Dan" in rows[2]["columns"].values()
    status, _, err = command("scan", path, *asked, "--kind", "email", "--column", "mail")
    assert (status, err.count("--column is for tables")) == (2, 1)


def test_domains_of_a_directory_are_asked_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "staff.ldif"
    path.write_text(_DIRECTORY)
    domains = make_filter(tmp_path / "d.bloom", ["acme.fr"], Kind.DOMAIN)
    rows = scan_rows(path, "--in", domains, "--kind", "domain", status=1)
    assert len(rows) > 5
    assert (5, "acme.fr", "exposed") in verdicts(rows)


@pytest.mark.parametrize("text", [_DIRECTORY, _BOOK], ids=["LDIF", "vCard"])
def test_a_build_of_entries_takes_what_a_build_of_text_takes(text: str, tmp_path: Path) -> None:
    path = tmp_path / "staff"
    path.write_text(text)
    for kind in ("email", "domain"):
        for form in ((), ("--from", "text")):
            name = tmp_path / f"{kind}{len(form)}.bloom"
            assert command("build", path, "-o", name, "--kind", kind, *form)[0] == 0
        found = [tmp_path / f"{kind}{each}.bloom" for each in (0, 2)]
        assert found[0].read_bytes() == found[1].read_bytes()


def test_an_apostrophe_does_not_make_two_people(tmp_path: Path, asked: list[object]) -> None:
    path = tmp_path / "list.txt"
    path.write_text("o'bob@acme.fr\n")
    assert verdicts(scan_rows(path, *asked, status=0)) == [(1, "o'bob@acme.fr", "clean")]


@pytest.mark.parametrize(
    ("ending", "pack"),
    [
        (".gz", gzip.compress),
        (".bz2", bz2.compress),
        (".xz", lzma.compress),
        (".zst", zstd.compress),
    ],
)
def test_compressed(tmp_path: Path, asked: list[object], ending: str, pack: Any) -> None:
    path = tmp_path / f"people.csv{ending}"
    whole = pack(delimited(PEOPLE, ";").encode())
    path.write_bytes(whole)
    assert verdicts(scan_rows(path, *asked, status=1)) == EXPECTED
    path.write_bytes(whole[:-9])
    status, _, err = command("scan", path, *asked)
    assert status == 2
    assert "cut short" in err or "damaged" in err
    assert path.name in err


def test_stdin(asked: list[object]) -> None:
    status, out, _ = command("scan", "-", "--format", "jsonl", *asked, stdin=b"bob@acme.fr\n")
    assert status == 1
    assert json.loads(out)["subject"] == "bob@acme.fr"


def test_workbook_with_several_sheets(tmp_path: Path, asked: list[object]) -> None:
    path = tmp_path / "book.xlsx"
    sheets: dict[str, list[list[Any]]] = {
        "Notes": [["nothing here", "at all"], ["x", 1]],
        "Lyon": [["name", "mail"], ["Bob", "bob@acme.fr"]],
        "Brest": [["e-mail", "since"], ["zoe@example.org", datetime.date(2020, 1, 2)], [12.0, 3.5]],
    }
    write_xlsx(path, sheets)
    rows = scan_rows(path, *asked, status=1)
    assert [(row["row"], row["columns"]["sheet"], row["verdict"]) for row in rows] == [
        (2, "Lyon", "exposed"),
        (2, "Brest", "exposed"),
        (3, "Brest", "unknown"),
    ]
    assert rows[1]["columns"]["since"] == "2020-01-02"
    assert rows[2]["subject"] is None
    assert [row["row"] for row in scan_rows(path, "--sheet", "Lyon", *asked)] == [2]
    status, _, err = command("scan", path, *asked, "--format", "summary")
    assert "sheet Notes was left out" in command("scan", path, *asked, "--format", "summary")[1]
    status, _, err = command("scan", path, "--sheet", "Paris", *asked)
    assert status == 2
    assert "Lyon, Brest" in err


def test_formula_cells_show_their_value(tmp_path: Path, asked: list[object]) -> None:
    path = tmp_path / "book.xlsx"
    # openpyxl writes no computed values, so nothing vouches for this cell.
    write_xlsx(path, {"S": [["mail"], ["bob@acme.fr"], ['="zoe"&"@example.org"']]})
    rows = scan_rows(path, *asked, status=1)
    assert rows[0]["verdict"] == "exposed"
    assert len(rows) in (1, 2)


def test_columns_can_be_named(tmp_path: Path, asked: list[object]) -> None:
    path = tmp_path / "two.csv"
    path.write_text("work,Home\ncarol@example.org,bob@acme.fr\n")
    assert scan_rows(path, *asked, status=0)[0]["subject"] == "carol@example.org"
    assert scan_rows(path, "--column", "home", *asked, status=1)[0]["subject"] == "bob@acme.fr"
    assert scan_rows(path, "--column", "2", "--header", *asked)[0]["subject"] == "bob@acme.fr"
    both = scan_rows(path, "--column", "work", "--column", "Home", *asked, status=1)
    assert both[0]["sources"][0]["matched"] == "bob@acme.fr"
    status, _, err = command("scan", path, "--column", "nope", *asked)
    assert status == 2
    assert "work, Home" in err
    assert "Home too" in command("scan", path, "--format", "summary", *asked)[1]


@pytest.mark.parametrize(
    "text",
    [
        'n,m\n"Bob,bob@acme.fr\nZoe,zoe@example.org\nCy "C",carol@example.org\n',
        'n,m\n"Bob,bob@acme.fr\nZoe",zoe@example.org\nCy,carol@example.org\n',
        'n,m\nBob "B,bob@acme.fr\n"Zoe"",zoe@example.org\nCy,carol@example.org\n',
    ],
)
def test_a_stray_quote_swallows_nobody(tmp_path: Path, asked: list[object], text: str) -> None:
    path = tmp_path / "q.csv"
    path.write_text(text)
    rows = scan_rows(path, *asked, status=1)
    assert [row["subject"] for row in rows] == [
        "bob@acme.fr",
        "zoe@example.org",
        "carol@example.org",
    ]


def test_a_quoted_cell_may_span_lines(tmp_path: Path, asked: list[object]) -> None:
    path = tmp_path / "q.csv"
    path.write_text('n,m\n"Bob\nB",bob@acme.fr\nCy,carol@example.org\n')
    rows = scan_rows(path, *asked, status=1)
    assert [row["columns"]["n"] for row in rows] == ["Bob\nB", "Cy"]


def test_a_line_without_end_is_a_row(tmp_path: Path, asked: list[object]) -> None:
    path = tmp_path / "long.txt"
    path.write_bytes(b"bob@acme.fr\n" + b"x" * (5 << 20) + b"\ncarol@example.org\n")
    rows = scan_rows(path, *asked, status=1)
    assert [(row["row"], row["verdict"], row["reason"]) for row in rows] == [
        (1, "exposed", None),
        (2, "unknown", "too long"),
        (3, "clean", None),
    ]
    assert rows[1]["subject"] is None


CELL = st.one_of(
    st.sampled_from(["bob@acme.fr", "Alice@Example.fr", "carol@example.org", "@acme.fr", "", " "]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12),
)


@settings(max_examples=60, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=40), form=st.integers(0, 4))
def test_every_row_exactly_once(
    tmp_path: Path, asked: list[object], rows: list[tuple[str, str]], form: int
) -> None:
    """Whatever the cells hold: one report row for each row with content, by its number."""
    path = tmp_path / ("l.csv", "l.csv", "l.jsonl", "l.json", "l.xlsx")[form]
    table = [["mail", "name"], *map(list, rows)]
    if form < 2:
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=",;"[form], quoting=csv.QUOTE_ALL).writerows(table)
        path.write_text(out.getvalue(), newline="")
    elif form == 4:
        table = [list(map(_sheet_safe, row)) for row in table]
        write_xlsx(path, {"S": table})
    else:
        values = [{"mail": mail, "name": name} for mail, name in rows]
        text = "\n".join(map(json.dumps, values)) if form == 2 else json.dumps(values)
        path.write_text(text)
    first = 2 if form in (0, 1, 4) else 1
    expected = [
        number for number, row in enumerate(table[1:], first) if any(c.strip() for c in row)
    ]
    if not expected:
        return
    found = scan_rows(path, "--column", "mail", *asked)
    assert [row["row"] for row in found] == expected


def _sheet_safe(cell: str) -> str:
    """What a spreadsheet file can hold: no control characters; `=` would be a formula."""
    kept = "".join(mark for mark in cell if mark.isprintable())
    return kept.lstrip("=")


@settings(max_examples=60, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(lines=st.lists(st.one_of(CELL, st.binary(max_size=20)), min_size=1, max_size=200))
def test_every_line_exactly_once(
    tmp_path: Path, asked: list[object], lines: list[str | bytes]
) -> None:
    raw = [line if isinstance(line, bytes) else line.encode() for line in lines]
    raw = [line.replace(b"\n", b"").replace(b"\r", b"").replace(b"\0", b"") for line in raw]
    raw = [b"first@example.org", *raw]
    path = tmp_path / "list.txt"
    path.write_bytes(b"\n".join(raw) + b"\n")
    found = command("check", "--from-file", path, "--json", *asked)
    rows = json.loads(found[1])["results"]
    expected = [
        number for number, line in enumerate(raw, 1) if line.decode(errors="replace").strip()
    ]
    assert [row["row"] for row in rows] == expected
    by_number = {row["row"]: row["verdict"] for row in rows}
    for number, line in enumerate(raw, 1):
        if line == b"bob@acme.fr":
            assert by_number[number] == "exposed"


def test_csv_for_excel_has_a_mark_and_the_separator_of_the_locale(
    filters: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("prénom,mail\nZoé,alice@example.fr\n", encoding="utf-8")
    marks = {"fr_FR.UTF-8": ";", "de_DE@euro": ";", "en_US.UTF-8": ",", "C": ","}
    for language, mark in marks.items():
        monkeypatch.setenv("LC_ALL", language)
        report = tmp_path / f"{language}.csv"
        status, _, _ = command("scan", path, "--in", filters["new"], "--excel", "-o", report)
        assert status == 1
        raw = report.read_bytes()
        assert raw.startswith(b"\xef\xbb\xbfrow" + mark.encode())
        assert "Zoé" in raw.decode("utf-8-sig")
    assert command("scan", path, "--in", filters["new"], "--excel")[0] == 2


def test_html_has_the_exposed_first_one_number_and_the_date(
    filters: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "list.txt"
    path.write_text("carol@example.org\nnobody\nalice@example.fr\n")
    _, page, _ = command("scan", path, "--in", filters["new"], "--format", "html")
    body = page.partition("<tbody>")[2]
    places = [body.index(f'verdict {one}"') for one in ("exposed", "unknown", "clean")]
    assert places == sorted(places)
    assert "<strong>1</strong> of 3 exposed" in page
    assert body.count('<tr class="ok">') == 1
    assert re.search(r'class="when">20\d\d-\d\d-\d\d \d\d:\d\d[+-]\d\d:\d\d<', page)


def test_html_links_to_the_breach_by_web_addresses_alone(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("alice@example.fr\n")
    urls = {"https://example.org/breach?a=1&b=2": True, "javascript:alert(1)": False}
    for url, linked in urls.items():
        named = make_filter(
            tmp_path / f"{linked}.bloom", ["alice@example.fr"], name="Acme", url=url
        )
        _, page, _ = command("scan", path, "--in", named, "--format", "html")
        assert ("<a rel" in page) is linked
        assert 'href="javascript' not in page
