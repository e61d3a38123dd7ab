"""Clean rows that the engine writes together are what the writers make of them one by one."""

import csv
import io
import json
import re
from array import array
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from people import command, make_filter

from leakcheck.scanning import report_rows
from leakcheck.subject.digests import sha1
from leakcheck.subject.kinds import Kind

_native = pytest.importorskip("leakcheck._native")

FORMATS = ("csv", "tsv", "excel", "json", "jsonl", "html")
ODD = ("", "a", "=1+1", "+33 6 12", "-5", "-5.5e3", "+1,5", "@x", "% of", "|", "'", " a", "x" * 61)
ODD += ('"a ""b"" c"', '"x, y"', '"a;b\tc"', "<b>&amp;'", "a\\b", "naïve", "\u202eabc", "a\u2028b")
ODD += ("x" * 2000, "é" * 1001, "a\x7fb", "\xa0a", "\u0661", "+\u0661", "＝1", '"<>&" x' * 9, "\t=")
SUBJECTS = ("a@b.fr", " A@B.fr ", "hit@b.fr", "none", "@b.fr", "x@é.fr", "a+b@gmail.com", "=q@b.fr")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_filter(tmp_path_factory.mktemp("rows") / "f.bloom", ["hit@b.fr"], date="2024-01-01")


def report(path: Path, form: str, *more: object) -> str:
    """A report without the time at which it was made."""
    status, out, err = command("scan", path, "--format", form, *more)
    assert status in (0, 1, 2), err
    assert "fault" not in err
    return re.sub(r'<p class="when">[^<]*|\d{4}-\d\d-\d\dT[\d:]{8}[+-]\d\d:\d\d', "", out)


def both(path: Path, form: str, *more: object) -> tuple[str, str, list[str]]:
    """The report as it is; as it is row by row; and the texts that the engine wrote."""
    written: list[str] = []
    real = _native.clean_rows

    def noted(*given: Any) -> Any:
        found = real(*given)
        written.extend(found[0] if found else ())
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report_rows, "clean_rows", noted)
        together = report(path, form, *more)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report_rows, "clean_rows", lambda *given: None)
        return together, report(path, form, *more), written


@given(
    rows=st.lists(
        st.tuples(st.sampled_from(SUBJECTS), st.sampled_from(ODD), st.sampled_from(ODD) | st.text())
        .map(list)
        .flatmap(lambda cells: st.sampled_from((cells, cells[:2], [*cells, "more"]))),
        min_size=1,
        max_size=12,
    ),
    form=st.sampled_from(FORMATS),
    header=st.sampled_from(("mail,team,mail code", "mail,token,team", "team,mail,team")),
    end=st.sampled_from(("\n", "\r\n")),
    more=st.sampled_from(((), ("--only", "clean"), ("--redact",), ("--only", "exposed"))),
)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_rows_together_are_rows_one_by_one(
    rows: list[list[str]],
    form: str,
    header: str,
    end: str,
    more: tuple[str, ...],
    tmp_path: Path,
    known: Path,
) -> None:
    path = tmp_path / "list.csv"
    text = end.join([header, "p@example.org,x,y", *map(",".join, rows)]) + end
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    together, apart, _ = both(path, form, "--column", "mail", "--in", known, *more)
    assert together == apart


@pytest.mark.parametrize("form", FORMATS)
def test_every_character_is_written_as_the_writers_write_it(
    form: str, tmp_path: Path, known: Path
) -> None:
    ranges = (
        (0x20, 0x3100),
        (0x4DB0, 0x4E10),
        (0x9FD0, 0xAC10),
        (0xD790, 0xD800),
        (0xFE00, 0xFF70),
    )
    ranges += ((0xE000, 0xE010), (0xFFE0, 0x10010), (0x1F600, 0x1F610))
    marks = [chr(at) for first, last in ranges for at in range(first, last)]
    marks = [mark for mark in marks if mark not in ',"\ufeff']  # those end cells, or begin texts
    path = tmp_path / "list.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(("mail", "first", "second"))
        table.writerows((f"p{at}@b.fr", mark, f"a{mark}1") for at, mark in enumerate(marks))
    together, apart, written = both(path, form, "--in", known)
    assert together == apart
    lines = sum(text.count("\n") for text in written)
    assert lines > 1900  # of those of a script, and not of those of which it is not sure


def test_most_rows_of_a_list_are_written_together(tmp_path: Path, known: Path) -> None:
    rows = [f"{at},P{at}@B.fr,+33 {at},x" for at in range(20_000)]
    rows[7] = "7,hit@b.fr,,x"
    rows[9] = "9,nobody,,x"
    path = tmp_path / "list.csv"
    path.write_text("\n".join(["id,mail,phone,token", *rows]))
    together, apart, written = both(path, "jsonl", "--in", known)
    assert together == apart
    assert sum(text.count("\n") for text in written) == 19_998
    found = [json.loads(line) for line in together.splitlines()]
    assert [row["row"] for row in found] == list(range(2, 20_002))
    assert found[7]["verdict"] == "exposed"
    assert found[9]["verdict"] == "unknown"
    last = found[-1]
    assert last["subject"] == "p19999@b.fr"
    assert last["columns"] == {"id": "19999", "phone": "+33 19999", "token": "•••"}


