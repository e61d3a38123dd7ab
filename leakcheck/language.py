"""Messages for people: they read as English, and can say themselves in another language.

A Message is its English text, a `str` like any other: what programs read (JSON,
CSV, SARIF, logs, `str(error)`) takes it as it is, and so is never translated.
What people read goes through `local` on its way out: in terminal.py, in the
reports for people, and in the faces of the library, nowhere else. A message in
another loses its translations in an f-string: `said` and `joined` keep them.

The translations are gettext catalogues, locale/LANGUAGE/LC_MESSAGES/leakcheck.po,
made with scripts/messages.py. The language is the one that `speak` was told
(`LEAKCHECK_LANG`, the configuration), else that of the locale, as gettext has
it: LC_ALL, LC_MESSAGES, LANG, and LANGUAGE where these name one.
"""

import functools
import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Self

LANGUAGES = ("en", "fr")
NARROW = "\u202f"
"""The blank that no line is broken at, narrow: within French numbers, before ; : ? and !."""
_GROUPED = {"fr": (NARROW, ",")}  # between thousands, and before decimals; in English , and .
_UNITS = {"fr": {"byte": "octet", "bytes": "octets", "kB": "ko", "MB": "Mo", "GB": "Go",
                 "TB": "To"}}  # fmt: skip
_MONTHS = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
}


class Message(str):
    """A text for people; `within` says it in another language."""

    __slots__ = ("_parts",)
    _parts: tuple[Any, ...]

    def __new__(cls, english: str, *parts: Any) -> Self:
        """english: the text; parts: what it was made of, as the subclass has it."""
        self = super().__new__(cls, english)
        self._parts = parts
        return self

    def __str__(self) -> str:
        return self  # so that `str(error)` is a Message where the error was given one

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ("".join(self), *self._parts)

    def within(self, tongue: "Tongue") -> str:
        """The text in the language of `tongue`."""
        return self


class Tongue(NamedTuple):
    """A language and its catalogue, a gettext.NullTranslations."""

    name: str
    catalogue: Any

    def of(self, value: object) -> str:
        """A value in a message: said in this language where it can say itself."""
        text = str(value)  # of an error, what it was given
        return text.within(self) if isinstance(text, Message) else text


class _Sentence(Message):
    """parts: the template, and what stands in it by name."""

    __slots__ = ()

    def within(self, tongue: Tongue) -> str:
        template, values = self._parts
        return _filled(tongue.catalogue.gettext(template), values, tongue)


class _Count(Message):
    """parts: the templates for one and for more, how many, and what stands in them by name."""

    __slots__ = ()

    def within(self, tongue: Tongue) -> str:
        one, more, count, values = self._parts
        return _filled(tongue.catalogue.ngettext(one, more, count), values, tongue)


class _Joined(Message):
    """parts: what stands between, and what is joined."""

    __slots__ = ()

    def within(self, tongue: Tongue) -> str:
        between, texts = self._parts
        return tongue.of(between).join(map(tongue.of, texts))


class _Stripped(Message):
    """parts: a text, and what is taken off its end."""

    __slots__ = ()

    def within(self, tongue: Tongue) -> str:
        text, marks = self._parts
        return tongue.of(text).rstrip(marks)


class _Headless(Message):
    """parts: a text, and the name with a colon that is taken off its front."""

    __slots__ = ()

    def within(self, tongue: Tongue) -> str:
        text, head = self._parts
        return tongue.of(text).removeprefix(head.rstrip(": ")).lstrip(f": {NARROW}")


class _Figure(Message):
    """A number, and perhaps a unit behind a blank."""

    __slots__ = ()

    def within(self, tongue: Tongue) -> str:
        if tongue.name not in _GROUPED:
            return self
        group, point = _GROUPED[tongue.name]
        figure, _, unit = self.partition(" ")
        bare = figure.removesuffix("%")
        shown = bare.replace(",", "\0").replace(".", point).replace("\0", group)
        unit = _UNITS[tongue.name].get(unit, unit) if bare == figure else "%"
        return f"{shown}{NARROW}{unit}" if unit else shown


class _Day(Message):
    """A date, as ISO 8601 has it, or a month, or a year."""

    __slots__ = ()

    def within(self, tongue: Tongue) -> str:
        year, *rest = self.split("-")
        digits = len(rest) in (1, 2) and all(one.isdigit() and one.isascii() for one in rest)
        if tongue.name not in _MONTHS or not digits or not 1 <= int(rest[0]) <= 12:
            return self
        month = _MONTHS[tongue.name].split()[int(rest[0]) - 1]
        if len(rest) == 1:
            return f"{month} {year}"
        return f"{'1er' if int(rest[1]) == 1 else int(rest[1])} {month} {year}"


def said(template: str, /, **values: object) -> str:
    """A message. template: its English, a literal, with the names of `values` in braces."""
    return _Sentence(template.format_map(values) if values else template, template, values)


