"""The image, the units of systemd: what they need is there, and their commands are understood."""

import os
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from program import leakcheck

ROOT = Path(__file__).parent.parent.parent
UNITS = sorted((ROOT / "templates" / "systemd").iterdir())
DOCKERFILE = ROOT / "Dockerfile"


def commands(text: str) -> list[str]:
    """What is run of leakcheck, without what stands before it."""
    started = re.findall(r"^ExecStart=\S*/leakcheck (.*)$", text, re.M)
    return started + re.findall(r"^(?:#   )?docker run .* leakcheck (.*?)(?: <.*)?$", text, re.M)


def lines() -> list[str]:
    """Those of all units, of the units in the documentation, and of the image."""
    pages = [*UNITS, DOCKERFILE, *sorted((ROOT / "docs").glob("*.md"))]
    return sorted({each for page in pages for each in commands(page.read_text(encoding="utf-8"))})


@pytest.mark.parametrize("line", lines())
def test_a_documented_service_knows_its_options(line: str) -> None:
    done = leakcheck(*shlex.split(line), "--help")
    assert done.status == 0, done.err
    assert "Usage: leakcheck" in done.out


def test_there_are_services_in_the_units_and_in_the_documentation() -> None:
    assert any(line.startswith("serve ") for line in lines())
    assert any(line.startswith("answer ") for line in lines())
    assert "filters update --quiet" in lines()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_the_unit(unit: Path, tmp_path: Path) -> None:
    program = tmp_path / "leakcheck"
    program.symlink_to("/bin/true")
    for each in UNITS:  # a timer is read with its service
        text = re.sub(r"^(ExecStart=)\S+", rf"\1{program}", each.read_text("utf-8"), flags=re.M)
        (tmp_path / each.name).write_text(text, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / unit.name],
        capture_output=True, text=True, check=False, env=os.environ | {"LC_ALL": "C"}, timeout=60,
    )  # fmt: skip
    assert not [line for line in done.stderr.splitlines() if str(tmp_path) in line], done.stderr


def test_the_image_is_built_from_everything_that_a_build_needs() -> None:
    allowed = (ROOT / ".dockerignore").read_text("utf-8").split()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    needed = {"pyproject.toml", "setup.py", "MANIFEST.in", "Cargo.toml", "Cargo.lock"}
    needed |= {project["project"]["readme"], *project["project"]["license-files"]}
    files = project["tool"]["setuptools"]["data-files"].values()
    needed |= {name.partition("/")[0] for names in files for name in names}
    needed |= {module["target"].partition(".")[0]
               for module in project["tool"]["setuptools-rust"]["ext-modules"]}  # fmt: skip
    assert allowed[0] == "*"
    assert {f"!{name}" for name in needed} <= set(allowed)
    assert all((ROOT / name).exists() for name in needed)
