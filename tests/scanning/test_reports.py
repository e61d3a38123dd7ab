"""Reports: valid against the published schemas, safe to open, whole or not there."""

import csv
import hashlib
import html.parser
import io
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import jsonschema
import pytest
import xmlschema
from people import command, make_filter

from leakcheck.errors import UsageError
from leakcheck.reports import (
    FORMATS,
    Chart,
    Column,
    Finding,
    Location,
    Meta,
    ReportRow,
    Rule,
    Summary,
    writer_for,
)
from leakcheck.reports.delimited import guard
from leakcheck.reports.output import Reports, targets
from leakcheck.subject.kinds import Kind

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(1)",
    "-2+3",
    "\t=1",
    "<script>alert(1)</script>",
    "]]>\"'&",
    "\x00\x1b[31m\x07",
    "\ud800 lone",
    "\u202e right to left",
    "﷐￾ no characters",
    "line\none",
]
META = Meta(
    "A <title> & more",
    (Column("row", "Row", style="number"), Column("text", "Text"), Column("verdict", "Verdict")),
    "leakcheck test",
    {"list": "a <list>"},
    (Rule("leakcheck/exposed", "Exposed", "Change it."), Rule("leakcheck/unknown", "None", "x")),
)

SCHEMAS = Path(__file__).parent.parent / "schemas"


def hostile_rows() -> list[ReportRow]:
    rows = [ReportRow({"row": 0, "text": "fine", "verdict": "clean"}, case="row 0")]
    for number, text in enumerate(HOSTILE, 1):
        level = "error" if number % 2 else "warning"
        rule = "leakcheck/exposed" if number % 2 else "leakcheck/unknown"
        place = Location(f"dir é/{text}", number, number + 1) if number % 3 else None
        finding = Finding(rule, f"found {text}", level, place, f"{number:016x}")
        rows.append(ReportRow({"row": number, "text": text, "verdict": "exposed"}, finding, text))
    return rows


def written(name: str, rows: list[ReportRow], *, partial: bool = False) -> str:
    """What a writer writes, as it arrives in a file."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, "utf-8", "backslashreplace", newline="")
    writer = writer_for(name)(out)
    writer.begin(META)
    for row in rows:
        writer.row(row)
    charts = (Chart("By <source>", (("a & b", 3), ("c", 0))), Chart("Empty", ()))
    writer.end(Summary({"rows": len(rows)}, ("A line.",), charts, ("Do <this>.",), partial))
    out.flush()
    return text_of(raw.getvalue())


def text_of(report: bytes) -> str:
    """A report's text; of a workbook, what its parts say."""
    if not report.startswith(b"PK"):
        return report.decode()
    with zipfile.ZipFile(io.BytesIO(report)) as parts:
        return "".join(parts.read(name).decode() for name in parts.namelist())


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("rows", [[], hostile_rows()])
def test_sarif_is_valid(rows: list[ReportRow], partial: bool) -> None:
    schema = json.loads((SCHEMAS / "sarif-2.1.0.json").read_text("utf-8"))
    report = json.loads(written("sarif", rows, partial=partial))
    checker = jsonschema.Draft4Validator.FORMAT_CHECKER
    jsonschema.Draft4Validator(schema, format_checker=checker).validate(report)
    (run,) = report["runs"]
    assert len(run["results"]) == sum(row.finding is not None for row in rows)
    assert run["invocations"][0]["executionSuccessful"] is not partial
    for result in run["results"]:
        for place in result.get("locations", []):
            uri = place["physicalLocation"]["artifactLocation"]["uri"]
            assert uri.isascii()
            assert not set(uri) & set(" <>\"'\\^`{|}\x00")


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("rows", [[], hostile_rows(), hostile_rows() * 200])
def test_junit_is_valid(rows: list[ReportRow], partial: bool) -> None:
    schema = xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd")
    text = written("junit", rows, partial=partial)
    schema.validate(text)
    suites = ET.fromstring(text.encode()).findall("testsuite")
    assert sum(int(suite.get("tests", "")) for suite in suites) == len(rows) + partial
    for suite in suites:
        cases = suite.findall("testcase")
        assert len(cases) == int(suite.get("tests", ""))
        failures = [case for case in cases if case.find("failure") is not None]
        assert len(failures) == int(suite.get("failures", ""))
        errors = [case for case in cases if case.find("error") is not None]
        assert len(errors) == int(suite.get("errors", ""))


def test_a_place_in_sarif_has_a_region_where_it_has_a_line() -> None:
    found = []
    for place in (Location("a b.txt", 3, 7), Location("a b.txt", 3), Location("a b.txt")):
        row = ReportRow({}, Finding("exposed", "It is.", location=place), "case")
        result = json.loads(written("sarif", [row]))["runs"][0]["results"][0]
        found.append(result["locations"][0]["physicalLocation"])
    assert {each["artifactLocation"]["uri"] for each in found} == {"a%20b.txt"}
    assert found[0]["region"] == {"startLine": 3, "startColumn": 7}
    assert found[1]["region"] == {"startLine": 3}
    assert "region" not in found[2]