def test_lines_of_a_text_are_written_together(tmp_path: Path, known: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("".join(f"P{at}@b.fr \r\n" for at in range(50)) + "\r\nhit@b.fr\r\n")
    for form in FORMATS:
        together, apart, written = both(path, form, "--in", known)
        assert together == apart
        assert sum("p49@b.fr" in text for text in written) == 1


def test_a_list_of_secrets_shows_nothing_of_them(tmp_path: Path) -> None:
    known = make_filter(tmp_path / "f.bloom", ["known"], Kind.PASSWORD)
    path = tmp_path / "list.txt"
    path.write_text("".join(f"secret{at}\n" for at in range(50)) + "known\n")
    together, apart, written = both(path, "jsonl", "--kind", "password", "--in", known)
    assert together == apart
    assert "secret" not in together
    assert sum(text.count("\n") for text in written) == 50


CUT = (ord(","), 2, 0)
LAYOUT = [("number", 0, ""), ("subject", 0, ":"), ("cell", 1, ",")]


def test_a_subject_is_what_was_asked_for_and_nothing_else() -> None:
    data = b"A@b.fr,1\nc@d.fr,2\ne@f.fr,3\n"
    digests = sha1(b"a@b.fr") + sha1(b"another") + sha1(b"e@f.fr")
    found = _native.clean_rows(data, CUT, digests, None, b"\0\0\0", 9, LAYOUT, "\n", ",")
    assert found == (["9:a@b.fr,1\n", "11:e@f.fr,3\n"], [1], [True, True, True])
    places = array("I", [0, 0, 1])
    found = _native.clean_rows(data, CUT, digests, places, b"\0\1\1", 9, LAYOUT, "\n", ",")
    assert found == (["9:a@b.fr,1\n", "", ""], [1, 2], [True, True, True])


def test_what_does_not_go_together_is_refused_or_left() -> None:
    given: tuple[Any, ...] = (b"a,1\n", CUT, sha1(b"a"), None, b"\0", 1)
    assert _native.clean_rows(*given, LAYOUT, "\n", "json") is not None
    assert _native.clean_rows(b"a,1\nb,2\n", *given[1:], LAYOUT, "\n", "json") is None
    assert _native.clean_rows(b"a\r,1\n", *given[1:], LAYOUT, "\n", "json") is None
    short = _native.clean_rows(b"a,1\n", CUT, b"short", None, b"\0", 1, LAYOUT, "\n", "json")
    assert short is not None
    assert short[1] == [0]
    for layout, style in (([("cell", 2, "")], "json"), ([("else", 0, "")], "json"), (LAYOUT, "x,")):
        with pytest.raises(ValueError, match="there is no such"):
            _native.clean_rows(*given, layout, "", style)
    with pytest.raises(ValueError, match="in no column"):
        _native.clean_rows(b"a,1\n", (44, 2, 2), *given[2:], LAYOUT, "", "json")


def test_a_csv_report_reads_as_it_was_given(tmp_path: Path, known: Path) -> None:
    path = tmp_path / "list.csv"
    cells = ['say "hi", you', "a;b", "+33 6", "-5", "=1"]
    with path.open("w", newline="") as out:
        csv.writer(out).writerows(
            [["mail", "note"], *([f"p{at}@b.fr", c] for at, c in enumerate(cells))]
        )
    _, out_text, _ = command("scan", path, "--format", "csv", "--in", known)
    found = list(csv.DictReader(io.StringIO(out_text, newline="")))
    assert [row["note"] for row in found] == [*cells[:2], "'+33 6", "-5", "'=1"]


@pytest.mark.parametrize("form", FORMATS)
def test_several_lists_are_told_apart(form: str, tmp_path: Path, known: Path) -> None:
    for name, columns in (('a "b",c.csv', "mail,team"), ("d.csv", "mail,town")):
        rows = "".join(f"p{at}@b.fr,x{at}\n" for at in range(20))
        (tmp_path / name).write_text(f"{columns}\n{rows}hit@b.fr,y\n")
    together, apart, written = both(tmp_path, form, "--in", known)
    assert together == apart
    assert sum(text.count("x19") for text in written) == 2


@pytest.mark.parametrize("form", FORMATS)
def test_rows_of_a_sheet_are_written_together(form: str, tmp_path: Path, known: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["mail", "team", "note"])
    for at in range(1200):
        book.active.append([f"P{at}@b.fr", "x, y" if at % 3 else '"', at])
    book.active["B40"] = "two\nlines"
    book.active["A600"] = "hit@b.fr"
    book.active["A601"] = None
    book.active["C602"] = None
    book.active["D603"] = "more"
    for column in "ABC":
        book.active[f"{column}900"] = None
    path = tmp_path / "list.xlsx"
    book.save(path)
    together, apart, written = both(path, form, "--in", known)
    assert together == apart
    assert sum(text.count("p11") for text in written) >= 90
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("leakcheck.records.listing._RUN", 1 << 30)
        patch.setattr("leakcheck.records.asked.SubjectAsker.run", lambda self, run: None)
        assert report(path, form, "--in", known) == together
