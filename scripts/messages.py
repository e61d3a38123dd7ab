"""Bring the catalogues of messages up to date, and compile them; with --check, only compare.

python scripts/messages.py [--check]

Messages are the literals in calls of `said`, `said_of` and `counted` (see
leakcheck/language.py). After a change of one, run this, translate what is
`fuzzy` or empty in leakcheck/locale/*/LC_MESSAGES/leakcheck.po, and run it again.
"""

import ast
import gettext
import io
import string
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from leakcheck.wording import plural

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "leakcheck" / "locale"
_HEAD = """# What leakcheck says to people, in {language}. Made with scripts/messages.py.
#"""
_UNWANTED = tuple(
    f'"{name}' for name in ("Report-Msgid", "POT-Creation", "PO-Revision", "Last-Translator",
                            "Language-Team", "Generated-By", "Project-Id-Version")
)  # fmt: skip
_MAKERS = ("leakcheck/language.py", "leakcheck/wording.py")
Id = str | tuple[str, str]


def messages_in(tree: ast.AST) -> Iterator[Id | int]:
    """The messages of a module; in place of one that is no literal, its line."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        texts = [one.value if isinstance(one, ast.Constant) else None for one in node.args]
        if node.func.id == "said":
            yield texts[0] if texts and isinstance(texts[0], str) else node.lineno
        elif node.func.id == "said_of":
            one, more = texts[1:3]
            both = isinstance(one, str) and isinstance(more, str)
            yield (str(one), str(more)) if both else node.lineno
        elif node.func.id == "counted":
            what = texts[1] if len(texts) > 1 else None
            yield (f"{{count}} {what}", f"{{count}} {plural(what)}") if isinstance(what, str) else (
                node.lineno
            )  # fmt: skip


def found() -> tuple[dict[Id, list[str]], list[str]]:
    """Every message and the modules that say it; and where one is no literal."""
    messages: dict[Id, list[str]] = {}
    others = []
    for path in sorted((ROOT / "leakcheck").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        for one in messages_in(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(one, int):
                others.append(f"{name}:{one}")
            else:
                messages.setdefault(one, [])
                messages[one] += [name] if name not in messages[one] else []
    return messages, others


def template() -> Catalog:
    """A catalogue of every message, none of them translated."""
    made = Catalog(charset="utf-8")
    for one, places in found()[0].items():
        made.add(one, locations=[(place, 1) for place in places])
    return made


def catalogues() -> dict[str, Path]:
    """The catalogue of each language."""
    return {path.parent.parent.name: path for path in sorted(FOLDER.glob("*/*/leakcheck.po"))}


def read(path: Path, language: str) -> Catalog:
    """The catalogue in a .po file."""
    with path.open("rb") as file:
        return read_po(file, locale=language)


def names_in(text: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def faults(message: Message) -> Iterator[str]:
    """What is wrong with one translation."""
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    texts = message.string if isinstance(message.string, tuple) else (message.string,)
    if message.fuzzy:
        yield "fuzzy"
    if not all(texts):
        yield "not translated"
        return
    for one in texts:
        if names_in(one) - names_in(ids[-1]) or names_in(ids[-1]) - names_in(one):
            yield f"other names in braces than the English: {one}"


def wrong() -> list[str]:
    """What is wrong with all catalogues, a line each."""
    messages, others = found()
    lines = [f"{place}: the message is no literal" for place in others
             if not place.startswith(_MAKERS)]  # fmt: skip
    for language, path in catalogues().items():
        held = {one.id: one for one in read(path, language) if one.id}
        lines += [f"{language}: missing: {one!r}" for one in messages if one not in held]
        lines += [f"{language}: nobody says it any more: {one!r}" for one in held
                  if one not in messages]  # fmt: skip
        lines += [f"{language}: {fault}: {one.id!r}" for one in held.values()
                  for fault in faults(one)]  # fmt: skip
        made = io.BytesIO()
        write_mo(made, read(path, language))
        compiled = path.with_suffix(".mo")
        if not compiled.exists() or _entries(made.getvalue()) != _entries(compiled.read_bytes()):
            lines.append(f"{language}: {compiled.name} is not what {path.name} compiles to")
    return lines


def _entries(compiled: bytes) -> dict[object, str]:
    """What is in a compiled catalogue but for its head, which has the time in it."""
    held = gettext.GNUTranslations(io.BytesIO(compiled))._catalog  # type: ignore[attr-defined]
    return {key: text for key, text in held.items() if key}


def _written(held: Catalog) -> str:
    """A .po file without what changes from day to day, or names no one."""
    file = io.BytesIO()
    write_po(file, held, width=98, sort_by_file=True, include_lineno=False)
    lines = file.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(_UNWANTED))


def main() -> None:
    """Update and compile, or compare."""
    if "--check" not in sys.argv[1:]:
        for language, path in catalogues().items():
            held = read(path, language)
            held.header_comment = _HEAD.format(language=held.locale.english_name)
            held.update(template(), update_creation_date=False)
            held.obsolete.clear()
            path.write_text(_written(held), encoding="utf-8")
            with path.with_suffix(".mo").open("wb") as file:
                write_mo(file, read(path, language))
    lines = wrong()
    if lines:
        sys.exit("\n".join([*lines, "Run python scripts/messages.py, and translate what is open."]))


if __name__ == "__main__":
    main()
