"""Installed filters: added whole or not at all, and never silently left out."""

import io
import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from people import command, make_filter, scan_rows
from program import LEAKCHECK

import leakcheck as leakcheck_api
from leakcheck import api
from leakcheck.__main__ import run
from leakcheck.errors import FilterError, UsageError
from leakcheck.sources import installed
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Verdict


def flip(path: Path, at: int) -> None:
    """Turn one bit of a file."""
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


def verdict_of(subject: str) -> Verdict:
    return api.check([subject])[0].verdict


def test_a_filter_answers_once_it_is_installed(filters: dict[str, Path]) -> None:
    assert verdict_of("bob@acme.fr") is Verdict.UNKNOWN
    for path in filters.values():
        assert command("filters", "add", path)[0] == 0
    answer = api.check(["alice@example.fr"])[0]
    assert [hit.name for hit in answer.exposed_in] == ["New", "Old"]
    assert command("check", "alice@example.fr")[0] == 1
    status, out, _ = command("filters", "list", "--json")
    found = json.loads(out)["filters"]
    assert status == 0
    assert [(one["name"], one["kind"], one["keys"], one["state"]) for one in found] == [
        ("new.email", "email", 2, "ok"),
        ("old.email", "email", 2, "ok"),
        ("undated.email", "email", 1, "ok"),
    ]
    assert command("filters", "remove", "new", "old.email")[0] == 0
    assert [entry.name for entry in installed.installed()] == ["undated.email"]


def test_path_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path / "elsewhere"))
    assert command("filters", "path")[1] == f"{tmp_path / 'elsewhere' / 'filters'}\n"
    monkeypatch.delenv("LEAKCHECK_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert str(tmp_path) in command("filters", "path")[1]


@pytest.mark.skipif(os.name != "posix", reason="limits of files are those of POSIX")
def test_where_there_is_no_room_it_says_what_could_not_be_written(
    filters: dict[str, Path],
) -> None:
    line = f"ulimit -f 4; exec {shlex.quote(LEAKCHECK)} filters add {filters['new']}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)
    place = installed.folder() / "new.email.bloom"
    assert done.returncode == 2
    assert done.stderr == f"leakcheck: {place}: it cannot be written: File too large.\n"
    assert list(installed.folder().iterdir()) == []


def test_no_damaged_filter_is_installed(tmp_path: Path, filters: dict[str, Path]) -> None:
    whole = filters["new"].read_bytes()
    for name, raw in {
        "page": whole[:-5000] + b"\1" + whole[-4999:],
        "bit": whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:],
        "head": b"x" + whole[1:],
        "short": whole[:-1],
        "empty": b"",
    }.items():
        bad = tmp_path / f"{name}.bloom"
        bad.write_bytes(raw)
        status, _, err = command("filters", "add", bad)
        assert status == 2, name
        assert name in err
    os.mkfifo(tmp_path / "fifo.bloom")
    assert command("filters", "add", tmp_path / "fifo.bloom")[0] == 2
    assert command("filters", "add", tmp_path / "missing.bloom")[0] == 2
    assert list(installed.folder().iterdir()) == []


def test_a_name_is_taken_once(filters: dict[str, Path]) -> None:
    installed.add(filters["new"], "breach")
    with pytest.raises(UsageError, match="--force"):
        installed.add(filters["old"], "breach")
    installed.add(filters["old"], "breach", force=True)
    (entry,) = installed.installed()
    assert entry.info is not None
    assert entry.info.name == "Old"


@pytest.mark.parametrize("name", ["../evil", "a/b", ".hidden", "", "x" * 20, "ü ß.bloom", ".."])
def test_names_stay_in_the_folder(filters: dict[str, Path], name: str) -> None:
    entry = installed.add(filters["new"], name or None)
    assert entry.path.parent == installed.folder()
    assert [found.path for found in installed.installed()] == [entry.path]
    assert installed.remove(entry.name) == entry.path


def test_names_of_two_kinds(tmp_path: Path, filters: dict[str, Path]) -> None:
    installed.add(filters["new"], "acme")
    installed.add(make_filter(tmp_path / "d.bloom", ["acme.fr"], Kind.DOMAIN, name="D"), "acme")
    with pytest.raises(UsageError, match=r"acme\.domain or acme\.email"):
        installed.remove("acme")
    installed.remove("acme.domain")
    with pytest.raises(UsageError, match="No filter"):
        installed.remove("nope")


