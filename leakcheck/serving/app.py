"""The web application: GET /, /NAME.bloom, /range/PREFIX. It keeps no note of who asks what.

Rule 1: nothing is served but what the shelf names. Rule 2: whatever happens to
the folder, a well-formed request has an answer that says what is wrong: 503,
never 500; and no failure is told with what was asked.
"""

import hashlib
import re

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leakcheck.serving.catalog import Shelf, describe
from leakcheck.serving.files import conditions, file_answer
from leakcheck.serving.padding import pad
from leakcheck.sources.range_files import read_range

BAD_PREFIX = "The hash prefix was not in a valid format"
_PREFIX = re.compile(r"[0-9A-Fa-f]{5}")
_MODES = {None: 40, "": 40, "sha1": 40, "ntlm": 32}


def make_app(shelf: Shelf) -> ASGIApp:
    """The application that serves `shelf`."""

    async def index(request: Request) -> Response:
        try:
            lines = await run_in_threadpool(describe, shelf)
        except OSError:
            return PlainTextResponse("The folder that is served cannot be read.", 503)
        return PlainTextResponse("".join(f"{line}\n" for line in lines))

    async def one_filter(request: Request) -> Response:
        path = await run_in_threadpool(shelf.filter, request.path_params["name"])
        if path is None:
            return PlainTextResponse("There is no such filter here.", 404)
        return await run_in_threadpool(file_answer, request, path)

    async def one_range(request: Request) -> Response:
        return await run_in_threadpool(_range, request, shelf)

    return _Unfailing(
        Starlette(
            routes=[
                Route("/", index),
                Route("/range/{prefix}", one_range),
                Route("/{name}", one_filter),
            ]
        )
    )


class _Unfailing:
    """The application, whose failures end the answer at most, and are told without the request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                # An unforeseen failure is answered with 500 before it is raised: it has a reason.
                if message["status"] == 500:
                    return
                started = True
            if started:
                await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            from leakcheck.terminal import warn

            warn(f"a request could not be answered ({type(error).__name__}).")
            if not started:
                answer = PlainTextResponse("This cannot be answered now.", 503)
                await answer(scope, receive, send)


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
    except FileNotFoundError:  # no 404: there are clients that would take it for "not found, good"
        return PlainTextResponse("This range is not kept here", 501)
    except (OSError, ValueError):
        return PlainTextResponse("This range cannot be read", 503)
    if request.headers.get("add-padding", "").lower() == "true":
        padded = pad(body, digits - 5)
        return PlainTextResponse(padded, headers={"Cache-Control": "no-store"})
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "public, max-age=86400"}
    return conditions(request, headers) or PlainTextResponse(body, headers=headers)
