"""Subjects in plain sight: of one form and no other, which tables of every edition take.

Nearly all that is asked is so, and one native call then gives its digest. What
is in plain sight is decided by what reads dumps (leakcheck/native), on the
subject as a line of its own. Whatever is not, `question` reads.
"""

from typing import Any

from bloom.engine import choose
from leakcheck.errors import SubjectError
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import question
from leakcheck.subject.tables import Versions


def plain_subjects(kind: Kind, *, variants: bool = False) -> Any:
    """A `Plain` of the engine that runs."""
    _, engine = choose("leakcheck._native", __name__)
    return engine.Plain(kind.value, variants)


Buffer = bytes | bytearray | memoryview


class Plain:
    """Subjects of one kind, in plain Python.

    The native one may leave a subject that is in plain sight to `question`, and
    never has a digest for one that is not.
    """

    def __init__(self, kind: str, variants: bool) -> None:
        """kind: as Kind has it; variants: whether other spellings of addresses are asked too."""
        self._kind, self._variants = Kind(kind), variants

    def digest(self, subject: object) -> bytes | None:
        """The digest of `subject`, a str or bytes in plain sight; None for any other."""
        if type(subject) is not str and type(subject) is not bytes:
            return None
        try:
            one = question(self._kind, subject)
        except SubjectError:
            return None
        if self._variants:
            one = one.with_variants()
        if len(one.forms) > 1 or one.needs not in (None, Versions()):
            return None
        return one.digests()[0]

    def digests(self, subjects: list[Any]) -> tuple[bytes, list[int]]:
        """The digests of those in plain sight, packed, and the places of the others.

        The native one takes no other sequence than a list.
        """
        found = [self.digest(subject) for subject in subjects]
        others = [at for at, digest in enumerate(found) if digest is None]
        return b"".join([digest for digest in found if digest is not None]), others

    def column(
        self, data: Buffer, offsets: Buffer, width: int, first: int, count: int
    ) -> tuple[bytes, list[int]]:
        """The same for `count` texts of a column as Arrow has it, from the one at `first` on.

        offsets: where each begins in `data`, and where the last ends, as numbers of `width` bytes.
        """
        ends = memoryview(offsets).cast("B").cast("i" if width == 4 else "q")
        return self.digests(
            [bytes(data[ends[at] : ends[at + 1]]) for at in range(first, first + count)]
        )
