"""How a spreadsheet shows a number or a date, from the cell's number format.

Source: ECMA-376 part 1, 18.8.30 and 18.8.31. What is shown depends on the
reader's country as well: marks for decimals and thousands, and the short date.
Each of the usual ones is a reading. A format that is not understood has none.
"""

import datetime
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

GENERAL = "General"
_MOST_DIGITS = 15  # that a spreadsheet keeps of a number
_GENERAL_DIGITS = 11  # that a cell without a format shows
_COUNTRIES = ((",", "."), (".", ","), (" ", ","))  # thousands, decimals
_SHORT_DATES = ("m/d/yyyy", "dd/mm/yyyy", "dd.mm.yyyy", "yyyy-mm-dd", "mm-dd-yy")
_SHORT = {"mm-dd-yy": "{}", "m/d/yy h:mm": "{} h:mm"}
"""The formats that stand for the short date of the reader's country."""
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_(?P<space>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>General)|(?P<clock>AM/PM|A/P)|(?P<exponent>[Ee][+-])"
    r"|(?P<date>y+|m+|d+|h+|s+|Y+|M+|D+|H+|S+)|(?P<other>.)",
    re.DOTALL,
)
_COLOURS = re.compile(r"Black|Blue|Cyan|Green|Magenta|Red|White|Yellow|Color ?\d+", re.IGNORECASE)
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Token = tuple[str, str]
When = datetime.datetime | datetime.date | datetime.time | datetime.timedelta


def lost_digits(value: float) -> bool:
    """Whether more was typed than a spreadsheet keeps of a number."""
    return abs(value) >= float(10**_MOST_DIGITS)


def shown_number(value: float, code: str) -> list[str]:
    """How a number is shown; empty where the format is not understood."""
    try:
        sections = _sections(code)
        tokens, sign = _section(sections, value)
        if any(kind == "date" for kind, _ in tokens):
            return []
        found = [
            sign + text
            for thousands, point in _COUNTRIES
            for text in _number(abs(value), tokens, thousands, point)
        ]
    except (ValueError, ArithmeticError, IndexError):
        return []
    return list(dict.fromkeys(text.strip() for text in found if text.strip()))


def shown_date(value: When, code: str) -> list[str]:
    """How a date, a time or a duration is shown; empty where the format is not understood."""
    codes: Sequence[str] = (code,)
    if code in _SHORT:
        codes = [_SHORT[code].format(one) for one in _SHORT_DATES]
    try:
        found = [_date(value, _sections(one)[0]) for one in codes]
    except (ValueError, OverflowError, IndexError):
        return []
    return list(dict.fromkeys(text.strip() for text in found if text.strip()))


# ---- formats


def _sections(code: str) -> list[list[Token]]:
    """The tokens of each section of a format. Raises ValueError where one is not understood."""
    found: list[list[Token]] = [[]]
    for match in _TOKEN.finditer(code):
        kind = str(match.lastgroup)
        text = match[kind]
        if kind == "other" and text == ";":
            found.append([])
        elif kind == "bracket":
            found[-1] += _bracket(text)
        elif kind in ("quoted", "escaped"):
            found[-1].append(("text", text))
        elif kind == "space":
            found[-1].append(("text", " "))
        elif kind != "fill":
            found[-1].append((kind, text.lower() if kind == "date" else text))
    return found


def _bracket(text: str) -> list[Token]:
    if text.startswith("$"):
        symbol, _, locale = text[1:].partition("-")
        english = not locale or locale.lower().endswith(("409", "809"))
        return ([("text", symbol)] if symbol else []) + ([] if english else [("locale", locale)])
    if re.fullmatch(r"h+|m+|s+", text, re.IGNORECASE):
        return [("elapsed", text.lower())]
    if _COLOURS.fullmatch(text):
        return []
    raise ValueError(text)  # a condition