@pytest.mark.parametrize("cell", ["a\x1fb", "a\x1f", "\x1fa", "a\x1f=1+1", "a\x1f\x1fb"])
@pytest.mark.parametrize("name", ["csv", "tsv"])
def test_what_parts_cells_in_passing_is_in_no_cell(name: str, cell: str) -> None:
    column = META.columns[0].name
    text = written(name, [ReportRow({column: cell}, case="case")])
    assert "\x1f" not in text
    assert cell.replace("\x1f", "\ufffd") in text


def test_junit_has_suites_of_a_size_and_says_where_each_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("leakcheck.reports.junit._SUITE", 2)
    for count, sizes in ((0, [0]), (1, [1]), (2, [2]), (3, [2, 1]), (5, [2, 2, 1])):
        text = written("junit", [ReportRow({}, case=f"case {at}") for at in range(count)])
        assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name=')
        suites = ET.fromstring(text.encode()).findall("testsuite")
        assert [int(suite.get("tests", "")) for suite in suites] == sizes
        begins = ["", " (from 3)", " (from 5)"][: len(sizes)]
        assert [suite.get("name") for suite in suites] == [META.title + begin for begin in begins]


def test_junit_says_the_place_as_compilers_do() -> None:
    for place, said in (
        (Location("a.txt", 3, 7), "a.txt:3:7: It is."),
        (Location("a.txt", 3), "a.txt:3: It is."),
        (Location("a.txt"), "a.txt: It is."),
        (None, "It is."),
    ):
        row = ReportRow({}, Finding("exposed", "It is.", location=place), "case")
        (failure,) = ET.fromstring(written("junit", [row]).encode()).iter("failure")
        assert failure.text == said
        assert failure.get("message") == "It is."


@pytest.mark.parametrize("partial", [False, True])
def test_a_code_quality_report_is_what_gitlab_reads(partial: bool) -> None:
    issues = json.loads(written("codequality", hostile_rows(), partial=partial))
    assert len(issues) == len(HOSTILE) + partial
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    for issue in issues:
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert issue["location"]["lines"]["begin"] >= 1
        assert issue["location"]["path"]
        assert issue["description"]
    assert json.loads(written("codequality", [])) == []


@pytest.mark.parametrize("partial", [False, True])
def test_markdown_takes_no_name_for_markdown(partial: bool) -> None:
    text = written("markdown", hostile_rows(), partial=partial)
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(table) == len(HOSTILE) + 2
    for line in table[2:]:
        assert line.count("|") == 3
        assert not set(line) & set("<>`[]*_\\")
    assert ("Interrupted" in text) is partial
    assert "A line." in text


def test_markdown_ends_before_a_page_is_full() -> None:
    text = written("markdown", hostile_rows() * 200)
    assert len(text) < 1_000_000
    assert f"{len(HOSTILE) * 200 - 1000:,} findings more." in text


@pytest.mark.parametrize("partial", [False, True])
def test_json_and_json_lines(partial: bool) -> None:
    rows = hostile_rows()
    report = json.loads(written("json", rows, partial=partial))
    assert report["version"] == 1
    assert report["partial"] is partial
    assert [result["row"] for result in report["results"]] == list(range(len(rows)))
    lines = written("jsonl", rows, partial=partial).splitlines()
    assert [json.loads(line)["row"] for line in lines[: len(rows)]] == list(range(len(rows)))
    assert lines[len(rows) :] == (['{"partial":true}'] if partial else [])


@pytest.mark.parametrize("name", ["csv", "tsv"])
def test_no_cell_is_a_formula(name: str) -> None:
    text = written(name, hostile_rows(), partial=True)
    delimiter = "," if name == "csv" else "\t"
    found = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    assert len(found) == 1 + 1 + len(HOSTILE) + 1
    assert found[-1][0].startswith("partial")
    for cell in (cell for row in found for cell in row):
        assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r")), cell
        assert "\x1b" not in cell
        assert "\x00" not in cell


