"""Languages whose passwords stand in a way of their own: Robot Framework, Gherkin, Jenkins."""

import re

from leakcheck.ci.marks import bits
from leakcheck.ci.readers.families import Family
from leakcheck.ci.readers.literals import quoted
from leakcheck.ci.text import NEAR, Text, shown

_DEFAULTS = bits(b"defaultvalue")
_ROBOT = re.compile(
    rb"^[ \t]*[$&]\{(?P<name>[\w .\-]{1,80})\}[ \t]*=?(?:[ \t]{2,}|\t)(?:Set Variable[ \t]{2,})?"
    rb"(?P<value>[^\s#][^\n]{0,200}?)[ \t]*\r?$",
    re.MULTILINE,
)
_ROBOT_INPUT = re.compile(
    rb"^[ \t]+(?:Input|Type|Fill) (?P<name>Password|Secret)[ \t]{2,}\S[^\n]{0,200}?[ \t]{2,}"
    rb"(?P<value>\S[^\n]{0,200}?)[ \t]*\r?$",
    re.MULTILINE,
)
_STEP = re.compile(
    rb"^[ \t]*(?:Given|When|Then|And|But|\*)\b[^\n]{0,200}?\b(?P<name>pass(?:word|phrase|code))\b"
    rb"[\"']?(?:[ \t]{1,4}(?:field|as|with|to|of|is|be|equals?|:)){0,3}[ \t]{0,4}[:=]?[ \t]{0,4}"
    rb"(?P<quote>[\"'])",
    re.MULTILINE | re.IGNORECASE,
)
_CELLS = re.compile(rb"^[ \t]*\|([^\n]*)\|[ \t]*\r?$", re.MULTILINE)
_PARAMETER = re.compile(
    rb"\bname\s{0,4}:\s{0,4}[\"'](?P<name>[\w.\-]{1,80})[\"']\s{0,40},[^()]{0,400}?"
    rb"\bdefaultValue\s{0,4}:\s{0,4}(?P<quote>[\"'])"
)
_PARAMETER_TURNED = re.compile(
    rb"\bdefaultValue\s{0,4}:\s{0,4}(?P<quote>[\"'])(?P<value>[^\"'\n]{1,200})[\"']\s{0,40},"
    rb"[^()]{0,400}?\bname\s{0,4}:\s{0,4}[\"'](?P<name>[\w.\-]{1,80})[\"']"
)


def present(text: Text, family: Family) -> bool:
    """Whether the text can hold any of these."""
    return text.suffix in ("robot", "resource", "feature") or bool(text.marks & _DEFAULTS)


def read(text: Text, family: Family) -> None:
    """Add what the forms of the text's own language hold."""
    if text.suffix in ("robot", "resource"):
        for pattern in (_ROBOT, _ROBOT_INPUT):
            for match in pattern.finditer(text.data):
                _add(text, family, match, shown(match["value"]))
    elif text.suffix == "feature":
        for match in _STEP.finditer(text.data):
            _quoted(text, family, match)
        _tables(text, family)
    if text.marks & _DEFAULTS:
        for match in _PARAMETER.finditer(text.data):
            _quoted(text, family, match)
        for match in _PARAMETER_TURNED.finditer(text.data):
            _add(text, family, match, shown(match["value"]))


def _quoted(text: Text, family: Family, match: re.Match[bytes]) -> None:
    found = quoted(text.data, match.start("quote"), match["quote"], match.end() + NEAR)
    name = shown(match["name"])
    if found is not None and text.names.like(name):
        comment = text.in_comment(match.start("name"), family)
        text.add(found.start, name, found.value, family.name, comment=comment)


def _add(text: Text, family: Family, match: re.Match[bytes], value: str) -> None:
    name = shown(match["name"])
    if text.names.like(name.replace(" ", "_")) or name == "Secret":
        comment = text.in_comment(match.start("name"), family)
        text.add(match.start("value"), name, value, family.name, comment=comment)


def _tables(text: Text, family: Family) -> None:
    """The columns of Gherkin's tables whose header is a password's name."""
    wanted: dict[int, str] = {}
    end = -2
    for row in _CELLS.finditer(text.data):
        cells = row[1].split(b"|")
        if row.start() > end + 1:
            names = ((at, shown(cell).strip()) for at, cell in enumerate(cells))
            wanted = {at: name for at, name in names if text.names.like(name.replace(" ", "_"))}
        else:
            at = row.start(1)
            for index, cell in enumerate(cells):
                value = shown(cell).strip()
                if index in wanted and value:
                    start = at + len(cell) - len(cell.lstrip())
                    text.add(start, wanted[index], value, family.name)
                at += len(cell) + 1
        end = row.end()
