"""Add to leakcheck/data/tlds.txt the top-level domains that are newer than it.

    pip install publicsuffixlist idna && python scripts/make_tlds.py

Source: the ICANN section of the Public Suffix List (Mozilla Public License
2.0), of which only the last label of each rule is kept, as an A-label, and its
date. A name that was once in the file stays: an old dump still holds it. What
is new goes into an edition of its own, named by the list's date, so that a
filter can tell which names its builder knew.
"""

import re
import textwrap
from pathlib import Path

import idna
import publicsuffixlist

DATA = Path(__file__).resolve().parent.parent / "leakcheck" / "data" / "tlds.txt"


def suffixes(text: str) -> set[str]:
    """The last label, as an A-label, of every rule in the list's ICANN section."""
    section = text.split("===BEGIN ICANN DOMAINS===")[1].split("===END ICANN DOMAINS===")[0]
    rules = [line.split()[0] for line in section.splitlines() if line[:1].strip("/ ")]
    return {idna.encode(rule.split(".")[-1], uts46=True).decode() for rule in rules}


def main() -> None:
    """Append an edition, where there is something new."""
    list_path = Path(publicsuffixlist.__file__).parent / "public_suffix_list.dat"
    text = list_path.read_text("utf-8")
    date = re.search(r"^// VERSION: (\d{4}-\d\d-\d\d)", text, re.MULTILINE)
    if date is None:
        raise SystemExit("this list does not say its date")
    old = DATA.read_text("ascii")
    known = {name for line in old.splitlines() if line[:1] not in "#=" for name in line.split()}
    new = sorted(suffixes(text) - known)
    editions = re.findall(r"^= (\S+)$", old, re.MULTILINE)
    if new and date[1] <= editions[-1]:
        raise SystemExit(f"this list is of {date[1]}, the file of {editions[-1]} already")
    if new:
        lines = textwrap.wrap(" ".join(new), 98, break_on_hyphens=False, break_long_words=False)
        DATA.write_text(old + "\n".join([f"= {date[1]}", *lines]) + "\n", "ascii")
    print(f"{len(new)} new names in the list of {date[1]}")


if __name__ == "__main__":
    main()
