"""A person's first questions: what can be done, and what follows from what leaked."""

import json
from pathlib import Path

import pytest
from program import leakcheck, one_sentence

from leakcheck import terminal


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "home").mkdir()
    return {"LEAKCHECK_HOME": str(tmp_path / "home")}


def built(tmp_path: Path, *more: str) -> Path:
    (tmp_path / "dump.txt").write_text("alice@example.fr\n")
    path = tmp_path / "a.bloom"
    done = leakcheck("build", tmp_path / "dump.txt", "-o", path, "--force", *more)
    assert done.status == 0, done.err
    return path


def test_without_a_filter_three_lines_say_what_can_be_done(home: dict[str, str]) -> None:
    for asked in (["me@example.fr"], ["me@example.fr", "you@example.fr"]):
        done = leakcheck("check", *asked, **home)
        assert done.status == 2
        lines = done.out.splitlines()
        assert len(lines) == len(asked) + 3
        for word in ("filters search", "filters add", "--in hibp", "HIBP_API_KEY"):
            assert word in done.out


@pytest.mark.parametrize("command", ["check", "scan"])
def test_advice_speaks_of_no_password_that_was_not_in_it(command: str, tmp_path: Path) -> None:
    asked = "alice@example.fr" if command == "check" else str(tmp_path / "dump.txt")
    more = ("--format", "html") if command == "scan" else ()
    for data, password, bank in (
        ("email,phone,iban", False, True),
        ("email,password", True, False),
    ):
        path = built(tmp_path, "--data", data)
        done = leakcheck(command, asked, "--in", path, *more)
        assert done.status == 1
        for words in ("Change the password", "same password", "Let a password manager"):
            assert (words in done.out) is password
        assert ("Tell your bank" in done.out) is bank
    path = built(tmp_path)
    assert "Change the password" in leakcheck("check", "alice@example.fr", "--in", path).out


def test_what_leaked_is_said_in_known_words(tmp_path: Path) -> None:
    (tmp_path / "dump.txt").write_text("alice@example.fr\n")
    done = leakcheck("build", tmp_path / "dump.txt", "-o", tmp_path / "x", "--data", "email,shoes")
    assert "email, username, password" in one_sentence(done)
    path = built(tmp_path, "--data", "Email, password ,email")
    assert "email,password" in leakcheck("info", path).out


def test_variants_are_suggested_where_they_would_matter(tmp_path: Path) -> None:
    path = built(tmp_path)
    for subject, hint in (
        ("jane.roe+x@googlemail.com", True),
        ("jane+x@example.org", True),
        ("jane@example.org", False),
        ("alice@example.fr", False),
    ):
        done = leakcheck("check", subject, "--in", path)
        assert ("--variants" in done.out) is hint, subject
        assert "--variants" not in leakcheck("check", subject, "--in", path, "--variants").out


def test_nt_hashes_are_answered_out_of_the_box(tmp_path: Path, home: dict[str, str]) -> None:
    lm = "aad3b435b51404eeaad3b435b51404ee"
    (tmp_path / "ntds.txt").write_text(
        f"ACME\\alice:500:{lm}:becedb42ec3c5c7f965255338be4453c:::\n"
        f"ACME\\bob:501:{lm}:bfa533a69955e4f2ea66203d838337b3:::\n"
    )
    done = leakcheck("scan", tmp_path / "ntds.txt", "--kind", "ntlm", **home)
    assert done.status == 1
    assert "ACME\\alice" in done.out
    assert "2 rows: 1 exposed, 0 unknown, 1 clean." in done.out
    assert "same password" not in done.out


def test_accounts_that_share_a_password_and_those_with_none_are_named(
    tmp_path: Path, home: dict[str, str]
) -> None:
    lm, same, other = "aad3b435b51404eeaad3b435b51404ee", "ab" * 16, "cd" * 16
    accounts = {
        "alice": same, "bob": same, "carol": other, "carol_history0": other,
        "dave": "31d6cfe0d16ae931b73c59d7e0c089c0", "eve": same, "eve_history0": other,
    }  # fmt: skip
    (tmp_path / "ntds.txt").write_text(
        "".join(
            f"ACME\\{name}:{at}:{lm}:{nt}:::\n" for at, (name, nt) in enumerate(accounts.items())
        )
    )
    done = leakcheck("scan", tmp_path / "ntds.txt", "--kind", "ntlm", **home)
    assert "The same password (3 accounts): ACME\\alice, ACME\\bob, ACME\\eve." in done.out
    assert "Empty password (1): ACME\\dave." in done.out
    assert done.out.count("same password") == 1
    for digest in (same, other):
        assert digest not in done.out
    asked = ("scan", tmp_path / "ntds.txt", "--kind", "ntlm", "--format", "json")
    facts = json.loads(leakcheck(*asked, **home).out)["summary"]
    assert facts["same_password"] == [["ACME\\alice", "ACME\\bob", "ACME\\eve"]]
    assert facts["empty_password"] == ["ACME\\dave"]


