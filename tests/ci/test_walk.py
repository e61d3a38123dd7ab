"""Which files are read: as git sees them, without git, and what cannot be read."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.ci import gitrepo
from leakcheck.ci.ignored import _IgnoreFile
from leakcheck.ci.listing import FileListing, Item, root_of
from leakcheck.ci.policy import Policy
from leakcheck.ci.selection import Selection
from leakcheck.ci.walk import Walk
from leakcheck.errors import InputError, UsageError


def items(root: Path, *paths: str | Path, **how: object) -> list[Item]:
    return FileListing(root, Selection(Policy())).items([root / path for path in paths], **how)


def names(root: Path, *paths: str, **how: object) -> list[str]:
    return [file.path for file in Walk(root).read(items(root, *paths, **how))]


def test_tracked_files_only(repo) -> None:
    repo.write("a.env", "A=1")
    repo.write("sub/b.yml", "a: 1")
    repo.write("ignored.env", "A=1", add=False)
    repo.write("picture.png", "x")
    repo.write("page.html", "x")
    assert names(repo.root) == ["a.env", "sub/b.yml"]
    assert names(repo.root, "sub") == ["sub/b.yml"]
    assert names(repo.root, "ignored.env") == ["ignored.env"], "a file that is named is read"


def test_an_empty_file_is_read(repo) -> None:
    repo.write("empty.env", "")
    walk = Walk(repo.root)
    assert [(file.path, file.data) for file in walk.read(items(repo.root))] == [("empty.env", b"")]
    assert not walk.unreadable


def test_hostile_names(repo) -> None:
    strange = [
        "-n.env",
        "new\nline.env",
        'quo"te.env',
        "é.env",
        "\x1b[31mred.env",
        ":(top)x.env",
        "*.env",
    ]
    for name in strange:
        repo.write(name, "A=1", add=False)
    raw = os.fsencode(str(repo.root)) + b"/\xff.env"
    Path(os.fsdecode(raw)).write_bytes(b"A=1")
    repo.git("add", "-A")
    assert sorted(names(repo.root)) == sorted([*strange, os.fsdecode(b"\xff.env")])
    repo.commit()
    for name in strange:
        (repo.root / name).write_text("A=2")
    assert sorted(names(repo.root, since="HEAD")) == sorted(strange)
    repo.git("add", "-A")
    assert sorted(names(repo.root, staged=True)) == sorted(strange)
    assert names(repo.root, "*.env") == ["*.env"], "names are no patterns"


def test_staged_reads_the_index(repo) -> None:
    repo.write("a.env", "A=staged")
    repo.write("b.env", "A=staged too")
    (repo.root / "a.env").write_text("A=in the work tree")
    (repo.root / "b.env").unlink()
    (repo.root / "link.env").symlink_to("a.env")
    repo.git("add", "link.env")
    walk = Walk(repo.root)
    assert [(f.path, f.data) for f in walk.read(items(repo.root, staged=True))] == [
        ("a.env", b"A=staged"), ("b.env", b"A=staged too"),
    ]  # fmt: skip
    repo.commit()
    assert names(repo.root, staged=True) == []
    small = Walk(repo.root, limit=3)
    repo.write("a.env", "long enough")
    repo.write("c.env", "B=")
    assert [f.data for f in small.read(items(repo.root, staged=True))] == [b"B="]
    assert small.large == ["a.env"]


def test_since_reads_what_changed(repo) -> None:
    repo.write("a.env", "A=1")
    repo.write("b.env", "A=1")
    repo.commit()
    repo.git("checkout", "-q", "-b", "topic")
    repo.write("c.env", "A=1")
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.write("a.env", "A=2")
    repo.commit()
    repo.git("checkout", "-q", "topic")
    assert names(repo.root, since="main") == ["c.env"], "from where the branches parted"
    assert names(repo.root, since="HEAD~1") == ["c.env"]
    for wrong in ("nowhere", "--output=x", "HEAD:a.env", ""):
        with pytest.raises(UsageError):
            names(repo.root, since=wrong)
    assert not (repo.root / "x").exists()


def test_links_are_not_followed(repo, tmp_path: Path) -> None:
    outside = tmp_path / "outside.env"
    outside.write_text("A=1")
    (repo.root / "link.env").symlink_to(outside)
    (repo.root / "loop").symlink_to(".")
    (repo.root / "folder").symlink_to(tmp_path)
    repo.git("add", "-A")
    assert names(repo.root) == []
    assert names(repo.root, "link.env") == ["link.env"], "a link that is named is followed"


def test_gone_unreadable_and_odd_files(repo) -> None:
    for name in ("gone.env", "turned.env", "fifo.env", "locked.env", "big.env"):
        repo.write(name, "A=1")
    (repo.root / "gone.env").unlink()
    (repo.root / "turned.env").unlink()
    (repo.root / "turned.env").mkdir()
    (repo.root / "fifo.env").unlink()
    os.mkfifo(repo.root / "fifo.env")
    (repo.root / "big.env").write_bytes(b"x" * 100)
    walk = Walk(repo.root, limit=50)
    opened = os.open

    def refuse(path: str, *rest: int, **named: int) -> int:
        if str(path).endswith("locked.env"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *rest, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", refuse)
        assert [file.path for file in walk.read(items(repo.root))] == []
    assert walk.large == ["big.env"]
    assert dict(walk.unreadable) == {
        "big.env": "it has 100 bytes, and max-size is 50",
        "locked.env": "Permission denied",
    }


def test_submodules_are_repositories_of_their_own(repo, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for arguments in (("init", "-q"), ("commit", "-q", "--allow-empty", "-m", "x")):
        subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments],
            cwd=other,
            check=True,
        )
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "sub")
    (repo.root / "sub" / "a.env").write_text("A=1")
    assert names(repo.root) == [".gitmodules"]


def test_without_git_gitignore_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (
        "a.env",
        "b.env",
        "build/c.env",
        "sub/d.env",
        "sub/keep.env",
        ".git2/e.env",
        "__pycache__/f.env",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("A=1")
    (tmp_path / ".gitignore").write_text("b.env\nbuild/\nsub/*.env\n[\n")
    (tmp_path / "sub" / ".gitignore").write_text("!keep.env\n")
    (tmp_path / "loop").symlink_to(tmp_path)
    found = [name for name in names(tmp_path) if not name.endswith(".gitignore")]
    assert sorted(found) == [".git2/e.env", "a.env", "sub/keep.env"]
    assert names(tmp_path, "b.env") == ["b.env"]
    with pytest.raises(UsageError):
        names(tmp_path, staged=True)
    with pytest.raises(InputError):
        names(tmp_path, "nothing-here")


def test_the_root_is_that_of_the_repository(repo, tmp_path: Path) -> None:
    repo.write("sub/a.env", "A=1")
    assert root_of([repo.root / "sub"]) == repo.root
    assert root_of([Path("sub/a.env")]) == repo.root
    assert gitrepo.find_root(tmp_path) is None
    with pytest.raises(UsageError):
        items(repo.root, tmp_path)


def test_a_tree_that_is_not_there_is_not_clean(repo, ci) -> None:
    repo.write("a.env", "A=1")
    (repo.root / "a.env").unlink()
    walk = Walk(repo.root)
    assert list(walk.read(items(repo.root))) == []
    assert walk.gone == 1
    done = ci()
    assert done.status == 2
    assert "it is not here" in done.err


def test_variables_of_git_do_not_lead_elsewhere(
    repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    repo.write("sub/a.env", "A=1")
    monkeypatch.chdir(repo.root / "sub")
    monkeypatch.setenv("GIT_DIR", str(repo.root / ".git"))
    assert root_of([]) == repo.root
    assert names(root_of([])) == ["sub/a.env"]
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    assert names(root_of([])) == ["sub/a.env"]
    assert names(root_of([]), staged=True) == ["sub/a.env"]


def test_a_named_folder_without_tracked_files_is_read(repo) -> None:
    repo.write("a.env", "A=1")
    repo.write("build/b.env", "A=1", add=False)
    repo.write("build.d/c.env", "A=1")
    repo.write(".gitignore", "build/\n")
    assert "build/b.env" not in names(repo.root)
    assert names(repo.root, "build") == ["build/b.env"]
    assert names(repo.root, "build.d", "build") == ["build.d/c.env", "build/b.env"]


def test_a_repository_in_which_nothing_is_tracked_yet(repo) -> None:
    repo.write("a.env", "A=1", add=False)
    repo.write("b.env", "A=1", add=False)
    repo.write(".gitignore", "b.env\n", add=False)
    assert "a.env" in names(repo.root)
    assert "b.env" not in names(repo.root)


def test_a_bare_repository_is_not_clean(repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.write("a.env", "A=1")
    repo.commit()
    repo.git("clone", "-q", "--bare", ".", "../bare.git")
    for folder in (repo.root.parent / "bare.git", repo.root / ".git"):
        monkeypatch.chdir(folder)
        with pytest.raises(InputError, match="without a working tree"):
            names(root_of([]))


def test_a_worktree(repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.write("a.env", "A=1")
    repo.commit()
    repo.git("worktree", "add", "-q", "../other")
    monkeypatch.chdir(repo.root.parent / "other")
    assert names(root_of([])) == ["a.env"]
    assert names(root_of([]), staged=True) == []


def test_a_repository_of_another_user_is_an_error(repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.write("a.env", "A=1")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(InputError, match="does not trust"):
        names(root_of([]))


def test_renames_deletions_and_partly_staged(repo) -> None:
    repo.write("old.env", "A=1\n" * 50)
    repo.write("gone.env", "A=1")
    repo.write("part.env", "A=1")
    repo.commit()
    repo.git("mv", "old.env", "new name.env")
    repo.git("rm", "-q", "gone.env")
    repo.write("part.env", "A=staged")
    (repo.root / "part.env").write_text("A=not staged")
    found = Walk(repo.root).read(items(repo.root, staged=True))
    read = {file.path: file.data for file in found}
    assert read == {"new name.env": b"A=1\n" * 50, "part.env": b"A=staged"}


@pytest.mark.parametrize("missing", ["/nonexistent", "/nonexistent/deeper", "nobody.env"])
def test_what_is_not_there_is_named_as_it_was_given(missing: str, repo, ci) -> None:
    repo.write("a.env", "A=1")
    done = ci(missing)
    assert done.status == 2
    assert f"leakcheck: {missing}: there is no such file or folder." in done.err


PARTS = st.text(st.sampled_from("ab.*?[]!\\# ~^-"), min_size=1, max_size=5)
PATTERNS = st.builds(
    lambda sign, parts, end: sign + "/".join(parts) + end,
    st.sampled_from(["", "!", "/", "!/", "#", "**/"]),
    st.lists(PARTS | st.sampled_from(["*.a", "a", ".b", "**", ""]), min_size=1, max_size=3),
    st.sampled_from(["", "/", "/**", " ", "\\ "]),
)
NAMES = st.text(st.sampled_from("ab.[]# ~\n^-"), min_size=1, max_size=4)


@given(st.lists(PATTERNS, min_size=1, max_size=4), st.lists(NAMES, min_size=1, max_size=3))
@settings(max_examples=300, deadline=None)
def test_a_quick_look_passes_over_no_rule(lines: list[str], names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, ".gitignore").write_text("\n".join(lines))
        file = _IgnoreFile(folder)
    for end in ("", "/"):
        if file.says("/".join(names) + end) is not None:
            assert any(file.may_say(name, not at) for at, name in enumerate(names))


def test_a_quick_look_spares_most_names_the_rules(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.o\n.*\n/vmlinux\n*.c.[012]*.*\n\\#*#\ndoc/*\n!a/b*\n")
    file = _IgnoreFile(str(tmp_path))
    for name in ("x.o", ".x", "y.c.0.s", "#x#", "doc", "a"):
        assert file.may_say(name, top=False), name
    for name in ("x.c", "x.o.c", "vmlinux.h", "y.c", "x#", "document", "bb"):
        assert not file.may_say(name, top=True), name
    assert file.may_say("vmlinux", top=True)
    assert not file.may_say("vmlinux", top=False)
