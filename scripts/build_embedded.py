"""Rebuild leakcheck/data/top-100k-passwords.bloom from the list it is made of.

    python scripts/build_embedded.py LIST

LIST: the 100,000 most used breached passwords, one per line, published by the
UK National Cyber Security Centre from Pwned Passwords data, under the Open
Government Licence v3.0. The same list gives the same bytes.
"""

import sys
from pathlib import Path

from leakcheck.engine import Builder, about
from leakcheck.kinds import Kind
from leakcheck.sources.resolve import EMBEDDED_NAME
from leakcheck.subjects import digests_of

OUTPUT = Path(__file__).parent.parent / "leakcheck" / "data" / "top-100k-passwords.bloom"
ABOUT = about(
    Kind.PASSWORD,
    name=EMBEDDED_NAME,
    date="2019-04-21",
    url="https://www.ncsc.gov.uk/static-assets/documents/PwnedPasswordsTop100k.txt",
    note="UK National Cyber Security Centre and Pwned Passwords, Open Government Licence v3.0",
)


def main() -> None:
    """Build the filter and say what it holds."""
    lines = Path(sys.argv[1]).read_bytes().splitlines()
    passwords = [line for line in lines if line]
    with Builder(Kind.PASSWORD.digest_bytes) as builder:
        builder.add(digests_of(Kind.PASSWORD, passwords))
        header = builder.finish(OUTPUT, 1e-6, ABOUT, replace=True)
    print(f"{header.keys} keys, {header.file_bytes} bytes, fpr {header.fpr:g}")


if __name__ == "__main__":
    main()
