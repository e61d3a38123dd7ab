"""What a version of leakcheck makes of the corpus; as a program, record it.

    python golden.py LEAKCHECK > golden.json

Of a filter the keys are counted and the subjects asked, not the bytes
compared; of a scan the rows' verdicts are kept. So the record outlives the
filter's format, and says what must stay right.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from golden_corpus import ADDRESSES, PASSWORDS, corpus

Run = Callable[..., tuple[int, str]]
"""(arguments..., stdin=bytes) to exit status and stdout."""

SCANNED = ("email", "password")
PLAIN = ("addresses.txt", "passwords.txt", "sha1.txt", "sha1-counts.txt", "nt.txt")


def record(folder: Path, run: Run) -> dict[str, Any]:
    """{case: what came out}."""
    found: dict[str, Any] = {}
    filters = {"email": ADDRESSES[::2], "password": PASSWORDS[::2]}
    for kind, words in filters.items():
        source = folder / f"{kind}.list"
        source.write_text("".join(f"{word}\n" for word in words))
        form = "text" if kind == "email" else "passwords"
        status, out = run("build", source, "-o", folder / f"{kind}.bloom", "--kind", kind,
                          "--from", form)  # fmt: skip
        assert status == 0, out
    for name, data in corpus().items():
        dump = folder / name
        dump.write_bytes(data)
        found[f"inspect {name}"] = _inspected(run, dump)
        for kind in ("", "email", "password", "ntlm", "credential", "domain"):
            found[f"build {kind or 'any'} {name}"] = _built(run, folder, dump, kind)
        for kind in SCANNED:
            found[f"scan {kind} {name}"] = _scanned(
                run, "scan", dump, "--kind", kind, "--in", folder / f"{kind}.bloom",
                "--format", "json",
            )  # fmt: skip
    for name in PLAIN:
        kind = "email" if name == "addresses.txt" else "password"
        found[f"check {name}"] = _scanned(
            run, "check", "--from-file" if name.endswith("s.txt") and "-" not in name
            else "--hashes-from", folder / name, "--in", folder / f"{kind}.bloom", "--json",
        )  # fmt: skip
    return found


def _inspected(run: Run, dump: Path) -> Any:
    status, out = run("inspect", dump, "--json")
    if not out:
        return {"status": status}
    (seen,) = json.loads(out)["inputs"]
    return {"status": status, "form": seen["form"], "kind": seen["kind"],
            "keys": seen["sample"]["keys"]}  # fmt: skip


def _built(run: Run, folder: Path, dump: Path, kind: str) -> Any:
    made = folder / "made.bloom"
    made.unlink(missing_ok=True)
    kinds = ("--kind", kind) if kind else ()
    status, out = run("build", dump, "-o", made, *kinds, "--json", "--force")
    if status:
        return {"status": status}
    report = json.loads(out)
    (seen,) = report["inputs"]
    kept = ("form", "lines", "accepted", "keys", "rejected")
    kind = report["filter"]["about"]["kind"]
    return {
        "status": status,
        "kind": kind,
        "distinct": report["filter"]["keys"],
        **{field: seen[field] for field in kept},
        "found": _asked(run, made, kind),
    }


def _asked(run: Run, made: Path, kind: str) -> str:
    """A letter for each subject of the corpus: `x` where the filter knows it."""
    words = {
        "email": ADDRESSES,
        "domain": ["example.fr", "example.org", "example.com", "example.net"],
        "password": [*PASSWORDS, "password", "qwerty", "city"],
        "ntlm": [*PASSWORDS, "password", "qwerty", "city"],
        "credential": [f"{a}:{b}" for a, b in zip(ADDRESSES, PASSWORDS, strict=True)],
    }[kind]
    arguments = ["check", "--kind", kind, "--in", made, "--json"]
    if kind in ("email", "domain"):
        status, out = run(*arguments, *words)
    else:
        status, out = run(*arguments, "--password", stdin="".join(f"{w}\n" for w in words).encode())
    assert out, (status, words)
    verdicts = [one["verdict"] for one in json.loads(out)["results"]]
    return "".join("x" if verdict == "exposed" else "." for verdict in verdicts)


def _scanned(run: Run, *arguments: object) -> Any:
    status, out = run(*arguments)
    if not out:
        return {"status": status}
    rows = json.loads(out)["results"]
    return {"status": status, "rows": [[row["row"], row["verdict"]] for row in rows]}


def main(program: str, folder: Path) -> None:
    """Print what `program` makes of the corpus."""

    def run(*arguments: object, stdin: bytes = b"") -> tuple[int, str]:
        done = subprocess.run(
            [program, *map(str, arguments)], input=stdin, capture_output=True, check=False
        )
        return done.returncode, done.stdout.decode()

    print("{")
    lines = [
        f"{json.dumps(case)}: {json.dumps(seen)}" for case, seen in record(folder, run).items()
    ]
    print(",\n".join(lines))
    print("}")


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        main(sys.argv[1], Path(name))
