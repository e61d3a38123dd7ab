"""Change our code in small ways, and see that a test fails for each: tests that bite.

    python scripts/mutate.py leakcheck/verdicts.py leakcheck/wording.py      # named modules
    python scripts/mutate.py --since main                                    # changed ones
    python scripts/mutate.py leakcheck/native/src/hex.rs --tests tests/extract/test_edges.py

Works on a copy of what git tracks, so that nothing of the tree changes. Of all
mutants of the modules, `--count` are drawn by `--seed`; each is run with the
tests named in TESTS for its module, else with those of its room, until one
fails: first those that call the function that is changed, the quickest first.
A mutant of Rust is built first, without optimising links. Survivors are
printed; those listed in scripts/equivalent_mutants.txt change nothing that
anybody could see and do not count. Exits 1 where fewer than `--bar` percent of
the others are killed. `--log FILE` keeps results; what it holds is not run
again.
"""

import argparse
import ast
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, FrameType

ROOT = Path(__file__).parent.parent
SAID = "what-the-tests-said.txt"  # in the copy
CALLS = "what-the-tests-called.json"
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.txt")

# The tests of a module, quickest first; a name that ends in / stands for all in a folder.
TESTS = {
    "leakcheck/subject/l": "tests/extract/test_address.py tests/subject/test_forms.py",
    "leakcheck/subject/punycode.py": "tests/subject/test_tables.py",
    "leakcheck/subject/foreign.py": "tests/exporting/test_kernels.py",
    "leakcheck/extract/reference/": "tests/extract/test_edges.py tests/extract/test_cut.py "
    "tests/extract/test_engines.py tests/extract/test_questions.py",
    "leakcheck/input/zip_": "tests/input/test_zip.py",
    "leakcheck/input/objects.py": "tests/input/test_objects.py",
    "leakcheck/storage/": "tests/input/test_objects.py tests/building/test_output_in_storage.py",
    "leakcheck/records/columns.py": "tests/records/test_table_runs.py "
    "tests/records/test_written.py tests/building/test_build_forms.py",
    "leakcheck/records/entries.py": "tests/records/test_entries.py",
    "leakcheck/records/stealer.py": "tests/building/test_build_forms.py",
    "leakcheck/sources/range_store.py": "tests/sources/test_range_store.py",
    "leakcheck/sources/sorted_list.py": "tests/scanning/test_options.py",
    "leakcheck/trust/sealing.py": "tests/serving/test_oracle.py "
    "tests/sources/test_sealed_filters.py",
    "leakcheck/trust/local.py": "tests/trust/test_file_system.py",
    "leakcheck/http/parallel.py": "tests/http/test_client.py",
    "leakcheck/http/streams.py": "tests/http/test_client.py tests/http/test_proxy.py",
    "leakcheck/http/urls.py": "tests/http/test_urls.py",
    "leakcheck/scanning/report_rows.py": "tests/scanning/test_report_rows.py",
    "leakcheck/scanning/": "tests/scanning/test_plain.py tests/scanning/test_options.py "
    "tests/scanning/test_lists.py tests/scanning/test_incomplete.py",
    "leakcheck/ci/history.py": "tests/ci/test_history.py",
    "leakcheck/ci/walk.py": "tests/ci/test_walk.py",
    "leakcheck/ci/readers/": "tests/ci/test_readers.py tests/ci/test_forms.py "
    "tests/ci/test_formats.py tests/ci/test_hostile.py",
    "leakcheck/hunting/watch.py": "tests/hunting/test_watch.py tests/hunting/test_matching.py",
    "leakcheck/hunting/parsing.py": "tests/hunting/test_watch.py",
    "leakcheck/hunting/state.py": "tests/hunting/test_following.py",
    "leakcheck/hunting/plain_lines.py": "tests/hunting/test_plain_context.py",
    "leakcheck/fetching/rate_limiter.py": "tests/fetching/test_rate_limiter.py",
    "leakcheck/fetching/storing.py": "tests/fetching/test_store.py",
    "leakcheck/fetching/": "tests/fetching/test_fetch.py tests/fetching/test_fetch_faults.py",
    "leakcheck/serving/hosts.py": "tests/serving/test_hosts.py",
    "leakcheck/serving/": "tests/serving/test_serve.py tests/serving/test_serve_hostile.py "
    "tests/serving/test_stores.py",
    "leakcheck/publishing/": "tests/publishing/test_publish.py",
    "leakcheck/building/distinct": "tests/building/test_build_accounting.py "
    "tests/building/test_slow_keys.py",
    "leakcheck/building/checkpoint.py": "tests/building/test_build_resume.py",
    "leakcheck/building/": "tests/building/test_build_accounting.py "
    "tests/building/test_build_forms.py tests/building/test_build_resume.py",
    "leakcheck/commands/config.py": "tests/cli/test_config.py",
    "leakcheck/commands/": "tests/cli/test_errors.py tests/cli/test_screens.py",
    "leakcheck/spark/": "tests/spark/test_frames.py tests/spark/test_cluster_build.py",
    "bloom/memory.py": "tests/engine/test_memory.py",
    "leakcheck/verdicts.py": "tests/test_verdicts.py tests/scanning/test_api.py "
    "tests/subject/test_forms.py tests/scanning/test_incomplete.py tests/sources/test_tables.py",
    "leakcheck/wording.py": "tests/test_wording.py",
    "leakcheck/files.py": "tests/test_files.py",
    "leakcheck/terminal.py": "tests/cli/test_terminal.py tests/cli/test_secrets.py",
    "leakcheck/subject/digests.py": "tests/subject/ tests/extract/test_engines.py",
    "leakcheck/subject/": "tests/subject/ tests/extract/test_address.py "
    "tests/extract/test_edges.py tests/extract/test_questions.py",
    "leakcheck/extract/": "tests/extract/",
    "leakcheck/records/sql": "tests/records/test_nothing_in_silence.py "
    "tests/building/test_build_forms.py",
    "leakcheck/records/": "tests/records/ tests/building/test_build_forms.py "
    "tests/building/test_build_sniff.py tests/scanning/test_formats.py",
    "leakcheck/input/chunk.py": "tests/input/test_read_chunks.py tests/extract/test_cut.py",
    "leakcheck/input/encodings.py": "tests/input/test_read_chunks.py tests/input/test_secrets.py",
    "leakcheck/input/secrets.py": "tests/input/test_secrets.py tests/subject/test_same_answer.py",
    "leakcheck/input/tar.py": "tests/input/test_tar.py tests/input/test_read_archives.py",
    "leakcheck/input/tar_header.py": "tests/input/test_tar.py tests/input/test_read_archives.py",
    "leakcheck/input/walk.py": "tests/input/test_read_walk.py tests/input/test_read_archives.py",
    "leakcheck/input/number_format.py": "tests/input/test_number_format.py",
    "leakcheck/input/compressed.py": "tests/input/test_read_compressed.py",
    "leakcheck/input/zip": "tests/input/test_zip.py tests/input/test_read_archives.py",
    "leakcheck/trust/note.py": "tests/trust/test_note.py tests/trust/test_signing.py",
    "leakcheck/trust/verity.py": "tests/trust/test_verity.py",
    "leakcheck/trust/edition.py": "tests/trust/test_edition.py tests/trust/test_signing.py",
    "leakcheck/trust/": "tests/trust/ tests/sources/test_signed_filters.py",
    "leakcheck/reports/": "tests/scanning/test_reports.py tests/ci/test_command.py "
    "tests/scanning/test_options.py",
    "leakcheck/hunting/": "tests/hunting/",
    "leakcheck/http/cache.py": "tests/http/test_cache.py",
    "leakcheck/http/messages.py": "tests/http/test_messages.py",
    "leakcheck/http/": "tests/http/test_messages.py tests/http/test_headers.py "
    "tests/http/test_urls.py tests/http/test_decoys.py tests/http/test_client.py",
    "leakcheck/sources/range_answers.py": "tests/sources/test_range_answers.py "
    "tests/fetching/test_fetch.py",
    "leakcheck/ci/": "tests/ci/test_readers.py tests/ci/test_formats.py tests/ci/test_names.py "
    "tests/ci/test_parts.py tests/ci/test_hostile.py tests/ci/test_command.py",
    "leakcheck/ci/baseline.py": "tests/ci/test_ignoring.py tests/ci/test_secrets.py",
    "leakcheck/config.py": "tests/cli/test_config.py",
    "leakcheck/language.py": "tests/test_language.py",
    "leakcheck/store/live.py": "tests/sources/test_range_store.py tests/serving/test_stores.py",
    "leakcheck/store/": "tests/store/",
    "leakcheck/exporting/": "tests/exporting/test_export.py tests/exporting/test_kernels.py",
    "leakcheck/checking/": "tests/checking/ tests/cli/test_person.py",
    "leakcheck/fetching/blocks.py": "tests/fetching/test_blocks.py tests/fetching/test_fetch.py",
    "leakcheck/sources/names.py": "tests/sources/test_names.py tests/cli/test_config.py "
    "tests/cli/test_screens.py",
    "leakcheck/sources/filter_": "tests/sources/test_filter_file.py tests/engine/test_format.py",
    "leakcheck/input/xz_blocks.py": "tests/input/test_xz_blocks.py",
    "leakcheck/http/proxies.py": "tests/http/test_proxy.py",
    "leakcheck/http/decoys.py": "tests/http/test_decoys.py",
    "leakcheck/serving/guard.py": "tests/serving/test_room.py tests/serving/test_attacks.py",
    "leakcheck/serving/oracle.py": "tests/serving/test_oracle.py",
    "leakcheck/building/slow_keys.py": "tests/building/test_slow_keys.py",
    "bloom/records_file.py": "tests/engine/test_records_file.py tests/engine/test_builder.py",
    "bloom/": "tests/engine/test_format.py tests/engine/test_vectors.py tests/engine/test_files.py "
    "tests/engine/test_kernels.py tests/engine/test_rates.py tests/engine/test_filter.py "
    "tests/engine/test_builder.py",
    "bloom/native/src/": "tests/engine/test_vectors.py tests/engine/test_kernels.py "
    "tests/engine/test_builder.py",
    "leakcheck/native/src/teddy.rs": "tests/ci/test_marks.py tests/hunting/test_sieve.py",
    "leakcheck/native/src/hunt": "tests/hunting/test_sieve.py tests/hunting/test_pieces.py",
    "leakcheck/native/src/marks.rs": "tests/ci/test_marks.py",
    "leakcheck/native/src/verity.rs": "tests/trust/test_verity.py",
    "leakcheck/native/src/report_rows.rs": "tests/scanning/test_report_rows.py",
    "leakcheck/native/src/table_rows.rs": "tests/records/test_table_runs.py",
    "leakcheck/native/src/ranges.rs": "tests/store/",
    "leakcheck/native/src/export.rs": "tests/exporting/test_kernels.py",
    "leakcheck/native/src/cuckoo.rs": "tests/exporting/test_kernels.py",
    "leakcheck/native/src/murmur.rs": "tests/exporting/test_kernels.py",
    "leakcheck/native/src/distinct.rs": "tests/building/test_slow_keys.py "
    "tests/records/test_golden.py",
    "leakcheck/native/src/harden.rs": "tests/building/test_slow_keys.py",
    "leakcheck/native/src/seal.rs": "tests/serving/test_oracle.py "
    "tests/sources/test_sealed_filters.py",
    "leakcheck/native/src/numbered.rs": "tests/input/test_read_chunks.py "
    "tests/building/test_build_accounting.py",
    "leakcheck/native/src/": "tests/extract/test_edges.py tests/extract/test_cut.py "
    "tests/subject/test_digests.py tests/extract/test_engines.py tests/extract/test_address.py "
    "tests/extract/test_questions.py tests/subject/test_tables.py",
}

