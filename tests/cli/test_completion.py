"""Completion, in real shells, as whoever presses Tab sees it."""

import os
import shutil
import subprocess
from pathlib import Path

import pexpect
import pytest
from program import leakcheck

SHELLS = ("bash", "zsh", "fish")
CASES = (
    ("leakcheck va", {"vault"}),
    ("leakcheck -q va", {"vault"}),
    ("leakcheck --color never va", {"vault"}),
    ("leakcheck --language fr va", {"vault"}),
    ("leakcheck --vers", {"--version"}),
    ("leakcheck check --var", {"--variants"}),
    ("leakcheck filters a", {"add"}),
    ("leakcheck filters add --fo", {"--force"}),
    ("leakcheck scan --prog", {"--progress"}),
    ("leakcheck scan --kind em", {"email"}),
    ("leakcheck scan --format js", {"json", "jsonl"}),
    ("leakcheck --color al", {"always"}),
    ("leakcheck completion z", {"zsh"}),
    ("leakcheck scan peo", {"people.csv"}),
    ("leakcheck-bloom va", {"vault"}),
)
BASH = """
source {script}
COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _leakcheck
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def script(tmp_path: Path) -> dict[str, Path]:
    """The script for each shell; beside them a list."""
    (tmp_path / "people.csv").touch()
    found = {}
    for shell in SHELLS:
        done = leakcheck("completion", shell)
        assert done.status == 0, done.err
        found[shell] = tmp_path / ("_leakcheck" if shell == "zsh" else f"script.{shell}")
        found[shell].write_text(done.out)
    return found


def needs(shell: str) -> str:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not here")
    return program


@pytest.mark.parametrize("shell", SHELLS)
def test_the_scripts_are_sound(shell: str, script: dict[str, Path]) -> None:
    done = subprocess.run(
        [needs(shell), "-n", script[shell]], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_bash(script: dict[str, Path], tmp_path: Path) -> None:
    for line, expected in CASES:
        asked = BASH.format(script=script["bash"], line=line)
        done = subprocess.run(
            [needs("bash"), "--norc", "-c", asked], cwd=tmp_path,
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert (set(done.stdout.split()), done.stderr) == (expected, ""), line


def test_fish(script: dict[str, Path], tmp_path: Path) -> None:
    env = os.environ | {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    for line, expected in CASES:
        done = subprocess.run(
            [needs("fish"), "-c", f"source {script['fish']}; complete -C '{line}'"],
            cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        found = {one.split("\t")[0] for one in done.stdout.splitlines()}
        assert (found, done.stderr) == (expected, ""), line


@pytest.mark.parametrize("way", ["evaluated", "autoloaded"])
def test_zsh(way: str, script: dict[str, Path], tmp_path: Path) -> None:
    """zsh completes for a person alone, so one sits at a terminal and presses Tab."""
    shell = pexpect.spawn(
        needs("zsh"), ["-f", "-i"], cwd=str(tmp_path), encoding="utf-8", timeout=30,
        env=os.environ | {"HOME": str(tmp_path), "TERM": "dumb", "PS1": "> "}, dimensions=(60, 200),
    )  # fmt: skip
    shell.sendline("setopt nobeep; unsetopt prompt_cr; PS1='<''ready>'")
    shell.expect_exact("<ready>")
    load = f"fpath+=({tmp_path}); autoload -U compinit; compinit -u -D"
    if way == "evaluated":
        load = f'eval "$(cat {script["zsh"]})"'
    shell.sendline(load)
    shell.expect_exact("<ready>")
    for line, expected in CASES:
        shell.send(f"{line}\t")
        shortest = min(expected, key=len)  # of those here, the beginning of each
        shell.expect_exact(line + shortest[len(line.split()[-1]) :])
        if len(expected) > 1:
            shell.send("\t")
            for word in sorted(expected):
                shell.expect_exact(word)
        shell.sendcontrol("u")
        shell.sendline("echo do''ne")
        shell.expect_exact("\ndone")
        shell.expect_exact("<ready>")
    shell.close(force=True)


def test_completing_starts_no_program(script: dict[str, Path]) -> None:
    for shell in SHELLS:
        text = script[shell].read_text()
        assert "$(leakcheck" not in text
        assert "`" not in text
