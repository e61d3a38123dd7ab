"""Count what `leakcheck ci` sees in checkouts of other people's repositories.

    python scripts/ci_corpus.py CHECKOUT... [--sample N --seed S]

Prints a row for each checkout: files read, values seen under a password-like
name or in a URL, how many of them were checked and how many are breached.
With --sample it prints so many random findings, by place and key and without
the value, to label by hand; and as many random lines in which a password-like
word stands but nothing was seen, for what was missed.
"""

import argparse
import random
import re
from pathlib import Path

from leakcheck.ci.checking import check
from leakcheck.ci.listing import FileListing
from leakcheck.ci.names import Names
from leakcheck.ci.policy import Policy
from leakcheck.ci.reading import read_file
from leakcheck.ci.selection import Selection
from leakcheck.ci.walk import Walk
from leakcheck.sources.names import embedded_sources
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Verdict

# On purpose not our own patterns: what is missed must show.
LOOSE = re.compile(
    r"(?i)(pass(word|wd|phrase|code)?|pwd|pw|secret(_?key)?|identified\s+by)[\w\])\"'-]{0,12}\s*"
    r"(=>|:=|=|:|,|\(|\s|>)\s*[\"'(>]?\s*[\"']?([^\s\"'<>${}()\[\],;]{2,40})|://[^\s/@:]+:[^\s@/]+@"
)


def main() -> None:
    """Count, and sample."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkouts", type=Path, nargs="+")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    names, sources = Names(), embedded_sources(Kind.PASSWORD)
    findings: list[str] = []
    unseen: list[str] = []
    print(f"{'project':<28}{'files':>7}{'seen':>7}{'checked':>9}{'breached':>10}")
    for root in options.checkouts:
        walk = Walk(root.resolve())
        items = FileListing(walk.root, Selection(Policy())).items([])
        seen, asked = 0, []
        for file in walk.read(items):
            found = read_file(file.data, file.path, names, family=file.family)
            seen += len(found)
            asked += [(file.path, each) for each in found if each.skip is None]
            if options.sample and b"\0" not in file.data[:8192]:
                lines = {each.line for each in found}
                unseen += [
                    f"{root.name}/{file.path}:{number}"
                    for number, line in enumerate(
                        file.data.decode("utf-8", "replace").split("\n"), 1
                    )
                    if number not in lines and len(line) < 400 and LOOSE.search(line)
                ]
        breached = [each for each in check(asked, sources) if each.verdict is Verdict.EXPOSED]
        findings += [
            f"{root.name}/{each.path}:{each.candidate.line}:{each.candidate.column}: "
            f"{each.candidate.key} ({each.candidate.reader})"
            for each in breached
        ]
        print(f"{root.name:<28}{walk.files:>7}{seen:>7}{len(asked):>9}{len(breached):>10}")
    rng = random.Random(options.seed)
    for title, rows in (("findings", findings), ("lines with nothing seen", unseen)):
        if options.sample:
            print(f"\n{title}: {len(rows)}")
            for row in rng.sample(rows, min(options.sample, len(rows))):
                print(row)


if __name__ == "__main__":
    main()