def test_damage_makes_answers_unknown_and_is_named(
    tmp_path: Path, filters: dict[str, Path]
) -> None:
    """Header damage, page damage, truncation, a link to nowhere: never a clean, never silent."""
    sound = installed.add(filters["new"], "sound")
    damaged = installed.add(filters["old"], "damaged")
    listing = tmp_path / "list.txt"
    listing.write_text("carol@example.org\nalice@example.fr\n")
    whole = damaged.path.read_bytes()

    def rows() -> list[tuple[str, str]]:
        found = scan_rows(listing)
        return [(row["verdict"], row["reason"] or "") for row in found]

    assert [verdict for verdict, _ in rows()] == ["clean", "exposed"]
    harms = {
        "header": lambda: flip(damaged.path, 20),
        "page": lambda: flip(damaged.path, 4096 + 100),
        "cut": lambda: damaged.path.write_bytes(whole[:-10]),
        "empty": lambda: damaged.path.write_bytes(b""),
        "link": lambda: (damaged.path.unlink(), damaged.path.symlink_to("nowhere")),
    }
    for name, harm in harms.items():
        harm()
        (clean, reason), (exposed, _) = rows()
        assert (clean, exposed) == ("unknown", "exposed"), name
        assert "damaged" in reason or "Old" in reason, name
        status, _, err = command("scan", listing, "--format", "summary")
        assert status == 1
        if name != "page":
            assert "damaged.email cannot answer" in err
            assert command("filters", "list")[0] == 2
        assert command("filters", "list", "--verify")[0] == 2
        assert command("check", "carol@example.org")[0] == 2
        damaged.path.unlink()
        damaged.path.write_bytes(whole)
    assert [verdict for verdict, _ in rows()] == ["clean", "exposed"]
    damaged.path.unlink()
    damaged.path.mkdir()
    assert [verdict for verdict, _ in rows()] == ["unknown", "exposed"]
    assert sound.path.exists()


def test_an_unreadable_filter_of_unknown_kind_answers_for_every_kind(
    filters: dict[str, Path],
) -> None:
    installed.add(filters["new"])
    (installed.folder() / "rubbish.bloom").write_bytes(b"rubbish")
    for kind in (Kind.EMAIL, Kind.PASSWORD):
        names = [source.info.name for source in installed.installed_sources(kind)]
        assert "rubbish" in names


def test_a_file_named_for_another_kind_is_not_trusted(filters: dict[str, Path]) -> None:
    entry = installed.add(filters["new"])
    entry.path.rename(entry.path.with_name("new.domain.bloom"))
    (source,) = installed.installed_sources(Kind.DOMAIN)
    assert source.lookup(b"\0" * 20).codes == b"\2"
    assert not installed.installed()[0].sound


@pytest.mark.skipif(os.getuid() == 0, reason="root reads everything")
def test_an_unreadable_folder_is_unknown(filters: dict[str, Path]) -> None:
    installed.add(filters["new"])
    installed.folder().chmod(0)
    try:
        assert verdict_of("carol@example.org") is Verdict.UNKNOWN
        with pytest.raises(FilterError):
            installed.installed()
    finally:
        installed.folder().chmod(0o700)


def _dangling(home: Path) -> None:
    (home / "filters").symlink_to(home / "not-mounted")


def _circle(home: Path) -> None:
    (home / "filters").symlink_to(home / "filters")


def _file(home: Path) -> None:
    (home / "filters").write_bytes(b"")


def _home_is_a_file(home: Path) -> None:
    home.rmdir()
    home.write_bytes(b"")


def _home_is_gone(home: Path) -> None:
    home.rmdir()


def _home_is_dangling(home: Path) -> None:
    home.rmdir()
    home.symlink_to(home.parent / "not-mounted")


