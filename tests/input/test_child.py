"""Frames from a child: all of them, in order, through a pipe or through shared memory."""

import os
import time
from pathlib import Path

import pytest
from reading import read, tool

from leakcheck import processes
from leakcheck.input.child import DONE, FAULT, SLOT_BYTES, SLOTS, Child

SENDS = """
import sys
from leakcheck.input.child import SLOT_BYTES, serve

def work(file, given, put):
    put(b"G", given)
    for number in range({count}):
        put(b"D", bytes([number]) * {size})

serve(work, "damaged")
"""
LIES = """
import os, struct, sys
from leakcheck.input.child import SLOT_BYTES
os.write(1, struct.pack("<cI", b"D", {length}))
sys.stdin.buffer.read()
"""
RING = pytest.mark.skipif(
    processes.shared_memory(1) is None, reason="no memory can be shared with a child here"
)


def child(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch, given: bytes = b"") -> Child:
    """A child that runs `text`."""
    (folder / "a_child.py").write_text(text)
    (folder / "file").write_bytes(b"")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    with (folder / "file").open("rb") as file:
        return Child("a_child", file, given=given, damaged="damaged")


@pytest.mark.parametrize("shared", [pytest.param(True, marks=RING), False])
@pytest.mark.parametrize("size", [0, 1000, SLOT_BYTES - 1, SLOT_BYTES, SLOT_BYTES + 1])
def test_frames_arrive_as_they_were_sent(
    shared: bool, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not shared:
        monkeypatch.setattr(processes, "shared_memory", lambda _: None)
    count = 2 * SLOTS + 3
    text = SENDS.format(count=count, size=size)
    with child(tmp_path, text, monkeypatch, b"pass\nword") as sender:
        assert sender.get() == (b"G", b"pass\nword")
        lent = 0
        for number in range(count):
            what, content = sender.borrow()
            lent += isinstance(content, memoryview)
            assert (what, bytes(content)) == (b"D", bytes([number]) * size)
        assert sender.get() == (DONE, b"")
    assert bool(lent) == (shared and SLOT_BYTES - 1 <= size <= SLOT_BYTES)


@RING
def test_what_is_lent_stays_until_the_next_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = SENDS.format(count=4 * SLOTS, size=SLOT_BYTES)
    with child(tmp_path, text, monkeypatch) as sender:
        sender.get()
        _, content = sender.borrow()
        time.sleep(0.3)  # in which it would go round, if it could
        assert bytes(content) == bytes(SLOT_BYTES)


@pytest.mark.parametrize("length", [SLOT_BYTES + 1 | 1 << 31, 0xFFFFFFFF, 0x7FFFFFFF, 5])
def test_a_length_that_is_a_lie_is_damage(
    length: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = LIES.format(length=length).replace("sys.stdin.buffer.read()", "os._exit(0)")
    with child(tmp_path, text, monkeypatch) as sender:
        assert sender.get() == (FAULT, b"damaged")


@RING
def test_shared_memory_cannot_be_made_shorter() -> None:
    """Else reading it would end this process with SIGBUS."""
    handle = processes.shared_memory(1 << 16)
    assert handle is not None
    try:
        for size in (0, 1 << 17):
            with pytest.raises(PermissionError):
                os.ftruncate(handle, size)
    finally:
        os.close(handle)


def test_a_large_7z_is_the_same_through_the_pipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = b"".join(b"user%d@example.fr:%d\n" % (at, at * 7919) for at in range(400_000))
    (tmp_path / "list.txt").write_bytes(lines)
    path = tmp_path / "list.7z"
    tool("7z", "a", "-bd", "-mx=1", path, tmp_path / "list.txt")
    assert list(read(path).values()) == [lines]
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + b"\0" * 64 + data[len(data) // 2 + 64 :])
    broken = read(path)
    monkeypatch.setattr(processes, "shared_memory", lambda _: None)
    again = read(path)
    assert (again, again.broken) == (broken, broken.broken)
    (text,) = broken.values()
    assert text
    assert broken.broken
    assert lines.startswith(text)
