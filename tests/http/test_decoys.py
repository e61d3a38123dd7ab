"""Which other pages or prefixes to ask for besides the one that matters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.http.decoys import with_decoys


@given(st.sets(st.integers(0, 99), max_size=20), st.integers(0, 120))
def test_decoys_are_others_and_as_many_as_asked_for(numbers: set[int], decoys: int) -> None:
    asked = with_decoys(numbers, 100, decoys, "test")
    assert len(asked) == len(set(asked))
    assert numbers <= set(asked) <= set(range(100))
    if len(numbers) == 1:
        assert len(asked) == min(100, 1 + decoys)
    assert len(asked) <= len(numbers) * (1 + decoys)


def test_decoys_do_not_change_from_visit_to_visit_but_from_user_to_user(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = with_decoys([5], 10**6, 9, "scope")
    assert set(one) == set(with_decoys([5], 10**6, 9, "scope"))
    assert set(one) & set(with_decoys([5], 10**6, 9, "elsewhere")) == {5}
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path_factory.mktemp("another")))
    assert set(one) & set(with_decoys([5], 10**6, 9, "scope")) == {5}


def test_the_order_says_nothing() -> None:
    places = {with_decoys([5], 10**6, 9, "scope").index(5) for _ in range(200)}
    assert len(places) == 10
