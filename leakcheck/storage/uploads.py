"""Files put into object storage: each appears under its name whole, or not at all.

Rule 1: an object that is there is replaced only where that was asked for. Up to
SINGLE bytes the store itself sees to it (If-None-Match); a larger file goes in
parts, and is looked for once more before they are joined. Rule 2: what breaks
off leaves nothing under the name, and its parts are given up, but where a log is
kept from which a later process goes on (`multipart`). Rule 3: a part
that the store does not take, or a network that is gone, is tried again for
PATIENCE: what was built took hours.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from leakcheck.errors import NetworkError, UsageError
from leakcheck.language import said
from leakcheck.storage.multipart import PartLog, PartsError, S3Upload, TakenError, s3_client
from leakcheck.storage.stores import ObjectPlace, library, opened, reason

SINGLE = 32 << 20
_PIECE = 8 << 20
_MOST_PARTS = 9_000  # stores take 10,000
_AT_ONCE = 4
PATIENCE = timedelta(minutes=4)  # a request that is repeated keeps its signature, for 5 minutes
_WAITS = timedelta(seconds=0.5), timedelta(seconds=5)
"""Before the second try, and at most; the library's own ten tries last some four seconds."""
BINARY = {"Content-Type": "application/octet-stream", "Cache-Control": "no-cache"}
"""What is said of a filter, so that nobody compresses it or keeps old pages of it."""
Tell = Callable[[int, int], None]
"""Told how many bytes are on their way, of how many."""


def check_free(url: str, force: bool) -> None:
    """Raise UsageError where nothing may be put under `url`, NetworkError where that is not told.

    Asks the store, so that wrong credentials are told before the work begins.
    """
    place = ObjectPlace.of(url)
    if not place.key or place.key.endswith("/"):
        raise UsageError(said("{url}: this is a folder: name an object.", url=url))
    if _is_there(place) and not force:
        raise _exists(url)


def check_folder(url: str, mark: str, force: bool) -> None:
    """The same for a folder of objects, which `mark` among them says is one of ours."""
    there = ObjectPlace.of(f"{url.rstrip('/')}/{mark}")
    ours = _is_there(there)
    if ours and not force:
        raise _exists(url)
    if ours:
        return
    try:
        rows: Any = library().list(
            opened(there.store), there.key.rpartition("/")[0] or None, chunk_size=1
        )
        others: list[Any] = next(iter(rows), [])
    except Exception as error:
        raise _failed(url, error) from None
    if others:
        raise UsageError(
            said("{url}: what is there was not published by leakcheck: it stays.", url=url)
        )


def put(
    url: str,
    path: Path,
    *,
    replace: bool,
    about: Mapping[str, str] = BINARY,
    tell: Tell = lambda done, total: None,
    log: Path | None = None,
) -> int:
    """Put the file at `path` under `url`; how many of its bytes were there from an earlier try.

    about: header fields that it is given out with; log: a file that says which
    parts are there, where the store has a way to go on with them; then they stay
    there when the upload breaks off. Raises UsageError where the name is taken
    and not to be replaced, NetworkError.
    """
    place = ObjectPlace.of(url)
    size = path.stat().st_size
    if size <= SINGLE:
        _put_bytes(place, url, path.read_bytes(), replace, about)
        tell(size, size)
        return 0
    if log is not None and (client := s3_client(place)) is not None:
        upload = S3Upload(
            client, place, path, _part_size(size), PartLog(log), PATIENCE.total_seconds()
        )
        try:
            return upload.run(replace=replace, about=about, tell=lambda done: tell(done, size))
        except TakenError:
            raise _exists(url) from None
        except PartsError as error:
            raise _failed(url, error) from None

    def pieces() -> Iterator[bytes]:
        done = 0
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
                done += len(piece)
                tell(done, size)

    put_pieces(url, pieces(), size, replace=replace, about=about)
    return 0


