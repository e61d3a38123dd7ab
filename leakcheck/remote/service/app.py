"""The web application: GET /, /NAME.bloom, /range/PREFIX. It keeps no note of who asks what.

Rule 1: a page request is read from one open file, whose size, time and inode
make the ETag: it can never carry another version's ETag. Rule 2: nothing is
served but what the shelf names.
"""

import hashlib
import os
import re
from email.utils import formatdate
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from leakcheck.remote.corpus.blocks import read_range
from leakcheck.remote.service.padding import pad
from leakcheck.remote.service.shelf import Shelf, describe

BAD_PREFIX = "The hash prefix was not in a valid format"
_PREFIX = re.compile(r"[0-9A-Fa-f]{5}")
_MODES = {None: 40, "": 40, "sha1": 40, "ntlm": 32}
_ONE_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{1,18})", re.ASCII)
_MOST_AT_ONCE = 1 << 20


def make_app(shelf: Shelf) -> Starlette:
    """The application that serves `shelf`."""

    async def index(request: Request) -> Response:
        lines = await run_in_threadpool(describe, shelf)
        return PlainTextResponse("".join(f"{line}\n" for line in lines))

    async def one_filter(request: Request) -> Response:
        path = await run_in_threadpool(shelf.filter, request.path_params["name"])
        if path is None:
            return PlainTextResponse("There is no such filter here.", 404)
        return await run_in_threadpool(_file, request, path)

    async def one_range(request: Request) -> Response:
        return await run_in_threadpool(_range, request, shelf)

    return Starlette(
        routes=[
            Route("/", index),
            Route("/range/{prefix}", one_range),
            Route("/{name}", one_filter),
        ]
    )


def _file(request: Request, path: Path) -> Response:
    """A filter, or the part of it asked for."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            headers = _validators(status) | {
                "Accept-Ranges": "bytes",
                "Cache-Control": "no-cache",
            }
            refusal = _conditions(request, headers)
            if refusal is not None:
                return refusal
            span = _ONE_RANGE.fullmatch(request.headers.get("range", ""))
            wanted = request.headers.get("if-range")
            if span is None or wanted not in (None, headers["ETag"], headers["Last-Modified"]):
                return FileResponse(
                    path, headers=headers, stat_result=status, media_type="application/octet-stream"
                )
            first, last = int(span[1]), min(int(span[2]), status.st_size - 1)
            if first >= status.st_size:
                headers["Content-Range"] = f"bytes */{status.st_size}"
                return Response(status_code=416, headers=headers)
            if last < first or last - first >= _MOST_AT_ONCE:
                return FileResponse(
                    path, headers=headers, stat_result=status, media_type="application/octet-stream"
                )
            file.seek(first)
            part = file.read(last - first + 1)
    except OSError:
        return PlainTextResponse("The filter cannot be read.", 503)
    headers["Content-Range"] = f"bytes {first}-{last}/{status.st_size}"
    return Response(part, 206, headers, "application/octet-stream")


def _range(request: Request, shelf: Shelf) -> Response:
    """A range of the Pwned Passwords API."""
    prefix = request.path_params["prefix"]
    digits = _MODES.get(request.query_params.get("mode"))
    if not _PREFIX.fullmatch(prefix):
        return PlainTextResponse(BAD_PREFIX, 400)
    if digits is None:
        return PlainTextResponse("The mode is sha1 or ntlm", 400)
    folder = shelf.ranges.get(digits)
    try:
        if folder is None:
            raise FileNotFoundError
        body = read_range(folder, prefix.upper()).strip()
    except FileNotFoundError:
        return PlainTextResponse("This range is not kept here", 404)
    except (OSError, ValueError):
        return PlainTextResponse("This range cannot be read", 503)
    if request.headers.get("add-padding", "").lower() == "true":
        padded = pad(body, digits - 5)
        return PlainTextResponse(padded, headers={"Cache-Control": "no-store"})
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "public, max-age=86400"}
    return _conditions(request, headers) or PlainTextResponse(body, headers=headers)


def _validators(status: os.stat_result) -> dict[str, str]:
    etag = f'"{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ino:x}"'
    return {"ETag": etag, "Last-Modified": formatdate(status.st_mtime, usegmt=True)}


def _conditions(request: Request, headers: dict[str, str]) -> Response | None:
    """304 or 412 where the request's conditions ask for it (RFC 9110, section 13.2.2)."""
    etag = headers["ETag"]

    def named(field: str) -> bool | None:
        text = request.headers.get(field)
        if text is None:
            return None
        tags = {tag.strip().removeprefix("W/") for tag in text.split(",")}
        return bool(tags & {"*", etag})

    if named("if-match") is False:
        return Response(status_code=412, headers=headers)
    unchanged = named("if-none-match")
    if unchanged is None and "Last-Modified" in headers:
        unchanged = request.headers.get("if-modified-since") == headers["Last-Modified"]
    return Response(status_code=304, headers=headers) if unchanged else None
