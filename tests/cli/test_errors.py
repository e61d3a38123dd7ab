"""What cannot be answered: one sentence on stderr, exit 2, nothing half-written, never clean."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from program import LEAKCHECK, leakcheck, one_sentence

DUMP = b"alice@example.fr:secret-one\nbob@example.org:secret-two\n"


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("acme")
    (folder / "dump.txt").write_bytes(DUMP)
    made = folder / "acme.bloom"
    done = leakcheck("build", folder / "dump.txt", "-o", made, "--kind", "email", "--name", "Acme")
    assert done.status == 0, done.err
    return made


def wrong_uses(folder: Path) -> dict[str, list[str]]:
    return {
        "no such command": ["chek"],
        "check nothing": ["check"],
        "check what is no address": ["check", "alice"],
        "check an unknown top-level domain": ["check", "alice@example.nosuchtld"],
        "check in a missing filter": ["check", "alice@example.fr", "--in", "missing.bloom"],
        "check in what is no filter": ["check", "alice@example.fr", "--in", "dump.txt"],
        "check in a folder": ["check", "alice@example.fr", "--in", str(folder)],
        "a password as argument": ["check", "--password", "hunter2"],
        "a hash of odd length": ["check", "--hash", "abc"],
        "build nothing": ["build", "-o", "x.bloom"],
        "build from a missing file": ["build", "missing.txt", "-o", "x.bloom", "--kind", "email"],
        "build from an empty file": ["build", "empty.txt", "-o", "x.bloom", "--kind", "email"],
        "build from an empty folder": ["build", "empty", "-o", "x.bloom", "--kind", "email"],
        "build from a file with no key": ["build", "prose.txt", "-o", "x.bloom", "--kind", "email"],
        "build over what exists": ["build", "dump.txt", "-o", "taken.bloom", "--kind", "email"],
        "build into a missing folder": ["build", "dump.txt", "-o", "no/x.bloom", "--kind", "email"],
        "build at a rate of 2": ["build", "dump.txt", "-o", "x.bloom", "--rate", "2"],
        "info of a missing filter": ["info", "missing.bloom"],
        "info of an empty file": ["info", "empty.txt"],
        "verify a missing filter": ["verify", "missing.bloom"],
        "scan a missing list": ["scan", "missing.csv", "--in", "missing.bloom"],
        "hunt without a watch list": ["hunt", "dump.txt"],
        "hunt in a missing dump": ["hunt", "missing.txt", "--watch", "dump.txt"],
        "ci in a missing folder": ["ci", "missing"],
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("wrong")
    (made / "dump.txt").write_bytes(DUMP)
    (made / "empty.txt").touch()
    (made / "empty").mkdir()
    (made / "prose.txt").write_text("Nothing of interest stands here.\n")
    (made / "taken.bloom").write_text("kept")
    return made


@pytest.mark.parametrize("use", wrong_uses(Path()))
def test_wrong_use(use: str, folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    done = leakcheck(*wrong_uses(folder)[use], cwd=folder)
    one_sentence(done)
    assert ": clean" not in done.out
    assert sorted(folder.rglob("*")) == before
    assert (folder / "taken.bloom").read_text() == "kept"


@pytest.mark.timeout(60)
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
@pytest.mark.parametrize(
    "use",
    [
        f"check --hash {40 * '0'} --in",
        "scan dump.txt --in",
        "ci dump.txt --in",
        "answer --port 0 --in",
        "serve",
        "info",
        "verify",
        "merge -o x.bloom",
        "export --to text -o x.txt",
        "sign --key a.key",
        "range 00 -o x.bloom --from",
        "filters add",
    ],
)
def test_a_fifo_is_refused_and_not_waited_for(use: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.bloom")
    (tmp_path / "dump.txt").write_bytes(DUMP)
    if "a.key" in use:
        assert leakcheck("keys", "new", "example.org/a", "-o", "a.key", cwd=tmp_path).status == 0
    one_sentence(leakcheck(*use.split(), "fifo.bloom", cwd=tmp_path))


def test_no_arguments_is_an_error_that_says_what_to_do() -> None:
    assert "--help" in one_sentence(leakcheck())


@pytest.mark.parametrize("size", [0, 1, 7, 8, 100, 4095, 4096, 4097, 8191])
def test_a_truncated_filter_is_no_filter(acme: Path, tmp_path: Path, size: int) -> None:
    cut = tmp_path / "cut.bloom"
    cut.write_bytes(acme.read_bytes()[:size])
    for command in (["check", "alice@example.fr", "--in"], ["info"], ["verify"]):
        done = leakcheck(*command, cut)
        one_sentence(done)
        assert not done.out


@pytest.mark.parametrize("place", [0, 9, 13, 20, 200, 4000, 4090])
def test_a_flipped_bit_in_the_header_is_an_error(acme: Path, tmp_path: Path, place: int) -> None:
    one_sentence(leakcheck("check", "alice@example.fr", "--in", flipped(acme, tmp_path, place)))


@pytest.mark.parametrize("place", [4096, 5000, 8183, 8184, 8191])
def test_a_flipped_bit_in_a_page_is_unknown(acme: Path, tmp_path: Path, place: int) -> None:
    bad = flipped(acme, tmp_path, place)
    done = leakcheck("check", "alice@example.fr", "carol@example.org", "--in", bad)
    assert done.status == 2
    assert ": clean" not in done.out
    assert done.out.count("unknown") == 2
    one_sentence(leakcheck("verify", bad))


def flipped(acme: Path, tmp_path: Path, place: int) -> Path:
    content = bytearray(acme.read_bytes())
    content[place] ^= 4
    bad = tmp_path / "bad.bloom"
    bad.write_bytes(content)
    return bad


def test_a_filter_of_another_kind_cannot_answer(acme: Path) -> None:
    said = one_sentence(leakcheck("check", "--password", "--in", acme, given=b"letmein\n"))
    assert "kind" in said


def test_no_filter_of_the_kind_is_unknown() -> None:
    done = leakcheck("check", "alice@example.fr")
    assert done.status == 2
    assert "unknown" in done.out


def test_exit_status_of_several(acme: Path) -> None:
    both = leakcheck("check", "alice@example.fr", "carol@example.org", "--in", acme)
    assert both.status == 1
    assert len([line for line in both.out.splitlines() if "exposed in Acme" in line]) == 1
    assert "carol@example.org: clean in Acme" in both.out
    assert leakcheck("check", "carol@example.org", "--in", acme).status == 0


def test_a_broken_pipe_is_no_error(acme: Path) -> None:
    many = " ".join(f"a{number}@example.fr" for number in range(2000))
    line = f"{LEAKCHECK} check {many} --in {acme} | head -n 1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=False, timeout=60)
    assert done.stderr == b""
    assert done.stdout.count(b"\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file(tmp_path: Path) -> None:
    secret = tmp_path / "dump.txt"
    secret.write_bytes(DUMP)
    secret.chmod(0)
    one_sentence(leakcheck("build", secret, "-o", tmp_path / "x.bloom", "--kind", "email"))


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-", "0<&-"])
def test_a_closed_stream_is_no_fault(closed: str, tmp_path: Path) -> None:
    """Whoever wants the status alone may close what they do not read."""
    for arguments, status in (("--version", 0), ("check nobody", 2), ("check --password", None)):
        done = subprocess.run(
            ["sh", "-c", f'exec "$0" {arguments} {closed}', LEAKCHECK],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode in ((status,) if status is not None else (2,))
        assert "fault" not in done.stderr
        assert "Traceback" not in done.stderr


def test_a_panic_never_ends_with_the_status_of_an_answer() -> None:
    """What Rust raises when it panics is no Exception; the interpreter's own status is 1."""
    code = (
        "import leakcheck.__main__ as program\n"
        "class PanicException(BaseException): pass\n"
        "def panic(arguments): raise PanicException('sentinel')\n"
        "program._invoke = panic\n"
        "program.sys.argv = ['leakcheck', 'demo']\n"
        "program.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "fault in leakcheck (PanicException" in done.stderr
    assert "sentinel" not in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("line", [("ci", ""), ("serve", ""), ("ci", "--baseline", "", ".")])
def test_an_empty_path_is_not_the_current_folder(line: tuple[str, ...], tmp_path: Path) -> None:
    done = leakcheck(*line, cwd=tmp_path)
    assert done.status == 2
    assert "An empty path was given: is a variable unset?" in done.err
