"""An earlier report, and what of it is known already.

A hit is known where the earlier report names the same source for the same
subject. A redacted report is compared by masked subject and the first five
hex digits of its digest, which it carries for that.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from leakcheck.errors import InputError
from leakcheck.language import said
from leakcheck.scanning.rows import ScanRow
from leakcheck.verdicts import SourceAnswer, Verdict

Key = tuple[str, str | None]


class EarlierReport:
    """The hits of an earlier report; only those are held."""

    def __init__(self, path: Path) -> None:
        """Read the JSON or JSON lines report at `path`; raises InputError where it is none."""
        self._known: dict[Key, frozenset[str]] = {}
        try:
            for result in _results(path):
                self._take(result)
        except OSError as error:
            raise InputError(
                said(
                    "{path}: the earlier report cannot be read: {why}.",
                    path=path,
                    why=error.strerror or "failed",
                )
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(
                said(
                    "{path}: this is not a report of leakcheck scan: name one in JSON or JSON "
                    "lines.",
                    path=path,
                )
            ) from None

    def _take(self, result: dict[str, Any]) -> None:
        names = [one["name"] for one in result["sources"] if one["verdict"] == "exposed"]
        if names and result["subject"] is not None:
            key = (str(result["subject"]).strip().casefold(), result.get("id"))
            self._known[key] = self._known.get(key, frozenset()).union(names)

    def known(self, clear: ScanRow, redacted: ScanRow) -> frozenset[str]:
        """The names of the sources that the earlier report names for a row."""
        return self._of(clear) | self._of(redacted)

    def _of(self, row: ScanRow) -> frozenset[str]:
        subject = (row.answer.subject or "").strip().casefold()
        return self._known.get((subject, row.id), frozenset())


def without(row: ScanRow, known: frozenset[str]) -> tuple[SourceAnswer, ...]:
    """The row's answers but for the hits known already."""
    return tuple(
        one
        for one in row.answer.sources
        if one.verdict is not Verdict.EXPOSED or one.name not in known
    )


def _results(path: Path) -> Iterator[dict[str, Any]]:
    """The results of a report; ours has one a line, so it is read by the line."""
    with path.open(encoding="utf-8-sig") as text:
        first = text.readline()
        head = first.strip()
        if head.startswith("{") and head.endswith('"results":['):
            if json.loads(head + "]}")["version"] != 1:
                raise ValueError
            for line in text:
                if line.startswith("]"):
                    return
                yield json.loads(line.rstrip().removesuffix(","))
            raise ValueError
        rest = text.read() if not _is_json(head) else ""
        if rest:
            yield from json.loads(first + rest)["results"]
            return
        if head:
            whole = json.loads(head)
            yield from whole.get("results", [whole])
        for line in text:
            result = json.loads(line)
            if result != {"partial": True}:
                yield result


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
