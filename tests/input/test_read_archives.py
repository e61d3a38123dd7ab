"""Archives, made by the real tools: members, nesting, passwords, links, names, damage."""

import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import py7zr
import pytest
from reading import LINES, read, refusal, started, tool

from leakcheck.input import member, streams

SECOND = b"other@example.org:word\n" * 500


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two texts and a folder, to be packed."""
    top = tmp_path / "in"
    (top / "sub").mkdir(parents=True)
    (top / "a.txt").write_bytes(LINES)
    (top / "sub" / "b.txt").write_bytes(SECOND)
    return top


PACKERS = {
    "zip": ("zip", "-qr", "../out", "."),
    "zip stored": ("zip", "-q0r", "../out", "."),
    "zip bzip2": ("zip", "-qr", "-Z", "bzip2", "../out", "."),
    "tar": ("tar", "cf", "../out.zip", "."),
    "tar.gz": ("tar", "czf", "../out.zip", "."),
    "tar.bz2": ("tar", "cjf", "../out.zip", "."),
    "tar.xz": ("tar", "cJf", "../out.zip", "."),
    "tar.zst": ("tar", "--zstd", "-cf", "../out.zip", "."),
    "tar v7": ("tar", "--format=v7", "-cf", "../out.zip", "."),
    "tar pax": ("tar", "--format=pax", "-cf", "../out.zip", "."),
    "7z": ("7z", "a", "-bd", "../out.zip", "-t7z", "."),
    "7z not solid": ("7z", "a", "-bd", "-ms=off", "../out.zip", "-t7z", "."),
    "7z ppmd": ("7z", "a", "-bd", "-m0=ppmd", "../out.zip", "-t7z", "."),
}


@pytest.fixture(params=PACKERS)
def archive(request: pytest.FixtureRequest, folder: Path) -> Path:
    """The folder, packed by a real tool."""
    tool(*PACKERS[request.param], cwd=folder)
    return folder.parent / "out.zip"


def by_end(texts: dict[str, bytes]) -> dict[str, bytes]:
    """The texts by the last part of their names."""
    return {name.rpartition("/")[2]: text for name, text in texts.items()}


def test_every_member_is_read(archive: Path) -> None:
    texts = read(archive)
    assert by_end(texts) == {"a.txt": LINES, "b.txt": SECOND}
    assert not texts.broken
    assert not texts.lost


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_archive_is_said_and_ends(archive: Path, share: float) -> None:
    data = archive.read_bytes()
    archive.write_bytes(data[: int(len(data) * share)])
    texts = read(archive)
    assert texts.broken or texts.lost
    for text in texts.values():
        assert LINES.startswith(text) or SECOND.startswith(text)


def test_a_flipped_byte_gives_the_true_text_or_a_word(
    archive: Path, request: pytest.FixtureRequest
) -> None:
    """Whatever byte it is: text that is not the original comes only with damage that is said."""
    data = archive.read_bytes()
    steps = 4 if data.startswith(b"7z") else 16  # each a process of its own
    packer = request.node.callspec.params["archive"]
    checked = packer not in ("tar", "tar v7", "tar pax")  # a plain tar has no sums of content
    for at in range(20, len(data), len(data) // steps):  # behind what says what it is
        archive.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        texts = read(archive)
        if not texts.broken and not texts.lost and checked:
            assert by_end(texts) == {"a.txt": LINES, "b.txt": SECOND}, at


def test_an_archive_in_an_archive_is_opened_once(archive: Path, tmp_path: Path) -> None:
    for name, packer in (("x.tar", ("tar", "cf")), ("x.zip", ("zip", "-q0"))):
        tool(*packer, name, "out.zip", cwd=tmp_path)
        texts = read(tmp_path / name)
        assert by_end(texts) == {"a.txt": LINES, "b.txt": SECOND}, texts.lost
        tool("tar", "cf", "y.tar", name, cwd=tmp_path)
        deeper = read(tmp_path / "y.tar")
        assert not deeper
        assert "not opened" in deeper.lost[0]


def test_an_inner_archive_too_large_to_hold_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool("zip", "-qr", "in.zip", ".", cwd=folder)
    tool("tar", "cf", "../out.tar", "in.zip", cwd=folder)
    monkeypatch.setattr(member, "MEMORY_BYTES", 1000)
    assert "unpack the outer one first" in read(folder.parent / "out.tar").lost[0]


@pytest.mark.parametrize(
    "packer",
    [
        ("zip", "-q", "-P", "opensesame", "../out.zip", "a.txt"),
        ("7z", "a", "-bd", "-tzip", "-mem=AES256", "-popensesame", "../out.zip", "a.txt"),
        ("7z", "a", "-bd", "-t7z", "-popensesame", "../out.zip", "a.txt"),
        ("7z", "a", "-bd", "-t7z", "-mhe=on", "-popensesame", "../out.zip", "a.txt"),
    ],
    ids=["zip", "zip aes", "7z", "7z header"],
)
def test_passwords(folder: Path, packer: tuple[str, ...]) -> None:
    (folder / "a.txt").write_bytes(LINES[:20_000])  # ZipCrypto is slow in Python
    tool(*packer, cwd=folder)
    path = folder.parent / "out.zip"
    closed = read(path)
    assert not any(closed.values())
    assert any("--archive-password" in reason for reason in closed.lost)
    wrong = read(path, password=b"sentinel-wrong")
    assert not any(text == LINES[:20_000] for text in wrong.values())
    said = str(wrong.lost) + str(wrong.broken)
    assert "wrong" in said or "damaged" in said
    assert "sentinel" not in said
    opened = read(path, password=b"opensesame")
    assert by_end(opened) == {"a.txt": LINES[:20_000]}
    assert not opened.lost


def test_links_and_devices_in_an_archive_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in (("l", tarfile.SYMTYPE), ("h", tarfile.LNKTYPE), ("f", tarfile.FIFOTYPE)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
        entry = tarfile.TarInfo("../../../etc/evil")
        entry.size = len(SECOND)
        archive.addfile(entry, io.BytesIO(SECOND))
    texts = read(path)
    assert list(texts.values()) == [SECOND]
    assert len(texts.skipped) == 3
    assert not texts.lost


def test_names_that_lead_outside_lead_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../up.txt", SECOND)
        archive.writestr("/abs.txt", SECOND)
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    before = sorted(tmp_path.parent.iterdir())
    assert list(read(path).values()) == [SECOND, SECOND]
    assert sorted(tmp_path.parent.iterdir()) == before


def test_a_7z_name_that_leads_outside_is_read_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "x.7z"
    with py7zr.SevenZipFile(path, "w") as archive:
        archive.writestr(SECOND, "aa/up.txt")
        archive.writestr(LINES, "last.txt")
        archive.header.files_info.files[0]["filename"] = "../../up.txt"
    assert list(read(path).values()) == [SECOND, LINES]
    assert not (tmp_path.parent / "up.txt").exists()


def test_two_members_of_one_name_are_both_read(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as archive:
        for text in (LINES, SECOND):
            entry = tarfile.TarInfo("same")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    from leakcheck.input import inputs

    assert [item.open().read(10) for item in inputs([str(path)])] == [LINES[:10], SECOND[:10]]


def test_leaving_a_7z_early_ends_its_process(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    children = started(monkeypatch)
    tool("7z", "a", "-bd", "-ms=off", "../out.7z", ".", cwd=folder)
    from leakcheck.input import inputs

    texts = inputs([str(folder.parent / "out.7z")])
    assert next(texts).open().read(5)
    texts.close()  # type: ignore[attr-defined]
    assert [one.ended for one in children] == [True]


def test_a_second_7z_behind_the_first_is_said(folder: Path) -> None:
    for name in ("a.txt", "sub/b.txt"):
        tool("7z", "a", "-bd", f"../{name[0]}.7z", name, cwd=folder)
    path = folder.parent / "both"
    first, second = ((folder.parent / name).read_bytes() for name in ("a.7z", "s.7z"))
    path.write_bytes(first + bytes(1000))
    assert not read(path).lost
    path.write_bytes(first + second)
    texts = read(path)
    assert list(texts.values()) == [LINES]
    assert "after the end" in str(texts.lost)


def test_a_tar_header_meant_to_fill_the_memory(tmp_path: Path) -> None:
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = tarfile.GNUTYPE_LONGNAME, 8 << 30
    path = tmp_path / "x.tar"
    path.write_bytes(entry.tobuf(tarfile.GNU_FORMAT) + b"n" * 100_000)
    assert "header" in read(path).lost[0]


def test_a_zip_bomb_of_many_members_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams.Budget, "FLOOR", 1 << 20)
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for at in range(50):
            archive.writestr(f"{at}", b"a@example.fr\n" * 100_000)
    texts = read(path, expansion=10)
    assert "--max-expansion" in str(texts.broken)
    assert sum(map(len, texts.values())) < 4 << 20


def test_a_rar_is_refused_with_a_word(tmp_path: Path) -> None:
    path = tmp_path / "x.rar"
    path.write_bytes(b"Rar!\x1a\x07\x01\x00" + os.urandom(100))
    assert "RAR" in read(path).lost[0]


def test_an_empty_archive_has_no_texts(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    zipfile.ZipFile(path, "w").close()
    assert not read(path)
    path.write_bytes(b"PK\x03\x04 and nothing that fits")
    assert "damaged" in read(path).lost[0]


def test_missing_files_are_refused(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "none.zip")
