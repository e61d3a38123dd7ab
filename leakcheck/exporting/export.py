"""From digests to the file of another program: collected, put in order, written whole.

Nothing else than what was asked for stands in such a file, so one from dumps
that were not read whole cannot say so: it is not written unless that is wanted.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from bloom.memory import free_memory
from leakcheck.errors import InputError, UsageError
from leakcheck.exporting.formats import (
    FORMATS,
    Blocks,
    To,
    write_dcso,
    write_guava,
    write_passwdqc,
    write_text,
)
from leakcheck.exporting.gathered import BLOCK_BYTES, Gathered, kernels
from leakcheck.files import PUBLISHED, Draft, FolderDraft, first_bytes
from leakcheck.input.inputs import FILTER_MAGIC, KEYS_MAGIC
from leakcheck.language import said
from leakcheck.sources.new_filter import check_rate
from leakcheck.subject.foreign import Foreign
from leakcheck.subject.kinds import Kind

_SETTLED = {
    To.PASSWDQC: said(
        "passwdqc's filters give a false alarm less than once in a billion, "
        "whatever they hold: leave --rate out."
    ),
    To.TEXT: said("a list of hashes gives no false alarms: leave --rate out."),
}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: distinct keys, the rate of false alarms or None for none, bytes."""

    keys: int
    rate: float | None
    bytes: int


class Export:
    """One export; leaving the block without `write` leaves nothing.

    with Export(...) as export:
        export.begin(kind)
        export.add(digests)
        export.write(replace)
    """

    def __init__(
        self,
        to: To,
        paths: tuple[str, ...],
        kind: Kind | None,
        output: Path,
        rate: float | None,
        memory: int | None,
    ) -> None:
        """Raises UsageError where such a file cannot be had of these paths, or of this kind."""
        self.to, self.format = to, FORMATS[to]
        self._output, self._memory = output, memory or free_memory() // 2
        if rate is not None and self.format.rate is None:
            raise UsageError(said("--rate: {settled}", settled=_SETTLED[to]))
        self._rate = rate if rate is not None else self.format.rate
        if self._rate is not None:
            check_rate(self._rate)
        if not output.name.endswith(self.format.suffix):
            raise UsageError(
                said(
                    "{output}: Keycloak takes only a name that ends in {suffix} for a "
                    "filter, and any other for a list of passwords.",
                    output=output,
                    suffix=self.format.suffix,
                )
            )
        if kind not in (None, self.format.kind) and self.format.kind is not None:
            raise UsageError(
                said(
                    "--kind {kind}: for {to} the keys are made of passwords: leave --kind out.",
                    kind=kind,
                    to=to,
                )
            )
        for path in paths:
            _refuse_filter(path, to)
        self._stack = ExitStack()
        self._gathered: Gathered | None = None
        self.kind = self.format.kind or kind

    def __enter__(self) -> Self:
        with _told(self._output):
            self._draft = self._stack.enter_context(Draft(self._output, mode=PUBLISHED))
            self._folder = self._stack.enter_context(
                FolderDraft(self._output.with_name(f"{self._output.name}.export"))
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def begin(self, kind: Kind) -> Kind | Foreign:
        """The kind is settled; what is to be made of each subject."""
        self.kind = kind
        made = self.format.made or kind
        self._width = 8 if self.to is To.DCSO else made.digest_bytes
        spilled = self._folder.path / "spilled"
        spilled.mkdir(mode=0o700)
        self._gathered = Gathered(spilled, self._width, self._memory)
        return made

    def add(self, digests: bytes) -> None:
        """Take packed digests, from any thread."""
        assert self._gathered is not None
        assert self.kind is not None
        if self.to is To.DCSO:
            digests = kernels.hex_fnv1(digests, self.kind.digest_bytes)
        with _told(self._output):
            self._gathered.add(digests)

    def write(self, replace: bool) -> Exported:
        """Write the file. Raises InputError where there is no key, or the disk takes no more."""
        if self._gathered is None:
            raise InputError(said("There is nothing to read: no file is written."))
        with _told(self._output):
            file = self._draft.file
            settled = self._folder.path / "settled"
            count = self._settle(settled)
            if not count:
                raise InputError(said("No key was found: no file is written."))

            def blocks() -> Iterator[bytes]:
                with settled.open("rb") as again:
                    while block := again.read(BLOCK_BYTES // self._width * self._width):
                        yield block

            self._write(file, blocks, count)
            size = file.seek(0, os.SEEK_END)
            self._draft.publish(replace=replace)
        rate = 1e-9 if self.to is To.PASSWDQC else self._rate
        return Exported(count, rate, size)

    def _settle(self, path: Path) -> int:
        """Put all keys, in order and each once, in a file; how many they are."""
        assert self._gathered is not None
        count = 0
        with path.open("wb") as file:  # in a folder for its owner alone
            for block in self._gathered.sorted():
                file.write(block)
                count += len(block) // self._width
        return count

    def _write(self, file: BinaryIO, blocks: Blocks, count: int) -> None:
        if self.to is To.TEXT:
            write_text(file, blocks, self._width)
        elif self.to is To.PASSWDQC:
            write_passwdqc(file, blocks, count, self._folder.path)
        else:
            assert self._rate is not None
            write = write_guava if self.to is To.KEYCLOAK else write_dcso
            write(file, blocks, count, self._rate)


def _refuse_filter(path: str, to: To) -> None:
    """Raise UsageError where a path is a filter or kept keys, and say why they will not do."""
    try:
        magic = first_bytes(path, len(FILTER_MAGIC))
    except OSError:
        return  # whoever reads it says what it is
    wanted = "passwords" if to is To.KEYCLOAK else said("whole digests")
    if magic == FILTER_MAGIC:
        raise UsageError(
            said(
                "{name}: a filter holds bits, which give no {wanted}: export from the "
                "dump that it was built from.",
                name=path,
                wanted=wanted,
            )
        )
    if magic == KEYS_MAGIC:
        raise UsageError(
            said(
                "{name}: kept keys are eight bytes of each digest and a checksum, which "
                "give no {wanted}: export from the dump.",
                name=path,
                wanted=wanted,
            )
        )


@contextmanager
def _told(output: Path) -> Iterator[None]:
    """Turn what the system raises into InputError on the output."""
    try:
        yield
    except FileExistsError:
        raise UsageError(
            said("{output}: it exists already: use --force to replace it.", output=output)
        ) from None
    except OSError as error:
        raise InputError(
            said(
                "{output}: it cannot be written: {why}.",
                output=output,
                why=error.strerror or "failed",
            )
        ) from None
