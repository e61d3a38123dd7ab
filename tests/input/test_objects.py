"""Dumps in object storage, from a server on loopback that speaks S3, and one that fails."""

import gzip
import io
import json
import random
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from loopback.objects import Between, Lake, between, pointed, s3_server
from openpyxl import Workbook

from leakcheck.__main__ import run
from leakcheck.building import BuildReport, BuildRequest, build
from leakcheck.errors import InputError, UsageError
from leakcheck.input import Options, ReadError, Skipped, inputs, line_cuts, objects
from leakcheck.storage import stores
from leakcheck.subject.kinds import Kind

TEXT = "".join(f"person{at}@example.org:pw{at}\n" for at in range(40_000)).encode()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of an S3 server with an empty bucket `lake`."""
    with s3_server() as url:
        yield url


@pytest.fixture
def lake(server: str) -> Iterator[Lake]:
    """Where objects are put; the environment names the server."""
    with pointed(server) as found:
        yield found


def made(output: Path, *paths: object, **options: Any) -> BuildReport:
    """A filter of addresses."""
    request = BuildRequest(
        paths=tuple(map(str, paths)), output=output, kind=Kind.EMAIL, force=True, **options
    )
    return build(request, lambda note: None, lambda *_: None, lambda *_: None)


def packed() -> bytes:
    """A zip archive with two members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one.txt", "zipped1@example.org\n" * 3)
        archive.writestr(
            "two.txt", random.Random(1).randbytes(100_000) + b"\nzipped2@example.org\n"
        )
    return out.getvalue()


def test_objects_give_the_filter_of_the_same_files(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "_AHEAD_BYTES", 64 << 10)
    files = {
        "plain.txt": TEXT,
        "sub/some.gz": gzip.compress(TEXT[:100_000].replace(b"person", b"other"), mtime=0),
        "sub/many.zip": packed(),
        "empty": b"",
    }
    for name, data in files.items():
        lake(f"dumps/{name}", data)
        path = tmp_path / "dumps" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    lake("dumps-of-others/x.txt", b"not@example.net\n")
    near = made(tmp_path / "near.bloom", tmp_path / "dumps")
    far = made(tmp_path / "far.bloom", "s3://lake/dumps/")
    assert (tmp_path / "far.bloom").read_bytes() == (tmp_path / "near.bloom").read_bytes()
    assert far.records == near.records
    assert sorted(tally.name for tally in far.inputs) == sorted(
        tally.name.replace(f"{tmp_path}/", "s3://lake/") for tally in near.inputs
    )
    assert not far.failures
    assert len(made(tmp_path / "far.bloom", "s3://lake/dumps/plain.txt").inputs) == 1
    assert made(tmp_path / "far.bloom", "s3://lake/dumps").records == near.records