def put_pieces(
    url: str,
    pieces: Iterator[bytes],
    size: int,
    *,
    replace: bool,
    about: Mapping[str, str] = BINARY,
) -> None:
    """Put `pieces`, `size` bytes together, under `url` in parts; whole, or not at all.

    What `pieces` raises, and bytes that lack, give the upload up.
    """
    place = ObjectPlace.of(url)
    upload = _Upload(place, _part_size(size), about)
    total = 0
    try:
        for piece in pieces:
            total += len(piece)
            upload.feed(piece)
        if total != size:
            raise NetworkError(
                said("{url}: what was sent changed meanwhile: nothing is there.", url=url)
            )
        if not replace and _is_there(place):
            raise _exists(url)
        upload.finish()
    except _Broken as broken:
        raise _failed(url, broken.args[0]) from None
    except BaseException:
        upload.give_up()
        raise


class _Broken(Exception):
    """The store did not take a part; its argument is the library's error."""


class _GivenUp(Exception):
    """What makes the library take back the parts that are there."""


class _Upload:
    """An upload in parts, in a thread of its own: the library hears no interrupt, and while it
    waits for a part it takes no other question from that thread.
    """

    def __init__(self, place: ObjectPlace, part: int, about: Mapping[str, str]) -> None:
        self._pieces: queue.Queue[bytes | None] = queue.Queue(2)
        self._given_up = False
        self._error: BaseException | None = None
        put, store = library().put, _patient(place)

        def send() -> None:
            try:
                put(
                    store,
                    place.key,
                    self._fed(),
                    attributes=dict(about),
                    use_multipart=True,
                    chunk_size=part,
                    max_concurrency=_AT_ONCE,
                )
            except BaseException as error:  # also its panics
                self._error = error

        self._thread = threading.Thread(target=send, name="leakcheck-upload", daemon=True)
        self._thread.start()

    def _fed(self) -> Iterator[bytes]:
        while (piece := self._pieces.get()) is not None:
            yield piece
        if self._given_up:
            raise _GivenUp

    def feed(self, piece: bytes | None) -> None:
        """Send a piece; None: it was the last. Raises _Broken."""
        while True:
            if not self._thread.is_alive():
                raise _Broken(self._error)
            try:
                return self._pieces.put(piece, timeout=0.2)
            except queue.Full:
                continue

    def finish(self) -> None:
        """Have the parts joined. Raises _Broken."""
        self.feed(None)
        while self._thread.is_alive():
            self._thread.join(0.2)
        if self._error is not None:
            raise _Broken(self._error)

    def give_up(self) -> None:
        """Have the parts taken back."""
        self._given_up = True
        with suppress(_Broken):
            self.feed(None)
        self._thread.join(10.0)


def put_bytes(url: str, data: bytes, *, replace: bool, about: Mapping[str, str] = BINARY) -> None:
    """Put `data` under `url`. Raises as `put`."""
    _put_bytes(ObjectPlace.of(url), url, data, replace, about)


def _put_bytes(
    place: ObjectPlace, url: str, data: bytes, replace: bool, about: Mapping[str, str]
) -> None:
    obstore = library()
    from obstore.exceptions import AlreadyExistsError, PreconditionError

    try:
        obstore.put(
            _patient(place),
            place.key,
            data,
            attributes=dict(about),
            mode="overwrite" if replace else "create",
            use_multipart=False,
        )
    except (AlreadyExistsError, PreconditionError):
        raise _exists(url) from None
    except Exception as error:
        raise _failed(url, error) from None


def _part_size(size: int) -> int:
    return max(_PIECE, -(-size // _MOST_PARTS))


def _patient(place: ObjectPlace) -> Any:
    return opened(place.store, patience=(PATIENCE, *_WAITS))


def _is_there(place: ObjectPlace) -> bool:
    try:
        library().head(opened(place.store), place.key)
    except FileNotFoundError:
        return False
    except Exception as error:
        raise _failed(str(place), error) from None
    return True


def _exists(url: str) -> UsageError:
    return UsageError(said("{url}: it exists already: use --force to replace it.", url=url))


def _failed(url: str, error: BaseException) -> NetworkError:
    return NetworkError(said("{url}: it cannot be written: {why}.", url=url, why=reason(error)))
