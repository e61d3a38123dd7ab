"""docs/reference.md has every variable that the code reads, every file it writes, every status."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from leakcheck.verdicts import exit_status

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
SOURCES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for package in ("bloom", "leakcheck")
    for path in sorted((ROOT / package).rglob("*.py"))
}

#: Who reads variables by names that stand elsewhere, or hands all of them on; and which.
COMPUTED = {
    "leakcheck/config.py": "LEAKCHECK_IN LEAKCHECK_PROXY LEAKCHECK_COLOR LEAKCHECK_PROGRESS "
                           "LEAKCHECK_LANG",
    "leakcheck/commands/config.py": "https_proxy http_proxy all_proxy LC_ALL LC_MESSAGES LANG "
                                    "HIBP_API_KEY HIBP_API_KEY_FILE",
    "leakcheck/http/proxies.py": "http_proxy https_proxy all_proxy no_proxy",
    "leakcheck/files.py": "XDG_DATA_HOME XDG_CONFIG_HOME XDG_CACHE_HOME TMPDIR",
    "leakcheck/language.py": "LC_ALL LC_MESSAGES LANG LANGUAGE",
    "leakcheck/reports/delimited.py": "LC_ALL LC_NUMERIC LANG",
    "leakcheck/storage/client.py": "AWS_ALLOW_HTTP",
    "leakcheck/storage/multipart.py": "",  # AWS's, whichever they are
    "leakcheck/ci/gitrepo.py": "",  # git's
    "leakcheck/input/child.py": "",  # a child of ours
}  # fmt: skip
#: What libraries read, and the table names all the same.
OF_LIBRARIES = {"COLUMNS", "JAVA_HOME"}

#: Who writes files: where the table says so. A module that begins to write has to come in here.
WRITERS = {
    "bloom/builder.py": "records of a build",
    "bloom/outputs.py": "records of a build",
    "bloom/runs.py": "records of a build",
    "bloom/workdir.py": "records of a build",
    "leakcheck/building/kept_build.py": "made for object storage",
    "leakcheck/building/outputs.py": "made for object storage",
    "leakcheck/building/rejects.py": "`--rejects`",
    "leakcheck/ci/baseline.py": "`ci --update-baseline`",
    "leakcheck/ci/hook.py": "`ci --install-hook`",
    "leakcheck/commands/demo.py": "`demo`",
    "leakcheck/exporting/export.py": "`export`",
    "leakcheck/exporting/formats.py": "`export`",
    "leakcheck/exporting/gathered.py": "`export`",
    "leakcheck/fetching/blocks.py": "ranges that `fetch` has so far",
    "leakcheck/fetching/state.py": "ranges that `fetch` has so far",
    "leakcheck/http/cache.py": "ranges that `--in hibp` fetched",
    "leakcheck/http/decoys.py": "the secret for drawing decoys",
    "leakcheck/hunting/state.py": "state of `hunt --follow`",
    "leakcheck/installing/download.py": "installed filters",
    "leakcheck/installing/install.py": "installed filters",
    "leakcheck/publishing/site_folder.py": "`publish`",
    "leakcheck/publishing/site_objects.py": "made for object storage",
    "leakcheck/reports/html.py": "rows of a large HTML report",
    "leakcheck/reports/output.py": "`-o`",
    "leakcheck/reports/xlsx.py": "XLSX report",
    "leakcheck/sources/filter_file.py": "`-o`",
    "leakcheck/sources/installed.py": "installed filters",
    "leakcheck/sources/slices.py": "`range`",
    "leakcheck/spark/cluster_build.py": "a build on Spark",
    "leakcheck/spark/lookups.py": "a build on Spark",
    "leakcheck/spark/partitions.py": "a build on Spark",
    "leakcheck/spark/workplace.py": "a build on Spark",
    "leakcheck/storage/multipart.py": "made for object storage",
    "leakcheck/store/writer.py": "`--store`",
    "leakcheck/trust/keys.py": "`keys new`",
    "leakcheck/trust/sealing.py": "`keys new`",
    "leakcheck/trust/signing.py": "`sign`",
    "leakcheck/trust/store.py": "trusted keys",
}
#: They write for those above, who say what and where.
HANDS = {"leakcheck/files.py", "leakcheck/ci/parts.py", "leakcheck/cli.py"}  # a pipe, and help
CALLS = {
    "Draft", "FolderDraft", "Collected", "write_whole", "temporary_folder", "mkdtemp", "mkstemp",
    "NamedTemporaryFile", "TemporaryFile", "SpooledTemporaryFile", "TemporaryDirectory", "WorkDir",
    "write_bytes", "write_text", "open_new", "open_to_write", "mkdir", "makedirs",
}  # fmt: skip


def section(name: str) -> str:
    """The text below a heading of the page."""
    return PAGE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def variables() -> set[str]:
    """Those that the table names."""
    rows = re.findall(r"^\| (`.*?) \|", section("Variables"), re.M)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def is_environ(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in ("environ", "environb")


def read_in(text: str) -> Iterator[str | None]:
    """The variables that a module reads; None for one whose name is computed, or for all."""
    if "environ" not in text and "getenv" not in text:
        return
    tree = ast.parse(text)
    taken: set[ast.AST] = set()
    for node in ast.walk(tree):
        key: ast.AST | None = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if is_environ(node.func.value) and node.args:
                key, of = node.args[0], node.func.value
            elif node.func.attr == "getenv":
                key, of = node.args[0], node.func
        elif isinstance(node, ast.Subscript) and is_environ(node.value):
            key, of = node.slice, node.value
        elif isinstance(node, ast.Compare) and is_environ(node.comparators[0]):
            key, of = node.left, node.comparators[0]
        if key is not None:
            taken.add(of)
            yield key.value if isinstance(key, ast.Constant) else None
    yield from (None for node in ast.walk(tree) if is_environ(node) and node not in taken)


def test_the_table_has_every_variable_that_is_read() -> None:
    read = {name: set(read_in(text)) for name, text in SOURCES.items()}
    assert {name for name, found in read.items() if None in found} == set(COMPUTED)
    known = set().union(*read.values(), *(names.split() for names in COMPUTED.values())) - {None}
    assert known | OF_LIBRARIES == variables()
    assert {"NO_COLOR", "SPARK_LOCAL_DIRS", "HIBP_API_KEY", "LEAKCHECK_HOME"} <= known


@pytest.mark.parametrize("name", sorted(COMPUTED))
def test_names_that_are_computed_stand_in_their_module(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for variable in COMPUTED[name].split():
        assert variable in text or variable.partition("_")[2] in text or variable == "no_proxy"


def test_rust_reads_no_variable() -> None:
    sources = [*ROOT.glob("bloom/native/src/**/*.rs"), *ROOT.glob("leakcheck/native/src/**/*.rs")]
    assert sources or not (ROOT / "Cargo.toml").exists()
    for path in sources:
        assert not re.search(r"env::var|env!\(|getenv", path.read_text(encoding="utf-8")), path


def writes(text: str) -> bool:
    """Whether a module makes a file or a folder."""
    if not any(f"{name}(" in text for name in (*CALLS, "open")):
        return False
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in CALLS:
                return True
            modes = [*node.args, *(word.value for word in node.keywords if word.arg == "mode")]
            if name == "open" and any(
                isinstance(one, ast.Constant)
                and re.fullmatch("[wxa][bt+]*|r[bt]*[+].*", str(one.value))
                for one in modes
            ):
                return True
    return False


def test_the_table_has_every_file_that_is_written() -> None:
    found = {name for name, text in SOURCES.items() if writes(text)}
    assert found - HANDS == set(WRITERS)
    table = section("Files that leakcheck writes")
    rows = re.findall(r"^\| (?!what \||---)(.*?) \|", table, re.M)
    for row in WRITERS.values():
        assert any(row in first for first in rows), row
    for first in rows:
        assert any(row in first for row in WRITERS.values()), first


def statuses(text: str) -> Iterator[int]:
    """The numbers that functions which return a number end with."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and getattr(node.returns, "id", "") == "int":
            for one in ast.walk(node):
                if isinstance(one, ast.Return) and isinstance(one.value, ast.Constant):
                    assert isinstance(one.value.value, int)
                    yield one.value.value


def test_the_table_has_every_exit_status() -> None:
    named = {int(number) for number in re.findall(r"^\| (\d) \|", section("Exit status"), re.M)}
    rooms = ("leakcheck/commands/", "leakcheck/__main__.py")
    ends = [text for name, text in SOURCES.items() if name.startswith(rooms)]
    assert {number for text in ends for number in statuses(text)} <= named
    answers = {exit_status(exposed, unanswered) for exposed in (True, False)
               for unanswered in (True, False)}  # fmt: skip
    assert answers == named == {0, 1, 2}
