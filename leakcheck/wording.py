"""Words that several rooms say alike: numbers, plurals, sizes, rates, and what to do next.

Messages, as language.py has them: nothing here reads or writes anything. What
comes from a file or a server goes through `printable` before a person sees it.

The steps of `advice` follow what national agencies tell the public after a
breach: NIST SP 800-63B (change on evidence of compromise; no reuse), the UK
NCSC's "Data breaches: guidance for individuals", and CNIL's "Violation de
données personnelles". They are in the order in which they help most.
"""

import functools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from leakcheck.language import figure, joined, local, said, said_of, stripped
from leakcheck.patterns import late
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Verdict

# What steers a terminal or turns a line around: the controls of ISO 6429, and those of the
# Unicode bidirectional algorithm (UAX 9); and what only some readers take for the end of a line.
_STEERING = late(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_BLANKS = "\u00a0\u202f"  # that no line is broken at: French has them before some marks
_UNESCAPED = late(r"[ !#-\[\]-~\x1f]*")  # what JSON has as it is, and what joins it here


def printable(text: str) -> str:
    """`text` without control characters, so that no file can steer a terminal."""
    if text.isprintable():
        return text
    return "".join(mark if mark.isprintable() or mark in _BLANKS else "�" for mark in text)


def steerless(text: str) -> str:
    """`text` of several lines or cells without what steers a terminal; tabs and line ends stay."""
    return text if text.isascii() and text.isprintable() else _STEERING.sub("�", text)


def json_text(value: Any, *, spaced: bool = False) -> str:
    """JSON on one line, letters as they are, what steers a terminal escaped.

    spaced: with a blank behind commas and colons.
    """
    text = _encoder(spaced)(value)
    if text.isprintable():
        return text
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def json_string(text: str) -> str:
    """The same of a string, at a tenth of the cost."""
    encoded = _string_encoder()(text)
    return encoded if encoded.isprintable() else json_text(text)


def json_strings(strings: Mapping[str, str]) -> str:
    """The same of an object of strings; objects of the same names follow each other."""
    cells = tuple(strings.values())
    text = "\x1f".join(cells)
    if _UNESCAPED.fullmatch(text) and text.count("\x1f") < len(cells):
        return _object_of(tuple(strings)) % cells
    found = [f"{json_string(name)}:{json_string(text)}" for name, text in strings.items()]
    return f"{{{','.join(found)}}}"


@functools.lru_cache(maxsize=64)
def _object_of(names: tuple[str, ...]) -> str:
    found = [json_string(name).replace("%", "%%") + ':"%s"' for name in names]
    return f"{{{','.join(found)}}}"


@functools.cache
def _string_encoder() -> Callable[[str], str]:
    from json.encoder import encode_basestring

    return encode_basestring


@functools.cache
def _encoder(spaced: bool) -> Callable[[Any], str]:
    from json import JSONEncoder  # a millisecond that most commands can save

    return JSONEncoder(ensure_ascii=False, separators=None if spaced else (",", ":")).encode


def ended(text: str) -> str:
    """`text` without a full stop at its end, for what goes on behind it."""
    return stripped(text, ".")


def number(value: float) -> str:
    """A count as people read it: 12,345,678."""
    return figure(f"{value:,.0f}")


def counted(count: int, what: str) -> str:
    """A count of things: 1 row, 2 rows; 1 entry, 2 entries; 1 hash, 2 hashes.

    what: a literal, as for `said`.
    """
    return said_of(count, f"{{count}} {what}", f"{{count}} {plural(what)}", count=number(count))


def plural(what: str) -> str:
    """The name of several things."""
    if what.endswith("y") and what[-2] not in "aeiou":
        return f"{what[:-1]}ies"
    return f"{what}{'es' if what.endswith(('s', 'sh', 'ch', 'x')) else 's'}"


def more_spellings() -> str:
    """That an address which was not found has other spellings, which were not asked about."""
    return said(
        "Other spellings reach the same mailbox (without the part after a +, or at "
        "Gmail with and without dots): --variants checks them too."
    )


def sent(name: str, bits: float) -> str:
    """How much of a digest a source that is asked over the network was sent."""
    shown = printable(name)
    if not bits:
        return said("Sent to {name}: no bits of the digest.", name=shown)
    return said(
        "Sent to {name}: {bits} bits of the digest.", name=shown, bits=figure(f"{bits:.1f}")
    )


def size(count: float) -> str:
    """Bytes as people read them: 45.2 MB."""
    if count < 1000:
        return counted(round(count), "byte")
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000:
            return figure(f"{count:.1f} {unit}")
    return figure(f"{count / 1000:.1f} TB")


def duration(seconds: float) -> str:
    """A time as people read it: about 50 minutes."""
    if seconds < 0.5:
        return said("less than a second")
    if seconds < 1.5:
        return said("about a second")
    if seconds < 120:
        return said("about {time}", time=counted(round(seconds), "second"))
    if seconds < 7200:
        return said("about {time}", time=counted(round(seconds / 60), "minute"))
    if seconds < 172_800:
        return said("about {time}", time=counted(round(seconds / 3600), "hour"))
    return said("about {time}", time=counted(round(seconds / 86_400), "day"))


def odds(probability: float | None) -> str:
    """A probability as people read it: 1 in 1,000,000."""
    if not probability:
        return said("none")
    if probability < 1e-12:
        return said("less than one in a trillion")
    if probability <= 0.5:
        return said("1 in {number}", number=number(1 / probability))
    return figure(f"{probability:.0%}")


def bars(items: Sequence[tuple[str, float]], *, width: int = 40) -> Iterator[str]:
    """A line for each (label, size): a bar to scale, in characters any terminal has."""
    most = max((amount for _, amount in items), default=0) or 1
    labels = [printable(label) for label, _ in items]
    margin = max(map(len, labels), default=0)
    for label, (_, amount) in zip(labels, items, strict=True):
        bar = "#" * max(1, round(amount / most * width))
        yield f"{label:<{margin}}  {bar} {local(number(amount))}"


VERDICTS: Mapping[str, str] = {
    Verdict.EXPOSED: said("exposed"),
    Verdict.CLEAN: said("clean"),
    Verdict.UNKNOWN: said("unknown"),
}
"""The verdicts as people read them."""
KINDS = {
    Kind.EMAIL: said("email"),
    Kind.PASSWORD: said("password"),
    Kind.NTLM: said("ntlm"),
    Kind.CREDENTIAL: said("credential"),
    Kind.DOMAIN: said("domain"),
}
"""The kinds as people read them."""
_MANAGER = said("Let a password manager choose a different password for every account.")
_TWO_FACTORS = said(
    "Turn on two-factor sign-in, best with a passkey or an app, for the mailbox first."
)
_PHISHING = said(
    "Expect convincing mail, calls and messages that use your details. Follow no "
    "link in them, and give no code to anyone."
)
_NOT_PROOF = said("Clean means not in what was checked. It says nothing about other breaches.")
_GUESSABLE = said("A password that is on no list can still be easy to guess.")
_AGAIN = said(
    "No answer does not mean clean. Repair or replace the source named, then check again."
)
_PASSWORD = (
    said(
        "Change this password now where it is used, and wherever else the same password, or one "
        "like it, is used: attackers try it first."
    ),
    _MANAGER,
    _TWO_FACTORS,
)

_STEPS: dict[tuple[Kind, Verdict], tuple[str, ...]] = {
    (Kind.EMAIL, Verdict.EXPOSED): (
        said(
            "Change the password of the account named in the breach, and wherever else the same "
            "password, or one like it, is used."
        ),
        _TWO_FACTORS,
        _MANAGER,
        _PHISHING,
    ),
    (Kind.CREDENTIAL, Verdict.EXPOSED): (
        said(
            "This address and this password are together in the breach: assume that "
            "others can sign in."
        ),
        said(
            "Change the password now, and wherever else the same password, or one like it, is "
            "used; then sign out all other sessions."
        ),
        said(
            "Check the account for forwarding rules, recovery addresses and devices that "
            "are not yours."
        ),
        _TWO_FACTORS,
        _MANAGER,
    ),
    (Kind.PASSWORD, Verdict.EXPOSED): _PASSWORD,
    (Kind.NTLM, Verdict.EXPOSED): _PASSWORD,
    (Kind.DOMAIN, Verdict.EXPOSED): (
        said(
            "At least one address of this domain is in the breach: scan the list of its addresses."
        ),
        said(
            "Tell the people affected what was in the breach, and have them change their passwords."
        ),
        said("Check whether the breach must be reported: in the European Union, within 72 hours."),
    ),
}
_CLEAN = {
    Kind.EMAIL: (_NOT_PROOF,),
    Kind.DOMAIN: (_NOT_PROOF,),
    Kind.PASSWORD: (_NOT_PROOF, _GUESSABLE),
    Kind.NTLM: (_NOT_PROOF, _GUESSABLE),
    Kind.CREDENTIAL: (
        _NOT_PROOF,
        said("The address may be in a breach with another password."),
    ),
}


DATA: dict[str, str | None] = {
    "email": None,
    "username": None,
    "password": None,
    "name": None,
    "ip": None,
    "birthdate": said(
        "Your date of birth no longer proves who you are: others know it. Do not use it as a "
        "password, PIN or answer to a secret question."
    ),
    "phone": said(
        "Expect calls and text messages that use your details. Never give a code or a password "
        "over the telephone: call back on a number that you already know, and report fraudulent "
        "messages to your operator."
    ),
    "address": said(
        "Expect letters and visits from people who know your address: check unexpected bills and "
        "demands with the sender."
    ),
    "iban": said(
        "Tell your bank that your account number is known, and watch your account. Dispute any "
        "direct debit that you do not recognise: your bank must refund it."
    ),
    "card": said(
        "Have the card blocked and replaced. Report payments that you did not make to your bank "
        "and to the police."
    ),
    "identity": said(
        "Report the document as compromised to the authority that issued it. Watch for accounts, "
        "contracts or loans in your name, and report the first one to the police."
    ),
    "health": said(
        "Nobody needs to ask for your medical data by e-mail or telephone: refuse, and ask your "
        "doctor yourself."
    ),
    "tax": said(
        "Expect messages that claim to come from the tax office. Sign in only at an address that "
        "you typed yourself."
    ),
    "photo": said(
        "Your picture can be used to open accounts in your name: report the first sign of it to "
        "the police."
    ),
}
"""What can be in a breach, in the words of `--data`, and what to do about each.

The page that `publish` writes says the same of each, and has its own steps for the others:
see leakcheck/publishing/site/texts.
"""


def advice(kind: Kind, verdict: Verdict, data: Collection[str] | None = None) -> tuple[str, ...]:
    """The steps for a subject of `kind` with `verdict`, one sentence or two each.

    data: what leaked, in the words of DATA; None where that is not known.
    Nothing is said of a password that was not in it.
    """
    if verdict is Verdict.UNKNOWN:
        return (_AGAIN,)
    if verdict is Verdict.CLEAN:
        return _CLEAN[kind]
    if kind is not Kind.EMAIL or data is None:
        return _STEPS[kind, verdict]
    more = tuple(step for word, step in DATA.items() if step and word in data)
    if "password" in data:
        return (*_STEPS[kind, verdict], *more)
    return (_PHISHING, *more)


def list_advice(
    kind: Kind, verdict: Verdict, data: Collection[str] | None = None
) -> tuple[str, ...]:
    """The steps for whoever is answerable for a list that has such subjects in it."""
    if verdict is not Verdict.EXPOSED or kind is Kind.DOMAIN:
        return advice(kind, verdict)
    if kind in (Kind.PASSWORD, Kind.NTLM):
        first = said("Refuse or reset the exposed passwords wherever they are in use.")
    else:
        first = said(
            "Write to each exposed person: which breach, what was in it, and the steps below."
        )
        if kind is Kind.CREDENTIAL or data is None or "password" in data:
            reset = said("Reset the passwords of the accounts that you run.")
            first = joined(" ", (first, reset))
    return (first, *advice(kind, verdict, data))
