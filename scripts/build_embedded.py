"""Rebuild the filters that ship with leakcheck from the list they are made of.

    python scripts/build_embedded.py LIST

LIST: the 100,000 most used breached passwords, one per line, published by the
UK National Cyber Security Centre from Pwned Passwords data, under the Open
Government Licence v3.0. The same list gives the same bytes. One filter is of
the passwords, one of their NT hashes, as Windows keeps them.
"""

import contextlib
import sys
from pathlib import Path

from leakcheck.sources.filter_file import Builder
from leakcheck.sources.filter_header import about
from leakcheck.sources.names import EMBEDDED_NAME, embedded_path
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import digests_of

ABOUT = {
    "name": EMBEDDED_NAME,
    "date": "2019-04-21",
    "url": "https://www.ncsc.gov.uk/static-assets/documents/PwnedPasswordsTop100k.txt",
    "note": "Covers only 100,000 of about a billion known breached passwords. "
    "UK National Cyber Security Centre and Pwned Passwords, Open Government Licence v3.0",
}


def spellings(line: bytes) -> list[bytes]:
    """A line, and what it was before the list's maker read UTF-8 as Windows-1252.

    The list holds 1Ð¹2Ñ†3Ñƒ where people typed 1й2ц3у: both are keys, for
    nobody who typed the real one should be told that it is clean.
    """
    found = [line]
    with contextlib.suppress(UnicodeError):
        found.append(line.decode().encode("cp1252").decode().encode())
    return [spelling for spelling in found if spelling]


def main() -> None:
    """Build the filters and say what they hold."""
    lines = Path(sys.argv[1]).read_bytes().splitlines()
    passwords = [spelling for line in lines for spelling in spellings(line)]
    for kind in (Kind.PASSWORD, Kind.NTLM):
        path = embedded_path(kind)
        with Builder(kind.digest_bytes) as builder:
            builder.add(digests_of(kind, passwords))
            header = builder.finish(path, 1e-6, about(kind, **ABOUT), replace=True)
        print(f"{path.name}: {header.keys} keys, {header.file_bytes} bytes, fpr {header.fpr:g}")


if __name__ == "__main__":
    main()
