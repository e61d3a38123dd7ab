"""The options that every command takes, before its name or after it."""

from enum import StrEnum
from typing import Annotated, Any

from leakcheck.commands import declared as typer

template = typer.Typer(add_completion=False, rich_markup_mode=None)  # of no command: not `app`


class Color(StrEnum):
    """When colours stand beside words."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class ProgressForm(StrEnum):
    """How progress is told."""

    AUTO = "auto"
    JSON = "json"
    NEVER = "never"


class Language(StrEnum):
    """In which language to speak to people."""

    EN = "en"
    FR = "fr"


def _set(name: str) -> Any:
    def told(value: Any) -> Any:
        if value:
            from leakcheck import config, language, terminal

            if value is True:
                terminal.configure(**{name: True})
                return value
            config.override(name, value.value, f"--{name}")
            if name == "language":
                language.speak(value.value)
            else:
                terminal.configure(**{name: value.value})
        return value

    return told


def _common(
    color: Annotated[
        Color | None,
        typer.Option(
            "--color",
            callback=_set("color"),
            expose_value=False,
            help="When to use colours. NO_COLOR and TERM=dumb are obeyed too.",
        ),
    ] = None,
    progress: Annotated[
        ProgressForm | None,
        typer.Option(
            "--progress",
            callback=_set("progress"),
            expose_value=False,
            help="Progress on stderr: a bar or a line per minute, JSON, or none.",
        ),
    ] = None,
    language: Annotated[
        Language | None,
        typer.Option(
            "--language",
            callback=_set("language"),
            expose_value=False,
            is_eager=True,  # so that --help behind it speaks that language
            help="Language of messages and reports. Default: that of the locale.",
        ),
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option(
            "-q",
            "--quiet",
            callback=_set("quiet"),
            expose_value=False,
            help="Print only answers and errors: no advice, notes or progress.",
        ),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "-v",
            "--verbose",
            callback=_set("verbose"),
            expose_value=False,
            help="Print to stderr which sources are asked, and how long it took.",
        ),
    ] = False,
) -> None:
    """The options that every command takes, before its name or after it."""  # fmt: skip


template.command()(_common)
