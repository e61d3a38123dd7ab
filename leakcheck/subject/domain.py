"""The domain of an address: labels, a real top-level domain, and its two spellings.

Labels of letters, digits and hyphens, 1 to 63, no hyphen at either end; at
least two; 253 in all; the last one a top-level domain, past or present.

Rule 1: the canonical form is the lower-cased A-label form. Other scripts are
mapped as UTS 46 says (leakcheck/subject/uts46.py) and written in Punycode;
`xn--` labels stand as they are, for that is what the mapping of the other
spelling gives. Where non-transitional and transitional processing differ, a
domain has two forms, and both are readings.
Rule 2: the longest reading counts: in `acme.fr.evil.com` it is not acme.fr.
Rule 3: what follows a top-level domain and makes it none is not part of it:
a full stop, a hyphen and all after it, a letter of another script, a label.
Rule 4: a last label that begins like a sentence (`acme.fr.Call`) gives a
second reading without it.
Rule 5: so does a top-level domain that is followed, within its label, by
punctuation, a symbol or a script that cannot continue a Latin one (Cyrillic,
Arabic, Han, kana, Hangul), or by a full stop of CJK: `acme.fr”see.com`.
"""

from functools import lru_cache
from typing import NamedTuple

from leakcheck.language import said
from leakcheck.patterns import late
from leakcheck.subject import escapes, tables
from leakcheck.subject.tables import TLDS
from leakcheck.subject.uts46 import a_label, fate, unicode_needed

LONGEST = 253
REACH = 2048
"""Bytes after the at sign, at most, that can matter."""
_MOST = 1024  # bytes of a domain once unescaped, at most
_LONGEST_TLD = max(map(len, TLDS))
_ASCII = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")
_PLAIN = bytes(_ASCII).decode()
_LDH = b"abcdefghijklmnopqrstuvwxyz0123456789-"
# First and last of each; compiled to a regular expression they would take a millisecond.
_OTHER_SCRIPTS = (
    ("\u0400", "\u06ff"),
    ("\u3041", "\u30ff"),
    ("\u3400", "\u9fff"),
    ("\uac00", "\ud7a3"),
)
_DOTS = "。．｡"  # as UTS 46 has them
_DOT = late(f"[.{_DOTS}]")

Reading = tuple[bytes, int]
"""A canonical domain, and where in the data it ends."""


class _End(NamedTuple):
    """Where a domain may end: its form, the characters it takes, whether more may be text."""

    form: bytes
    length: int
    doubtful: bool


def fault(text: bytes) -> str | None:
    """Why `text` is no domain, None where it is one."""
    if forms(text):
        return None
    if b"." not in text and text.isascii():
        return said("the domain has no dot")
    run = _decode(text)
    labels = [a_label(label) for label in _DOT.split(run)]
    if len(text) > _MOST or sum(len(label or b"") + 1 for label in labels) > LONGEST + 1:
        return said("the domain has more than {longest} characters", longest=LONGEST)
    whole = _width(text, len(run)) == len(text)
    if not whole or any(label is None or not _is_label(label) for label in labels):
        return said("the domain is not well formed")
    return said("the domain does not end in a top-level domain that exists")


def forms(text: bytes) -> list[bytes]:
    """The canonical form of `text`, all of which is a domain, then its transitional one.

    One where they are the same, none where `text` is no domain.
    """
    return list(_forms(text)) if len(text) <= _MOST else []


@lru_cache(maxsize=4096)
def _forms(text: bytes) -> tuple[bytes, ...]:
    return tuple(form for form, length in resolve(text) if length == len(text))


@lru_cache(maxsize=4096)
def tables_needed(text: bytes, form: bytes) -> tables.Versions:
    """The tables that take the domain `text`, of the canonical `form`, in each of its spellings."""
    run = _decode(text) + "." + form.decode("ascii")
    return tables.Versions(tables.tld_since(form.rpartition(b".")[2]), unicode_needed(run))


def readings(data: bytes, start: int) -> list[Reading]:
    """The domains that may begin at `start`, right after the at sign; the longest first."""
    text, ends = unescape(data, start)
    return [(domain, ends[length - 1]) for domain, length in resolve(text)]


def unescape(data: bytes, start: int) -> tuple[bytes, list[int]]:
    """The bytes from `start` on that may belong to a domain, and where each ends in `data`."""
    text = bytearray()
    ends: list[int] = []
    position, limit = start, min(len(data), start + REACH - escapes.LONGEST)
    while position < limit and len(text) < _MOST:
        token, end = escapes.after(data, position)
        if not token or (token[0] < 0x80 and token[0] not in _ASCII):
            break
        text += token
        ends += [end] * len(token)
        position = end
    return bytes(text), ends


def resolve(text: bytes) -> list[tuple[bytes, int]]:
    """The domains at the front of `text`: (canonical, bytes of `text`); the longest first."""
    if text.isascii() and b"--" not in text:  # no A-label
        return _resolve_ascii(text)
    return list(_resolve_other(text))


