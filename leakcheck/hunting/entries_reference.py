"""The entries of a watch list in plain Python: what leakcheck._native.Entries says is the same.

The native one needs some 60 bytes an entry beside its text, this one some 300.
"""

from leakcheck.hunting.parsing import EntryKind


class Entries:
    """Texts by number; and, of addresses and domains, numbers by canonical form."""

    def __init__(self) -> None:
        self._texts: list[bytes] = []
        self._forms = bytearray()
        self._counts = [0] * len(EntryKind)
        self._keys: tuple[dict[bytes, int], ...] = tuple({} for _ in EntryKind)

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, form: int, text: bytes, key: bytes, /) -> int:
        """The number of the entry of `key`: the next one where it is new, and then `text`'s."""
        number = self._keys[form].setdefault(key, len(self._texts))
        if number == len(self._texts):
            self.append(form, text)
        return number

    def append(self, form: int, text: bytes, /) -> None:
        """Add an entry that is found by other means than its key."""
        self._texts.append(text)
        self._forms.append(form)
        self._counts[form] += 1

    def add_plain(self, block: bytes, start: int, /) -> tuple[int, int]:
        """Add no line: all go through parsing.parse, which decides what is plain."""
        return start, 0

    def text(self, entry: int, /) -> bytes:
        """An entry as it was written."""
        return self._texts[entry]

    def form(self, entry: int, /) -> int:
        """The form of an entry."""
        return self._forms[entry]

    def find(self, form: int, key: bytes, /) -> int | None:
        """The number of the entry of `key`; None where there is none."""
        return self._keys[form].get(key)

    def count(self, form: int, /) -> int:
        """How many entries have a form."""
        return self._counts[form]

    def keys(self, form: int, part: bytes, /) -> bytes:
        """The keys of a form that hold `part`, in order of their bytes, each followed by LF."""
        return b"".join(key + b"\n" for key in sorted(self._keys[form]) if part in key)
