"""How many requests at once."""

from leakcheck.fetching.rate_limiter import Pace


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
