"""The one writer of files: whole under their name or not there, with the mode that was asked."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from leakcheck.files import PRIVATE, PUBLISHED, Draft, platform_folder, sweep, write_whole


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.parametrize("mode", [PRIVATE, PUBLISHED])
@pytest.mark.parametrize("replace", [True, False])
def test_the_mode_is_what_was_asked(tmp_path: Path, umask: int, mode: int, replace: bool) -> None:
    target = tmp_path / "new"
    write_whole(target, b"all of it", mode=mode, replace=replace)
    assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"all of it", mode)
    assert names_in(tmp_path) == ["new"]


def test_a_draft_is_private_until_it_is_published(tmp_path: Path, umask: int) -> None:
    with Draft(tmp_path / "new", mode=PUBLISHED) as draft:
        draft.file.write(b"secret")
        draft.file.flush()
        assert draft.path.stat().st_mode & 0o777 == PRIVATE
        assert draft.path.name.startswith(".")


def test_what_is_there_stays_until_all_is_written(tmp_path: Path) -> None:
    target = tmp_path / "state"
    target.write_bytes(b"old")
    with Draft(target) as draft:
        draft.file.write(b"half")
        assert target.read_bytes() == b"old"
    assert (target.read_bytes(), names_in(tmp_path)) == (b"old", ["state"])
    write_whole(target, b"new")
    assert (target.read_bytes(), names_in(tmp_path)) == (b"new", ["state"])


@pytest.mark.parametrize("links", [True, False])
def test_a_name_that_is_taken_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:

        def refuse(self: Path, target: Path) -> None:
            raise PermissionError("no hard links here")

        monkeypatch.setattr(Path, "hardlink_to", refuse)
    target = tmp_path / "state"
    write_whole(target, b"first", replace=False)
    with pytest.raises(FileExistsError):
        write_whole(target, b"second", replace=False)
    assert (target.read_bytes(), names_in(tmp_path)) == (b"first", ["state"])


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe", tmp_path / "none" / "file"):
        with pytest.raises(OSError):
            write_whole(place, b"data")
    assert names_in(tmp_path) == ["pipe"]


def test_a_link_is_replaced_and_what_it_names_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_bytes(b"theirs")
    (tmp_path / "link").symlink_to(theirs)
    write_whole(tmp_path / "link", b"ours")
    assert (theirs.read_bytes(), (tmp_path / "link").read_bytes()) == (b"theirs", b"ours")
    assert not (tmp_path / "link").is_symlink()


def test_names_of_any_length_that_the_system_takes(tmp_path: Path) -> None:
    for name in ("n" * 255, "é" * 127):
        write_whole(tmp_path / name, b"data")
    assert len(names_in(tmp_path)) == 2


def test_contents_are_synced_before_the_name_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, rename = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (steps.append("sync"), fsync(handle))[1])
    monkeypatch.setattr(
        Path, "replace", lambda self, target: (steps.append("rename"), rename(self, target))[1]
    )
    write_whole(tmp_path / "state", b"data")
    assert steps == ["sync", "rename", "sync"]
    steps.clear()
    write_whole(tmp_path / "cached", b"data", sync=False)
    assert steps == ["rename"]


def test_a_kill_leaves_nothing_under_the_name_and_sweep_removes_the_rest(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from leakcheck.files import Draft\n"
        "draft = Draft(Path(sys.argv[1]))\n"
        "draft.file.write(b'half'); draft.file.flush(); print('written', flush=True)\n"
        "time.sleep(60)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "state")], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"written\n"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".state.")
    sweep(tmp_path)
    assert names_in(tmp_path) == []


def test_a_full_disk_is_an_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "state", b"data")
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("home", ["/home/ann", "/home/ann/", "/", "relative", "", None])
@pytest.mark.parametrize("given", ["/else/where", "relative", "~/x", "", None])
@pytest.mark.parametrize("what", ["data", "config", "cache"])
def test_the_folders_of_the_platform_are_those_of_platformdirs(
    what: Any, given: str | None, home: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = {"data": "XDG_DATA_HOME", "config": "XDG_CONFIG_HOME", "cache": "XDG_CACHE_HOME"}
    for name, value in ((variable[what], given), ("HOME", home)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    theirs = getattr(platformdirs, f"user_{what}_path")("leakcheck", appauthor=False)
    assert platform_folder(what) == theirs


@pytest.mark.parametrize("url", ["s3://lake/report.csv", "https://host/x"])
def test_a_url_is_no_file_to_write(url: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match="it is a URL"):
        write_whole(Path(url), b"report")
    assert names_in(tmp_path) == []
    (tmp_path / "s3:" / "lake").mkdir(parents=True)
    write_whole(Path("s3:/lake/report.csv"), b"report")
    assert names_in(tmp_path / "s3:" / "lake") == ["report.csv"]
