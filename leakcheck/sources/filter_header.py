"""What a filter's header says: its kind, its source, what its keys are made of.

What the engine raises comes out as FilterError, with the name of the file.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import bloom
from bloom import Header
from leakcheck.errors import FilterError
from leakcheck.language import said
from leakcheck.subject import tables
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import SourceInfo

if TYPE_CHECKING:
    from leakcheck.subject.identity import Identity


@contextmanager
def filter_errors(name: str) -> Iterator[None]:
    """Turn what the engine and the system raise into FilterError on the filter `name`."""
    try:
        yield
    except bloom.BloomError as error:
        told = str(error).removeprefix(f"{os.path.basename(name)}: ")  # noqa: PTH119
        raise FilterError(
            told if told.startswith(name) else said("{name}: {told}", name=name, told=told)
        ) from None
    except FileNotFoundError:
        raise FilterError(said("{name}: there is no such file.", name=name)) from None
    except OSError as error:
        raise FilterError(
            said("{name}: it cannot be read: {why}.", name=name, why=error.strerror or "failed")
        ) from None


def parse_header(page: bytes, name: str) -> Header:
    """The header in a filter's first 4,096 bytes; FilterError where it is none."""
    with filter_errors(name):
        return bloom.decode_header(page)


def kind_of(header: Header, name: str) -> Kind:
    """The kind of a filter's keys; FilterError where it says none or one that does not fit."""
    try:
        kind = Kind(str(header.about.get("kind")))
    except ValueError:
        raise FilterError(
            said("{name}: the filter does not say which kind of subject it holds.", name=name)
        ) from None
    identity = identity_of(header, kind, name)
    wanted = identity.digest_bytes if identity else kind.digest_bytes
    if wanted != header.digest_bytes:
        whose = "identity" if identity else "kind"
        raise FilterError(
            said(
                "{name}: the filter's digests have the wrong length for its {whose}.",
                name=name,
                whose=whose,
            )
        )
    return kind


def identity_of(header: Header, kind: Kind, name: str) -> "Identity | None":
    """What a filter's keys are made of, None for the plain digest; FilterError as `kind_of`."""
    if "identity" not in header.about:
        return None
    from leakcheck.sources.oracle import oracle_url
    from leakcheck.subject.identity import identity_in

    found = identity_in(header.about, kind, name)
    if found is not None and found.seal is not None:
        try:
            oracle_url(found.seal.url)
        except ValueError as error:
            raise FilterError(
                said(
                    "{name}: the filter's identity cannot be used: {error}.", name=name, error=error
                )
            ) from None
    return found


def source_info(header: Header, fallback: str) -> SourceInfo:
    """The source that a header describes; `fallback` names it where it has no name."""

    def text(field: str) -> str | None:
        value = header.about.get(field)
        return value if isinstance(value, str) and value else None

    kind = kind_of(header, fallback)
    return SourceInfo(
        name=text("name") or fallback,
        kind=kind,
        date=text("date"),
        url=text("url"),
        note=text("note"),
        keys=header.keys,
        fpr=header.fpr,
        incomplete=_says(header.about.get("incomplete")),
        tables=tables.recorded(header.about.get("tables")) if kind.has_domains else None,
        identity=identity_of(header, kind, fallback),
        data=_data(text("data")),
    )


def _data(said: str | None) -> tuple[str, ...] | None:
    """What leaked, as a header says it; None where it does not."""
    return tuple(word.strip() for word in said.split(",")) if said else None


def _says(value: object) -> bool:
    """Whether a member of `about` says yes: anything but false, null and its absence."""
    return value is not None and value is not False


def info_json(header: Header) -> dict[str, Any]:
    """The object that `info --json` prints."""
    return {
        "version": 1,
        "keys": header.keys,
        "pages": header.pages,
        "hashes": header.hashes,
        "fpr": header.fpr,
        "bytes": header.file_bytes,
        "id": header.id,
        "reveals_bits": round(header.reveals_bits, 2),
        "about": dict(header.about),
    } | ({} if header.held == header.pages else {"first": header.first, "held": header.held})


def about(kind: Kind, **fields: str | None) -> Mapping[str, Any]:
    """The `about` object of a filter: its kind, the fields that were given, and, where its keys
    depend on them, the versions of the tables that this leakcheck has.
    """
    found: dict[str, Any] = {"kind": kind.value}
    found |= {name: value for name, value in fields.items() if value}
    return found | ({"tables": tables.current().record()} if kind.has_domains else {})


def joined_tables(sides: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a filter of the keys of several says of tables: the oldest of theirs.

    sides: their `about`. Nothing where one of them says nothing.
    """
    if not all("tables" in side for side in sides):
        return {}
    return {"tables": tables.oldest(tables.recorded(side["tables"]) for side in sides).record()}
