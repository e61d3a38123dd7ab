"""The command tree. A command's module is imported when it is asked for, not before.

Each `leakcheck/commands/NAME.py` has `app`, a typer.Typer with that command
(or group of commands) in it; the table below holds its one-line help.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import typer
import typer.core
from typer.core import TyperGroup

from leakcheck import version_text
from leakcheck.commands.common import template
from leakcheck.commands.declared import EMPTY_PATH
from leakcheck.errors import UsageError
from leakcheck.language import local, said, translated

COMMANDS = {
    "build": said("Build a filter from dumps: files, folders, archives, or - for stdin."),
    "check": said("Check one or a few addresses, passwords or hashes."),
    "scan": said("Check lists: text, CSV, spreadsheet, JSON lines."),
    "vault": said("Check all your passwords, from the exports of password managers."),
    "ci": said("Find breached passwords in a repository's configuration."),
    "hunt": said("Find the lines of a raw dump that mention your people or domains."),
    "fetch": said("Fetch the Pwned Passwords corpus, straight into a filter."),
    "range": said("Cut out the part of a filter that answers for a digest prefix."),
    "answer": said("Tell services on this machine whether a password is breached."),
    "serve": said("Serve a folder of filters or range files over HTTP."),
    "export": said(
        "Write the contents of a dump for Keycloak, passwdqc, DCSO's bloom, or as text."
    ),
    "inspect": said("Show what a dump is and how it would be read, without building."),
    "merge": said("Merge, resize or extend filters from their kept keys."),
    "info": said("Show what a filter holds."),
    "verify": said("Test every checksum of a filter."),
    "sign": said("Sign filters, so that any mirror can serve them."),
    "publish": said("Write a web page on which people can check themselves."),
    "keys": said("Make a publisher's key, and choose which publishers to trust."),
    "filters": said("Manage the filters that are checked by default."),
    "config": said("Show which settings are in force, and where they come from."),
    "completion": said("Print what a shell needs to complete commands and options."),
    "demo": said("Try every step on a bundled sample."),
}


class _Sparing:
    """How Typer, from 0.29 on, reads a parameter; by pydantic only where a value needs that.

    To load pydantic takes about as long as a whole `check`. What was not given, text, words of an
    enumeration and paths are read here; all else, and what is wrong, by Typer.
    """

    def __init__(self, described: Any) -> None:
        self._described = described

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        kind, info = self._described.annotation, self._described.parameter_info
        with suppress(ValueError):
            if not several:
                return _plain(value, kind, info)
            if not isinstance(value, str):
                (kind,) = get_args(kind)
                return [_plain(one, kind, info) for one in value]
        return _read_by_typer(self._described).coerce(value, param, ctx)


def _plain(value: Any, kind: Any, info: Any) -> Any:
    """A value as `kind` has it; ValueError where Typer is to decide."""
    if not isinstance(kind, type) or info.parser is not None:
        raise ValueError
    if isinstance(value, kind):  # a default, or text
        return value
    if issubclass(kind, Enum):
        return kind(value)
    limited = info.resolve_path or info.writable or not (info.file_okay and info.dir_okay)
    if not issubclass(kind, Path) or limited or not isinstance(value, str):
        raise ValueError
    if not value:
        raise UsageError(EMPTY_PATH)
    here = os.path.exists(value)  # noqa: PTH110 - Path.exists raises for a zero byte
    if (info.readable and not os.access(value, os.R_OK)) if here else info.exists:
        raise ValueError
    return kind(value)


_read_by_typer: Any = getattr(typer.core, "build_runtime_param", None)
if _read_by_typer is not None:
    typer.core.build_runtime_param = _Sparing  # type: ignore[attr-defined]


_Plain: Any = TyperGroup.context_class


class _HelpFormatter(_Plain.formatter_class):  # type: ignore[misc]
    """Help in the language of who reads it: texts are looked up here, when they are shown."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, local(said("Usage: ")) if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        super().write_heading(local(_HEADINGS.get(heading, heading)))

    def write_text(self, text: str) -> None:
        super().write_text("\n\n".join(map(translated, text.split("\n\n"))))

    def write_dl(self, rows: Any, *given: Any, **named: Any) -> None:
        super().write_dl([(name, _row_help(text)) for name, text in rows], *given, **named)


_HEADINGS = {
    "Options": said("Options"),
    "Arguments": said("Arguments"),
    "Commands": said("Commands"),
}
_SHOW_HELP = said("Show this message and exit.")


def _row_help(text: str) -> str:
    """The help of an option or argument, and what is in brackets behind it."""
    help_text, bracket, facts = text.partition("  [")
    shown = translated(help_text)
    if not bracket:
        return shown
    told = [_fact(one) for one in facts.removesuffix("]").split("; ")]
    return f"{shown}  [{'; '.join(told)}]"


def _fact(text: str) -> str:
    name, colon, value = text.partition(": ")
    if name == "default" and colon:
        return local(said("default: {value}", value=value))
    return local(said("required")) if text == "required" else text


class _Context(_Plain):  # type: ignore[misc]
    formatter_class = _HelpFormatter


def _common_options(*, hidden: bool) -> list[Any]:
    found = [one for one in typer.main.get_command(template.real()).params if one.name != "help"]
    for one in found:
        one.hidden = hidden  # type: ignore[attr-defined]
    return found


def _with_common(command: Any) -> Any:
    """`command`, and every one in it, with the options that all take."""
    for inner in getattr(command, "commands", {}).values():
        paragraph = (inner.help or "").strip().partition("\n\n")[0]
        inner.short_help = " ".join(paragraph.split())  # whole, where click would cut it
        _with_common(inner)
    command.context_class = _Context
    if not getattr(command, "commands", None):
        command.params += _common_options(hidden=True)
    return command


class LazyGroup(TyperGroup):
    """A group whose commands are imported on first use."""

    context_class = _Context

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.params += _common_options(hidden=False)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The table of commands, none of them imported, no line of it cut."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            raise UsageError(no_such_command(cmd_name, "", COMMANDS))
        module = import_module(f"leakcheck.commands.{cmd_name}")
        command = typer.main.get_command(module.app.real())
        command.name = cmd_name
        return _with_common(command)


_ELSEWHERE = {  # what other programs call it
    "delete": ("remove", "distrust"),
    "install": ("add",),
    "ls": ("list",),
    "rm": ("remove", "distrust"),
    "uninstall": ("remove",),
    "untrust": ("distrust",),
    "upgrade": ("update",),
}


def no_such_command(word: str, group: str, names: Iterable[str]) -> str:
    """What to say of a word that is none of a group's commands, with the one that was meant.

    group: what is typed before it, empty for leakcheck itself.
    """
    from difflib import get_close_matches

    known = list(names)
    meant = [name for name in _ELSEWHERE.get(word, ()) if name in known]
    meant += get_close_matches(word, known, n=1)
    if meant:
        near = " ".join(filter(None, (group, meant[0])))
        return said("There is no such command: did you mean {near}?", near=near)
    command = " ".join(filter(None, ("leakcheck", group)))
    return said("There is no such command: {command} --help lists them.", command=command)


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(version_text())
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False,
        "--version",
        callback=_version,
        is_eager=True,
        help="Show version, engine, Python and platform.",
    ),
) -> None:
    """Check e-mail addresses and passwords against breach dumps; nothing leaves in plain text.

    Exit status: 0 clean or done, 1 exposed, 2 cannot answer or wrong use.
    """
