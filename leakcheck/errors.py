"""What leakcheck cannot do, as a tree; every message is one sentence that says what to do.

LeakcheckError            exit status 2
 ├── UsageError           the command was asked in a way it cannot answer
 ├── SubjectError         a subject that cannot be accepted, and why
 ├── InputError           a dump or list that cannot be read, or holds nothing
 ├── FilterError          a filter that is missing, damaged or of the wrong kind
 └── NetworkError         a source that could not be asked

No message holds a password, an address or a digest.
"""


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
    place = f" at {name}:{at.tb_lineno}" if at else ""
    return f"a fault in leakcheck ({type(error).__name__}{place}): report it"
