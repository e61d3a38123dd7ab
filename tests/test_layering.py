"""The house as docs/design.md draws it: the table of rooms is read from there and enforced.

Each module may import what its room's row names, and no more; pure rooms do no
I/O; nothing imports in a circle; what is defined once is looked for everywhere
else.
"""

# ruff: noqa: SIM905 - a list of words is read, and reviewed, as words

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TESTS = ROOT / "tests"
OWN = ("bloom", "leakcheck")
# Modules of the standard library that reach outside the process, or wait.
IO = frozenset(
    "asyncio bz2 fcntl fileinput getpass glob gzip io lzma mmap multiprocessing os pathlib pty "
    "resource select selectors shutil signal socket socketserver sqlite3 ssl subprocess sys "
    "tarfile tempfile threading time webbrowser zipfile".split()
)
# Those by which a network is reached: a row names them, as it does a library.
NETWORK = frozenset("asyncio ftplib http imaplib poplib smtplib socket socketserver ssl".split())
STANDARD = sys.stdlib_module_names | {"compression"}  # that one is of Python 3.14
IO_CALLS = frozenset(("open", "print", "input", "breakpoint"))


@dataclass(frozen=True)
class Room:
    """A row of the table: one of its rooms, what it may import, and which I/O modules."""

    name: str
    rooms: frozenset[str]
    others: frozenset[str]
    any_room: bool
    io: frozenset[str] | None  # None: any


@cache
def rooms() -> dict[str, Room]:
    """The table of docs/design.md, by room."""
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    table = text.split("## The rooms", 1)[1].split("\n## ", 1)[0]
    found = {}
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        names = re.findall(r"`([^`]+)`", cells[0]) if line.startswith("| `") else []
        for name in names:
            assert name not in found, f"{name} has two rows"
            allowed = re.findall(r"`([^`]+)`", cells[2])
            reaches = cells[3] if len(cells) > 3 else ""
            found[name] = Room(
                name,
                frozenset(one for one in allowed if one.endswith(("/", ".py"))),
                frozenset(one for one in allowed if not one.endswith(("/", ".py"))),
                cells[2].startswith("any room"),
                frozenset(re.findall(r"`([^`]+)`", reaches))
                if reaches.startswith("pure")
                else None,
            )
    assert len(found) > 20, "the table of rooms was not found"
    return found


@cache
def modules() -> dict[str, Path]:
    """Every module of ours, by its dotted name."""
    found = {}
    for top in OWN:
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(name: str) -> Iterator[str]:
    """What a module imports, wherever in it; modules of ours as exactly as can be told."""
    for node in ast.walk(tree_of(modules()[name])):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name} imports relatively"
            for alias in node.names:
                exact = f"{node.module}.{alias.name}"
                if exact == "leakcheck.__version__":  # the package is there before any of its rooms
                    continue
                native = exact.endswith("._native")
                yield exact if exact in modules() or native else str(node.module)


def room_of(name: str) -> str:
    """The room that a module of ours stands in, as the table names it."""
    top, *rest = name.split(".")
    if top == "bloom":
        return "bloom/"
    if not rest:
        return "__init__.py"
    return (
        f"{rest[0]}.py"
        if modules().get(f"leakcheck.{rest[0]}", ROOT).name != "__init__.py"
        else f"{rest[0]}/"
    )


@pytest.mark.parametrize("name", modules())
def test_a_module_imports_what_its_room_may(name: str) -> None:
    room = rooms().get(room_of(name))
    assert room is not None, f"docs/design.md has no room for {name}"
    for module in imported(name):
        top = module.split(".")[0]
        where = f"{name} imports {module}, which the row of {room.name} does not name"
        if module.endswith("._native"):
            assert "_native" in room.others or room.name == "bloom/", where
        elif top == "bloom":
            # `bloom.cores` allows that module alone, `bloom` all.
            assert room.name == "bloom/" or {top, module} & room.others, where
        elif top == "leakcheck":
            other = room_of(module)
            assert other in rooms(), f"{name} imports {module}, which is in no room"
            usual = {room.name, "language.py", "patterns.py"}
            assert other in usual | room.rooms or room.any_room, where
        elif top in NETWORK or module == "urllib.request" or top not in STANDARD:
            assert {top, module} & room.others, where


@pytest.mark.parametrize("name", [name for name, path in modules().items()])
def test_a_pure_room_does_no_io(name: str) -> None:
    allowed = rooms()[room_of(name)].io
    if allowed is None:
        return
    for module in imported(name):
        top = module.split(".")[0]
        assert top not in IO - allowed, f"{name} is pure and imports {module}"
    for node in ast.walk(tree_of(modules()[name])):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in IO_CALLS, f"{name} is pure and calls {node.func.id}()"


