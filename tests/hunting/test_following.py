"""A feed followed: real files that grow, are cut, rotated and replaced, over restarts."""

import gzip
import io
import json
import os
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable
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
from leakcheck.reports import ReportRow, RowBatch
from leakcheck.reports.output import Reports

Found = tuple[str, int, int]  # file name, line, offset
Pack = Callable[[bytes], bytes]


class Kept(Reports):
    """Reports that keep their rows."""

    def __init__(self) -> None:
        super().__init__([])
        self.kept: list[ReportRow] = []

    def row(self, row: ReportRow) -> None:
        self.kept.append(row)

    def rows(self, rows: RowBatch) -> None:
        self.kept += rows


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

    def new(
        self, *names: str, state: bool = True, between: Callable[[float], None] = time.sleep
    ) -> list[Found]:
        reports = Kept()
        paths = [str(self.folder / name) for name in names] or [str(self.folder)]
        following = Following(self.state if state else None, 0.01, 0.02)
        self.account = Account()
        with Hunter(self.watch, 1) as hunter, pytest.MonkeyPatch.context() as patch:
            patch.setattr("leakcheck.hunting.following.time.sleep", between)
            reports.begin(meta(self.watch))
            follow(paths, Hunt(hunter, reports, self.told.append, account=self.account), following)
        return [
            (Path(row.values["input"]).name, row.values["line"], row.values["offset"])
            for row in reports.kept
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
    feed.add("a.gz", gzip.compress(b"\nalice@acme.fr\n"))
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
     '{"version":1,"files":{}}', "[" * 5000,
     '{"version":1,"watch":"0","files":{"1:2":{"path":"a","position":-1}}}',
     '{"version":1,"watch":"0","files":{"1:2":{"path":"a","position":"x"}}}',
     '{"version":1,"watch":"0","files":{"1:2":{"path":1}}}',
     '{"version":1,"watch":"0","files":{"1:2":{"path":"a","reported":[[1]]}}}',
     '{"version":1,"watch":"0","files":{"1:2":{"other":1}}}'],
)  # fmt: skip
def test_what_is_no_state_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "state").write_text(text)
    with pytest.raises(InputError, match="not the state of a hunt"):
        HuntState(tmp_path / "state", "0")


def test_files_that_are_gone_are_forgotten(feed: Feed) -> None:
    feed.add("a", b"alice@acme.fr\n")
    feed.add("b", b"alice@acme.fr\n")
    feed.new()
    (feed.folder / "a").unlink()
    feed.new()
    state = HuntState(feed.state, feed.watch.fingerprint())
    assert [one.path for one in state.files.values()] == [str(feed.folder / "b")]


@pytest.mark.parametrize("pack", [gzip.compress, lambda text: text.decode().encode("utf-16")])
def test_what_is_read_whole_and_written_over_in_place_is_all_new(feed: Feed, pack: Pack) -> None:
    feed.add("a", pack(b"alice@acme.fr:1\n"))
    assert feed.new() == [("a", 1, 0)]
    feed.add("a", pack(b"alice@acme.fr:2\n"), "r+b")
    assert feed.new() == [("a", 1, 0)]
    assert feed.new() == []


def test_a_line_without_an_end_that_is_written_over_is_new(feed: Feed) -> None:
    feed.add("a", b"x\nalice@acme.fr:1")
    assert feed.new() == [("a", 2, 2)]
    feed.add("a", b"x\nalice@acme.fr:2", "r+b")
    assert feed.new() == [("a", 2, 2)]
    feed.add("a", b"\n")
    assert feed.new() == []


def test_an_entry_that_is_new_on_the_list_is_looked_for_in_what_was_read(feed: Feed) -> None:
    feed.add("a", b"bob@acme.fr\nalice@acme.fr\n")
    assert feed.new() == [("a", 2, 12)]
    feed.watch.add("bob@acme.fr")
    assert feed.new() == [("a", 1, 0), ("a", 2, 12)]
    assert [one for one in feed.told if "another watch list" in one]
    assert feed.new() == []


def test_what_is_no_file_in_a_folder_is_told_once(feed: Feed) -> None:
    feed.add("a", b"x\n")
    (feed.folder / "link").symlink_to("a")
    feed.new()
    assert [one for one in feed.told if "link" in one] == [
        f"{feed.folder / 'link'}: not read: a link, not followed."
    ]


@pytest.mark.parametrize("pack", [gzip.compress, bytes])
def test_what_was_read_whole_is_not_read_again(feed: Feed, pack: Pack) -> None:
    feed.add("a", pack(b"alice@acme.fr\n"))
    feed.new()
    assert feed.account.bytes == 14
    feed.new()
    assert feed.account.bytes == 0