def said_of(count: float, one: str, more: str, /, **values: object) -> str:
    """A message that depends on a count: `one` for 1, `more` for others; both are literals."""
    template = one if count == 1 else more
    return _Count(template.format_map(values), one, more, count, values)


def joined(between: str, texts: Iterable[str]) -> str:
    """`texts`, and `between` them what parts them."""
    parts = tuple(texts)
    return _Joined(between.join(parts), between, parts)


def stripped(text: str, marks: str) -> str:
    """`text` without `marks` at its end."""
    return _Stripped(text.rstrip(marks), text, marks)


def headless(text: str, head: str) -> str:
    """`text` without `head`, a name and a colon, at its front, where it has that."""
    return _Headless(text.removeprefix(head), text, head) if text.startswith(head) else text


def figure(text: str) -> str:
    """A number as English writes it, perhaps with a % or a unit: 12,345.5, 50%, 45.2 MB."""
    return _Figure(text)


def day(date: str) -> str:
    """A date as ISO 8601 writes it."""
    return _Day(date)


def local(text: str, language: str | None = None) -> str:
    """`text` as people read it, in `language` or else in the one in force."""
    if not isinstance(text, Message):
        return text
    name = spoken() if language is None else language
    tongue = None if name == "en" else _tongue(name)
    return text if tongue is None else text.within(tongue)


def translated(text: str) -> str:
    """Text of --help, which the parser hands on as it is, in the language in force.

    Each paragraph of a docstring and each help of an option is a message; where names are listed
    behind a colon, they are its {names}.
    """
    name = spoken()
    tongue = None if name == "en" else _tongue(name)
    if tongue is None:
        return text
    english = " ".join(text.split())
    found = tongue.catalogue.gettext(english)
    if found == english and ": " in english:
        head, _, names = english.rpartition(": ")
        template = f"{head}: {{names}}."
        listed = tongue.catalogue.gettext(template)
        if listed != template:
            return str(listed).format(names=names.removesuffix("."))
    return text if found == english else str(found)


_spoken: str | None = None


def speak(language: str | None) -> None:
    """From now on, speak `language`; None: that of the locale."""
    global _spoken  # a program speaks to one person
    _spoken = language


def spoken() -> str:
    """The language in force, one of LANGUAGES."""
    global _spoken
    if _spoken is None:
        _spoken = of_locale(os.environ)
    return _spoken


def of_locale(variables: Mapping[str, str]) -> str:
    """The language that the locale asks for, in the order of gettext; English if not known."""
    found = next(filter(None, map(variables.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    if found.partition(".")[0] in ("", "C", "POSIX"):
        return "en"
    for wanted in [*variables.get("LANGUAGE", "").split(":"), found]:
        known = known_language(wanted)
        if known is not None:
            return known
    return "en"


def known_language(name: str) -> str | None:
    """The language that a name such as `fr`, `fr_CA.UTF-8` or `fr-FR` stands for, or None."""
    bare = name.partition(".")[0].partition("@")[0].replace("-", "_").partition("_")[0].lower()
    return bare if bare in LANGUAGES else None


@functools.cache
def _tongue(name: str) -> Tongue | None:
    import gettext

    folder = os.path.join(os.path.dirname(__file__), "locale")  # noqa: PTH118, PTH120 - pathlib takes longer to load
    try:
        return Tongue(name, gettext.translation("leakcheck", folder, [name]))
    except OSError:
        return None  # an installation without its catalogues still answers, in English


def _filled(template: str, values: Mapping[str, object], tongue: Tongue) -> str:
    if not values:
        return template
    return template.format_map(
        {name: _of_system(value, tongue) if name in _FROM_SYSTEM else tongue.of(value)
         for name, value in values.items()}
    )  # fmt: skip


def _of_system(value: object, tongue: Tongue) -> str:
    """What the system or the engine says of a failure, which they say in English."""
    text = tongue.of(value)
    return str(tongue.catalogue.gettext(text)) if text in _OF_SYSTEM else text


_FROM_SYSTEM = frozenset(("why", "strerror", "told"))
_OF_SYSTEM = frozenset(
    (
        said("Permission denied"),
        said("No such file or directory"),
        said("No space left on device"),
        said("Is a directory"),
        said("Not a directory"),
        said("File name too long"),
        said("Too many open files"),
        said("Read-only file system"),
        said("Input/output error"),
        said("Disk quota exceeded"),
        said("Too many levels of symbolic links"),
        said("Operation not permitted"),
        said("failed"),
        # And what the engine says of a file, which knows nothing of us.
        said("This is not a filter: it does not begin as one."),
        said("This is not a filter: it is not a regular file."),
        said("The filter is cut short within its header."),
        said("The filter has been cut short while it was open."),
        said("The filter's header is damaged: its checksum does not match."),
        said("The filter's header is malformed: a field is out of bounds."),
        # And the native part of ranges.
        said("the range is malformed"),
        said("it is no HASH:COUNT"),
        said("its count is none"),
        said("digests and counts do not fit"),
        said("the digests are not in order"),
    )
)