def _section(sections: list[list[Token]], value: float) -> tuple[list[Token], str]:
    """The section for a value, and the sign that is put before it."""
    if value < 0 and len(sections) > 1 and sections[1]:
        return sections[1], ""
    if value == 0 and len(sections) > 2:
        return sections[2], ""
    return sections[0] or [("general", GENERAL)], "-" if value < 0 else ""


# ---- numbers


def _number(value: float, tokens: list[Token], thousands: str, point: str) -> list[str]:
    if any(kind == "general" or (kind, text) == ("other", "@") for kind, text in tokens):
        before = after = ""
        at = next(i for i, (kind, text) in enumerate(tokens) if kind == "general" or text == "@")
        before = "".join(text for kind, text in tokens[:at] if kind == "text")
        after = "".join(text for kind, text in tokens[at + 1 :] if kind == "text")
        return [before + one.replace(".", point) + after for one in _general(value)]
    marks = "".join(text for kind, text in tokens if kind == "other")
    if "/" in marks:
        raise ValueError(marks)  # a fraction
    number = Decimal(repr(value)).normalize(Context(prec=_MOST_DIGITS))
    number = number.scaleb(2 * marks.count("%"))
    digits = [at for at, (kind, text) in enumerate(tokens) if kind == "other" and text in "0#?"]
    if not digits:
        return ["".join(text for kind, text in tokens if kind in ("text", "other"))]
    dot = next((at for at, token in enumerate(tokens) if token == ("other", ".")), len(tokens))
    power = next((at for at, (kind, _) in enumerate(tokens) if kind == "exponent"), len(tokens))
    whole = [at for at in digits if at < min(dot, power)]
    parts = [at for at in digits if dot < at < power]
    last = whole[-1] if whole else dot
    commas = [at for at, token in enumerate(tokens) if token == ("other", ",")]
    grouped = any(whole and whole[0] < at < last for at in commas)
    number = number.scaleb(-3 * sum(last < at < min(dot, power) for at in commas))
    exponent = 0
    if power < len(tokens):
        step = max(1, len(whole))
        exponent = number.adjusted() // step * step if number else 0
        number = number.scaleb(-exponent)
    rounded = number.quantize(Decimal(1).scaleb(-len(parts)), ROUND_HALF_UP, Context(prec=400))
    before, _, behind = f"{rounded:f}".partition(".")
    filled = _filled_left(tokens, whole, before.lstrip("0"), thousands if grouped else "")
    filled |= _filled_right(tokens, parts, behind)
    if power < len(tokens):
        filled |= _filled_left(tokens, [at for at in digits if at > power], str(abs(exponent)), "")
    return [_joined(tokens, filled, point, exponent, bool(parts))]


def _filled_left(
    tokens: list[Token], places: list[int], digits: str, thousands: str
) -> dict[int, str]:
    """Digits for the places before the point, from right to left; the first takes what is left."""
    found: dict[int, str] = {}
    count = 0
    for at in reversed(places):
        text = digits[-1:]
        digits = digits[:-1]
        if at == places[0]:
            text, digits = digits + text, ""
        if not text:
            text = {"0": "0", "?": " "}.get(tokens[at][1], "")
        filled = ""
        for digit in reversed(text):
            if thousands and count and count % 3 == 0 and digit != " ":
                filled = thousands + filled
            filled = digit + filled
            count += 1
        found[at] = filled
    return found


def _filled_right(tokens: list[Token], places: list[int], digits: str) -> dict[int, str]:
    """Digits for the places behind the point; zeros that are not asked for are left out."""
    found = dict(zip(places, digits, strict=True))
    for at in reversed(places):
        if tokens[at][1] == "0" or found[at] != "0":
            break
        found[at] = " " if tokens[at][1] == "?" else ""
    return found


def _joined(
    tokens: list[Token], filled: dict[int, str], point: str, exponent: int, parts: bool
) -> str:
    text = ""
    for at, (kind, mark) in enumerate(tokens):
        if at in filled:
            text += filled[at]
        elif kind == "exponent":
            text += "E" + ("-" if exponent < 0 else "+" if mark[1] == "+" else "")
        elif kind == "text":
            text += mark
        elif mark == ".":
            text += point
        elif kind == "other" and mark != ",":
            text += mark
    return text


