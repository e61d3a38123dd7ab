"""What both sieves look for, made of a watch list:

- an address: its local part, and the first word of its domain;
- a domain watched as an address's: its first two words;
- a domain or a term: two words of it that stand in a row, the longest such, or
  its only word, in both spellings;
- a phone number: its last seven digits, and those of its national form.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from leakcheck.hunting import folding
from leakcheck.hunting.watch import Watch
from leakcheck.patterns import late

Buffer = bytes | bytearray | memoryview
NEAR = 2048
"""A match begins at most so many bytes before the position that points to it."""
QUIET = 512
"""A position speaks for what follows on its line within so many bytes."""
_FIRST = late(rb"[a-z0-9]*")


@dataclass(eq=False, repr=False)
class Keys:
    """What both sieves look for. addresses: `local@word`; pairs, at_domains: two words each."""

    addresses: set[bytes] = field(default_factory=set)
    at_domains: set[tuple[bytes, bytes]] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    pairs: set[tuple[str, str]] = field(default_factory=set)
    tails: set[int] = field(default_factory=set)

    @cached_property
    def locals(self) -> set[bytes]:
        """The local parts of all addresses."""
        return {address.rpartition(b"@")[0] for address in self.addresses}


def keys_of(watch: Watch) -> Keys:
    """The keys of all entries."""
    keys = spelt_keys(watch, b"")
    for canonical in watch.addresses.canonical():
        after = canonical.rindex(b"@") + 1
        keys.addresses.add(canonical[:after] + first_word(canonical, after))
    for host in watch.at_domains.canonical():
        first = first_word(host, 0)
        keys.at_domains.add((first, first_word(host, len(first) + 1)))
    return keys


def spelt_keys(watch: Watch, part: bytes = b"xn--") -> Keys:
    """The keys of terms, of phone numbers, and of domains that hold `part`, by default those of
    more than one spelling: the native sieve makes the others itself.
    """
    keys = Keys()
    for host in watch.domains.canonical(part):
        for spelling in _spellings(host):
            _add_words(folding.sieve_words(spelling), keys)
    for term in watch.terms:
        _add_words(folding.sieve_words(term), keys)
    keys.tails = {int(digits[-7:]) for digits in (*watch.phones, *watch.nationals)}
    return keys


def first_word(data: bytes, start: int) -> bytes:
    """The letters and digits, in lower case already, from `start` on."""
    match = _FIRST.match(data, start)
    return match[0] if match else b""


def _spellings(host: bytes) -> Iterator[str]:
    """A domain as A-labels, and as U-labels composed and decomposed."""
    import unicodedata

    yield host.decode()
    if b"xn--" in host:
        labels = []
        for label in host.split(b"."):
            try:
                labels.append(
                    label[4:].decode("punycode") if label.startswith(b"xn--") else label.decode()
                )
            except UnicodeError:
                return
        for way in ("NFC", "NFD"):
            yield unicodedata.normalize(way, ".".join(labels))


def _add_words(words: list[str], keys: Keys) -> None:
    if len(words) == 1:
        keys.words.add(words[0])
        return
    pairs = list(itertools.pairwise(words))
    if pairs:
        keys.pairs.add(max(pairs, key=lambda pair: (len(pair[0]) + len(pair[1]), pair)))
