"""Measure `leakcheck ci` on lines that others labelled, beside other tools.

    python scripts/ci_labels.py LABELS PROJECTS [--held-out FILE] [--only tuned|held-out]
        [--gitleaks PATH] [--detect-secrets PATH] [--credsweeper PATH] [--wrong FILE]

LABELS: a git directory of github.com/Samsung/CredData: `snapshot.json` names
projects and commits, `meta/*.csv` lines, columns and labels (T a credential,
X a test value or placeholder, F none). PROJECTS: a folder with their git
directories, `OWNER+NAME/repo`; only those count that hold the labelled commit,
so that no line is matched by guess. --held-out: a file of OWNER/NAME, one a
line, of projects that no reader was tuned on.

A T line is seen where a value is found there that is the labelled one, after
quotes, base64 and %-escapes. An F line without a T or X is wrongly seen where
any value is. Intervals are 95 % (Wilson), and again over projects (bootstrap):
lines of one project are alike. Prints counts alone, and with --wrong the places
of what is missed and wrongly seen: never a value.
"""

import argparse
import base64
import binascii
import contextlib
import csv
import hashlib
import io
import json
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from leakcheck.ci.names import Names
from leakcheck.ci.policy import Policy
from leakcheck.ci.readers.families import family_of
from leakcheck.ci.reading import read_file
from leakcheck.ci.selection import Selection
from leakcheck.ci.text import NotTextError, TooManyError

CATEGORIES = {
    "Password", "URL Credentials", "Basic Authorization", "SQL Password", "CMD Password",
    "CURL User Password", "CMD ConvertTo-SecureString",
}  # fmt: skip
TEST = re.compile(r"(?:^|[/_.\-])(?:tests?|specs?|fixtures?|examples?|mocks?|testdata|demo)", re.I)
TOOLS = ("gitleaks", "detect-secrets", "credsweeper")


@dataclass
class Line:
    """A labelled line: T, X or F; what of it was labelled, and its category."""

    project: str
    path: str
    number: int
    label: str = "F"
    values: set[str] = field(default_factory=set, repr=False)
    category: str = ""

    @property
    def in_test(self) -> bool:
        """Whether it stands in tests or examples."""
        return TEST.search(self.path) is not None


@dataclass
class Project:
    """A labelled project: its files' bytes by path, and its labelled lines."""

    name: str
    files: dict[str, bytes] = field(repr=False)
    lines: list[Line] = field(repr=False)