_COMPARE: dict[type, str] = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
_BINARY: dict[type, str] = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "//", ast.FloorDiv: "*", ast.Div: "*", ast.Mod: "//",
    ast.LShift: ">>", ast.RShift: "<<", ast.BitAnd: "|", ast.BitOr: "&", ast.BitXor: "&",
}  # fmt: skip
_RUST = (
    (re.compile(r" <= "), " < "), (re.compile(r" < "), " <= "), (re.compile(r" >= "), " > "),
    (re.compile(r"(?<![-=]) > "), " >= "), (re.compile(r" == "), " != "),
    (re.compile(r" != "), " == "), (re.compile(r" && "), " || "), (re.compile(r" \|\| "), " && "),
    (re.compile(r" \+ "), " - "), (re.compile(r" - "), " + "), (re.compile(r" << "), " >> "),
    (re.compile(r" >> "), " << "), (re.compile(r" & "), " | "), (re.compile(r" \| "), " & "),
    (re.compile(r"\btrue\b"), "false"), (re.compile(r"\bfalse\b"), "true"),
    (re.compile(r"(?<=[( ])!(?=[\w(])"), ""), (re.compile(r"\bbreak;"), "continue;"),
    (re.compile(r"\bcontinue;"), "break;"), (re.compile(r"\+= "), "-= "),
    (re.compile(r"(?<![\w.'x])\d+(?![\w.'])"), "+1"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """source[start:end] of a module, in characters, is replaced by `after`."""

    module: str
    start: int
    end: int
    line: int
    before: str
    after: str
    text: str  # the line, without blanks around

    @property
    def name(self) -> str:
        """What it is known by, wherever the line stands."""
        return f"{self.module} | {self.text} | {self.before} -> {self.after}"


class _Finder(ast.NodeVisitor):
    """The mutants of one Python module."""

    def __init__(self, module: str, source: str) -> None:
        self.module, self.source, self.found = module, source, list[Mutant]()
        self._lines = [0]
        for line in source.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))
        self._rows = source.splitlines()

    def _at(self, line: int, column: int) -> int:
        row = self._rows[line - 1] if line <= len(self._rows) else ""
        return self._lines[line - 1] + len(row.encode()[:column].decode())

    def _span(self, node: ast.AST) -> tuple[int, int]:
        start = self._at(node.lineno, node.col_offset)  # type: ignore[attr-defined]
        return start, self._at(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def _add(self, start: int, end: int, after: str, line: int) -> None:
        before = self.source[start:end]
        text = self._rows[line - 1].strip()
        shown = " ".join(before.split())
        self.found.append(Mutant(self.module, start, end, line, shown, after, text))

    def _operator(self, left: ast.AST, right: ast.AST, after: str) -> None:
        start, end = self._span(left)[1], self._span(right)[0]
        between = self.source[start:end]
        match = re.search(
            r"is not|not in|[<>=!]=|<<|>>|//|\b(?:is|in|and|or)\b|[-+*/%<>&|^]", between
        )
        if match and "#" not in between:
            self._add(start + match.start(), start + match.end(), after, right.lineno)  # type: ignore[attr-defined]

    def visit_Compare(self, node: ast.Compare) -> None:
        sides = [node.left, *node.comparators]
        for at, operator in enumerate(node.ops):
            self._operator(sides[at], sides[at + 1], _COMPARE[type(operator)])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        after = "or" if isinstance(node.op, ast.And) else "and"
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._operator(left, right, after)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if not (isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant)):
            after = _BINARY.get(type(node.op))
            if after:
                self._operator(node.left, node.right, after)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            start, end = self._span(node)
            inner = self._span(node.operand)
            self._add(start, end, self.source[slice(*inner)], node.lineno)
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        start, end = self._span(node.test)
        self._add(start, end, f"(not ({self.source[start:end]}))", node.lineno)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        start, end = self._span(node.test)
        self._add(start, end, f"(not ({self.source[start:end]}))", node.lineno)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        start, end = self._span(node)
        if node.value is True or node.value is False:
            self._add(start, end, str(not node.value), node.lineno)
        elif type(node.value) is int and re.fullmatch(r"\w+", self.source[start:end]):
            self._add(start, end, f"{node.value + 1}", node.lineno)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not (
            isinstance(node.value, ast.Constant) and node.value.value in (None, True, False)
        ):
            start, end = self._span(node.value)
            self._add(start, end, "None", node.lineno)
        self.generic_visit(node)

    def _gone(self, node: ast.stmt) -> None:
        start, end = self._span(node)
        self._add(start, end, "pass", node.lineno)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            self._gone(node)
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._gone(node)  # what it says is not looked into

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._gone(node)
        self.generic_visit(node)

    def visit_Continue(self, node: ast.Continue) -> None:
        self._add(*self._span(node), "break", node.lineno)

    def visit_Break(self, node: ast.Break) -> None:
        self._add(*self._span(node), "continue", node.lineno)

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg != "strict":  # of zip: says what is so, for whoever reads it
            self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> None:
        """Annotations are for the type checker."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for part in (*node.args.defaults, *node.args.kw_defaults, *node.body):
            if part is not None:
                self.visit(part)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in node.body:
            self.visit(part)


def of_python(module: str, source: str) -> list[Mutant]:
    """The mutants of a Python module."""
    finder = _Finder(module, source)
    finder.visit(ast.parse(source))
    return finder.found


def of_rust(module: str, source: str) -> list[Mutant]:
    """The mutants of a Rust module, but for its comments, attributes, words and own tests."""
    found = []
    at = 0
    for number, line in enumerate(source.splitlines(keepends=True), 1):
        if "#[cfg(test)]" in line:
            break
        bare = line.split("//")[0]
        if not re.match(r"\s*(#|use |const fn|fn |pub |impl|struct|///)", bare) and '"' not in bare:
            for pattern, after in _RUST:
                for match in pattern.finditer(bare):
                    new = str(int(match[0]) + 1) if after == "+1" else after
                    span = at + match.start(), at + match.end()
                    found.append(
                        Mutant(module, *span, number, match[0].strip(), new.strip(), bare.strip())
                        if after.strip() == after
                        else Mutant(module, *span, number, match[0], new, bare.strip())
                    )
        at += len(line)
    return found


def mutants(module: str) -> list[Mutant]:
    """All mutants of a module."""
    source = (ROOT / module).read_text(encoding="utf-8")
    return (of_rust if module.endswith(".rs") else of_python)(module, source)


def tests_of(module: str) -> list[str]:
    """The tests for a module: of the longest name in TESTS that it begins with."""
    named = [name for name in TESTS if module.startswith(name)]
    if not named:
        room = Path(module).parts[1]
        return [f"tests/{room}/"] if (ROOT / "tests" / room).is_dir() else ["tests/"]
    return [name for name in TESTS[max(named, key=len)].split() if (ROOT / name).exists()]


def copy_tree(folder: Path) -> None:
    """What git tracks, as it stands in the tree, and the built extensions."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for built in (*ROOT.glob("bloom/_native*.so"), *ROOT.glob("leakcheck/_native*.so")):
        shutil.copy2(built, folder / built.relative_to(ROOT))


