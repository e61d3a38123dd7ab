"""Make the pictures of the page in docs/: docs/page-exposed.webp, docs/page-clean.webp.

    python scripts/page_pictures.py

A filter of two addresses is built, published and served on loopback, and Chromium photographs it.
It takes Chromium, and puppeteer-core and axe-core from npm in a folder that NODE_MODULES names, or
installs them into a scratch folder.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
DRIVER = ROOT / "tests" / "publishing" / "browser.mjs"
NPM = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "puppeteer-core@24",
       "axe-core@4"]  # fmt: skip


def main() -> None:
    """Write the pictures."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("Chromium is not installed.")
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        site = published(home)
        modules = Path(os.environ.get("NODE_MODULES", home))
        if modules == home:
            (home / "package.json").write_text('{"private":true,"type":"module"}')
            subprocess.run(NPM, cwd=home, check=True)
        with subprocess.Popen(
            [sys.executable, "-m", "leakcheck", "serve", site, "--port", "0"],
            stdout=subprocess.PIPE, text=True,
        ) as server:  # fmt: skip
            assert server.stdout is not None
            found = re.search(r"http://\S+", server.stdout.readline())
            assert found is not None
            try:
                take(found[0], browser, modules)
            finally:
                server.terminate()


def published(home: Path) -> Path:
    """A published page of two addresses."""
    program = Path(sys.executable).with_name("leakcheck")
    (home / "dump.txt").write_text("alice@example.fr:x\nbob@example.org:y\n")
    origin = "filters.example.org/acme"
    for command in (
        ["build", "dump.txt", "-o", "acme.bloom", "--kind", "email", "--name", "Acme"],
        ["keys", "new", origin, "-o", "acme.key"],
        ["publish", "acme.bloom", "-o", "site", "--key", "acme.key", "--title",
         "Account agency, April 2026", "--data", "email,birthdate,phone", "--contact",
         "dpo@example.org", "--lang", "en,fr"],
    ):  # fmt: skip
        subprocess.run([program, *command], cwd=home, check=True, capture_output=True)
    return home / "site"


def take(url: str, browser: str, modules: Path) -> None:
    """Photograph an answer of each sort."""
    visits = [
        {"url": url, "language": language, "width": 400, "subjects": [{"address": address}],
         "dark": dark, "shot": str(ROOT / "docs" / f"page-{name}.webp")}
        for name, language, address, dark in (
            ("exposed", "en", "alice@example.fr", False),
            ("clean", "fr", "carole@example.fr", True),
        )
    ]  # fmt: skip
    subprocess.run(
        ["node", DRIVER, "chrome", browser], cwd=modules, check=True, text=True,
        input=json.dumps({"visits": visits}), stdout=subprocess.DEVNULL,
    )  # fmt: skip


if __name__ == "__main__":
    main()
