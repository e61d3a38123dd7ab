"""A filter file as an answer: whole, or the one span asked for, or nothing new.

Rule 1: all of an answer is read from one open file, whose size, time and inode
make the ETag: it can never carry another version's. Rule 2: of several ranges
at once, none is served but the whole file (RFC 9110, section 14.2, lets a
server ignore Range), so that no header makes much work.
"""

import os
import re
import stat
from collections.abc import Generator
from email.utils import formatdate
from pathlib import Path

from bloom import system
from leakcheck.serving.messages import HttpAnswer, HttpRequest

_ONE_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)
_AT_ONCE = 32 << 10
_TYPE = "application/octet-stream"


def file_answer(query: HttpRequest, path: Path, kind: str = _TYPE) -> HttpAnswer:
    """What `query` asks of the file at `path`; kind: its media type."""
    try:
        handle = system.open_to_read(path)
    except OSError:
        return HttpAnswer.plain("The file cannot be read.", 503)
    answer = None
    try:
        answer = _answer(query, handle, kind)
    except OSError:
        answer = HttpAnswer.plain("The file cannot be read.", 503)
    finally:
        if answer is None or answer.pieces is None:
            os.close(handle)
    return answer


def _answer(query: HttpRequest, handle: int, kind: str) -> HttpAnswer:
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        raise OSError
    fields = _validators(status) | {"Accept-Ranges": "bytes", "Cache-Control": "no-cache"}
    refusal = conditions(query, fields)
    if refusal is not None:
        return refusal
    first, last, code = 0, status.st_size - 1, 200
    if query.method == "GET" and _is_current(query, fields):
        span = span_of(query.fields.get("range", ""), status.st_size)
        if span == ():
            return HttpAnswer(416, fields | {"Content-Range": f"bytes */{status.st_size}"})
        if span:
            first, last, code = *span, 206
            fields["Content-Range"] = f"bytes {first}-{last}/{status.st_size}"
    count = last - first + 1
    fields["Content-Type"] = kind
    if query.method == "HEAD":
        return HttpAnswer(code, fields, length=count)
    if count > _AT_ONCE:
        return HttpAnswer(code, fields, pieces=_pieces(handle, first, count), length=count)
    part = system.pread(handle, count, first)
    if len(part) != count:
        raise OSError  # it was cut while it was read
    return HttpAnswer(code, fields, part)


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


def _pieces(handle: int, at: int, left: int) -> Generator[bytes, None, None]:
    try:
        while left:
            piece = system.pread(handle, min(left, _AT_ONCE), at)
            if not piece:
                raise OSError  # it was cut while it was read: the connection must break off
            left -= len(piece)
            at += len(piece)
            yield piece
    finally:
        os.close(handle)


def _validators(status: os.stat_result) -> dict[str, str]:
    etag = f'"{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ino:x}"'
    return {"ETag": etag, "Last-Modified": formatdate(status.st_mtime, usegmt=True)}


def _is_current(query: HttpRequest, fields: dict[str, str]) -> bool:
    """Whether If-Range, where it is there, names this version: else the whole file is sent."""
    return query.fields.get("if-range") in (None, fields["ETag"], fields["Last-Modified"])


def conditions(query: HttpRequest, fields: dict[str, str]) -> HttpAnswer | None:
    """304 or 412 where the request's conditions ask for it (RFC 9110, section 13.2.2)."""
    etag = fields["ETag"]

    def named(field: str) -> bool | None:
        text = query.fields.get(field)
        if text is None:
            return None
        tags = {tag.strip().removeprefix("W/") for tag in text.split(",")}
        return bool(tags & {"*", etag})

    if named("if-match") is False:
        return HttpAnswer(412, fields)
    unchanged = named("if-none-match")
    if unchanged is None and "Last-Modified" in fields:
        unchanged = query.fields.get("if-modified-since") == fields["Last-Modified"]
    return HttpAnswer(304, fields) if unchanged else None
