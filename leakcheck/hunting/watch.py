"""The watch list: every entry once, by the form it is compared in.

A million entries are packed, by leakcheck._native.Entries where it is built: see
leakcheck/hunting/entries_reference.py. Objects are made only of those that are shown.
"""

import io
import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from bloom.engine import choose
from leakcheck.errors import InputError, SubjectError
from leakcheck.hunting.folding import readable
from leakcheck.hunting.parsing import EntryKind, Parsed, is_international, parse
from leakcheck.language import said

_KINDS = tuple(EntryKind)
_NUMBERS = {kind: number for number, kind in enumerate(_KINDS)}
_BLOCK = 1 << 18

Spot = tuple[Path, int]
"""A list, and the number of a row in it."""


class EntryTable(Protocol):
    """Either engine's table; forms are numbers, texts UTF-8, keys canonical forms."""

    def __len__(self) -> int: ...
    def add(self, form: int, text: bytes, key: bytes, /) -> int:
        """The number of the entry of `key`: the next one where it is new, and then `text`'s."""
        ...

    def append(self, form: int, text: bytes, /) -> None:
        """Add an entry that is found by other means than its key."""

    def add_plain(self, block: bytes, start: int, /) -> tuple[int, int]:
        """Add the lines from `start` on that are their own canonical forms: where the first
        other one begins, and how many lines came before it.
        """
        ...

    def text(self, entry: int, /) -> bytes:
        """An entry as it was written."""
        ...

    def form(self, entry: int, /) -> int:
        """The form of an entry."""
        ...

    def find(self, form: int, key: bytes, /) -> int | None:
        """The number of the entry of `key`; None where there is none."""
        ...

    def count(self, form: int, /) -> int:
        """How many entries have a form."""
        ...

    def keys(self, form: int, part: bytes, /) -> bytes:
        """The keys of a form that hold `part`, in order of their bytes, each followed by LF."""
        ...


class Keyed:
    """The entries of one form, by canonical form."""

    def __init__(self, entries: EntryTable, form: EntryKind) -> None:
        self._entries, self._form = entries, _NUMBERS[form]
        self.get: Callable[[bytes], int | None] = partial(entries.find, self._form)
        """The number of the entry of a canonical form; None where there is none."""

    def __len__(self) -> int:
        return self._entries.count(self._form)

    def canonical(self, part: bytes = b"") -> list[bytes]:
        """The canonical forms that hold `part`, in order of their bytes."""
        return self.joined(part).split(b"\n")[:-1]

    def joined(self, part: bytes = b"") -> bytes:
        """The same, each followed by LF."""
        return self._entries.keys(self._form, part)


class Watch:
    """What is looked for; iterated over, the entries as they were first written.

    entries: all, by number, in the order of the list; addresses, at_domains,
    domains: canonical form to number; phones, terms: digits and folded form to
    number; refused: how many entries were nothing to look for, by reason;
    first_refused: where the first one stood;
    nationals: the entries whose number is written so within its country; one_form:
    how many international numbers are looked for in that form alone, because
    nothing here knows the other.
    """

    def __init__(self, entries: EntryTable | None = None) -> None:
        if entries is None:
            entries = choose("leakcheck._native", "leakcheck.hunting.entries_reference")[
                1
            ].Entries()
        self.entries: EntryTable = entries
        self.addresses = Keyed(entries, EntryKind.ADDRESS)
        self.at_domains = Keyed(entries, EntryKind.AT_DOMAIN)
        self.domains = Keyed(entries, EntryKind.DOMAIN)
        self.phones: dict[str, int] = {}
        self.nationals: dict[str, list[int]] = {}
        self.one_form = 0
        self._international: set[str] = set()
        self.terms: dict[str, int] = {}
        self.refused: Counter[str] = Counter()
        self.first_refused = ""
        self._automaton: Any = None

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def as_written(self) -> int:
        """How many phone numbers do not say their country, and are looked for in no other form."""
        return len(self.phones) - len(self._international)

    def __iter__(self) -> Iterator[str]:
        return map(self.text, range(len(self)))

    def text(self, entry: int) -> str:
        """An entry as the list spells it."""
        return self.entries.text(entry).decode("utf-8", "surrogatepass")

    def form(self, entry: int) -> EntryKind:
        """What an entry is."""
        return _KINDS[self.entries.form(entry)]

    def add(self, text: str, spot: Spot | None = None) -> None:
        """Add one entry; an empty one, or one that is there already, changes nothing."""
        text = text.strip()
        if not text:
            return
        try:
            parsed = parse(text)
        except SubjectError as error:
            self.refuse(str(error), spot)
            return
        self._put(parsed, text)

    def add_lines(self, stream: io.RawIOBase, skip: int, path: Path) -> None:
        """Add the lines of a text after the first `skip`, in blocks where they are plain."""
        reader = io.BufferedReader(stream, _BLOCK)
        for _ in range(skip):
            reader.readline()
        number = skip
        while block := reader.read(_BLOCK):
            block += reader.readline()
            at = 0
            while True:
                at, count = self.entries.add_plain(block, at)
                number += count
                if at == len(block):
                    break
                end = block.find(b"\n", at) + 1 or len(block)
                number += 1
                self.add(readable(block[at:end].decode("utf-8", "surrogateescape")), (path, number))
                at = end

    def refuse(self, reason: str, spot: Spot | None) -> None:
        """Note an entry that is nothing to look for."""
        self.refused[reason] += 1
        if spot and not self.first_refused:
            path, number = spot
            self.first_refused = said("{name}, row {number}", name=path.name, number=number)

    def _put(self, parsed: Parsed, text: str) -> None:
        """Add an entry, unless it is there."""
        form, key = parsed
        fresh, written = len(self.entries), text.encode("utf-8", "surrogatepass")
        if form is EntryKind.TERM:
            # The same letters composed and decomposed, as systems differ in what they write.
            spellings = {key}
            if not key.isascii():
                spellings |= {unicodedata.normalize(way, key) for way in ("NFC", "NFD")}
            index = next((self.terms[each] for each in spellings if each in self.terms), fresh)
            for each in spellings:
                self.terms.setdefault(each, index)
            self._automaton = None
        elif form is EntryKind.PHONE:
            index = self.phones.setdefault(key, fresh)
        else:
            self.entries.add(_NUMBERS[form], written, key.encode())
            return
        if index == fresh:
            self.entries.append(_NUMBERS[form], written)
        if form is EntryKind.PHONE and key not in self._international and is_international(text):
            self._international.add(key)
            self._put_national(key, index)

    def _put_national(self, number: str, index: int) -> None:
        from leakcheck.hunting.phones import spellings

        try:
            others = spellings(number)
        except ImportError:
            others = []
        self.one_form += not others
        for digits in others:
            self.nationals.setdefault(digits, []).append(index)

    def fingerprint(self) -> str:
        """A checksum of what is looked for, whatever the order it was written in: 16 hex digits."""
        import hashlib

        known = hashlib.blake2b(digest_size=8)
        for table in (self.addresses, self.at_domains, self.domains):
            known.update(b"%d\n" % len(table))
            known.update(table.joined() or b"\n")
        words: Collection[str]
        for words in (self.phones, self.terms, *([self.nationals] if self.nationals else ())):
            known.update(f"{len(words)}\n".encode() + "\n".join(sorted(words)).encode())
        return known.hexdigest()

    def counts(self) -> dict[str, int]:
        """How many entries there are of each form that occurs."""
        found = {form.value: self.entries.count(_NUMBERS[form]) for form in _KINDS}
        return {form: count for form, count in found.items() if count}

    def terms_in(self, folded: str) -> Iterator[tuple[int, int, int]]:
        """(start, end, entry) of every occurrence of a term, whatever stands around it."""
        if self._automaton is None:
            import ahocorasick

            self._automaton = ahocorasick.Automaton()
            for term, index in self.terms.items():
                self._automaton.add_word(term, (len(term), index))
            self._automaton.make_automaton()
        for last, (length, index) in self._automaton.iter(folded):
            yield last + 1 - length, last + 1, index


