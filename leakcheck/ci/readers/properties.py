"""Java properties, as java.util.Properties reads them: logical lines, escapes, any separator."""

import re

from leakcheck.ci.readers.literals import unescaped
from leakcheck.ci.text import Text, shown

_LINE = re.compile(
    rb"^[ \t\f]*+(?P<comment>[#!]+[ \t]*+)?(?P<key>(?:[^\\\s=:]|\\[^\r\n])++)"
    rb"(?P<sign>(?:[ \t\f]|\\\r?\n)*+(?:[=:](?:[ \t\f]|\\\r?\n)*+)?)"
    rb"(?P<value>(?:[^\\\r\n]++|\\(?:\r\n|(?s:.)))*+)",
    re.MULTILINE,
)
_CONTINUED = re.compile(r"\\\r?\n[ \t\f]*")


def read(text: Text) -> None:
    """Add the candidates of a properties file."""
    at = 0
    while (line := _LINE.search(text.data, at)) is not None:
        at = max(line.end(), at + 1)
        key = unescaped(shown(line["key"]))
        value = unescaped(_CONTINUED.sub("", shown(line["value"]).rstrip()))
        if line["sign"] and value and text.names.like(key):
            _add(text, line, key, value)


def _add(text: Text, line: re.Match[bytes], key: str, value: str) -> None:
    comment = line["comment"] is not None
    if comment and (not re.search(rb"[=:]", line["sign"]) or " " in value):
        return  # a sentence
    start = line.start("value")
    text.add(start, key, value, "properties", comment=comment)
    if len(value) > 2 and value[0] == value[-1] and value[0] in "\"'":
        # a quote is a letter here; who wrote it may not have known
        text.add(start + 1, key, value[1:-1], "properties", comment=comment)
