"""The errors that leakcheck raises, as a tree. Each message is one sentence.

LeakcheckError            exit status 2
 ├── UsageError           the command was asked in a way it cannot answer
 ├── SubjectError         a subject that cannot be accepted, and why
 ├── InputError           a dump or list that cannot be read, or holds nothing
 ├── FilterError          a filter that is missing, damaged or of the wrong kind
 └── NetworkError         a source that could not be asked

No message holds a password, an address or a digest.
"""

from leakcheck.language import said


class LeakcheckError(Exception):
    """Base of every error that a user is shown."""


class UsageError(LeakcheckError):
    """The command was asked in a way it cannot answer."""


class SubjectError(LeakcheckError):
    """The subject cannot be accepted; the message says why and does not repeat it."""


class InputError(LeakcheckError):
    """A dump or a list that cannot be read, or in which nothing was found."""


class FilterError(LeakcheckError):
    """A filter that is missing, damaged, of another kind or version."""


class NetworkError(LeakcheckError):
    """A remote source could not be asked."""


def fault(error: BaseException) -> str:
    """A fault of ours in a few words, without what it says: that could hold a secret."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    name = at.tb_frame.f_code.co_filename.rpartition("/")[2] if at else ""
    kind = type(error).__name__
    if at is None:
        return said("a fault in leakcheck ({kind}): report it", kind=kind)
    return said("a fault in leakcheck ({kind} at {place}): report it", kind=kind,
                place=f"{name}:{at.tb_lineno}")  # fmt: skip
