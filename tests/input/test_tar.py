"""Tar archives: every format of the real tool, and damage that must not pass for an end."""

import gzip
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from reading import LINES, Texts, read, tool

BLOCK = 512
SECOND = b"other@example.org:word\n" * 500
THIRD = b"third@example.com:last\n" * 40


def packed(*members: tuple[str, bytes], form: int = tarfile.GNU_FORMAT) -> bytes:
    """A tar archive of some members."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, text in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    return file.getvalue()


WHOLE = packed(("a.txt", LINES), ("b.txt", SECOND), ("c.txt", THIRD))
HEADER_B = BLOCK + -(-len(LINES) // BLOCK) * BLOCK  # where the second header begins
HEADER_C = HEADER_B + BLOCK + -(-len(SECOND) // BLOCK) * BLOCK
END = HEADER_C + BLOCK + -(-len(THIRD) // BLOCK) * BLOCK


def flipped(at: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "checksum of the second header": flipped(HEADER_B + 148),
    "name in the second header": flipped(HEADER_B + 3),
    "size in the second header": flipped(HEADER_B + 134),
    "magic and checksum": lambda data: flipped(HEADER_B + 258)(flipped(HEADER_B + 149)(data)),
    "second header zeroed": lambda d: d[:HEADER_B] + bytes(BLOCK) + d[HEADER_B + BLOCK :],
    "second header lost": lambda d: d[:HEADER_B] + d[HEADER_B + BLOCK :],
    "a block of data lost": lambda d: d[: 5 * BLOCK] + d[6 * BLOCK :],
    "a block of data doubled": lambda d: d[: 6 * BLOCK] + d[5 * BLOCK :],
    "a byte lost": lambda d: d[: 5 * BLOCK] + d[5 * BLOCK + 1 :],
    "cut in a header": lambda d: d[: HEADER_B + 100],
    "cut before a header": lambda d: d[:HEADER_B],
    "cut in the data": lambda d: d[: HEADER_B + BLOCK + 1000],
    "cut before the end": lambda d: d[:END],
    "one block of the end": lambda d: d[: END + BLOCK],
    "cut in the end": lambda d: d[: END + BLOCK + 100],
    "text behind": lambda d: d + b"late@example.net:lost\n" * 100,
    "text close behind the end": lambda d: d[: END + 2 * BLOCK] + b"x" * 5,
    "a cut archive behind": lambda d: d + packed(("d.txt", LINES))[: 20 * BLOCK],
}
PARTS = (LINES, SECOND, THIRD)


def whole(texts: Texts) -> bool:
    """Whether nothing was said to be wrong."""
    return not texts.broken and not texts.lost


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_never_an_end(name: str, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "d.tar"
    path.write_bytes(pack(WHOLE))
    assert whole(read(path))
    path.write_bytes(pack(DAMAGE[name](WHOLE)))
    texts = read(path)
    assert not whole(texts), texts.skipped
    assert all("tar archive" in one for one in texts.lost)
    assert LINES[:2000] in b"".join(texts.values())
    if "cut" not in name:  # what stands behind the damage is found again
        assert THIRD in texts.values()


def test_archives_that_follow_one_another_are_all_read(tmp_path: Path) -> None:
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_bytes(LINES)
    second.write_bytes(SECOND)
    for name in ("a", "b"):
        tool("tar", "cf", f"{name}.tar", f"{name}.txt", cwd=tmp_path)
    both = (tmp_path / "a.tar").read_bytes() + (tmp_path / "b.tar").read_bytes()
    path = tmp_path / "both"
    for data in (both, gzip.compress(both), both + bytes(100_000)):
        path.write_bytes(data)
        texts = read(path)
        assert list(texts.values()) == [LINES, SECOND]
        assert whole(texts)


def test_the_checksum_of_the_compression_is_reached(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(WHOLE))
    data[-6] ^= 1
    path = tmp_path / "d.tar.gz"
    path.write_bytes(data)
    texts = read(path)
    assert list(texts.values()) == list(PARTS)
    assert "gzip data is damaged" in str(texts.lost)


def large(header: bytes, size: bytes) -> bytes:
    """`header` with another size, its checksum mended."""
    changed = bytearray(header)
    changed[124:136] = size
    changed[148:156] = b" " * 8
    changed[148:156] = b"%06o\0 " % sum(changed)
    return bytes(changed)


@pytest.mark.parametrize(
    "size",
    [b"\x80" + b"\x7f" * 11, b"\x80" + bytes(7) + b"\x7f\xff\xff\xff", b"77777777777\0"],
    ids=["2^87", "2 GB", "8 GB"],
)
def test_a_size_beyond_the_file_is_damage_and_takes_no_time(size: bytes, tmp_path: Path) -> None:
    path = tmp_path / "d.tar"
    path.write_bytes(large(WHOLE[:BLOCK], size) + WHOLE[BLOCK : 3 * BLOCK])
    texts = read(path)
    assert "cut short" in str(texts.broken)
    for kind in (b"x", b"L", b"g", b"1", b"5", b"D"):
        header = WHOLE[:156] + kind + WHOLE[157:BLOCK]
        path.write_bytes(large(header, size) + WHOLE[BLOCK : 3 * BLOCK])
        assert not whole(read(path)), kind


@pytest.mark.parametrize(
    "size", [b"\xff" * 12, b"-1\0         ", b"1_1\0        ", b"abc\0        "]
)
def test_a_size_that_is_no_number_is_damage(size: bytes, tmp_path: Path) -> None:
    path = tmp_path / "d.tar"
    path.write_bytes(large(WHOLE[:BLOCK], size) + WHOLE[BLOCK:])
    texts = read(path)
    assert not whole(texts)
    assert list(texts.values()) == [SECOND, THIRD]


def test_endless_extended_headers_are_damage(tmp_path: Path) -> None:
    header = large(WHOLE[:156] + b"x" + WHOLE[157:BLOCK], b"00000000013\0")
    record = b"11 path=aa\n".ljust(BLOCK, b"\0")
    path = tmp_path / "d.tar"
    for count, good in ((3, True), (16, True), (17, False), (3000, False)):
        path.write_bytes((header + record) * count + WHOLE)
        texts = read(path)
        assert whole(texts) is good
        assert list(texts.values()) == list(PARTS)


def test_a_broken_extended_header_is_damage(tmp_path: Path) -> None:
    long = packed(("n" * 300, SECOND), form=tarfile.PAX_FORMAT)
    path = tmp_path / "d.tar"
    path.write_bytes(long)
    assert whole(read(path))
    at = long.index(b"path=")
    for wrong in (b"099 path", b"-10 path", b"xxx path", b"3100path"):
        path.write_bytes(long[: at - 4] + wrong + long[at + 4 :])
        texts = read(path)
        assert list(texts.values()) == [SECOND]
        assert not whole(texts), wrong


SPARSE = {
    "old GNU": ("--format=gnu",),
    "pax 0.0": ("--format=posix", "--sparse-version=0.0"),
    "pax 0.1": ("--format=posix", "--sparse-version=0.1"),
    "pax 1.0": ("--format=posix", "--sparse-version=1.0"),
}


def holes(path: Path, pieces: int) -> bytes:
    """A file with holes, of several blocks' worth of map."""
    with path.open("wb") as file:
        for at in range(pieces):
            file.seek(at * 20_000)
            file.write(b"user%d@example.fr:x\n" % at)
        file.truncate(pieces * 20_000 + 7)
    return path.read_bytes()


