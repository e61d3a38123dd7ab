"""JSON reports: one object with all, or one object a row.

The one object is {"version":1, ...facts, "results":[...], "summary":{...},
"partial":false}, with each result on a line of its own, so that a report of
any size can be read by the line.
"""

from typing import TextIO

from leakcheck.reports import Meta, ReportRow, RowBatch, Summary, Written
from leakcheck.wording import json_text


def _result(row: ReportRow) -> str:
    return row.json or json_text(row.values)


class JsonLinesWriter:
    """One object a row; a partial report ends in {"partial":true}.

    Where the time of the scan is known, each object ends in it.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def begin(self, meta: Meta) -> None:
        """Nothing: every line is a row."""
        scanned = meta.facts.get("scanned")
        self._end = "}\n" if scanned is None else f',"scanned":{json_text(scanned)}}}\n'

    def row(self, row: ReportRow) -> None:
        """One line."""
        self._out.write(self._line(row))

    def rows(self, rows: RowBatch) -> None:
        """Several lines."""
        for one in rows.pieces(self._line, "json"):
            self._out.write(one.text if isinstance(one, Written) else self._line(one))

    def _line(self, row: ReportRow) -> str:
        return _result(row)[:-1] + self._end

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
        self._out.write(json_text(head)[:-1] + ',"results":[')

    def row(self, row: ReportRow) -> None:
        """One result."""
        self._out.write(self._before + _result(row))
        self._before = ",\n"

    def rows(self, rows: RowBatch) -> None:
        """Several results."""
        for one in rows.pieces(lambda row: f",\n{_result(row)}", "json"):
            if not isinstance(one, Written):
                self.row(one)
            elif one.text:
                self._out.write(self._before + one.text[2:])
                self._before = ",\n"

    def end(self, summary: Summary) -> None:
        """The summary."""
        tail = {"summary": summary.facts, "partial": summary.partial}
        self._out.write("\n]," + json_text(tail)[1:] + "\n")
