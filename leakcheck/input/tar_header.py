"""What the headers of a tar archive say: names, sizes, and where a sparse member has data.

Fields: https://www.gnu.org/software/tar/manual/html_node/Standard.html, and
"Sparse Formats" there; extended headers: POSIX.1-2001, pax.
"""

BLOCK = 512
MAGIC, MAGIC_AT = b"ustar", 257
_SPARSE_KEYS = b"GNU.sparse."


class TarEntry:
    """One header, and what the extended headers before it say.

    size: bytes of data that follow; pieces: (offset, length) of what is there
    of a sparse member, and `real` its whole size.
    """

    def __init__(self, name: str, kind: bytes, size: int) -> None:
        self.name, self.kind, self.size = name, kind, size
        self.pieces: list[tuple[int, int]] | None = None
        self.real = 0


class Extended:
    """What extended headers say of the next member."""

    def __init__(self) -> None:
        self.name = b""
        self.size: int | None = None
        self.pieces: list[tuple[int, int]] = []
        self.real: int | None = None
        self.map_in_data = False
        self.headers = 0


def is_header(block: bytes) -> bool:
    """Whether `block` is a tar header: its checksum tells, in old formats too."""
    if len(block) < BLOCK or not block[0]:
        return False
    try:
        said = int(block[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    counted = sum(block[:148]) + sum(block[156:BLOCK]) + 8 * ord(" ")
    if said == counted:
        return True
    signed = 256 * sum(byte > 127 for byte in block[:148] + block[156:BLOCK])
    return said == counted - signed  # as some old programs added them up


def may_be_header(block: bytes) -> bool:
    """Whether `block` is a header but for its checksum, as far as can be seen."""
    return block[MAGIC_AT : MAGIC_AT + 5] == MAGIC and block[0] != 0 and block[156:157].isalnum()


def number(field: bytes) -> int:
    """A number as headers have it: octal digits, or base 256. Raises ValueError."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0").partition(b"\0")[0]
    if not set(digits) <= set(b"01234567"):
        raise ValueError
    return int(digits or b"0", 8)


def decimal(digits: bytes) -> int:
    """A number of decimal digits alone. Raises ValueError."""
    if not digits.isdigit() or len(digits) > 20:
        raise ValueError
    return int(digits)


def text(field: bytes) -> bytes:
    """A field up to its first NUL."""
    return field.partition(b"\0")[0]


def pieces_of(table: bytes) -> list[tuple[int, int]]:
    """The (offset, length) pairs in a table of old GNU sparse headers."""
    pieces = []
    for at in range(0, len(table) // 24 * 24, 24):
        if table[at] == 0 and not table[at : at + 24].strip(b"\0"):
            break
        pieces.append((number(table[at : at + 12]), number(table[at + 12 : at + 24])))
    return pieces


def read_pax(data: bytes, more: Extended) -> bool:
    """Read the records `LENGTH KEY=VALUE` of an extended header; False where they break off."""
    at = 0
    offset: int | None = None
    try:
        while at < len(data) and data[at]:
            blank = data.index(b" ", at, at + 21)
            length = decimal(data[at:blank])
            record = data[blank + 1 : at + length]
            if at + length > len(data) or not record.endswith(b"\n"):
                return False
            at += length
            key, _, value = record[:-1].partition(b"=")
            if key == b"path" and not more.name:
                more.name = text(value)
            elif key == b"size":
                more.size = decimal(value)
            elif key.startswith(_SPARSE_KEYS):
                offset = _read_sparse(key[len(_SPARSE_KEYS) :], value, more, offset)
    except ValueError:
        return False
    return True


def _read_sparse(key: bytes, value: bytes, more: Extended, offset: int | None) -> int | None:
    """One record on a sparse member; the offset that waits for its length (format 0.0)."""
    if key == b"name":
        more.name = text(value)
    elif key in (b"realsize", b"size"):
        more.real = decimal(value)
    elif key == b"major":
        more.map_in_data = value == b"1"
    elif key == b"map":
        numbers = [decimal(one) for one in value.split(b",")] if value else []
        more.pieces = list(zip(numbers[::2], numbers[1::2], strict=True))
    elif key == b"offset":
        return decimal(value)
    elif key == b"numbytes" and offset is not None:
        more.pieces.append((offset, decimal(value)))
    return None