@pytest.mark.parametrize("form", SPARSE)
@pytest.mark.parametrize("pieces", [1, 3, 60])
def test_sparse_members_are_read_as_they_unpack(form: str, pieces: int, tmp_path: Path) -> None:
    content = holes(tmp_path / ("long" * 40), pieces)
    (tmp_path / "z.txt").write_bytes(SECOND)
    tool("tar", "-cSf", "d.tar", *SPARSE[form], "long" * 40, "z.txt", cwd=tmp_path)
    packed_size = (tmp_path / "d.tar").stat().st_size
    assert pieces < 3 or packed_size < len(content)  # else the disk knows no holes
    texts = read(tmp_path / "d.tar")
    assert list(texts.values()) == [content, SECOND]
    assert whole(texts)
    assert [name.rpartition("/")[2] for name in texts] == ["long" * 40, "z.txt"]


def test_a_hole_beyond_all_bounds_ends_at_the_budget(tmp_path: Path) -> None:
    path = tmp_path / "d"
    with path.open("wb") as file:
        file.write(THIRD)
        file.truncate(1 << 40)
    tool("tar", "-cSf", "d.tar", "--format=posix", "d", cwd=tmp_path)
    from leakcheck.input import Options, inputs
    from leakcheck.input.streams import ReadError

    texts = inputs([str(tmp_path / "d.tar")], Options(expansion=10))
    item = next(iter(texts))
    stream, scratch = item.open(), bytearray(1 << 20)
    with pytest.raises(ReadError, match="--max-expansion"):
        list(iter(lambda: stream.readinto(scratch), 0))


