"""Ctrl-C leaves a valid report that is marked partial; a crash leaves none."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from people import command

from leakcheck.errors import InputError
from leakcheck.input.lists import ListFile
from leakcheck.records.listing import Listing
from leakcheck.records.rows import Wanted
from leakcheck.scanning.blocks import blocks_of

ROWS = 1_000  # of a kilobyte each: blocks are cut by size


def start(tmp_path: Path, asked: list[object], *outputs: object) -> subprocess.Popen[bytes]:
    words = ["scan", "-", *outputs, *asked]
    return subprocess.Popen(
        [sys.executable, "-m", "leakcheck", *map(str, words)],
        cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def feed(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Write enough rows that some reach the report, then wait until its hidden file has bytes."""
    assert process.stdin is not None
    for _ in range(8):
        process.stdin.write(b"".join(b"user%d@example.org%1000s\n" % (n, b"") for n in range(ROWS)))
    process.stdin.flush()
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        spare = list(folder.glob(".*.partial"))
        if spare and any(path.stat().st_size > 0 for path in spare):
            return
        assert process.poll() is None
        time.sleep(0.05)
    raise AssertionError("nothing was written in a minute")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_a_partial_report(
    tmp_path: Path, asked: list[object], number: signal.Signals
) -> None:
    names = ("r.json", "r.jsonl", "r.csv", "r.html", "r.sarif", "r.xml")
    outputs = [word for name in names for word in ("-o", name)]
    process = start(tmp_path, asked, *outputs)
    feed(process, tmp_path)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2, err
    assert b"partial" in err
    assert b"Traceback" not in err
    assert sorted(os.listdir(tmp_path)) == sorted(names)  # noqa: PTH208
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["partial"] is True
    rows = [result["row"] for result in report["results"]]
    assert rows == list(range(1, len(rows) + 1))
    assert report["summary"]["rows"] == len(rows) > 0
    lines = (tmp_path / "r.jsonl").read_text().splitlines()
    assert json.loads(lines[-1]) == {"partial": True}
    assert len(lines) == len(rows) + 1
    assert (tmp_path / "r.csv").read_text().rstrip('",\r\n').endswith("rows are missing")
    assert b"PARTIAL" in out


def test_a_killed_scan_leaves_no_report(tmp_path: Path, asked: list[object]) -> None:
    process = start(tmp_path, asked, "-o", "r.json")
    feed(process, tmp_path)
    process.kill()
    process.communicate(timeout=60)
    assert not (tmp_path / "r.json").exists()


def test_a_list_that_breaks_off_leaves_no_report(tmp_path: Path, asked: list[object]) -> None:
    listing = tmp_path / "l.json"
    listing.write_text('["bob@acme.fr", "carol@example.org"')
    status, _, err = command("scan", listing, "-o", tmp_path / "r.csv", *asked)
    assert status == 2
    assert "malformed" in err
    assert [path.name for path in tmp_path.iterdir()] == ["l.json"]


def test_a_list_that_shrinks_leaves_no_report(tmp_path: Path) -> None:
    path = tmp_path / "l.txt"
    path.write_bytes(b"user@example.org\n" * 100_000)
    listing = Listing(ListFile(path), Wanted())
    blocks = blocks_of(listing)
    next(blocks)
    os.truncate(path, 1 << 20)
    with pytest.raises(InputError, match="shorter"):
        list(blocks)
    listing.close()


def test_a_closed_pipe_is_no_error(tmp_path: Path, asked: list[object]) -> None:
    listing = tmp_path / "l.txt"
    listing.write_bytes(b"".join(b"user%d@example.org\n" % n for n in range(20_000)))
    words = ["scan", listing, "--format", "jsonl", *asked]
    program = " ".join([sys.executable, "-m", "leakcheck", *map(str, words)])
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {program} | head -1"],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert json.loads(done.stdout)["row"] == 1
    assert done.stderr == b""


def test_a_report_that_cannot_be_written(tmp_path: Path, asked: list[object]) -> None:
    listing = tmp_path / "l.txt"
    listing.write_text("bob@acme.fr\n")
    status, _, err = command("scan", listing, "-o", tmp_path / "none" / "r.csv", *asked)
    assert (status, "cannot be written" in err) == (2, True)
    (tmp_path / "r.csv").write_text("mine")
    assert command("scan", listing, "-o", tmp_path / "r.csv", *asked)[0] == 2
    assert (tmp_path / "r.csv").read_text() == "mine"
    assert command("scan", listing, "-o", tmp_path / "r.csv", "--force", *asked)[0] == 1
