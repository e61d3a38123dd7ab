"""The domain of an address: labels, a real top-level domain, and its two spellings.

Labels of letters, digits and hyphens, 1 to 63, no hyphen at either end; at
least two; 253 in all; the last one a top-level domain, past or present.

Rule 1: the canonical form is the lower-cased A-label form. Other scripts are
mapped as UTS 46 says and written in Punycode (RFC 3492); `xn--` labels stand
as they are, for that is what the mapping of the other spelling gives.
Rule 2: the longest reading counts: in `acme.fr.evil.com` it is not acme.fr.
Rule 3: what follows a top-level domain and makes it none is not part of it:
a full stop, a hyphen and all after it, a letter of another script, a label.
Rule 4: a last label that begins like a sentence (`acme.fr.Call`) gives a
second reading without it.
Rule 5: a script that cannot continue a Latin top-level domain (Cyrillic,
Arabic, Han, kana, Hangul) ends the domain there, unless a dot follows.
"""

import re
import unicodedata
from functools import lru_cache

from leakcheck.subject import escapes
from leakcheck.subject.tlds import TLDS

LONGEST = 253
REACH = 2048
"""Bytes after the at sign, at most, that can matter."""
_MOST = 1024  # bytes of a domain once unescaped, at most
_LONGEST_TLD = max(map(len, TLDS))
_ASCII = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")
_ASCII_TEXT = bytes(_ASCII).decode()
_LDH = b"abcdefghijklmnopqrstuvwxyz0123456789-"
_OTHER_SCRIPT = "[\u0400-\u06ff\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3][^.。．｡]*"
_DOTS = "。．｡"  # as UTS 46 has them
_MARKS = frozenset(
    "·・\u00ad\u200b\u200c\u200d\u2060\ufeff" + _DOTS
)  # joiners, and what is ignored

Reading = tuple[bytes, int]
"""A canonical domain, and where in the data it ends."""


def fault(text: bytes) -> str | None:
    """Why `text` is no domain, None where it is one."""
    found = resolve(text)
    if found and found[0][1] == len(text):
        return None
    if b"." not in text and text.isascii():
        return "the domain has no dot"
    run = _decode(text)
    labels = [_a_label(label) for label in _labels(run)]
    if len(text) > _MOST or sum(len(label or b"") + 1 for label in labels) > LONGEST + 1:
        return f"the domain has more than {LONGEST} characters"
    whole = _width(text, len(run)) == len(text)
    if not whole or any(label is None or not _is_label(label) for label in labels):
        return "the domain is not well formed"
    return "the domain does not end in a top-level domain that exists"


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
    return _resolve_ascii(text) if text.isascii() else resolve_other(text)


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
def resolve_other(text: bytes) -> list[tuple[bytes, int]]:
    """`resolve` for text that is not ASCII."""
    run = _decode(text)
    if run.isascii():
        return _resolve_ascii(run.encode())
    plain = len(run) - len(run.lstrip(_ASCII_TEXT))
    if re.compile(_OTHER_SCRIPT).fullmatch(run, plain):
        found = _resolve_ascii(run[:plain].encode())
        if found and "." not in run[found[0][1] : plain]:
            return found
    done: list[bytes] = []
    best: tuple[bytes, int] | None = None
    position = 0
    for label in _labels(run):
        mapped = _a_label(label)
        front, length = _front(label, mapped) if done else (b"", 0)
        total = b".".join([*done, front])
        if length and len(total) <= LONGEST:
            best = total, position + length
        if mapped is None or not _is_label(mapped):
            break
        done.append(mapped)
        position += len(label) + 1
    return [(best[0], _width(text, best[1]))] if best else []


def _front(label: str, mapped: bytes | None) -> tuple[bytes, int]:
    """The top-level domain at the front of `label`, and how many of its characters it takes."""
    if mapped in TLDS and mapped is not None:
        return mapped, len(label)
    plain = next((at for at, mark in enumerate(label) if mark > "\x7f"), len(label))
    front = label[:plain].encode().lower()
    length = len(front) if front in TLDS else _tld_length(front)
    if not length and plain < len(label):  # рф-, рф-abc
        hyphen = label.find("-", plain)
        other = _a_label(label[:hyphen]) if hyphen > 0 else None
        if other in TLDS and other is not None:
            return other, hyphen
    return front[:length], length


@lru_cache(maxsize=16384)
def _a_label(label: str) -> bytes | None:
    """The A-label of one label, or None where UTS 46 forbids it."""
    if label.isascii():
        return label.lower().encode()
    import idna

    if len(label) > 63:
        return None
    try:
        mapped = idna.uts46_remap(label, std3_rules=False)
    except idna.IDNAError:
        return None
    if mapped.isascii():
        return mapped.encode()
    return b"xn--" + mapped.encode("punycode")


def _labels(run: str) -> list[str]:
    for dot in _DOTS:
        run = run.replace(dot, ".")
    return run.split(".")


def _decode(text: bytes) -> str:
    """The characters at the front of `text` that may belong to a domain.

    Bytes that are not UTF-8 are read as Latin-1, each for itself.
    """
    run = text.decode("utf-8", "surrogateescape")
    kept = []
    for mark in run[: LONGEST + 1]:
        mark = chr(ord(mark) - 0xDC00) if "\udc80" <= mark <= "\udcff" else mark
        if mark > "\x7f" and mark not in _MARKS and not _is_word(mark):
            break
        kept.append(mark)
    return "".join(kept)


@lru_cache(maxsize=16384)
def _is_word(mark: str) -> bool:
    """Letters, marks and digits of any script, and symbols such as emoji."""
    category = unicodedata.category(mark)
    return category[0] in "LMN" or category == "So"


def _width(text: bytes, characters: int) -> int:
    """How many bytes of `text` its first `characters` characters take."""
    run = text.decode("utf-8", "surrogateescape")
    return len(run[:characters].encode("utf-8", "surrogateescape"))
