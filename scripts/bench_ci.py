"""Time `leakcheck ci` on a generated repository beside other secret scanners, in one run.

    python scripts/bench_ci.py [--files 50000] [--detect-secrets PATH] [--gitleaks PATH]
    python scripts/bench_ci.py --commits 100000 [--gitleaks PATH]
    python scripts/bench_ci.py --installed [FOLDER...] --files 78603
    python scripts/bench_ci.py --as-is FOLDER

The tree is made from a seed: source code, configuration of every format and a
few passwords, known to be breached or not; it is committed to a git
repository in a temporary folder. leakcheck runs three times and its median is
shown, the others once; memory is the peak of the main process. With --commits
it is the history of 2,000 files that is read, two of them changed by a commit.
With --installed the tree is of real files: the texts of those folders, by
default of what is installed for this Python, in an order made from a seed and
as often as it takes; ripgrep is beside it, where it is installed. With --as-is it
is a folder as it stands.
"""

import argparse
import itertools
import json
import os
import random
import resource
import shutil
import site
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

WORDS = (  # noqa: SIM905 - a list of words is read as words
    "account address array batch buffer cache client color column config context counter cursor "
    "customer data date default delta device document driver element engine entry error event "
    "filter folder format frame group handler header height image index input invoice item job "
    "key label layer layout length level line link list loader log map matrix member message "
    "method model module name node number object offset option order owner page parser path "
    "payload pixel point policy pool position prefix process product profile query queue range "
    "reader record region request result role route row scale schema scope segment server session "
    "shape size source state status step store stream string style table target task template "
    "thread time title token total tree type unit update user value vector version view width"
).split()
BREACHED = ("changeme", "password123", "letmein", "qwerty", "dragon")
_NO_TEXT = frozenset((".pyc", ".so", ".a", ".gz", ".zip", ".whl", ".png", ".exe"))
_LARGEST = 1_000_000
SOUND = ("xT9#kq2Lm!vB", "h7Gv-pQ2x-Zk91", "correct-marble-otter-9143")


