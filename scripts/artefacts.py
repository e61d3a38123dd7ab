"""What is in wheels and sdists: check it against the tree they were built of, or print a table.

    python scripts/artefacts.py --check TREE FILE...
    python scripts/artefacts.py --needs LIBRARY WHEEL...
    python scripts/artefacts.py FILE...

A wheel holds the two packages without their sources in Rust and the catalogues that only
translators need, the two extensions, the manual pages, and nothing else. An sdist holds what
a wheel is built and tested from. The table is that of docs/platforms.md.
"""

import io
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

PACKAGES = ("bloom", "leakcheck")
EXTENSIONS = {f"{package}/_native.abi3.so" for package in PACKAGES}
METADATA = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt"}
LICENCES = {"LICENSE", "THIRD-PARTY.md"}
TOP = [
    "Cargo.toml",
    "Cargo.lock",
    "pyproject.toml",
    "setup.py",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "action.yml",
    ".pre-commit-hooks.yaml",
    "Dockerfile",
    ".dockerignore",
]
# What is made and not kept, and what git keeps for itself.
LEFT_OUT = {"__pycache__", ".git", ".venv", "target", "build", "dist"}


def tracked(tree: Path, *folders: str) -> set[str]:
    """The files of a tree below those folders, as names in it; what a build leaves is left out."""
    found = set()
    for folder in folders:
        for path in (tree / folder).rglob("*"):
            name = path.relative_to(tree)
            if path.is_file() and not LEFT_OUT & set(name.parts):
                found.add(name.as_posix())
    return {name for name in found if not name.endswith((".so", ".pyd", ".pyc"))}


def of_wheel(tree: Path, wheel: str) -> set[str]:
    """The names that a wheel must have."""
    name, version = PurePosixPath(wheel).name.split("-")[:2]
    code = {
        name
        for name in tracked(tree, *PACKAGES)
        if PurePosixPath(name).parts[1] != "native" and not name.endswith(".po")
    }
    pages = {
        f"{name}-{version}.data/data/share/man/man1/{page.name}" for page in tree.glob("man/*.1")
    }
    about = {f"{name}-{version}.dist-info/{each}" for each in METADATA}
    about |= {f"{name}-{version}.dist-info/licenses/{each}" for each in LICENCES}
    return code | EXTENSIONS | pages | about


def of_sdist(tree: Path) -> set[str]:
    """The names that an sdist must have, without its folder."""
    folders = (*PACKAGES, "tests", "scripts", "docs", "man", "templates", "contrib")
    return tracked(tree, *folders) | set(TOP) | LICENCES


def names(path: Path) -> tuple[set[str], int]:
    """The files of an archive, and their size in bytes once unpacked."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            members = [each for each in wheel.infolist() if not each.is_dir()]
            return {each.filename for each in members}, sum(each.file_size for each in members)
    with tarfile.open(path) as sdist:
        files = [each for each in sdist if each.isfile()]
        return {each.name.partition("/")[2] for each in files}, sum(each.size for each in files)


def wrong(tree: Path, path: Path) -> Iterable[str]:
    """What an archive lacks, and what it should not have."""
    there, _ = names(path)
    if path.suffix == ".whl":
        wanted = of_wheel(tree, path.name)
        more = there - wanted
    else:
        wanted = of_sdist(tree)
        more = {name for name in there - wanted if name.endswith((".so", ".pyd", ".pyc"))}
    yield from (f"{name} is missing" for name in sorted(wanted - there))
    yield from (f"{name} has no place in it" for name in sorted(more))


def other_needs(library: str, path: Path) -> Iterable[str]:
    """The libraries that the extensions in a wheel ask for, except that one."""
    from elftools.elf.elffile import ELFFile

    with zipfile.ZipFile(path) as wheel:
        for name in sorted(EXTENSIONS):
            read = ELFFile(io.BytesIO(wheel.read(name))).get_section_by_name(".dynamic")
            needed = {tag.needed for tag in read.iter_tags("DT_NEEDED")}
            yield from (f"{name} needs {each}" for each in sorted(needed - {library}))


def main() -> None:
    """Check, or print the table."""
    if sys.argv[1:2] == ["--needs"]:
        library, *wheels = sys.argv[2:]
        if more := [fault for name in wheels for fault in other_needs(library, Path(name))]:
            raise SystemExit("\n".join(more))
        return
    if sys.argv[1:2] == ["--check"]:
        tree, *files = map(Path, sys.argv[2:])
        faults = [f"{path.name}: {fault}" for path in files for fault in wrong(tree, path)]
        if faults:
            raise SystemExit("\n".join(faults))
        return
    print("| file | size | unpacked |\n|---|---|---|")
    for path in sorted(map(Path, sys.argv[1:])):
        packed, unpacked = path.stat().st_size / 1e6, names(path)[1] / 1e6
        print(f"| `{path.name}` | {packed:.1f} MB | {unpacked:.1f} MB |")


if __name__ == "__main__":
    main()
