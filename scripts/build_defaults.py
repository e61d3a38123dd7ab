"""Rebuild leakcheck/data/default-passwords.bloom, the passwords that products ship with.

    pip install --no-deps defaultcreds-cheat-sheet==0.5.3.0 && python scripts/build_defaults.py

Sources: the "Default Credentials Cheat Sheet" (Copyright 2022 Ihebski, MIT
licence), of which only the passwords are kept, and
scripts/default_passwords.csv, our own table of the passwords in the
documentation of container images, databases and development kits. The same
sources give the same bytes.
"""

import csv
import importlib.util
import json
import re
from pathlib import Path

from leakcheck.sources.filter_file import Builder
from leakcheck.sources.filter_header import about
from leakcheck.sources.names import defaults_path
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import digests_of

TABLE = Path(__file__).parent / "default_passwords.csv"
ABOUT = about(
    Kind.PASSWORD,
    name="default passwords",
    date="2025-03-01",
    url="https://github.com/ihebski/DefaultCreds-cheat-sheet",
    note="Passwords that products, images and development kits ship with. "
    "Default Credentials Cheat Sheet, Copyright 2022 Ihebski, MIT licence; and our own table",
)
# What stands where a password should: "(serial number)", "<blank>", "2 + last 4 of Audio".
REMARK = re.compile(
    r"[(<].*[)>]|.*(?:serial|blank|digits|same as|same all| or |last \d|button|%s|%\w\w%).*"
    r"|.*(?:see note|number of).*|public/private.*|none|password\b.*/.*",
    re.IGNORECASE,
)
SHORTEST = 3


def of_cheat_sheet() -> set[str]:
    """The passwords of the cheat sheet that are such."""
    package = importlib.util.find_spec("DefaultCreds")
    if package is None or package.origin is None:
        raise SystemExit("pip install --no-deps defaultcreds-cheat-sheet==0.5.3.0 first")
    path = Path(package.origin).with_name("DefaultCreds_db.json")
    rows = json.loads(path.read_text("utf-8"))["_default"].values()
    # communities of SNMP are no passwords
    found = {row["password"].strip() for row in rows if "snmp" not in row["product"].lower()}
    return {each for each in found if len(each) >= SHORTEST and not REMARK.fullmatch(each)}


def of_table() -> set[str]:
    """The passwords of our own table."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        return {row["password"] for row in csv.DictReader(file)} - {""}


def main() -> None:
    """Build the filter and say what it holds."""
    passwords = sorted(of_cheat_sheet() | of_table())
    with Builder(Kind.PASSWORD.digest_bytes) as builder:
        builder.add(digests_of(Kind.PASSWORD, [each.encode() for each in passwords]))
        header = builder.finish(defaults_path(), 1e-9, ABOUT, replace=True)
    print(f"{header.keys} keys, {header.file_bytes} bytes, fpr {header.fpr:g}")


if __name__ == "__main__":
    main()
