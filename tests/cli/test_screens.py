"""What a person sees: sessions at a real terminal, kept as screens in `screens/`.

A screen is what a terminal emulator shows after the commands in it. To write
them anew after a change that was wanted: LEAKCHECK_SCREENS=write pytest …, then read them.
"""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pexpect
import pyte
import pytest
from program import LEAKCHECK, leakcheck

SCREENS = Path(__file__).parent / "screens"
LONG = "a-very-long-address-that-goes-on-and-on-and-on@a-subdomain-of-its-own.example.org"
STAFF = f"""name,mail,team,office
Alice,Alice@Example.fr,red,Lyon
Carol,carol@example.org,blue,Metz
Zoé,{LONG},blue,Metz
Bad,not an address,blue,Metz
"""
EXPORT = """name,url,username,password
shop,https://www.shop.example/login,alice@example.fr,letmein
bank,https://bank.example/,alice,V9!kd-33qpLx
forum,https://forum.example/,alice,V9!kd-33qpLx
mail,https://mail.example/,alice,kjsd84-ksjdf-34kj
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filter, a list, an export, a dump and a configuration."""
    folder = tmp_path_factory.mktemp("terminal")
    (folder / "home").mkdir()
    (folder / "dump.txt").write_text(f"alice@example.fr:horse\n{LONG}:hunter2\n")
    (folder / "staff.csv").write_text(STAFF, encoding="utf-8")
    (folder / "chrome.csv").write_text(EXPORT)
    (folder / "watch.txt").write_text("alice@example.fr\n")
    (folder / "app.env").write_text("DB_HOST=db.example.org\nDB_PASSWORD=letmein\n")
    done = leakcheck(
        "build", "dump.txt", "-o", "acme.bloom", "--kind", "email", "--name", "Société Acme",
        "--date", "2026-02-01", cwd=folder, LEAKCHECK_HOME=str(folder / "home"),
    )  # fmt: skip
    assert done.status == 0
    return folder


def at_terminal(
    folder: Path, command: str, columns: int, *, encoding: str = "utf-8", **env: str
) -> tuple[list[str], bytes]:
    """The lines that a terminal shows after a command, and the bytes that it was sent."""
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "COLUMNS")}
    more = {
        "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "LEAKCHECK_HOME": str(folder / "home"),
        "PATH": f"{Path(LEAKCHECK).parent}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    child = pexpect.spawn(
        "sh", ["-c", command], cwd=str(folder), dimensions=(200, columns),
        env=kept | more | env, timeout=120,
    )  # fmt: skip
    sent = child.read()
    child.close()
    screen = pyte.Screen(columns, 200)
    pyte.Stream(screen).feed(sent.decode(encoding))
    return "\n".join(line.rstrip() for line in screen.display).rstrip().split("\n"), sent


SESSIONS = {
    "scan": "leakcheck scan staff.csv --in acme.bloom",
    "check": "leakcheck check alice@example.fr --in acme.bloom",
    "clean": "leakcheck check bob@example.fr --in acme.bloom",
    "nothing": "leakcheck check alice@example.fr",
    "wrong": "leakcheck check alice.example.fr; leakcheck vault dump.txt; "
    "leakcheck check --pasword",
    "vault": "leakcheck vault chrome.csv",
    "filters": "leakcheck filters add acme.bloom; leakcheck filters add acme.bloom; "
    "leakcheck filters remove acme; leakcheck filters list",
    "config": "LEAKCHECK_HOME=home LEAKCHECK_COLOR=never leakcheck config",
    "build": "leakcheck build staff.csv -o new.bloom --kind email --force",
    "ci": "leakcheck ci app.env",
    "hunt": "leakcheck hunt dump.txt --watch watch.txt",
    "info": "leakcheck info acme.bloom",
}


ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
TERMINALS = {
    "": ({}, "utf-8"),
    "-ascii": (ASCII, "ascii"),
    "-latin1": ({"PYTHONIOENCODING": "latin-1"}, "latin-1"),
    "-fr": ({"LC_ALL": "fr_FR.UTF-8"}, "utf-8"),
    "-fr-ascii": (ASCII | {"LEAKCHECK_LANG": "fr"}, "ascii"),
    "-fr-latin1": ({"LC_ALL": "fr_FR.ISO-8859-1", "PYTHONIOENCODING": "latin-1"}, "latin-1"),
}
"""What a terminal can show, and in which language it speaks; with the ending of its screens."""
SCREENSHOTS = [
    (name, columns, terminal)
    for name in SESSIONS
    for columns in (80, 140)
    for terminal in TERMINALS
]


