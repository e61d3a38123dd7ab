"""What one command takes for a password, all do."""

import contextlib
import io
import json
import sys
from pathlib import Path

import leakcheck
from leakcheck.__main__ import run


def command(*arguments: object, stdin: bytes = b"") -> tuple[int, str, str]:
    """Run a command line in this process: exit status, stdout, stderr."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", newline=""), io.StringIO()
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(stdin))
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run([str(argument) for argument in arguments])
            out.flush()
    finally:
        sys.stdin = before
    return status, out.buffer.getvalue().decode(), err.getvalue()


def test_a_table_is_cut_at_the_delimiter_that_it_was_recognised_by(tmp_path: Path) -> None:
    """Its passwords have colons, which would cut its rows into as many cells each."""
    dump, made = tmp_path / "d.csv", tmp_path / "d.bloom"
    dump.write_text("".join(f"{at},user{at}@acme.fr,aa:bb:cc:{at}\n" for at in range(20)))
    built = command("build", dump, "-o", made, "--kind", "password", "--column", "3", "--json")
    assert json.loads(built[1])["records"] == 20
    asked = command("check", "--password", "--in", made, stdin=b"aa:bb:cc:7\n")
    assert asked[0] == 1, asked
    assert command("check", "--password", "--in", made, stdin=b"cc\n")[0] == 0
    scanned = command(
        "scan", dump, "--kind", "password", "--column", "3", "--in", made, "--format", "json"
    )
    assert [row["verdict"] for row in json.loads(scanned[1])["results"]] == ["exposed"] * 20


def test_an_export_of_bitwarden_has_a_row_for_each_login_alone(tmp_path: Path) -> None:
    """What says that the export is not encrypted is no secret, and no login has another's name."""
    logins = [("Forum", "alice", "letmein"), ("Shop", "al", "owl-9143-raven-lake")]
    items = [
        {"id": str(at), "name": name, "login": {"username": user, "password": word}}
        for at, (name, user, word) in enumerate(logins)
    ]
    path = tmp_path / "export.json"
    path.write_text(json.dumps({"encrypted": False, "folders": [], "items": items}))
    with leakcheck.scan(path, kind="password") as rows:
        found = [(row.verdict.value, sorted(row.columns.values())) for row in rows]
    assert found == [("exposed", ["Forum", "alice"]), ("clean", ["Shop", "al"])]