def _general(value: float) -> list[str]:
    """A number without a format: in full, and as a cell shows it."""
    found = []
    for most in (_MOST_DIGITS, _GENERAL_DIGITS):
        number = Decimal(repr(value)).normalize(Context(prec=most, rounding=ROUND_HALF_UP))
        if not number:
            return ["0"]
        plain = f"{number:f}"
        if -5 <= number.adjusted() < most:
            if "." in plain and most == _GENERAL_DIGITS:
                whole = len(plain.partition(".")[0])
                places = max(0, _GENERAL_DIGITS - 1 - whole)
                number = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
                plain = f"{number:f}".rstrip("0").rstrip(".")
            found.append(plain)
            continue
        short = Decimal(repr(value)).normalize(Context(prec=6, rounding=ROUND_HALF_UP))
        power = short.adjusted()
        mantissa = f"{short.scaleb(-power):f}".rstrip("0").rstrip(".") or "0"
        found.append(f"{mantissa}E{'-' if power < 0 else '+'}{abs(power):02}")
    return list(dict.fromkeys(found))


# ---- dates


def _date(value: When, tokens: list[Token]) -> str:
    parts = _parts(value)
    noon = any(kind == "clock" for kind, _ in tokens)
    text, before = "", ""
    for at, (kind, mark) in enumerate(tokens):
        if kind == "date":
            after = next((one[0] for name, one in tokens[at + 1 :] if name == "date"), "")
            minute = mark[0] == "m" and len(mark) < 3 and (before == "h" or after == "s")
            text += _field("minute" if minute else mark[0], len(mark), parts, noon)
            before = mark[0]
        elif kind == "elapsed":
            seconds = {"h": 3600, "m": 60, "s": 1}[mark[0]]
            text += str(parts["total"] // seconds).zfill(len(mark))
            before = mark[0]
        elif kind == "clock":
            half = mark.split("/")[parts["h"] >= 12]
            text += half
        elif kind == "locale":
            if any(name == "date" and one[0] in "md" and len(one) > 2 for name, one in tokens):
                raise ValueError(mark)  # names in another language
        elif kind == "text" or (kind == "other" and mark in "/-:., "):
            text += mark
        elif kind == "other" and mark == "0" and text.endswith((".", ",")):
            text += "0"
        elif (kind, mark) != ("other", "@"):
            raise ValueError(mark)
    return text


def _parts(value: When) -> dict[str, int]:
    """Year, month, day, hour, minute, second, weekday, and the seconds of a duration."""
    if isinstance(value, datetime.timedelta):
        total = round(value.total_seconds())
        hour, minute, second = total // 3600 % 24, total // 60 % 60, total % 60
        return {"h": hour, "minute": minute, "s": second, "total": total}
    found: dict[str, int] = {"h": 0, "minute": 0, "s": 0}
    if isinstance(value, datetime.date):
        found |= {"y": value.year, "m": value.month, "d": value.day, "weekday": value.weekday()}
    if isinstance(value, datetime.datetime | datetime.time):
        found |= {"h": value.hour, "minute": value.minute, "s": value.second}
    found["total"] = found["h"] * 3600 + found["minute"] * 60 + found["s"]
    return found


def _field(name: str, width: int, parts: dict[str, int], noon: bool) -> str:
    if name not in parts:
        raise ValueError(name)  # a day of a time
    number = parts[name]
    if name == "y":
        return str(number) if width > 2 else f"{number % 100:02}"
    if name == "m" and width > 2:
        month = _MONTHS[number - 1]
        return {3: month[:3], 5: month[0]}.get(width, month)
    if name == "d" and width > 2:
        day = _DAYS[parts["weekday"]]
        return day[:3] if width == 3 else day
    if name == "h" and noon:
        number = number % 12 or 12
    return str(number).zfill(min(width, 2))