@pytest.mark.parametrize(("name", "columns", "terminal"), SCREENSHOTS)
def test_screens(name: str, columns: int, terminal: str, folder: Path) -> None:
    env, encoding = TERMINALS[terminal]
    lines, _ = at_terminal(folder, SESSIONS[name], columns, encoding=encoding, **env)
    shown = re.sub(
        r"\d([,.])\d+( ?s$)",
        r"0\g<1>1\2",
        "\n".join([f"$ {SESSIONS[name]}", *lines, ""]),
        flags=re.M,
    )
    assert max(map(len, lines)) <= columns
    if terminal.startswith("-fr"):
        prose = re.sub(
            r"\S*(acme|exampl|staff|dump|leakcheck|chrome)\S*|--only clean|--\S+", "", shown
        )
        assert not re.search(
            r"(?<![\w-])(the|of|was|password|breach|exposed|clean)(?![\w-])", prose
        )
    path = SCREENS / f"{name}-{columns}{terminal}.txt"
    if os.environ.get("LEAKCHECK_SCREENS") == "write":
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("columns", [40, 80, 140])
def test_subject_and_verdict_are_never_cut_and_clean_rows_are_counted(
    columns: int, folder: Path
) -> None:
    lines, _ = at_terminal(folder, SESSIONS["scan"], columns)
    whole = "".join(lines)
    assert LONG in whole
    assert whole.count("exposed") >= 2
    assert "…" not in whole
    assert "carol@example.org" not in whole
    assert any(line.startswith("1 clean row is not shown") for line in lines)
    assert not re.search("[─-╿]", whole)


def test_words_are_not_broken(folder: Path) -> None:
    lines, _ = at_terminal(folder, SESSIONS["check"], 60)
    words = set(re.findall(r"[\w'-]+", leakcheck("check", "alice@example.fr", "--in", "acme.bloom",
                                                 cwd=folder).out))  # fmt: skip
    assert set(re.findall(r"[\w'-]+", "\n".join(lines))) <= words
    assert len(lines) > 8


def test_colour_stands_beside_words_where_it_is_wanted(folder: Path) -> None:
    red = b"\x1b[31;1mexposed\x1b[0m"
    scan = SESSIONS["scan"]
    assert red in at_terminal(folder, scan, 80)[1]
    assert red in at_terminal(folder, f"{SESSIONS['check']} --color always | cat", 80)[1]
    for plain in (
        at_terminal(folder, scan, 80, NO_COLOR="1"),
        at_terminal(folder, scan, 80, TERM="dumb"),
        at_terminal(folder, f"{scan} --color never", 80),
        at_terminal(folder, f"leakcheck --color never {scan.removeprefix('leakcheck ')}", 80),
        at_terminal(folder, f"{scan} | cat", 80),
    ):
        assert b"\x1b[" not in plain[1]
        assert b"exposed" in plain[1]


def test_a_dumb_terminal_gets_a_fact_a_line(folder: Path) -> None:
    lines, _ = at_terminal(folder, SESSIONS["scan"], 80, TERM="dumb")
    assert lines[0] == "row 2, alice@example.fr, exposed"
    assert lines[1] == "  Details: Société Acme (2026-02-01)"
    assert not any(re.match(r"-{4,}", line) for line in lines)


