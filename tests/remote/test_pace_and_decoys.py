"""The two small machines: how many requests at once, and which others to ask for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.fetching.rate_limiter import Pace
from leakcheck.http.decoys import with_decoys


def drive(pace: Pace, start: float, seconds: float, most: float) -> float:
    """Answers as a server gives them that is `most` a second fast, and 0.05 s away."""
    now = start
    while now < start + seconds:
        now += 1 / min(most, pace.limit / 0.05)
        pace.succeeded(now)
    return now


def test_it_grows_as_far_as_growing_helps() -> None:
    near, far = Pace(0.0, 64), Pace(0.0, 64)
    drive(near, 0.0, 8.0, most=200)
    drive(far, 0.0, 30.0, most=1e9)
    assert near.limit < 20
    assert far.limit == 64


def test_it_halves_once_for_one_refusal_and_recovers() -> None:
    pace = Pace(0.0, 64)
    now = drive(pace, 0.0, 30.0, most=1e9)
    for _ in range(50):
        pace.pushed_back(now, 2.0)
    assert (pace.limit, pace.open_at) == (32, now + 2.0)
    for step in range(1, 20):
        pace.pushed_back(now + 10 * step, None)
    assert pace.limit == 1
    drive(pace, now + 500, 60.0, most=1e9)
    assert pace.limit == 64


def test_no_server_can_make_it_wait_for_ever() -> None:
    pace = Pace(0.0)
    pace.pushed_back(0.0, 1e9)
    assert pace.open_at <= 600


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
