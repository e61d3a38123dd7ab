"""The forms in which a quoted literal stands after a password's name, whatever the language.

    password = "x"   password: str = "x"   password => 'x'   password := `x`
    env("PASSWORD", "x")   setPassword("x")   password = Some("x")
    password == "x"   assertEqual(u.password, "x")   ENV.fetch("PASSWORD") { "x" }
    password "x"     (where the family is written so)

Each pattern is bounded: linear time on any line.
"""

# ruff: noqa: SIM905 - a list of words is read, and reviewed, as words
import re
from typing import NamedTuple

from leakcheck.ci.names import words_of
from leakcheck.ci.readers.families import Family
from leakcheck.ci.text import Text, shown
from leakcheck.language import said

INTERPOLATED = said("it is built from other values")
PLACEHOLDER = said("it is a reference or a placeholder")


class Name(NamedTuple):
    """A name in the text: where it stands, what is before it on its line, whether it is a flag."""

    text: str
    first: int
    last: int
    before: bytes
    flag: bool


class Assignment(NamedTuple):
    """A literal after a name: how it stands there, its quote and prefix, where the quote is.

    how: assigned, paired, called, wrapped, compared or spaced; sign: of an
    assignment; open: whether a bracket is open before the literal.
    """

    how: str
    at: int
    quote: bytes
    prefix: bytes
    sign: bytes = b""
    open: bool = False


_QUOTE = rb"(?P<prefix>[bBrRuUfFLN@$]{0,2})(?P<quote>\\?[\"'`])"
_KEY_END = rb"(?P<close>\\?[\"'`])?+(?:\[\w{0,10}\])?[ \t]{0,20}[\])]{0,2}(?:[?!](?!=))?[ \t]{0,40}"
_TYPE = (
    rb"(?(close)(?!)|(?::[ \t]*)?[&*]?[A-Za-z_][\w.<>\[\]?&*']{0,40}"
    rb"(?:[ \t]?[|,][ \t]?[\w.\[\]<>]{1,40}){0,4}[ \t]{0,8}(?==))"
)
_SIGN = rb"(?P<sign>:=|=>|->|\|\|=?|\?\?=?|\?:|\bor\b|\+?=(?![=~>])|:(?![:=]))"
_LINE = rb"[ \t]{0,80}(?:\\?\r?\n[ \t]{0,80})?"
_VALUE = rb"(?P<open>\(\s{0,80})?" + _QUOTE
_ASSIGNED = re.compile(_KEY_END + rb"(?:" + _TYPE + rb")?" + _SIGN + rb"[ \t]{0,80}" + _VALUE)
_ASSIGNED_LINES = re.compile(_KEY_END + rb"(?:" + _TYPE + rb")?" + _SIGN + _LINE + _VALUE)
_WRAPPED = re.compile(
    _KEY_END + rb"(?:" + _TYPE + rb")?" + _SIGN + _LINE
    + rb"&?(?:(?P<new>new)[ \t]{1,4})?(?P<callee>[A-Za-z_][\w.:]{0,60})(?:<\w{0,20}>)?!?"
    rb"(?P<open>\()\s{0,80}" + _QUOTE
)  # fmt: skip
_SPACED = re.compile(_KEY_END + _QUOTE)
_SERIALIZED = re.compile(rb"\\?\";s:\d{1,4}:" + _QUOTE)
_PAIRED = re.compile(rb"\\?[\"'`][ \t]{0,8},[ \t]{0,8}" + _QUOTE)
_PASSED = re.compile(rb"\\?[\"'`](?:\s{0,80},\s{0,80}|\)\s{0,80}\.arg\(\s{0,80})" + _QUOTE)
_BLOCK = re.compile(rb"\\?[\"'`][ \t]{0,8}\)[ \t]{0,8}(?:\{|do)[ \t]{0,8}" + _QUOTE)
_CONSTANT = re.compile(rb"[ \t]{0,8},[ \t]{0,8}" + _QUOTE)
_FILLED = re.compile(
    rb"(?:\\?[\"'])?[ \t]{0,4},[ \t]{0,4}:?with[ \t]{0,4}(?::|=>)[ \t]{0,4}" + _QUOTE
)
_FILLS = re.compile(rb"\bfill_in[ \t(]{1,4}[:\"']{1,2}[\w\[. -]{0,60}\Z")
_CALLED = re.compile(
    rb"\([ \t]{0,8}(?:(?:(?P<new>new)[ \t]{1,4})?(?P<callee>[A-Z][\w.:]{0,60})\([ \t]{0,8})?"
    + _QUOTE
)
_COMPARED = re.compile(
    rb"\}?" + _KEY_END + rb"(?:(?:===?|!==?|-c?eq|-c?ne|\beq\b|\bne\b)|\.(?:equals(?:IgnoreCase)?"
    rb"|contentEquals|Equals|isEqualTo)"
    rb"[ \t]{0,4}\(|(?:\.(?:to|should|must))?[ \t.]{0,4}(?:\bbe|\bequal|\beql?|\btoBe|\btoEqual"
    rb"|\btoStrictEqual|\btoMatch|==)[ \t]{0,4}\(?)[ \t]{0,8}" + _QUOTE
)
_ASSERTED = re.compile(
    rb"(?:assert\w{0,20}|expect\w{0,10}|(?:\bt|test|assert|Assert|require|should|self)\.\w{0,20}"
    rb"(?:[Ee]q(?:ual)?s?|is|Is|same|Same)\w{0,20}!?)[ \t]{0,4}\([^()\"'\n]{0,80}$"
)
_SETTING = re.compile(
    rb"(?:env|define|property|config|setting|option|put|set)\([ \t]{0,4}$", re.IGNORECASE
)
_PAIRING = re.compile(
    rb"(?:env|environ\.get|putenv|define|property|default|config|setting|parameter|option|put|cset"
    rb"|fetch|\bset|\bget)[ \t]{0,4}\([ \t]{0,4}\\?[\"'`]$",
    re.IGNORECASE,
)
_TUPLE = re.compile(rb"(?:^|[\[{(,=:]|\breturn)[ \t]{0,8}[{(][ \t]{0,8}[\"']$")
_SETTER = re.compile(
    rb"(?:.*\.)?(?:[Ss]et|[Ww]ith)[A-Z_]\w*|.*\.[Pp]ass(?:word|wd|phrase)|.*\.[Pp]wd"
)
_ALONE = re.compile(rb"[ \t]{0,8}\)")
_TYPEOF = re.compile(rb"\btypeof[ \t(]+[\w.\[\]]*$|\b(?:isinstance|instanceof)\b")
_NOT_COMPARED = frozenset(
    "string undefined object function number boolean symbol bigint password text hidden null none "
    "nopasswd true false reset bearer oauth oauth2 x-oauth-basic x-token-auth private-token "
    "gitlab-ci-token token basic anonymous".split()
)
_MAKES_NOTHING = frozenset(
    "get getenv getstring post postvalue args arg argv flag flags opt opts option options setting "
    "settings conf config configuration var variable find read load look lookup fetch ask prompt "
    "input form field param parameter query env environ header cookie request session context "
    "hash hashed encrypt decrypt verify check validate validator label title text placeholder "
    "message error exception column attribute path file resource translate trans gettext format "
    "print log debug info warn raise random generate include require import contains has match "
    "matches search compile regex regexp pattern matcher select by "
    "element button html tag render node xpath css id name key of".split()
)
_MAKES_TEXT = frozenset(
    "str string bytes bytearray char chars text_type unicode b b64decode fromstring from valueof "
    "some just ok of tochararray strdup to_string to_owned into secret lit just_value pointer ptr "
    "stringptr string_ptr cstring secretstring securestring plain literal constant "
    "value const fake make_password buffer".split()
)


