"""For whom the server answers: the hosts it is called by, and the pages that may read it.

Rule 1: a name that it does not serve is refused. A page on the web could else
have its own name lead to this machine (DNS rebinding) and ask what only this
machine may; an address cannot be led astray so. Rule 2: pages of any origin
may read what is served to everybody; what is served to this machine alone, only
pages of this machine.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?", re.ASCII)
_ORIGIN = re.compile(r"https?://(.*)", re.ASCII)


class Hosts:
    """The host names that are served, and whether only this machine can reach the server."""

    def __init__(self, address: str, names: Iterable[str] = (), *, proved: bool = False) -> None:
        """address: what is listened at; names: those it is to be called by; proved: whether a
        certificate proves its name to each client, so that no other can lead there.
        """
        self._proved = proved
        self.local = is_loopback(address)
        given = {address, *names} if self.local else {address, socket.gethostname(), *names}
        self._names = {name.lower() for name in given}

    def serves(self, host: str) -> bool:
        """Whether a request that names `host`, perhaps with a port, is answered."""
        name = _name(host)
        if name is None:
            return False
        return self._proved or name in self._names or _is_here(name) or _is_address(name)

    def may_read(self, origin: str | None) -> bool:
        """Whether a page of `origin`, None for no page, may read answers."""
        if origin is None or not self.local:
            return True
        match = _ORIGIN.fullmatch(origin.lower())
        name = _name(match[1]) if match else None
        return name is not None and (_is_here(name) or (_is_address(name) and is_loopback(name)))


def is_loopback(address: str) -> bool:
    """Whether `address` is one of this machine that no other can reach."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _name(host: str) -> str | None:
    match = _HOST.fullmatch(host.lower())
    return match[1].strip("[]").removesuffix(".") if match else None


def _is_here(name: str) -> bool:
    """Whether a name always means this machine (RFC 6761, section 6.3)."""
    return name == "localhost" or name.endswith(".localhost")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
