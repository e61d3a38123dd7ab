"""What is damaged, missing or meant to hurt: said in a sentence, and nothing left behind."""

import gzip
import os
import shlex
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import pexpect
import pytest
from builds import known, made, put, refused
from program import LEAKCHECK, Result, leakcheck, one_sentence

from leakcheck.input import Options
from leakcheck.input.streams import Budget

ROWS = b"".join(b"user%d@example.fr:sentinelword%d\n" % (at, at) for at in range(30_000))
OPTIONS = ("--kind", "email", "--from", "combo")


def left(folder: Path) -> list[str]:
    """What a build has left in `folder`."""
    return sorted(path.name for path in folder.iterdir() if "out.bloom" in path.name)


def test_a_truncated_file_counts_as_far_as_it_goes(tmp_path: Path) -> None:
    packed = gzip.compress(ROWS)
    dump = put(tmp_path, "d.gz", packed[: len(packed) // 2])
    output = tmp_path / "out.bloom"
    result = leakcheck("build", dump, "-o", output, *OPTIONS)
    assert "cut short" in one_sentence(result)
    assert all(known(tmp_path, "email", ["user0@example.fr", "user100@example.fr"]))
    assert not any(known(tmp_path, "email", ["user29999@example.fr"]))
    going = leakcheck("build", dump, "-o", output, *OPTIONS, "--keep-going", "--force")
    assert going.status == 0
    assert "cut short" in going.err
    info = leakcheck("info", output)
    assert "incomplete" in info.out


def test_the_rest_of_a_folder_is_read_when_one_file_is_broken(tmp_path: Path) -> None:
    put(tmp_path, "in/a.gz", gzip.compress(ROWS)[:1000])
    put(tmp_path, "in/b.txt", "zoe@example.org\n")
    put(tmp_path, "in/c.zip", b"PK\x03\x04 no zip")
    report = made(tmp_path, tmp_path / "in", kind="email")
    assert known(tmp_path, "email", ["zoe@example.org"]) == [True]
    assert [Path(name).name for name, _ in report.failures] == ["a.gz", "c.zip"]
    assert report.as_json()["complete"] is False


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        (lambda folder: folder / "none", "no such file"),
        (lambda folder: put(folder, "empty", ""), "is empty"),
        (lambda folder: put(folder, "blank.gz", gzip.compress(b"")), "empty"),
        (lambda folder: put(folder, "none.txt", "no key here\n"), "No key"),
        (lambda folder: put(folder, "folder/x", "").parent, "empty"),
    ],
    ids=["missing", "empty", "empty inside", "no key", "folder of nothing"],
)
def test_nothing_to_build_from(prepare: object, expected: str, tmp_path: Path) -> None:
    path = prepare(tmp_path)  # type: ignore[operator]
    result = leakcheck("build", path, "-o", tmp_path / "out.bloom", "--kind", "email")
    assert expected in one_sentence(result)
    assert not left(tmp_path)


def test_the_output_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    output = put(tmp_path, "out.bloom", "precious")
    result = leakcheck("build", tmp_path / "none", "-o", output)
    assert "--force" in one_sentence(result)
    assert output.read_text() == "precious"
    assert "no such folder" in one_sentence(leakcheck("build", "x", "-o", tmp_path / "a" / "b"))
    assert "folder" in one_sentence(leakcheck("build", "x", "-o", tmp_path))
    assert "--rate" in refused(tmp_path.parent, "x", rate=0.9, output=tmp_path / "x")


def test_what_the_build_writes_is_not_read(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "ada@example.fr\n")
    put(tmp_path, ".out.bloom.build/run-1", "left@example.fr\n")
    for _ in range(2):
        report = made(tmp_path, tmp_path, kind="email", keep_keys=True)
        assert [Path(tally.name).name for tally in report.inputs] == ["a.txt"]
    assert left(tmp_path) == ["out.bloom", "out.bloom.keys"]


def test_a_bomb_in_an_archive_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Budget, "FLOOR", 1 << 20)
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("first", "ada@example.fr\n")
        archive.writestr("bomb", b"\0\n" * (4 << 20))
    report = made(tmp_path, path, kind="email", reading=Options(expansion=50))
    assert known(tmp_path, "email", ["ada@example.fr"]) == [True]
    assert "--max-expansion" in str(report.failures)


def test_stdin_and_lists(tmp_path: Path) -> None:
    output = tmp_path / "out.bloom"
    result = leakcheck("build", "-", "-o", output, "--json", given=gzip.compress(ROWS))
    assert result.status == 0
    assert '"keys": 30000' in result.out
    dump = put(tmp_path, "d", ROWS)
    listing = f"{dump}\n".encode()
    result = leakcheck("build", "--files-from", "-", "-o", output, "--force", given=listing)
    assert result.status == 0
    assert "dump" in one_sentence(leakcheck("build", "-o", output, "--force"))