def literal_after(text: Text, family: Family, name: Name, end: int) -> Assignment | None:
    """The first form that fits what stands after the name."""
    data, last = text.data, name.last
    match = (_ASSIGNED_LINES if family.lexed else _ASSIGNED).match(data, last, end)
    if match is not None:
        return _form("assigned", match)
    in_quotes = name.before.endswith((b'"', b"'", b"`"))
    if in_quotes:
        match = _pair(data, name, end)
        if match is not None:
            return _form("paired", match)
    if name.text.rpartition(".")[2].isupper() and _SETTING.search(name.before[-80:]):
        match = _CONSTANT.match(data, last, end)
        if match is not None:
            return _form("paired", match)
    return _call(text, family, name, end) or _spaced(family, name, data, end, in_quotes)


def _spaced(
    family: Family, name: Name, data: bytes, end: int, in_quotes: bool
) -> Assignment | None:
    """A literal with nothing but white space before it."""
    if not family.spaces or (in_quotes and family.lexed):
        return None
    match = _SPACED.match(data, name.last, end)
    return _form("spaced", match) if match is not None else None


def _pair(data: bytes, name: Name, end: int) -> re.Match[bytes] | None:
    """The second of two literals: of a call that sets or gets, or of a tuple."""
    match = _SERIALIZED.match(data, name.last, end)
    if match is not None:
        return match
    if name.flag:
        return _PASSED.match(data, name.last, end)
    match = _PAIRED.match(data, name.last, end)
    before = name.before[-80:]
    if match is not None and (_PAIRING.search(before) or _TUPLE.search(before)):
        return match
    return _BLOCK.match(data, name.last, end) if _PAIRING.search(before) else None


def _call(text: Text, family: Family, name: Name, end: int) -> Assignment | None:
    data, last = text.data, name.last
    called = _CALLED.match(data, last, end)
    if called is not None and _SETTER.fullmatch(data, name.first, last):
        return _form("called", called)
    if not family.lexed and family.name != "shell":
        return None
    wrapped = _WRAPPED.match(data, last, end)
    if wrapped is not None and _makes_text(shown(wrapped["callee"]), wrapped["new"] is not None):
        return _form("wrapped", wrapped)
    compared = _COMPARED.match(data, last, end)
    if compared is not None and not _TYPEOF.search(name.before[-80:]):
        return _form("compared", compared)
    filled = _FILLED.match(data, last, end)
    if filled is not None and _FILLS.search(name.before[-100:]):
        return _form("paired", filled)
    asserted = _CONSTANT.match(data, last, end)
    if asserted is not None and _ASSERTED.search(name.before[-120:]):
        return _form("compared", asserted)
    return None


def _makes_text(callee: str, new: bool) -> bool:
    """Whether a function that is called with a literal gives that literal, wrapped."""
    last = re.split(r"\.|::", callee.rstrip(".:"))[-1]
    if last.lower() in _MAKES_TEXT:
        return True
    words = words_of(last)
    return (new or last[:1].isupper()) and _MAKES_NOTHING.isdisjoint(words)


def is_compared(value: str) -> bool:
    """Whether a value that a name is compared with may be a password, and not a type or state."""
    return value.lower() not in _NOT_COMPARED


def stands_alone(data: bytes, at: int) -> bool:
    """Whether a call's literal is all that it is given."""
    return _ALONE.match(data, at) is not None


def _form(how: str, match: re.Match[bytes]) -> Assignment:
    groups = match.groupdict()
    return Assignment(
        how,
        match.start("quote"),
        match["quote"],
        match["prefix"],
        groups.get("sign") or b"",
        bool(groups.get("open")),
    )
