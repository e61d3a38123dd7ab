"""The user's settings: config.toml and variables, and where each setting comes from.

A setting is the first of: an option of the command line; a variable of
leakcheck's own; the file; a variable that other programs heed as well
(NO_COLOR, LANG, https_proxy), which is for those who read the setting; the
default. The file is the user's own: $LEAKCHECK_HOME/config.toml, or config.toml
in the platform's folder for configuration; one in a repository or in the folder
where a command runs is never read. Nothing in it is passed over in silence: a
key that is not known, or a value that is none, is an error.
"""

import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from leakcheck.errors import UsageError
from leakcheck.files import home, platform_folder
from leakcheck.language import LANGUAGES, known_language, said
from leakcheck.patterns import late

FILE = "config.toml"
_MOST_BYTES = 1 << 20
_PROXY = late(r"(https?|socks5h?)://\S+")
_KINDS = ("email", "password", "ntlm", "credential", "domain")


class _NoValue(ValueError):
    """The value cannot be one of the setting; the message says what can."""


def _names(value: Any) -> Any:
    """Sources: a list for every kind, or a table of lists by kind."""
    if isinstance(value, dict) and value and all(kind in _KINDS for kind in value):
        return {kind: _list(one) for kind, one in value.items()}
    return _list(value)


def _list(value: Any) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value):
        return tuple(value)
    raise _NoValue(
        said("takes a list of filters, URLs and hibp, or such a list for each of {kinds}",
             kinds=", ".join(_KINDS))
    )  # fmt: skip


def _proxy(value: Any) -> str:
    if isinstance(value, str) and _PROXY.fullmatch(value):
        return value
    raise _NoValue(said("takes the URL of a proxy, such as socks5h://127.0.0.1:9050"))


def _language(value: Any) -> str:
    found = known_language(value) if isinstance(value, str) else None
    if found is None:
        raise _NoValue(said("takes one of {choices}", choices=", ".join(LANGUAGES)))
    return found


def _one_of(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise _NoValue(said("takes one of {choices}", choices=", ".join(choices)))
        return str(value)

    return read


def _words(text: str) -> list[str]:
    """Names in a variable, parted by blanks, quoted as in a shell where they hold some."""
    import shlex

    try:
        return shlex.split(text)
    except ValueError:
        raise _NoValue(said("has a quotation mark that is not closed")) from None


class _Setting(NamedTuple):
    """A setting.

    Attributes:
        variable: that sets it.
        read: from a value in TOML, or the text of the variable, to the setting. Raises _NoValue.
        default: where nobody says it.
    """

    variable: str
    read: Callable[[Any], Any]
    default: Any = None


_SETTINGS = {
    "in": _Setting("LEAKCHECK_IN", _names, ()),
    "proxy": _Setting("LEAKCHECK_PROXY", _proxy),
    "color": _Setting("LEAKCHECK_COLOR", _one_of("auto", "always", "never"), "auto"),
    "progress": _Setting("LEAKCHECK_PROGRESS", _one_of("auto", "json", "never"), "auto"),
    "language": _Setting("LEAKCHECK_LANG", _language),
}
VARIABLES = tuple(setting.variable for setting in _SETTINGS.values())


class Value(NamedTuple):
    """A setting as it is in force.

    Attributes:
        value: what it is.
        origin: `option`, `variable`, `file` or `default`.
        where: the option, the variable, or the line of the file; empty for a default.
    """

    value: Any
    origin: str = "default"
    where: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Config:
    """All settings.

    Attributes:
        path: of the file.
        exists: whether it is there.
        values: the settings by name.
    """

    path: Path
    exists: bool = False
    values: Mapping[str, Value] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.values[name].value


def path_of() -> Path:
    """Where this user's file is, or would be."""
    if os.environ.get("LEAKCHECK_HOME"):
        return home() / FILE
    return platform_folder("config") / FILE


def load() -> Config:
    """What file and variables say. Raises UsageError, which names file and line, or variable."""
    path = path_of()
    raw = _raw(path)
    said_there = {} if raw is None else _parsed(path, raw)
    values = {}
    for name, setting in _SETTINGS.items():
        text = os.environ.get(setting.variable, "").strip()
        try:
            if text:
                value = setting.read(_words(text) if name == "in" else text)
                values[name] = Value(value, "variable", setting.variable)
            else:
                values[name] = said_there.get(name, Value(setting.default))
        except _NoValue as wrong:
            raise UsageError(
                said("{variable} {wrong}.", variable=setting.variable, wrong=str(wrong))
            ) from None
    return Config(path, raw is not None, values)


_current: Config | None = None


def current() -> Config:
    """What is in force. Raises as `load` does, where it was not loaded before."""
    global _current  # a program has one user
    if _current is None:
        _current = load()
    return _current


def reload() -> Config:
    """The same, read anew."""
    global _current
    _current = None
    return current()


def override(name: str, value: Any, option: str) -> None:
    """An option of the command line sets `name`."""
    global _current
    values = {**current().values, name: Value(value, "option", option)}
    _current = replace(current(), values=values)


def _raw(path: Path) -> bytes | None:
    """What is in the file; None where there is none."""
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            raise UsageError(said("{path}: it is not a regular file.", path=path))
        if state.st_size > _MOST_BYTES:
            raise UsageError(said("{path}: it is too large for a configuration.", path=path))
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            raise UsageError(said("{path}: the link leads nowhere.", path=path)) from None
        return None
    except OSError as error:
        why = error.strerror or "failed"
        raise UsageError(said("{path}: it cannot be read: {why}.", path=path, why=why)) from None


def _parsed(path: Path, raw: bytes) -> dict[str, Value]:
    """The settings in the file."""
    import tomllib

    try:
        text = raw.decode("utf-8-sig")
        found = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _fault(path, line, said("it is not UTF-8")) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        raise _fault(path, line, said("it is not valid TOML")) from None
    values = {}
    for name, value in found.items():
        line = _line_of(text, name)
        if name not in _SETTINGS:
            raise _fault(
                path,
                line,
                said("there is no setting {name}: there are {names}",
                     name=_printable(name), names=", ".join(_SETTINGS)),
            )  # fmt: skip
        try:
            values[name] = Value(_SETTINGS[name].read(value), "file", str(line))
        except _NoValue as wrong:
            why = said("{name} {wrong}", name=name, wrong=str(wrong))
            raise _fault(path, line, why) from None
    return values


def _fault(path: Path, line: int, why: str) -> UsageError:
    return UsageError(said("{path}, line {line}: {why}.", path=path, line=line, why=why))


def _line_of(text: str, name: str) -> int:
    """The line where a key of the top stands first, or its table."""
    key = rf"[\"']?{re.escape(name)}[\"']?"
    found = re.search(rf"^[ \t]*(?:{key}[ \t]*[.=]|\[+[ \t]*{key}[ \t]*[.\]])", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _printable(text: str) -> str:
    return "".join(mark if mark.isprintable() else "?" for mark in text)[:80]
