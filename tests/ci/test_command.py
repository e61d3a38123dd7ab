"""The command: exit statuses, formats, baseline, policy, explain, stdin."""

# ruff: noqa: E501 - what is expected is read as it is shown

import json
import shutil
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from program import LEAKCHECK, leakcheck, one_sentence

from leakcheck.ci.baseline import Cost, expiry
from leakcheck.errors import UsageError

ESCAPES = "weird%,:\nname.env"

SCHEMAS = Path(__file__).parent.parent / "schemas"


def test_statuses(repo, ci, breached: str) -> None:
    repo.write("a.env", "DB_PASSWORD=not-in-any-breach\n")
    assert ci().status == 0
    repo.write("b.yml", f"x:\n  password: {breached}\n")
    done = ci()
    assert done.status == 1
    assert done.out.splitlines()[0].startswith(
        "b.yml:2:13: password: breached password (false alarm: "
    )
    assert (
        "2 passwords in 2 files checked against Known (51 passwords): 1 breached, 0 unknown."
        in done.out
    )
    assert ci("--exit-zero").status == 0
    assert ci("a.env").status == 0
    assert ci("b.yml").findings == ["b.yml:2"]


def test_a_value_that_no_filter_can_answer_ends_no_run(repo, ci, breached: str) -> None:
    repo.write("a.json", '{"password": "a\\u0000b"}')
    repo.write("b.env", f"DB_PASSWORD={breached}\n")
    assert ci().findings == ["b.env:1"]


def test_the_embedded_filter_answers_by_default(repo, ci) -> None:
    repo.write("a.env", "DB_PASSWORD=changeme\nAPI_PASSWORD=${API}\n")
    assert ci(against=None).findings == ["a.env:1"]


def test_unknown_fails_unless_allowed(repo, ci, known: Path, tmp_path: Path, breached: str) -> None:
    damaged = tmp_path / "damaged.bloom"
    data = bytearray(known.read_bytes())
    data[4096 + 100] ^= 1
    damaged.write_bytes(data)
    repo.write("a.env", "DB_PASSWORD=whatever-it-is\n")
    done = ci(against=damaged)
    assert done.status == 2
    assert (
        "a.env:1:13: DB_PASSWORD: could not be checked (Known: the page that would answer is damaged)"
        in done.out
    )
    assert ci("--allow-unknown", against=damaged).status == 0
    assert ci("--in", known, against=damaged).status == 2
    repo.write("b.env", f"DB_PASSWORD={breached}\n")
    assert ci("--in", known, against=damaged).status == 1, "exposed prevails"


