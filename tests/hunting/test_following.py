"""A feed followed: real files that grow, are cut, rotated and replaced, over restarts."""

import gzip
import io
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from program import LEAKCHECK, leakcheck

from leakcheck.errors import InputError
from leakcheck.hunting.following import Following, follow
from leakcheck.hunting.hits import Account, meta
from leakcheck.hunting.hunt import Hunt
from leakcheck.hunting.pipeline import Hunter
from leakcheck.hunting.state import HuntState
from leakcheck.hunting.watch import Watch
from leakcheck.reports import ReportRow
from leakcheck.reports.output import Reports

Found = tuple[str, int, int]  # file name, line, offset


class Kept(Reports):
    """Reports that keep their rows."""

    def __init__(self) -> None:
        super().__init__([])
        self.rows: list[ReportRow] = []

    def row(self, row: ReportRow) -> None:
        self.rows.append(row)


class Feed:
    """A folder and a state; `new()` is what a run of its own reports."""

    def __init__(self, top: Path) -> None:
        self.folder = top / "feed"
        self.folder.mkdir()
        self.state = top / "state.json"
        self.watch = Watch()
        self.watch.add("alice@acme.fr")
        self.account = Account()
        self.told: list[str] = []

    def add(self, name: str, data: bytes, mode: str = "ab") -> None:
        with (self.folder / name).open(mode) as out:
            out.write(data)

    def new(self, *names: str, state: bool = True) -> list[Found]:
        reports = Kept()
        paths = [str(self.folder / name) for name in names] or [str(self.folder)]
        following = Following(self.state if state else None, 0.01, 0.02)
        self.account = Account()
        with Hunter(self.watch, 1) as hunter:
            reports.begin(meta(self.watch))
            follow(paths, Hunt(hunter, reports, self.told.append, account=self.account), following)
        return [
            (Path(row.values["input"]).name, row.values["line"], row.values["offset"])
            for row in reports.rows
        ]


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    return Feed(tmp_path)


def test_only_what_is_new_after_a_restart(feed: Feed) -> None:
    feed.add("a", b"x\nalice@acme.fr:1\n")
    assert feed.new() == [("a", 2, 2)]
    assert feed.new() == []
    feed.add("a", b"y\nalice@acme.fr:2\n")
    feed.add("b", b"alice@acme.fr\n")
    assert feed.new() == [("a", 4, 20), ("b", 1, 0)]
    assert feed.new() == []


def test_a_line_without_an_end_is_reported_once(feed: Feed) -> None:
    feed.add("a", b"x\nalice@acme.fr")
    assert feed.new() == [("a", 2, 2)]
    assert feed.new() == []
    feed.add("a", b":more")
    assert feed.new() == []
    feed.add("a", b" alice@acme.fr\nalice@acme.fr\n")
    assert feed.new() == [("a", 2, 21), ("a", 3, 35)]
    assert feed.new() == []


def test_a_line_that_turns_out_to_be_another_address(feed: Feed) -> None:
    feed.add("a", b"alice@acme.f")
    assert feed.new() == []
    feed.add("a", b"r\n")
    assert feed.new() == [("a", 1, 0)]


@pytest.mark.parametrize("cut", range(0, 33, 4))
def test_growth_by_any_piece(feed: Feed, cut: int) -> None:
    whole = b"alice@acme.fr\r\nx;alice@acme.fr\r\n"
    found: list[Found] = []
    for piece in (whole[:cut], whole[cut:]):
        feed.add("a", piece)
        found += feed.new()
    assert found == [("a", 1, 0), ("a", 2, 17)]


def test_a_file_cut_off_is_read_anew(feed: Feed) -> None:
    feed.add("a", b"alice@acme.fr\n" * 3)
    assert len(feed.new()) == 3
    feed.add("a", b"x\nalice@acme.fr\n", "wb")
    assert feed.new() == [("a", 2, 2)]


def test_a_file_written_over_with_more_is_read_anew(feed: Feed) -> None:
    feed.add("a", b"one\nalice@acme.fr\n")
    assert feed.new() == [("a", 2, 4)]
    feed.add("a", b"two\nalice@acme.fr\nalice@acme.fr\n", "wb")
    assert feed.new() == [("a", 2, 4), ("a", 3, 18)]


def test_a_rotated_file_is_not_read_again(feed: Feed) -> None:
    feed.add("log", b"alice@acme.fr\n")
    assert feed.new() == [("log", 1, 0)]
    (feed.folder / "log").rename(feed.folder / "log.1")
    feed.add("log", b"x\nalice@acme.fr\n")
    feed.add("log.1", b"late alice@acme.fr\n")
    assert feed.new() == [("log", 2, 2), ("log.1", 2, 19)]


