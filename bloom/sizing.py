"""How many pages and hashes: the predicted false-positive rate of a paged filter.

A page of m = 32,704 bits that holds n keys of k bits each gives false positives at
a rate of (1 - (1 - 1/m)^(kn))^k (Bloom 1970). Digests spread keys over the pages as a
Poisson variable of mean keys/pages, so the filter's rate is the mean of that
over the Poisson (Putze, Sanders and Singler, "Cache-, Hash- and
Space-Efficient Bloom Filters", 2007).
"""

import math
from typing import NamedTuple

from bloom.errors import BuildError
from bloom.format import MAX_HASHES, PAGE_BITS

MIN_RATE = 1e-12
MAX_RATE = 0.5


class Size(NamedTuple):
    """`pages` of `hashes` bits a key, and the rate `fpr` predicted for them."""

    pages: int
    hashes: int
    fpr: float


def predicted_rate(keys: int, pages: int, hashes: int) -> float:
    """The expected false-positive rate of `keys` distinct keys spread over `pages`."""
    empty = math.log1p(-1 / PAGE_BITS) * hashes
    if pages == 1:
        return float((-math.expm1(empty * keys)) ** hashes)
    mean = keys / pages
    reach = 9 * math.sqrt(mean) + 12
    low, high = max(0, math.floor(mean - reach)), math.ceil(mean + reach)
    log_mean = math.log(mean)
    return math.fsum(
        math.exp(load * log_mean - mean - math.lgamma(load + 1))
        * (-math.expm1(empty * load)) ** hashes
        for load in range(low, high + 1)
    )


def plan(keys: int, rate: float) -> Size:
    """The fewest pages, and the hashes for them, whose predicted rate is at most `rate`.

    keys: distinct keys, at least 1; rate: in [1e-12, 0.5]. Raises BuildError
    outside of these.
    """
    if keys < 1:
        raise BuildError("There is no key to build a filter from.")
    if not MIN_RATE <= rate <= MAX_RATE:
        raise BuildError(f"The false-positive rate must lie between {MIN_RATE:g} and {MAX_RATE:g}.")
    ideal = max(1, round(-math.log2(rate)))
    best = _fewest_pages(keys, rate, min(ideal, MAX_HASHES))
    for hashes in range(max(1, ideal - 2), min(MAX_HASHES, ideal + 2) + 1):
        # One that needs more pages than the best is not looked at any further.
        if hashes != best.hashes and predicted_rate(keys, best.pages, hashes) <= rate:
            size = _fewest_pages(keys, rate, hashes)
            best = min(best, size, key=lambda size: (size.pages, size.fpr, size.hashes))
    return best


def _fewest_pages(keys: int, rate: float, hashes: int) -> Size:
    """The fewest pages for `hashes`: more pages never raise the rate, so bisect.

    The bracket starts around the classical bound, which is within a few per
    cent of the answer, and doubles its reach until it holds it.
    """
    bound = -keys * math.log(rate) / math.log(2) ** 2 / PAGE_BITS
    low, high = math.floor(bound * 0.99), math.ceil(bound * 1.01)
    while low > 0 and predicted_rate(keys, low, hashes) <= rate:
        low = 2 * low - high
    low = max(low, 0)
    while (fpr := predicted_rate(keys, high, hashes)) > rate:
        low, high = high, high + 2 * (high - low)
    found = Size(high, hashes, fpr)
    while high - low > 1:
        middle = (low + high) // 2
        fpr = predicted_rate(keys, middle, hashes)
        if fpr <= rate:
            high, found = middle, Size(middle, hashes, fpr)
        else:
            low = middle
    return found