def test_a_file_that_cannot_be_read_is_no_clean_one(
    repo, ci, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    repo.write("a.env", "A=1")
    opened = os.open

    def refuse(path: str, *rest: int, **named: int) -> int:
        if str(path).endswith("a.env"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *rest, **named)

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr("leakcheck.ci.names._first_look", lambda needles: None)  # opens by itself
    done = ci()
    assert done.status == 2
    assert "a.env: the file could not be read: Permission denied" in done.out
    assert ci("--allow-unknown").status == 0


def test_more_than_anyone_waits_for_is_no_clean_one(
    repo, ci, breached: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakcheck.ci.text.MOST", 2000)  # the sentence has the real one
    repo.write("names.env", "password=" * 2_600)
    repo.write("urls.txt", "".join(f"a://b:{n:x}q@c\n" for n in range(2_010)))
    done = ci()
    assert done.status == 2
    for name in ("names.env", "urls.txt"):
        assert f"{name}: the file could not be read: it holds more than 250,000" in done.out
    assert "In a run it has no answer" in ci("--explain", "names.env:1").out
    repo.write("b.env", f"DB_PASSWORD={breached}\n")
    assert ci().findings == ["b.env:1"], "the others are read"


def test_ignored_lines(repo, ci, breached: str) -> None:
    repo.write("a.env", f"DB_PASSWORD={breached} # leakcheck: ignore\n")
    repo.write("a.js", f"const password = '{breached}'; // LeakCheck: ignore, a fixture\n")
    done = ci()
    assert done.status == 0
    assert "0 by the baseline, 2 by a comment" in done.out


def test_sarif(repo, ci, breached: str) -> None:
    schema = json.loads((SCHEMAS / "sarif-2.1.0.json").read_text("utf-8"))
    repo.write("a b/é.env", f"DB_PASSWORD={breached}\nX_PASSWORD={breached}\n")
    done = ci("--format", "sarif")
    report = json.loads(done.out)
    jsonschema.validate(report, schema)
    results = report["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == ["breached-password"] * 2
    place = results[0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b/%C3%A9.env"
    assert place["region"] == {"startLine": 1, "startColumn": 13}
    prints = [result["partialFingerprints"] for result in results]
    assert prints[0] != prints[1]
    repo.write("a b/é.env", f"# moved\n\nDB_PASSWORD={breached}x\nX_PASSWORD={breached}\n")
    moved = json.loads(ci("--format", "sarif").out)["runs"][0]["results"]
    assert [result["partialFingerprints"] for result in moved] == prints[1:], (
        "stable, whatever the line"
    )


def test_junit_and_json(repo, ci, breached: str) -> None:
    repo.write("a.env", f"DB_PASSWORD={breached}\nX_PASSWORD=sound-and-long-one\n")
    suite = ElementTree.fromstring(ci("--format", "junit").out).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    report = json.loads(ci("--format", "json").out)
    assert report["version"] == 1
    assert report["sources"] == ["Known"]
    assert [(row["line"], row["key"], row["verdict"]) for row in report["results"]] == [
        (1, "DB_PASSWORD", "exposed"), (2, "X_PASSWORD", "clean"),
    ]  # fmt: skip
    assert report["summary"]["exposed"] == 1
    assert report["summary"]["checked"] == 2


def test_github_annotations_escape_file_names(repo, ci, breached: str) -> None:
    repo.write(ESCAPES, f"DB_PASSWORD={breached}\n")
    out = ci("--format", "github").out
    assert out.splitlines()[0].startswith(
        "::error col=13,file=weird%25%2C%3A%0Aname.env,line=1,title=leakcheck%3A breached-password::DB_PASSWORD: "
    )
    assert "weird%,:�name.env:1:13: DB_PASSWORD" in ci().out


def test_several_reports_at_once(repo, ci, breached: str) -> None:
    repo.write("a.env", f"DB_PASSWORD={breached}\n")
    done = ci("--format", "sarif", "-o", "out.sarif", "--format", "github")
    assert done.status == 1
    assert done.out.startswith("::error ")
    assert json.loads(Path("out.sarif").read_text())["version"] == "2.1.0"
    assert ci("-o", "out.sarif").status == 1, "a report is replaced"


def test_what_a_source_says_is_blurred(repo, ci, breached: str) -> None:
    from leakcheck.ci.checking import ask
    from leakcheck.subject.kinds import Kind
    from leakcheck.verdicts import Lookup, SourceInfo

    class Counting:
        info = SourceInfo("counting", Kind.PASSWORD, fpr=1e-6)
        concurrent = False

        def lookup(self, digests: bytes) -> Lookup:
            return Lookup(b"\1" * (len(digests) // 20), {0: 1.234e-7}, {}, {0: 52_579})

        def close(self) -> None: ...

    ((answer,),) = ask([b"x"], [Counting()])
    assert (answer.false_alarm, answer.seen) == (1e-6, 10_000)


def test_baseline(repo, ci, breached: str) -> None:
    repo.write("a.env", f"DB_PASSWORD={breached}\n")
    repo.write("b.env", f"DB_PASSWORD={breached}\n")
    assert ci("--update-baseline", "--reason", "a test").status == 0
    baseline = Path(".leakcheck-baseline.json")
    first = baseline.read_text()
    assert breached not in first
    assert len(json.loads(first)["entries"]) == 2
    done = ci()
    assert done.status == 0
    assert "Accepted: 2 by the baseline" in done.out
    repo.write("a.env", f"# moved\nDB_PASSWORD={breached}\n")
    assert ci().status == 0, "a moved line is the same finding"
    repo.write("c.env", f"DB_PASSWORD={breached}\n")
    assert ci().findings == ["c.env:1"], "another file is another finding"
    (repo.root / "b.env").unlink()
    assert "DB_PASSWORD in b.env, which is no longer found" in ci().out
    assert ci("--update-baseline", "--reason", "a test").status == 0
    again = json.loads(baseline.read_text())
    assert again["salt"] == json.loads(first)["salt"]
    assert [entry["path"] for entry in again["entries"]] == ["a.env", "c.env"]
    repo.write("d.env", f"DB_PASSWORD={breached}\n")
    assert ci("--update-baseline", "--reason", "a test", "d.env").status == 0
    assert len(json.loads(baseline.read_text())["entries"]) == 3, (
        "files not read keep their entries"
    )
    shutil.move(baseline, "elsewhere.json")
    assert ci().status == 1
    assert ci("--baseline", "elsewhere.json").status == 0


def test_pruning_accepts_nothing(repo, ci, breached: str) -> None:
    repo.write("a.env", f"DB_PASSWORD={breached}\n")
    repo.write("b.env", f"DB_PASSWORD={breached}\n")
    done = ci("--update-baseline", "--reason", "a demo")
    assert "a.env:1: DB_PASSWORD: newly accepted." in done.err
    entries = json.loads(Path(".leakcheck-baseline.json").read_text())["entries"]
    assert {entry["reason"] for entry in entries} == {"a demo"}
    assert all(len(entry["date"]) == 10 for entry in entries)
    repo.write("a.env", "DB_PASSWORD=a-sound-one-0451\n")
    repo.write("c.env", f"DB_PASSWORD={breached}\n")
    assert "no longer found: run --prune-baseline." in ci().out
    done = ci("--prune-baseline")
    assert done.findings == ["c.env:1"], "a new one is no accepted one"
    assert "1 entry removed" in done.err
    kept = json.loads(Path(".leakcheck-baseline.json").read_text())["entries"]
    assert [entry["path"] for entry in kept] == ["b.env"]
    assert kept[0] in entries, "reason and date stay"


def test_accepting_wants_a_reason(repo, ci, breached: str) -> None:
    repo.write("a.env", f"DB_PASSWORD={breached}\n")
    done = ci("--update-baseline")
    assert done.status == 2
    assert "a.env:1: DB_PASSWORD: newly accepted." in done.err, "it says first of what"
    assert "Nothing was accepted: say why with --reason." in done.err
    assert not Path(".leakcheck-baseline.json").exists()
    assert ci("--update-baseline", "--reason", "a demo").status == 0
    assert ci("--update-baseline").status == 0, "nothing is new, so there is nothing to ask"


def test_it_asks_at_a_terminal(repo, known: Path, breached: str) -> None:
    import pexpect

    repo.write("a.env", f"DB_PASSWORD={breached}\n")
    arguments = ["ci", "--in", str(known), "--update-baseline"]
    child = pexpect.spawn(LEAKCHECK, arguments, cwd=repo.root, timeout=60, encoding="utf-8")
    child.expect("a.env:1: DB_PASSWORD: newly accepted.")
    child.expect("Why are they accepted")
    child.sendline("a demo for sales")
    child.expect("1 finding newly accepted.")
    child.expect(pexpect.EOF)
    (entry,) = json.loads((repo.root / ".leakcheck-baseline.json").read_text())["entries"]
    assert entry["reason"] == "a demo for sales"


def test_what_is_accepted_expires(repo, ci, breached: str) -> None:
    repo.write("a.env", f"DB_PASSWORD={breached}\n")
    assert ci("--update-baseline", "--reason", "a demo", "--expires", "90d").status == 0
    baseline = Path(".leakcheck-baseline.json")
    body = json.loads(baseline.read_text())
    assert body["entries"][0]["expires"] > body["entries"][0]["date"]
    assert ci().status == 0
    body["entries"][0]["expires"] = "2020-01-31"
    baseline.write_text(json.dumps(body))
    done = ci()
    assert done.findings == ["a.env:1"]
    assert "The baseline accepted DB_PASSWORD in a.env until 2020-01-31" in done.out
    assert "no longer found" not in done.out
    assert ci("--update-baseline", "--reason", "again").status == 0
    (entry,) = json.loads(baseline.read_text())["entries"]
    assert "expires" not in entry
    for wrong in ("2020-01-31", "soon", "0x1d", "99999d", "9999999999999d", "²d"):
        assert ci("--update-baseline", "--reason", "x", "--expires", wrong).status == 2


def test_a_baseline_is_slow_to_guess_with(repo, ci, breached: str) -> None:
    import hashlib
    import hmac

    repo.write("a.env", f"DB_PASSWORD={breached}\n")
    ci("--update-baseline", "--reason", "a demo")
    body = json.loads(Path(".leakcheck-baseline.json").read_text())
    cost = body["scrypt"]
    assert 128 * cost["n"] * cost["r"] * cost["p"] >= 16 << 20
    slow = hashlib.scrypt(
        breached.encode(), salt=bytes.fromhex(body["salt"]), **cost, maxmem=1 << 26, dklen=32
    )
    wanted = hmac.new(slow, b"a.env\0DB_PASSWORD", "sha256").hexdigest()[:32]
    assert [entry["digest"] for entry in body["entries"]] == [wanted], "as docs/ci.md has it"


@pytest.mark.parametrize(
    "cost",
    [{"n": 1 << 30, "r": 8, "p": 1}, {"n": 1000, "r": 8, "p": 1}, {"n": 16384, "r": 8, "p": 99},
     {"n": 16384, "r": 0, "p": 1}, {"n": -2, "r": 8, "p": 1}, {}],
)  # fmt: skip
def test_a_baseline_cannot_ask_for_any_cost(repo, ci, breached: str, cost: dict[str, int]) -> None:
    repo.write("a.env", f"DB_PASSWORD={breached}\n")
    ci("--update-baseline", "--reason", "a demo")
    baseline = Path(".leakcheck-baseline.json")
    baseline.write_text(json.dumps(json.loads(baseline.read_text()) | {"scrypt": cost}))
    done = ci()
    assert done.status == 2
    assert "this is not a baseline of version 1" in done.err


@pytest.mark.parametrize(
    ("cost", "bearable"),
    [
        ((1 << 14, 8, 1), True), ((2, 1, 1), True), ((1 << 16, 16, 4), True), ((1 << 17, 16, 1), False),
        ((2, 17, 1), False), ((2, 0, 1), False), ((2, 1, 5), False), ((2, 1, 0), False),
        ((1, 1, 1), False), ((0, 1, 1), False), ((1 << 20, 1, 1), True), ((1 << 21, 1, 1), False),
    ],
)  # fmt: skip
def test_what_a_baseline_may_cost(cost: tuple[int, int, int], bearable: bool) -> None:
    assert Cost(*cost).is_bearable() is bearable


def test_an_accepted_finding_expires_from_today_to_ten_years_ahead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("leakcheck.ci.baseline._today", lambda: date(2026, 12, 31))
    assert (expiry("0d"), expiry("1d")) == ("2026-12-31", "2027-01-01")
    assert (expiry("2026-12-31"), expiry("3650d")) == ("2026-12-31", "2036-12-28")
    for wrong in ("2026-12-30", "3651d", "2036-12-29"):
        with pytest.raises(UsageError, match="ten years ahead at most"):
            expiry(wrong)


def test_a_summary_is_told_whatever_the_format(repo, ci, breached: str) -> None:
    repo.write("a.env", f"DB_PASSWORD={breached}\n")
    for arguments in (("--format", "json"), ("--format", "sarif"), ("-o", "x.csv")):
        done = ci(*arguments)
        assert "1 password in 1 file checked against" in done.err
        assert "Change each wherever it is used." in done.err
    assert ci().err == "", "once is enough"


def test_two_repositories_have_two_salts(repo, ci, breached: str, tmp_path: Path) -> None:
    repo.write("a.env", f"DB_PASSWORD={breached}\n")
    digests = set()
    for name in ("one.json", "two.json"):
        ci("--update-baseline", "--reason", "a test", "--baseline", name)
        digests |= {entry["digest"] for entry in json.loads(Path(name).read_text())["entries"]}
    assert len(digests) == 2


def test_policy(repo, ci, known: Path, breached: str) -> None:
    repo.write("src/a.py", f"door_pin = '{breached}'\nTEST_PASSWORD = '{breached}'\n")
    repo.write("vendor/b.py", f"password = '{breached}'\n")
    repo.write("c.html", f"mysql://u:{breached}@h/\n")
    repo.write("d.env", f"# DB_PASSWORD={breached}\n")
    shutil.copy(known, repo.root / "own.bloom")
    assert ci().findings == ["d.env:1", "src/a.py:2", "vendor/b.py:1"]
    assert "d.env:1:15: DB_PASSWORD: in a comment: breached password" in ci().out
    repo.write(
        "pyproject.toml",
        '[tool.leakcheck]\nexclude = ["vendor/"]\nnames = ["*_pin"]\nignore-names = ["TEST_*"]\n'
        'formats = ["code", "markup", "env"]\nfilters = ["own.bloom"]\ncomments = false\nmin-count = 2\n',
    )
    assert ci(against=None).findings == ["c.html:1", "src/a.py:1"]
    repo.write("leakcheck.toml", 'paths = ["vendor"]\n')
    assert ci().findings == ["vendor/b.py:1"], "leakcheck.toml comes first"
    assert ci("--policy", "pyproject.toml", "src").findings == ["src/a.py:1"]


@pytest.mark.parametrize(
    "policy",
    [
        'pathz = ["x"]', "paths = 'x'", "paths = [1]", "comments = 1", "min-count = 0", "min-count = true",
        'formats = ["yamel"]', "broken = [", "max-size = '1 MB'", "\x00",
    ],
)  # fmt: skip
def test_a_wrong_policy_is_an_error(repo, policy: str, known: Path) -> None:
    repo.write("leakcheck.toml", policy)
    assert "leakcheck.toml" in one_sentence(leakcheck("ci", "--in", known, cwd=repo.root))


def test_explain(repo, ci, breached: str) -> None:
    repo.write(
        "a.py",
        f"password = '{breached}'\npassword_hash = 'x'\npassword = get('x')\npassword = '${{X}}'\nx = 1\n"
        "# password = 'old'\npassword = 'sound-and-long'\n",
    )
    said = [ci("--explain", f"a.py:{line}").out for line in range(1, 8)]
    assert "a.py:1:13: password (code reader): checked: breached password" in said[0]
    assert "not checked: the name is not that of a password" in said[1]
    assert "not checked: no literal value follows the name" in said[2]
    assert "not checked: it is a reference or a placeholder" in said[3]
    assert "Nothing on line 5 has the name of a password." in said[4]
    assert "a.py:6:15: password (code reader), in a comment: checked: clean" in said[5]
    assert "checked: clean" in said[6]
    repo.write("page.html", "x")
    assert "the policy's formats leave markup out" in ci("--explain", "page.html:1").out
    for wrong in ("a.py", "a.py:0", ":1", "none.py:1"):
        one_sentence(leakcheck("ci", "--explain", wrong, cwd=repo.root))


def test_stdin(known: Path, breached: str) -> None:
    def run(given: bytes, *more: str):
        return leakcheck("ci", "--stdin", "--in", known, *more, given=given)

    assert run(b"sound-and-long\n").status == 0
    done = run(f"sound\r\n{breached}\r\nsound".encode())
    assert done.status == 1
    assert done.out.splitlines()[0].startswith("line 2: breached password")
    assert breached not in done.out + done.err
    assert run(breached.encode() + b"\0").status == 1, "as pam_exec ends it"
    assert run(f" {breached}\n".encode()).status == 1, "asked without the blank as well"
    report = json.loads(run(f"{breached}\nx\n".encode(), "--format", "json").out)
    assert [(row["line"], row["verdict"]) for row in report["results"]] == [
        (1, "exposed"),
        (2, "clean"),
    ]
    for given in (b"", b"\n", b"a\n\nb\n", b"\0"):
        one_sentence(run(given))


def test_wrong_use(repo) -> None:
    repo.write("a.env", "A=1")
    for arguments in (
        ("--staged", "--since", "HEAD"),
        ("--stdin", "--explain", "a:1"),
        ("--guessable", "--history"),
        ("--guessable", "--stdin"),
        ("nothing-here",),
        ("--since", "nowhere"),
        ("--baseline", "none.json"),
        ("--baseline", "a.env"),
        ("--in", "none.bloom"),
        ("--in", "a.env"),
        ("--policy", "none.toml"),
        ("--offline", "--in", "hibp"),
        ("--format", "sarif", "--format", "json"),
        ("--format", "pdf"),
        ("-o", "report.pdf"),
        ("-o", "no/such/folder.json"),
    ):
        one_sentence(leakcheck("ci", *arguments, cwd=repo.root))


def test_outside_of_git(tmp_path: Path, known: Path, breached: str) -> None:
    (tmp_path / "a.env").write_text(f"DB_PASSWORD={breached}\n")
    done = leakcheck("ci", "--in", known, cwd=tmp_path)
    assert (done.status, done.out.split(": ")[0]) == (1, "a.env:1:13")
    one_sentence(leakcheck("ci", "--staged", cwd=tmp_path))
    done = leakcheck("ci", "--in", known, tmp_path, cwd=tmp_path.parent)
    assert done.status == 1


def test_lines_in_a_terminal(repo, breached: str, known: Path) -> None:
    import sys

    import pexpect

    repo.write("a.env", f"DB_PASSWORD={breached}\n")
    child = pexpect.spawn(
        sys.executable, ["-m", "leakcheck", "ci", "--in", str(known)], cwd=str(repo.root),
        dimensions=(40, 140), encoding="utf-8", timeout=60,
    )  # fmt: skip
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1
    assert "\x1b[31ma.env:1:13\x1b[0m: DB_PASSWORD: breached password" in child.before
    assert breached not in child.before


def test_strict_lets_the_repository_accept_nothing(repo, ci, breached: str) -> None:
    repo.write("a.env", f"DB_PASSWORD={breached}\n")
    repo.write("b.env", f"DB_PASSWORD={breached} # leakcheck: ignore\n")
    repo.write("c.env", f"DB_PASSWORD={breached}\n")
    assert ci("--update-baseline", "--reason", "a test", "a.env").status == 0
    repo.write("leakcheck.toml", 'exclude = ["c.env"]\n')
    assert ci().status == 0
    assert ci("--strict").findings == ["a.env:1", "b.env:1", "c.env:1"]
    assert ci("--strict", "--baseline", ".leakcheck-baseline.json").findings == [
        "b.env:1",
        "c.env:1",
    ]
    assert ci("--strict", "--policy", "leakcheck.toml").findings == ["a.env:1", "b.env:1"]


def test_a_filter_of_nt_hashes_answers_for_passwords(repo, ci, breached: str) -> None:
    from leakcheck.sources.filter_file import Builder
    from leakcheck.sources.filter_header import about
    from leakcheck.subject.kinds import Kind
    from leakcheck.subject.question import digests_of

    with Builder(digest_bytes=Kind.NTLM.digest_bytes) as builder:
        builder.add(digests_of(Kind.NTLM, [breached, "filler"]))
        builder.finish(Path("nt.bloom"), rate=1e-9, about=dict(about(Kind.NTLM, name="Nt")))
    repo.write("a.env", f"DB_PASSWORD={breached}\nX_PASSWORD=sound-and-long\n")
    repo.write("b.py", b"password = 'cl\xe9-not-utf-8'\n")
    assert ci(against=Path("nt.bloom")).findings == ["a.env:1"]
    assert ci("--in", "nt.bloom").findings == ["a.env:1"], "beside one of passwords"


def test_a_pointer_of_git_lfs_is_named(repo, ci) -> None:
    repo.write("users.csv", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    assert "Only the Git LFS pointer is there: users.csv: run git lfs pull." in ci().out


def test_hostile_names_break_no_report(repo, ci, breached: str) -> None:
    for name in ("new\nline::error::x.env", "a%b&<\"'>.env", "#f?é.env", "-n.env", "back\\s.env"):
        repo.write(name, f"DB_PASSWORD={breached}\n")
    repo.write("k.json", json.dumps({"a\0\ud800\n::error::password": breached}))
    report = json.loads(ci("--format", "sarif").out)
    results = report["runs"][0]["results"]
    assert len({str(result["partialFingerprints"]) for result in results}) == 6
    for result in results:
        assert result["message"]["text"].encode(), "no half of a surrogate pair"
        place = result["locations"][0]["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        assert not uri.startswith("/")
        assert not set(uri) & set(' \n?#"<>\\:')
        assert min(place["region"].values()) >= 1
    lines = ci("--format", "github").out.splitlines()
    assert len([line for line in lines if line.startswith("::error ")]) == 6
    assert not [line for line in lines if line.startswith("::") and "::error " not in line[:8]]
    assert len(list(ElementTree.fromstring(ci("--format", "junit").out).iter("failure"))) == 6
    assert len(ci().findings) == 6


def test_what_a_library_warns_of_is_not_for_users(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("[[:a\n[a||b]\n")  # "possible nested set", says `re`
    (tmp_path / "c.env").write_text("password=hunter22x\n")
    done = leakcheck("ci", ".", cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