def test_the_table_has_no_room_that_is_not_there() -> None:
    standing = {room_of(name) for name in modules()}
    assert set(rooms()) == standing
    for room in rooms().values():
        assert room.rooms <= standing, f"the row of {room.name} names rooms that are not there"


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """The sets of nodes that reach each other, of two or more."""
    reach: dict[str, set[str]] = {}
    for start in arrows:
        seen: set[str] = set()
        open_ = [start]
        while open_:
            for after in arrows.get(open_.pop(), set()) - seen:
                seen.add(after)
                open_.append(after)
        reach[start] = seen
    found = {
        frozenset([one, *(other for other in reach[one] if one in reach.get(other, ()))])
        for one in arrows
        if one in reach[one]
    }
    return [sorted(circle) for circle in found]


def test_no_circles_of_modules() -> None:
    arrows = {
        name: {each for each in imported(name) if each in modules() and each != name}
        for name in modules()
    }
    arrows["leakcheck"].clear()  # the face of the package: what it gives is imported when asked for
    assert circles(arrows) == []


def test_no_circles_in_the_table() -> None:
    assert circles({room.name: set(room.rooms) - {room.name} for room in rooms().values()}) == []


# ---- defined once


def strings(name: str) -> Iterator[tuple[str, int]]:
    """The string and bytes constants of a module, without docstrings, with their lines."""
    tree = tree_of(modules()[name])
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in prose:
            if isinstance(node.value, str):
                yield node.value, node.lineno
            elif isinstance(node.value, bytes):
                yield node.value.decode("latin-1"), node.lineno


def holding(pattern: str, where: Iterable[str] = ()) -> set[str]:
    """The modules with a string that `pattern` is found in; of `where` alone, where given."""
    return {
        name for name in where or modules() for text, _ in strings(name) if re.search(pattern, text)
    }


def using(pattern: str) -> set[str]:
    """The modules with a name, an attribute or an import that `pattern` matches whole."""
    found = set()
    for name, path in modules().items():
        for node in ast.walk(tree_of(path)):
            words = (
                [node.id] if isinstance(node, ast.Name)
                else [node.attr] if isinstance(node, ast.Attribute)
                else [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom)
                else [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str)
                else []
            )  # fmt: skip
            if any(re.fullmatch(pattern, word) for word in words):
                found.add(name)
    return found


def defining(pattern: str, room: str = "leakcheck") -> set[str]:
    """The functions, by module, whose name `pattern` matches whole."""
    return {
        f"{name}.{node.name}"
        for name, path in modules().items()
        if f"{name}.".startswith(f"{room}.")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef) and re.fullmatch(pattern, node.name)
    }


def test_what_a_name_means_is_decided_once() -> None:
    """Nobody else asks a string whether it is a URL or a service: readers of dumps apart."""
    found = set()
    for name, path in modules().items():
        for node in ast.walk(tree_of(path)):
            asked: list[ast.expr] = []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                asked = node.args if node.func.attr in ("startswith", "match", "fullmatch") else []
            elif isinstance(node, ast.Compare):
                asked = [node.left, *node.comparators]
            for each in (part for one in asked for part in ast.walk(one)):
                if isinstance(each, ast.Constant) and re.fullmatch(
                    r"hibp|https?:?|(https?)?://", str(each.value)
                ):
                    found.add(name)
    assert {name for name in found if not name.startswith("leakcheck.http.")} <= {
        "leakcheck.sources.names",
        "leakcheck.hunting.secrets",
    }
    assert defining("is_remote|_?is_url|is_service") == {"leakcheck.sources.names.is_remote"}


def test_the_exit_status_is_decided_once() -> None:
    """No command says 1 by itself, nor what reports for it: 0 is done, 2 could not be done."""
    for name, path in modules().items():
        if ".commands." not in name and not name.endswith((".reporting", ".run", ".plain")):
            continue
        for node in ast.walk(tree_of(path)):
            back = node.value if isinstance(node, ast.Return) else None
            said = [back.body, back.orelse] if isinstance(back, ast.IfExp) else [back]
            ones = [one for one in said if isinstance(one, ast.Constant) and one.value is not True]
            assert all(one.value != 1 for one in ones), f"{name}: call verdicts.exit_status"


def test_verdicts_have_one_coding() -> None:
    assert using("CODES") == set()
    assert defining("combine|best|exit_status") == {
        f"leakcheck.verdicts.{name}" for name in ("combine", "best", "exit_status")
    }


