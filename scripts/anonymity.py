"""What some bits of a digest tell a server that has a list of who may be asking.

    python scripts/anonymity.py            # the table of docs/threat-model.md

Of N candidates, one asks; the digests of the others fall on any of 2^bits
pages alike. So the asker is the only candidate on their page with probability
(1 - 2^-bits)^(N - 1), and shares it with (N - 1) / 2^bits others on average.
"""

import sys

BITS = (13, 20, 22)
CANDIDATES = (50, 5_000, 1_000_000)


def alone(bits: int, candidates: int) -> float:
    """The probability that the asker is the only candidate on their page."""
    return (1 - 2.0**-bits) ** (candidates - 1)


def beside(bits: int, candidates: int) -> float:
    """How many other candidates are on that page, on average."""
    return (candidates - 1) / 2.0**bits


def cell(bits: int, candidates: int) -> str:
    """What the table says of one case."""
    share = alone(bits, candidates) * 100
    known = "never" if share < 0.05 else f"{share:.1f} %" if share < 99.95 else "always"
    others = beside(bits, candidates)
    if others < 0.001:
        return f"{known}; none"
    return f"{known}; {others:.0f}" if others >= 10 else f"{known}; {others:.2g}"


def main() -> int:
    """Print the table."""
    print(f"| bits sent | {' | '.join(f'of {number:,} candidates' for number in CANDIDATES)} |")
    print("|---|" + "---|" * len(CANDIDATES))
    for bits in BITS:
        print(f"| {bits} | {' | '.join(cell(bits, number) for number in CANDIDATES)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
