"""Pack an sdist anew, so that the same tree gives the same bytes.

    python scripts/same_sdist.py SDIST

What setuptools puts into it says when and by whom it was packed: here all files
have the time of SOURCE_DATE_EPOCH, no owner, and the order of their names.
"""

import gzip
import io
import os
import sys
import tarfile
from pathlib import Path


def main() -> None:
    """Replace the file by one that says the same."""
    path = Path(sys.argv[1])
    when = int(os.environ["SOURCE_DATE_EPOCH"])
    made = io.BytesIO()
    with (
        tarfile.open(path) as old,
        gzip.GzipFile(filename="", mode="wb", fileobj=made, mtime=when) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda each: each.name):
            member.mtime, member.uid, member.gid = when, 0, 0
            member.uname = member.gname = ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.pax_headers = {}
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
    path.write_bytes(made.getvalue())


if __name__ == "__main__":
    main()
