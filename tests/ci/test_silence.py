"""Nothing is passed over in silence: what is not read is said, and is not clean."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from program import leakcheck, one_sentence

from leakcheck.ci import gitrepo


@pytest.fixture
def hidden(repo, breached: str):
    """A repository with a committed `.env` that its own `.gitignore` names."""
    repo.write(".env", f"DB_PASSWORD={breached}\n")
    repo.write(".gitignore", ".env\n")
    repo.commit()
    return repo


def test_a_repository_that_git_cannot_read_is_read_whole(hidden, ci) -> None:
    assert ci().findings == [".env:1"]
    git = hidden.root / ".git"
    (git / "HEAD").write_text("damaged")
    done = ci()
    assert done.findings == [".env:1"]
    assert "Every file was read, tracked or not: git cannot read this repository." in done.out
    shutil.rmtree(git)
    git.write_text("gitdir: /nowhere/at/all\n")
    assert ci().findings == [".env:1"], "a worktree that was copied alone"
    git.unlink()
    git.mkdir()
    assert ci().findings == [".env:1"], "an empty .git"


@pytest.mark.parametrize(
    ("key", "value"),
    [("core.repositoryFormatVersion", "9"), ("core.bare", "true"), ("extensions.unheard", "of")],
)
def test_whatever_the_configuration_says(hidden, ci, key: str, value: str) -> None:
    hidden.git("config", "core.repositoryFormatVersion", "1")
    hidden.git("config", key, value)
    assert ci().findings == [".env:1"]


def test_without_git_installed(hidden, ci, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    done = ci("--format", "json")
    assert done.status == 1
    report = json.loads(done.out)
    assert [row["path"] for row in report["results"]] == [".env"]
    assert report["summary"]["no_git"] == "git is not installed"
    for how in (("--staged",), ("--since", "HEAD")):
        done = ci(*how)
        assert done.status == 2
        assert "git is not installed" in done.err


def test_a_sparse_checkout_is_read_as_git_has_it(repo, ci, breached: str) -> None:
    repo.write("a/.env", f"DB_PASSWORD={breached}\n")
    repo.write("b/x.env", "A=1\n")
    repo.write("a/large.env", "x" * 1000)
    repo.commit()
    repo.git("sparse-checkout", "set", "b")
    assert not (repo.root / "a").exists()
    assert ci().findings == ["a/.env:1"]
    repo.write("leakcheck.toml", "max-size = 500\n", add=False)
    done = ci()
    assert "a/large.env: the file could not be read: it has 1,000 bytes" in done.out


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_what_git_was_told_not_to_look_at(repo, ci, breached: str, flag: str) -> None:
    repo.write("a.env", f"DB_PASSWORD={breached}\n")
    repo.write("b.env", "DB_PASSWORD=a-sound-one-0451\n")
    repo.write("c.env", f"DB_PASSWORD={breached}\n")
    repo.commit()
    repo.git("update-index", flag, "a.env", "b.env", "c.env")
    (repo.root / "a.env").write_text("DB_PASSWORD=only-here-0451\n")
    (repo.root / "b.env").write_text(f"\nDB_PASSWORD={breached}\n")
    done = ci()
    assert done.findings == ["b.env:2", "c.env:1", "a.env:1"], "what git has, and what is here"
    assert "5 passwords in 5 files" in done.out
    assert ci("--since", "HEAD").findings == ["b.env:2", "a.env:1"]


def test_since_reads_what_differs_in_content(repo, ci, breached: str) -> None:
    for name in ("same.env", "changed.env", "gone.env", "link.env", "sub/staged.env"):
        repo.write(name, f"DB_PASSWORD={breached}\n")
    repo.commit()
    (repo.root / "same.env").touch()
    (repo.root / "changed.env").write_text(f"DB_PASSWORD={breached}\n\n")
    (repo.root / "gone.env").unlink()
    (repo.root / "link.env").unlink()
    (repo.root / "link.env").symlink_to("same.env")
    repo.write("sub/staged.env", f"\nDB_PASSWORD={breached}\n")
    repo.write("sub/new.env", f"DB_PASSWORD={breached}\n")
    assert sorted(ci("--since", "HEAD").findings) == [
        "changed.env:1", "sub/new.env:1", "sub/staged.env:2",
    ]  # fmt: skip
    assert sorted(ci("--since", "HEAD", "sub").findings) == ["sub/new.env:1", "sub/staged.env:2"]


def test_a_change_within_the_tick_of_the_clock_is_seen(repo, ci, breached: str) -> None:
    """Same size, same time: what the index noted proves nothing."""
    repo.write("a.env", f"DB_PASSWORD={'x' * len(breached)}\n")
    repo.commit()
    path = repo.root / "a.env"
    before = path.stat()
    path.write_text(f"DB_PASSWORD={breached}\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert ci("--since", "HEAD").findings == ["a.env:1"]


def test_an_unchanged_file_of_long_ago_is_not_read_again(
    repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = repo.write("a.env", "A=1")
    repo.commit()
    index = repo.root / ".git" / "index"
    later = index.stat().st_mtime + 10
    os.utime(index, (later, later))
    status = path.stat()
    assert gitrepo._times(repo.root, ["."]) == {
        "a.env": (status.st_ctime_ns, status.st_mtime_ns, 3)
    }
    with monkeypatch.context() as patch:
        patch.setattr(gitrepo, "oid_of", lambda data, digits: pytest.fail("it was read"))
        assert gitrepo.changed(repo.root, "HEAD", ["."]) == []
    path.write_text("A=2")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert [blob.path for blob in gitrepo.changed(repo.root, "HEAD", ["."])] == ["a.env"]


def test_a_partial_clone_fetches_nothing_and_says_so(repo, tmp_path: Path, known: Path) -> None:
    for name in ("a.env", "b.env"):
        repo.write(name, f"X=1 # {name}\n")
    repo.commit()
    repo.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "partial"
    clone = ["git", "clone", "-q", "--filter=blob:none", "--no-checkout"]
    subprocess.run([*clone, f"file://{repo.root}", tmp_path / "partial"], check=True)
    for command in (("read-tree", "HEAD"), ("update-index", "--skip-worktree", "a.env", "b.env")):
        subprocess.run(["git", *command], cwd=tmp_path / "partial", check=True)
    done = leakcheck("ci", "--in", known, cwd=tmp_path / "partial")
    assert done.status == 2
    for name in ("a.env", "b.env"):
        missing = "the file could not be read: its content is not in this clone: fetch it"
        assert f"{name}: {missing}" in done.out


def test_a_pointer_of_git_lfs_is_no_answer(repo, ci, breached: str) -> None:
    content = f"user,password\na,{breached}\n".encode()
    oid = hashlib.sha256(content).hexdigest()
    repo.write(
        "users.csv",
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n",
    )
    done = ci()
    assert done.status == 2
    assert "users.csv: the file could not be read: only its Git LFS pointer is here" in done.out
    assert "Only the Git LFS pointer is there: users.csv: run git lfs pull." in done.out
    assert ci("--allow-unknown").status == 0
    kept = repo.root / ".git" / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
    kept.parent.mkdir(parents=True)
    kept.write_bytes(content)
    assert ci().findings == ["users.csv:2"], "what was fetched before is read"
    assert ci("--staged").findings == ["users.csv:2"]


def test_a_file_that_is_too_large_is_no_answer(repo, ci) -> None:
    repo.write("a.env", "A=1\n" * 100)
    repo.write("leakcheck.toml", "max-size = 100\n", add=False)
    for how in ((), ("--staged",), ("a.env",)):
        done = ci(*how)
        assert done.status == 2
        assert "a.env: the file could not be read: it has 400 bytes" in done.out
        assert "Too large to be read, so no answer: a.env: raise max-size." in done.out
    assert ci("--exclude", "a.*", "a.env").status == 0


def test_a_file_that_is_no_text_although_its_name_says_so(repo, ci) -> None:
    repo.write("tool", bytes(range(256)) * 10)
    repo.write("film.ts", bytes(range(256)) * 10)
    repo.write("locked.env", b"\0GITCRYPT\0" + bytes(range(256)))
    done = ci()
    assert done.status == 0
    assert "Not text, so not read: film.ts, locked.env, tool." in done.out
    repo.write("a.yaml", bytes(range(256)) * 10)
    done = ci()
    assert done.status == 2
    assert "a.yaml: the file could not be read: it is not text, although" in done.out
    assert "This is not text" in ci("--explain", "a.yaml:1").out


@pytest.mark.parametrize(
    "policy", ['exclude = ["*"]', 'formats = ["sql"]', 'paths = ["sub"]\nexclude = ["sub/*"]']
)
def test_a_policy_that_leaves_nothing_to_read(repo, known: Path, policy: str) -> None:
    repo.write("a.env", "A=1\n")
    repo.write("sub/b.env", "A=1\n")
    repo.write("leakcheck.toml", policy)
    done = leakcheck("ci", "--in", known, cwd=repo.root)
    assert "leaves nothing to read" in one_sentence(done)
    for how in (("a.env",), ("--staged",)):
        done = leakcheck("ci", "--in", known, *how, cwd=repo.root)
        assert done.status == 0, "a part of a tree may hold nothing of interest"


def test_what_a_policy_leaves_out_is_counted(repo, ci) -> None:
    for name in ("a.env", "b.env", "c.env"):
        repo.write(name, "A=1\n")
    repo.write("leakcheck.toml", 'exclude = ["a.env"]\n', add=False)
    assert "Excluded: 2 files." in ci("--exclude", "b.*").out


def test_conflicts_are_not_clean(repo, ci, breached: str) -> None:
    repo.write("a.env", "A=1\n")
    repo.commit()
    repo.git("checkout", "-q", "-b", "topic")
    repo.write("a.env", f"DB_PASSWORD={breached}\n")
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.write("a.env", "A=2\n")
    repo.commit()
    with pytest.raises(subprocess.CalledProcessError):
        repo.git("merge", "topic")
    done = ci("--staged")
    assert done.status == 2
    assert "a.env: the merge has conflicts here" in done.err
    assert ci().findings == ["a.env:4"]


def test_submodules_are_named(repo, ci, tmp_path: Path) -> None:
    repo.write("a.env", "A=1\n")
    repo.commit()
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repo.root), "sub")
    assert "Submodules are not entered: sub: run leakcheck ci there." in ci().out
    done = ci(".", "sub")
    assert done.status == 2
    assert "sub: this is a submodule" in done.err
    assert ci("sub").status == 0


def test_a_folder_whose_gitignore_leaves_out_everything_is_not_clean(
    tmp_path: Path, breached: str
) -> None:
    (tmp_path / ".gitignore").write_text("/*\n")
    assert leakcheck("ci", cwd=tmp_path).status == 0, "there is nothing to leave out"
    (tmp_path / "a.env").write_text(f"DB_PASSWORD={breached}\n")
    done = leakcheck("ci", cwd=tmp_path)
    assert done.status == 2
    assert "leaves out everything in it" in one_sentence(done)
    assert "1 password in 1 file" in leakcheck("ci", "a.env", cwd=tmp_path).out