# Seconds by test; first line, last line and test of what is called, by module.
Calls = tuple[dict[str, float], dict[str, list[tuple[int, int, str]]]]


class _Watch:
    """A plugin of pytest: which tests call which functions of ours, in this process, and how long
    each takes. Of what a test starts as a process of its own nothing is seen.
    """

    def __init__(self, folder: Path) -> None:
        self._top = f"{folder}/"
        self._called: set[CodeType] = set()
        self._start = 0.0
        self._seconds: dict[str, float] = {}
        self._lines: dict[str, list[tuple[int, int, str]]] = {}

    def _trace(self, frame: FrameType, _event: str, _arg: object) -> None:
        self._called.add(frame.f_code)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        del nodeid
        self._called.clear()
        self._start = time.monotonic()
        threading.settrace(self._trace)
        sys.settrace(self._trace)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        sys.settrace(None)
        self._seconds[nodeid] = time.monotonic() - self._start
        for code in self._called:
            if code.co_filename.startswith(self._top) and code.co_name != "<module>":
                lines = [line for _, _, line in code.co_lines() if line]
                module = code.co_filename.removeprefix(self._top)
                self._lines.setdefault(module, []).append((min(lines), max(lines), nodeid))

    def pytest_sessionfinish(self) -> None:
        (Path(self._top) / CALLS).write_text(json.dumps([self._seconds, self._lines]))


