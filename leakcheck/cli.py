"""The command tree. A command's module is imported when it is asked for, not before.

Each `leakcheck/commands/NAME.py` has `app`, a typer.Typer with that command
(or group of commands) in it; the table below holds its one-line help.
"""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from leakcheck import version_text
from leakcheck.errors import UsageError

COMMANDS = {
    "build": "Build a filter from dumps: files, folders, archives, or - for stdin.",
    "check": "Check one or a few addresses, passwords or hashes.",
    "scan": "Check a list: text, CSV, spreadsheet, JSON lines.",
    "vault": "Check all your passwords, from the exports of password managers.",
    "ci": "Find breached passwords in a repository's configuration.",
    "hunt": "Find the lines of a raw dump that name our people or domains.",
    "fetch": "Fetch the Pwned Passwords corpus, straight into a filter.",
    "range": "Cut the slice of a filter that answers for a digest prefix.",
    "answer": "Tell the services of this machine whether a password is breached.",
    "serve": "Serve a folder of filters, and range files, over HTTP.",
    "inspect": "Say what a dump is and how it would be read; build nothing.",
    "merge": "Merge, resize or extend filters from their kept keys.",
    "info": "Show what a filter holds and promises.",
    "verify": "Test every checksum of a filter.",
    "sign": "Sign filters, so that any mirror can serve them.",
    "publish": "Write a page where people check themselves, for any web server.",
    "keys": "Make a publisher's key, and choose which publishers to trust.",
    "filters": "Manage the filters that are checked by default.",
    "demo": "Walk the whole road on a bundled sample.",
}


class LazyGroup(TyperGroup):
    """A group whose commands are imported on first use."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            raise UsageError(_no_such_command(cmd_name))
        module = import_module(f"leakcheck.commands.{cmd_name}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command


def _no_such_command(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean {near[0]}?" if near else "leakcheck --help lists them."
    return f"There is no such command: {hint}"


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
        False, "--version", callback=_version, is_eager=True, help="Show version and engine."
    ),
) -> None:
    """Check e-mail addresses and passwords against breach dumps; nothing leaves in plain text.

    Exit status: 0 clean or done, 1 exposed, 2 cannot answer or wrong use.
    """
