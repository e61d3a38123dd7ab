"""Default passwords: those in the list, and logins and services used as their own password."""

import json
from pathlib import Path

import pytest

OWN_LOGIN = [
    ("a.env", "APP_USER=kestrel77\nAPP_PASSWORD=kestrel77\n", 2),
    ("a.env", "KESTREL77_PASSWORD=kestrel77\n", 1),
    ("a.py", "connect(user='kestrel77', password='kestrel77')\n", 1),
    ("a.py", "db = {'password': 'kestrel77', 'username': 'kestrel77'}\n", 1),
    ("A.java", 'ds.setUsername("kestrel77");\nds.setPassword("kestrel77");\n', 2),
    ("a.yml", "kestrel77:\n  image: x\n  password: kestrel77\n", 3),
    ("a.yml", "environment:\n  POSTGRES_DB: kestrel77\n  POSTGRES_PASSWORD: Kestrel77\n", 3),
    ("a.json", '{"kestrel77": {"password": "kestrel77"}}\n', 1),
    ("a.ini", "[kestrel77]\npassword = kestrel77\n", 2),
    ("a.xml", "<c><username>kestrel77</username><password>kestrel77</password></c>\n", 1),
    ("a.conf", "amqp://kestrel77:kestrel77@mq/\n", 1),
    ("a.conf", "redis://:kestrel77@kestrel77:6379/\n", 1),
    ("a.go", 'sql.Open("mysql", "kestrel77:kestrel77@tcp(db)/x")\n', 1),
    ("a.txt", "Authorization: Basic a2VzdHJlbDc3Omtlc3RyZWw3Nw==\n", 1),
    (".pgpass", "db:5432:app:kestrel77:kestrel77\n", 1),
    (".netrc", "machine h login kestrel77 password kestrel77\n", 1),
]
NOT_ITS_LOGIN = [
    ("a.env", "APP_USER=kestrel77\nAPP_PASSWORD=kestrel77-and-more\n"),
    ("a.env", "APP_USER=kestrel77x\nAPP_PASSWORD=kestrel77\n"),
    ("a.env", "NOTE=kestrel77\nAPP_PASSWORD=kestrel77\n"),
    ("a.yml", "other: kestrel77\npassword: kestrel77\n"),
    ("a.py", "old_password = 'old'\nnew_password = 'new'\n"),
    ("a.env", "APP_USER=kestrel77\n" + "X=1\n" * 200 + "APP_PASSWORD=kestrel77\n"),
    ("a.conf", "amqp://kestrel77:owl-and-raven@mq/\n"),
]


@pytest.mark.parametrize(
    "password",
    ["minioadmin", "rabbitmq", "mysecretpassword", "Harbor12345", "change_on_install", "5iveL!fe",
     "yourStrong(!)Password", "ctsBtRBKHRAx69EqUghvvgEvjnaLjFEB", "Administrator1"],
)  # fmt: skip
def test_what_products_ship_with_is_reported(repo, ci, password: str) -> None:
    repo.write("a.env", f"DB_PASSWORD='{password}'\n")
    done = ci()
    if password == "Administrator1":
        assert done.status == 0, "what is not in the list is no finding"
        assert "default" not in done.out
        return
    assert done.status == 1
    assert "a.env:1:14: DB_PASSWORD: default password (false alarm: 1 in " in done.out
    assert "0 breached, 1 default, 0 unknown." in done.out
    assert password not in done.out + done.err


@pytest.mark.parametrize(("name", "text", "line"), OWN_LOGIN)
def test_a_login_that_is_its_own_password(repo, ci, name: str, text: str, line: int) -> None:
    repo.write(name, text)
    done = ci()
    assert done.findings == [f"{name}:{line}"]
    assert ": default password (" in done.out


@pytest.mark.parametrize(("name", "text"), NOT_ITS_LOGIN)
def test_what_is_not_its_login(repo, ci, name: str, text: str) -> None:
    repo.write(name, text)
    done = ci()
    assert done.status == 0, done.out
    assert " checked against " in done.out
    assert not done.out.startswith("0 passwords")


def test_a_list_and_a_login_read_alike(repo, ci) -> None:
    """Which of the two it is would tell the password."""
    repo.write("a.env", "A_PASSWORD=minioadmin\n")
    repo.write("b.env", "B_USER=kestrel77\nB_PASSWORD=kestrel77\n")
    rows = json.loads(ci("--format", "json").out)["results"]
    assert [row["verdict"] for row in rows] == ["exposed", "exposed"]
    assert [row["default"] for row in rows] == [True, True]
    assert rows[0]["why"] == rows[1]["why"]
    assert rows[0]["sources"] == rows[1]["sources"]


def test_breached_comes_first(repo, ci, breached: str) -> None:
    repo.write("a.env", f"U_USER={breached}\nU_PASSWORD={breached}\n")
    done = ci()
    assert ": breached password (" in done.out
    assert "1 breached, 0 unknown." in done.out


def test_they_have_a_rule_of_their_own(repo, ci) -> None:
    repo.write("a.env", "A_PASSWORD=minioadmin\n")
    run = json.loads(ci("--format", "sarif").out)["runs"][0]
    assert [result["ruleId"] for result in run["results"]] == ["default-password"]
    assert "default-password" in [rule["id"] for rule in run["tool"]["driver"]["rules"]]


def test_a_policy_can_leave_them_out(repo, ci) -> None:
    repo.write("a.env", "A_PASSWORD=minioadmin\n")
    repo.write("leakcheck.toml", "defaults = false\n")
    assert ci().status == 0
    assert ci("--strict").status == 1, "the repository's own policy does not count then"


def test_a_baseline_accepts_them(repo, ci) -> None:
    repo.write("a.env", "A_PASSWORD=minioadmin\n")
    assert ci("--update-baseline", "--reason", "a demo").status == 0
    assert ci().status == 0


def test_explain_and_stdin_know_them(repo, ci, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    repo.write("a.env", "A_PASSWORD=minioadmin\n")
    assert "checked: default password (" in ci("--explain", "a.env:1").out
    said = io.TextIOWrapper(io.BytesIO(b"minioadmin\na-sound-one-0451\n"))
    monkeypatch.setattr("sys.stdin", said)
    done = ci("--stdin")
    assert done.status == 1
    assert done.out.startswith("line 1: default password (")
    assert "0 breached, 1 default, 0 unknown." in done.out


def test_the_list_is_made_of_its_table() -> None:
    import csv

    from leakcheck.sources.names import defaults_source
    from leakcheck.subject.kinds import Kind
    from leakcheck.subject.question import digests_of

    table = Path(__file__).parents[2] / "scripts" / "default_passwords.csv"
    with table.open(newline="", encoding="utf-8") as file:
        passwords = {row["password"] for row in csv.DictReader(file)} - {""}
    source = defaults_source()
    try:
        codes = source.lookup(
            digests_of(Kind.PASSWORD, [each.encode() for each in passwords])
        ).codes
        assert codes == b"\1" * len(passwords)
        assert source.info.keys > 1500
        assert source.info.fpr < 1e-9
        assert "MIT licence" in (source.info.note or "")
    finally:
        source.close()