def calling(calls: Calls, module: str, line: int) -> list[str]:
    """The tests that call the function of that line, quickest first."""
    seconds, lines = calls
    found = {test for start, end, test in lines.get(module, []) if start <= line <= end}
    return sorted(found, key=lambda test: (seconds[test], test))[:40]


def run_tests(folder: Path, tests: Sequence[str], seconds: float, watch: bool = False) -> str:
    """`passed`, `failed`, `slow`, or `broken` where the tests did not even start.

    The child is a fork of this process, which has loaded what all tests load.
    watch: note which tests call which functions.
    """
    child = os.fork()
    if not child:
        os.setsid()
        os.chdir(folder)
        os.environ |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        sys.dont_write_bytecode = True
        sys.path[:0] = [str(folder)]
        signal.signal(signal.SIGINT, signal.default_int_handler)
        said = os.open(folder / SAID, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        code = 3
        try:
            import pytest

            code = pytest.main(
                ["-x", "-q", "-p", "no:cacheprovider", "--timeout", str(int(seconds)), *tests],
                plugins=[_Watch(folder)] if watch else [],
            )
        finally:
            os._exit(int(code))
    end = time.monotonic() + seconds * 1.5
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            _end(child)
            # 2: a module that cannot be imported; 5: nothing collected; a signal: it crashed.
            return {0: "passed", 5: "broken"}.get(code, "failed")
        time.sleep(0.05)
    _end(child)
    os.waitpid(child, 0)
    return "slow"


def _end(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def build(folder: Path) -> bool:
    """Build the extensions of the copy, quickly rather than well. Whether they can be."""
    target = Path(os.environ.get("CARGO_TARGET_DIR") or folder / "target")
    env = os.environ | {
        "CARGO_TARGET_DIR": str(target),
        "CARGO_PROFILE_RELEASE_LTO": "off",
        "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
        "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "64",
        "CARGO_PROFILE_RELEASE_INCREMENTAL": "true",
    }
    theirs = 'profile.release.package."*".opt-level=2'
    done = subprocess.run(
        ["cargo", "build", "--release", "--quiet", "--config", theirs],
        cwd=folder, env=env, capture_output=True,
    )  # fmt: skip
    if done.returncode:
        return False
    for top in ("bloom", "leakcheck"):
        built = target / "release" / f"lib{top}_native.so"
        fresh = folder / top / "_native.abi3.so.new"
        shutil.copy2(built, fresh)
        fresh.rename(folder / top / "_native.abi3.so")
    return True


@cache
def equivalents() -> frozenset[str]:
    """The mutants that change nothing, by name."""
    lines = EQUIVALENT.read_text(encoding="utf-8").splitlines() if EQUIVALENT.exists() else []
    return frozenset(line for line in lines if line and not line.startswith(("#", "    ")))


def results(
    chosen: list[Mutant], tests: list[str] | None, log: Path | None, seconds: float
) -> Iterator[tuple[Mutant, str]]:
    """Each mutant, and what became of it."""
    known = {}
    if log is not None and log.exists():
        rows = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
        known = {row["name"]: row["result"] for row in rows}
    for name in ("pytest", "hypothesis", "xxhash", "pytest_timeout", "ast", "json", "decimal"):
        __import__(name)
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top)
        copy_tree(folder)
        if any(one.module.endswith(".rs") for one in chosen) and not build(folder):
            raise SystemExit("the extensions cannot be built")
        baseline: dict[tuple[str, ...], float] = {}
        unfit: set[tuple[str, ...]] = set()
        calls: dict[tuple[str, ...], Calls] = {}
        for one in chosen:
            if one.name in known:
                yield one, known[one.name]
                continue
            named = tuple(tests or tests_of(one.module))
            path = folder / one.module
            source = path.read_text(encoding="utf-8")
            if named not in baseline:
                if one.module.endswith(".rs"):
                    build(folder)  # without the mutant before
                start = time.monotonic()
                state = run_tests(folder, named, seconds, watch=True)
                if state != "passed":
                    print(f"{one.module}: without a change its tests are {state}:", flush=True)
                    print((folder / SAID).read_text("utf-8", "replace")[-2000:], flush=True)
                    unfit.add(named)
                else:
                    calls[named] = json.loads((folder / CALLS).read_text())
                baseline[named] = time.monotonic() - start
            if named in unfit:
                yield one, "not run"
                continue
            path.write_text(source[: one.start] + one.after + source[one.end :], encoding="utf-8")
            try:
                if one.module.endswith(".rs") and not build(folder):
                    result = "unbuildable"
                else:
                    allowed = min(seconds, 30 + 6 * baseline[named])
                    first = calling(calls[named], one.module, one.line)
                    state = run_tests(folder, first, allowed) if first else "passed"
                    if state in ("passed", "broken"):
                        state = run_tests(folder, named, allowed)
                    result = {"passed": "survived", "failed": "killed"}.get(state, state)
            finally:
                path.write_text(source, encoding="utf-8")
            if log is not None:
                with log.open("a", encoding="utf-8") as out:
                    out.write(json.dumps({"name": one.name, "result": result}) + "\n")
            yield one, result


def main() -> int:
    """Draw mutants, run them, and say who survived."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("modules", nargs="*", help="files, or folders of Python modules")
    parser.add_argument("--since", help="the modules that changed since this commit")
    parser.add_argument("--tests", nargs="+", help="instead of those in TESTS")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=300, help="at most, for one mutant")
    parser.add_argument("--bar", type=float, default=95.0)
    parser.add_argument("--log", type=Path)
    options = parser.parse_args()
    names = list(options.modules)
    if options.since:
        names += subprocess.run(
            ["git", "diff", "--name-only", "--diff-filter=AM", options.since, "--", "leakcheck",
             "bloom"], cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout.split()  # fmt: skip
    modules = [
        path.relative_to(ROOT).as_posix()
        for name in names
        for path in (
            sorted((ROOT / name).rglob("*.py")) if (ROOT / name).is_dir() else [ROOT / name]
        )
        if path.suffix in (".py", ".rs")
    ]
    pool = [one for module in dict.fromkeys(modules) for one in mutants(module)]
    if not pool:
        parser.error("name a module, or --since a commit")
    chance = random.Random(options.seed)
    chosen = sorted(
        chance.sample(pool, min(options.count, len(pool))), key=lambda one: (one.module, one.start)
    )
    counts: Counter[str] = Counter()
    for one, result in results(chosen, options.tests, options.log, options.seconds):
        same = result == "survived" and one.name in equivalents()
        counts["equivalent" if same else result] += 1
        if result not in ("killed", "slow", "unbuildable", "not run") and not same:
            print(f"{one.module}:{one.line}: {result}: {one.before} -> {one.after}\n"
                  f"    {one.text}", flush=True)  # fmt: skip
    killed = counts["killed"] + counts["slow"]
    counted = killed + counts["survived"] + counts["broken"]
    share = 100 * killed / counted if counted else 100.0
    print(f"seed {options.seed}: {len(chosen)} of {len(pool):,} mutants: "
          f"{', '.join(f'{count} {what}' for what, count in sorted(counts.items()))}; "
          f"{share:.1f} % killed")  # fmt: skip
    return 0 if share >= options.bar and not counts["not run"] else 1


if __name__ == "__main__":
    sys.exit(main())
