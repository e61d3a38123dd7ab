"""A repository that means harm: nothing it configures is run, nothing it names is asked."""

import subprocess
from pathlib import Path

import pytest
from program import leakcheck, one_sentence


@pytest.fixture
def trap(repo, breached: str):
    """A repository whose configuration names a program wherever git would run one."""
    mark = repo.root / "ran"
    script = repo.write("evil.sh", f"#!/bin/sh\necho \"$0 $@\" >> '{mark}'\n", add=False)
    script.chmod(0o755)
    repo.write(".gitattributes", "* diff=x filter=x\n")
    repo.write("a.env", f"DB_PASSWORD={breached}\n")
    repo.write("promised.env", "A=1\n")
    repo.commit()
    repo.git("update-index", "--skip-worktree", "promised.env")
    for key in (
        "alias.cat-file", "alias.ls-files", "core.alternateRefsCommand", "core.askPass",
        "core.editor", "core.fsmonitor", "core.gitProxy", "core.pager", "core.sshCommand",
        "credential.helper", "diff.external", "diff.x.command", "diff.x.textconv",
        "filter.x.clean", "filter.x.process", "filter.x.smudge", "filter.a=b.clean",
        "gpg.program", "gpg.ssh.program", "pager.diff", "pager.ls-files",
        "remote.origin.uploadpack", "uploadpack.packObjectsHook", "merge.x.driver",
        "sequence.editor", "trailer.x.command", "interactive.diffFilter",
    ):  # fmt: skip
        repo.git("config", key, f"'{script}'")
    for key, value in (
        ("core.hooksPath", str(repo.root / "hooks")), ("diff.trustExitCode", "true"),
        ("log.showSignature", "true"), ("core.untrackedCache", "true"), ("core.trustCtime", "true"),
        ("filter.x.required", "true"), ("submodule.recurse", "true"), ("diff.submodule", "log"),
        ("remote.origin.promisor", "true"), ("remote.origin.partialclonefilter", "blob:none"),
        ("remote.origin.url", f"ext::{script}"), ("protocol.ext.allow", "always"),
        ("protocol.allow", "always"), ("extensions.partialClone", "origin"),
        ("core.repositoryFormatVersion", "1"),
    ):  # fmt: skip
        repo.git("config", key, value)
    for name in ("post-index-change", "pre-commit", "post-checkout", "fsmonitor-watchman"):
        for folder in (repo.root / "hooks", repo.root / ".git" / "hooks"):
            folder.mkdir(exist_ok=True)
            (folder / name).write_text(script.read_text())
            (folder / name).chmod(0o755)
    mark.unlink(missing_ok=True)
    return repo


def git_would(trap) -> bool:
    """Whether plain git falls into the trap: else these tests test nothing."""
    subprocess.run(["git", "status"], cwd=trap.root, capture_output=True)
    ran = (trap.root / "ran").exists()
    (trap.root / "ran").unlink(missing_ok=True)
    return ran


@pytest.mark.parametrize(
    "how",
    [(), ("--staged",), ("--since", "HEAD"), ("--since", "HEAD~1"), ("a.env",), ("--strict",),
     ("--update-baseline", "--reason", "a test"), ("--explain", "a.env:1"), ("--history",),
     ("--history", "HEAD"), ("--install-hook",)],
)  # fmt: skip
def test_nothing_of_the_repository_runs(trap, ci, breached: str, how: tuple[str, ...]) -> None:
    # the same size and a new time, so that git would have to look into the file
    (trap.root / "a.env").write_text(f"DB_PASSWORD={breached[::-1]}\n")
    (trap.root / "a.env").write_text(f"DB_PASSWORD={breached}\n")
    if "filter" not in how:
        assert git_would(trap)
    ci(*how)
    assert not (trap.root / "ran").exists(), (trap.root / "ran").read_text()


def test_a_promise_that_only_the_remote_could_keep(trap, ci) -> None:
    """A blob that is missing is said to be missing; nobody is asked for it."""
    oid = trap.git("rev-parse", "HEAD:promised.env").strip()
    (trap.root / "promised.env").unlink()
    (trap.root / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    (trap.root / "ran").unlink(missing_ok=True)
    done = ci("--allow-unknown")
    assert done.findings == ["a.env:1"]
    assert "promised.env: the file could not be read: its content is not in this clone" in done.out
    assert not (trap.root / "ran").exists(), (trap.root / "ran").read_text()


def test_the_working_tree_is_where_it_stands(repo, ci, tmp_path: Path, breached: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.env").write_text(f"\n\nDB_PASSWORD={breached}\n")
    repo.write("a.env", f"DB_PASSWORD={breached}\n")
    repo.commit()
    repo.git("config", "core.worktree", str(elsewhere))
    for how in ((), ("--since", "HEAD")):
        (repo.root / "a.env").write_text(f"DB_PASSWORD={breached}\n# {how}\n")
        assert ci(*how).findings == ["a.env:1"]


@pytest.mark.parametrize("name", ["hibp", "http://127.0.0.1:1/x.bloom", "https://127.0.0.1:1/"])
def test_a_policy_of_the_repository_makes_no_request(repo, known: Path, name: str) -> None:
    repo.write("a.env", "DB_PASSWORD=a-sound-one-0451\n")
    repo.write("leakcheck.toml", f'filters = ["{name}"]\n')
    said = one_sentence(leakcheck("ci", cwd=repo.root))
    assert "leakcheck.toml: the repository's policy asks" in said
    assert "--allow-network" in said
    assert leakcheck("ci", "--in", known, cwd=repo.root).status == 0
    assert leakcheck("ci", "--strict", cwd=repo.root).status == 0
    repo.write("pyproject.toml", f'[tool.leakcheck]\nfilters = ["{name}"]\n')
    (repo.root / "leakcheck.toml").unlink()
    assert "pyproject.toml" in one_sentence(leakcheck("ci", cwd=repo.root))


@pytest.mark.parametrize("how", [("--allow-network",), ("--policy", "leakcheck.toml")])
def test_unless_it_is_trusted(repo, how: tuple[str, ...]) -> None:
    repo.write("a.env", "DB_PASSWORD=a-sound-one-0451\n")
    repo.write("leakcheck.toml", 'filters = ["http://127.0.0.1:1/x.bloom"]\n')
    done = leakcheck("ci", *how, cwd=repo.root)
    assert done.status == 2
    assert "the repository's policy asks" not in done.err
    assert "127.0.0.1" in done.err + done.out
