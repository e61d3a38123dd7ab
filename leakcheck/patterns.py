"""Regular expressions that are compiled when they are first used.

To compile one takes up to a millisecond, and a command loads a hundred of which it uses a few.
"""

import re
from typing import Any, AnyStr, cast


class _Late:
    """Becomes a pattern in all that it is asked; what was asked once is asked the pattern alone."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self._text, self._flags = pattern, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what Python itself asks, such as whether it can be copied
            raise AttributeError(name)
        found = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)
        return found


def late(pattern: AnyStr, flags: int = 0) -> "re.Pattern[AnyStr]":
    """As re.compile; a wrong pattern raises re.error at its first use. Not for re's functions."""
    return cast("re.Pattern[AnyStr]", _Late(pattern, flags))