def test_a_sparse_map_that_does_not_fit_is_damage(tmp_path: Path) -> None:
    holes(tmp_path / "d", 3)
    (tmp_path / "z.txt").write_bytes(SECOND)
    tool("tar", "-cSf", "d.tar", "--format=gnu", "d", "z.txt", cwd=tmp_path)
    data = bytearray((tmp_path / "d.tar").read_bytes())
    for at in (386, 398, 410, 483):
        changed = bytearray(data)
        changed[at : at + 11] = b"77777777777"
        changed[:BLOCK] = large(bytes(changed[:BLOCK]), bytes(changed[124:136]))
        (tmp_path / "d.tar").write_bytes(changed)
        texts = read(tmp_path / "d.tar")
        assert not whole(texts), at
        assert SECOND in texts.values()


@pytest.mark.parametrize("form", ["v7", "oldgnu", "gnu", "ustar", "pax"])
def test_names_of_any_length(form: str, tmp_path: Path) -> None:
    most = {"v7": 90, "ustar": 180}.get(form, 2000)
    parts = "/".join(["d" * 60] * (most // 61))
    (tmp_path / parts).mkdir(parents=True)
    (tmp_path / parts / "ä.txt").write_bytes(SECOND)
    tool("tar", "-cf", "d.tar", f"--format={form}", "d" * 60, cwd=tmp_path)
    texts = read(tmp_path / "d.tar")
    assert whole(texts)
    assert [name.removeprefix(f"{tmp_path}/d.tar/") for name in texts] == [f"{parts}/ä.txt"]


def test_hard_links_folders_and_lists_of_names_are_no_texts(tmp_path: Path) -> None:
    top = tmp_path / "in"
    top.mkdir()
    (top / "a").write_bytes(SECOND)
    os.link(top / "a", top / "b")
    (top / "c").symlink_to("a")
    tool("tar", "-cf", "d.tar", "--listed-incremental=snap", "-V", "label", "in", cwd=tmp_path)
    texts = read(tmp_path / "d.tar")
    assert list(texts.values()) == [SECOND]
    assert whole(texts)
    assert len(texts.skipped) == 2


def test_a_link_with_data_is_read(tmp_path: Path) -> None:
    """As the pax of POSIX writes it; most programs write none, whatever the size says."""
    path = tmp_path / "d.tar"
    link = large(WHOLE[:156] + b"1" + WHOLE[157:BLOCK], WHOLE[124:136])
    path.write_bytes(link + WHOLE[BLOCK:])
    texts = read(path)
    assert list(texts.values()) == list(PARTS)
    assert whole(texts)
    path.write_bytes(link + WHOLE[HEADER_B:])
    texts = read(path)
    assert list(texts.values()) == [SECOND, THIRD]
    assert whole(texts)


def test_an_unknown_type_is_read_as_a_file(tmp_path: Path) -> None:
    path = tmp_path / "d.tar"
    path.write_bytes(large(WHOLE[:156] + b"Z" + WHOLE[157:BLOCK], WHOLE[124:136]) + WHOLE[BLOCK:])
    assert list(read(path).values()) == list(PARTS)
    assert whole(read(path))


def test_the_rest_of_a_volume_is_read_and_said(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(LINES)
    script = tmp_path / "next"
    script.write_text('#!/bin/sh\necho "v$TAR_VOLUME.tar" >&$TAR_FD\n')
    script.chmod(0o755)
    tool(
        "tar", "-cM", "-L", "300", "-F", str(script), "-f", "v1.tar", "big", cwd=tmp_path
    )  # fmt: skip
    first = read(tmp_path / "v1.tar")
    assert "cut short" in str(first.broken)
    second = read(tmp_path / "v2.tar")
    assert "another volume" in str(second.lost)
    joined = next(iter(first.values())) + next(iter(second.values()))
    assert len(joined) > 500_000


def test_signed_checksums_of_old_programs(tmp_path: Path) -> None:
    header = bytearray(WHOLE[:BLOCK])
    header[:3] = "é!".encode()
    header[148:156] = b" " * 8
    signed = sum(byte - 256 if byte > 127 else byte for byte in header)
    header[148:156] = b"%06o\0 " % signed
    path = tmp_path / "d.tar"
    path.write_bytes(bytes(header) + WHOLE[BLOCK:])
    assert whole(read(path))
