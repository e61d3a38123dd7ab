"""The Python API, and batch checks from a file."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from people import command, make_filter

import leakcheck
from leakcheck.errors import InputError, SubjectError, UsageError
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Verdict


def test_check(filters: dict[str, Path]) -> None:
    names = [str(path) for path in filters.values()]
    alice, carol = leakcheck.check(["Alice@Example.fr", "carol@example.org"], sources=names)
    assert alice.verdict is Verdict.EXPOSED
    assert [(hit.name, hit.source.date) for hit in alice.exposed_in] == [
        ("New", "2026-02-11"),
        ("Old", "2019-05-01"),
    ]
    assert carol.verdict is Verdict.CLEAN
    with pytest.raises(SubjectError) as caught:
        leakcheck.check(["nob\x00dy"], sources=names)
    assert "nob" not in str(caught.value)


def test_a_digest_is_of_the_kind_that_was_asked_about() -> None:
    answer = leakcheck.check_digest("00" * 20)
    assert (answer.verdict, answer.kind) == (Verdict.CLEAN, Kind.PASSWORD)  # what is built in


def test_check_digest(filters: dict[str, Path], tmp_path: Path) -> None:
    digest = hashlib.sha1(b"alice@example.fr").hexdigest()
    answer = leakcheck.check_digest(digest, sources=[str(filters["new"])])
    assert (answer.verdict, answer.kind, answer.subject) == (Verdict.EXPOSED, Kind.EMAIL, None)
    ntlm = make_filter(tmp_path / "n.bloom", ["letmein"], Kind.NTLM, name="N")
    answer = leakcheck.check_digest("becedb42ec3c5c7f965255338be4453c", sources=[str(ntlm)])
    assert (answer.verdict, answer.kind) == (Verdict.EXPOSED, Kind.NTLM)
    for wrong in ("", "xyz", digest[:-1], digest + "0", "é" * 40):
        with pytest.raises(UsageError):
            leakcheck.check_digest(wrong)


def test_scan(filters: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("name;mail\nBob;bob@acme.fr\nEve;eve@\n")
    with leakcheck.scan(path, sources=[str(filters["new"])]) as rows:
        found = [(row.number, row.verdict, dict(row.columns), row.why) for row in rows]
        assert rows.tally.rows == 2
    assert found[0] == (2, Verdict.EXPOSED, {"name": "Bob"}, None)
    assert found[1][:2] == (3, Verdict.UNKNOWN)
    assert found[1][3]
    with pytest.raises(InputError):
        leakcheck.scan(tmp_path / "missing.csv", sources=[str(filters["new"])])


def test_import_is_cheap() -> None:
    code = (
        "import leakcheck, sys; print(sorted(m for m in sys.modules if m.startswith('leakcheck')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "['leakcheck']"


def test_batch_of_hashes(tmp_path: Path) -> None:
    words = [f"word{n}" for n in range(2000)]
    path = make_filter(tmp_path / "p.bloom", words[:3], Kind.PASSWORD, name="P", rate=1e-9)
    hashes = tmp_path / "h.txt"
    lines = [hashlib.sha1(word.encode()).hexdigest() for word in words]
    lines[1] = lines[1].upper() + ":12"
    lines[5] = "rubbish"
    hashes.write_bytes("\r\n".join(lines).encode())
    status, out, _ = command("check", "--hashes-from", hashes, "--in", path)
    assert status == 1
    shown = out.splitlines()
    assert [line.partition(":")[0] for line in shown[:4]] == [
        "line 1", "line 2", "line 3", "line 6"
    ]  # fmt: skip
    assert shown[3] == "line 6: unknown: not a hash"
    assert shown[-1] == "2,000 rows: 3 exposed, 1 unknown, 1,996 clean."
    assert "word" not in out
    assert lines[0][:8] not in out


def test_batch_of_subjects(filters: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "l.txt"
    path.write_text("carol@example.org\n\nBOB@acme.fr\n")
    status, out, _ = command("check", "--from-file", path, "--in", filters["new"])
    assert status == 1
    assert out.startswith("line 3, bob@acme.fr: exposed in New")
    status, out, _ = command("check", "--from-file", path, "--in", filters["new"], "--json")
    results = json.loads(out)["results"]
    assert [(one["row"], one["verdict"]) for one in results] == [(1, "clean"), (3, "exposed")]
    path.write_text("carol@example.org\n")
    assert command("check", "--from-file", path, "--in", filters["new"])[0] == 0
