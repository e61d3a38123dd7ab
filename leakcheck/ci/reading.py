"""From the bytes of one file to its candidates: which reader reads what.

Rule 1: a cheap test on the bytes comes first: most files hold no name to look
at and no URL with a password. Rule 2: a reader that fails leaves the file to
the universal one; no file stops the run. Rule 3: what is no text raises
NotTextError: it is never a file without passwords.
"""

from importlib import import_module

from leakcheck.ci.candidate import Candidate
from leakcheck.ci.names import Names
from leakcheck.ci.readers import families
from leakcheck.ci.readers.families import Family, family_of
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
    families.PROPERTIES: "properties",
    families.PROSE: "prose",
    families.NOTEBOOK: "notebook",
}
_TOLD = frozenset(("code", "json", "yaml", "toml", "xml", "hcl", "prose", "plain", "sql"))
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
    elif family is families.OTHER:
        family = families.of_content(data)
    text = Text(
        data, path, names, comments=comments, trace=trace, ignorable=ignorable,
        in_code=family is families.CODE and not trace, suffix=families.suffix_of(path),
    )  # fmt: skip
    if not _worth_reading(text, family):
        return []
    return _read(text, family)


def read_held(raw: bytes, name: str, within: Text) -> list[Candidate]:
    """The candidates in a file that stands, encoded, in a value of another."""
    family = family_of(name) or families.PLAIN
    if name.startswith(".docker"):
        family = families.JSON
    if family in (families.PROSE, families.MARKUP):
        return []
    try:
        text = _within(within, decoded(raw), families.suffix_of(name))
    except NotTextError:
        return []  # a key, a certificate: encoded because it is no text
    return _read(text, family)


def read_part(text: Text, start: int, end: int, family: Family, suffix: str) -> None:
    """Add to a text the candidates of a part of it, from the start of a line on."""
    part = _within(text, text.data[start:end], suffix)
    text.adopt(_read(part, family), text.line_of(start) - 1)


def read_lines(text: Text, lines: list[tuple[int, str]], family: Family, suffix: str) -> None:
    """Add to a text the candidates of lines that stand, each, in a value at an offset."""
    joined = b"".join(line.encode("utf-8", "surrogatepass") for _, line in lines)
    starts = [at for at, line in lines for _ in range(max(1, line.count("\n")))]
    for found in _read(_within(text, joined, suffix), family):
        at = starts[min(found.line, len(starts)) - 1]
        text.add(
            at, found.key, found.password, found.reader, skip=found.skip,
            comment=found.comment, again=True,
        )  # fmt: skip


def _within(text: Text, data: bytes, suffix: str) -> Text:
    """A text of its own for what another one holds."""
    part = Text(
        data, text.path, text.names, comments=text.comments, trace=text.trace,
        ignorable=text.ignorable, suffix=suffix,
    )  # fmt: skip
    part.in_prose = text.in_prose
    return part


def _worth_reading(text: Text, family: Family) -> bool:
    """The cheap test: whether there can be a candidate."""
    if not text.hits and not text.marks:
        return family is families.ACCOUNTS or text.suffix in ("robot", "feature")
    from leakcheck.ci.readers import commands, dialects, encoded, urls  # they cost at the start

    if text.hits and (text.trace or _named(text)):
        return True
    if family is families.ACCOUNTS:
        return True
    return any(reader.present(text, family) for reader in (urls, commands, encoded, dialects))


def _named(text: Text) -> bool:
    """Whether a name to look at stands anywhere: parsers are slow, and most hits are none."""
    from leakcheck.ci.readers.universal import name_at

    for at in text.telling(once=False):
        first, last = name_at(text.data, at, 0, len(text.data))
        name = shown(text.data[first:last]).strip("-.")
        like = text.names.like
        if (
            like(name)
            or (name[-1:] in ("s", "S") and like(name[:-1]))
            or name.lower() == "secret"
            or name == "PWD"
        ):
            return True
        if like(name.rpartition(".")[0]):
            return True
        if "-" in name and text.data[first - 2 : first] == b"${" and like(name.partition("-")[0]):
            return True  # `${DB_PASSWORD-x}`
    return False


def _read(text: Text, family: Family) -> list[Candidate]:
    """The candidates of a text, in the order in which they stand."""
    from leakcheck.ci.readers import arguments, commands, defaults, dialects, encoded, urls
    from leakcheck.ci.readers.universal import scan

    text.read_held, text.read_part, text.read_lines = read_held, read_part, read_lines
    text.family = family
    text.told = family.name in _TOLD
    text.in_prose = text.in_prose or family is families.PROSE
    urls.read(text, family)
    commands.read(text, family)
    encoded.read(text, family)
    dialects.read(text, family)
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
    if text.hits:
        arguments.read(text, family)
        defaults.read(text, family)
    return sorted(text.found, key=lambda found: (found.line, found.column))
