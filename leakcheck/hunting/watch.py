"""The watch list: every entry once, by the form it is compared in."""

import io
import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from leakcheck.errors import InputError, SubjectError
from leakcheck.hunting.parsing import EntryKind, Parsed, is_international, parse
from leakcheck.language import said


class Watch:
    """What is looked for.

    texts: the entries as they were written, first spelling of each; forms:
    theirs, by the same index; addresses, at_domains, domains, phones: canonical
    form to index; terms: folded form to index; refused: how many entries were
    nothing to look for, by reason; first_refused: where the first one stood;
    nationals: the entries whose number is written so within its country, by
    index; one_form: how many international numbers are looked for in that form
    alone, because nothing here knows the other.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.forms: list[EntryKind] = []
        self.addresses: dict[bytes, int] = {}
        self.at_domains: dict[bytes, int] = {}
        self.domains: dict[bytes, int] = {}
        self.phones: dict[str, int] = {}
        self.nationals: dict[str, list[int]] = {}
        self.one_form = 0
        self.terms: dict[str, int] = {}
        self.refused: Counter[str] = Counter()
        self.first_refused = ""
        self._automaton: Any = None

    def __len__(self) -> int:
        return len(self.texts)

    def add(self, text: str, place: str = "") -> None:
        """Add one entry; an empty one, or one that is there already, changes nothing."""
        text = text.strip()
        if not text:
            return
        try:
            parsed = parse(text)
        except SubjectError as error:
            self.refuse(str(error), place)
            return
        known = self._place(parsed)
        if known == len(self.texts):
            self.texts.append(text)
            self.forms.append(parsed.form)
            if parsed.form is EntryKind.PHONE and is_international(text):
                self._place_national(parsed.key, known)

    def refuse(self, reason: str, place: str) -> None:
        """Note an entry that is nothing to look for."""
        self.refused[reason] += 1
        self.first_refused = self.first_refused or place

    def _place(self, parsed: Parsed) -> int:
        """The index of an entry: the next one where it is new."""
        form, key = parsed
        fresh = len(self.texts)
        if form is EntryKind.TERM:
            # The same letters composed and decomposed, as systems differ in what they write.
            spellings = {unicodedata.normalize(way, key) for way in ("NFC", "NFD")} | {key}
            index = next((self.terms[each] for each in spellings if each in self.terms), fresh)
            for each in spellings:
                self.terms.setdefault(each, index)
            self._automaton = None
            return index
        if form is EntryKind.PHONE:
            return self.phones.setdefault(key, fresh)
        table = {
            EntryKind.ADDRESS: self.addresses,
            EntryKind.AT_DOMAIN: self.at_domains,
            EntryKind.DOMAIN: self.domains,
        }[form]
        return table.setdefault(key.encode(), fresh)

    def _place_national(self, number: str, index: int) -> None:
        from leakcheck.hunting.phones import national

        try:
            digits = national(number)
        except ImportError:
            digits = None
        if digits is None:
            self.one_form += 1
        elif digits != number:
            self.nationals.setdefault(digits, []).append(index)

    def fingerprint(self) -> str:
        """A checksum of what is looked for, whatever the order it was written in: 16 hex digits."""
        import hashlib

        known = hashlib.blake2b(digest_size=8)
        for table in (self.addresses, self.at_domains, self.domains):
            known.update(b"%d\n%s\n" % (len(table), b"\n".join(sorted(table))))
        for words in (self.phones, self.nationals, self.terms):
            known.update(f"{len(words)}\n".encode() + "\n".join(sorted(words)).encode())
        return known.hexdigest()

    def counts(self) -> dict[str, int]:
        """How many entries there are of each form that occurs."""
        found = Counter(self.forms)
        return {form.value: found[form] for form in EntryKind if found[form]}

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

    A word that is no file, and is an address or a domain, is an entry itself; where it could be
    either, `say` is told how it was taken. Raises InputError where a list cannot be read, or
    where there is nothing to look for.
    """
    watch = Watch()
    for given in paths:
        text, path = str(given), Path(given)
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
        for number, text in _entries(path, columns, sheet, watch):
            watch.add(text, _place(path, number))
    if not len(watch):
        raise InputError(
            said("The watch list holds nothing to look for: give addresses or domains.")
        )
    return watch


_A = {
    EntryKind.ADDRESS: said("an address"),
    EntryKind.AT_DOMAIN: said("a domain of addresses"),
    EntryKind.DOMAIN: said("a domain"),
}


def _is_entry(text: str) -> EntryKind | None:
    """What `text` would be as an entry: an address or a domain; None for anything else."""
    if os.sep in text:
        return None
    try:
        form = parse(text).form
    except SubjectError:
        return None
    return form if form in _A else None


def _place(path: Path, number: int) -> str:
    return said("{name}, row {number}", name=path.name, number=number)


def _entries(
    path: Path, columns: Sequence[str], sheet: str | None, watch: Watch
) -> Iterator[tuple[int, str]]:
    """The entries of a list; what cannot be read of it is refused."""
    from leakcheck.input.lists import ListFile
    from leakcheck.records.listing import Listing
    from leakcheck.records.rows import EMPTY, Wanted, readable

    file = ListFile(None if str(path) == "-" else path)
    try:
        listing = Listing(file, Wanted(columns=tuple(columns), sheet=sheet))
        for part in listing.parts():
            if part.stream is not None:
                with file.reading():
                    yield from _lines(part.stream, part.skip)
                continue
            for record in part.records:
                if record.problem not in ("", EMPTY):
                    watch.refuse(record.problem, _place(path, record.number))
                for cell in record.cells:
                    yield record.number, readable(cell)
        for name, reason in listing.unread:
            raise InputError(said("{name}: {reason}.", name=name, reason=reason))
    finally:
        file.close()


def _lines(stream: io.RawIOBase, skip: int) -> Iterator[tuple[int, str]]:
    """The lines of a plain text, which need no cells: a million of them take a second."""
    from leakcheck.hunting.folding import readable

    for number, line in enumerate(io.BufferedReader(stream), 1):
        if number > skip:
            yield number, readable(line.decode("utf-8", "surrogateescape"))
