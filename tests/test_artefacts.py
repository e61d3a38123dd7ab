"""The check of what is in a wheel and an sdist, which scripts/release makes of each."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import artefacts  # noqa: E402 - a script, found by the line above

WHEEL = "leakcheck_bloom-0.1.0-cp311-abi3-manylinux_2_17_x86_64.whl"


def check(*files: Path) -> str:
    """What the script says, nothing where all is well."""
    words = [sys.executable, ROOT / "scripts" / "artefacts.py", "--check", ROOT, *files]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == (1 if done.stderr else 0)
    return done.stderr


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """An archive with the names of a wheel, and nothing in them."""
    path = tmp_path / WHEEL
    with zipfile.ZipFile(path, "w") as made:
        for name in artefacts.of_wheel(ROOT, WHEEL):
            made.writestr(name, "")
    return path


def test_wheel_with_everything_passes(wheel: Path) -> None:
    assert check(wheel) == ""


@pytest.mark.parametrize(
    "name",
    [
        "bloom/_native.abi3.so",
        "leakcheck/_native.abi3.so",
        "leakcheck/py.typed",
        "leakcheck/data/top-100k-passwords.bloom",
        "leakcheck/locale/fr/LC_MESSAGES/leakcheck.mo",
        "leakcheck/publishing/site/page.html",
        "leakcheck/publishing/notices/fr/letter.txt",
        "leakcheck_bloom-0.1.0.data/data/share/man/man1/leakcheck-check.1",
        "leakcheck_bloom-0.1.0.dist-info/licenses/THIRD-PARTY.md",
    ],
)
def test_wheel_without_one_of_them_is_refused(tmp_path: Path, wheel: Path, name: str) -> None:
    less = tmp_path / "less" / WHEEL
    less.parent.mkdir()
    with zipfile.ZipFile(wheel) as whole, zipfile.ZipFile(less, "w") as made:
        assert name in whole.namelist()
        for each in whole.namelist():
            if each != name:
                made.writestr(each, "")
    assert check(less) == f"{WHEEL}: {name} is missing\n"


@pytest.mark.parametrize("name", ["tests/test_files.py", "bloom/native/src/lib.rs", "secret.env"])
def test_wheel_with_more_is_refused(wheel: Path, name: str) -> None:
    with zipfile.ZipFile(wheel, "a") as made:
        made.writestr(name, "")
    assert check(wheel) == f"{WHEEL}: {name} has no place in it\n"


def test_sdist_must_have_the_locked_crates_and_no_binaries(tmp_path: Path) -> None:
    path = tmp_path / "leakcheck_bloom-0.1.0.tar.gz"
    with tarfile.open(path, "w:gz") as made:
        for name in [*sorted(artefacts.of_sdist(ROOT) - {"Cargo.lock"}), "bloom/_native.abi3.so"]:
            made.addfile(tarfile.TarInfo(f"leakcheck_bloom-0.1.0/{name}"))
    assert check(path).splitlines() == [
        f"{path.name}: Cargo.lock is missing",
        f"{path.name}: bloom/_native.abi3.so has no place in it",
    ]


@pytest.mark.parametrize(("free_threaded", "tag"), [(0, "cp311"), (1, None)])
def test_stable_abi_is_asked_for_where_it_exists(free_threaded: int, tag: str | None) -> None:
    code = (
        "import runpy, setuptools, sysconfig\n"
        "asked = {}\n"
        "setuptools.setup = lambda **given: asked.update(given['options'])\n"
        f"sysconfig.get_config_var = {{'Py_GIL_DISABLED': {free_threaded}}}.get\n"
        "runpy.run_path('setup.py')\n"
        "print(asked.get('bdist_wheel', {}).get('py_limited_api'))\n"
    )
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if "No module named 'setuptools'" in done.stderr:
        pytest.skip("setuptools is not in this environment")
    assert done.stdout == f"{tag}\n", done.stderr
