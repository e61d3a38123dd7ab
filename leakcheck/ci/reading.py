"""From the bytes of one file to its candidates: which reader reads what.

Rule 1: a cheap test on the bytes comes first: most files hold no name to look
at and no URL with a password. Rule 2: a reader that fails leaves the file to
the universal one; no file stops the run. Rule 3: what is no text raises
NotTextError: it is never a file without passwords.
"""

from importlib import import_module

from leakcheck.ci.candidate import Candidate
from leakcheck.ci.names import Names
from leakcheck.ci.readers import commands, families, urls
from leakcheck.ci.readers.families import Family, family_of
from leakcheck.ci.readers.universal import name_at, scan
from leakcheck.ci.text import NotTextError, Text, TooManyError, decoded, shown

_READERS = {
    families.YAML: "yaml_events",
    families.JSON: "json_tokens",
    families.TOML: "toml_lines",
    families.SQL: "sql",
    families.XML: "xml_config",
    families.HCL: "hcl",
    families.CSV: "csv_columns",
    families.ACCOUNTS: "accounts",
}
LONGEST_PARSED = 10_000_000
"""Longer texts are read by the line: a parser needs a hundred times their size."""


def read_file(
    data: bytes,
    path: str,
    names: Names,
    *,
    comments: bool = False,
    trace: bool = False,
    ignorable: bool = True,
    family: Family | None = None,
) -> list[Candidate]:
    """The candidates in a file's bytes; none where it is of no family.

    family: what to read it as, by default what its path says. Raises
    NotTextError where it is binary, and TooManyError where there is more to
    look at than anyone waits for.
    """
    family = family or family_of(path)
    if family is None:
        return []
    data = decoded(data)
    if family is families.PLAIN:
        family = families.of_script(data)
    in_code = family is families.CODE and not trace
    text = Text(
        data, path, names, comments=comments, trace=trace, in_code=in_code, ignorable=ignorable
    )
    if not _worth_reading(text, family):
        return []
    return _read(text, family)


def read_held(raw: bytes, name: str, within: Text) -> list[Candidate]:
    """The candidates in a file that stands, encoded, in a value of another."""
    family = family_of(name) or families.PLAIN
    if name.startswith(".docker"):
        family = families.JSON
    if family is families.PROSE:
        return []
    try:
        text = Text(
            decoded(raw), within.path, within.names,
            comments=within.comments, ignorable=within.ignorable,
        )  # fmt: skip
    except NotTextError:
        return []  # a key, a certificate: encoded because it is no text
    return _read(text, family)


def _worth_reading(text: Text, family: Family) -> bool:
    """The cheap test: whether there can be a candidate."""
    return (
        (bool(text.hits) and (text.trace or _named(text)))
        or family is families.ACCOUNTS
        or urls.present(text.low)
        or commands.present(text.low, family)
    )


def _named(text: Text) -> bool:
    """Whether a name to look at stands anywhere: parsers are slow, and most hits are none."""
    for at in text.hits:
        first, last = name_at(text.data, at, 0, len(text.data))
        name = shown(text.data[first:last]).strip("-.")
        like = text.names.like
        if like(name) or like(name.removesuffix("s")) or name.lower() == "secret":
            return True
    return False


def _read(text: Text, family: Family) -> list[Candidate]:
    """The candidates of a text, in the order in which they stand."""
    text.read_held = read_held
    urls.read(text, family)
    commands.read(text, family)
    if family not in _READERS or len(text.data) > LONGEST_PARSED:
        scan(text, family)
    else:
        try:
            import_module(f"leakcheck.ci.readers.{_READERS[family]}").read(text)
        except TooManyError:
            raise
        except Exception:
            # a file made to break a parser must not hide what stands in it
            scan(text, family)
    return sorted(text.found, key=lambda found: (found.line, found.column))
