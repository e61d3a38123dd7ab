"""Sessions: console blocks in Markdown, run as written and compared with what they show.

Rules of the blocks:

- ```console holds `$ command` lines, each followed by what it prints, stdout
  and stderr as a terminal shows them;
- a command that ends in `# exit N` must end with that status, others with 0;
- `...` stands for any text within a line; alone on a line, for any lines;
- ```text NAME (or another language) writes its content to the file NAME;
- one Markdown file is one session: one folder, one home, from top to bottom.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_FENCE = re.compile(r"^```(\w+)?(?: +(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXIT = re.compile(r"\s+# exit (\d)$")


@dataclass
class Step:
    """A file to write (`name`), or a command with its exit status; `expected` is its text."""

    line: int
    name: str | None = None
    command: str = ""
    status: int = 0
    expected: list[str] = field(default_factory=list)


def steps_of(text: str) -> Iterator[Step]:
    """The steps of a session, in order."""
    for fence in _FENCE.finditer(text):
        language, name, content = fence.groups()
        line = text.count("\n", 0, fence.start()) + 1
        if language == "console":
            yield from _commands(content, line)
        elif name:
            yield Step(line, name=name, expected=content.splitlines())


def _commands(content: str, line: int) -> Iterator[Step]:
    step: Step | None = None
    for row in content.splitlines():
        line += 1
        if row.startswith("$ "):
            if step is not None:
                yield step
            status = _EXIT.search(row)
            command = row[2 : status.start() if status else None]
            step = Step(line, command=command, status=int(status[1]) if status else 0)
        elif step is not None and step.command.endswith("\\") and not step.expected:
            step.command += "\n" + row
        elif step is not None:
            step.expected.append(row)
    if step is not None:
        yield step


def environment(home: Path) -> dict[str, str]:
    """What a session's commands see: our program first, a home of their own, no CI."""
    (home / "leakcheck-home").mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "LEAKCHECK_HOME": str(home / "leakcheck-home"),
        "HOME": str(home),
        "COLUMNS": "100",
        "LC_ALL": "C.UTF-8",
        "PYTHONSAFEPATH": "1",
    }


def run_session(path: Path, folder: Path) -> int:
    """Run the session in the Markdown file at `path` in `folder`; return how many commands ran.

    Raises AssertionError where a command shows or returns something else.
    """
    home = folder / "home"
    work = folder / "work"
    home.mkdir()
    work.mkdir()
    ran = 0
    for step in steps_of(path.read_text(encoding="utf-8")):
        if step.name is not None:
            target = work / step.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text("\n".join(step.expected) + "\n", encoding="utf-8")
            continue
        done = subprocess.run(
            ["bash", "-c", step.command],
            cwd=work, env=environment(home), stdin=subprocess.DEVNULL, timeout=300, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        ran += 1
        shown = done.stdout.decode("utf-8", "replace").splitlines()
        where = f"{path.name}:{step.line}: $ {step.command}"
        assert done.returncode == step.status, f"{where}\nexit {done.returncode}\n{shown}"
        assert matches(step.expected, shown), (
            f"{where}\nexpected:\n" + "\n".join(step.expected) + "\nshown:\n" + "\n".join(shown)
        )
    return ran


def matches(expected: list[str], shown: list[str]) -> bool:
    """Whether `shown` is what `expected` describes, with its `...`."""
    pattern = ""
    for row in expected:
        if row.strip() == "...":
            pattern += r"(?:[^\n]*\n)*"
        else:
            pattern += r"[^\n]*".join(map(re.escape, row.rstrip().split("..."))) + r" *\n"
    text = "".join(row.rstrip() + "\n" for row in shown)
    return re.fullmatch(pattern, text) is not None
