"""The one reader of secrets that are given one a line: on stdin, or typed.

Rule 1: a byte order mark tells UTF-16 and UTF-32, as what Windows writes has
them, and is no part of a secret; so does every second byte being zero.
Rule 2: a line feed ends a line, with a carriage return before it or not; where
there is no line feed at all, a carriage return does.
Rule 3: a secret is its bytes, blanks included. Rule 4: what cannot be one (an
empty line, a zero byte or a carriage return within) is an error, as its
"clean" would be worth nothing.
"""

import codecs
import sys
from collections.abc import Callable

from leakcheck.errors import UsageError
from leakcheck.input.encodings import encoding_of
from leakcheck.language import said


def read_secrets(ask: Callable[[], str]) -> list[bytes]:
    """The one secret that `ask` has typed at the terminal; where stdin is none, those on it.

    Raises UsageError as `secrets_in` does.
    """
    if not sys.stdin.isatty():
        return secrets_in(sys.stdin.buffer.read())
    typed = ask().encode("utf-8", "surrogateescape")
    if not typed:
        raise UsageError(said("An empty password cannot be checked."))
    return [typed]


def secrets_in(data: bytes) -> list[bytes]:
    """The secrets in all the bytes of stdin; one zero byte at the end, as PAM adds, is none.

    Raises UsageError, which names the line, where one cannot be a secret or
    there is none.
    """
    lines = _as_utf8(data).split(b"\n")
    if len(lines) == 1:
        lines = lines[0].split(b"\r")
    if lines and not lines[-1]:
        lines.pop()
    lines = [line.rstrip(b"\r") for line in lines]
    if not lines:
        raise UsageError(said("There is no password on stdin: give one per line."))
    for number, line in enumerate(lines, 1):
        if wrong := _fault(line):
            raise UsageError(said("Line {number} of stdin {wrong}.", number=number, wrong=wrong))
    return lines


def _as_utf8(data: bytes) -> bytes:
    encoding = encoding_of(data)
    if encoding is None:
        return data.removeprefix(codecs.BOM_UTF8).removesuffix(b"\0")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise UsageError(
            said("What is on stdin begins as {encoding} text and is none.", encoding=encoding)
        ) from None
    return text.removeprefix("\ufeff").removesuffix("\0").encode()


def _fault(line: bytes) -> str | None:
    if not line:
        return said("is empty: an empty password has no answer")
    if b"\0" in line:
        return said(
            "holds a zero byte, which no password does: is this text, and in which encoding"
        )
    if b"\r" in line:
        return said(
            "holds a carriage return, which no password does: end each line with a line feed"
        )
    return None
