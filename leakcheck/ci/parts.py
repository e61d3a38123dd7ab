"""Reading the files of a run, in one process or several.

Python reads and looks at one file at a time, so that two cores need two
processes: the files are dealt out in blocks, and each child hands its part
back through a pipe. What a child cannot finish ends the run: a part that is
missing is never a part without passwords.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bloom.cores import usable_cores
from leakcheck import processes
from leakcheck.ci.candidate import IGNORED, Candidate
from leakcheck.ci.listing import Item
from leakcheck.ci.names import Names
from leakcheck.ci.reading import read_file
from leakcheck.ci.selection import ALWAYS_TEXT
from leakcheck.ci.text import TOO_MANY, NotTextError, TooManyError
from leakcheck.ci.walk import File, Walk
from leakcheck.errors import InputError, LeakcheckError
from leakcheck.language import said

NOT_TEXT = said("it is not text, although its name says so")
_BLOCK = 128  # files dealt out at a time
_WORTH_A_CHILD = 2000  # files from which a second process pays


class Manner(NamedTuple):
    """How files are read: names to look at, whether comments count, and whether they can accept."""

    names: Names
    limit: int
    comments: bool = True
    ignorable: bool = True


@dataclass(slots=True, eq=False, repr=False)
class ReadPart:
    """What was seen in some of the files.

    found: the candidates to ask about, with their paths; paths: of the files
    read; candidates, ignored: how many values were seen, and accepted by a
    comment; gone, unreadable, large, pointers: see Walk; binary: files that are
    no text.
    """

    found: list[tuple[str, Candidate]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    candidates: int = 0
    ignored: int = 0
    gone: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    large: list[str] = field(default_factory=list)
    pointers: list[str] = field(default_factory=list)
    binary: list[str] = field(default_factory=list)

    def add(self, other: "ReadPart") -> None:
        """Take over what another part has."""
        self.found += other.found
        self.paths += other.paths
        self.candidates += other.candidates
        self.ignored += other.ignored
        self.gone += other.gone
        self.unreadable += other.unreadable
        self.large += other.large
        self.pointers += other.pointers
        self.binary += other.binary


def read_items(
    root: Path,
    items: Sequence[Item],
    manner: Manner,
    progress: Callable[[int], None] = lambda files: None,
    deal: int | None = None,
) -> ReadPart:
    """What is seen in the files. Raises InputError where a child ends before its work does.

    deal: how many a process gets at a time, by default a few.
    """
    deal = deal or _BLOCK
    blocks = [items[at : at + deal] for at in range(0, len(items), deal)]
    children = _children(len(items))
    if not children:
        return _read(root, items, manner, progress)
    parts: list[tuple[int, ReadPart]] = []
    with _Children(root, blocks, manner, children) as running:
        step = children + 1
        done = 0
        for at in range(0, len(blocks), step):
            part = _read(root, blocks[at], manner, lambda files: None)
            done += step * len(blocks[at])
            progress(min(done, len(items)))
            parts.append((at, part))
        parts += running.results()
    whole = ReadPart()
    for _, part in sorted(parts, key=lambda each: each[0]):
        whole.add(part)
    return whole


def _children(count: int) -> int:
    """How many processes to start besides this one."""
    if count < _WORTH_A_CHILD or not processes.CAN_FORK:
        return 0
    return min(usable_cores() - 1, count // _WORTH_A_CHILD, 7)


class _Children:
    """Forked processes that read every so-manieth block; a context manager."""

    def __init__(
        self, root: Path, blocks: Sequence[Sequence[Item]], manner: Manner, count: int
    ) -> None:
        self._work = (root, blocks, manner)
        self._count = count
        self._running: list[tuple[int, int]] = []

    def __enter__(self) -> "_Children":
        for number in range(1, self._count + 1):
            self._running.append(processes.fork(partial(self._run, number)))
        return self

    def __exit__(self, *raised: object) -> None:
        for child, reading in self._running:
            os.close(reading)
            processes.end_fork(child)

    def _run(self, number: int, writing: int) -> None:
        """The life of a child: it returns nowhere, and says nothing but its result."""
        import pickle  # most runs have no child

        status = 1
        try:
            with suppress(KeyboardInterrupt), open(writing, "wb") as out:
                pickle.dump(self._read(number), out, pickle.HIGHEST_PROTOCOL)
                status = 0
        finally:
            os._exit(status)

    def _read(self, number: int) -> list[tuple[int, ReadPart]] | LeakcheckError:
        root, blocks, manner = self._work
        try:
            return [
                (at, _read(root, blocks[at], manner, lambda files: None))
                for at in range(number, len(blocks), self._count + 1)
            ]
        except LeakcheckError as error:
            return error

    def results(self) -> list[tuple[int, ReadPart]]:
        """What the children saw, each block with its number."""
        import pickle

        found: list[tuple[int, ReadPart]] = []
        for _, reading in self._running:
            with open(reading, "rb", closefd=False) as pipe:
                stated = pipe.read()
            try:
                part = pickle.loads(stated)  # noqa: S301 - from a child of our own
            except (EOFError, pickle.UnpicklingError):
                raise InputError(
                    said(
                        "Some files could not be read: a process was ended, perhaps for lack of "
                        "memory. Run again."
                    )
                ) from None
            if isinstance(part, LeakcheckError):
                raise part
            found += part
        return found


def _read(
    root: Path, items: Sequence[Item], manner: Manner, progress: Callable[[int], None]
) -> ReadPart:
    walk = Walk(root, manner.limit, manner.names.first_look)
    part = ReadPart(unreadable=walk.unreadable, large=walk.large, pointers=walk.pointers)
    for file in walk.read(items):
        progress(walk.files)
        part.paths.append(file.path)
        for candidate in _candidates(file, part, manner):
            part.candidates += 1
            candidate.commit = file.commit
            part.ignored += candidate.skip == IGNORED
            if candidate.skip is None:
                part.found.append((file.path, candidate))
    part.gone = walk.gone
    return part


def _candidates(file: File, part: ReadPart, manner: Manner) -> list[Candidate]:
    """The candidates in a file; one that has no answer is noted."""
    if not file.data:
        return []
    try:
        return read_file(
            file.data, file.path, manner.names, family=file.family,
            comments=manner.comments, ignorable=manner.ignorable,
        )  # fmt: skip
    except TooManyError:
        part.unreadable.append((file.path, TOO_MANY))
    except NotTextError as error:
        if file.family.name in ALWAYS_TEXT and not error.sealed:
            part.unreadable.append((file.path, NOT_TEXT))
        else:
            part.binary.append(file.path)
    return []
