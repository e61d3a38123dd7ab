"""The errors that the engine raises, as a tree.

BloomError
 ├── FormatError        the bytes are not a filter of a version this reader knows
 │    └── DamagedError  they were a filter: a checksum, the size or a field is wrong
 ├── BuildError         the filter cannot be built from what was given
 └── RangeError         the page asked for is not in this slice

Messages are one sentence and hold no key.
"""


class BloomError(Exception):
    """Base of every error the engine raises on purpose."""


class FormatError(BloomError):
    """The bytes are not a filter, or of a version this reader does not know."""


class DamagedError(FormatError):
    """The bytes were a filter once: truncated, altered, or a field out of bounds."""


class BuildError(BloomError):
    """Nothing to build from, or parameters no filter can meet."""


class RangeError(BloomError):
    """The page is outside the slice that this file holds."""
