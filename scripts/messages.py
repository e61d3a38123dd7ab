"""Bring the catalogues of messages up to date, and compile them; with --check, only compare.

python scripts/messages.py [--check]

Messages are the literals in calls of `said`, `said_of` and `counted` (see
leakcheck/language.py), and the texts of --help: `help=` of options, and the
paragraphs of the docstrings of commands. After a change of one, run this, translate what is
`fuzzy` or empty in leakcheck/locale/*/LC_MESSAGES/leakcheck.po, and run it again.
"""

import ast
import gettext
import io
import re
import string
import sys
from collections.abc import Iterable, Iterator
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
_HELPFUL = ("leakcheck/cli.py", "leakcheck/commands/")
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


def help_in(tree: ast.AST) -> Iterator[str]:
    """The texts of --help in a module of a command."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "help":
            if isinstance(node.value, ast.Constant):
                yield " ".join(node.value.value.split())
            elif isinstance(node.value, ast.JoinedStr):
                parts = [one.value if isinstance(one, ast.Constant) else "{names}"
                         for one in node.value.values]  # fmt: skip
                yield " ".join("".join(parts).split())
        elif isinstance(node, ast.FunctionDef) and node.decorator_list:
            calls = [one.func for one in node.decorator_list if isinstance(one, ast.Call)]
            names = {one.attr for one in calls if isinstance(one, ast.Attribute)}
            for paragraph in (ast.get_docstring(node) or "").split("\n\n"):
                if names & {"command", "callback"} and paragraph and "\b" not in paragraph:
                    yield " ".join(paragraph.split())


def found() -> tuple[dict[Id, list[str]], list[str]]:
    """Every message and the modules that say it; and where one is no literal."""
    messages: dict[Id, list[str]] = {}
    others = []
    for path in sorted((ROOT / "leakcheck").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        spoken: list[Id | int] = list(messages_in(tree))
        if name.startswith(_HELPFUL):
            spoken += help_in(tree)
        for one in spoken:
            if isinstance(one, int):
                others.append(f"{name}:{one}")
            else:
                messages.setdefault(one, [])
                messages[one] += [name] if name not in messages[one] else []
    return messages, others


def unsaid(name: str, tree: ast.AST) -> Iterator[str]:
    """What reads like words for people in a module, and passes through nothing that translates.

    That is a string of two words or more that is no docstring, no pattern, no key, and not
    compared with anything.
    """
    allowed = _FOR_PROGRAMS.get(name, ())
    if allowed == "all":
        return
    passed = {id(part) for node in ast.walk(tree) for part in _not_shown(node)}
    for node in ast.walk(tree):
        if id(node) in passed:
            continue
        if isinstance(node, ast.JoinedStr):
            passed |= {id(one) for one in ast.walk(node)}
            text = "".join(str(one.value) if isinstance(one, ast.Constant) else "{}"
                           for one in node.values)  # fmt: skip
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if _WORDS.search(text) and not any(re.match(one, text) for one in (*_ANYWHERE, *allowed)):
            yield f"{name}:{node.lineno}: {text!r}"


_WORDS = re.compile(r"[A-Za-z]{2,} [a-z{]|\}[\],]? [A-Za-z]{2,}|[a-z}]: \{")
_PATTERNS = frozenset(
    (
        "startswith", "endswith", "removeprefix", "removesuffix", "split", "compile", "match",
        "search", "sub", "fullmatch", "findall", "replace", "partition", "rpartition", "debug",
    )
)  # fmt: skip
_ANYWHERE = (r"[<#/]", r"https?:", r"(  )?leakcheck [a-z{]+\b(?! could)", r".*\[.*\]$")
_FOR_PROGRAMS: dict[str, str | tuple[str, ...]] = {
    **dict.fromkeys(
        (
            # Other languages: shells, servers, HTML, SQL, vocabularies.
            "leakcheck/commands/completion.py", "leakcheck/publishing/hosting.py",
            "leakcheck/publishing/saved.py", "leakcheck/reports/html.py",
            "leakcheck/reports/page.py", "leakcheck/reports/junit.py",
            "leakcheck/spark/page_tasks.py", "leakcheck/spark/partitions.py",
            "leakcheck/spark/runs.py", "leakcheck/ci/names.py",
            "leakcheck/ci/readers/families.py", "leakcheck/ci/readers/lexical.py",
            # Answers to programs over HTTP; and what `said` itself is made of.
            "leakcheck/serving/files.py", "leakcheck/serving/membership.py",
            "leakcheck/serving/quick.py", "leakcheck/scanning/plain.py",
            "leakcheck/language.py", "leakcheck/wording.py",
        ),
        "all",
    ),
    "leakcheck/__init__.py": ("leakcheck ", "python ", "platform ", "module "),
    "leakcheck/__main__.py": ("leakcheck: ", "No such", "Missing", "Option", "Got", "Invalid"),
    "leakcheck/building/distinct.py": ("not a whole",),
    "leakcheck/ci/meaning.py": ("too ", "not strong", "mot de", r"\\b", "invalid "),
    "leakcheck/ci/readers/commands.py": ("openssl",),
    "leakcheck/ci/readers/urls.py": ("connection string",),  # a name of a variable
    "leakcheck/commands/config.py": ("hibp key", r"\{\}: \{\}$"),
    "leakcheck/exporting/reference.py": ("digests have", "the table", "not a whole"),
    "leakcheck/extract/reference/hashes.py": ("the prefix",),
    "leakcheck/hunting/secrets.py": (".* hash$",),  # names, said in hits.py
    "leakcheck/input/number_format.py": ("m/d",),
    "leakcheck/input/lzma2_blocks.py": ("Corrupt",),
    "leakcheck/input/xz_blocks.py": ("Corrupt", "blocks of"),
    "leakcheck/input/zip_methods.py": ("LZMA", "memory"),
    "leakcheck/interrupts.py": ("leakcheck: ",),
    "leakcheck/publishing/page.py": (".*</",),
    "leakcheck/records/accounts.py": ("nt hash",),
    "leakcheck/records/displayed.py": (r"\\\(.*rows",),  # a pattern
    "leakcheck/reports/codequality.py": ("Interrupted",),
    "leakcheck/reports/delimited.py": ("partial",),
    "leakcheck/reports/findings.py": ("leakcheck: ", r"\{\}: \{\}\n"),
    "leakcheck/reports/sarif.py": ("Interrupted",),
    "leakcheck/reports/xlsx.py": ("leakcheck ",),
    "leakcheck/scanning/numbered.py": ("line ", "a line"),  # labels of rows for programs
    "leakcheck/spark/reading_tasks.py": ("number int",),  # a schema
    "leakcheck/scanning/rows.py": (r"\{\}, row", r"\{\} \{\}: "),
    "leakcheck/serving/app.py": ("The ", "There is no", "Ranges of", "A request", "This ", "Add-",
                                 "Accept-"),
    "leakcheck/serving/oracle.py": ("This ", "At most", "An element"),
    "leakcheck/serving/stores.py": ("This range", "public"),
    "leakcheck/spark/__init__.py": ("module",),
    "leakcheck/spark/frames.py": ("lines long",),
    "leakcheck/store/format.py": ("What a store",),
    "leakcheck/store/reference.py": ("a digest has",),
    "leakcheck/store/writer.py": ("it has all", "ranges are"),
    "leakcheck/terminal.py": ("leakcheck: ",),
    "leakcheck/trust/edition.py": ("withdrawn",),
}  # fmt: skip
"""Strings of words that programs read, or nobody: "all" of a module, or patterns of them."""


def _not_shown(node: ast.AST) -> Iterator[ast.AST]:
    """What in `node` is not shown to people as it stands, or is a message already."""
    inner: list[ast.AST | None] = []
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", None) or getattr(node.func, "attr", "")
        if name in ("said", "said_of", "counted", *_PATTERNS):
            inner += [*node.args, node.func]
        if name in ("Option", "Argument", "NamedTuple", "ContextVar"):
            inner += [node]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        inner += [node.value]
    elif isinstance(node, ast.Assert):
        inner += [node.msg]
    elif isinstance(node, ast.keyword) and node.arg == "help":
        inner += [node.value]
    elif isinstance(node, ast.Compare | ast.MatchValue):
        inner += [node]
    elif isinstance(node, ast.Subscript):
        inner += [node.slice]
    elif isinstance(node, ast.AnnAssign | ast.arg):
        inner += [node.annotation]
    elif isinstance(node, ast.Dict):
        inner += node.keys
    for one in inner:
        if one is not None:
            yield from ast.walk(one)


def unpaired(messages: Iterable[Id]) -> Iterator[str]:
    """Messages that would say "1 files": of a count and its things, without a twin for one."""
    for one in messages:
        if isinstance(one, str):
            for name, _ in _COUNTS.findall(one):
                if (name, one) not in _NEVER_ONE and name not in _NEVER_ONE:
                    yield f"no twin for one {{{name}}}, see said_of: {one!r}"


_COUNTS = re.compile(
    r"\{(\w+)\} (?:(?:of|the|its|more|other|in|all) )*(addresses|accounts|bits|bytes|characters"
    r"|columns|commits|cores|days|digits|entries|files|filters|findings|groups|hashes|hits|hours"
    r"|keys|lines|lists|members|minutes|names|pages|parts|passes|passwords|places|ranges|records"
    r"|rows|seconds|sheets|sources|spellings|symbols|times|values|versions|years)\b"
)
_NEVER_ONE = frozenset(
    (
        # Bounds that are constants, and the size of a whole.
        "most", "most_about", "most_bits", "most_members", "most_passes", "most_work",
        "longest_term", "longest_url", "key_bytes", "of", "total", "file_bytes", "digits",
        "hex_digits", "width",
        # Counted things themselves.
        "versions", "to",
        # Measures with a decimal, what is large, at least two of its nature, or asked for as such.
        "bits", "each", "mean", "size", "needed", "copies", "longest", "min_count", "expansion",
        "ratio",
    )
)  # fmt: skip
"""Names that never stand for one thing."""


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
    for english, one in zip(ids, texts, strict=True):
        if names_in(one) ^ names_in(english):
            yield f"other names in braces than the English: {one}"


def wrong() -> list[str]:
    """What is wrong with all catalogues, a line each."""
    messages, others = found()
    lines = [f"not said(): {one}" for path in sorted((ROOT / "leakcheck").rglob("*.py"))
             for one in unsaid(path.relative_to(ROOT).as_posix(),
                               ast.parse(path.read_text(encoding="utf-8")))]  # fmt: skip
    lines += [f"{place}: the message is no literal" for place in others
             if not place.startswith(_MAKERS)]  # fmt: skip
    lines += unpaired(messages)
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
