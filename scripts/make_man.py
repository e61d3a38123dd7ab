"""Write man/*.1, a page for leakcheck and each command, from what --help knows; --check compares.

python scripts/make_man.py [--check]

Run by make_cli_docs.py too. The pages have no date, so that the same help gives the same bytes.
"""

import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from leakcheck import __version__
from leakcheck.cli import COMMANDS, app

FOLDER = Path(__file__).parent.parent / "man"
_MARKS = re.compile(r"[.']")
_DASHES = re.compile(r"(?<![\w\\])-+(?=[\w.])|(?<=\w)-(?=\w)|(?<= )-(?= )")
_HEAD = f'"leakcheck {__version__}" "leakcheck"'
STATUS = (
    ("0", "Clean, or done."),
    ("1", "Exposed: of several subjects at least one."),
    ("2", "No answer, or wrong use. The reason is on stderr, in a sentence."),
)
VARIABLES = (
    ("LEAKCHECK_HOME", "The folder of installed filters, trusted keys and caches."),
    ("HIBP_API_KEY, HIBP_API_KEY_FILE", "The key to ask Have I Been Pwned about addresses, or a "
     "file that holds it."),
    ("http_proxy, https_proxy, all_proxy, no_proxy", "The proxy to go through; --via comes first."),
    ("NO_COLOR", "Where it is set, nothing is coloured."),
    ("CI", "true in a CI job: nothing is drawn, and reports are redacted."),
    ("BLOOM_ENGINE", "python: plain Python even where the extension is there."),
)  # fmt: skip


def text(words: str) -> str:
    """Words as roff has them, in short lines: no escape, no request, dashes that can be copied."""
    escaped = words.replace("\\", "\\e")
    escaped = _DASHES.sub(lambda found: found[0].replace("-", "\\-"), escaped)
    lines = textwrap.wrap(escaped, 78, break_long_words=False, break_on_hyphens=False)
    return "\n".join(f"\\&{line}" if _MARKS.match(line) else line for line in lines)


def paragraphs(words: str | None) -> Iterator[str]:
    """A docstring as roff: paragraphs, and lines as they stand behind a mark (`\\b`) of click's."""
    for at, part in enumerate(inspect.cleandoc(words or "").split("\n\n")):
        if at:
            yield ".PP"
        lines = part.strip("\n").splitlines()
        if lines and lines[0].strip() == "\b":
            yield from (".nf", *map(text, lines[1:]), ".fi")
        else:
            yield text(" ".join(line.strip() for line in lines))


def options(command: Any, context: Any, *, hidden: bool) -> Iterator[str]:
    """Arguments and options, each with its help; hidden: those that every command takes too."""
    for one in command.params:
        was, one.hidden = getattr(one, "hidden", False), False
        record = one.get_help_record(context) if hidden or not was else None
        one.hidden = was
        if record is not None:
            names = text(record[0]).replace("|", "|\\:")  # where a long one may be broken
            yield from (".TP", f"\\fB{names}\\fP", text(" ".join(record[1].split())))
    yield from (".TP", "\\fB\\-h\\fP, \\fB\\-\\-help\\fP", "Show the help and exit.")


def usage(command: Any, context: Any) -> str:
    """What follows the name of a command."""
    return text(" ".join(command.collect_usage_pieces(context)))


def page(name: str) -> str:
    """The page of a command; of leakcheck itself for an empty name."""
    from typer.main import get_command

    root: Any = get_command(app)
    top = root.make_context("leakcheck", [], resilient_parsing=True)
    title = f"leakcheck-{name}" if name else "leakcheck"
    command = root.get_command(top, name) if name else root
    context = command.context_class(command, parent=top if name else None, info_name=name)
    about = COMMANDS[name] if name else "check addresses and passwords against breach dumps"
    lines = [
        '.\\" Made by scripts/make_man.py; do not edit.',
        f'.TH "{title.upper()}" 1 "" {_HEAD}',
        ".ad l",
        ".SH NAME",
        text(f"{title} - {about.rstrip('.')}"),
        ".SH SYNOPSIS",
        f".B {text(f'leakcheck {name}'.rstrip())}",
        usage(command, context),
        ".SH DESCRIPTION",
        *paragraphs(command.help),
    ]
    inner = COMMANDS if not name else getattr(command, "commands", {})
    if not inner:
        lines += [".SH OPTIONS", *options(command, context, hidden=True)]
    else:
        lines += [".SH OPTIONS", *options(command, context, hidden=False), ".SH COMMANDS"]
    for sub in inner if name else ():
        each = inner[sub]
        below = each.context_class(each, parent=context, info_name=sub)
        lines += [f'.SS "leakcheck {name} {sub}"', f"{usage(each, below)}", ".PP"]
        lines += [*paragraphs(each.help), *options(each, below, hidden=False)]
    if not name:
        for sub, told in COMMANDS.items():
            lines += [".TP", f"\\fBleakcheck\\-{sub}\\fP(1)", text(told)]
        lines.append(".SH ENVIRONMENT")
        for variable, told in VARIABLES:
            lines += [".TP", f"\\fB{variable}\\fP", text(told)]
    lines.append(".SH EXIT STATUS")
    for number, told in STATUS:
        lines += [".TP", f"\\fB{number}\\fP", told]
    others = [f"leakcheck\\-{one}" for one in COMMANDS] if not name else ["leakcheck"]
    lines += [".SH SEE ALSO", ",\n".join(f"\\fB{one}\\fP(1)" for one in others)]
    return "\n".join(line for line in lines if line) + "\n"


def pages() -> dict[str, str]:
    """Every page by its file's name."""
    return {
        f"leakcheck-{name}.1" if name else "leakcheck.1": page(name) for name in ("", *COMMANDS)
    }


def write() -> None:
    """Write the pages, and remove those of commands that are no more."""
    FOLDER.mkdir(exist_ok=True)
    made = pages()
    for name, content in made.items():
        (FOLDER / name).write_text(content, encoding="utf-8")
    for path in FOLDER.iterdir():
        if path.name not in made:
            path.unlink()


def stale() -> list[str]:
    """The pages that are not as they would be made now."""
    made = pages()
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*")}
    return sorted(name for name in {*made, *there} if made.get(name) != there.get(name))


def main() -> None:
    """Write the pages, or compare them."""
    if "--check" not in sys.argv[1:]:
        write()
    elif found := stale():
        sys.exit(f"man/{found[0]} is stale: run python scripts/make_cli_docs.py")


if __name__ == "__main__":
    main()
