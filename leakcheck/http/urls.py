"""URLs as they may be shown. Text in, text out, no I/O.

User, password and query can be secrets, and a URL that cannot be read may hold
them anywhere: of such a one nothing is shown.
"""

import re
from urllib.parse import quote

_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://"
    r"(?:[^/?#@\s]*@)?"
    r"(?P<host>\[[0-9a-f:.]+\]|[^/?#@:\[\]\\\s]+)(?P<port>:[0-9]{1,5})?"
    r"(?P<path>/[^?#@\\]*)?(?:[?#].*)?",
    re.IGNORECASE | re.DOTALL,
)
_UNREADABLE = "the URL"


def shown(url: str) -> str:
    """`url` in printable ASCII, without user, password, query and fragment."""
    found = _URL.fullmatch(url)
    if found is None:
        return _UNREADABLE
    scheme, host, port, path = found.group("scheme", "host", "port", "path")
    try:
        host = host.lower() if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return _UNREADABLE
    if not host.isprintable():
        return _UNREADABLE
    return f"{scheme.lower()}://{host}{port or ''}{quote(path or '', safe='/%:~!$&()*+,;=')}"