def test_a_former_hash_is_not_the_password_of_an_account(
    tmp_path: Path, home: dict[str, str]
) -> None:
    """DSInternals lists former ones below the present one: alice once had none, as bob has now."""
    blank, own = "31d6cfe0d16ae931b73c59d7e0c089c0", "ab" * 16
    (tmp_path / "ds.txt").write_text(
        f"SamAccountName: alice\nSecrets\n  NTHash: {own}\n  LMHash:\n  NTHashHistory:\n"
        f"    Hash 01: {own}\n    Hash 02: {blank}\n"
        f"SamAccountName: bob\nSecrets\n  NTHash: {blank}\n  LMHash:\n"
    )
    done = leakcheck("scan", tmp_path / "ds.txt", "--kind", "ntlm", **home)
    assert "Empty password (1): bob." in done.out
    assert "4 rows: " in done.out


def test_a_list_of_other_subjects_says_which_kind_to_give(
    tmp_path: Path, home: dict[str, str]
) -> None:
    (tmp_path / "ntds.txt").write_text(f"alice:500:{'ab' * 16}:{'cd' * 16}:::\n")
    done = leakcheck("scan", tmp_path / "ntds.txt", **home)
    assert done.status == 2
    assert "--kind ntlm" in done.err
    assert "--kind password" in done.err


def test_a_column_of_long_links_does_not_break_up_the_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.setenv("TERM", "xterm")
    fields = [terminal.Field("Row", number=True), terminal.Field("Login", keep=False),
              terminal.Field("Link", keep=False)]  # fmt: skip
    rows = [["2", "alice", f"https://{'x' * 70}"], ["3", "bob", ""]]
    layout = terminal.Layout(fields, rows)
    drawn = [line for row in rows for line in layout.row(row)]
    assert drawn == ["  2  alice", "  3  bob"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["build", "dump.txt"], "-o, --output is missing: leakcheck build --help says"),
        (["scan"], "LIST... is missing: leakcheck scan --help says"),
        (["export", "dump.txt"], "--to is missing: leakcheck export --help says"),
        (["keys", "trust"], "is missing: leakcheck keys trust --help says"),
    ],
)
def test_what_is_missing_is_named_with_where_to_read_on(words: list[str], told: str) -> None:
    done = leakcheck(*words)
    assert done.status == 2
    assert told in one_sentence(done)
    french = leakcheck("--language", "fr", *words)
    assert "Il manque " in french.err


def test_a_group_without_a_command_shows_its_help() -> None:
    done = leakcheck("filters")
    assert done.status == 2
    assert "  add " in done.err
    assert done.err.count("\n") > 8


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("filters rm x", "did you mean filters remove?"),
        ("filters ls", "did you mean filters list?"),
        ("filters install x", "did you mean filters add?"),
        ("filters updat", "did you mean filters update?"),
        ("keys rm x", "did you mean keys distrust?"),
        ("keys dsitrust x", "did you mean keys distrust?"),
        ("chekc x", "did you mean check?"),
        ("filters qqqqqq", "leakcheck filters --help lists them"),
        ("qqqqqq", "leakcheck --help lists them"),
    ],
)
def test_a_command_that_there_is_not_suggests_the_one_that_was_meant(
    typed: str, meant: str
) -> None:
    done = leakcheck(*typed.split())
    assert done.status == 2
    assert one_sentence(done) == f"leakcheck: There is no such command: {meant.rstrip('.')}" + (
        "" if meant.endswith("?") else "."
    )


def test_the_template_of_a_mail_service_is_read_by_its_headers(tmp_path: Path) -> None:
    (tmp_path / "g.csv").write_text(
        "First Name [Required],Email Address [Required],Password [Required]\n"
        "Ada,alice@example.fr,letmein\n"
    )
    done = leakcheck("scan", tmp_path / "g.csv", "--kind", "password")
    assert done.status == 1
    assert "letmein" not in done.out
    assert "alice@example.fr" in done.out
    (tmp_path / "dump.txt").write_text("alice@example.fr:letmein\n")
    pairs = tmp_path / "p.bloom"
    assert (
        leakcheck("build", tmp_path / "dump.txt", "-o", pairs, "--kind", "credential").status == 0
    )
    asked = ("scan", tmp_path / "g.csv", "--kind", "credential", "--in", pairs)
    assert leakcheck(*asked).status == 1


def test_a_hunt_into_files_says_what_it_found(tmp_path: Path) -> None:
    (tmp_path / "dump.txt").write_text("alice@example.fr:letmein\n")
    (tmp_path / "watch.txt").write_text("alice@example.fr\n")
    done = leakcheck("hunt", "dump.txt", "--watch", "watch.txt", "-o", "h.html", cwd=tmp_path)
    assert done.status == 1
    assert done.out.startswith("1 hit of 1 entry")
