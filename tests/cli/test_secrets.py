"""A sentinel password and address, looked for in every output and every file left behind."""

import base64
import hashlib
import sys
from pathlib import Path

import pexpect
import pytest
from program import LEAKCHECK, Result, leakcheck

SECRET = "sentinel-Pa55word"
ADDRESS = "sentinel.person@example.fr"
TRACES = [
    SECRET,
    SECRET.lower(),
    base64.b64encode(SECRET.encode()).decode().rstrip("="),
    SECRET.encode().hex(),
    hashlib.sha1(SECRET.encode()).hexdigest(),
    hashlib.sha1(SECRET.encode()).hexdigest().upper(),
]


def assert_silent(result: Result, *folders: Path, traces: list[str] | None = None) -> None:
    """No trace of the secret in what was printed, or in any file but the inputs."""
    for trace in traces or TRACES:
        assert trace not in result.out
        assert trace not in result.err
        for folder in folders:
            for path in folder.rglob("*"):
                if path.is_file() and not path.name.startswith("input"):
                    assert trace.encode() not in path.read_bytes(), path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / "input.txt").write_text(f"{ADDRESS}:{SECRET}\nbob@example.org:other\n" * 50)
    (tmp_path / "input-passwords.txt").write_text(f"{SECRET}\nother\n" * 50)
    return tmp_path


@pytest.mark.parametrize("kind", ["email", "password", "ntlm", "credential"])
def test_build_and_check(folder: Path, kind: str) -> None:
    made = folder / "made.bloom"
    built = leakcheck(
        "build", folder / "input.txt", "-o", made, "--kind", kind, "--from", "combo",
        "--json", "--rejects", folder / "rejects.txt", cwd=folder,
    )  # fmt: skip
    assert built.status == 0, built.err
    assert_silent(built, folder, traces=[*TRACES, ADDRESS])
    if kind == "email":
        done = leakcheck("check", ADDRESS, "--in", made)
    elif kind == "credential":
        done = leakcheck("check", ADDRESS, "--kind", kind, "--in", made, given=SECRET.encode())
    else:
        done = leakcheck("check", "--password", "--kind", kind, "--in", made, given=SECRET.encode())
    assert done.status == 1, done
    assert_silent(done, folder)


def test_inspect_masks(folder: Path) -> None:
    done = leakcheck("inspect", folder / "input.txt", cwd=folder)
    assert done.status == 0, done.err
    assert_silent(done, folder, traces=[*TRACES, ADDRESS])


def test_a_password_is_asked_without_echo(folder: Path) -> None:
    asked = ["check", "--password", "--color", "never"]
    terminal = pexpect.spawn(LEAKCHECK, asked, encoding="utf-8", timeout=30)
    terminal.expect("not shown")
    terminal.sendline(SECRET)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert SECRET not in (terminal.before or "")
    assert "password: clean in" in (terminal.before or "")
    assert terminal.exitstatus == 0


def test_a_password_given_as_argument_is_not_repeated(folder: Path) -> None:
    for words in (
        ["check", "--password", SECRET],
        ["check", f"--password={SECRET}"],
        ["check", SECRET],
        ["check", "--kind", SECRET],
        [SECRET],
        ["info", "x.bloom", "--json", "--nope", SECRET],
        ["build", "--rate", SECRET],
        ["check", "--hash", SECRET],
    ):
        done = leakcheck(*words)
        assert done.status == 2, words
        assert_silent(done)


def test_an_inner_fault_shows_no_value(folder: Path) -> None:
    code = "import leakcheck.sources.filter_header as e\n"
    code += f"e.info_json = lambda h: 1 / 0 or {SECRET!r}\n"
    code += "from leakcheck.__main__ import run; import sys; sys.exit(run(sys.argv[1:]))"
    import subprocess

    made = folder / "made.bloom"
    leakcheck("build", folder / "input.txt", "-o", made, "--kind", "email")
    done = subprocess.run(
        [sys.executable, "-c", code, "info", "--json", str(made)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "fault in leakcheck (ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stderr