@pytest.mark.parametrize(
    ("env", "name"),
    [
        ({"PYTHONIOENCODING": "latin-1"}, "Société Acme"),
        ({"PYTHONIOENCODING": "ascii"}, "Societe Acme"),
        ({"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, "Societe Acme"),
    ],
)
@pytest.mark.parametrize("command", ["scan", "check", "info", "vault"])
def test_any_encoding(command: str, env: dict[str, str], name: str, folder: Path) -> None:
    lines, _ = at_terminal(folder, SESSIONS[command], 140, encoding="latin-1", **env)
    whole = "\n".join(lines)
    assert "fault" not in whole
    assert "Traceback" not in whole
    if command != "vault":
        assert name in whole


def test_quiet_leaves_answers_and_errors(folder: Path) -> None:
    for form in ("-q", "--quiet"):
        done = leakcheck("check", form, "alice@example.fr", "--in", "acme.bloom", cwd=folder)
        assert done.status == 1
        assert len(done.out.splitlines()) == 1
    done = leakcheck("-q", "check", "nobody", cwd=folder)
    assert done.err.startswith("leakcheck: ")


def test_verbose_says_what_is_asked(folder: Path) -> None:
    done = leakcheck("check", "alice@example.fr", "--in", "acme.bloom", "-v", cwd=folder)
    assert "asking Société Acme (email, 2 keys)" in done.err
    assert "alice" not in done.err
    assert "done in" in done.err


def test_progress_as_json_and_none_before_a_second(folder: Path) -> None:
    waiting = ["scan", "-", "--in", "acme.bloom", "--format", "summary"]
    process = subprocess.Popen(
        [LEAKCHECK, *waiting, "--progress", "json"], cwd=folder, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write("alice@example.fr\n")
    process.stdin.flush()
    first = json.loads(process.stderr.readline())
    assert first["progress"] == "scanning stdin"
    assert {"done", "total", "unit", "seconds"} <= set(first)
    process.communicate(timeout=60)
    assert process.returncode == 1
    quick = leakcheck("scan", "staff.csv", "--in", "acme.bloom", cwd=folder)
    assert "scanning" not in quick.err


def test_a_terminal_sees_that_a_slow_pipe_is_waited_for(folder: Path) -> None:
    command = "(sleep 6; echo alice@example.fr) | leakcheck scan - --in acme.bloom"
    _, sent = at_terminal(folder, command, 79)
    assert b"scanning stdin" in sent


@pytest.mark.parametrize("resume", [True, False])
def test_an_interrupted_build_says_how_to_go_on(resume: bool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join(f"u{n}@example.fr:x\n" for n in range(1000)))
    command = [LEAKCHECK, "build", "a.txt", "-", "-o", "a.bloom", "--kind", "email"]
    told = ["--progress", "json"]
    process = subprocess.Popen(
        [*command, *told, *(["--resume"] if resume else [])], cwd=tmp_path,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    while json.loads(process.stderr.readline()).get("keys") != 1000:
        pass  # until a.txt is read, and stdin is waited for
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    if not resume:
        assert "With --resume" in err
        assert {path.name for path in tmp_path.iterdir()} == {"a.txt"}
        return
    (sentence,) = [line for line in err.splitlines() if not line.startswith("{")]
    assert sentence == "leakcheck: Interrupted: the same command goes on where it stopped."
    done = leakcheck(*command[1:], "--resume", cwd=tmp_path, given=b"b@example.fr\n")
    assert done.status == 0, done.err
    assert "1,001 keys" in done.out


def test_no_terminal_is_needed_to_say_nothing_was_typed() -> None:
    child = pexpect.spawn(LEAKCHECK, ["check", "--password"], encoding="utf-8", timeout=60)
    child.expect("not shown")
    child.sendeof()
    child.expect("Nothing was typed")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 2