def git(folder: Path, *arguments: str) -> bytes:
    """What git says about the repository in a git directory."""
    command = ["git", f"--git-dir={folder}", *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


def git_dir(folder: Path) -> Path:
    """The git directory in a folder."""
    for each in (folder / "repo" / ".git", folder / "repo", folder / ".git", folder):
        if (each / "HEAD").exists():
            return each
    raise SystemExit(f"{folder}: there is no git directory")


def projects(labels: Path, folder: Path) -> Iterator[Project]:
    """The projects that are there at the labelled commit."""
    snapshot = json.loads(git(labels, "show", "HEAD:snapshot.json"))
    for identity, url in sorted(snapshot.items()):
        name = url.removeprefix("https://github.com/").removesuffix(".git")
        at = folder / name.replace("/", "+")
        if not at.is_dir():
            continue
        root, commit = git_dir(at), identity[:40]
        try:
            git(root, "cat-file", "-e", f"{commit}^{{commit}}")
        except subprocess.CalledProcessError:
            print(f"{name}: the labelled commit is not there", file=sys.stderr)
            continue
        number = f"{binascii.crc32(bytes.fromhex(identity)):08x}"
        rows = csv.DictReader(io.StringIO(git(labels, "show", f"HEAD:meta/{number}.csv").decode()))
        yield project(name, root, commit, list(rows))


def project(name: str, root: Path, commit: str, rows: list[dict[str, str]]) -> Project:
    """One project's labelled files and lines; a file is known by the digest of its path."""
    rows = [row for row in rows if CATEGORIES & set(row["Category"].split(":"))]
    wanted = {row["FileID"] for row in rows}
    oids = {}
    for row in git(root, "ls-tree", "-r", "-z", commit).split(b"\0"):
        head, _, path = row.partition(b"\t")
        short = hashlib.sha256(path).hexdigest()[:8]
        if head and short in wanted and not path.endswith(b".xml"):
            oids[short] = (path.decode("utf-8", "surrogateescape"), head.split()[2].decode())
    files, lines = {}, {}
    for row in rows:
        if row["FileID"] not in oids:
            continue
        path, oid = oids[row["FileID"]]
        if path not in files:
            try:
                files[path] = git(root, "cat-file", "blob", oid)
            except subprocess.CalledProcessError:
                continue  # the copy lacks its largest files
        for at in range(int(row["LineStart"]), int(row["LineEnd"]) + 1):
            line = lines.setdefault((path, at), Line(name, path, at))
            merge(line, row, files[path])
    return Project(name, files, list(lines.values()))


def merge(line: Line, row: dict[str, str], data: bytes) -> None:
    """Take one label over: T goes before X, X before F."""
    label = row["GroundTruth"]
    if "FXT".index(label) > "FXT".index(line.label) or not line.category:
        line.category = next(iter(CATEGORIES & set(row["Category"].split(":"))))
    line.label = max(label, line.label, key="FXT".index)
    start, end = int(row["ValueStart"] or -1), int(row["ValueEnd"] or -1)
    if label != "F" and start >= 0 and row["LineStart"] == row["LineEnd"]:
        text = data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
        if line.number <= len(text):
            line.values.add(text[line.number - 1][start : end if end > start else None])


def is_same(labelled: str, found: str) -> bool:
    """Whether a value found is the labelled one."""
    bare = labelled.strip(" \t\"'`\\,;")
    forms = {labelled, bare, unquote(bare), bare.replace("\\", "")}
    with contextlib.suppress(ValueError):
        decoded = base64.b64decode(bare + "=" * (-len(bare) % 4)).decode("utf-8", "replace")
        forms |= {decoded, decoded.partition(":")[2]}
    forms |= {form.partition(":")[2] for form in forms if ":" in form}
    return found in forms or found.strip(" \t\"'`\\,;") in forms


def seen_by_us(files: dict[str, bytes]) -> dict[tuple[str, int], set[str]]:
    """What `leakcheck ci` takes for a password, by place, with default settings."""
    names, wanted = Names(), Selection(Policy())
    seen: dict[tuple[str, int], set[str]] = defaultdict(set)
    for path, data in files.items():
        family = wanted(path)
        if family is None:
            continue
        with contextlib.suppress(NotTextError, TooManyError):
            for each in read_file(data, path, names, family=family, comments=True):
                if each.skip is None:
                    seen[path, each.line].add(each.password)
    return seen


def seen_by(tool: str, program: str, files: dict[str, bytes]) -> set[tuple[str, int]]:
    """The places that another tool reports in these files."""
    with tempfile.TemporaryDirectory() as folder:
        root, out = Path(folder) / "tree", Path(folder) / "out.json"
        for path, data in files.items():
            at = root / path
            at.parent.mkdir(parents=True, exist_ok=True)
            at.write_bytes(data)
        if tool == "gitleaks":
            command = [program, "dir", ".", "-f", "json", "-r", str(out), "--exit-code", "0"]
        elif tool == "detect-secrets":
            command = [program, "scan", "--all-files", "."]
        else:
            command = [program, "--path", ".", "--save-json", str(out), "--log", "critical"]
        done = subprocess.run(command, cwd=root, capture_output=True, check=False)
        if tool == "detect-secrets":
            found = json.loads(done.stdout)["results"]
            return {(path, each["line_number"]) for path, all_ in found.items() for each in all_}
        rows = json.loads(out.read_text()) if out.exists() else []
        if tool == "gitleaks":
            return {
                (row["File"].removeprefix("./"), at)
                for row in rows
                for at in range(row["StartLine"], row["EndLine"] + 1)
            }
        return {
            (str(Path(each["path"]).resolve().relative_to(root.resolve()))
             if Path(each["path"]).is_absolute() else each["path"].removeprefix("./"),
             each["line_num"])
            for row in rows
            for each in row["line_data_list"]
        }  # fmt: skip


def wilson(hits: int, all_: int) -> str:
    """A share with its 95 % interval (Wilson 1927)."""
    if not all_:
        return "–"
    p, z = hits / all_, 1.96
    middle = (p + z * z / (2 * all_)) / (1 + z * z / all_)
    half = z * (p * (1 - p) / all_ + z * z / (4 * all_ * all_)) ** 0.5 / (1 + z * z / all_)
    return f"{p:.1%} ({middle - half:.1%}–{middle + half:.1%})"


def over_projects(pairs: dict[str, tuple[int, int]]) -> str:
    """The 95 % interval of a share when projects, and not lines, are drawn (bootstrap)."""
    rng, names, shares = random.Random(1), sorted(pairs), []
    for _ in range(2000):
        drawn = [pairs[rng.choice(names)] for _ in names]
        total = sum(all_ for _, all_ in drawn)
        if total:
            shares.append(sum(hits for hits, _ in drawn) / total)
    shares.sort()
    return f"{shares[50]:.1%}–{shares[-51]:.1%}" if shares else "–"


def table(title: str, lines: list[Line], hit: set[int], by: Iterable[tuple[str, str]]) -> None:
    """Lines and how many of them were seen, all and by a feature."""
    groups: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line, key in zip(lines, by, strict=True):
        groups[key].append(line)
    print(f"\n{title}")
    for key, some in sorted(groups.items(), key=lambda item: -len(item[1])):
        seen = sum(id(line) in hit for line in some)
        print(f"  {' '.join(key):<34}{seen:>6} of {len(some):<6} {wilson(seen, len(some))}")


def report(title: str, found: list[Project], options: argparse.Namespace) -> None:
    """Figures of some projects."""
    lines, hits, on_line = [], set(), set()
    others: dict[str, set[int]] = {tool: set() for tool in TOOLS if getattr(options, dashed(tool))}
    # each tool runs once over all: most of them take longer to start than to look
    together = {f"{each.name}/{path}": data for each in found for path, data in each.files.items()}
    reported = {tool: seen_by(tool, getattr(options, dashed(tool)), together) for tool in others}
    for each in found:
        seen = seen_by_us(each.files)
        for line in each.lines:
            place = (line.path, line.number)
            values = seen.get(place, set())
            if values:
                on_line.add(id(line))
            if any(is_same(value, one) for value in line.values for one in values) or (
                values and not line.values
            ):
                hits.add(id(line))
            for tool, places in reported.items():
                if (f"{line.project}/{line.path}", line.number) in places:
                    others[tool].add(id(line))
        lines += each.lines
    print(f"\n== {title}: {len(found)} projects, {sum(len(each.files) for each in found):,} files")
    for label, what in (("T", hits), ("X", hits), ("F", on_line)):
        some = [line for line in lines if line.label == label]
        count = sum(id(line) in what for line in some)
        pairs = Counter(line.project for line in some)
        got = Counter(line.project for line in some if id(line) in what)
        drawn = over_projects({name: (got[name], all_) for name, all_ in pairs.items()})
        print(f"{label}: {count} of {len(some)}: {wilson(count, len(some))}; by projects {drawn}")
    true = [line for line in lines if line.label == "T"]
    false = [line for line in lines if line.label == "F"]
    read = [line for line in true if family_of(line.path) is not None]
    seen_there = sum(id(line) in hits for line in read)
    print(f"T in files that are read: {seen_there} of {len(read)}: {wilson(seen_there, len(read))}")
    table("T by kind of file", true, hits, [(kind(line),) for line in true])  # type: ignore[misc]
    table("T by category", true, hits, [(line.category,) for line in true])  # type: ignore[misc]
    table(
        "F by place",
        false,
        on_line,
        [("tests" if line.in_test else "elsewhere",) for line in false],
    )  # type: ignore[misc]
    print("\nany finding on the line")
    for name, what in (("leakcheck ci", on_line), *others.items()):
        shares = []
        for label in "TXF":
            some = [line for line in lines if line.label == label]
            shares.append(f"{label} {wilson(sum(id(line) in what for line in some), len(some))}")
        print(f"  {name:<16}{'  '.join(shares)}")
    if options.wrong:
        with Path(options.wrong).open("a", encoding="utf-8", errors="backslashreplace") as out:
            for line in lines:
                missed = line.label == "T" and id(line) not in hits
                wrong = line.label == "F" and id(line) in on_line
                if missed or wrong:
                    told = "missed" if missed else "wrong"
                    out.write(
                        f"{told}\t{line.project}\t{line.path}\t{line.number}\t{line.category}\n"
                    )


def kind(line: Line) -> str:
    """The kind of file that a line stands in."""
    family = family_of(line.path)
    if family is None:
        return "not read"
    return f"{family.name} .{line.path.rpartition('.')[2].lower()}" if family.lexed else family.name


def dashed(tool: str) -> str:
    """The name of an option."""
    return tool.replace("-", "_")


def main() -> None:
    """Read the labels, look, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("labels", type=Path)
    parser.add_argument("projects", type=Path)
    parser.add_argument("--held-out", type=Path)
    parser.add_argument("--only", choices=("tuned", "held-out"))
    parser.add_argument("--wrong", help="append the places of what is missed or wrong here")
    for tool in TOOLS:
        parser.add_argument(f"--{tool}", metavar="PATH")
    options = parser.parse_args()
    kept = set(options.held_out.read_text().split()) if options.held_out else set()
    found = list(projects(git_dir(options.labels), options.projects))
    for title, some in (
        ("tuned", [each for each in found if each.name not in kept]),
        ("held-out", [each for each in found if each.name in kept]),
    ):
        if some and options.only in (None, title):
            report(title, some, options)


if __name__ == "__main__":
    main()