def read_watch(
    paths: Sequence[Path | str],
    columns: Sequence[str] = (),
    sheet: str | None = None,
    say: Callable[[str], None] = lambda told: None,
) -> Watch:
    """The entries of all lists, by the same reader as `scan`'s; `-` is stdin.

    A word that is no file, and is an address, a domain or a phone number with `+`, is an entry
    itself; where it could be either, `say` is told how it was taken. Raises InputError where a
    list cannot be read, or where there is nothing to look for.
    """
    watch = Watch()
    for given in paths:
        text = str(given)
        if isinstance(given, str) and text != "-" and (form := _is_entry(text)):
            if not os.path.lexists(text):
                say(
                    said(
                        "{text} is looked for as {a}: no file has that name.", text=text, a=_A[form]
                    )
                )
                watch.add(text)
                continue
            say(said("{text} is read as a list: there is a file of that name.", text=text))
        elif _is_national(text):
            raise InputError(
                said(
                    "{text}: there is no such file. A phone number in place of a list begins with "
                    "+ and the digits of its country.",
                    text=text,
                )
            )
        _add_list(watch, text, columns, sheet)
    if not len(watch):
        raise InputError(
            said("The watch list holds nothing to look for: give addresses or domains.")
        )
    return watch


_A = {
    EntryKind.ADDRESS: said("an address"),
    EntryKind.AT_DOMAIN: said("a domain of addresses"),
    EntryKind.DOMAIN: said("a domain"),
    EntryKind.PHONE: said("a phone number"),
}


def _is_entry(text: str) -> EntryKind | None:
    """What `text` would be as an entry: an address, a domain, a phone number in international form;
    None for anything else.
    """
    if os.sep in text:
        return None
    try:
        form = parse(text).form
    except SubjectError:
        return None
    if form is EntryKind.PHONE and not text.startswith("+"):
        return None  # a word of digits is the name of a file
    return form if form in _A else None


def _is_national(text: str) -> bool:
    """Whether `text` is no file, and a phone number that does not say its country."""
    try:
        return parse(text).form is EntryKind.PHONE and not os.path.lexists(text)
    except SubjectError:
        return False


def _add_list(watch: Watch, named: str, columns: Sequence[str], sheet: str | None) -> None:
    """Add the entries of a list; what cannot be read of it is refused."""
    from leakcheck.input.lists import ListFile, place_of
    from leakcheck.records import rows
    from leakcheck.records.listing import Listing

    path, file = Path(named), ListFile(place_of(named))
    try:
        listing = Listing(file, rows.Wanted(columns=tuple(columns), sheet=sheet))
        for part in listing.parts():
            if part.stream is not None:
                with file.reading():
                    watch.add_lines(part.stream, part.skip, path)
                continue
            for record in part.records:
                if record.problem not in ("", rows.EMPTY):
                    watch.refuse(record.problem, (path, record.number))
                for cell in record.cells:
                    watch.add(rows.readable(cell), (path, record.number))
        for name, reason in listing.unread:
            raise InputError(said("{name}: {reason}.", name=name, reason=reason))
    finally:
        file.close()
