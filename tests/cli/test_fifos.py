"""A FIFO that a user names, as a shell makes one of `<(...)`, is read like a file."""

import os
import subprocess
import threading
from pathlib import Path

import pytest
from program import LEAKCHECK, leakcheck


@pytest.mark.parametrize("command", ["keys", "hunt", "scan"])
def test_it_is_read_and_a_wait_for_who_writes_to_it_is_said(command: str, tmp_path: Path) -> None:
    assert leakcheck("keys", "new", "filters.example.org/a", "-o", tmp_path / "key").status == 0
    public = leakcheck("keys", "public", tmp_path / "key").out
    (tmp_path / "dump.txt").write_text("alice@example.fr:x\n")
    os.mkfifo(tmp_path / "fifo")
    arguments, written, status, told = {
        "keys": (["keys", "trust", "fifo"], public, 0, "filters.example.org/a"),
        "hunt": (["hunt", "dump.txt", "--watch", "./fifo"], "example.fr\n", 1, "dump.txt"),
        "scan": (["scan", "./fifo", "--kind", "password", "--from", "passwords"], "letmein\n", 1,
                 "exposed"),
    }[command]  # fmt: skip
    with subprocess.Popen(
        [LEAKCHECK, *arguments], cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        end = threading.Timer(60, process.kill)
        end.start()
        try:
            assert process.stderr is not None
            waits = process.stderr.readline()
            assert "fifo: it is a FIFO, and nobody writes to it yet: waiting." in waits
            (tmp_path / "fifo").write_text(written)
            out, _ = process.communicate()
        finally:
            end.cancel()
    assert process.returncode == status, out
    assert told in out


def test_one_that_is_written_to_at_once_is_read_without_a_word(tmp_path: Path) -> None:
    assert leakcheck("keys", "new", "filters.example.org/a", "-o", tmp_path / "key").status == 0
    line = f"{LEAKCHECK} keys trust <({LEAKCHECK} keys public key | cat)"
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True,
                          timeout=60, check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done
    assert "filters.example.org/a" in done.stdout


@pytest.mark.parametrize(
    ("beside", "use", "status"),
    [
        ("filters.note", "filters add a.bloom", 2),
        ("filters.note", "verify a.bloom", 2),
        ("filters.note", "check bob@example.fr --in a.bloom", 2),
        ("a.bloom.note", "filters add a.bloom", 2),
        ("a.bloom.verity", "verify a.bloom", 2),
        ("a.bloom.verity", "range 0 --from a.bloom -o slice.bloom", 0),
    ],
)
def test_one_that_stands_where_a_proof_would_is_not_waited_for(
    beside: str, use: str, status: int, tmp_path: Path
) -> None:
    """Anybody can make one in a folder that all may write to."""
    (tmp_path / "people.txt").write_text("alice@example.fr\n")
    assert leakcheck("build", "people.txt", "-o", "a.bloom", cwd=tmp_path).status == 0
    assert leakcheck("keys", "new", "filters.example.org/a", "-o", "key", cwd=tmp_path).status == 0
    assert leakcheck("sign", "a.bloom", "--key", "key", cwd=tmp_path).status == 0
    public = leakcheck("keys", "public", tmp_path / "key").out.strip()
    assert leakcheck("keys", "trust", public).status == 0
    (tmp_path / beside).unlink(missing_ok=True)
    os.mkfifo(tmp_path / beside)
    done = leakcheck(*use.split(), cwd=tmp_path)
    assert done.status == status
    assert status == 0 or "it is not a regular file" in done.out + done.err
