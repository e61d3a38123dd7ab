"""The logs of password stealers: `URL:login:password` lines and blocks of named lines.

A block is URL, Username and Password lines in any order; a line with a name
that the block has already, or a line of another sort, begins the next one.
"""

import io
import re
from collections.abc import Iterator

from leakcheck.records.batches import Collector
from leakcheck.records.lines import TOO_LONG, lines, raw

_STEP = 512
_FIELD = re.compile(
    r"\s*(?P<name>url|host(?:name)?|soft(?:ware)?|application|browser|storage|profile|login|"
    r"user(?:[ _-]?name|[ _-]?login)?|e?-?mail|pass(?:word|wd)?|pwd)\s*:(?:[ \t](?P<value>.*)|$)",
    re.IGNORECASE,
)
_SECRETS = ("pass", "pwd")
_LOGINS = ("login", "user", "email", "e-mail", "mail")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://")
_URL = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:|;,]*+(?::\d{1,5}(?=[/:|;,\s]))?+[^\s:|;,]*+"
)
_HOST = re.compile(r"(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}(?::\d{1,5})?(?:/[^\s:|;]*)?")
_CUT = re.compile(r"[:|;\t ]")


def parse(stream: io.RawIOBase, head: bytes, collector: Collector) -> Iterator[None]:
    """Read the accounts in `stream` into `collector`."""
    block: dict[str, str] = {}
    for count, line in enumerate(lines(stream)):
        text = line.rstrip("\r\n")
        field = _FIELD.fullmatch(text) if len(text) < 4096 else None
        if field is not None:
            name = kind_of(field["name"])
            if name in block:
                _close(block, collector)
            block[name] = field["value"] or ""
        else:
            _close(block, collector)
            if line == TOO_LONG:
                collector.reject("too long")
            elif account := one_line(text):
                collector.row(raw(account[0].strip()), raw(account[1]))
            elif text.strip(" \t=-*_#"):
                collector.reject("no separator")
        if count % _STEP == 0:
            yield
    _close(block, collector)


def _close(block: dict[str, str], collector: Collector) -> None:
    """Take the block that is complete, and begin another."""
    if block.keys() & {"login", "secret"}:
        collector.row(raw(block.get("login", "").strip()), raw(block.get("secret", "")))
    block.clear()


def kind_of(name: str) -> str:
    """What a line of a block is: the secret, the login, or its own name."""
    lowered = name.lower()
    if lowered.startswith(_SECRETS):
        return "secret"
    return "login" if lowered.startswith(_LOGINS) else lowered


def one_line(text: str) -> tuple[str, str] | None:
    """Login and password of `URL:login:password`, `login:password` or `login:password:URL`."""
    if _SCHEME.match(text):
        match = _URL.match(text)
        rest = text[match.end() :] if match else ""
        if not _CUT.match(rest):
            return None
        rest = rest[1:]
    else:
        rest = text
        match = _HOST.match(text)
        if match and "@" not in match[0] and _CUT.match(text[match.end() :]):
            inner = text[match.end() + 1 :]
            if _CUT.search(inner):
                rest = inner
        trailing = re.search(r"[:|;\t ](?=https?://\S{1,2000}$)", rest)
        if trailing and _CUT.search(rest[: trailing.start()]):
            rest = rest[: trailing.start()]
    cut = _CUT.search(rest)
    return (rest[: cut.start()], rest[cut.end() :]) if cut else None
