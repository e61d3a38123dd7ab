"""A build that is killed goes on behind its last finished input, to the same bytes."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builds import known, made, put, refused
from program import leakcheck, one_sentence

from bloom import PAGE_BYTES, decode_header, encode_header
from leakcheck.building import checkpoint
from leakcheck.building.account import BuildReport, InputCounts
from leakcheck.sources.filter_file import LocalFilter

PROGRAM = """
import sys
import leakcheck.building.checkpoint as checkpoint
checkpoint.PAUSE = 0
from leakcheck.__main__ import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.fixture
def dumps(tmp_path: Path) -> Path:
    """Twelve files of a thousand addresses."""
    for name in range(12):
        rows = "".join(f"user{name}-{at}@example.fr:x\nno\n" for at in range(1000))
        put(tmp_path, f"in/{name:02}.txt", rows)
    return tmp_path / "in"


class Killed(Exception):
    """Stands for a kill: nothing is cleaned up after it."""


def kill_after(monkeypatch: pytest.MonkeyPatch, files: int) -> None:
    """Let a build die when it has finished `files`, leaving what kill -9 would leave."""
    from leakcheck.building.writer import KeyWriter

    monkeypatch.setattr(checkpoint, "PAUSE", 0.0)
    plain = KeyWriter.checkpoint
    count = 0

    def dying(self: KeyWriter, token: object) -> None:
        nonlocal count
        plain(self, token)  # type: ignore[arg-type]
        count += 1
        if count == files:
            raise Killed

    monkeypatch.setattr(KeyWriter, "checkpoint", dying)


