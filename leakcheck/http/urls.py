"""http and https URLs: read, joined, and as they may be shown. Text in, text out, no I/O.

User, password and query can be secrets, and a URL that cannot be read may hold
them anywhere: of such a one nothing is shown.
"""

import re
from typing import NamedTuple
from urllib.parse import quote, unquote, urljoin

from leakcheck.errors import UsageError
from leakcheck.language import said
from leakcheck.patterns import late

PORTS = {"http": 80, "https": 443}
_URL = late(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://"
    r"(?:(?P<user>[^/?#@]*)@)?"
    r"(?P<host>\[[0-9a-f:.]+\]|[^/?#@:\[\]\\\s]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?:#.*)?",
    re.IGNORECASE | re.DOTALL,
)
_NAME = late(r"[a-z0-9._-]{1,253}", re.ASCII)
_PATH_SAFE = "/%:@!$&'()*+,;=~"
_UNREADABLE = "the URL"


class Url(NamedTuple):
    """A URL, ready to be asked for.

    Attributes:
        scheme: `http` or `https`; of a proxy, others.
        host: a name in ASCII and lower case, or an address; IPv6 without brackets.
        port: its number, also where the text leaves it out; 0 where the scheme has none.
        target: path and query, percent-encoded, from the slash on.
        user: `user:password`, or None.
    """

    scheme: str
    host: str
    port: int
    target: str
    user: str | None = None

    @property
    def authority(self) -> str:
        """Host and port as the Host field has them: no port where it is the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port in (0, PORTS.get(self.scheme)) else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """What a connection is made to."""
        return self.scheme, self.host, self.port

    @property
    def is_secure(self) -> bool:
        """Whether it is asked for over TLS."""
        return self.scheme == "https"

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def __str__(self) -> str:
        """The URL without user and password: with its query, so not to be shown."""
        return f"{self.scheme}://{self.authority}{self.target}"


def parse(text: str) -> Url:
    """An http or https URL. Raises ValueError where `text` is none."""
    url = read(text, PORTS)
    if url is None:
        raise ValueError
    return url


def parse_url(text: str) -> Url:
    """An http or https URL as a user gives it. Raises UsageError where it is none."""
    try:
        return parse(text)
    except ValueError:
        raise UsageError(said("The URL cannot be read: give it as https://host/path.")) from None


def read(text: str, ports: dict[str, int]) -> Url | None:
    """A URL of one of the schemes in `ports`, or None; ports: of each scheme, the usual port."""
    found = _URL.fullmatch(text)
    if found is None or found["scheme"].lower() not in ports:
        return None
    scheme = found["scheme"].lower()
    host = _host(found["host"])
    port = int(found["port"] or ports[scheme])
    if host is None or not 0 < port < 65536:
        return None
    target = quote(found["path"] or "/", safe=_PATH_SAFE)
    target += quote(found["query"] or "", safe=_PATH_SAFE + "?[]")
    user = unquote(found["user"]) if found["user"] else None
    return Url(scheme, host, port, target, user)


def joined(base: Url, location: str) -> Url:
    """Where a redirect from `base` leads. Raises ValueError where that cannot be read."""
    return parse(urljoin(str(base), location))


def beside(url: Url, name: str) -> Url:
    """The URL of the file `name` in the same folder; of the folder itself for an empty one."""
    return url._replace(target=f"{url.path.rpartition('/')[0]}/{quote(name)}")


def shown(text: str) -> str:
    """The URL `text` in printable ASCII, without user, password, query and fragment."""
    found = _URL.fullmatch(text)
    host = _host(found["host"]) if found else None
    if found is None or host is None:
        return _UNREADABLE
    place = f"[{host}]" if ":" in host else host
    port = f":{found['port']}" if found["port"] else ""
    path = found["path"] or ""
    if "@" in path:  # the end of a password with a slash in it looks like this
        path = ""
    return f"{found['scheme'].lower()}://{place}{port}{quote(path, safe=_PATH_SAFE)}"


def _host(text: str) -> str | None:
    """The host in ASCII and lower case, IPv6 without brackets; None where it cannot be one."""
    if text.startswith("["):
        import ipaddress

        try:
            return str(ipaddress.IPv6Address(text[1:-1]))
        except ValueError:
            return None
    if not text.isascii():
        import idna

        try:
            text = idna.encode(text, uts46=True).decode()
        except idna.IDNAError:
            return None
    text = text.lower()
    return text if _NAME.fullmatch(text) else None
