"""The history of a repository: every version once, who brought it, what still stands."""

import json
import subprocess
from pathlib import Path

import pytest


def rows(done) -> list[dict]:
    return json.loads(done.out)["results"]


def head(repo) -> str:
    return repo.git("rev-parse", "HEAD").strip()


def test_what_was_removed_is_found_with_its_commit(repo, ci, breached: str) -> None:
    repo.write("a.env", f"DB_PASSWORD={breached}\n")
    repo.commit()
    first = head(repo)
    repo.write("a.env", f"DB_PASSWORD={breached}\nX=1\n")
    repo.commit()
    repo.write("a.env", "X=1\n")
    repo.commit()
    assert ci().status == 0, "the tree is clean"
    done = ci("--history")
    assert done.status == 1
    assert done.findings == ["a.env:1"], "one finding, however many versions have it"
    today = repo.git("log", "-1", "--format=%as").strip()
    told = f"since commit {first[:12]} of {today}, no longer in the last commit"
    assert told in done.out
    assert "in 3 versions of files of 3 commits checked against" in done.out
    (row,) = rows(ci("--history", "--format", "json"))
    assert (row["commit"], row["author_date"], row["stands"]) == (first, today, "")
    assert "every clone" in done.out


def test_whether_it_still_stands(repo, ci, breached: str) -> None:
    repo.write("a.env", f"A_PASSWORD={breached}\n")
    repo.write("b.env", f"B_PASSWORD={breached}\n")
    repo.commit()
    repo.git("mv", "b.env", "moved.env")
    repo.write("a.env", f"X=1\nA_PASSWORD={breached}\n")
    repo.commit()
    found = {row["key"]: row["stands"] for row in rows(ci("--history", "--format", "json"))}
    assert found == {"A_PASSWORD": "a.env", "B_PASSWORD": "moved.env"}
    out = ci("--history").out
    assert ", still there" in out
    assert ", now in moved.env" in out


def test_every_branch_tag_and_merge_is_read(repo, ci, breached: str) -> None:
    repo.write("a.env", "X=1\n")
    repo.commit()
    repo.git("checkout", "-q", "-b", "side")
    repo.write("side.env", f"SIDE_PASSWORD={breached}\n")
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.git("branch", "merged", "side")
    repo.git("checkout", "-q", "-b", "gone", "main")
    repo.write("tagged.env", f"TAG_PASSWORD={breached}\n")
    repo.commit()
    repo.git("tag", "v1")
    repo.git("checkout", "-q", "main")
    repo.git("branch", "-q", "-D", "gone")
    repo.write("b.env", "Y=1\n")
    repo.commit()
    repo.git("merge", "-q", "--no-ff", "--no-commit", "merged")
    repo.write("evil.env", f"EVIL_PASSWORD={breached}\n")
    repo.commit()
    keys = {row["key"] for row in rows(ci("--history", "--format", "json"))}
    assert keys == {"SIDE_PASSWORD", "TAG_PASSWORD", "EVIL_PASSWORD"}
    keys = {row["key"] for row in rows(ci("--history", "main~1..main", "--format", "json"))}
    assert keys == {"SIDE_PASSWORD", "EVIL_PASSWORD"}
    assert ci("--history", "v1~1..v1").findings == ["tagged.env:1"]
    assert ci("--history=v1~1..v1").findings == ["tagged.env:1"]


def test_each_content_is_read_once(repo, ci, monkeypatch: pytest.MonkeyPatch) -> None:
    from leakcheck.ci import parts

    read = []
    real = parts.read_file

    def counting(data: bytes, path: str, *rest, **named):
        read.append((path, data))
        return real(data, path, *rest, **named)

    monkeypatch.setattr(parts, "read_file", counting)
    one, two = "DB_PASSWORD=zq81vTm4\n", "DB_PASSWORD=zq82vTm5\n"
    for text in (one, two, one, two):
        repo.write("a.env", text)
        repo.write("copy/a.env", text)
        repo.commit()
    assert ci("--history").status == 0
    assert sorted(data for _, data in read) == [one.encode(), two.encode()]


def test_the_same_bytes_in_another_language_are_read_anew(repo, ci, breached: str) -> None:
    text = f"DB_PASSWORD={breached}\n"
    repo.write("a.py", text)
    repo.commit()
    repo.git("mv", "a.py", "a.env")
    repo.commit()
    assert ci("--history").findings == ["a.env:1"], "unquoted, it is a value there alone"