def test_a_file_that_shrinks_while_it_is_read_is_told(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leakcheck.hunting import following

    feed.add("a", b"x\nalice@acme.fr\n")
    monkeypatch.setattr(following, "last_line_end", lambda file, start, size: size + 5)
    feed.new()
    assert [reason for _, reason in feed.account.lost] == [
        "the file became shorter while it was read"
    ]


def test_it_goes_on_as_long_as_something_comes(feed: Feed) -> None:
    pause, looks = time.sleep, 0

    def more(seconds: float) -> None:
        nonlocal looks
        looks += 1
        pause(0.03)  # longer than the run would wait with nothing new
        if looks <= 5:
            feed.add("a", b"alice@acme.fr\n")

    feed.add("a", b"x\n")
    assert [line for _, line, _ in feed.new(between=more)] == [2, 3, 4, 5, 6]


def test_the_order_of_the_list_does_not_matter() -> None:
    entries = ["alice@acme.fr", "acme.fr", "@acme.fr", "falcon", "+33 6 12 34 56 78"]
    first, second = Watch(), Watch()
    for one, other in zip(entries, reversed(entries), strict=True):
        first.add(one)
        second.add(other)
    assert first.fingerprint() == second.fingerprint()
    second.add("falcon 2")
    assert first.fingerprint() != second.fingerprint()


def test_what_was_lost_is_read_again_once_it_can_be(feed: Feed) -> None:
    whole = gzip.compress(b"alice@acme.fr\n" + b"nothing\n" * 9000 + b"alice@acme.fr\n")
    feed.add("a.gz", whole[:-30])
    assert feed.new() == [("a.gz", 1, 0)]
    assert feed.account.status(feed.watch) == 1
    assert feed.new() == []
    assert feed.account.status(feed.watch) == 2  # said at each run, as long as it is so
    feed.add("a.gz", whole[-30:])
    assert feed.new() == [("a.gz", 9002, 72014)]
    assert feed.new() == []
    assert feed.account.status(feed.watch) == 0


def test_a_damaged_member_does_not_hide_the_others(feed: Feed) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        package.writestr("one", b"nothing here\n" * 100)
        package.writestr("two", b"alice@acme.fr\n")
    spoilt = packed.getvalue().replace(b"nothing", b"notping", 1)
    feed.add("a.zip", spoilt)
    assert feed.new() == [("a.zip", 1, 0)]
    assert feed.account.lost


def test_what_cannot_be_opened_is_said(feed: Feed) -> None:
    feed.add("a.rar", b"Rar!\x1a\x07\x01\x00 and more\n")
    assert feed.new() == []
    assert feed.account.status(feed.watch) == 2
    assert "RAR" in feed.told[0]


def test_an_archive_that_unpacks_itself_is_opened(feed: Feed) -> None:
    packed = io.BytesIO(b"\x7fELF\x01\x02\x00" * 100)
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("one", b"alice@acme.fr\n" * 2)
    feed.add("setup", packed.getvalue())
    assert feed.new() == [("setup", 1, 0), ("setup", 2, 14)]


def test_a_change_that_keeps_size_and_time(feed: Feed) -> None:
    feed.add("a", b"nobody@acme.fr\n")
    assert feed.new() == []
    before = (feed.folder / "a").stat()
    feed.add("a", b"alice@acme.fr \n", "r+b")
    os.utime(feed.folder / "a", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert feed.new() == [("a", 1, 0)]


@pytest.mark.parametrize("more", [b"", b"grown\n"])
def test_a_change_in_the_middle_is_read(feed: Feed, more: bytes) -> None:
    filler = b"nobody@acme.fr\n" * 1000
    feed.add("a", filler)
    assert feed.new() == []
    with (feed.folder / "a").open("r+b") as out:
        out.seek(7500)
        out.write(b"alice@acme.fr \n")
    feed.add("a", more)
    assert feed.new() == [("a", 501, 7500)]


def test_a_long_file_is_compared_when_there_is_time(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new end is read at once, the change in the middle later, but before the run ends."""
    from leakcheck.hunting import following

    feed.add("a", b"nobody@acme.fr\n" * 1000)
    assert feed.new() == []
    with (feed.folder / "a").open("r+b") as out:
        out.seek(7500)
        out.write(b"alice@acme.fr \n")
    feed.add("a", b"alice@acme.fr\n")
    monkeypatch.setattr(following, "_FREE", -0.05)
    assert feed.new() == [("a", 1001, 15000), ("a", 501, 7500), ("a", 1001, 15000)]
    assert feed.new() == []


@pytest.mark.parametrize("gone", [True, False])
@pytest.mark.parametrize("name", ["log", ""])
def test_the_last_lines_of_a_file_that_leaves(feed: Feed, name: str, gone: bool) -> None:
    """What a file gains between the last look and its rotation, out of the folder or away."""
    feed.add("log", b"x\n")
    feed.add("other", b"x\n")
    found: list[Found] = []
    looks = 0

    def look_away(seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            feed.add("log", b"alice@acme.fr\nalice@acme.fr")
            if gone:
                (feed.folder / "log").unlink()
            else:
                (feed.folder / "log").rename(feed.folder.parent / "log.1")
            feed.add("log", b"fresh alice@acme.fr\n")

    found = feed.new(*([name] if name else []), between=look_away)
    assert sorted(found) == [("log", 1, 6), ("log", 2, 2), ("log", 3, 16)]
    assert feed.new(*([name] if name else [])) == []


def test_a_file_that_was_rotated_between_two_runs(feed: Feed) -> None:
    feed.add("log", b"x\n")
    assert feed.new("log") == []
    feed.add("log", b"alice@acme.fr\n")
    (feed.folder / "log").rename(feed.folder / "log.1")
    feed.add("log", b"y\nalice@acme.fr\n")
    assert sorted(feed.new("log")) == [("log", 2, 2), ("log.1", 2, 2)]
    assert feed.new("log") == []


def test_lines_are_counted_as_a_build_counts_them(feed: Feed) -> None:
    """A carriage return alone ends a line, wherever the pieces of a growing file end."""
    text = b"one\rtwo\r\nthree\r\ralice@acme.fr\rsix alice@acme.fr\r\n\ralice@acme.fr\n"
    feed.add("a", text)
    whole = [("a", 5, 16), ("a", 6, 34), ("a", 8, 50)]
    assert feed.new(state=False) == whole
    feed.add("a", b"", "wb")
    found: list[Found] = []
    for at in range(0, len(text), 7):
        feed.add("a", text[at : at + 7])
        found += feed.new()
    assert found == whole


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
        size = log.stat().st_size  # which no other file has read
        _wait_for(lambda: f'"position": {size},' in state.read_text())
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
