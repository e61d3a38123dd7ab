"""What steers a terminal or turns a line around never leaves the program raw."""

import json
import os
import re
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from program import Result, leakcheck

from leakcheck.wording import json_text, steerless

HOSTILE = "a\x1b[2J\x07\x9b31m\u202e\u2066\u200f\x7f\u2028é"
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
REPORTS = ("table", "csv", "tsv", "json", "jsonl", "html", "sarif", "junit", "summary")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files, members and columns with a hostile name, sound and damaged."""
    top = tmp_path / f"{HOSTILE}-folder"
    top.mkdir()
    (top / f"{HOSTILE}.txt").write_text("ada@example.fr:word\nno\n")
    (top / f"{HOSTILE}.gz").write_bytes(b"\x1f\x8b\x08 no gzip")
    (top / f"{HOSTILE}.zip").write_bytes(b"PK\x03\x04 no zip")
    (top / f"{HOSTILE}-link").symlink_to("nowhere")
    os.mkfifo(top / f"{HOSTILE}-fifo")
    with tarfile.open(top / f"{HOSTILE}.tar", "w") as archive:
        for kind in (tarfile.REGTYPE, tarfile.SYMTYPE):
            entry = tarfile.TarInfo(HOSTILE)
            entry.type = kind
            archive.addfile(entry)
    (top / "list.csv").write_text(f"name{HOSTILE},email\n{HOSTILE},ada@example.fr\n")
    return top


def harmless(result: Result) -> Result:
    """A result that steers nothing; on a terminal, lines may end and columns begin."""
    for text in (result.out, result.err):
        text = text.replace("\r\n", "\n")
        found = STEERING.search(text)
        assert not found, repr(text[max(0, found.start() - 50) : found.end() + 10])
    return result


def test_names_of_files_and_members(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / f"{HOSTILE}.bloom"
    for more in ((), ("--json",), ("--keep-going",)):
        rejects = folder.parent / f"{HOSTILE}.rejects"
        arguments = ("build", folder, "-o", output, "--kind", "email", "--force", *more)
        done = harmless(leakcheck(*arguments, "--rejects", rejects, "--name", HOSTILE))
        assert done.status == (0 if "--keep-going" in more else 2)
        assert not STEERING.search(rejects.read_text())
    if more := leakcheck(*arguments, "--json").out:
        names = [one["name"] for one in json.loads(more)["inputs"]]
        assert str(folder / f"{HOSTILE}.txt") in names  # escaped, not changed
    for command in ("inspect", "info", "verify"):
        path = folder if command == "inspect" else output
        harmless(leakcheck(command, path))
        if command != "verify":
            harmless(leakcheck(command, path, "--json"))
    for name in (f"{HOSTILE}.gz", f"{HOSTILE}.zip", f"{HOSTILE}-fifo", f"none{HOSTILE}"):
        assert harmless(leakcheck("build", folder / name, "-o", "x", "--kind", "email")).status == 2
        assert harmless(leakcheck("inspect", folder / name)).err.count("\n") <= 2
    harmless(leakcheck("merge", output, "-o", tmp_path / "m"))
    harmless(leakcheck("range", "0", "--from", output, "-o", tmp_path / f"{HOSTILE}s", "--json"))
    harmless(leakcheck("range", "1", "--from", output, "-o", tmp_path / f"{HOSTILE}r"))
    for command in (("--json",), ()):
        harmless(leakcheck("check", "ada@example.fr", "--in", output, *command))


@pytest.mark.parametrize("form", REPORTS)
def test_cells_columns_and_hosts_in_reports(form: str, folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "a.bloom"
    done = leakcheck(
        "build", folder / f"{HOSTILE}.txt", "-o", output, "--kind", "email", "--name", HOSTILE
    )
    assert done.status == 0
    for url in (f"http://127.0.0.1:1/{HOSTILE}.bloom", f"http://{HOSTILE}/a.bloom"):
        harmless(leakcheck("scan", folder / "list.csv", "--in", url))
    asked = ("--in", output)
    done = leakcheck("scan", folder / "list.csv", *asked, "--format", form)
    assert done.status == 1
    harmless(done)
    report = tmp_path / "report"
    leakcheck("scan", folder / "list.csv", *asked, "--format", form, "-o", report)
    assert not STEERING.search(report.read_text().replace("\r\n", "\n"))
    if form in ("json", "sarif"):
        json.loads(report.read_text())
    watch = tmp_path / "watch"
    watch.write_text("ada@example.fr\n")
    if form in ("json", "jsonl", "csv", "table"):
        harmless(leakcheck("hunt", folder, "--watch", watch, "--format", form))


@given(st.text())
def test_json_says_the_same_without_what_steers(text: str) -> None:
    for spaced in (False, True):
        shown = json_text({text: [text]}, spaced=spaced)
        assert json.loads(shown) == {text: [text]}
        assert not STEERING.search(shown)
        shown.encode()
    assert not STEERING.search(steerless(text))
    assert [len(steerless(text)), steerless(text).count("\n")] == [len(text), text.count("\n")]
