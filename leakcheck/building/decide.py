"""Decide how an input is read, and for which kind; refuse where it cannot be told.

What the user said stands; what was not said is sniffed, and said aloud.
"""

from dataclasses import dataclass
from typing import NoReturn

from leakcheck.errors import InputError
from leakcheck.input import Input
from leakcheck.input.encodings import SAMPLE_BYTES
from leakcheck.records.detect import Guess, sniff
from leakcheck.records.formats import WORDS, Form, can_hold, searched
from leakcheck.subject.kinds import Kind


@dataclass(frozen=True, slots=True)
class Plan:
    """How one input is read: for keys of `kind`, as a text of `form`."""

    kind: Kind
    form: Form
    prefix: bytes = b""

    @property
    def searched(self) -> bool:
        """Whether every address in the text is wanted, wherever it stands."""
        return searched(self.kind, self.form)

    @property
    def structured(self) -> bool:
        """Whether records are parsed, rather than lines."""
        return self.form.structured and not self.searched


def look(item: Input) -> Guess:
    """What the input is taken for."""
    sample = item.sample
    return sniff(sample, item.member or item.name, len(sample) < SAMPLE_BYTES)


def settle(guess: Guess, kind: Kind | None, form: Form | None) -> Plan:
    """The plan for an input that looks like `guess`.

    kind, form: what the user asked for, or None. Raises InputError, a reason
    without the input's name, where it cannot be told or does not fit.
    """
    if form is Form.HASHES:
        return _hashes(guess, kind, True)
    if form is None and kind in (Kind.EMAIL, Kind.DOMAIN):
        # a list of hashes is not taken for one of addresses' hashes unless the user says so
        if guess.form is None or guess.form is Form.HASHES or not can_hold(kind, guess.form):
            return Plan(kind, Form.TEXT)
        return Plan(kind, guess.form)
    if form is None:
        form = guess.form
        if form is Form.HASHES:
            return _hashes(guess, kind, False)
    if form is None:
        _refuse(
            "it is not clear what this is: say how to read it with --from, and what for with --kind"
        )
    kind = kind or (guess.kind if form is guess.form else _usual(form))
    if kind is None:
        _refuse(f"this looks like {WORDS[form]}, but not what to build from it: give --kind")
    if not can_hold(kind, form):
        _refuse(f"this looks like {WORDS[form]}, which holds no keys of kind {kind}: give --from")
    if guess.hashed and guess.form is form and kind is not Kind.EMAIL:
        _refuse(
            "the passwords in it are hashes, which would be hashed again: "
            "cut them out and build from hashes"
        )
    return Plan(kind, form)


def _hashes(guess: Guess, kind: Kind | None, said: bool) -> Plan:
    """The plan for a list of hashes, whose length must be the kind's."""
    digits = guess.hex_digits if guess.form is Form.HASHES else 0
    if kind is None:
        kind = guess.kind
        if kind is None:
            _refuse(
                "a list of hashes of 32 digits can be NTLM or MD5: if they are NT hashes, "
                "say --kind ntlm"
                if digits in (0, 32)
                else f"a list of hashes of {digits} digits fits no kind: SHA-1 has 40, NTLM 32"
            )
    if kind is Kind.DOMAIN:
        _refuse("a list of hashes cannot make a filter of domains")
    if kind is Kind.CREDENTIAL and not said:
        _refuse("this is a list of hashes: if they are those of credentials, say --from hashes")
    wanted = kind.digest_bytes * 2
    if digits and digits != wanted:
        _refuse(
            f"this is a list of hashes of {digits} digits, and kind {kind} has {wanted}: "
            "they are not hashed again"
        )
    return Plan(kind, Form.HASHES, guess.prefix)


def _usual(form: Form) -> Kind:
    """The kind that a form named by the user is for, when no kind was named."""
    return Kind.PASSWORD if form is Form.PASSWORDS else Kind.EMAIL


def _refuse(reason: str) -> NoReturn:
    raise InputError(reason)