def test_resume_gives_the_same_bytes_and_the_whole_account(
    dumps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = made(tmp_path, dumps, output=tmp_path / "whole.bloom")
    with monkeypatch.context() as patched:
        kill_after(patched, 5)
        with pytest.raises(Killed):
            made(tmp_path, dumps, resume=True)
    assert not (tmp_path / "out.bloom").exists()
    assert (tmp_path / ".out.bloom.build").exists()
    read = []
    import leakcheck.building.jobs as jobs

    plain = jobs.expand
    monkeypatch.setattr(
        jobs, "expand", lambda found, o: (read.append(found.base), plain(found, o))[1]
    )
    report = made(tmp_path, dumps, resume=True)
    assert report.resumed == 5
    assert read[1:] == [f"{name:02}.txt" for name in range(5, 12)]  # the first settles the kind
    assert (tmp_path / "out.bloom").read_bytes() == (tmp_path / "whole.bloom").read_bytes()
    assert [(t.name, t.lines, t.accepted, t.rejected) for t in report.inputs] == [
        (t.name, t.lines, t.accepted, t.rejected) for t in whole.inputs
    ]
    assert not (tmp_path / ".out.bloom.build").exists()


def test_a_build_interrupted_while_it_writes_says_that_it_goes_on(
    dumps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leakcheck.building.writer import KeyWriter

    def interrupted(*given: object) -> None:
        raise KeyboardInterrupt

    whole = made(tmp_path, dumps, output=tmp_path / "whole.bloom")
    with monkeypatch.context() as patched:
        patched.setattr(KeyWriter, "finish", interrupted)
        with pytest.raises(KeyboardInterrupt) as caught:
            made(tmp_path, dumps, resume=True)
        assert caught.value.args == (), "no half minute went by: nothing is kept"
        patched.setattr(checkpoint, "PAUSE", 0.0)
        with pytest.raises(KeyboardInterrupt) as caught:
            made(tmp_path, dumps, resume=True)
        assert str(caught.value) == "Interrupted: the same command goes on where it stopped."
    report = made(tmp_path, dumps, resume=True)
    assert report.resumed == 12
    assert (tmp_path / "out.bloom").read_bytes() == (tmp_path / "whole.bloom").read_bytes()
    assert sum(tally.new or 0 for tally in whole.inputs) == 12_000


def test_an_estimate_of_what_is_new_is_never_more_than_there_is() -> None:
    report = BuildReport(
        inputs=[
            InputCounts("a", records=10, new=12, new_exact=False),
            InputCounts("b", records=10),  # of which nothing is known
        ]
    )
    report.settle_new(20)
    assert [tally.new for tally in report.inputs] == [10, None]


def test_rejects_of_a_build_that_goes_on_are_whole(
    dumps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, dumps, rejects=tmp_path / "whole")
    with monkeypatch.context() as patched:
        kill_after(patched, 5)
        with pytest.raises(Killed):
            made(tmp_path, dumps, resume=True, rejects=tmp_path / "rejects")
    with (tmp_path / "rejects").open("ab") as file:
        file.write(b"what was noted behind the checkpoint\n")
    made(tmp_path, dumps, resume=True, rejects=tmp_path / "rejects")
    noted = (tmp_path / "rejects").read_text().splitlines()
    assert sorted(noted) == sorted((tmp_path / "whole").read_text().splitlines())
    assert len(noted) == 12_001
    assert (tmp_path / "rejects").stat().st_mode & 0o777 == 0o600


def test_a_changed_or_missing_file_cannot_be_resumed(
    dumps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        kill_after(patched, 3)
        with pytest.raises(Killed):
            made(tmp_path, dumps, resume=True)
    path = dumps / "01.txt"
    before = path.stat()
    changed = path.read_bytes().replace(b"user1-", b"USER1-")

    def in_place() -> None:
        """Written over, its size and time of change as before."""
        with path.open("r+b") as file:
            file.write(changed)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def replaced() -> None:
        """Another file of that name, its size and time of change as before."""
        new = dumps / "new"
        new.write_bytes(changed)
        os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
        new.rename(path)

    for change, expected in (
        (in_place, "changed"),
        (replaced, "changed"),
        (lambda: os.utime(path, ns=(1, 1)), "changed"),
        (path.unlink, "gone"),
    ):
        change()
        with pytest.raises(Exception, match=expected):
            made(tmp_path, dumps, resume=True)
    with pytest.raises(Exception, match="other options"):
        made(tmp_path, dumps, resume=True, kind="domain")
    made(tmp_path, dumps)  # anew, and what was left is gone
    assert not (tmp_path / ".out.bloom.build").exists()


def test_a_file_that_changed_while_it_was_read_is_read_again(
    dumps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leakcheck.building.writer import KeyWriter

    plain = KeyWriter.take

    def growing(self: KeyWriter, tally: Any, found: Any) -> None:
        plain(self, tally, found)
        if Path(tally.name).name == "02.txt":
            with (dumps / "02.txt").open("ab") as file:
                file.write(b"late@example.org\n")

    with monkeypatch.context() as patched:
        patched.setattr(KeyWriter, "take", growing)
        kill_after(patched, 5)
        with pytest.raises(Killed):
            made(tmp_path, dumps, resume=True, threads=1)
    report = made(tmp_path, dumps, resume=True)
    assert report.resumed >= 4
    assert known(tmp_path, "email", ["late@example.org"]) == [True]


def test_killed_for_real(dumps: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.bloom"
    command = [sys.executable, "-c", PROGRAM, "build", str(dumps), "-", "-o", str(output)]
    command += ["--resume", "--kind", "email"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    manifest = tmp_path / ".out.bloom.build" / "manifest.json"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (
        manifest.exists() and b"11.txt" in manifest.read_bytes()
    ):
        time.sleep(0.02)
    process.kill()
    process.wait(10)
    assert process.stdin is not None
    process.stdin.close()
    assert manifest.exists()
    assert not output.exists()
    done = leakcheck("build", dumps, "-o", output, "--resume", "--kind", "email", "--json")
    assert done.status == 0, done.err
    assert '"resumed": 12' in done.out
    assert all(known(tmp_path, "email", [f"user{at}-999@example.fr" for at in range(12)]))
    assert not manifest.parent.exists()


def test_keys_are_kept_merged_resized_and_extended(dumps: Path, tmp_path: Path) -> None:
    names = ("a.bloom", "b.bloom", "c.bloom", "d.bloom", "e.bloom")
    a, b, c, d, e = (tmp_path / name for name in names)
    first = [str(dumps / f"{at:02}.txt") for at in range(6)]
    second = [str(dumps / f"{at:02}.txt") for at in range(4, 12)]
    about = {"name": "One"}
    made(tmp_path, *first, output=a, keep_keys=True, about=about)
    made(tmp_path, *second, output=b, keep_keys=True, about=about)
    made(tmp_path, *first, *second, output=c, about=about)
    assert leakcheck("merge", a, b, "-o", d).status == 0
    assert d.read_bytes() == c.read_bytes()
    made(tmp_path, *second, output=e, update=a, keep_keys=True)
    assert e.read_bytes() == c.read_bytes()
    made(tmp_path, *first, output=c, about=about, rate=1e-3)
    assert leakcheck("merge", f"{a}.keys", "-o", d, "--rate", "1e-3", "--force").status == 0
    assert d.read_bytes() == c.read_bytes()
    assert "--keep-keys" in one_sentence(leakcheck("merge", c, "-o", tmp_path / "f.bloom"))
    made(tmp_path, *first, output=c, kind="domain", keep_keys=True)
    assert "kinds" in one_sentence(leakcheck("merge", a, c, "-o", tmp_path / "f.bloom"))
    assert "mixed" in refused(tmp_path, *first, update=a, kind="domain")


def test_keys_of_another_filter_are_refused(dumps: Path, tmp_path: Path) -> None:
    """Filters whose keys were kept, then put in each other's place."""
    live, other, out = (tmp_path / f"{name}.bloom" for name in ("live", "other", "new"))
    made(tmp_path, dumps / "00.txt", output=live, keep_keys=True)
    made(tmp_path, dumps / "01.txt", output=other)
    live.write_bytes(other.read_bytes())
    for command in (
        ["merge", live, "-o", out],
        ["merge", other, live, "-o", out, "--force"],
        ["build", dumps / "02.txt", "--update", live, "-o", out],
        ["scan", dumps / "03.txt", "--in", live, "--confirm"],
    ):
        done = leakcheck(*command)
        assert done.status == 2
        assert "the keys of another filter" in done.err or "not kept" in done.err
        assert not out.exists()


def test_a_filter_that_is_replaced_takes_its_keys_along(dumps: Path, tmp_path: Path) -> None:
    live, out, keys = tmp_path / "live.bloom", tmp_path / "new.bloom", tmp_path / "live.bloom.keys"
    said: list[str] = []
    made(tmp_path, dumps / "00.txt", output=live, keep_keys=True, said=said)
    made(tmp_path, dumps / "00.txt", output=live, about={"name": "the same keys"}, said=said)
    assert keys.exists()
    assert not any("keys of" in told for told in said)
    made(tmp_path, dumps / "01.txt", output=live, said=said)
    assert said[-1] == (
        "live.bloom.keys held the keys of the filter that was replaced: it was removed."
    )
    assert sorted(path.name for path in tmp_path.iterdir() if "live" in path.name) == ["live.bloom"]
    assert "--keep-keys" in one_sentence(leakcheck("merge", live, "-o", out))
    made(tmp_path, dumps / "01.txt", output=live, keep_keys=True)
    made(tmp_path, dumps / "02.txt", output=out, keep_keys=True)
    done = leakcheck("merge", live, out, "-o", live, "--force")
    assert done.status == 0
    assert "it was removed" in done.err
    assert not keys.exists()
    keys.write_bytes(b"mine")
    made(tmp_path, dumps / "03.txt", output=live)
    assert keys.read_bytes() == b"mine"


def test_what_a_filter_lacks_its_merge_lacks_as_well(dumps: Path, tmp_path: Path) -> None:
    """The filter says that it is incomplete, the kept keys beside it, equal to the byte, do not."""
    whole, lacking, out = (tmp_path / f"{name}.bloom" for name in ("whole", "lacking", "out"))
    made(tmp_path, dumps / "00.txt", output=whole, keep_keys=True)
    made(tmp_path, dumps / "00.txt", output=lacking, about={"note": "x"}, keep_keys=True)
    data = bytearray(whole.read_bytes())
    header = decode_header(bytes(data[:PAGE_BYTES]))
    about = dict(header.about) | {"incomplete": "yes"}
    data[:PAGE_BYTES] = encode_header(replace(header, about=about))
    whole.write_bytes(data)
    assert leakcheck("merge", whole, lacking, "-o", out).status == 0
    assert LocalFilter(out).info.incomplete
    assert leakcheck("check", "nobody@example.fr", "--in", out).status == 2


def test_inspect_says_what_and_how_and_masks(tmp_path: Path) -> None:
    import json

    put(tmp_path, "a.txt", "sentinel.person@example.fr:sentinelword\n" * 5)
    put(tmp_path, "b.txt", "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:3\n" * 5)
    put(tmp_path, "c.txt", "sentinelword\nother\n" * 5)
    shown = leakcheck("inspect", tmp_path)
    found = leakcheck("inspect", tmp_path, "--json")
    assert shown.status == found.status == 0
    assert "sentinel" not in shown.out + shown.err + found.out
    assert "1E4C9B93F" not in shown.out + found.out
    inputs = json.loads(found.out)["inputs"]
    assert [one["form"] for one in inputs] == ["combo", "hashes", "passwords"]
    assert inputs[0]["sample"]["keys"]["credential"] == 5
    assert inputs[1]["examples"][0] == "5BAA6…"
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".bloom"] == []
    assert "no such file" in one_sentence(leakcheck("inspect", tmp_path / "none"))


def test_inspect_looks_at_as_many_as_it_may_and_says_the_rest(tmp_path: Path) -> None:
    for name in "abc":
        put(tmp_path, f"in/{name}.txt", b"ada@example.fr\n")
    os.mkfifo(tmp_path / "in" / "d")
    some = leakcheck("inspect", "in", "--limit", "2", cwd=tmp_path)
    assert (some.status, some.out.count("sample:")) == (0, 2)
    assert "Only the first 2 inputs were looked at" in some.err
    every = leakcheck("inspect", "in", cwd=tmp_path)
    assert (every.status, every.out.count("sample:")) == (0, 3)
    assert every.err == "leakcheck: in/d: a FIFO.\n"