def source(rng: random.Random, comment: str, assign: str) -> str:
    """A file of source code of about the usual length."""
    lines = []
    for _ in range(rng.randint(40, 260)):
        a, b, c = rng.choices(WORDS, k=3)
        indent = "    " * rng.randint(0, 3)
        lines.append(
            rng.choice(
                (
                    f"{indent}{a}{assign}{b}.{c}({rng.randint(0, 999)}, {b})",
                    f'{indent}{a}_{b}{assign}"{c} of the {b}"',
                    f"{indent}if {a} > {rng.randint(0, 99)}: {b}({c})",
                    f"{indent}{comment} the {a} passes its {b} to the {c}",
                    "",
                )
            )
        )
    if rng.random() < 0.06:
        value = rng.choice(BREACHED if rng.random() < 0.2 else SOUND)
        lines.insert(len(lines) // 2, f'    {rng.choice(WORDS)}_password{assign}"{value}"')
    if rng.random() < 0.1:
        lines.append(f"{comment} see check_password(user) for how the password is hashed")
    return "\n".join(lines) + "\n"


def settings(rng: random.Random, suffix: str) -> str:
    """A file of configuration."""
    pairs = {f"{rng.choice(WORDS)}_{rng.choice(WORDS)}": rng.choice(WORDS) for _ in range(20)}
    if rng.random() < 0.4:
        pairs["db_password"] = rng.choice((*BREACHED, *SOUND, "${DB_PASSWORD}"))
    if suffix == "json":
        return json.dumps({"service": pairs}, indent=2)
    if suffix == "yml":
        return "service:\n" + "".join(f"  {key}: {value!r}\n" for key, value in pairs.items())
    if suffix == "toml":
        return "[service]\n" + "".join(f"{key} = {value!r}\n" for key, value in pairs.items())
    if suffix == "tf":
        return "".join(f'{key} = "{value}"\n' for key, value in pairs.items())
    if suffix == "xml":
        return "<c>" + "".join(f"<{k}>{v}</{k}>\n" for k, v in pairs.items()) + "</c>\n"
    return "".join(f"{key.upper()}={value}\n" for key, value in pairs.items())


def make_tree(root: Path, files: int, seed: int = 20260101) -> int:
    """Write the repository; its size in bytes."""
    rng = random.Random(seed)
    code = (("py", "#", " = "), ("js", "//", " = "), ("java", "//", " = "), ("go", "//", " := "))
    total = 0
    for number in range(files):
        folder = root / f"part{number % 97}" / f"unit{number % 13}"
        folder.mkdir(parents=True, exist_ok=True)
        if rng.random() < 0.75:
            suffix, comment, assign = rng.choice(code)
            text = source(rng, comment, assign)
        else:
            suffix = rng.choice(("json", "yml", "toml", "tf", "xml", "env", "ini", "properties"))
            text = settings(rng, suffix)
        (folder / f"file{number}.{suffix}").write_text(text, encoding="utf-8")
        total += len(text)
    run = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-C", str(root))
    subprocess.run(("git", "init", "-q", str(root)), check=True)
    subprocess.run((*run, "add", "-A"), check=True)
    subprocess.run((*run, "commit", "-q", "-m", "tree"), check=True)
    return total


def installed() -> list[Path]:
    """The folders of what is installed for this Python."""
    found = {Path(path).resolve() for path in (*site.getsitepackages(), *sys.path) if path}
    found.add(Path(sysconfig.get_path("stdlib")))
    here = Path(__file__).resolve().parent
    return sorted(path for path in found if path.is_dir() and path not in (here, here.parent))


def make_installed(root: Path, files: int, folders: Sequence[Path], seed: int = 20260101) -> int:
    """Copy so many texts of `folders`, in an order by chance, over and over; their bytes."""
    paths = [
        (Path(str(number)) / path.relative_to(folder), path)
        for number, folder in enumerate(folders)
        for path in sorted(folder.rglob("*"))
        if path.suffix not in _NO_TEXT
    ]
    random.Random(seed).shuffle(paths)
    done = total = 0
    for turn in itertools.count():
        before = done
        for place, source_path in paths:
            if done == files:
                return total
            if source_path.is_symlink() or not source_path.is_file():
                continue
            data = source_path.read_bytes()
            if not data or b"\0" in data or len(data) > _LARGEST:
                continue
            path = root / f"copy{turn}" / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            done += 1
            total += len(data)
        if done == before:
            raise SystemExit("no text in those folders")
    return total


def make_history(root: Path, commits: int, seed: int = 20260101) -> None:
    """Write a repository whose commits each change two of 2,000 files, by git fast-import."""
    rng = random.Random(seed)
    kinds = (("py", "#", " = "), ("js", "//", " = "), ("go", "//", " := "))
    subprocess.run(("git", "init", "-q", str(root)), check=True)
    bodies: dict[str, list[str]] = {}
    with subprocess.Popen(
        ("git", "-C", str(root), "fast-import", "--quiet"), stdin=subprocess.PIPE
    ) as git:
        assert git.stdin is not None
        for number in range(commits):
            changes = []
            for _ in range(2):
                at = rng.randrange(2000)
                suffix, comment, assign = kinds[at % 3]
                path = f"part{at % 19}/file{at}.{suffix if at % 4 else 'yml'}"
                lines = bodies.get(path)
                if lines is None:
                    text = source(rng, comment, assign) if at % 4 else settings(rng, "yml")
                    lines = bodies[path] = text.splitlines()
                lines[rng.randrange(len(lines))] = f"  changed_{number}: {rng.choice(WORDS)}"
                if rng.random() < 0.001:
                    lines[-1] = f"  password: {rng.choice(BREACHED)!r}"
                changes.append((path, "\n".join(lines).encode() + b"\n"))
            git.stdin.write(
                b"commit refs/heads/main\ncommitter bench <bench@example.org> %d +0000\ndata 1\nx\n"
                % (1_600_000_000 + number * 60)
            )
            for path, body in changes:
                git.stdin.write(b"M 100644 inline %b\ndata %d\n" % (path.encode(), len(body)))
                git.stdin.write(body + b"\n")
        git.stdin.close()
    subprocess.run(("git", "-C", str(root), "symbolic-ref", "HEAD", "refs/heads/main"), check=True)
    subprocess.run(("git", "-C", str(root), "reset", "-q", "--hard"), check=True)


def measure(command: list[str], root: Path) -> tuple[float, float, float, int]:
    """Wall and CPU seconds, peak MB and exit status of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    assert after.ru_utime >= before.ru_utime
    return wall, cpu, used.ru_maxrss / 1024, process.returncode


def run_all(programs: dict[str, list[str]], root: Path, own_runs: int) -> None:
    """Run each program there, and print a row for it."""
    print(f"{'program':<24}{'wall':>9}{'CPU':>9}{'memory':>10}  exit")
    for name, command in programs.items():
        runs = own_runs if name.startswith("leakcheck") else 1
        taken = [measure(command, root) for _ in range(runs)]
        wall, cpu, memory = (statistics.median(each[at] for each in taken) for at in range(3))
        row = f"{name:<24}{wall:>7.2f} s{cpu:>7.2f} s{memory:>7.0f} MB  {taken[0][3]}"
        print(row, flush=True)


def main() -> None:
    """Generate, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--detect-secrets", metavar="PATH")
    parser.add_argument("--gitleaks", metavar="PATH")
    parser.add_argument("--commits", type=int, help="measure --history on so many")
    parser.add_argument("--tree", type=Path, help="a tree made before, or where to make it")
    parser.add_argument("--installed", type=Path, nargs="*", metavar="FOLDER")
    parser.add_argument("--as-is", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = options.tree or Path(folder)
        if options.commits:
            if not (root / ".git").exists():
                make_history(root, options.commits)
            programs = {
                "leakcheck ci --history": [
                    sys.executable, "-m", "leakcheck", "ci", "--history", "--exit-zero",
                ],
            }  # fmt: skip
            if options.gitleaks:
                programs["gitleaks git"] = [options.gitleaks, "git", ".", "--exit-code", "0"]
            run_all(programs, root, options.runs)
            return
        if options.as_is is not None or options.installed is not None:
            root = options.as_is or root
            if options.as_is is None and not (root / "copy0").exists():
                folders = [path.resolve() for path in options.installed] or installed()
                size = make_installed(root, options.files, folders)
                print(f"{options.files:,} files, {size / 1e6:,.0f} MB")
            programs = {"leakcheck ci": [sys.executable, "-m", "leakcheck", "ci", "--exit-zero"]}
            if shutil.which("rg"):
                programs["rg"] = ["rg", "--hidden", "--no-ignore", "-i", "-c", "passw|secret|pwd"]
            run_all(programs, root, options.runs)
            return
        if not (root / ".git").exists():
            size = make_tree(root, options.files)
            print(f"{options.files:,} files, {size / 1e6:.0f} MB")
        programs = {"leakcheck ci": [sys.executable, "-m", "leakcheck", "ci", "--exit-zero"]}
        if options.gitleaks:
            programs["gitleaks dir"] = [options.gitleaks, "dir", ".", "--exit-code", "0"]
        if options.detect_secrets:
            programs["detect-secrets scan"] = [options.detect_secrets, "scan", "."]
        run_all(programs, root, options.runs)


if __name__ == "__main__":
    main()
