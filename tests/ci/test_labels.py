"""The script that measures on labelled lines: what it counts, and that it shows no value."""

import binascii
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "ci_labels.py"
HEAD = (
    "Id,FileID,Domain,RepoName,FilePath,LineStart,LineEnd,GroundTruth,ValueStart,ValueEnd,"
    "CryptographyKey,PredefinedPattern,Category"
)
TEXT = """db_password = "kestrel-and-owl-77"
password_hint = "the first bird"
print(password)
password = get("raven-and-wren-5")
api_password = "finch-and-rook-31"
"""


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


def commit(root: Path, files: dict[str, str]) -> str:
    root.mkdir(parents=True)
    git(root, "init", "-q")
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "x")
    return git(root, "rev-parse", "HEAD").strip()


@pytest.fixture
def labelled(tmp_path: Path) -> tuple[Path, Path]:
    """A folder of labels, and one of the project that they are of."""
    oid = commit(tmp_path / "projects" / "acme+shop" / "repo", {"src/app.py": TEXT})
    identity = oid + "0" * 24
    number = f"{binascii.crc32(bytes.fromhex(identity)):08x}"
    file = hashlib.sha256(b"src/app.py").hexdigest()[:8]

    def row(line: int, label: str, start: object = "", end: object = "") -> str:
        return f"1,{file},GitHub,{number},data/x,{line},{line},{label},{start},{end},,,Password"

    first, fourth = TEXT.split("\n")[0], TEXT.split("\n")[3]
    rows = [
        row(1, "T", first.index("kestrel"), first.index('"', 20)),
        row(3, "F"),
        row(4, "T", fourth.index("raven"), len(fourth) - 2),
        row(5, "F"),
    ]
    gone = "1" * 64
    snapshot = {identity: "https://github.com/acme/shop", gone: "https://github.com/acme/gone"}
    commit(
        tmp_path / "labels",
        {
            "snapshot.json": json.dumps(snapshot),
            f"meta/{number}.csv": "\n".join([HEAD, *rows]) + "\n",
        },
    )
    return tmp_path / "labels", tmp_path / "projects"


def test_it_counts_what_is_seen_and_shows_no_value(
    labelled: tuple[Path, Path], tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.txt"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, labelled), "--wrong", str(wrong)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "== tuned: 1 projects, 1 files" in done.stdout
    assert "T: 1 of 2: 50.0% (9.5%–90.5%)" in done.stdout
    assert "F: 1 of 2: 50.0%" in done.stdout
    places = {tuple(row.split("\t")[:4]) for row in wrong.read_text().splitlines()}
    assert places == {
        ("missed", "acme/shop", "src/app.py", "4"),
        ("wrong", "acme/shop", "src/app.py", "5"),
    }
    for value in ("kestrel", "raven-", "finch"):
        assert value not in done.stdout + done.stderr + wrong.read_text()


def test_projects_can_be_held_out(labelled: tuple[Path, Path], tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("acme/shop\n")
    command = [sys.executable, str(SCRIPT), *map(str, labelled), "--held-out", str(kept)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert "== held-out: 1 projects" in done.stdout
    assert "== tuned" not in done.stdout
    command += ["--only", "tuned"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert "==" not in done.stdout