def test_what_is_not_there_is_a_sentence(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such object, and none below it"):
        made(tmp_path / "x.bloom", "s3://lake/nowhere")
    with pytest.raises(InputError, match="s3://sea/x: "):
        made(tmp_path / "x.bloom", "s3://sea/x")
    assert not list(tmp_path.iterdir())


def test_without_the_library_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    stores.opened.cache_clear()
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(UsageError, match="pip install obstore"):
        made(tmp_path / "x.bloom", "s3://lake/x")


def test_an_object_that_is_replaced_is_told(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "_AHEAD_BYTES", 4096)
    lake("moving.txt", TEXT)
    skipped: list[Skipped] = []
    for item in inputs(["s3://lake/moving.txt"], Options(skipped=skipped.append)):
        stream = item.open()
        stream.read(100)
        lake("moving.txt", TEXT.upper())
        while stream.read(1 << 20):
            pass
    assert [(one.reason, one.lost) for one in skipped] == [
        ("it was replaced while it was read: the new file is not read", True)
    ]


def test_an_object_that_ends_early_is_an_error(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "_AHEAD_BYTES", 4096)
    lake("cut.txt", TEXT)
    item = next(inputs(["s3://lake/cut.txt"]))
    stream = item.open()
    stream.read(100)
    lake("cut.txt", TEXT[:200])
    with pytest.raises(ReadError):
        stream.readall()


def test_an_object_that_goes_before_it_is_read_is_lost_and_told(lake: Lake, tmp_path: Path) -> None:
    lake("going/a.txt", TEXT)
    lake("going/b.txt", TEXT)
    skipped: list[Skipped] = []
    for item in inputs(["s3://lake/going"], Options(skipped=skipped.append)):
        assert item.open().read(100)
        lake.delete("going/b.txt")
    assert [(one.name, one.lost) for one in skipped] == [("s3://lake/going/b.txt", True)]
    assert skipped[0].reason == "it cannot be read: there is no such bucket or object"


def test_parts_of_an_object_are_those_of_the_file(lake: Lake, tmp_path: Path) -> None:
    lake("parts.txt", TEXT)
    (tmp_path / "parts.txt").write_bytes(TEXT)
    cuts = line_cuts("s3://lake/parts.txt", 300_000)
    assert len(cuts) > 2
    assert cuts == line_cuts(str(tmp_path / "parts.txt"), 300_000)


def workbook() -> bytes:
    """A sheet with two people."""
    book, out = Workbook(), io.BytesIO()
    for row in (["name", "email"], ["One", "person1@example.org"], ["No", "no@example.net"]):
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def test_lists_are_read_where_they_lie(
    lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dump, known = tmp_path / "dump.txt", tmp_path / "known.bloom"
    dump.write_bytes(TEXT[:2_000])
    made(known, dump)
    table = b"name,email\nOne,person1@example.org\nNo,no@example.net\n"
    lake("people/table.csv", table)
    lake("people/packed", gzip.compress(table))
    lake("people/book.xlsx", workbook())
    for url in ("table.csv", "packed", "book.xlsx"):
        assert scanned(capsys, f"s3://lake/people/{url}", known) == (1, ["exposed", "clean"])
    status, verdicts = scanned(capsys, "s3://lake/people/", known)
    assert (status, verdicts) == (1, 3 * ["exposed", "clean"])
    assert run(["check", "--from-file", "s3://lake/people/table.csv", "--in", str(known)]) == 1
    assert "person1@example.org: exposed" in capsys.readouterr().out
    assert run(["hunt", str(dump), "--watch", "s3://lake/people/packed"]) == 1
    assert "person1@example.org" in capsys.readouterr().out


def test_a_list_that_is_not_there_is_a_sentence(
    lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dump, known = tmp_path / "dump.txt", tmp_path / "known.bloom"
    dump.write_bytes(TEXT[:2_000])
    made(known, dump)
    lake("lists/empty.csv", b"")
    lake("lists/cut.gz", gzip.compress(TEXT)[:-9_000])
    for command, message in {
        ("scan", "s3://lake/lists/no.csv"): "s3://lake/lists/no.csv: there is no such object",
        ("check", "--from-file", "s3://lake/lists/no.csv"): "there is no such object",
        ("check", "--from-file", "s3://lake/lists"): "this is a folder",
        ("scan", "s3://lake/lists/empty.csv"): "the list is empty",
        ("scan", "s3://lake/lists/cut.gz"): "the gzip data is cut short",
    }.items():
        assert run([*command, "--in", str(known)]) == 2, command
        assert message in capsys.readouterr().err


def scanned(capsys: pytest.CaptureFixture[str], url: str, known: Path) -> tuple[int, list[str]]:
    """The exit status of a scan, and the verdict of each row."""
    status = run(["scan", url, "--in", str(known), "--format", "json"])
    return status, [row["verdict"] for row in json.loads(capsys.readouterr().out)["results"]]


@pytest.mark.parametrize(
    "line",
    [
        ["check", "--from-file", "s3://lake/list"],
        ["check", "--hashes-from", "s3://lake/list"],
        ["scan", "s3://lake/list"],
        ["scan", "s3://lake/"],
        ["scan", "list", "S3://lake/list"],
    ],
    ids=" ".join,
)
def test_offline_no_list_is_asked_of_a_store(
    line: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list").write_text("hunter2\n")
    asked: list[str] = []
    monkeypatch.setattr(stores, "opened", asked.append)
    assert run([*line, "--kind", "password", "--offline"]) == 2
    assert "--offline forbids asking s3://lake/" in capsys.readouterr().err
    assert asked == []


def test_what_needs_a_file_is_told(lake: Lake, tmp_path: Path) -> None:
    lake("some.7z", b"7z\xbc\xaf\x27\x1c" + bytes(100))
    skipped: list[Skipped] = []
    assert not list(inputs(["s3://lake/some.7z"], Options(skipped=skipped.append)))
    assert [one.lost for one in skipped] == [True]
    assert "download it first" in skipped[0].reason


def test_a_store_that_stumbles_is_asked_again(server: str, lake: Lake, tmp_path: Path) -> None:
    lake("stumbling/plain.txt", TEXT)
    told = Between(lambda method, path, count: 503 if count < 2 else None)
    with between(server, told), pointed(server, told.url):
        report = made(tmp_path / "out.bloom", "s3://lake/stumbling/")
    assert report.records == 40_000
    assert not report.failures
    assert len(told.seen) > 4


def test_a_mark_is_the_same_where_a_store_puts_it_in_quotes_only_sometimes() -> None:
    """As Azure does: in the answer about an object, and not in a list of them."""
    row = {"size": 3, "last_modified": datetime.now(UTC), "path": "x"}
    marks = {
        stores._described("az://lake/x", row | {"e_tag": tag}).mark for tag in ('"0x8D"', "0x8D")
    }
    assert len(marks) == 1
    assert stores._described("az://lake/x", row | {"e_tag": "0x8E"}).mark not in marks


def test_credentials_in_a_url_are_never_shown(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="credentials in the environment") as told:
        made(tmp_path / "x.bloom", "s3://AKIAKEY:secret@lake/x")
    assert "secret" not in str(told.value)
    assert "AKIAKEY" not in str(told.value)


@pytest.mark.parametrize("token", ["sig", "X-Amz-Signature", "x-goog-signature"])
@pytest.mark.parametrize(
    "line",
    [
        ["check", "--from-file", "URL"],
        ["check", "a@example.org", "--in", "URL"],
        ["scan", "--kind", "password", "URL"],
        ["scan", "--kind", "password", "URL", "URL/2"],
        ["hunt", "URL", "--watch", "acme.fr"],
        ["hunt", "dump.txt", "--watch", "URL"],
        ["build", "URL", "-o", "x.bloom", "--kind", "email"],
        ["build", "dump.txt", "-o", "URL", "--kind", "email"],
        ["build", "dump.txt", "-o", "x.bloom", "--rejects", "URL", "--kind", "email"],
        ["info", "URL"],
    ],
    ids=lambda line: " ".join(line) if isinstance(line, list) else None,
)
def test_a_signed_url_is_refused_and_not_shown(
    line: list[str],
    token: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dump.txt").write_text("a@example.org\n")
    url = f"az://lake/dump.txt?sv=2024&{token}=hush-hush"
    assert run([url if word == "URL" else word.replace("URL", url) for word in line]) == 2
    told = "".join(capfd.readouterr())
    assert "credentials in the environment" in told
    assert "hush-hush" not in told
