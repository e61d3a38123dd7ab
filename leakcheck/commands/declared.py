"""Commands and their parameters as declared, with Typer's words; Typer itself comes when needed.

To load Typer, and to make a parser with it, takes as long as most commands do. So a command
declares its parameters with this module in Typer's place, and a command line that is plain (names
in full, each option once, every value one that its type takes as it stands) is read right here.
All else, and whatever is wrong, is Typer's: help, several short options in a word, errors. Typer
says what a line means: `plain` gives the same values or none.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

from leakcheck.errors import UsageError
from leakcheck.language import said
from leakcheck.patterns import late

_WHOLE = late(r"[0-9]{1,9}")
_DECIMAL = late(r"[0-9]{1,9}(\.[0-9]{1,9})?")


Command = TypeVar("Command", bound=Callable[..., Any])


class Declared(NamedTuple):
    """An option or an argument: which of them, its names, and all that Typer is told."""

    what: str
    names: tuple[str, ...]
    told: Mapping[str, Any]


def Option(*names: str, **told: Any) -> Any:
    """As typer.Option within Annotated."""
    return Declared("Option", names, told)


def Argument(**told: Any) -> Any:
    """As typer.Argument within Annotated."""
    return Declared("Argument", (), told)


class Typer:
    """As typer.Typer, of one command or a group of them."""

    def __init__(self, **told: Any) -> None:
        self._told = told
        self._declared: list[tuple[str, Any, Callable[..., Any], Any]] = []
        self._real: Any = None

    def command(
        self,
        name: str | None = None,
        *,
        rewrite: Callable[[list[str]], list[str]] | None = None,
        **told: Any,
    ) -> "Callable[[Command], Command]":
        """As typer.Typer.command. rewrite: what is done to the words before they are read."""
        return self._keep("command", {"name": name, **told}, rewrite)

    def callback(self, **told: Any) -> "Callable[[Command], Command]":
        """As typer.Typer.callback."""
        return self._keep("callback", told, None)

    def _keep(self, how: str, told: Any, rewrite: Any) -> "Callable[[Command], Command]":
        def keep(function: Command) -> Command:
            self._declared.append((how, (told, rewrite), function, dict(function.__annotations__)))
            return function

        return keep

    def annotations(self) -> Mapping[str, Any]:
        """What the one command declares, by parameter."""
        annotations: Mapping[str, Any] = self._declared[0][3]
        return annotations

    def plain(
        self, words: Sequence[str], shared: Callable[[], Mapping[str, Any]] = dict
    ) -> Callable[[], Any] | None:
        """The call that a plain command line means; None where Typer is to read it.

        shared: the options that every command takes, which only have a callback; asked for
        where a word is none of the command's own.
        """
        if len(self._declared) != 1:
            return None
        how, (_, rewrite), function, annotations = self._declared[0]
        if how != "command":
            return None
        words = rewrite(list(words)) if rewrite else words
        values = _read(annotations, function, words, shared)
        return None if values is None else lambda: function(**values)

    def real(self) -> Any:
        """The typer.Typer of all this."""
        if self._real is None:
            import typer

            self._real = typer.Typer(**self._told)
            for how, (told, rewrite), function, annotations in self._declared:
                function.__annotations__ = {
                    name: _for_typer(one, typer) for name, one in annotations.items()
                }
                if rewrite is not None:
                    told = {**told, "cls": _rewriting(rewrite)}
                getattr(self._real, how)(**told)(function)
        return self._real


def _for_typer(annotation: Any, typer: Any) -> Any:
    for one in getattr(annotation, "__metadata__", ()):
        if isinstance(one, Declared):
            return Annotated[
                annotation.__origin__, getattr(typer, one.what)(*one.names, **one.told)
            ]
    return annotation


def _rewriting(rewrite: Callable[[list[str]], list[str]]) -> Any:
    from typer.core import TyperCommand

    class Rewriting(TyperCommand):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            return super().parse_args(ctx, rewrite(list(args)))

    return Rewriting


class _Parameter(NamedTuple):
    """What a function takes.

    Attributes:
        name: of the parameter.
        declared: its option or argument.
        kind: of a value; bool for a flag.
        several: whether it is a list of them.
    """

    name: str
    declared: Declared
    kind: Any
    several: bool

    def value(self, word: str) -> Any:
        """What a word means; ValueError where Typer is to say it."""
        kind, told = self.kind, self.declared.told
        if not told.keys() <= _KNOWN:
            raise ValueError
        if kind is str:
            return word
        if kind is int or kind is float:
            if not (_WHOLE if kind is int else _DECIMAL).fullmatch(word):
                raise ValueError
            number = kind(word)
            if not told.get("min", number) <= number <= told.get("max", number):
                raise ValueError
            return number
        if issubclass(kind, Enum):
            return kind(word)
        if not issubclass(kind, Path) or "\0" in word:
            raise ValueError
        if not word:
            raise UsageError(EMPTY_PATH)
        if told.get("readable", True) and os.path.exists(word) and not os.access(word, os.R_OK):  # noqa: PTH110 - as Typer asks, and sooner
            raise ValueError
        return kind(word)


# else it would mean the current folder
EMPTY_PATH = said("An empty path was given: is a variable unset? Give . for the current folder.")

_KNOWN = frozenset(
    ("help", "metavar", "min", "max", "readable", "callback", "hidden", "expose_value", "is_eager")
)


def _parameters(annotations: Mapping[str, Any]) -> Iterator[_Parameter]:
    """Raises ValueError for what this module does not read."""
    for name, annotation in annotations.items():
        if name == "return":
            continue
        (declared,) = (one for one in annotation.__metadata__ if isinstance(one, Declared))
        kind = annotation.__origin__
        alternatives = [one for one in getattr(kind, "__args__", ()) if one is not type(None)]
        if type(None) in getattr(kind, "__args__", ()):
            (kind,) = alternatives
        several = getattr(kind, "__origin__", None) is list
        if several:
            (kind,) = kind.__args__
        if not isinstance(kind, type):
            raise ValueError
        yield _Parameter(name, declared, kind, several)


def _read(
    annotations: Mapping[str, Any],
    function: Callable[..., Any],
    words: Sequence[str],
    shared: Callable[[], Mapping[str, Any]],
) -> dict[str, Any] | None:
    """What a line gives by name, and what callbacks make of it; None where it is not plain."""
    try:
        parameters = list(_parameters(annotations))
        own = {name for name, _ in _options(parameters)}
        asked = {_parted(word)[0] for word in words if word.startswith("-") and word != "-"}
        common = [] if asked <= own else list(_parameters(shared()))
        values = _worded([*parameters, *common], words)
    except (ValueError, AttributeError):
        return None
    if not _needed(function) <= values.keys():
        return None
    for one in common:
        if one.name in values:
            one.declared.told["callback"](values.pop(one.name))
    for one in parameters:
        callback = one.declared.told.get("callback")
        if callback is not None:
            values[one.name] = callback(values.get(one.name))
    return values


def _needed(function: Callable[..., Any]) -> set[str]:
    """The parameters without a default; `...` is none."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    given = function.__defaults__ or ()
    defaults = dict(zip(names[len(names) - len(given) :], given, strict=True))
    return {name for name in names if defaults.get(name, ...) is ...}


