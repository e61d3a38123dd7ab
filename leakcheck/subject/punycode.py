"""Punycode (RFC 3492): how a label of any script is written in ASCII."""

_BASE, _T_MIN, _T_MAX, _SKEW, _DAMP, _BIAS, _FIRST = 36, 1, 26, 38, 700, 72, 0x80
_DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789"
_VALUES = {mark: value for value, mark in enumerate(_DIGITS)}


def encode(label: str) -> str:
    """`label`, which is not ASCII, without the `xn--` that goes before it."""
    return label.encode("punycode").decode("ascii")


def decode(text: str) -> str | None:
    """What `text`, in lower case and without `xn--`, stands for; None where it is no Punycode.

    Stricter than Python's own codec, which takes some of what RFC 3492 does not.
    """
    basic, hyphen, digits = text.rpartition("-")
    if hyphen and not basic:
        return None
    marks = list(basic)
    code, place, bias, at = _FIRST, 0, _BIAS, 0
    while at < len(digits):
        before, weight, step = place, 1, _BASE
        while True:
            value = _VALUES.get(digits[at : at + 1])
            if value is None:
                return None
            at += 1
            place += value * weight
            threshold = min(max(step - bias, _T_MIN), _T_MAX)
            if value < threshold:
                break
            weight *= _BASE - threshold
            step += _BASE
        count = len(marks) + 1
        bias = _adapted(place - before, count, first=not before)
        more, place = divmod(place, count)
        code += more
        if code > 0x10FFFF or 0xD800 <= code < 0xE000:
            return None
        marks.insert(place, chr(code))
        place += 1
    return "".join(marks)


def _adapted(delta: int, count: int, *, first: bool) -> int:
    delta = delta // _DAMP if first else delta // 2
    delta += delta // count
    steps = 0
    while delta > (_BASE - _T_MIN) * _T_MAX // 2:
        delta //= _BASE - _T_MIN
        steps += _BASE
    return steps + (_BASE - _T_MIN + 1) * delta // (delta + _SKEW)