@pytest.mark.parametrize("text", ["=1+1", " =1+1", "+cmd|' /C calc'!A0", "@SUM(1)", "-1+2", "%x"])
def test_what_would_be_a_formula_is_text(text: str) -> None:
    assert guard(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-5", "+33", "1.5", "-1e-6"])
def test_a_number_stays_one(text: str) -> None:
    assert guard(text) == text


class Page(html.parser.HTMLParser):
    """What is in a page: tags, attributes, and text outside of style and script."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.policy = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attributes
        found = dict(attributes)
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"] or ""


@pytest.mark.parametrize("partial", [False, True])
def test_html_is_self_contained(partial: bool) -> None:
    text = written("html", hostile_rows(), partial=partial)
    page = Page()
    page.feed(text)
    assert page.tags.count("script") == page.tags.count("style") == 1
    assert page.tags.count("tr") == 1 + 1 + len(HOSTILE)
    assert page.policy.startswith("default-src 'none'")
    assert not {"src", "href", "style", "onclick", "onerror"} & {
        name for name, _ in page.attributes
    }
    assert "<script>alert" not in text
    assert ("Partial" in text) is partial
    assert "\x1b" not in text


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_that_it_is_partial(name: str) -> None:
    text = written(name, hostile_rows(), partial=True).lower()
    assert "partial" in text or "interrupted" in text


def test_targets() -> None:
    def pairs(formats: list[str], paths: list[str]) -> list[tuple[str, str | None]]:
        return [
            (target.format, target.path and str(target.path))
            for target in targets(formats, list(map(Path, paths)))
        ]

    assert pairs([], []) == [("table", None)]
    assert pairs(["json"], []) == [("json", None)]
    assert pairs([], ["a.html", "b.csv", "c.sarif.json", "d.xml"]) == [
        ("html", "a.html"),
        ("csv", "b.csv"),
        ("sarif", "c.sarif.json"),
        ("junit", "d.xml"),
    ]
    assert pairs(["html", "csv"], ["a", "b"]) == [("html", "a"), ("csv", "b")]
    assert pairs(["json"], ["-"]) == [("json", None)]
    assert pairs(["html", "table"], ["a.html"]) == [("html", "a.html"), ("table", None)]
    for formats, paths in (
        (["nope"], []),
        (["json", "csv"], []),
        ([], ["a.what"]),
        (["json"], ["a", "b"]),
        ([], ["a.csv", "./a.csv"]),
        (["json", "csv"], ["-", "-"]),
    ):
        with pytest.raises(UsageError):
            pairs(formats, paths)


def test_files_appear_whole_or_not_at_all(tmp_path: Path) -> None:
    wanted = targets([], [tmp_path / "a.csv", tmp_path / "b.html"])
    with pytest.raises(RuntimeError), Reports(wanted) as reports:  # noqa: PT012
        reports.begin(META)
        reports.row(hostile_rows()[0])
        assert not (tmp_path / "a.csv").exists()
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with Reports(wanted) as reports:
        reports.begin(META)
        reports.finish(Summary())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.html"]
    with pytest.raises(UsageError, match="--force"):
        Reports(wanted)
    with Reports(wanted, force=True) as reports:
        reports.begin(META)
        reports.finish(Summary())


FULL = """
import resource, signal, sys
from leakcheck.__main__ import run
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.parametrize("form", ["csv", "jsonl", "html", "xlsx"])
def test_a_disk_that_is_full_is_told_with_the_report_that_it_stopped(
    form: str, tmp_path: Path
) -> None:
    breach = make_filter(tmp_path / "b.bloom", ["alice@example.fr"], name="B")
    listing = tmp_path / "l.txt"
    listing.write_text("".join(f"someone{n}@example.org\n" for n in range(20_000)))
    target = tmp_path / f"report.{form}"
    done = subprocess.run(
        [sys.executable, "-c", FULL, "scan", listing, "--in", breach, "-o", target],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(f"leakcheck: {target}: the report cannot be written: ")
    assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.bloom", "l.txt"]


@pytest.mark.parametrize("form", FORMATS)
def test_no_secret_in_any_report(tmp_path: Path, form: str) -> None:
    """Passwords, their digests, and what stands beside them under a telling name stay out."""
    secret = "s3ntinel-Passw0rd"
    path = make_filter(tmp_path / "p.bloom", [secret], Kind.PASSWORD, name="P")
    (tmp_path / "list.csv").write_text(f"user,password\nbob,{secret}\neve,other-{secret}\n")
    target = tmp_path / "out"
    status, out, err = command(
        "scan", tmp_path / "list.csv", "--kind", "password", "--in", path, "--format", form,
        "-o", target,
    )  # fmt: skip
    assert status == 1
    shown = (out + err + text_of(target.read_bytes())).lower()
    assert "ntinel" not in shown
    assert hashlib.sha1(secret.encode()).hexdigest()[:8] not in shown
    if form in ("table", "csv", "tsv", "json", "jsonl", "html", "xlsx"):
        assert "bob" in shown


def test_html_leaves_out_columns_that_hold_nothing(
    tmp_path: Path, filters: dict[str, Path]
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("mail,team\nalice@example.fr,\nbob@acme.fr,\x1f\n")
    _, page, _ = command("scan", path, "--in", filters["old"], "--format", "html")
    head = page[page.index("<thead>") : page.index("</thead>")]
    assert "Exposed in" in head
    assert "Found as" not in head
    body = page[page.index("<tbody>") : page.index("</tbody>")]
    rows = [line for line in body.splitlines() if line.startswith("<tr")]
    assert len(rows) == 2
    assert {row.count("<td") for row in rows} == {head.count("<th ")}