@pytest.mark.parametrize(
    "lose",
    [_dangling, _circle, _file, _home_is_a_file, _home_is_gone, _home_is_dangling],
    ids=lambda lose: lose.__name__,
)
def test_a_folder_that_is_gone_is_unknown(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    lose: Callable[[Path], None],
) -> None:
    """What it held would have answered: it is not the same as nothing installed."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("LEAKCHECK_HOME", str(home))
    absent = "sentinel of nobody 8841"
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / ".env").write_text(f"DB_PASSWORD={absent.replace(' ', '')}\n")

    def status(*arguments: str) -> int:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(absent.encode() + b"\n")))
        return run(list(arguments))

    assert status("check", "--password") == 0
    assert status("ci", str(tree)) == 0
    lose(home)
    capsys.readouterr()
    assert status("check", "--password") == 2
    assert "installed filters: " in capsys.readouterr().out
    assert status("ci", str(tree)) == 2
    assert status("filters", "list") == 2
    told = capsys.readouterr().err
    assert "fault" not in told
    assert str(home) in told


def test_a_home_of_nobody_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEAKCHECK_HOME", "~no-such-user-8841/x")
    assert run(["filters", "list"]) == 2
    told = capsys.readouterr().err
    assert (told.count("\n"), "fault" in told) == (1, False)


def test_without_any_folder_nothing_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user who never installed a filter has no such folder, and no doubt."""
    monkeypatch.delenv("LEAKCHECK_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data" / "deep"))
    assert run(["filters", "list"]) == 0


def test_a_checker_sees_what_is_installed_mended_and_removed(
    tmp_path: Path, filters: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from leakcheck.sources import resident

    monkeypatch.setattr(resident, "_LOOK", 0.0)
    with leakcheck_api.Checker(kind="email") as checker:

        def verdicts() -> list[str]:
            (answer,) = checker.check(["alice@example.fr"])
            return [str(one.verdict) for one in answer.sources]

        assert verdicts() == []
        entry = installed.add(filters["new"], "people")
        assert verdicts() == ["exposed"]
        entry.path.with_name("other.email.bloom").write_bytes(b"none")
        assert verdicts() == ["unknown", "exposed"]
        shutil.copy(filters["new"], entry.path.with_name("other.email.bloom"))
        assert verdicts() == ["exposed", "exposed"]
        (kept,) = [one for one in checker._resident.sources() if one.path == entry.path]
        installed.remove("other")
        assert verdicts() == ["exposed"]
        assert checker._resident.sources() == [kept]  # which was not opened again
        installed.remove("people")
        assert verdicts() == []


@pytest.mark.parametrize("waits", [True, False])
def test_a_look_that_is_interrupted_is_taken_again(
    waits: bool, filters: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from leakcheck.sources import Access, resident

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(resident, "_LOOK", 0.0)
    sources = resident.Resident([], [Kind.EMAIL], Access(waits=waits))
    entry = installed.add(filters["new"], "people")
    with monkeypatch.context() as broken:
        broken.setattr(installed, "listing", interrupted)
        with pytest.raises(KeyboardInterrupt):
            sources.sources()
    with monkeypatch.context() as broken:  # as where the system gives no more threads
        broken.setattr(threading, "Thread", interrupted)
        broken.setattr(resident, "usual_sources", interrupted)
        with pytest.raises(KeyboardInterrupt):
            sources.sources()
    until = time.monotonic() + 30
    while not sources.sources() and time.monotonic() < until:
        time.sleep(0.01)
    assert [one.path for one in sources.sources()] == [entry.path]
    sources.close()


def test_without_the_lock_nothing_is_changed_and_all_is_read(filters: dict[str, Path]) -> None:
    installed.add(filters["new"], "people")
    lock = installed.folder().with_name("filters.lock")
    lock.unlink()
    lock.mkdir()
    for words in (("add", filters["old"]), ("remove", "people")):
        status, _, err = command("filters", *words)
        assert status == 2
        assert err.startswith(f"leakcheck: {lock}: it cannot be written: ")
    assert [entry.name for entry in installed.installed()] == ["people.email"]
    assert command("filters", "list")[0] == 0
    assert verdict_of("alice@example.fr") is Verdict.EXPOSED


def test_of_two_that_install_one_name_at_once_one_is_told_so(
    tmp_path: Path, filters: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list beside the filter is the winner's."""
    folders = [tmp_path / name for name in ("a", "b")]
    for at, place in enumerate(folders):
        place.mkdir()
        shutil.copy(filters["new"], place / "people.bloom")
        (place / "filters.note").write_text(f"list {at}")
    both = threading.Barrier(2)
    verified = installed.verify

    def together(copy: Path, shown: str) -> None:
        verified(copy, shown)
        both.wait(30)

    monkeypatch.setattr(installed, "verify", together)

    def install(place: Path) -> str:
        try:
            installed.add(place / "people.bloom")
        except UsageError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(install, folders))
    (won,) = [at for at, text in enumerate(told) if not text]
    assert "A filter named people.email is installed" in told[1 - won]
    note = installed.folder() / "people.email.bloom.note"
    assert note.read_text() == f"list {won}"
