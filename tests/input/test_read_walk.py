"""Paths: order, links, loops, devices, patterns, lists; files that change under the reader."""

import os
import threading
from pathlib import Path

import pytest
from reading import read, refusal, until_broken

from leakcheck.errors import InputError
from leakcheck.input import chunks, inputs, listed

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


def test_a_file_that_grows_ends_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(A * 100_000)
    [item] = inputs([str(path)])
    # the input is closed with the generator: begin anew and write while it is open
    for item in inputs([str(path)]):
        stream = item.open()
        stream.read(10)
        with path.open("ab") as file:
            file.write(b"late@example.fr\n" * 10)
        text = b"".join(bytes(chunk.data) for chunk in chunks(stream))
    assert len(text) == len(A) * 100_000 - 10


def test_a_file_that_shrinks_is_said(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(A * 1_000_000)
    for item in inputs([str(path)]):
        stream = item.open()
        os.truncate(path, 5_000_000)
        text, error = until_broken(stream)
        assert "shorter" in error
        assert 4_900_000 < len(text) <= 5_000_000
        assert text.endswith(b"\n")


def test_progress_knows_the_bytes_on_disk(tmp_path: Path) -> None:
    import gzip

    path = tmp_path / "x"
    path.write_bytes(gzip.compress(os.urandom(500_000)))
    for item in inputs([str(path)]):
        for _ in chunks(item.open()):
            pass
        assert item.raw_position == path.stat().st_size == item.size


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