def test_folders_policy_and_baseline_count(repo, ci, breached: str) -> None:
    repo.write("src/a.env", f"A_PASSWORD={breached}\n")
    repo.write("b.env", f"B_PASSWORD={breached}\n")
    repo.commit()
    assert ci("--history", "--", "src").findings == ["src/a.env:1"]
    assert ci("--history", "--exclude", "src/").findings == ["b.env:1"]
    assert ci("--history", "--update-baseline", "--reason", "rotated in May").status == 0
    repo.git("rm", "-q", "b.env")
    repo.commit()
    done = ci("--history")
    assert done.status == 0
    assert "Accepted: 2 by the baseline" in done.out
    repo.write("c.env", f"C_PASSWORD={breached}\n")
    repo.commit()
    assert ci("--history").findings == ["c.env:1"]
    assert ci("--history", "--prune-baseline").status == 2


def test_a_cut_history_is_said(repo, ci, tmp_path: Path, monkeypatch, breached: str) -> None:
    repo.write("a.env", f"DB_PASSWORD={breached}\n")
    repo.commit()
    for number in range(3):
        repo.write("a.env", f"X={number}\n")
        repo.commit()
    shallow = tmp_path / "shallow"
    subprocess.run(
        ["git", "clone", "-q", "--depth", "2", f"file://{repo.root}", str(shallow)], check=True
    )
    monkeypatch.chdir(shallow)
    done = ci("--history")
    assert done.status == 2
    assert "the clone is shallow, so its older commits are not here" in done.out
    assert ci("--history", "--allow-unknown").status == 0
    assert ci("--history", "HEAD~1..HEAD").status == 0, "all of that is here"


def test_wrong_use_is_one_sentence(repo, ci, tmp_path: Path, monkeypatch) -> None:
    assert ci("--history").status == 0, "no commit yet"
    repo.write("a.env", "X=1\n")
    repo.commit()
    for wrong in ("nowhere", "--output=/tmp/x", "HEAD~9..HEAD"):
        done = ci(f"--history={wrong}")
        assert done.status == 2
        assert "git does not know the range" in done.err
    assert ci("--history", "--staged").status == 2
    (tmp_path / "plain").mkdir()
    monkeypatch.chdir(tmp_path / "plain")
    done = ci("--history")
    assert done.status == 2
    assert "--history needs a git repository" in done.err


def test_nothing_replaces_a_commit(repo, ci, breached: str) -> None:
    repo.write("a.env", f"DB_PASSWORD={breached}\n")
    repo.commit()
    old = head(repo)
    repo.write("a.env", "X=1\n")
    repo.git("commit", "-q", "--amend", "-m", "x")
    repo.git("update-ref", "refs/heads/old", old)
    repo.git("replace", old, head(repo))
    assert ci("--history").findings == ["a.env:1"]


def test_hostile_names_and_modes(repo, ci, breached: str) -> None:
    names = ["new\nline.env", ":100644 x.env", "tab\tx.env", "é.env"]
    for name in names:
        repo.write(name, f"DB_PASSWORD={breached}\nN={name!r}\n", add=False)
    (repo.root / "link.env").symlink_to("é.env")
    repo.git("add", "-A")
    repo.commit()
    found = {row["path"] for row in rows(ci("--history", "--format", "json"))}
    assert found == set(names)


def test_many_versions_in_several_processes(repo, ci, monkeypatch, breached: str) -> None:
    from leakcheck.ci import history, parts

    monkeypatch.setattr(parts, "_WORTH_A_CHILD", 2)
    monkeypatch.setattr(history, "_BLOCK", 7)
    monkeypatch.setattr(history, "_DEAL", 2)
    for number in range(20):
        repo.write(f"f{number % 3}.env", f"N={number}\nDB_PASSWORD={breached}{number // 10}\n")
        repo.commit()
    repo.write("f0.env", f"N=x\nDB_PASSWORD={breached}\n")
    repo.commit()
    done = ci("--history")
    assert done.findings == ["f0.env:2"]
    assert "in 21 versions of files of 21 commits" in done.out
    assert "7 passwords" in done.out, "each value of each file once"
