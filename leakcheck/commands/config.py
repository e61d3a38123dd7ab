"""`leakcheck config`: which settings are in force, and where each comes from."""

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from leakcheck.commands import declared as typer
from leakcheck.commands import options

app = typer.Typer(add_completion=False, rich_markup_mode=None)
_PROXIES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY")
_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")


class _Shown(NamedTuple):
    """A setting in force, nothing secret in it."""

    name: str
    value: Any
    origin: str
    where: str


@app.command()
def config(json: options.Json = False) -> int:
    """Show which settings are in force, and where they come from.

    An option on the command line takes precedence over a variable (LEAKCHECK_IN, LEAKCHECK_PROXY,
    LEAKCHECK_COLOR, LEAKCHECK_PROGRESS, LEAKCHECK_LANG), and a variable over
    config.toml. Passwords and keys are not shown.
    """
    from leakcheck import config as configuration
    from leakcheck.language import said
    from leakcheck.terminal import say, table
    from leakcheck.wording import json_text

    settled = configuration.current()
    shown = list(_shown())
    if json:
        say(json_text({
            "version": 1, "file": str(settled.path), "exists": settled.exists,
            "settings": [one._asdict() for one in shown],
        }))  # fmt: skip
        return 0
    there = said("Configuration: {path}.", path=settled.path)
    missing = said("Configuration: {path}, which is not there.", path=settled.path)
    say(there if settled.exists else missing)
    table(
        (said("setting"), said("value"), said("from")),
        [(one.name, _text(one.value), _origin(one)) for one in shown],
    )
    return 0


def _shown() -> Iterator[_Shown]:
    """Every setting, and what of other programs' variables takes its place."""
    from leakcheck import config, files, language

    for name, value in config.current().values.items():
        shown = _Shown(name, _bare(name, value.value), value.origin, value.where)
        if shown.origin == "default" and (named := _elsewhere(name)) is not None:
            shown = _Shown(name, named[1], "variable", named[0])
        elif name == "language" and value.value is None:
            shown = shown._replace(value=language.spoken())
        yield shown
    given = os.environ.get("LEAKCHECK_HOME")
    yield _Shown("home", str(files.home()), "variable" if given else "default",
                 "LEAKCHECK_HOME" if given else "")  # fmt: skip
    for name in ("HIBP_API_KEY", "HIBP_API_KEY_FILE"):
        if os.environ.get(name):
            secret = name == "HIBP_API_KEY"
            yield _Shown("hibp key", "•••" if secret else os.environ[name], "variable", name)
            return
    yield _Shown("hibp key", None, "default", "")


def _elsewhere(name: str) -> tuple[str, Any] | None:
    """What a variable that other programs heed as well sets, where leakcheck's own do not."""
    from leakcheck import language

    if name == "color" and os.environ.get("NO_COLOR"):
        return "NO_COLOR", "never"
    if name == "proxy":
        found = next((one for one in _PROXIES if os.environ.get(one)), None)
        return None if found is None else (found, _bare("proxy", os.environ[found]))
    if name == "language":
        found = next((one for one in _LOCALE if os.environ.get(one)), None)
        return None if found is None else (found, language.spoken())
    return None


def _bare(name: str, value: Any) -> Any:
    """A value with user and password of its URLs masked, and without their queries."""
    from leakcheck.http import urls
    from leakcheck.sources import names

    def masked(url: str, shown: str) -> str:
        _, _, place = url.rpartition("://")
        return shown.replace("://", "://•••@", 1) if "@" in place.partition("/")[0] else shown

    if name == "proxy":
        scheme, _, _ = (value or "").rpartition("://")
        return masked(value, urls.shown(value if scheme else f"http://{value}")) if value else None
    if name != "in":
        return value
    if isinstance(value, dict):
        return {kind: _bare(name, listed) for kind, listed in value.items()}
    return [masked(one, names.shown(one)) for one in value]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in value.items())
    return ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)


def _origin(one: _Shown) -> str:
    from leakcheck.language import said

    if one.origin == "file":
        return said("file, line {line}", line=one.where)
    return said("default") if one.origin == "default" else one.where
