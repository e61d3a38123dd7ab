"""`leakcheck vault`: every export, every problem, and never a password."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from listed_forms import CUSTOM, FORMS, NOTE, OLD, ONE_PASSWORD, OTHER, PIN, SECRET, SEED
from people import command, make_filter
from program import leakcheck, one_sentence

from leakcheck.auditing.guessing import derived
from leakcheck.subject.kinds import Kind

EXPORTS = (
    "chrome", "firefox", "safari", "bitwarden csv", "bitwarden json", "bitwarden json line",
    "1password csv", "1password 1pux", "lastpass", "dashlane", "proton pass", "keepass csv",
    "keepassxc csv", "keepass xml", "german", "french", "spanish", "yaml",
)  # fmt: skip
GOOD = "t6-Rz!mWq0pLk#2"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CI", raising=False)
    return tmp_path


def audited(*paths: Path, more: tuple[object, ...] = ()) -> tuple[int, list[dict[str, object]]]:
    """Exit status and rows of every account."""
    status, out, err = command("vault", *paths, "--all", "--format", "jsonl", *more)
    assert out, err
    return status, [json.loads(line) for line in out.splitlines()]


def csv(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(("name,url,username,password", *rows, "")), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", EXPORTS)
def test_every_export_is_two_accounts_one_of_them_breached(name: str, tmp_path: Path) -> None:
    form = FORMS[name]
    path = tmp_path / f"export{form.suffix}"
    path.write_bytes(form.content)
    status, rows = audited(path)
    assert status == 1
    assert [row["verdict"] for row in rows] == ["exposed", "clean"]


@pytest.mark.parametrize("name", EXPORTS)
def test_the_same_on_stdin(name: str) -> None:
    _, out, _ = command("vault", "-", "--format", "jsonl", stdin=FORMS[name].content)
    assert [json.loads(line)["verdict"] for line in out.splitlines()] == ["exposed"]


@pytest.mark.parametrize("form", ["table", "csv", "json", "html", "sarif", "junit", "text"])
@pytest.mark.parametrize("name", EXPORTS)
def test_no_report_holds_a_secret(name: str, form: str, tmp_path: Path) -> None:
    path = tmp_path / f"export{FORMS[name].suffix}"
    path.write_bytes(FORMS[name].content)
    status, out, err = command("vault", path, "--all", "--format", form)
    assert status == 1
    for secret in (SECRET, OTHER, NOTE, SEED, PIN, OLD, CUSTOM):
        assert secret not in out + err


def test_a_1pux_archive(tmp_path: Path) -> None:
    path = tmp_path / "export.1pux"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "export.attributes", json.dumps({"version": 3, "description": "1", "createdAt": 1})
        )
        archive.writestr("export.data", json.dumps(ONE_PASSWORD))
    status, rows = audited(path)
    assert (status, len(rows)) == (1, 2)
    assert rows[0]["account"] == "site0 (a.example)"


def test_reuse_is_found_across_exports_and_one_account_in_both_is_none(tmp_path: Path) -> None:
    one = csv(
        tmp_path / "one.csv", f"a,https://a.example,ann,{GOOD}", f"b,https://b.example,ann,{GOOD}2"
    )
    two = csv(
        tmp_path / "two.csv",
        f"A,https://www.a.example,ANN,{GOOD}",
        f"c,https://c.example,x,{GOOD}2",
    )
    status, rows = audited(one, two)
    assert status == 0
    assert [(row["account"], row["problems"], row["shared_with"]) for row in rows] == [
        ("b.example", ["reused"], ["c.example"]),
        ("c.example", ["reused"], ["b.example"]),
        ("a.example", [], []),
    ]
    assert rows[2]["found_in"] == ["one.csv 2", "two.csv 2"]


def test_worst_first_and_what_is_fine_only_where_asked(tmp_path: Path) -> None:
    path = csv(
        tmp_path / "x.csv",
        f"fine,https://fine.example,ann,{GOOD}",
        "none,https://none.example,ann,",
        "Shop,https://shop.example,ann,Shop2024!",
        f"r,https://r.example,ann,{GOOD}3",
        f"s,https://s.example,ann,{GOOD}3",
        "bad,https://bad.example,ann,dragon",
    )
    _, rows = audited(path)
    assert [row["problems"] for row in rows] == [
        ["breached"], ["reused"], ["reused"], ["guessable"], ["empty"], []
    ]  # fmt: skip
    status, out, _ = command("vault", path)
    assert status == 1
    assert "fine.example" not in out
    assert "6 accounts in 1 export: 1 with a breached password, 1 without a problem." in out
    assert f"rm -- {path}" in out


@pytest.mark.parametrize("form", ["table", "csv", "jsonl", "html", "sarif", "junit", "xlsx"])
def test_a_redacted_report_tells_no_account(form: str, tmp_path: Path) -> None:
    path = csv(
        tmp_path / "a.csv",
        "Sentinel Shop,https://shop.sentinel.example/,alice.sentinel@example.fr,letmein",
        "Sentinel,,sentinel-login,letmein",
        f"forum,https://sentinel.example/,x-sentinel,{GOOD}",
    )
    target = tmp_path / "report"
    status, out, err = command("vault", path, "--all", "--redact", "--format", form, "-o", target)
    assert status == 1
    report = target.read_bytes()
    if form == "xlsx":
        with zipfile.ZipFile(target) as parts:
            report = b"".join(map(parts.read, parts.namelist()))
    shown = out + err + report.decode()
    assert "entinel" not in shown
    assert "s•••.example" in shown or "\\u2022" in shown
    if form == "jsonl":
        rows = {row["found_in"][0]: row for row in map(json.loads, report.splitlines())}
        first = rows["a.csv 2"]
        assert (first["site"], first["login"]) == ("s•••.example", "a•••@e•••.fr")
        assert first["shared_with"] == ["S•••"]


def test_a_report_is_redacted_in_ci_unless_that_is_not_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = csv(tmp_path / "a.csv", "shop,https://shop.example/,alice,letmein")
    monkeypatch.setenv("CI", "true")
    assert audited(path)[1][0]["site"] == "s•••.example"
    assert audited(path, more=("--no-redact",))[1][0]["site"] == "shop.example"


def test_the_exports_to_delete_are_quoted_for_a_shell(tmp_path: Path) -> None:
    path = csv(tmp_path / "it's mine.csv", f"a,https://a.example,ann,{GOOD}")
    _, out, _ = command("vault", path)
    assert """my't""" not in out
    assert f"""rm -- '{tmp_path}/it'"'"'s mine.csv'""" in out


