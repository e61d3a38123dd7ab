"""What lies in object storage: names, sizes, versions, and why a store does not answer."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from leakcheck.errors import InputError, LeakcheckError, NetworkError, UsageError
from leakcheck.http.urls import Url
from leakcheck.language import said
from leakcheck.patterns import late
from leakcheck.storage import URL

_BUCKET = late(r"[A-Za-z0-9._-]{1,255}", re.ASCII)
_SIGNED = late(
    r"\?.*\b(?:sig|X-Amz-Signature|X-Goog-Signature)=", re.ASCII | re.DOTALL | re.IGNORECASE
)
"""What a URL has that lets whoever holds it read: of Azure, of Amazon, of Google."""
_PIECE = 4 << 20


class StoredObject(NamedTuple):
    """What a store says of an object: its URL, size in bytes, when it was written, in
    nanoseconds, and a number that is another one for another content.
    """

    url: str
    size: int
    written: int
    mark: int


class ObjectPlace(NamedTuple):
    """Where an object is: `s3://bucket` and its key, as it is, not percent-encoded."""

    store: str
    key: str

    @classmethod
    def of(cls, url: str) -> "ObjectPlace":
        """What `url`, an `is_object`, names. Raises UsageError where it is none."""
        match = URL.fullmatch(url)
        if match is None or not _BUCKET.fullmatch(match["bucket"]) or _SIGNED.search(match["key"]):
            # Of which nothing is shown: people put credentials there.
            raise UsageError(
                said(
                    "The URL cannot be read: give it as s3://bucket/name, with the credentials in "
                    "the environment."
                )
            )
        return cls(f"{match['scheme'].lower()}://{match['bucket']}", match["key"])

    @classmethod
    def at(cls, url: Url) -> "ObjectPlace":
        """What the `Url` of an object names."""
        return cls(f"{url.scheme}://{url.host}", unquote(url.path[1:]))

    @property
    def as_url(self) -> Url:
        """The same for the client that asks for it."""
        scheme, _, bucket = self.store.partition("://")
        return Url(scheme, bucket, 0, "/" + quote(self.key, safe="/"))

    def __str__(self) -> str:
        return f"{self.store}/{self.key}"


def store_and_key(url: str) -> tuple[Any, str]:
    """The library's store, and the key in it. Raises UsageError."""
    place = ObjectPlace.of(url)
    return opened(place.store), place.key


def objects_at(url: str) -> tuple[list[StoredObject], bool]:
    """The objects that `url` names, and whether it is one of that very name.

    Without one, those whose names it begins, up to a slash, by name. Raises
    InputError where there is none or the store does not answer.
    """
    store, key = store_and_key(url)
    obstore = library()
    if key and not key.endswith("/"):
        try:
            return [_described(url, obstore.head(store, key))], True
        except FileNotFoundError:
            pass
        except Exception as error:
            raise _unread(url, error, InputError) from None
    try:
        prefix = key.rstrip("/") + "/" if key else None
        rows = [row for piece in obstore.list(store, prefix) for row in piece]
    except Exception as error:
        raise _unread(url, error, InputError) from None
    top = ObjectPlace.of(url).store
    found = [_described(f"{top}/{row['path']}", row) for row in rows]
    found = sorted(one for one in found if not one.url.endswith("/"))
    if not found:
        raise InputError(said("{url}: there is no such object, and none below it.", url=url))
    return found, False


def object_now(url: str) -> StoredObject | None:
    """An object as it is now; None where it is gone or the store does not answer."""
    store, key = store_and_key(url)
    try:
        return _described(url, library().head(store, key))
    except Exception:  # the store's library has many
        return None


def pieces_of(url: str) -> Iterator[bytes]:
    """An object, some megabytes at a time, of one version. Raises NetworkError."""
    store, key = store_and_key(url)
    try:
        for piece in library().get(store, key).stream(min_chunk_size=_PIECE):
            yield bytes(piece)
    except Exception as error:
        raise _unread(url, error) from None


def part_of(url: str, at: int, length: int) -> bytes:
    """`length` bytes of an object. Raises NetworkError."""
    store, key = store_and_key(url)
    try:
        return bytes(library().get_range(store, key, start=at, length=length)) if length else b""
    except Exception as error:
        raise _unread(url, error) from None


def urls_below(url: str) -> list[str]:
    """The URLs of all objects that begin so, up to the last slash of it, and with the rest.

    Raises NetworkError.
    """
    place = ObjectPlace.of(url)
    folder, slash, _ = place.key.rpartition("/")
    try:
        rows = library().list(opened(place.store), folder + slash or None)
        found = [row["path"] for piece in rows for row in piece]
    except Exception as error:
        raise _unread(url, error) from None
    return [f"{place.store}/{path}" for path in found if path.startswith(place.key)]


def remove_below(url: str) -> None:
    """Remove all objects that begin so, as far as the store lets us."""
    with suppress(NetworkError):
        for each in urls_below(url):
            store, key = store_and_key(each)
            with suppress(Exception):  # the store's library has many
                library().delete(store, key)


def _unread(
    url: str, error: Exception, kind: type[LeakcheckError] = NetworkError
) -> LeakcheckError:
    return kind(said("{url}: it cannot be read: {why}.", url=url, why=reason(error)))


@lru_cache(maxsize=16)
def opened(
    url: str, patience: tuple[timedelta, timedelta, timedelta] | None = None, **settings: Any
) -> Any:
    """The library's store of a bucket; settings: its own. Raises UsageError.

    patience: how long what fails is tried again, the first wait, and the longest.
    """
    library()
    from obstore.store import from_url

    if patience is not None:
        whole, first, most = patience
        settings["retry_config"] = {
            "max_retries": 10_000,
            "retry_timeout": whole,
            "backoff": {"init_backoff": first, "max_backoff": most, "base": 2},
        }
    try:
        return from_url(url, **settings)
    except Exception as error:
        raise UsageError(
            said("{url}: the store cannot be used: {why}.", url=url, why=reason(error))
        ) from None


def library() -> Any:
    """The library. Raises UsageError where it is not installed."""
    try:
        import obstore
    except ImportError:
        raise UsageError(
            said("Object storage is read by a library that is not here: pip install obstore.")
        ) from None
    return obstore


def reason(error: BaseException) -> str:
    """Why a store did not do something, in a few words; its own are pages long, and hold URLs."""
    name = getattr(error, "code", None) or type(error).__name__
    return _REASONS.get(name) or said("the store does not answer as it should ({name})", name=name)


_NONE = said("there is no such bucket or object")
_REASONS = {
    "PermissionDeniedError": said("access is denied"),
    "UnauthenticatedError": said("the store asks for credentials"),
    "NotFoundError": _NONE,
    "FileNotFoundError": _NONE,
    "AccessDenied": said("access is denied"),
    "403": said("access is denied"),
    "NoSuchBucket": _NONE,
    "AlreadyExistsError": said("somebody else has just written it"),
}


def _described(url: str, row: Any) -> StoredObject:
    import hashlib  # loads OpenSSL

    written = int(row["last_modified"].timestamp() * 1_000_000_000)
    tag = (row.get("e_tag") or "").strip('"')  # Azure has it in quotes, but not where it lists
    mark = hashlib.sha1(tag.encode()).digest()[:7]
    return StoredObject(url, int(row["size"]), written, int.from_bytes(mark, "big") or 1)
