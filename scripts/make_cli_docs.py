"""Write docs/cli.md, and the manual pages, from the --help of every command; --check compares.

python scripts/make_cli_docs.py [--check]
"""

import os
import subprocess
import sys
from pathlib import Path

import make_man

from leakcheck.cli import COMMANDS

PAGE = Path(__file__).parent.parent / "docs" / "cli.md"
GROUPS = {
    "filters": ("add", "update", "search", "list", "remove", "path"),
    "keys": ("new", "public", "trust", "list", "distrust"),
}
HEAD = """# The command line

Made by `scripts/make_cli_docs.py` from `--help`; do not edit.

Exit status, everywhere: **0** clean, or done; **1** exposed; **2** cannot answer, or wrong use.
Several subjects: 1 if any is exposed, else 2 if any is unknown, else 0. Errors are one sentence
on stderr.
"""


def help_of(*words: str) -> str:
    """What `leakcheck WORDS --help` prints, at 100 columns."""
    program = Path(sys.executable).parent / "leakcheck"
    shown = subprocess.run(
        [program, *words, "--help"],
        env=os.environ | {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "LC_ALL": "C.UTF-8"},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return "\n".join(line.rstrip() for line in shown.strip().splitlines())


def page() -> str:
    """The whole page."""
    parts = [HEAD, f"```text\n{help_of()}\n```\n"]
    for name in COMMANDS:
        parts.append(f"## leakcheck {name}\n\n```text\n{help_of(name)}\n```\n")
        parts += [
            f"### leakcheck {name} {sub}\n\n```text\n{help_of(name, sub)}\n```\n"
            for sub in GROUPS.get(name, ())
        ]
    return "\n".join(parts)


def main() -> None:
    """Write the page, or compare it."""
    made = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(made, encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != made:
        sys.exit("docs/cli.md is stale: run python scripts/make_cli_docs.py")
    make_man.main()


if __name__ == "__main__":
    main()