def _resolve_ascii(text: bytes) -> list[tuple[bytes, int]]:
    text = text[: LONGEST + 1]
    lower = text.lower()
    best = before = start = 0
    for number, label in enumerate(lower.split(b".")):
        length = _tld_length(label) if number else 0
        if length and start + length <= LONGEST:
            before, best = best, start + length
        if not _is_label(label):
            break
        start += len(label) + 1
    if not best:
        return []
    found = [(lower[:best], best)]
    last = text[before + 1 : best]
    if before and b"." not in last and _is_sentence(text[:before], last):
        found.append((lower[:before], before))
    return found


def _is_label(label: bytes) -> bool:
    """Whether `label`, in lower case, is one."""
    edges = label[:1] + label[-1:]
    return 0 < len(label) <= 63 and b"-" not in edges and not label.translate(None, _LDH)


def _is_sentence(front: bytes, last: bytes) -> bool:
    """Whether the label `last` after the domain `front` begins like a sentence."""
    return last[:1].isupper() and last[1:2].islower() and front == front.lower()


def may_end(label: str) -> bool:
    """Whether a domain may end in `label`, or in its front; of other scripts, any may."""
    return not label.isascii() or _tld_length(label.lower().encode()) > 0


def _tld_length(label: bytes) -> int:
    """How much of `label`'s front is a top-level domain: all, up to a hyphen, or 0."""
    if label in TLDS:
        return len(label)
    for length in range(min(len(label) - 1, _LONGEST_TLD), 1, -1):
        if label[length] == 0x2D and label[:length] in TLDS:
            return length
    return 0


@lru_cache(maxsize=65536)
def _resolve_other(text: bytes) -> tuple[tuple[bytes, int], ...]:
    """`resolve` for text that is not ASCII, or has A-labels."""
    run = _decode(text)
    ends = [end for way in (False, True) for end in _ends(run, transitional=way)]
    ends.sort(key=lambda end: -end.length)
    return tuple(dict.fromkeys((end.form, _width(text, end.length)) for end in ends))


def _ends(run: str, *, transitional: bool) -> list[_End]:
    """The readings of the characters `run`, processed one way."""
    done: list[bytes] = []
    ends: list[_End] = []
    position = 0
    for label in _DOT.split(run):
        mapped = a_label(label, transitional=transitional)
        if done:
            tld, length = _front(label, mapped)
            after = position + length
            form = b".".join([*done, tld])
            if length and len(form) <= LONGEST:
                rest = run[after : position + len(label) + 1]
                ends.append(_End(form, after, any(map(_is_doubtful, rest))))
        if mapped is None or not _is_label(mapped):
            break
        done.append(mapped)
        position += len(label) + 1
    if not ends:
        return []
    longest = ends.pop()
    before = ends[-1].length if ends else 0
    last = run[before + 1 : longest.length]
    sentence = (
        before
        and not _DOT.search(last)
        and _is_sentence(run[:before].encode("utf-8", "surrogatepass"), last.encode())
    )
    return [longest, *(end for end in ends if end.doubtful or (sentence and end is ends[-1]))]


def _front(label: str, mapped: bytes | None) -> tuple[bytes, int]:
    """The top-level domain at the front of `label`, and how many of its characters it takes."""
    if mapped is not None and mapped in TLDS:
        return mapped, len(label)
    plain = next((at for at, mark in enumerate(label) if mark > "\x7f"), len(label))
    front = label[:plain].encode().lower()
    length = len(front) if front in TLDS else _tld_length(front)
    if not length:  # рф-, рф-abc, рф”
        stops = (at for at in range(plain + 1, len(label)) if _stops(label[at]))
        stop = next(stops, 0)
        other = a_label(label[:stop])
        if other is not None and other in TLDS:
            return other, stop
    return front[:length], length


def _stops(mark: str) -> bool:
    """Whether `mark` may follow a top-level domain of another script and not be part of it."""
    return mark == "-" or (mark > "\x7f" and (found := fate(mark)) is not None and found.doubtful)


def _is_doubtful(mark: str) -> bool:
    """Whether a Latin top-level domain may end before `mark`, though a domain can go on."""
    if mark < "\x80":
        return False
    return mark in _DOTS or any(a <= mark <= z for a, z in _OTHER_SCRIPTS) or _stops(mark)


def _decode(text: bytes) -> str:
    """The characters at the front of `text` that may belong to a domain.

    Bytes that are not UTF-8 are read as Latin-1, each for itself.
    """
    kept = []
    for mark in text.decode("utf-8", "surrogateescape")[: LONGEST + 1]:
        mark = chr(ord(mark) - 0xDC00) if "\udc80" <= mark <= "\udcff" else mark
        if mark not in _PLAIN and mark not in _DOTS and (mark < "\x80" or fate(mark) is None):
            break
        kept.append(mark)
    return "".join(kept)


def _width(text: bytes, characters: int) -> int:
    """How many bytes of `text` its first `characters` characters take."""
    run = text.decode("utf-8", "surrogateescape")
    return len(run[:characters].encode("utf-8", "surrogateescape"))
