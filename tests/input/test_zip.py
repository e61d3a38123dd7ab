"""Zip archives: every method, every byte accounted for, and sizes and directories that lie."""

import io
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from reading import LINES, Texts, read, tool

SECOND = b"other@example.org:word\n" * 500
THIRD = b"third@example.com:last\n" * 40
TEXTS = {"a.txt": LINES, "b.txt": SECOND, "c.txt": THIRD}


def packed(texts: dict[str, bytes] = TEXTS, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of some members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
    return file.getvalue()


def put(folder: Path, data: bytes) -> Path:
    """An archive whose name says nothing."""
    path = folder / "dump"
    path.write_bytes(data)
    return path


def by_end(texts: Texts) -> dict[str, bytes]:
    """The texts by the last part of their names."""
    return {name.rpartition("/")[2]: text for name, text in texts.items()}


def whole(texts: Texts) -> bool:
    """Whether nothing was said to be wrong."""
    return not texts.broken and not texts.lost


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three texts to be packed."""
    top = tmp_path / "in"
    top.mkdir()
    for name, text in TEXTS.items():
        (top / name).write_bytes(text)
    return top


SEVEN = ("7z", "a", "-bd", "-tzip")
PACKERS = {
    "zip": ("zip", "-q"),
    "zip stored": ("zip", "-q0"),
    "zip bzip2": ("zip", "-qZ", "bzip2"),
    "zip with descriptors": ("zip", "-qfd"),
    "zip64": ("zip", "-qfz"),
    "7z deflate64": (*SEVEN, "-mm=Deflate64"),
    "7z lzma": (*SEVEN, "-mm=LZMA"),
    "7z bzip2": (*SEVEN, "-mm=BZip2"),
    "7z xz": (*SEVEN, "-mm=xz"),
    "bsdtar": ("bsdtar", "--format=zip", "-cf"),
}


@pytest.mark.parametrize("packer", PACKERS)
def test_every_method_of_the_real_tools(packer: str, folder: Path) -> None:
    tool(*PACKERS[packer], "../dump", *TEXTS, cwd=folder)
    (path,) = folder.parent.glob("dump*")
    texts = read(path)
    assert by_end(texts) == TEXTS
    assert whole(texts)


@pytest.mark.parametrize("packer", ["zip", "zip stored", "zip bzip2", "7z lzma", "7z deflate64"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.999])
def test_a_cut_archive_is_read_up_to_the_cut(packer: str, share: float, folder: Path) -> None:
    tool(*PACKERS[packer], "../dump", *TEXTS, cwd=folder)
    (path,) = folder.parent.glob("dump*")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    texts = read(path)
    assert "directory is missing" in str(texts.lost)
    first = by_end(texts)["a.txt"]
    assert LINES.startswith(first)
    assert len(first) > len(LINES) * share * 0.5 or "bzip2" in packer  # in blocks of 900 kB


def test_members_of_zstd(tmp_path: Path) -> None:
    if sys.version_info >= (3, 14):
        with_zstd = zipfile
    else:
        from backports.zstd import zipfile as with_zstd  # type: ignore[no-redef]
    path = tmp_path / "dump"
    with with_zstd.ZipFile(path, "w", with_zstd.ZIP_ZSTANDARD) as archive:
        for name, text in TEXTS.items():
            archive.writestr(name, text)
    texts = read(path)
    assert by_end(texts) == TEXTS
    assert whole(texts)


def test_a_method_without_a_decoder_is_said(folder: Path) -> None:
    tool(*SEVEN, "-mm=PPMd", "../dump", *TEXTS, cwd=folder)
    texts = read(folder.parent / "dump.zip")
    assert "cannot open" in str(texts.lost)


def test_from_a_pipe_to_a_pipe(folder: Path) -> None:
    """Sizes stand behind the data, and no header says them."""
    data = tool("sh", "-c", "cat a.txt | zip -q - -", cwd=folder)
    assert list(read(put(folder.parent, data)).values()) == [LINES]
    directory = data.rindex(b"PK\x01\x02")
    texts = read(put(folder.parent, data[:directory]))
    assert list(texts.values()) == [LINES]
    assert "directory is missing" in str(texts.lost)
    both = data[:directory] + packed({"z": THIRD})
    assert list(read(put(folder.parent, both)).values()) == [LINES, THIRD]


def test_archives_that_follow_one_another_are_all_read(folder: Path) -> None:
    for name in TEXTS:
        tool("zip", "-q", f"../{name}.zip", name, cwd=folder)
    data = b"".join((folder.parent / f"{name}.zip").read_bytes() for name in TEXTS)
    texts = read(put(folder.parent, data))
    assert by_end(texts) == TEXTS
    assert whole(texts)


def test_members_outside_the_directory_are_read(tmp_path: Path) -> None:
    """What zip -d would leave if it did not write anew; what hides from a list of members."""
    whole_file = packed()
    second = whole_file.index(b"PK\x03\x04", 4)
    third = whole_file.index(b"PK\x03\x04", second + 4)
    directory = whole_file.index(b"PK\x01\x02")
    entries = whole_file[directory:].split(b"PK\x01\x02")[1:]
    entries[-1], end = entries[-1].split(b"PK\x05\x06")
    for hidden in range(3):
        kept = b"".join(b"PK\x01\x02" + one for at, one in enumerate(entries) if at != hidden)
        tail = b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, 2, 2, len(kept), directory, 0)
        texts = read(put(tmp_path, whole_file[:directory] + kept + tail))
        assert by_end(texts) == TEXTS, hidden
        assert whole(texts)
    assert end
    assert third


@pytest.mark.parametrize("place", ["before", "between", "before the directory", "behind"])
def test_other_bytes_outside_the_directory_are_said(place: str, tmp_path: Path) -> None:
    data = packed()
    secret = b"hidden@example.net:gone\n" * 50
    second, directory = data.index(b"PK\x03\x04", 4), data.index(b"PK\x01\x02")
    at = {"before": 0, "between": second, "before the directory": directory, "behind": len(data)}
    changed = bytearray(data[: at[place]] + secret + data[at[place] :])
    if place == "before":
        changed = bytearray(b"MZ\0\0") + changed
    elif place != "behind":
        end = changed.rindex(b"PK\x05\x06")
        struct.pack_into("<I", changed, end + 16, changed.index(b"PK\x01\x02"))
    if place == "between":
        for entry in (1, 2):
            start = [at for at in range(len(changed)) if changed.startswith(b"PK\x01\x02", at)]
            offset = struct.unpack_from("<I", changed, start[entry] + 42)[0]
            struct.pack_into("<I", changed, start[entry] + 42, offset + len(secret))
    texts = read(put(tmp_path, bytes(changed)))
    assert {**by_end(texts), **TEXTS} == by_end(texts)
    assert "outside its directory" in str(texts.lost)


def test_a_directory_that_lies(tmp_path: Path) -> None:
    """Wrong sizes, sums, places, counts: said; no text but the true ones."""
    data = packed()
    directory = data.index(b"PK\x01\x02")
    fields = {"method": 10, "crc": 16, "packed": 20, "size": 24, "name": 28, "offset": 42}
    for name, at in fields.items():
        for change in (1, 0x40):
            changed = bytearray(data)
            changed[directory + at] ^= change
            texts = read(put(tmp_path, bytes(changed)))
            assert not whole(texts), (name, change)
            assert all(text in (*TEXTS.values(), b"") for text in texts.values()) or texts.broken
    end = data.rindex(b"PK\x05\x06")
    for at in (8, 12, 16):
        changed = bytearray(data)
        changed[end + at] ^= 1
        if at == 8:
            changed[end + 10] ^= 1
        texts = read(put(tmp_path, bytes(changed)))
        assert not whole(texts), at
        assert by_end(texts) == TEXTS


def test_a_size_that_lies_ends_at_the_budget(tmp_path: Path, monkeypatch: object) -> None:
    data = bytearray(packed({"bomb": bytes(80 << 20), "z": THIRD}))
    directory = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, directory + 24, 10)
    struct.pack_into("<I", data, 22, 10)
    from leakcheck.input.streams import Budget

    floor, Budget.FLOOR = Budget.FLOOR, 1 << 20
    try:
        texts = read(put(tmp_path, bytes(data)), expansion=10)
    finally:
        Budget.FLOOR = floor
    assert "--max-expansion" in str(texts.broken)
    assert sum(map(len, texts.values())) < 4 << 20


def test_members_that_overlap_are_damage(tmp_path: Path) -> None:
    """The bomb of David Fifield: each member holds the headers of the next."""
    data = bytearray(packed({"a": THIRD, "b": THIRD, "c": THIRD}, zipfile.ZIP_STORED))
    directory = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x03\x04", 4)
    inside = bytes(data[30 + 1 : directory])
    for at in (18, 22):
        struct.pack_into("<I", data, at, len(inside))
        struct.pack_into("<I", data, directory + at + 2, len(inside))
    crc = zlib.crc32(inside)
    struct.pack_into("<I", data, 14, crc)
    struct.pack_into("<I", data, directory + 16, crc)
    texts = read(put(tmp_path, bytes(data)))
    assert "overlap" in str(texts.lost)
    assert by_end(texts) == {"b": THIRD, "c": THIRD}
    entry = data[directory : data.index(b"PK\x01\x02", directory + 4)]
    many = bytes(data[:directory]) + bytes(entry) * 1000
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1000, 1000, 1000 * len(entry), directory, 0)
    texts = read(put(tmp_path, many + tail))
    assert len(texts) <= 3
    assert "overlap" in str(texts.lost)
    assert second


def test_a_split_archive_is_said(folder: Path) -> None:
    import os

    (folder / "r.txt").write_bytes(os.urandom(200_000))
    tool("zip", "-qs", "64k", "../dump.zip", "r.txt", *TEXTS, cwd=folder)
    assert "split" in str(read(folder.parent / "dump.zip").lost)
    assert not whole(read(folder.parent / "dump.z01"))


def test_a_comment_and_zeros_are_no_data(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", SECOND)
        archive.comment = b"a comment"
    assert whole(read(path))
    path.write_bytes(path.read_bytes() + bytes(5000))
    assert whole(read(path))
    path.write_bytes(path.read_bytes() + b"x")
    assert not whole(read(path))


def test_members_in_any_order_and_of_one_name(tmp_path: Path) -> None:
    data = packed()
    directory, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entries = [b"PK\x01\x02" + one for one in data[directory:end].split(b"PK\x01\x02")[1:]]
    turned = data[:directory] + b"".join(reversed(entries)) + data[end:]
    texts = read(put(tmp_path, turned))
    assert list(texts.values()) == [THIRD, SECOND, LINES]
    assert whole(texts)
    with zipfile.ZipFile(tmp_path / "two", "w") as archive:
        archive.writestr("same", SECOND)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("same", THIRD)
    from leakcheck.input import inputs

    assert [item.open().read() for item in inputs([str(tmp_path / "two")])] == [SECOND, THIRD]


PEAK = """
import resource, sys
from leakcheck.input import Options, inputs
from leakcheck.input.streams import ReadError
import bz2, lzma, inflate64, zipfile
scratch = bytearray(1 << 20)
for item in inputs([sys.argv[1]], Options(expansion=1e9)):
    stream, total = item.open(), 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    while count := stream.readinto(scratch):
        total += count
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(total, grown)
"""


@pytest.mark.parametrize("method", ["bzip2", "deflate", "Deflate64", "LZMA", "xz"])
def test_a_bomb_of_any_method_takes_no_memory(method: str, tmp_path: Path) -> None:
    most = 150 << 20
    with (tmp_path / "z").open("wb") as file:
        file.truncate(most)
    if method == "bzip2":
        tool("zip", "-qZ", "bzip2", "dump", "z", cwd=tmp_path)
    else:
        tool(*SEVEN, f"-mm={method}", "dump", "z", cwd=tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(tmp_path / "dump.zip")],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    total, grown = map(int, done.stdout.split())
    assert total == most
    assert grown < 60 << 10  # kB


def test_many_members_take_little_memory(tmp_path: Path) -> None:
    import tracemalloc

    with zipfile.ZipFile(tmp_path / "dump", "w") as archive:
        for at in range(20_000):
            archive.writestr(f"{at:060}.txt", b"")
    from leakcheck.input import inputs

    tracemalloc.start()
    count = sum(1 for _ in inputs([str(tmp_path / "dump")]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 6 << 20


@pytest.mark.parametrize("change", [lambda d: d[:-8], lambda d: d[:60] + b"\xff" * 8 + d[68:]])
def test_a_locked_member_that_is_damaged(change: Callable[[bytes], bytes], folder: Path) -> None:
    for packer in (("zip", "-q", "-P", "opensesame"), (*SEVEN, "-mem=AES256", "-popensesame")):
        tool(*packer, "../dump.zip", "b.txt", cwd=folder)
        path = folder.parent / "dump.zip"
        path.write_bytes(change(path.read_bytes()))
        texts = read(path, password=b"opensesame")
        assert not whole(texts)
        assert SECOND not in texts.values() or texts.lost
        path.unlink()
