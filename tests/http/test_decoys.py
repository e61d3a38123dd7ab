"""Which other places to ask for besides the one that matters."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.errors import UsageError
from leakcheck.http.decoys import MOST, shuffled, with_decoys

PLACES = st.integers(0, 2**64 - 1)


@given(PLACES, st.integers(0, MOST))
def test_at_least_as_many_as_asked_for_at_the_same_place_of_other_cells(
    place: int, decoys: int
) -> None:
    asked = with_decoys([place], decoys, "host")
    assert place in asked
    assert decoys + 1 <= len(asked) <= max(1, 2 * decoys)
    assert len({each >> 56 for each in asked}) == len(asked)
    assert {each & (1 << 56) - 1 for each in asked} == {place & (1 << 56) - 1}


@given(PLACES, PLACES, st.integers(1, MOST))
def test_a_group_is_the_same_whichever_of_it_matters(place: int, other: int, decoys: int) -> None:
    """So no other question, and no number of them, tells more than the group."""
    asked = with_decoys([place], decoys, "host")
    for each in asked:
        assert with_decoys([each], decoys, "host") == asked
    cells = {each >> 56 for each in asked}
    others = {each >> 56 for each in with_decoys([other], decoys, "host")}
    assert cells == others or not cells & others


@given(PLACES, st.integers(1, MOST), st.integers(1, MOST))
def test_fewer_decoys_lie_within_more(place: int, some: int, more: int) -> None:
    some, more = sorted((some, more))
    assert with_decoys([place], some, "host") <= with_decoys([place], more, "host")


def test_of_several_each_has_its_own() -> None:
    one, two = with_decoys([5], 7, "host"), with_decoys([6], 7, "host")
    assert with_decoys([5, 6, 5], 7, "host") == one | two
    assert with_decoys([], 7, "host") == set()
    assert with_decoys([5, 6], 0, "host") == {5, 6}


def test_they_stay_from_visit_to_visit_and_differ_between_users_and_hosts(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = with_decoys([5], 7, "host")
    assert one == with_decoys([5], 7, "host")
    # of 255 cells 7: that others are drawn alike happens once in 10^13 times
    assert one != with_decoys([5], 7, "elsewhere")
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path_factory.mktemp("another")))
    assert one != with_decoys([5], 7, "host")


def test_the_key_is_for_its_owner_alone_and_made_once() -> None:
    before = os.umask(0)
    try:
        with_decoys([5], 1, "host")
    finally:
        os.umask(before)
    path = Path(os.environ["LEAKCHECK_HOME"]) / "decoys.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = path.read_bytes()
    assert len(key) == 32
    with_decoys([6], 1, "host")
    assert path.read_bytes() == key


def test_without_a_key_that_lasts_there_are_no_decoys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others at each visit would show what visits have in common."""
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path))
    (tmp_path / "decoys.key").write_bytes(b"short")
    with pytest.raises(UsageError, match="what is there is not a key"):
        with_decoys([5], 1, "host")
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path / "file"))
    with pytest.raises(UsageError, match="cannot hold it"):
        with_decoys([5], 1, "host")
    with pytest.raises(UsageError, match="up to 255"):
        with_decoys([5], 256, "host")


def test_the_order_says_nothing() -> None:
    orders = [shuffled({4, 5, 6}) for _ in range(300)]
    assert all(sorted(order) == [4, 5, 6] for order in orders)
    counts = [sum(order.index(5) == at for order in orders) for at in range(3)]
    assert min(counts) > 50, counts  # 100 expected, each; less than 50 in 10^-9 of all runs
