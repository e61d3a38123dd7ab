"""Paths: order, links, loops, devices, patterns, lists; files that change under the reader."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from reading import read, refusal

from leakcheck.errors import InputError
from leakcheck.input import Options, ReadError, Skipped, chunks, compressed, inputs, listed

A = b"a@example.fr\n"


def test_folders_are_read_in_a_stable_order(tmp_path: Path) -> None:
    for name in ("b/2", "b/10", "a", "c/d/e", "B"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() + b"\n")
    names = [name.removeprefix(f"{tmp_path}/") for name in read(tmp_path)]
    assert names == ["B", "a", "b/10", "b/2", "c/d/e"]


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    (top / "a").write_bytes(A)
    (top / "loop").symlink_to(top)
    (top / "out").symlink_to("/etc/passwd")
    (top / "dangling").symlink_to("nowhere")
    texts = read(top)
    assert list(texts.values()) == [A]
    assert [one.reason for one in texts.skipped] == ["a link, not followed"] * 3
    assert not texts.lost


def test_a_link_that_is_named_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(A)
    (tmp_path / "l").symlink_to("a")
    assert list(read(tmp_path / "l").values()) == [A]
    (tmp_path / "self").symlink_to("self")
    assert "cannot be read" in refusal(tmp_path / "self")


def test_fifos_and_devices_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "a").write_bytes(A)
    assert "FIFO" in refusal(tmp_path / "fifo")
    assert "device" in refusal("/dev/zero")
    texts = read(tmp_path)
    assert list(texts.values()) == [A]
    assert texts.skipped[0].reason == "a FIFO"


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "none")
    (tmp_path / "empty").touch()
    assert "is empty" in refusal(tmp_path / "empty")
    (tmp_path / "folder").mkdir()
    assert "no file to read" in refusal(tmp_path / "folder")
    assert "no file matches" in refusal(tmp_path / "*.nothing")
    assert "NUL" in refusal("a\0b")


def test_patterns(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "c.log", "s/d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(A)
    assert [Path(name).name for name in read(tmp_path / "*.txt")] == ["a.txt", "b.txt"]
    assert len(read(tmp_path / "**" / "*.txt")) == 3
    (tmp_path / "s" / "empty").mkdir()
    (tmp_path / "s" / "nothing").touch()
    assert len(read(tmp_path / "s" / "*")) == 1  # what a pattern matches besides is no error
    assert len(read(tmp_path / "*")) == 5  # a folder that is matched is read
    (tmp_path / "[x].txt").write_bytes(A)
    assert list(read(tmp_path / "[x].txt").values()) == [A]  # a name first, then a pattern


def test_lists_of_paths(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"one\r\n\ntwo words\n\xff\n")
    assert listed(str(tmp_path / "list")) == ["one", "two words", "\udcff"]
    (tmp_path / "list").write_bytes(b"a\nb\0c\0")
    assert listed(str(tmp_path / "list")) == ["a\nb", "c"]
    (tmp_path / "list").write_bytes(b"\n")
    with pytest.raises(InputError):
        listed(str(tmp_path / "list"))


def test_a_name_that_is_not_utf8_is_read(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.txt")).write_bytes(A)
    assert list(read(tmp_path).values()) == [A]


def change_while_read(path: Path, change: Callable[[], object]) -> tuple[bytes, str, list[Skipped]]:
    """Read `path`, with `change` after the first bytes: text, what broke it off, what is said."""
    said: list[Skipped] = []
    texts = inputs([str(path)], Options(skipped=said.append))
    stream = next(texts).open()
    assert stream.read(10)
    change()
    pieces, broken = [], ""
    try:
        for chunk in chunks(stream):
            pieces.append(bytes(chunk.data))
    except ReadError as error:
        broken = str(error)
    assert list(texts) == []
    return b"".join(pieces), broken, said


def test_a_file_that_grows_ends_where_it_ended_and_is_said(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(A * 100_000)

    def grow() -> None:
        with path.open("ab") as file:
            file.write(b"late@example.fr\n" * 10)

    text, broken, said = change_while_read(path, grow)
    assert len(text) == len(A) * 100_000 - 10
    assert not broken
    assert [(one.lost, "grew" in one.reason) for one in said] == [(True, True)]


def test_a_file_that_shrinks_is_said(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(A * 1_000_000)
    text, broken, said = change_while_read(path, lambda: os.truncate(path, 5_000_000))
    assert "shorter" in broken
    assert 4_900_000 < len(text) <= 5_000_000
    assert text.endswith(b"\n")
    assert said[0].lost


def test_a_file_that_is_written_over_or_replaced_is_said(tmp_path: Path) -> None:
    path, other = tmp_path / "log", tmp_path / "new"

    def write_over() -> None:
        with path.open("r+b") as file:
            file.seek(500_000)
            file.write(b"b@example.org\n")
        os.utime(path, ns=(1, 1))

    def replace() -> None:
        other.write_bytes(A * 1_000_000)
        other.rename(path)

    for change, expected in ((write_over, "changed"), (replace, "replaced")):
        path.write_bytes(A * 1_000_000)
        text, broken, said = change_while_read(path, change)
        assert (len(text), broken) == (13_000_000 - 10, "")
        assert [(one.lost, expected in one.reason) for one in said] == [(True, True)]
    path.write_bytes(A * 1_000_000)  # one that goes was read to its end all the same
    text, broken, said = change_while_read(path, path.unlink)
    assert (len(text), broken, said) == (13_000_000 - 10, "", [])


def test_progress_knows_the_bytes_on_disk(tmp_path: Path) -> None:
    import gzip

    path = tmp_path / "x"
    path.write_bytes(gzip.compress(os.urandom(500_000)))
    texts = inputs([str(path)])
    item = next(texts)
    for _ in chunks(item.open()):
        pass
    assert item.raw_position == path.stat().st_size == item.size
    assert list(texts) == []


@pytest.mark.parametrize("error", [RecursionError, MemoryError, KeyError, OSError, AssertionError])
@pytest.mark.parametrize("place", ["begin", "read"])
def test_whatever_one_input_does_the_others_are_read(
    place: str, error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong:
        eof, needs_input, unused_data = False, True, b""

        def __init__(self) -> None:
            if place == "begin":
                raise error("sentinel")

        def decompress(self, data: object, most: int) -> bytes:
            raise error("sentinel")

    monkeypatch.setitem(compressed.FORMATS, "gzip", lambda: Wrong)
    (tmp_path / "a.txt").write_bytes(A)
    (tmp_path / "b.gz").write_bytes(b"\x1f\x8b\x08 some bytes")
    (tmp_path / "c.txt").write_bytes(A)
    texts = read(tmp_path)
    assert {Path(name).name: text for name, text in texts.items() if text} == {
        "a.txt": A,
        "c.txt": A,
    }
    said = str(texts.lost) + str(texts.broken)
    assert "memory" in said or "fault" in said or "damaged" in said
    assert "sentinel" not in said


def test_what_is_said_a_thousand_times_is_counted(tmp_path: Path) -> None:
    import tarfile

    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for at in range(1000):
            entry = tarfile.TarInfo(f"link{at}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "nowhere"
            archive.addfile(entry)
    said = read(tmp_path / "x.tar").skipped
    assert len(said) == 101
    assert said[-1].name.endswith("x.tar (900 more)")
    assert not any(one.lost for one in said)


def test_stdin_is_read_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from leakcheck.input.streams import Pipe

    out, into = os.pipe()
    monkeypatch.setattr(sys.modules["leakcheck.input.inputs"], "Pipe", lambda handle: Pipe(out))

    def write() -> None:
        for _ in range(50):
            os.write(into, A * 1000)
        os.close(into)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert read("-") == {"-": A * 50_000}
    finally:
        writer.join()
        os.close(out)