def test_what_no_source_vouches_for_is_unknown(tmp_path: Path) -> None:
    path = csv(tmp_path / "x.csv", f"a,https://a.example,ann,{GOOD}")
    broken = make_filter(tmp_path / "p.bloom", ["x"], Kind.PASSWORD)
    broken.write_bytes(broken.read_bytes()[:-1] + b"\xff")
    status, rows = audited(path, more=("--in", broken))
    assert status == 2
    assert [row["problems"] for row in rows] == [["unknown"]]


def test_a_bigger_filter_is_asked_where_it_is_named(tmp_path: Path) -> None:
    path = csv(tmp_path / "x.csv", f"a,https://a.example,ann,{GOOD}")
    for kind in (Kind.PASSWORD, Kind.NTLM):
        named = make_filter(tmp_path / f"{kind}.bloom", [GOOD], kind, name="Big")
        status, rows = audited(path, more=("--in", named))
        assert (status, rows[0]["problems"]) == (1, ["breached"])


def test_a_damaged_row_is_told_and_nothing_is_clean(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(FORMS["bitwarden json"].content[:-40])
    done = leakcheck("vault", path)
    assert done.status != 0
    assert "traceback" not in done.err.lower()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (FORMS["keepass kdbx"].content, "keepassxc-cli export"),
        (FORMS["encrypted json"].content, "without encryption"),
        (FORMS["combo :"].content, "leakcheck scan"),
        (FORMS["sha1"].content, "leakcheck scan"),
        (FORMS["prose"].content, "x.txt"),
        (b"", "empty"),
    ],
)
def test_what_is_no_export_is_refused_in_one_sentence(
    content: bytes, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(content)
    assert said in one_sentence(leakcheck("vault", path))


def test_an_encrypted_keepass_xml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    path.write_bytes(
        FORMS["keepass xml"].content.replace(b"ProtectInMemory='True'", b"Protected='True'")
    )
    assert "encrypted" in one_sentence(leakcheck("vault", path))


def test_passkeys_notes_and_what_is_in_the_trash_are_no_empty_accounts(tmp_path: Path) -> None:
    login = {"username": "ann", "password": "", "uris": [{"uri": "https://a.example"}]}
    items = [
        {"type": 1, "name": "key", "login": login | {"fido2Credentials": [{"a": "b"}]}},
        {"type": 2, "name": "note", "notes": "x", "login": None},
        {"type": 1, "name": "gone", "deletedDate": "2026", "login": login},
        {"type": 1, "name": "none", "login": login},
    ]
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"encrypted": False, "items": items}, indent=1))
    _, rows = audited(path)
    assert [(row["account"], row["problems"]) for row in rows] == [
        ("none (a.example)", ["empty"]), ("key (a.example)", []),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("password", "account", "found"),
    [
        ("Amazon2023!", {"site": "amazon.com"}, "site"),
        ("@m4z0n!", {"site": "amazon.com"}, "site"),
        ("nozama1", {"site": "amazon.com"}, "site"),
        ("alice.martin", {"login": "alice.martin@example.fr"}, "login"),
        ("Alice1985", {"login": "alice.martin@example.fr"}, "login"),
        ("Société-2024", {"title": "Société"}, "title"),
        ("alice@amazon", {"site": "amazon.com", "login": "alice"}, "login"),
        ("amazonriverboat", {"site": "amazon.com"}, ""),
        ("t6-Rz!mWq0pLk#2", {"site": "amazon.com", "login": "alice"}, ""),
        ("2024", {"site": "amazon.com"}, ""),
        ("", {"site": "amazon.com", "login": "alice"}, ""),
        ("com1", {"site": "amazon.com"}, ""),
        ("amazon123456789", {"site": "amazon.com"}, ""),
    ],
)
def test_what_can_be_guessed(password: str, account: dict[str, str], found: str) -> None:
    known = {"site": "", "login": "", "title": ""} | account
    assert derived(password.encode(), **known) == found


def test_a_workbook_is_an_export_too(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (("name", "url", "username", "password"), ("a", "https://a.example", "ann", SECRET)):
        book.active.append(row)
    held = io.BytesIO()
    book.save(held)
    (tmp_path / "x.xlsx").write_bytes(held.getvalue())
    assert audited(tmp_path / "x.xlsx")[0] == 1
