"""Compare the addresses in a filter with an independent count over the same folders.

    leakcheck build FOLDER... -o F --kind email
    python scripts/compare_corpus.py F FOLDER...

The independent count is one regular expression, applied to the bytes of every
file (gzip, xz, bzip2 and lz4 unpacked by their command-line tools), without
any of leakcheck's code. Prints how many distinct addresses it finds, how many
of them the filter holds, how many are none (no such top-level domain and the
like), and how many are missing: that must be 0.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ADDRESS = re.compile(
    rb"[a-z0-9](?:[a-z0-9_+.-]{0,62}[a-z0-9_+-])?@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}",
    re.IGNORECASE,
)
TOOLS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x04\x22\x4d\x18": "lz4",
}


def content(path: Path) -> bytes:
    """The bytes of a file, unpacked."""
    data = path.read_bytes()
    for magic, tool in TOOLS.items():
        if data.startswith(magic):
            return subprocess.run([tool, "-dc"], input=data, capture_output=True).stdout
    return data


def main() -> None:
    found: set[bytes] = set()
    files = size = 0
    for top in sys.argv[2:]:
        for folder, _, names in os.walk(top):
            for name in names:
                path = Path(folder) / name
                if path.is_file() and not path.is_symlink():
                    data = content(path)
                    files, size = files + 1, size + len(data)
                    found.update(match[0].lower() for match in ADDRESS.finditer(data))
    with tempfile.NamedTemporaryFile() as listing:
        listing.write(b"".join(sorted(address + b"\n" for address in found)))
        listing.flush()
        command = [Path(sys.executable).parent / "leakcheck", "check", "--from-file", listing.name]
        done = subprocess.run([*command, "--in", sys.argv[1]], capture_output=True, text=True)
    lines = (done.stdout + done.stderr).splitlines()
    exposed = sum(": exposed" in line for line in lines)
    none = sum(": unknown" in line for line in lines)
    print(f"{files:,} files, {size / 1e6:,.0f} MB unpacked, {len(found):,} addresses counted")
    print(
        f"{exposed:,} in the filter, {none:,} no address, {len(found) - exposed - none:,} missing"
    )


if __name__ == "__main__":
    main()
