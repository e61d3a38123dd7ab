"""What the readers take of a text, for a build and for a scan."""

from pathlib import Path

from leakcheck.input.lists import ListFile
from leakcheck.input.streams import Held
from leakcheck.records.batches import batches
from leakcheck.records.detect import detect
from leakcheck.records.listing import Listing
from leakcheck.records.rows import Wanted
from leakcheck.subject.kinds import Kind


def taken(data: bytes | str, wanted: Wanted | None = None, name: str = "") -> tuple[set[str], int]:
    """The secrets that a build takes of a structured text, and how many records it rejects."""
    raw = data.encode() if isinstance(data, str) else data
    wanted = wanted or Wanted(Kind.PASSWORD)
    dialect = detect(raw, name, wanted=wanted)
    found: set[str] = set()
    rejected = 0
    for batch in batches(dialect, Held(raw), raw[: 64 << 10], wanted):
        for address, word in (*batch.secrets, *batch.more):
            pair = f"{address.decode()}:" if address else ""
            found.add(pair + word.decode("utf-8", "surrogateescape"))
        found |= {word.decode() for word in (*batch.hashes, *batch.more_hashes)}
        rejected += sum(count for why, count in batch.rejected.items() if why != "header")
    return found, rejected


def scanned(data: bytes | str, folder: Path, wanted: Wanted | None = None) -> set[str]:
    """The secrets that a scan asks about."""
    path = folder / "list"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    file = ListFile(path)
    try:
        listing = Listing(file, wanted or Wanted(Kind.PASSWORD))
        return {
            word.decode("utf-8", "surrogateescape")
            for part in listing.parts()
            for record in part.records
            if record.picked
            for _, word in record.picked.secrets
        }
    finally:
        file.close()
