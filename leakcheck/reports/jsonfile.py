"""JSON reports: one object with all, or one object a row.

The one object is {"version":1, ...facts, "results":[...], "summary":{...},
"partial":false}, with each result on a line of its own, so that a report of
any size can be read by the line.
"""

import json
from typing import Any, TextIO

from leakcheck.reports import Meta, Row, Summary

# Line ends to some readers, and controls to a terminal: legal in JSON as they are, but escaped.
_ESCAPED = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029)}
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def dumps(value: Any) -> str:
    """JSON on one line without spaces, letters as they are."""
    text = _encode(value)
    return text if text.isascii() else text.translate(_ESCAPED)


class JsonLinesWriter:
    """One object a row; a partial report ends in {"partial":true}."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def begin(self, meta: Meta) -> None:
        """Nothing: every line is a row."""

    def row(self, row: Row) -> None:
        """One line."""
        self._out.write((row.json or dumps(row.values)) + "\n")

    def end(self, summary: Summary) -> None:
        """Nothing, or the mark of a partial report."""
        if summary.partial:
            self._out.write('{"partial":true}\n')


class JsonWriter:
    """One object: facts, results, summary."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._before = "\n"

    def begin(self, meta: Meta) -> None:
        """The head, up to the results."""
        head = {"version": 1, "tool": meta.tool, **meta.facts}
        self._out.write(dumps(head)[:-1] + ',"results":[')

    def row(self, row: Row) -> None:
        """One result."""
        self._out.write(self._before + (row.json or dumps(row.values)))
        self._before = ",\n"

    def end(self, summary: Summary) -> None:
        """The summary."""
        tail = {"summary": summary.facts, "partial": summary.partial}
        self._out.write("\n]," + dumps(tail)[1:] + "\n")
