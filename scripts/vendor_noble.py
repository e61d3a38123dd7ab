#!/usr/bin/env python3
"""Copy what identity.js needs of @noble/curves and @noble/hashes into the page's vendor folder.

    npm pack @noble/curves@2.4.0 @noble/hashes@2.4.0
    scripts/vendor_noble.py noble-curves-2.4.0.tgz noble-hashes-2.4.0.tgz

Each file is whole; its place in the package becomes part of its name, and so
does what it imports: nothing else is changed. noble.json has the SHA-256 of each
as the package has it, and the integrity of the packages as npm has it.
"""

import base64
import hashlib
import json
import re
import sys
import tarfile
from pathlib import Path

VENDOR = Path(__file__).parent.parent / "leakcheck" / "publishing" / "site" / "vendor"
START = ("curves/ed25519.js", "hashes/argon2.js")
_IMPORT = re.compile(rb"((?:from|import) ['\"])([^'\"]+)(['\"])")


def flat(path: str) -> str:
    """The name of a file of a package, such as curves/abstract/oprf.js, in the folder."""
    return "noble-" + path.replace("/", ".")


def target(name: str, near: str) -> str:
    """The file that `name`, imported in the file `near`, means."""
    if name.startswith("@noble/"):
        return name.removeprefix("@noble/")
    folder = near.split("/")[:-1]
    for part in name.split("/"):
        if part == "..":
            folder.pop()
        elif part != ".":
            folder.append(part)
    return "/".join(folder)


def main(curves: str, hashes: str) -> None:
    """Write the files."""
    found: dict[str, bytes] = {}
    packages = {}
    for name, archive in (("curves", curves), ("hashes", hashes)):
        raw = Path(archive).read_bytes()
        integrity = base64.b64encode(hashlib.sha512(raw).digest()).decode()
        with tarfile.open(archive) as tar:
            for member in tar.getmembers():
                file = tar.extractfile(member)
                if file is not None:
                    found[f"{name}/{member.name.removeprefix('package/')}"] = file.read()
        version = json.loads(found[f"{name}/package.json"])["version"]
        packages[f"@noble/{name}"] = {"version": version, "integrity": f"sha512-{integrity}"}
    waiting, files = list(START), {}
    while waiting:
        path = waiting.pop()
        if path in files:
            continue
        data = found[path]
        files[path] = hashlib.sha256(data).hexdigest()

        def renamed(match: re.Match[bytes], near: str = path) -> bytes:
            other = target(match[2].decode(), near)
            waiting.append(other)
            return match[1] + f"./{flat(other)}".encode() + match[3]

        data = b"\n".join(
            _IMPORT.sub(renamed, line) if line.startswith(b"import ") else line
            for line in data.split(b"\n")
        )
        (VENDOR / flat(path)).write_bytes(data)
    for name in ("curves", "hashes"):
        (VENDOR / f"noble-{name}.LICENSE").write_bytes(found[f"{name}/LICENSE"])
    about = {"packages": packages, "files": dict(sorted(files.items()))}
    (VENDOR / "noble.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
