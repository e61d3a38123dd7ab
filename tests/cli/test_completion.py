"""Completion, in the shells that are here."""

import shutil
import subprocess
from pathlib import Path

import pytest
from program import leakcheck

ASK = """
{script}
COMP_WORDS=({words}); COMP_CWORD={at}; _leakcheck; printf '%s\\n' "${{COMPREPLY[@]}}"
"""
CASES = (
    (["leakcheck", "va"], {"vault"}),
    (["leakcheck", "check", "--var"], {"--variants"}),
    (["leakcheck", "filters", "a"], {"add"}),
    (["leakcheck", "filters", "add", "--fo"], {"--force"}),
    (["leakcheck", "scan", "--prog"], {"--progress"}),
)


@pytest.mark.parametrize(("words", "found"), CASES)
def test_bash(words: list[str], found: set[str], tmp_path: Path) -> None:
    script = leakcheck("completion", "bash").out
    asked = ASK.format(script=script, words=" ".join(words), at=len(words) - 1)
    done = subprocess.run(
        ["bash", "--norc", "-c", asked], cwd=tmp_path,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert set(done.stdout.split()) == found, done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_scripts_are_sound(shell: str) -> None:
    done = leakcheck("completion", shell)
    assert done.status == 0
    assert "vault" in done.out
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")
    checked = subprocess.run(
        [shell, "-n"], input=done.out, capture_output=True, text=True, check=False, timeout=60
    )
    assert checked.returncode == 0, checked.stderr
