"""What a first-time user wants to do: each task takes at most three commands of README, as they
stand there, in an empty folder.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from program import leakcheck, one_sentence
from sessions import steps_of

README = (Path(__file__).parent.parent.parent / "README.md").read_text(encoding="utf-8")
BUILD = 'leakcheck build dump.txt -o acme.bloom --name "Acme 2026" --date 2026-02-01 --kind email'
TASKS = {
    "check a password": (["printf 'letmein\\n' | leakcheck check --password"], 1, "exposed in"),
    "check an address": (
        ["leakcheck demo -o try", "leakcheck check alice@example.fr --in try/acme.bloom"],
        1,
        "alice@example.fr: exposed in Acme 2026",
    ),
    "scan a sheet": (
        [
            BUILD,
            "leakcheck filters add acme.bloom",
            "leakcheck scan employees.csv",
        ],
        1,
        "alice@example.fr\texposed",
    ),
    "guard a repository": (["leakcheck ci config"], 1, "DB_PASSWORD: breached password"),
    "publish": (
        [
            BUILD,
            "leakcheck keys new filters.example.org/acme -o acme.key",
            'leakcheck publish acme.bloom -o site --key acme.key --title "Acme, 2026" '
            "--data email,password --contact dpo@example.org --lang en,fr",
        ],
        0,
        "site",
    ),
}  # fmt: skip


@pytest.mark.parametrize("task", TASKS)
def test_a_task_takes_at_most_three_commands_of_readme(task: str, tmp_path: Path) -> None:
    commands, status, told = TASKS[task]
    assert len(commands) <= 3
    shown = [step.command for step in steps_of(README)]
    assert set(commands) <= set(shown), "README has other commands"
    folder, home = tmp_path / "folder", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    for step in steps_of(README):
        if step.name:
            (folder / step.name).parent.mkdir(exist_ok=True)
            (folder / step.name).write_text("\n".join(step.expected) + "\n")
    env = {"HOME": str(home), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for command in commands:
        done = subprocess.run(
            command, shell=True, cwd=folder, env=env, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        expected = status if command == commands[-1] else 0
        assert done.returncode == expected, done.stdout + done.stderr
    assert told in done.stdout


def test_the_demo_writes_over_nothing(tmp_path: Path) -> None:
    there = tmp_path / "try"
    there.mkdir()
    (there / "acme.bloom").write_text("mine\n")
    assert "exists" in one_sentence(leakcheck("demo", "-o", there))
    assert (there / "acme.bloom").read_text() == "mine\n"


@pytest.mark.parametrize("group", [[], ["filters"], ["keys"]])
def test_no_line_of_help_is_cut_at_eighty_columns(group: list[str]) -> None:
    shown = leakcheck(*group, "--help", COLUMNS="80").out.partition("Commands:")[2]
    assert shown
    assert "..." not in shown
    assert max(map(len, shown.splitlines())) <= 80
