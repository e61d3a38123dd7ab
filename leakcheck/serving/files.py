"""A filter file as an answer: whole, or the one span asked for, or nothing new.

Rule 1: all of an answer is read from one open file, whose size, time and inode
make the ETag: it can never carry another version's. Rule 2: of several ranges
at once, none is served but the whole file (RFC 9110, section 14.2, lets a
server ignore Range), so that no header makes much work.
"""

import os
import re
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import BinaryIO

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

_ONE_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)
_AT_ONCE = 1 << 18
_TYPE = "application/octet-stream"


def file_answer(request: Request, path: Path) -> Response:
    """What `request` asks of the file at `path`."""
    try:
        file = path.open("rb")
    except OSError:
        return PlainTextResponse("The filter cannot be read.", 503)
    handed_over = False
    try:
        answer = _answer(request, file)
        handed_over = isinstance(answer, StreamingResponse)
    except OSError:
        return PlainTextResponse("The filter cannot be read.", 503)
    finally:
        if not handed_over:
            file.close()
    return answer


def _answer(request: Request, file: BinaryIO) -> Response:
    status = os.fstat(file.fileno())
    headers = _validators(status) | {"Accept-Ranges": "bytes", "Cache-Control": "no-cache"}
    refusal = conditions(request, headers)
    if refusal is not None:
        return refusal
    first, last, code = 0, status.st_size - 1, 200
    if request.method == "GET" and _is_current(request, headers):
        span = span_of(request.headers.get("range", ""), status.st_size)
        if span == ():
            headers["Content-Range"] = f"bytes */{status.st_size}"
            return Response(status_code=416, headers=headers)
        if span:
            first, last, code = *span, 206
            headers["Content-Range"] = f"bytes {first}-{last}/{status.st_size}"
    count = last - first + 1
    headers["Content-Length"] = str(count)
    if request.method == "HEAD":
        return Response(b"", code, headers, _TYPE)
    file.seek(first)
    if count > _AT_ONCE:
        return StreamingResponse(_pieces(file, count), code, headers, _TYPE)
    part = file.read(count)
    if len(part) != count:
        raise OSError  # it was cut while it was read
    return Response(part, code, headers, _TYPE)


def span_of(text: str, size: int) -> tuple[int, int] | tuple[()] | None:
    """The first and last byte that a Range header names of `size` bytes.

    Empty where the file has none of them; None where the header is to be
    ignored: it is malformed, or names several ranges.
    """
    match = _ONE_RANGE.fullmatch(text)
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":  # the last so many
        return (max(0, size - int(match[2])), size - 1) if int(match[2]) and size else ()
    first, last = int(match[1]), int(match[2] or size)
    if match[2] and last < first:
        return None
    return (first, min(last, size - 1)) if first < size else ()


def _pieces(file: BinaryIO, left: int) -> Iterator[bytes]:
    with file:
        while left:
            piece = file.read(min(left, _AT_ONCE))
            if not piece:
                raise OSError  # it was cut while it was read: the connection must break off
            left -= len(piece)
            yield piece


def _validators(status: os.stat_result) -> dict[str, str]:
    etag = f'"{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ino:x}"'
    return {"ETag": etag, "Last-Modified": formatdate(status.st_mtime, usegmt=True)}


def _is_current(request: Request, headers: dict[str, str]) -> bool:
    """Whether If-Range, where it is there, names this version: else the whole file is sent."""
    return request.headers.get("if-range") in (None, headers["ETag"], headers["Last-Modified"])


def conditions(request: Request, headers: dict[str, str]) -> Response | None:
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
