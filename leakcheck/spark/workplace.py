"""Where the tasks of one build leave what they made: a folder that the driver and all see.

Rule 1: what a task leaves appears under its name whole, or not at all, so that a
task which is run twice, or twice at once, changes nothing. Rule 2: it is for its
owner alone.
"""

import json
import os
import shutil
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leakcheck.files import Draft, write_whole


@dataclass(frozen=True, slots=True)
class Workplace:
    """A folder of this build's alone; `folder` is the same path for every machine."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "Workplace":
        """A new one, empty, whatever an earlier build left there. Raises OSError."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        return cls(folder)

    def clear(self) -> None:
        """Remove all of it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name: str) -> Path:
        """Where `name` is, once it is whole."""
        return self.folder / name

    def draft(self, name: str) -> Draft:
        """A file to fill and to publish as `name`."""
        return Draft(self.folder / name)

    def put(self, name: str, value: Any) -> None:
        """Leave `value` as JSON."""
        write_whole(self.folder / name, json.dumps(value).encode(), sync=False)

    def get(self, name: str) -> Any:
        """What `put` left. Raises OSError where it is not there."""
        return json.loads((self.folder / name).read_bytes())

    def names(self, prefix: str) -> list[str]:
        """What is there under names that begin so."""
        return [name for name in os.listdir(self.folder) if name.startswith(prefix)]  # noqa: PTH208 - a million may be there

    def put_rows(self, name: str, rows: Sequence[Any]) -> None:
        """Leave a list of which one row at a time is wanted."""
        ends = array("Q", [0])
        packed = bytearray()
        for row in rows:
            packed += json.dumps(row).encode()
            ends.append(len(packed))
        write_whole(self.folder / name, bytes(packed), sync=False)
        write_whole(self.folder / f"{name}.ends", ends.tobytes(), sync=False)

    def row(self, name: str, number: int) -> Any:
        """One row of what `put_rows` left."""
        with (self.folder / f"{name}.ends").open("rb") as file:
            file.seek(8 * number)
            start, stop = array("Q", file.read(16))
        with (self.folder / name).open("rb") as file:
            file.seek(start)
            return json.loads(file.read(stop - start))
