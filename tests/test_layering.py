"""The rooms and the directions between them, as docs/design.md draws them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = [*sorted((ROOT / "bloom").rglob("*.py")), *sorted((ROOT / "leakcheck").rglob("*.py"))]

# What may be imported only from these places.
ONLY_IN = {
    "typer": ("leakcheck/cli.py", "leakcheck/commands/", "leakcheck/__main__.py"),
    "rich": ("leakcheck/terminal.py",),
    "httpx": (),  # the bytes of a request are written in leakcheck/http/, all of them
    "socket": ("leakcheck/http/", "leakcheck/serving/", "leakcheck/commands/serve.py"),
    "ssl": ("leakcheck/http/", "leakcheck/serving/", "leakcheck/commands/serve.py"),
    "bloom": ("bloom/", "leakcheck/sources/filter_file.py"),
    # Which engine runs, and on how many cores, is decided there for all.
    "bloom.engine": ("",),
    "bloom.cores": ("",),
}


def imported(path: Path) -> Iterator[str]:
    """Every module named in an import of the file, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_directions(path: Path) -> None:
    here = path.relative_to(ROOT).as_posix()
    for module in imported(path):
        top = module.split(".")[0]
        allowed = ONLY_IN.get(module, ONLY_IN.get(top))
        assert allowed is None or here.startswith(allowed), f"{here} imports {module}"
        if here.startswith("bloom/"):
            assert top != "leakcheck", f"{here} imports {module}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
