"""No value in any output: a sentinel in every format, on every road, in every error."""

# ruff: noqa: E501 - what is expected is read as it is shown

import subprocess
import sys
from pathlib import Path

import pytest
from program import leakcheck

from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import digest

FORMATS = (
    "text",
    "table",
    "json",
    "sarif",
    "junit",
    "github",
    "codequality",
    "markdown",
    "html",
    "csv",
)
SOUND = "SENTINEL-sound-0451"


def traces(password: str) -> list[bytes]:
    """What gives a password away: itself, its halves, its digest in hexadecimal and base64."""
    import base64

    sha1 = digest(Kind.PASSWORD, password)
    half = len(password) // 2
    return [
        password.encode(), password[:half].encode(), password[half:].encode(), sha1.hex().encode(),
        sha1.hex().upper().encode(), sha1.hex()[:10].encode(), base64.b64encode(sha1)[:12],
        base64.b64encode(password.encode()),
    ]  # fmt: skip


@pytest.fixture
def tree(repo, breached: str):
    """A sentinel in every format, clean, breached, skipped, ignored and half-parsed."""
    import base64

    for value, folder in ((breached, "a"), (SOUND, "b")):
        encoded = base64.b64encode(value.encode()).decode()
        for name, text in {
            ".env": f"DB_PASSWORD={value}\nX_PASSWORD=${{X:-{value}}}\n# Y_PASSWORD={value}\n",
            "a.yml": f"password: '{value}'\nother: *unknown\nkind: Secret\ndata: {{password: {encoded}}}\n",
            "b.yml": f"kind: Secret\ndata:\n  password: {encoded}\n",
            "a.json": f'{{"password": "{value}", "x": ',
            "a.toml": f"password = '{value}'\nbroken = [\n",
            "a.xml": f"<a><password>{value}</password><b password='{value}'>",
            "a.sql": f"CREATE USER a IDENTIFIED BY '{value}'; INSERT INTO u (password) VALUES ('{value}');",
            "a.py": f"password = '{value}'  # leakcheck: ignore\npwd = f'{value}'\npassword_hash = '{value}'\n",
            "a.tf": f'variable "db_password" {{\n  default = "{value}"\n}}\n',
            "url.txt": f"postgres://u:{value.replace('&', '%26')}@h/db\n",
            "u.csv": f"user,password\na,{value}\n",
            ".pgpass": f"h:1:d:u:{value}\n",
        }.items():
            repo.write(f"{folder}/{name}", text)
    return repo


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_shows_a_value(tree, form: str, breached: str, known: Path) -> None:
    done = leakcheck("ci", "--in", known, "--format", form, cwd=tree.root)
    assert done.status == 1
    said = (done.out + done.err).encode()
    assert (b"DB_PASSWORD" in said) or (form == "markdown" and b"DB&#95;PASSWORD" in said)
    for password in (breached, SOUND):
        assert not [trace for trace in traces(password) if trace in said]


def test_no_file_holds_a_value(tree, breached: str, known: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    leakcheck(
        "ci",
        "--in",
        known,
        "-o",
        out / "r.sarif",
        "-o",
        out / "r.json",
        "-o",
        out / "r.xml",
        cwd=tree.root,
    )
    accepted = leakcheck(
        "ci", "--in", known, "--update-baseline", "--reason", "a test", "--baseline",
        out / "baseline.json", cwd=tree.root,
    )  # fmt: skip
    assert accepted.status == 0
    for password in (breached, SOUND):
        assert not [
            trace for trace in traces(password) if trace in (accepted.out + accepted.err).encode()
        ]
    written = list(out.iterdir())
    assert len(written) == 4
    for path in written:
        for password in (breached, SOUND):
            assert not [trace for trace in traces(password) if trace in path.read_bytes()], path


def test_no_history_shows_a_value(tree, breached: str, known: Path) -> None:
    tree.commit()
    for form in ("text", "json", "sarif", "markdown"):
        done = leakcheck("ci", "--in", known, "--history", "--format", form, cwd=tree.root)
        assert done.status == 1
        for password in (breached, SOUND):
            assert not [
                trace for trace in traces(password) if trace in (done.out + done.err).encode()
            ]


def test_no_explanation_shows_a_value(tree, ci, breached: str) -> None:
    for path in sorted(tree.root.rglob("*")):
        if path.is_file() and ".git" not in path.parts:
            for line in (1, 2, 3):
                done = ci("--explain", f"{path}:{line}")
                said = (done.out + done.err).encode()
                assert done.status == 0
                assert not [trace for trace in traces(breached) + traces(SOUND) if trace in said]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--policy", "a/.env"), ("--policy", "a/a.toml"), ("--baseline", "a/a.json"), ("--baseline", "a/.env"),
        ("--in", "a/.env"), ("--in", "a/a.json"), ("--format", "{}"), ("--since", "{}"), ("{}",),
        ("--explain", "{}"), ("--explain", "{}:1"), ("--in", "{}"), ("--unknown-option={}",),
        ("--min-count", "{}"), ("-o", "{}/x.json"), ("--history={}",), ("--update-baseline", "--expires", "{}"),
    ],
)  # fmt: skip
def test_no_error_shows_a_value(tree, arguments: tuple[str, ...], breached: str) -> None:
    named = [argument.replace("{}", breached) for argument in arguments]
    done = leakcheck("ci", *named, cwd=tree.root)
    assert done.status == 2, done
    said = done.out + done.err
    if "{}" not in "".join(arguments) or arguments[0] in (
        "--format",
        "--since",
        "--min-count",
        "--history={}",
        "--update-baseline",
    ):
        assert not [trace for trace in traces(breached) if trace in said.encode()], said
    assert "Traceback" not in said


def test_a_fault_of_ours_shows_no_value(tree, breached: str, known: Path) -> None:
    """Whatever breaks in a reader, no traceback with its locals reaches anyone."""
    program = (
        "import sys, leakcheck.ci.values as values, leakcheck.ci.text as text\n"
        "def broken(value): raise RuntimeError(value)\n"
        "text.judge = broken\n"
        "from leakcheck.__main__ import run\n"
        f"sys.exit(run(['ci', '--in', {str(known)!r}]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tree.root, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert not [trace for trace in traces(breached) if trace in done.stdout + done.stderr]
    assert b"Traceback" not in done.stderr


def test_stdin_echoes_nothing(known: Path, breached: str) -> None:
    for form in FORMATS:
        given = f"{breached}\n{SOUND}\n".encode()
        done = leakcheck("ci", "--stdin", "--in", known, "--format", form, given=given)
        assert done.status == 1
        said = (done.out + done.err).encode()
        assert not [trace for trace in traces(breached) + traces(SOUND) if trace in said]


@pytest.mark.parametrize(
    "password",
    [
        "sent\"inel'q<&>%x",
        "sentinel\\nline",
        "sentinél-ключ-密码",
        "s" * 250,
        "::sentinel::error::",
    ],
)
def test_odd_passwords_are_in_no_output(repo, ci, password: str) -> None:
    import json

    repo.write("a.json", json.dumps({"password": password}, ensure_ascii=False))
    repo.write("a.py", f"password = {password!r}\n")
    for form in FORMATS:
        done = ci("--format", form)
        assert done.status == 0
        assert not [trace for trace in traces(password) if trace in (done.out + done.err).encode()]
    for path in ("a.json", "a.py"):
        done = ci("--explain", f"{path}:1")
        assert "checked: clean" in done.out
        assert not [trace for trace in traces(password) if trace in (done.out + done.err).encode()]