def test_secrets_are_in_nothing_that_is_left(tmp_path: Path) -> None:
    """Not in the output, the keys, the rejects, the report, the errors, or files on the way."""
    folder = tmp_path / "work"
    folder.mkdir()
    dump = put(tmp_path, "d", ROWS + b"sentinelbad\nsentinel@nowhere.invalid:sentinel\n")
    for kind in ("email", "password", "credential"):
        result = leakcheck(
            "build", dump, "-o", folder / "out.bloom", "--kind", kind, "--from", "combo",
            "--keep-keys", "--rejects", folder / "rejects", "--json", "--memory", "80M", "--force",
        )  # fmt: skip
        assert result.status == 0, result.err
        written = b"".join(path.read_bytes() for path in folder.iterdir())
        for text in (written, result.out.encode(), result.err.encode()):
            assert b"sentinel" not in text
            assert b"user1@" not in text


def test_archive_passwords_come_from_a_file_or_a_prompt_alone(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", ROWS[:3000])
    subprocess.run(
        ["zip", "-qP", "sentinelpass", "x.zip", "a.txt"], cwd=tmp_path, check=True, timeout=60
    )
    secret = put(tmp_path, "secret", "sentinelpass\n")
    output = tmp_path / "out.bloom"
    dump = tmp_path / "x.zip"
    closed = leakcheck("build", dump, "-o", output, *OPTIONS)
    assert "--archive-password" in one_sentence(closed)
    assert not left(tmp_path)
    opened = leakcheck("build", dump, "-o", output, *OPTIONS, "--archive-password-file", secret)
    assert opened.status == 0
    asked = leakcheck("build", dump, "-o", output, *OPTIONS, "--archive-password", "--force")
    assert asked.status == 2  # there is no terminal to ask at
    assert "sentinelpass" not in opened.out + opened.err + closed.err + asked.err


def interrupted(folder: Path, number: signal.Signals, *before: str) -> Result:
    """A build that gets a signal once it has begun to write, and then no more input."""
    out, into = os.pipe()
    process = subprocess.Popen(
        [*before, LEAKCHECK, "build", "-", "-o", str(folder / "out.bloom"), *OPTIONS],
        stdin=out, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    os.write(into, ROWS[:60_000])
    deadline = time.monotonic() + 20
    while not left(folder) and time.monotonic() < deadline:
        os.write(into, ROWS[:60_000])
        time.sleep(0.02)
    process.send_signal(number)
    os.close(out)
    if before:
        os.close(into)
    _, error = process.communicate(timeout=30)
    if not before:
        os.close(into)
    return Result(process.returncode, "", error.decode())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    result = interrupted(tmp_path, number)
    assert "Interrupted" in one_sentence(result)
    assert not left(tmp_path)


def test_nohup_lets_a_build_go_on_when_its_terminal_is_closed(tmp_path: Path) -> None:
    result = interrupted(tmp_path, signal.SIGHUP, "nohup")
    assert (result.status, left(tmp_path)) == (0, ["out.bloom"]), result.err


def test_a_terminal_that_is_closed_leaves_nothing_of_a_build(tmp_path: Path) -> None:
    """Here its messages have nowhere to go."""
    os.mkfifo(tmp_path / "dump")
    dump = os.open(tmp_path / "dump", os.O_RDWR | os.O_NONBLOCK)
    words = [LEAKCHECK, "build", "-", "-o", str(tmp_path / "out.bloom"), *OPTIONS]
    program = f"exec {shlex.join(words)} < {shlex.quote(str(tmp_path / 'dump'))}"
    process = pexpect.spawn("sh", ["-c", program], timeout=30)
    deadline = time.monotonic() + 20
    while not left(tmp_path) and time.monotonic() < deadline:
        with suppress(BlockingIOError):
            os.write(dump, ROWS[:60_000])
        time.sleep(0.02)
    os.close(process.child_fd)
    _, status = os.waitpid(process.pid, 0)
    process.closed = process.terminated = True
    os.close(dump)
    assert (os.waitstatus_to_exitcode(status), left(tmp_path)) == (2, [])


def test_both_engines_give_the_same_bytes(tmp_path: Path) -> None:
    put(tmp_path, "in/a.txt", ROWS[:50_000])
    put(tmp_path, "in/b.csv", "id,email,password\n1,ada@example.fr,word\n2,b@example.fr,x\n")
    for kind in ("email", "credential"):
        made(tmp_path, tmp_path / "in", kind=kind)
        here = (tmp_path / "out.bloom").read_bytes()
        done = leakcheck(
            "build", tmp_path / "in", "-o", tmp_path / "out.bloom", "--kind", kind, "--force",
            BLOOM_ENGINE="python",
        )  # fmt: skip
        assert done.status == 0
        assert (tmp_path / "out.bloom").read_bytes() == here


def test_no_module_is_imported_for_nothing() -> None:
    """A build of plain text needs no archive library."""
    code = (
        "import sys; import leakcheck.building, leakcheck.commands.build; "
        "print([m for m in ('py7zr', 'zipfile', 'tarfile', 'rich', 'httpx', "
        "'ijson', 'pyzipper', 'isal') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


def test_an_interrupt_while_the_program_is_loaded_is_one_sentence(tmp_path: Path) -> None:
    put(tmp_path, "typer.py", "raise KeyboardInterrupt\n")
    result = leakcheck("build", "--help", PYTHONPATH=str(tmp_path))
    assert "Interrupted" in one_sentence(result)