def test_usable_cores_are_counted_once() -> None:
    assert using("cpu_count|process_cpu_count|sched_getaffinity") == {"bloom.cores"}


def test_the_engine_is_chosen_once() -> None:
    assert holding("^BLOOM_ENGINE$") == {"bloom.engine"}


def test_whole_or_nothing_is_written_once() -> None:
    """One writer in leakcheck; the engine has its own, for it knows nothing of leakcheck."""
    engine = {
        f"bloom.{name}"
        for name in ("files", "outputs", "posix", "runs", "system", "windows", "workdir")
    }
    ways = "mkstemp|mkdtemp|NamedTemporaryFile|fsync|fdatasync|O_EXCL|hardlink_to|os.replace|rename"
    allowed = engine | {"leakcheck.files", "leakcheck.commands.demo"}  # demo: a folder to play in
    assert using(ways) <= allowed


def test_what_only_some_systems_have_is_behind_two_doors() -> None:
    """Files: bloom.system and what it chooses from; processes: leakcheck.processes."""
    doors = {"bloom.posix", "bloom.windows", "leakcheck.processes"}
    foreign = {
        "fcntl", "resource", "msvcrt", "winreg", "_winapi", "termios", "tty", "pty", "pwd", "grp",
    }  # fmt: skip
    for name in modules():
        for module in imported(name):
            assert module.split(".")[0] not in foreign or name in doors, f"{name} imports {module}"
    calls = (
        "preadv?|pwritev?|O_(?!WRONLY)[A-Z]+|fork(pty)?|waitpid|killpg|setsid|f?chown|fchmod|get[eu]*[ug]id"
        "|sysconf|memfd_create|posix_[a-z]+|mkfifo|AF_UNIX|SIG(KILL|ALRM|HUP|CHLD|PIPE|USR.|WINCH)"
        "|setitimer|alarm|pass_fds|preexec_fn|start_new_session|dir_fd|MAP_[A-Z]+|PROT_[A-Z]+"
        "|hardlink_to|fdatasync|set_handle_inheritable|STARTUPINFO"
    )
    for name, path in modules().items():
        if name in doors | {"bloom.system"}:
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                through = node.value.id in ("system", "processes")
                assert through or not re.fullmatch(calls, node.attr), (
                    f"{name}, line {node.lineno}: {node.attr} is not everywhere: use bloom.system"
                )
            if isinstance(node, ast.keyword) and node.arg:
                assert not re.fullmatch(calls, node.arg), f"{name}, line {node.value.lineno}"


def test_the_dialect_of_a_text_is_told_once() -> None:
    """Delimiter, header, encoding and the names of password columns, each in one place.

    What a configuration's keys are named (ci), and the words beside a hit
    (hunting), are no names of columns.
    """
    readers = ("input", "records", "building", "scanning", "checking")

    def found(pattern: str, rooms_: tuple[str, ...] = readers) -> set[str]:
        return {one for room in rooms_ for one in defining(pattern, f"leakcheck.{room}")}

    assert found("_?(delimiter|separator|dialect)_of|_?delimiter|sniff") == {
        "leakcheck.records.table.delimiter_of"
    }
    assert found("_?(is_|has_|find_)?header(_row)?", readers[1:]) == {
        "leakcheck.records.columns.header"
    }
    assert found("_?encoding(_of)?|_?guess_encoding") == {"leakcheck.input.encodings.encoding_of"}
    assert using("Sniffer") == set()
    words = {name for name in holding("kennwort") if name.split(".")[1] in readers}
    assert words == {"leakcheck.records.columns"}


def test_few_names_mean_two_things() -> None:
    where = defaultdict(set)
    for name, path in modules().items():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ClassDef):
                where[node.name].add(name)
    shared = {name: sorted(places) for name, places in where.items() if len(places) > 1}
    assert len(shared) <= 7, f"classes of several modules share these names: {shared}"


# ---- tests


def test_every_test_file_is_collected(pytestconfig: pytest.Config) -> None:
    left_out = pytestconfig.getini("norecursedirs")
    named = pytestconfig.getini("python_files")
    for path in sorted(TESTS.rglob("*.py")):
        has_tests = any(
            isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
            for node in ast.walk(tree_of(path))
        )
        if not has_tests:
            continue
        assert any(fnmatch(path.name, pattern) for pattern in named), f"{path} is not collected"
        for folder in path.relative_to(TESTS).parts[:-1]:
            assert not any(fnmatch(folder, pattern) for pattern in left_out), (
                f"{path} is not collected: {folder} is passed over"
            )
