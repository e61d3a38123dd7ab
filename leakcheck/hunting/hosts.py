"""Host names in a text, and the watched domains they are or lie under.

Rule 1: a match begins and ends where a label does: acme.fr is not in
notacme.fr, my_acme.fr or acme.fr.example.org. Rule 2: where a name ends is
decided by leakcheck/subject/domain.py, as for addresses: `acme.fr.` and `acme.fr.html`
are acme.fr, `acme.fr.evil.com` is not.
"""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Protocol

from leakcheck.patterns import late
from leakcheck.subject import domain


class Domains(Protocol):
    """Watched domains: canonical form to entry."""

    def get(self, host: bytes, /) -> int | None:
        """The entry of a domain; None where it is not watched."""
        ...


_DOT = "[.。．｡]"
_RUN = late(rf"(?:[^\W_]|[\-·・\u00ad\u200b\u200c\u200d\u2060\ufeff]|{_DOT})+")
_LABEL = late(_DOT)
_BETWEEN = late(r"[^.。．｡]+")


def hosts(text: str, domains: Domains) -> Iterator[tuple[int, int, int, str]]:
    """(start, end, entry, host) of each name in `text` that is a watched domain or under one."""
    for run in _RUN.finditer(text):
        name = run[0]
        if not _LABEL.search(name):
            continue
        start = run.start()
        after_underscore = start > 0 and text[start - 1] == "_"
        starts = [] if after_underscore else [0]
        starts += [dot.end() for dot in _LABEL.finditer(name)]
        # Where a name may end: of a thousand labels without one, none needs a closer look.
        labels = [match.span() for match in _BETWEEN.finditer(name)]
        ends = [first for first, last in labels[1:] if domain.may_end(name[first:last])]
        reach = domain.LONGEST if name.isascii() else domain.REACH
        done = 0
        for at in starts:
            nearest = bisect_right(ends, at)
            if at < done or nearest == len(ends) or ends[nearest] > at + reach:
                continue
            while name[at : at + 1] == "-":
                at += 1
            tail = name[at : at + domain.REACH]
            for host, length in domain.resolve(tail.encode("utf-8", "surrogatepass")):
                end = at + (length if tail.isascii() else len(_front(tail, length)))
                done = max(done, end)
                for entry in over(host, domains):
                    yield start + at, start + end, entry, host.decode()


def over(host: bytes, domains: Domains) -> Iterator[int]:
    """The entries that are `host` or above it."""
    while host:
        if (entry := domains.get(host)) is not None:
            yield entry
        host = host.partition(b".")[2]


def _front(text: str, length: int) -> str:
    """The characters in the first `length` bytes of `text`."""
    return text.encode("utf-8", "surrogatepass")[:length].decode("utf-8", "ignore")
