"""The fast path: a plain request for a range of a store, answered as soon as it is read.

A request goes through a parser, a task and an application; for a range that is
most of its cost. So the request that clients send a million times, spelled as
they spell it, is answered here, by the same bytes.

Rule: what is not exactly such a request, or cannot be answered with 200, goes
the long way. So nothing is decided here that is not decided there.
"""

import re
from collections.abc import Mapping, Sequence

from leakcheck.errors import FilterError
from leakcheck.serving.hosts import Hosts
from leakcheck.serving.messages import PLAIN
from leakcheck.serving.stores import CACHED, OWN, ServedStore

_ASKED = re.compile(
    rb"GET /range/([0-9A-Fa-f]{5})(?:\?mode=(?:sha1|(ntlm)))? HTTP/1\.1\r\n"
)  # and then fields
_FIELD = re.compile(rb"([A-Za-z-]{1,40}):[ \t]*([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)[ \t]*\r\n")
_LONGEST = 2048
_WITHOUT_EFFECT = frozenset(
    (b"accept", b"accept-charset", b"accept-encoding", b"accept-language", b"cache-control",
     b"hibp-api-key", b"pragma", b"user-agent")
)  # fmt: skip
Fields = Sequence[tuple[bytes, bytes]]


class Quick:
    """Answers for stores, by the digits of their digests."""

    def __init__(
        self, stores: Mapping[int, ServedStore], hosts: Hosts, fields: Mapping[str, str]
    ) -> None:
        """fields: of every answer that a page of any origin may read."""
        self._stores, self._hosts = stores, hosts
        own = {"content-type": PLAIN, **{name.lower(): value for name, value in fields.items()}}
        self._own = "".join(f"{name}: {value}\r\n" for name, value in own.items()).encode()
        self._given: Fields | None = None
        self._heads = [(b"", b""), (b"", b"")]  # of a store, and of a list of its maker's own

    def answer(self, data: bytes, known: "Known", given: Fields) -> bytes | None:
        """The whole answer to a whole request; None where it goes the long way.

        known: what the fields of this connection mean; given: those of every answer.
        """
        asked = _ASKED.match(data)
        if asked is None or not known.take(data[asked.end() :], self._hosts):
            return None
        store = self._stores.get(32 if asked[2] else 40)
        if store is None:
            return None
        if given is not self._given:
            self._begin(given)
        try:
            found = store.packed(int(asked[1], 16))
            plain, padded = self._heads[store.own]
            if known.padded or not found.hashes:
                return store.answer(found, padded, padded=True)
            return store.answer(found, plain % found.check)
        except FilterError:
            return None

    def _begin(self, given: Fields) -> None:
        """Make the heads anew: the date has changed."""
        self._given = given
        each = b"".join(b"%b: %b\r\n" % field for field in given)
        marks = ("", *(f"{name.lower()}: {value}\r\n" for name, value in OWN.items()))
        self._heads = [self._head(each + mark.encode()) for mark in marks]

    def _head(self, each: bytes) -> tuple[bytes, bytes]:
        """The heads of a plain answer, where its mark is open, and of a padded one."""
        head = b"HTTP/1.1 200 OK\r\n%b%b" % (
            each.replace(b"%", b"%%"),
            self._own.replace(b"%", b"%%"),
        )
        cached = CACHED.encode()
        plain = head + b'etag: "%016x"\r\ncache-control: ' + cached + b"\r\ncontent-length: "
        return plain, head % () + b"cache-control: no-store\r\ncontent-length: "


class Known:
    """The fields that a connection sent last, and what they mean: clients repeat them."""

    __slots__ = ("_fields", "_plain", "padded")

    def __init__(self) -> None:
        self._fields, self._plain, self.padded = b"", False, False

    def take(self, fields: bytes, hosts: Hosts) -> bool:
        """Whether a request of these fields is plain: all of it there, nothing behind it."""
        if fields != self._fields:
            self._fields, self.padded = fields, False
            self._plain = len(fields) <= _LONGEST and self._read(fields, hosts)
        return self._plain

    def _read(self, fields: bytes, hosts: Hosts) -> bool:
        at, end, named = 0, len(fields) - 2, False
        while at < end:
            field = _FIELD.match(fields, at)
            if field is None:
                return False
            at, name, value = field.end(), field[1].lower(), field[2].lower()
            if name == b"host":
                if named or not hosts.serves(value.decode()):
                    return False
                named = True
            elif name == b"add-padding":
                self.padded = value == b"true"
            elif name == b"connection":
                if value != b"keep-alive":
                    return False
            elif name not in _WITHOUT_EFFECT:
                return False
        return named and fields[at:] == b"\r\n"
