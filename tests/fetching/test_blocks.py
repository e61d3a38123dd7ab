"""Blocks on disk: read back as written, and empty rather than wrong when damaged."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bloom import system
from leakcheck.fetching.blocks import Block, Blocks, KeptRanges, RangeEntry

entries = st.dictionaries(
    st.integers(0, 255),
    st.tuples(st.none() | st.text(max_size=9), st.none() | st.text(max_size=9), st.integers(0, 4)),
    max_size=8,
)


@settings(deadline=None, max_examples=60)
@given(entries, st.booleans())
def test_a_block_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    fields: dict[int, tuple[str | None, str | None, int]],
    inside: bool,
) -> None:
    folder = tmp_path_factory.mktemp("blocks")
    block = Block()
    for number, (etag, modified, count) in fields.items():
        block.entries[number] = RangeEntry(etag, modified, count, 20 * count, 1, 11, 12)
        block.digests[number] = bytes([number]) * 20 * count
    Blocks(folder).write(5, block, inside=inside)
    found = Blocks(folder).read(5)
    assert found.entries == block.entries
    assert found.digests == (block.digests if inside else {})
    assert Blocks(folder).read(6) == Block()


def test_a_block_damaged_anywhere_is_empty(tmp_path: Path) -> None:
    block = Block({3: RangeEntry('"a"', None, 2, 40, 1, 11, 12)}, {3: b"x" * 40})
    blocks = Blocks(tmp_path)
    blocks.write(0, block, inside=True)
    path = tmp_path / "000.block"
    data = path.read_bytes()
    for at in range(len(data)):
        for damaged in (data[:at], data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]):
            path.write_bytes(damaged)
            assert blocks.read(0) == Block()


def test_what_is_not_yet_whole_stands_where_the_next_run_sweeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not among the ranges, which are served: a kill would leave it there for ever."""
    kept, state = tmp_path / "kept", tmp_path / "kept" / ".leakcheck"
    state.mkdir(parents=True)
    named = system.replace
    drafts: list[Path] = []

    def replace(path: Path, target: Path) -> None:
        drafts.append(path)
        named(path, target)

    monkeypatch.setattr(system, "replace", replace)
    ranges = KeptRanges(kept, zipped=False, drafts=state)
    assert ranges.write(5, b"0" * 35 + b":1") == ranges.size(5) == 37
    assert [path.parent for path in drafts] == [state]
