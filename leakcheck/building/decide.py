"""Decide how an input is read, and for which kind; refuse where it cannot be told.

What the user said stands; what was not said is sniffed, and said aloud.
"""

from typing import NamedTuple, NoReturn

from leakcheck.errors import InputError
from leakcheck.input import Input
from leakcheck.input.encodings import SAMPLE_BYTES
from leakcheck.language import said
from leakcheck.records.detect import detect
from leakcheck.records.formats import WORDS, Dialect, Form, can_hold, not_understood, searched
from leakcheck.records.rows import Wanted
from leakcheck.subject.kinds import Kind


class Plan(NamedTuple):
    """How one input is read: for keys of `kind`, as `dialect` says."""

    kind: Kind
    dialect: Dialect

    @property
    def form(self) -> Form:
        """The form of the text."""
        assert self.dialect.form is not None
        return self.dialect.form

    @property
    def searched(self) -> bool:
        """Whether every address in the text is wanted, wherever it stands."""
        return searched(self.kind, self.form)

    @property
    def structured(self) -> bool:
        """Whether records are parsed, rather than lines."""
        return self.dialect.structured and not self.searched


def look(item: Input, wanted: Wanted) -> Dialect:
    """What the input is taken for."""
    sample = item.sample
    return detect(sample, item.member or item.name, len(sample) < SAMPLE_BYTES, wanted)


def wanted_of(kind: Kind | None, form: Form | None, column: str | None) -> Wanted:
    """What the user said of the inputs."""
    return Wanted(kind or Kind.EMAIL, form, (column,) if column else ())


def settle(dialect: Dialect, kind: Kind | None, form: Form | None) -> Plan:
    """The plan for an input that was taken for `dialect`.

    kind, form: what the user asked for, or None. Raises InputError, a reason
    without the input's name, where it cannot be told or does not fit.
    """
    if dialect.form is Form.HASHES and not (form is None and kind in (Kind.EMAIL, Kind.DOMAIN)):
        return _hashes(dialect, kind, form is Form.HASHES)
    if form is None and kind in (Kind.EMAIL, Kind.DOMAIN):
        # a list of hashes is not taken for one of addresses' hashes unless the user says so
        if dialect.form is None and dialect.remedy:
            _refuse(said("this is {looks}: {remedy}", looks=dialect.looks, remedy=dialect.remedy))
        if dialect.form in (None, Form.HASHES) or not can_hold(kind, dialect.form):
            return Plan(kind, dialect._replace(form=Form.TEXT))
        return Plan(kind, dialect)
    found = dialect.form
    if found is None:
        _refuse(not_understood(dialect))
    kind = kind or (_usual(found) if form else dialect.kind)
    if kind is None:
        _refuse(
            said(
                "this looks like {words}, but not what to build from it: give --kind",
                words=WORDS[found],
            )
        )
    if not can_hold(kind, found):
        _refuse(
            said(
                "this looks like {words}, which holds no keys of kind {kind}: give --from",
                words=WORDS[found],
                kind=kind,
            )
        )
    return Plan(kind, dialect)


def _hashes(dialect: Dialect, kind: Kind | None, stated: bool) -> Plan:
    """The plan for a list of hashes, whose length must be the kind's."""
    digits = dialect.hex_digits
    if kind is None:
        kind = dialect.kind
        if kind is None:
            _refuse(
                said(
                    "a list of hashes of 32 digits can be NTLM or MD5: if they are NT "
                    "hashes, say --kind ntlm"
                )
                if digits in (0, 32)
                else said(
                    "a list of hashes of {digits} digits fits no kind: SHA-1 has 40, NTLM 32",
                    digits=digits,
                )
            )
    if kind is Kind.DOMAIN:
        _refuse(said("a list of hashes cannot make a filter of domains"))
    if kind is Kind.CREDENTIAL and not stated:
        _refuse(
            said("this is a list of hashes: if they are those of credentials, say --from hashes")
        )
    wanted = kind.digest_bytes * 2
    if digits and digits != wanted:
        _refuse(
            said(
                "this is a list of hashes of {digits} digits, and kind {kind} has "
                "{wanted}: they are not hashed again",
                digits=digits,
                kind=kind,
                wanted=wanted,
            )
        )
    return Plan(kind, dialect)


def _usual(form: Form) -> Kind:
    """The kind that a form named by the user is for, when no kind was named."""
    if form is Form.PWDUMP:
        return Kind.NTLM
    return Kind.PASSWORD if form in (Form.PASSWORDS, Form.POTFILE) else Kind.EMAIL


def _refuse(reason: str) -> NoReturn:
    raise InputError(reason)
