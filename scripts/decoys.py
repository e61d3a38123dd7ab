"""How well decoys hide a page: what a server learns that sees many visits, by simulation.

    python scripts/decoys.py            # a minute at most; the table of docs/remote.md

A person's page is one of those asked for. The server keeps the pages of the
first visit that fit each later one, that is, that have an heir among the pages
asked for then; with one left it knows the page. Four courses:

    grows      the same subject, while the server adds a page or a few each time
    subjects   other subjects each time; here the cells that fit (see leakcheck.http.decoys)
    machines   the same subject from machines that do not share the secret
    fresh      the same subject, were decoys drawn anew each time: why they are not
"""

import argparse
import random
import sys

from leakcheck.http import decoys as ours

PAGES = 4096
CELL = 56


def interval(page: int, pages: int) -> tuple[int, int]:
    """The places on a page, from and to."""
    return (page << 64) // pages, ((page + 1) << 64) // pages


def asked(places: set[int], pages: int) -> set[int]:
    """The pages that are asked for."""
    return {place * pages >> 64 for place in places}


def still_fit(first: set[int], pages: int, later: set[int], later_pages: int) -> set[int]:
    """The pages of the first visit that have an heir among those of a later one."""
    heirs = [interval(page, later_pages) for page in later]
    kept = set()
    for page in first:
        low, high = interval(page, pages)
        if any(start < high and low < end for start, end in heirs):
            kept.add(page)
    return kept


def left(course: str, count: int, visits: int, chance: random.Random) -> int:
    """How many candidates the server has left after so many visits."""
    key = chance.randbytes(32)
    place = chance.getrandbits(64)

    def draw(own: int, secret: bytes) -> set[int]:
        ours._key = lambda: secret  # type: ignore[assignment]
        return ours.with_decoys([own], count, "host")

    mine = draw(place, key)
    if course == "subjects":
        cells = {each >> CELL for each in mine}
        for _ in range(visits - 1):
            # Another question tells of this one only if its cells show which of them it was for.
            other = {each >> CELL for each in draw(chance.getrandbits(64), key)}
            if other & cells and other != cells:
                cells &= other
        return len(cells)
    first, candidates = asked(mine, PAGES), asked(mine, PAGES)
    pages = PAGES
    for _ in range(visits - 1):
        if course == "grows":
            pages += chance.randrange(1, 40)
            places = mine
        elif course == "machines":
            places = draw(place, chance.randbytes(32))
        else:
            places = {place, *(chance.getrandbits(64) for _ in range(len(mine) - 1))}
        candidates &= still_fit(first, PAGES, asked(places, pages), pages)
    return len(candidates)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    print(f"{PAGES} pages, {options.people} people: page singled out, candidates left on average")
    print("| course | visits | --decoys 5 (asks 8) | --decoys 20 (32) | --decoys 100 (128) |")
    print("|---|---|---|---|---|")
    for course in ("grows", "subjects", "machines", "fresh"):
        for visits in (1, 2, 5, 20, 100):
            cells = []
            for count in (5, 20, 100):
                people = options.people if visits < 100 else max(20, options.people // 10)
                found = [left(course, count, visits, chance) for _ in range(people)]
                alone = sum(each == 1 for each in found) / len(found)
                cells.append(f"{alone:.0%}, {sum(found) / len(found):.1f}")
            print(f"| {course} | {visits} | {' | '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
