"""Write THIRD-PARTY.md: whose work is in a wheel, and under which licence.

    python scripts/make_notices.py [--check]

The crates compiled into the extensions are those that cargo resolves for any
system, without what only builds. A crate that offers Apache-2.0 is taken under
it, and LICENSE has its text; of the others the text stands in the page. With
--check only the names and licences are compared.
"""

# ruff: noqa: E501 - rows of tables, and the texts of others

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "THIRD-PARTY.md"
HEAD = """# Work of others in leakcheck

leakcheck is under the Apache License 2.0 (`LICENSE`). A wheel also holds the following. What is
installed beside it (typer, cryptography, …) carries its own licence.

## Data

| file | made from | licence |
|---|---|---|
| `leakcheck/data/top-100k-*.bloom` | the 100,000 most used breached passwords, published by the UK National Cyber Security Centre from Pwned Passwords data | [Open Government Licence v3.0](https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/) |
| `leakcheck/data/default-passwords.bloom` | the passwords of the [Default Credentials Cheat Sheet](https://github.com/ihebski/DefaultCreds-cheat-sheet), Copyright 2022 Ihebski, and our own table | MIT, text below |
| `leakcheck/data/uts46.txt`, `normalization.txt`, `publishing/site/tables.txt` | the Unicode Character Database and UTS 46, Copyright 1991-2026 Unicode, Inc. | [Unicode License v3](https://www.unicode.org/license.txt) |
| `leakcheck/data/tlds.txt` | names of top-level domains, from the [Public Suffix List](https://publicsuffix.org) and lists of the root zone | the list is under the [Mozilla Public License 2.0](https://www.mozilla.org/MPL/2.0/) |

## JavaScript, in the page for checking oneself

`noble-curves`, `noble-ed25519` and `noble-hashes`, Copyright Paul Miller, MIT:
`leakcheck/publishing/site/vendor/` has versions, sums and the licences' text.

## Rust, compiled into the extensions

Those with "Apache-2.0" are used under that licence.

| crate | version | licence | authors |
|---|---|---|---|
"""
MIT = """Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT.
IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION
WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def compiled() -> Iterator[dict[str, Any]]:
    """The packages whose code is in the extensions, our own left out, by name and version."""
    told = subprocess.run(
        ["cargo", "metadata", "--format-version", "1"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    found = json.loads(told)
    packages = {each["id"]: each for each in found["packages"]}
    arrows = {each["id"]: each["deps"] for each in found["resolve"]["nodes"]}
    seen: set[str] = set()
    waiting = list(found["workspace_members"])
    while waiting:
        if (one := waiting.pop()) in seen:
            continue
        seen.add(one)
        for to in arrows[one]:
            kinds = [each["kind"] for each in to["dep_kinds"]]
            macro = any("proc-macro" in each["kind"] for each in packages[to["pkg"]]["targets"])
            if None in kinds and not macro:  # None: neither for building nor for tests
                waiting.append(to["pkg"])
    ours = set(found["workspace_members"])
    yield from sorted(
        (packages[each] for each in seen - ours), key=lambda each: (each["name"], each["version"])
    )


def text_of(package: dict[str, Any]) -> str | None:
    """The licence's text, None where LICENSE has it."""
    if "Apache-2.0" in package["license"]:
        return None
    folder = Path(package["manifest_path"]).parent
    for name in ("LICENSE-MIT", "LICENSE"):
        if (folder / name).is_file():
            return (folder / name).read_text("utf-8").strip()
    raise SystemExit(f"{package['name']} has no text of its licence")


def page() -> str:
    """The whole page."""
    packages = list(compiled())
    rows = "".join(
        f"| {each['name']} | {each['version']} | {each['license']} "
        f"| {', '.join(re.sub(' *<.*?>', '', one) for one in each['authors'])} |\n"
        for each in packages
    )
    texts = "".join(
        f"\n### {each['name']}\n\n```text\n{text}\n```\n"
        for each in packages
        if (text := text_of(each)) is not None
    )
    sheet = (
        f"\n### Default Credentials Cheat Sheet\n\n```text\nCopyright 2022 Ihebski\n\n{MIT}```\n"
    )
    return HEAD + rows + "\n## Texts\n" + sheet + texts


def crates(text: str) -> list[tuple[str, str]]:
    """Names and licences of the table of crates."""
    return re.findall(r"^\| ([\w-]+) \| [\d.]+\S* \| ([^|]+) \|", text, re.MULTILINE)


def main() -> None:
    """Write or compare."""
    made = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(made, "utf-8")
    elif crates(made) != crates(PAGE.read_text("utf-8")):
        raise SystemExit("THIRD-PARTY.md is stale: run python scripts/make_notices.py")


if __name__ == "__main__":
    main()