def _worded(parameters: Sequence[_Parameter], words: Sequence[str]) -> dict[str, Any]:
    """Raises ValueError where the line is not plain."""
    options = dict(_options(parameters))
    arguments = [one for one in parameters if one.declared.what == "Argument"]
    values: dict[str, Any] = {}
    following = iter(words)
    for word in following:
        if not word.startswith("-") or word == "-":
            if not arguments:
                raise ValueError
            one = arguments[0] if arguments[0].several else arguments.pop(0)
            yes, given, value = True, True, word
        else:
            name, given, value = _parted(word)
            one, yes = options.get(name) or _not_plain()
        if one.name in values and not one.several:
            raise ValueError
        if one.kind is bool:
            values[one.name] = yes if not given else _not_plain()
            continue
        if not given:
            value = next(following, "-?")
            if value.startswith("-") and value != "-":
                raise ValueError
        read = one.value(value)
        values[one.name] = [*values.get(one.name, ()), read] if one.several else read
    return values


def _options(parameters: Sequence[_Parameter]) -> Iterator[tuple[str, tuple[_Parameter, bool]]]:
    """Each name of an option, and what a flag means by it."""
    for one in parameters:
        for names in one.declared.names:
            yes, _, no = names.partition("/")
            yield yes, (one, True)
            if no:
                yield no, (one, False)


def _parted(word: str) -> tuple[str, bool, str]:
    """An option's name, whether its value is in the same word, and that value."""
    if not word.startswith("--"):
        return word, False, ""
    name, sign, value = word.partition("=")
    return name, bool(sign), value


def _not_plain() -> Any:
    raise ValueError
