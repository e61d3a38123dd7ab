"""Sizes and rates: predicted, held by the header, and measured by asking."""

import math
import random
from collections.abc import Callable
from pathlib import Path

import pytest

import bloom
from bloom.engine import NAME


@pytest.mark.parametrize("rate", [0.5, 0.1, 1e-2, 1e-3, 1e-4, 1e-6, 1e-9, 1e-12])
@pytest.mark.parametrize("keys", [1, 2, 3, 1000, 2274, 10**5, 10**6, 12_345_678, 10**9, 10**12])
def test_plan_is_the_smallest_that_keeps_the_rate(keys: int, rate: float) -> None:
    size = bloom.plan(keys, rate)
    assert size.fpr <= rate
    assert bloom.predicted_rate(keys, size.pages, size.hashes) == size.fpr
    if size.pages > 1:
        ideal = max(1, round(-math.log2(rate)))
        for hashes in range(max(1, ideal - 4), ideal + 5):
            assert bloom.predicted_rate(keys, size.pages - 1, hashes) > rate
    if keys >= 10**6:
        bits = (size.pages - 1) * 4096 * 8 / keys
        over = bits / (-math.log2(rate) / math.log(2))
        assert over <= (1.02 if rate >= 1e-9 else 1.03)


@pytest.mark.parametrize(("keys", "rate"), [(0, 0.1), (-1, 0.1), (1, 0), (1, 0.6), (1, math.nan)])
def test_plan_refuses(keys: int, rate: float) -> None:
    with pytest.raises(bloom.BuildError):
        bloom.plan(keys, rate)


@pytest.mark.parametrize(("pages", "keys", "hashes"), [(1, 2000, 10), (40, 90_000, 10), (7, 40, 3)])
def test_prediction_against_simulation(pages: int, keys: int, hashes: int) -> None:
    """Bits thrown on pages at random, by another generator than the filter's."""
    rnd = random.Random(pages)
    rounds = max(1, 100 // pages)
    rates = []
    for _ in range(rounds):
        held: list[set[int]] = [set() for _ in range(pages)]
        for _ in range(keys):
            held[rnd.randrange(pages)].update(rnd.randrange(32704) for _ in range(hashes))
        rates += [(len(bits) / 32704) ** hashes for bits in held]
    predicted = bloom.predicted_rate(keys, pages, hashes)
    spread = math.sqrt(sum((rate - predicted) ** 2 for rate in rates)) / len(rates)
    assert sum(rates) / len(rates) == pytest.approx(predicted, abs=5 * spread, rel=0.02)


@pytest.mark.parametrize("rate", [1e-1, 1e-2, 1e-3])
def test_measured_by_asking(tmp_path: Path, keys: Callable[..., bytes], rate: float) -> None:
    """False positives among keys never added are as many as the header says, give or take
    five standard deviations."""
    count, asked = (200_000, 1_000_000) if NAME == "native" else (5_000, 40_000)
    path = tmp_path / "f.bloom"
    with bloom.Builder(20) as builder:
        builder.add(keys(count))
        header = builder.finish(path, rate, {})
        worst = builder.worst_rate
    assert header.fpr <= 1.15 * rate
    assert NAME == "python" or header.fpr >= 0.85 * rate
    assert header.fpr <= worst <= 20 * rate
    with bloom.Filter.open(path) as found:
        hits = found.look_up_many(keys(asked, 1)).count(1)
    expected = header.fpr * asked
    assert abs(hits - expected) <= 5 * math.sqrt(expected)
