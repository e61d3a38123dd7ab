"""Rows of a table that are cut many at once are those that are cut one by one."""

import io
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from program import leakcheck

from leakcheck.__main__ import run
from leakcheck.input.streams import ReadError
from leakcheck.records import table
from leakcheck.records.asked import SubjectAsker
from leakcheck.records.columns import Header
from leakcheck.records.formats import Dialect, Form
from leakcheck.records.lines import lines_of
from leakcheck.records.rows import PlainRows, Row, Wanted, one_by_one
from leakcheck.scanning.rows import AllClean
from leakcheck.sources import Source
from leakcheck.verdicts import SourceAnswer, Verdict

CELLS = ("a@b.fr", "a", "", " ", '"b, c"', '"d"', '"two\nlines"', 'odd " mark', '"open', "é\udcff")
ROWS = st.lists(st.sampled_from(CELLS), max_size=4).map(",".join)
LINES = st.lists(ROWS | st.text('a",\r\n\ufeff', max_size=8), max_size=24)
ENDS = st.sampled_from(("\n", "\r\n", "\r"))


def cut(text: str, width: int, monkeypatch: pytest.MonkeyPatch, *, one_by_one: bool) -> object:
    with monkeypatch.context() as patch:
        patch.setattr(table, "_PIECE", 3)
        if one_by_one:
            patch.setattr(table._Cutter, "_each_a_row", lambda self, piece: None)
        source = lines_of(text.encode("utf-8", "surrogateescape"))
        return list(table.cut(source, ",", width))


@given(found=LINES, end=ENDS, width=st.sampled_from((0, 2, 3)))
@settings(max_examples=400, deadline=None)
def test_many_rows_at_once_are_those_cut_one_by_one(found: list[str], end: str, width: int) -> None:
    text = end.join(found)
    with pytest.MonkeyPatch.context() as patch:
        at_once = cut(text, width, patch, one_by_one=False)
        assert at_once == cut(text, width, patch, one_by_one=True)


ODD = (*CELLS[:5], '"é ""x"""', "\x1c", "\u3000a", "b\xa0")
PLAIN = st.lists(
    st.lists(st.sampled_from(ODD), min_size=1, max_size=3).map(",".join), min_size=1, max_size=12
)


@given(found=PLAIN | LINES, end=ENDS)
@settings(max_examples=600, deadline=None)
def test_a_chunk_that_the_engine_cuts_is_as_the_csv_module_cuts_it(
    found: list[str], end: str
) -> None:
    data = end.join(found).encode("utf-8", "surrogateescape")
    dialect = Dialect(Form.CSV, width=2)

    def runs() -> list[Row | PlainRows]:
        return list(table.runs(io.BytesIO(data), dialect, Wanted()))  # type: ignore[arg-type]

    cut_by_engine = runs()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table.extract, "table_column", lambda *given: None)
        cut_by_line = runs()
        columns = [
            [one.column(at) if isinstance(one, PlainRows) else None for at in range(3)]
            for one in cut_by_engine
        ]
    assert list(one_by_one(cut_by_engine)) == list(one_by_one(cut_by_line))
    for one, by_line in zip(cut_by_engine, columns, strict=True):
        if isinstance(one, PlainRows):
            assert [one.column(at) for at in range(3)] == by_line
            alone = PlainRows(1, (), one.count, one._cut, None, one._row)
            assert [alone.row(at) for at in range(one.count)] == one.cells


@pytest.mark.parametrize(
    ("line", "readings"),
    [
        ('1;a@b.fr;"!x";Lyon', ["!x", '"!x"']),  # they may be the word's own
        ('"1";"a@b.fr";"!x";"Lyon"', ["!x"]),
        ('1;"a@b.fr";"!x";"Lyon"', ["!x"]),  # numbers are often left bare
        ('1;a@b.fr;"!;x";Lyon', ["!;x"]),
        ('1;a@b.fr;"""""";Lyon', ['""', '""""""']),
    ],
)
def test_marks_around_one_word_of_several_may_be_its_own(line: str, readings: list[str]) -> None:
    ((cells, others),) = table.cut([f"{line}\n"], ";", 4)
    assert [each[2] for each in (cells, *others)] == readings