def test_compressed_files_and_archives_are_read_whole(feed: Feed) -> None:
    feed.add("a.gz", gzip.compress(b"x\nalice@acme.fr\n"))
    feed.add("b", "alice@acme.fr\n".encode("utf-16"))
    assert feed.new() == [("a.gz", 2, 2), ("b", 1, 0)]
    assert feed.new() == []
    feed.add("a.gz", gzip.compress(b"x\nalice@acme.fr\n\nalice@acme.fr\n"), "wb")
    assert feed.new() == [("a.gz", 4, 17)]


def test_a_damaged_file_is_told_once_and_leaves_doubt(feed: Feed) -> None:
    feed.add("a.gz", gzip.compress(b"nothing\n" * 5000)[:-20])
    assert feed.new() == []
    assert feed.account.status(feed.watch) == 2
    assert len(feed.told) == 1
    assert "cut short" in feed.told[0]


def test_a_byte_order_mark_is_not_counted(feed: Feed) -> None:
    feed.add("a", b"\xef\xbb\xbfalice@acme.fr\n")
    assert feed.new() == [("a", 1, 0)]
    feed.add("a", b"alice@acme.fr\n")
    assert feed.new() == [("a", 2, 14)]


def test_without_a_state_everything_is_new(feed: Feed) -> None:
    feed.add("a", b"alice@acme.fr")
    assert feed.new(state=False) == feed.new(state=False) == [("a", 1, 0)]
    assert not feed.state.exists()


def test_the_state_holds_no_content_and_is_private(feed: Feed) -> None:
    feed.add("a", b"alice@acme.fr:hunter2\nalice@acme.fr")
    feed.new()
    text = feed.state.read_text()
    assert "alice" not in text
    assert "hunter2" not in text
    assert feed.state.stat().st_mode & 0o077 == 0
    assert json.loads(text)["version"] == 1


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", '{"version":2,"files":{}}', '{"version":1,"files":[]}',
     '{"version":1,"files":{"1:2":{"path":"a","position":-1}}}',
     '{"version":1,"files":{"1:2":{"path":"a","position":"x"}}}',
     '{"version":1,"files":{"1:2":{"path":"a","reported":[[1]]}}}',
     '{"version":1,"files":{"1:2":{"other":1}}}'],
)  # fmt: skip
def test_what_is_no_state_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "state").write_text(text)
    with pytest.raises(InputError, match="no state of a hunt"):
        HuntState(tmp_path / "state")


def test_files_that_are_gone_are_forgotten(feed: Feed) -> None:
    feed.add("a", b"alice@acme.fr\n")
    feed.add("b", b"alice@acme.fr\n")
    feed.new()
    (feed.folder / "a").unlink()
    feed.new()
    assert [one.path for one in HuntState(feed.state).files.values()] == [str(feed.folder / "b")]


def test_the_command_follows_while_others_write(tmp_path: Path) -> None:
    """A process of its own: growth, rotation of a named file, Ctrl-C; each hit comes at once."""
    log, state = tmp_path / "log", tmp_path / "state"
    (tmp_path / "list").write_text("alice@acme.fr\n")
    log.write_text("alice@acme.fr first\n")
    arguments = [LEAKCHECK, "hunt", "log", "--watch", "list", "--follow", "--state", "state"]
    process = subprocess.Popen(
        [*arguments, "--interval", "0.05"], cwd=tmp_path, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONSAFEPATH": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        assert json.loads(process.stdout.readline())["line"] == 1
        with log.open("a") as out:
            out.write("x\nalice@acme.fr second\n")
        assert json.loads(process.stdout.readline())["line"] == 3
        with log.open("a") as out:
            log.rename(tmp_path / "log.1")
            out.write("alice@acme.fr third, after the rotation\n")
        assert json.loads(process.stdout.readline())["line"] == 4
        log.write_text("x\n\n\nalice@acme.fr in the new file\n")
        row = json.loads(process.stdout.readline())
        assert (row["line"], row["offset"]) == (4, 4)
        _wait_for(lambda: '"lines": 4' in state.read_text())
        process.send_signal(signal.SIGINT)
        out_rest, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, out_rest, err) == (1, "", "")
    again = leakcheck("hunt", "log", "--watch", "list", "--follow", "--state", "state",
                      "--interval", "0.01", "--until-idle", "0.02", cwd=tmp_path)  # fmt: skip
    assert (again.status, again.out, again.err) == (0, "", "")


def _wait_for(condition: object) -> None:
    for _ in range(200):
        if condition():  # type: ignore[operator]
            return
        time.sleep(0.05)
    raise AssertionError("it did not come")


def test_nothing_to_follow(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("alice@acme.fr\n")
    done = leakcheck("hunt", "none", "--watch", "list", "--follow", cwd=tmp_path)
    assert done.status == 2
    assert "no such file" in done.err
    done = leakcheck("hunt", "-", "--watch", "list", "--follow", cwd=tmp_path)
    assert done.status == 2
    assert "cannot be followed" in done.err
    assert io.StringIO(done.err).readline().startswith("leakcheck: ")
