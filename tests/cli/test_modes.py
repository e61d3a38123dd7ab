"""What holds secrets is for its owner alone, whatever the umask; a filter is for all to read."""

import hashlib
import importlib.util
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loopback.misbehaving import Server, reply

from leakcheck.__main__ import run

Serve = Callable[..., Server]
OURS, ALL, FOLDER, FOLDER_OF_ALL = 0o600, 0o644, 0o700, 0o755
ACCOUNTS = "".join(f"user{at}@acme.fr:word{at}\n" for at in range(20))
PADDING = "\r\n".join(f"{at:035X}:0" for at in range(900)).encode()


@pytest.fixture(params=[0o000, 0o077], ids=["umask 000", "umask 077"])
def umask(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[int]:
    """A umask to work under, in an empty folder; LEAKCHECK_HOME is missing in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path / "home"))
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def given(name: str, text: str) -> str:
    """A file that was there before, and that `made` leaves out."""
    Path(name).write_text(text)
    Path(name).chmod(0o400)
    return name


def made() -> dict[str, int]:
    """The modes of all that was made, by name."""
    found = {path.as_posix(): stat.S_IMODE(path.lstat().st_mode) for path in Path().rglob("*")}
    return {name: mode for name, mode in found.items() if mode != 0o400}


def build() -> dict[str, int]:
    dump = given("dump", ACCOUNTS + "no account\n")
    words = ["build", dump, "-o", "f.bloom", "--kind", "email", "--rejects", "rejects"]
    assert run([*words, "--keep-keys"]) == 0
    return {"f.bloom": ALL, "f.bloom.keys": OURS, "rejects": OURS}


def scan() -> dict[str, int]:
    reports = [f"report.{ending}" for ending in ("html", "csv", "json", "jsonl", "md", "sarif")]
    words = [word for name in reports for word in ("-o", name)]
    files = build()
    assert run(["scan", "dump", "--in", "f.bloom", "--kind", "email", *words]) == 1
    return files | dict.fromkeys(reports, OURS)


def hunt() -> dict[str, int]:
    dump, watch = given("dump", ACCOUNTS), given("watch", "user3@acme.fr\n")
    words = ["hunt", dump, "--watch", watch, "--follow", "--until-idle", "0.1", "--state", "state"]
    assert run([*words, "-o", "hits.csv", "-o", "hits.json"]) == 1
    return dict.fromkeys(("state", "hits.csv", "hits.json"), OURS)


def ci() -> dict[str, int]:
    words = ["ci", given(".env", "DB_PASSWORD=letmein123\n")]
    assert run([*words, "-o", "found.sarif"]) == 1
    assert run([*words, "--update-baseline", "--baseline", "accepted", "--reason", "x"]) == 0
    return {"accepted": OURS, "found.sarif": OURS}


def install() -> dict[str, int]:
    files = build()
    assert run(["filters", "add", "f.bloom"]) == 0
    kept = {"home": FOLDER_OF_ALL, "home/filters": FOLDER_OF_ALL}
    return files | kept | {"home/filters/f.email.bloom": ALL, "home/filters.lock": OURS}


def keys() -> dict[str, int]:
    assert run(["keys", "new", "acme.example", "-o", "acme.key"]) == 0
    if importlib.util.find_spec("leakcheck._native") is None:
        return {"acme.key": OURS}  # sealing is in the native part alone
    assert run(["keys", "new", "--sealing", "-o", "seal.key"]) == 0
    return {"acme.key": OURS, "seal.key": OURS}


@pytest.mark.parametrize("make", [build, scan, hunt, ci, install, keys])
def test_what_is_written(umask: int, make: Callable[[], dict[str, int]]) -> None:
    expected = make()
    assert made() == {name: _under(umask, mode) for name, mode in expected.items()}


def test_what_is_kept_of_answers_and_for_decoys(umask: int, serve: Serve) -> None:
    server = serve(lambda request: [reply(200, PADDING)])
    digest = hashlib.sha1(b"nobody's").hexdigest()
    asked = ["--in", "hibp", "--hibp-url", server.url, "--decoys", "1"]
    assert run(["check", "--kind", "password", "--hash", digest, *asked]) == 0
    found = made()
    answers = [name for name in found if name.startswith("home/cache/ranges/")]
    assert len(answers) == 2
    files = dict.fromkeys([*answers, "home/decoys.key"], OURS)
    folders = {"home": FOLDER_OF_ALL, "home/cache": FOLDER_OF_ALL, "home/cache/ranges": FOLDER}
    assert found == files | {name: _under(umask, mode) for name, mode in folders.items()}


def _under(umask: int, mode: int) -> int:
    """A folder's mode under a umask; files have theirs whatever it says."""
    return mode & ~umask if mode & 0o100 else mode
