"""CSV and TSV fixtures: the columns whose header is the name of a password."""

import csv
import io

from leakcheck.ci.text import Text, shown


def read(text: Text) -> None:
    """Add the candidates of a delimited file with a header."""
    head = shown(text.data[: text.line_end(0)])
    delimiter = max("\t;,|", key=head.count)
    rows = csv.reader(io.StringIO(shown(text.data), newline=""), delimiter=delimiter)
    try:
        header = next(rows, [])
        wanted = [at for at, name in enumerate(header) if text.names.like(name)]
        line = rows.line_num
        for row in rows if wanted else ():
            for at in wanted:
                if at < len(row):
                    _add(text, header[at], row[at], line + 1)
            line = rows.line_num
    except csv.Error:
        return


def _add(text: Text, name: str, value: str, line: int) -> None:
    start = text.offset_of_line(line)
    raw = value.encode("utf-8", "surrogateescape")
    at = text.data.find(raw, start, text.line_end(start)) if raw else -1
    text.add(at if at >= 0 else start, name, value, "csv")