def test_rows_that_are_nothing_but_cells_come_together() -> None:
    text = "email,team\n" + "".join(f"p{at}@example.fr,{at}\n" for at in range(60_000))
    dialect = Dialect(Form.CSV, names=("email", "team"), width=2, header=Header.SURE)
    found = list(table.runs(io.BytesIO(text.encode()), dialect, Wanted()))  # type: ignore[arg-type]
    runs = [one for one in found if isinstance(one, PlainRows)]
    assert sum(one.count for one in runs) == 60_000
    assert len({one.number for one in runs}) == len(runs)
    assert runs[-1].column(0) == b"".join(b"%s\n" % cells[0].encode() for cells in runs[-1].cells)
    rows = list(table.read(io.BytesIO(text.encode()), dialect, Wanted()))  # type: ignore[arg-type]
    assert [row.number for row in rows] == list(range(1, 60_002))
    assert rows[-1] == Row(60_001, ("email", "team"), ["p59999@example.fr", "59999"])


def test_what_breaks_off_gives_the_rows_before() -> None:
    def broken() -> object:
        yield from ("a,1\n", "b,2\n")
        raise ReadError("it breaks off")

    rows = table.cut(broken(), ",", 2)  # type: ignore[arg-type]
    assert [next(rows)[0], next(rows)[0]] == [["a", "1"], ["b", "2"]]
    with pytest.raises(ReadError):
        next(rows)


TABLE = (
    'id,email,"street, no",note\n'
    + "".join(f'{at},p{at}@example.fr,"{at}, rue",fine\n' for at in range(1400))
    + "".join(f"{at},p{at}@example.fr,a\x1fb,{at}\n" for at in range(1400, 1450))
    + "".join(f'{at},p{at}@example.fr,=1+1,"a ""b"" \\ c"\n' for at in range(1450, 1500))
    + '1500,nobody,"x, y",=cmd\n1501,,"",\n1502,"p3@example.fr\nq@example.org","two\nlines",\n'
    + "".join(f"{at},P{at}@Example.fr,b\x07ell,é\n" for at in range(1503, 2600))
)


@pytest.mark.parametrize("form", ["csv", "jsonl", "html", "table", "junit", "summary"])
def test_a_report_is_the_same_where_rows_are_asked_one_by_one(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "list.csv").write_text(TABLE, encoding="utf-8", newline="")
    (tmp_path / "dump.txt").write_text("p3@example.fr\np1600@example.fr\n")
    made = leakcheck("build", tmp_path / "dump.txt", "-o", tmp_path / "f.bloom")
    assert made.status == 0, made.err

    def report(name: str) -> str:
        places = [str(tmp_path / one) for one in ("list.csv", "f.bloom", name)]
        asked = ["scan", places[0], "--in", places[1], "-o", places[2], "--format", form]
        assert run(asked) == 1
        text = Path(places[2]).read_text(encoding="utf-8")
        return re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?[+-]\d\d:\d\d", "", text)

    together = report("together")
    monkeypatch.setattr(SubjectAsker, "run", lambda self, run: None)
    monkeypatch.setattr(AllClean, "of", lambda sources: tuple(map(_clean, sources)))
    assert report("apart") == together
    assert "p1600@example.fr" in together or form == "summary"


def _clean(source: Source) -> SourceAnswer:
    return SourceAnswer(source.info, Verdict.CLEAN)


def test_a_run_of_rows_says_how_many_lines_and_marks_there_were() -> None:
    native = pytest.importorskip("leakcheck._native")
    rows = b'a,b\r\n"c","d"\n"e","f"'
    assert native.table_column(rows, ord(","), 1, 7, 5) == (3, 10, 7, b"b\nd\nf\n")
    assert native.table_column(rows, ord(","), None, 7, 5) == (3, 10, 7, b"")
    assert native.table_column(rows, ord(","), 1, 8, 0) is None, "few marks: each is looked at"
