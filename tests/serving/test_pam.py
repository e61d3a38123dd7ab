"""PAM: the script and the module of docs/membership.md, under a real PAM stack."""

import contextlib
import hashlib
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from loopback.answering import Running, blocks

pytest.importorskip("uvicorn")
MODULE = Path(__file__).parent.parent.parent / "contrib" / "pam_leakcheck.c"
CLEAN, EXPOSED = "correct-marble-otter", "letmein"
Ends = Callable[..., tuple[int, str]]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The page's script, with a socket beside it."""
    path = tmp_path / "pam-breached"
    text = blocks()["pam-breached"].replace("/run/leakcheck/answer.sock", f"{tmp_path}/a.sock")
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_script_fails_closed(script: Path, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    running = Running(tmp_path)

    def ends(given: bytes) -> tuple[int, str]:
        done = subprocess.run([str(script)], input=given, capture_output=True, timeout=30)
        return done.returncode, done.stdout.decode()

    try:
        said = "This password is known from a data breach. Change it.\n"
        assert ends(b"letmein\0") == (1, said)
        assert ends(b"correct-marble-otter\0") == (0, "")
        assert ends(b"") == (1, "No password was given to check.\n")
    finally:
        running.stop()
    assert ends(b"correct-marble-otter\0") == (1, "This password could not be checked.\n")


@contextmanager
def stack(text: str) -> Iterator[Ends]:
    """Asks a PAM service of these lines; gives its exit status and what was said."""
    service = Path("/etc/pam.d") / f"leakcheck-test-{os.getpid()}"
    if os.geteuid() or not shutil.which("pamtester"):
        pytest.skip("pamtester is not installed, or this is not root")
    service.write_text(text)

    def ends(password: str, phase: str = "authenticate") -> tuple[int, str]:
        done = subprocess.run(
            ["pamtester", service.name, "nobody", phase], input=f"{password}\n" * 2, text=True,
            capture_output=True, timeout=30, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    try:
        yield ends
    finally:
        service.unlink()


def test_the_script_in_a_real_stack(script: Path, tmp_path: Path) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    tmp_path.chmod(0o755)
    how = f"requisite pam_exec.so expose_authtok quiet stdout {script}"
    lines = (f"auth {how}\nauth required pam_permit.so\n"
             f"password {how}\npassword required pam_permit.so\n")  # fmt: skip
    with stack(lines) as ends:
        running = Running(tmp_path)
        try:
            assert ends(EXPOSED)[0] == 1
            assert ends(CLEAN)[0] == 0
            assert ends(CLEAN, "chauthtok")[0] == 1  # it is not told the new password
        finally:
            running.stop()
        assert ends(CLEAN)[0] == 1


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module, compiled as its first lines say."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler is installed")
    for header in ("security/pam_ext.h", "sha1.h"):
        asked = ["cc", "-fsyntax-only", "-include", header, "-x", "c", os.devnull]
        if subprocess.run(asked, capture_output=True, check=False).returncode:
            pytest.skip(f"the header {header} is not installed")
    folder = tmp_path_factory.mktemp("pam")
    line = next(line for line in MODULE.read_text().splitlines() if " cc " in line)
    command = line.strip(" *").replace("pam_leakcheck.c", str(MODULE)).split()
    subprocess.run([*command, "-Wextra", "-Werror"], cwd=folder, check=True, timeout=60)
    return folder / "pam_leakcheck.so"


def lines_for(module: Path, path: Path, more: str = "") -> str:
    how = f"{module} socket={path} {more}"
    return (f"auth requisite {how}\nauth required pam_permit.so\n"
            f"password requisite {how}\npassword required pam_permit.so\n")  # fmt: skip


def test_the_module_in_a_real_stack(module: Path, tmp_path: Path) -> None:
    with stack(lines_for(module, tmp_path / "a.sock")) as ends:
        running = Running(tmp_path)
        try:
            for phase in ("authenticate", "chauthtok"):
                status, told = ends(EXPOSED, phase)
                assert (status, "known from a data breach" in told) == (1, True), told
                assert ends(CLEAN, phase)[0] == 0
                assert ends("pâssé-marble-otter", phase)[0] == 0
                status, told = ends("", phase)
                assert (status, "No password was given" in told) == (1, True), told
        finally:
            running.stop()
        for phase in ("authenticate", "chauthtok"):
            status, told = ends(CLEAN, phase)
            assert (status, "could not be checked" in told) == (1, True), told


def test_an_administrator_may_let_pass_what_cannot_be_checked(module: Path, tmp_path: Path) -> None:
    opened = lines_for(module, tmp_path / "a.sock").replace(
        "requisite", "[success=ok authinfo_unavail=ignore default=die]"
    )
    with stack(opened) as ends:
        assert ends(CLEAN, "chauthtok")[0] == 0  # nobody listens
        running = Running(tmp_path)
        try:
            assert ends(EXPOSED, "chauthtok")[0] == 1
        finally:
            running.stop()


def test_an_option_that_is_not_known_lets_nobody_pass(module: Path, tmp_path: Path) -> None:
    running = Running(tmp_path)
    try:
        for more in ("sokcet=x", "timeout=0", "timeout=soon", "debug"):
            with stack(lines_for(module, tmp_path / "a.sock", more)) as ends:
                assert ends(CLEAN, "chauthtok")[0] == 1, more
    finally:
        running.stop()


GOOD = b'HTTP/1.1 200 OK\r\n\r\n{"version":1,"verdict":"clean","sources":[]}'


def test_the_module_takes_nothing_else_for_clean(module: Path, tmp_path: Path) -> None:
    answers = {
        "clean": GOOD,
        "503": GOOD.replace(b"200 OK", b"503 Service Unavailable"),
        "unknown": GOOD.replace(b"clean", b"unknown"),
        "another version": GOOD.replace(b'"version":1', b'"version":2'),
        "only a status": GOOD[:19],
        "cut": GOOD[:38],
        "nothing": b"",
        "another protocol": GOOD.replace(b"HTTP/1.1", b"SMTP/1.1"),
        "clean in a field": b"HTTP/1.1 200 OK\r\nX: " + GOOD[19:],
        "endless": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40_000,
        "none in time": None,
    }
    path = tmp_path / "a.sock"
    heard: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def answer() -> None:
            for said in answers.values():
                link = listener.accept()[0]
                with link:
                    heard.append(link.recv(4096))
                    if said is None:
                        time.sleep(2)
                    else:
                        with contextlib.suppress(ConnectionError):  # of one that has heard enough
                            link.sendall(said)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with stack(lines_for(module, path, "timeout=1000")) as ends:
            passed = [name for name in answers if ends(CLEAN)[0] == 0]
        thread.join(10)
    assert passed == ["clean"]
    digest = hashlib.sha1(CLEAN.encode()).hexdigest().encode()
    assert {one.split(b"\r\n")[0] for one in heard} == {b"GET /" + digest + b" HTTP/1.1"}
