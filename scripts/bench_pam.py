"""How long PAM waits for the resident checker: the module, the page's script, and neither.

    python scripts/bench_pam.py [--rounds N]

As root; needs pamtester, curl, a C compiler and the headers of PAM and libmd. Each row is the
median of N runs of pamtester in turn, so what else the machine does falls on all alike; the first
row is what pamtester takes by itself. Figures are in docs/membership.md.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent


def prepared(folder: Path) -> dict[str, str]:
    """The lines of a PAM stack for each row."""
    source = ROOT / "contrib" / "pam_leakcheck.c"
    line = next(line for line in source.read_text().splitlines() if " cc " in line)
    command = line.strip(" *").replace("pam_leakcheck.c", str(source)).split()
    subprocess.run(command, cwd=folder, check=True)
    page = (ROOT / "docs" / "membership.md").read_text("utf-8")
    script = folder / "pam-breached"
    path = folder / "a.sock"
    text = page.split("```sh pam-breached\n")[1].split("```")[0]
    script.write_text(text.replace("/run/leakcheck/answer.sock", str(path)))
    script.chmod(0o755)
    return {
        "pamtester alone": "auth optional pam_deny.so",
        "pam_leakcheck.so": f"auth requisite {folder}/pam_leakcheck.so socket={path}",
        "pam_exec and the script": f"auth requisite pam_exec.so expose_authtok quiet {script}",
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        rows = prepared(folder)
        service = Path("/etc/pam.d") / f"leakcheck-bench-{os.getpid()}"
        command = [sys.executable, "-m", "leakcheck", "answer", "--socket", folder / "a.sock"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout
            assert re.match("Answering", process.stdout.readline())
            taken = measure(rows, service, rounds)
        finally:
            process.terminate()
            process.wait(10)
            service.unlink(missing_ok=True)
    alone = statistics.median(taken["pamtester alone"])
    for name, times in taken.items():
        middle, late = statistics.median(times), sorted(times)[len(times) * 95 // 100]
        print(f"{name:24} {middle * 1e3:6.2f} ms, 95 of 100 within {late * 1e3:6.2f} ms; "
              f"more than pamtester alone: {(middle - alone) * 1e3:.2f} ms")  # fmt: skip
    return 0


def measure(rows: dict[str, str], service: Path, rounds: int) -> dict[str, list[float]]:
    """Seconds of each run, by row."""
    taken: dict[str, list[float]] = {name: [] for name in rows}
    for at in range(rounds):
        for name, line in rows.items():
            service.write_text(f"{line}\nauth required pam_permit.so\n")
            start = time.perf_counter()
            subprocess.run(
                ["pamtester", service.name, "nobody", "authenticate"], check=True,
                input=f"a clean one {at}\n", text=True, capture_output=True,
            )  # fmt: skip
            taken[name].append(time.perf_counter() - start)
    return taken


if __name__ == "__main__":
    sys.exit(main())
