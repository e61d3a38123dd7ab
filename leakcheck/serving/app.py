"""The web application: GET /, /NAME.bloom, /range/PREFIX, /healthz, and all of a published page.
It keeps no note of who asks what.

Rule 1: nothing is served but what the shelf names. Rule 2: whatever happens to
the folder, a well-formed request has an answer that says what is wrong: 503,
never 500; and no failure is told with what was asked.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import xxhash

from leakcheck.language import said
from leakcheck.serving.catalog import Shelf, describe
from leakcheck.serving.files import conditions, file_answer
from leakcheck.serving.hosts import Hosts
from leakcheck.serving.messages import HttpAnswer, HttpRequest
from leakcheck.serving.oracle import PATH, Oracle
from leakcheck.serving.padding import pad
from leakcheck.serving.stores import health, range_answer
from leakcheck.sources.range_files import read_range

BAD_PREFIX = "The hash prefix was not in a valid format"
_PREFIX = re.compile(r"[0-9A-Fa-f]{5}", re.ASCII)
_MODES = {b"": 40, b"mode=": 40, b"mode=sha1": 40, b"mode=ntlm": 32}
_METHODS = "GET, HEAD, OPTIONS"
FOR_PAGES = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Accept-Ranges, Content-Length, Content-Range, ETag, "
    "Retry-After",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "Add-Padding, If-None-Match, If-Range, Range",
    "Access-Control-Max-Age": "86400",
}
_Message = MutableMapping[str, Any]


class App:
    """The application that answers with `given`, as ASGI has it."""

    def __init__(
        self, given: Callable[[HttpRequest], HttpAnswer], hosts: Hosts, oracle: Oracle | None = None
    ) -> None:
        self._given, self._hosts, self._oracle = given, hosts, oracle
        self._told = 0.0

    async def __call__(
        self,
        scope: _Message,
        receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        found = self._answer(scope)
        pieces = found.pieces
        length = len(found.body) if found.length is None else found.length
        fields = [(name.lower().encode(), value.encode()) for name, value in found.fields.items()]
        if found.status not in (204, 304):
            fields.append((b"content-length", b"%d" % length))
        try:
            await send({"type": "http.response.start", "status": found.status, "headers": fields})
            if pieces is None:
                await send({"type": "http.response.body", "body": found.body})
                return
            for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                await asyncio.sleep(0)  # others have their turn, however fast this one reads
            await send({"type": "http.response.body"})
        except OSError:
            self._tell(said("a file was cut while it was sent"))
        finally:
            if pieces is not None:
                pieces.close()

    def _answer(self, scope: _Message) -> HttpAnswer:
        try:
            return self._routed(scope)
        except Exception as error:
            self._tell(said("a request could not be answered ({name})", name=type(error).__name__))
            return HttpAnswer.plain("This cannot be answered now.", 503)

    def _routed(self, scope: _Message) -> HttpAnswer:
        fields: dict[str, str] = {}
        for name, value in scope["headers"]:
            if name == b"host" and "host" in fields:
                return HttpAnswer.plain("A request names one host.", 400, Connection="close")
            fields[name.decode("latin-1")] = value.decode("latin-1")
        if "transfer-encoding" in fields or fields.get("content-length", "0") != "0":
            return HttpAnswer.plain("A request here has no body.", 413, Connection="close")
        host = fields.get("host")
        if host is None and scope["http_version"] != "1.0":
            return HttpAnswer.plain("A request names its host.", 400)
        if host is not None and not self._hosts.serves(host):
            return HttpAnswer.plain("This host name is not served here: see serve --name.", 421)
        query = HttpRequest(scope["method"], scope["path"], scope["query_string"], fields)
        if query.path == PATH:
            scope["query_string"] = b""  # no log holds what is asked
        if self._oracle is not None and query.method == "GET" and query.path == PATH:
            client = scope.get("client")
            found = self._oracle.answer(query, client[0] if client else "")
        else:
            found = self._given(query)
        if self._hosts.may_read(fields.get("origin")):
            found.fields |= FOR_PAGES
        return found

    def _tell(self, what: str) -> None:
        """Warn, once a second at most."""
        from leakcheck.terminal import warn

        now = time.monotonic()
        if now - self._told >= 1.0:
            self._told = now
            warn(said("{sentence}.", sentence=what))


def answer(query: HttpRequest, shelf: Shelf) -> HttpAnswer:
    """What `shelf` has for `query`."""
    if query.method not in ("GET", "HEAD", "OPTIONS"):
        return HttpAnswer.plain("Method Not Allowed", 405, Allow=_METHODS)
    if query.method == "OPTIONS":
        return HttpAnswer(204, {"Allow": _METHODS} | _PREFLIGHT)
    name = query.path[1:]
    if shelf.site is not None:
        found = shelf.site.file(name)
        if found is not None:
            given = file_answer(query, *found)
            given.fields |= shelf.site.fields(name)
            return given
    if not name:
        return _index(shelf)
    if name == "healthz":
        return health(shelf.stores)
    if name.startswith("range/") and "/" not in name[6:]:
        return _range(query, name[6:], shelf)
    path = shelf.filter(name) or shelf.sidecar(name)
    if path is None:
        return HttpAnswer.plain("There is no such filter here.", 404)
    return file_answer(query, path)


def _index(shelf: Shelf) -> HttpAnswer:
    try:
        lines = describe(shelf)
    except OSError:
        return HttpAnswer.plain("The folder that is served cannot be read.", 503)
    return HttpAnswer.plain("".join(f"{line}\n" for line in lines))


def _range(query: HttpRequest, prefix: str, shelf: Shelf) -> HttpAnswer:
    """A range of the Pwned Passwords API."""
    if not _PREFIX.fullmatch(prefix):
        return HttpAnswer.plain(BAD_PREFIX, 400)
    digits = _MODES.get(query.query)
    if digits is None:
        mode = dict(parse_qsl(query.query[:1000], keep_blank_values=True)).get(b"mode", b"")
        digits = _MODES.get(b"mode=" + mode)
    if digits is None:
        return HttpAnswer.plain("The mode is sha1 or ntlm", 400)
    store = shelf.stores.get(digits)
    if store is not None:
        return range_answer(query, int(prefix, 16), store)
    if shelf.folder is None:
        return HttpAnswer.plain("Ranges of this mode are not kept here", 503)
    folder = shelf.ranges.get(digits)
    try:
        if folder is None:
            raise FileNotFoundError
        body = read_range(folder, prefix).strip()
    except FileNotFoundError:  # no 404: there are clients that would take it for "not found, good"
        return HttpAnswer.plain("This range is not kept here", 501)
    except (OSError, ValueError):
        return HttpAnswer.plain("This range cannot be read", 503)
    if query.fields.get("add-padding", "").lower() == "true":
        return HttpAnswer.plain(pad(body, digits - 5), Cache_Control="no-store")
    fields = {"ETag": f'"{xxhash.xxh3_128_hexdigest(body)}"'}
    fields["Cache-Control"] = "public, max-age=86400"
    unchanged = conditions(query, fields)
    if unchanged is not None:
        return unchanged
    found = HttpAnswer.plain(body)
    found.fields |= fields
    return found
