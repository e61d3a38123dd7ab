"""Lines that belong together: soft breaks in quoted-printable text, folds in LDIF and vCard."""

import re

_BACK, FORTH = 1024, 4096  # bytes around an at sign that are decoded
_FOLDS = 16  # lines of a folded value, at most, before one that is looked at
_LINE = 76  # bytes of a line of quoted-printable text, at most
_ATTRIBUTE = re.compile(rb"[A-Za-z][A-Za-z0-9;=.,_-]{0,63}:")
_BASE64_RUN = re.compile(rb"[A-Za-z0-9+/]*\Z")


def window(data: bytes, start: int, end: int) -> tuple[int, int]:
    """The part of the text around data[start:end], joined lines included, that is decoded."""
    low, lowest, folded = start, max(0, start - _BACK), False
    while low > lowest:
        at = max(data.rfind(b"\n", lowest, low), data.rfind(b"\r", lowest, low))
        if at < 0:
            low = lowest
        elif joined := _joined(data, at, folded):
            low, folded = at - returns(data, at), joined == _FOLDED
        else:
            low = at + 1
            break
    high, highest, folded = end, min(len(data), end + FORTH), False
    while high < highest:
        ends = [at for at in (data.find(b"\n", high, highest), data.find(b"\r", high, highest))
                if at >= 0]  # fmt: skip
        if not ends:
            high = highest
            continue
        stop = min(ends)
        at = stop + (data[stop : stop + 2] == b"\r\n")
        joined = _joined(data, at, folded)
        if not joined:
            high = stop
            break
        high, folded = min(at + 1, highest), joined == _FOLDED
    return low, high


_SOFT, _FOLDED = 1, 2


def _joined(data: bytes, feed: int, folded: bool) -> int:
    """Whether the line that ends at `feed` goes on in the next one, and how.

    folded: whether the line before, or the one behind, is known to be folded.
    """
    if data[feed] != 0x0A:
        return 0
    if is_soft(data, feed):
        return _SOFT
    if is_continued(data, feed) and (folded or has_attribute(data, feed)):
        return _FOLDED
    return 0


def returns(data: bytes, feed: int) -> int:
    return int(feed > 0 and data[feed - 1] == 0x0D)


def is_soft(data: bytes, feed: int) -> bool:
    """Whether the LF at `feed` ends a line softly: not base64, whose padding looks the same."""
    end = feed - returns(data, feed) - 1  # of what is before the equals sign
    if end < 1 or data[end] != 0x3D or data[end - 1] in b"=\r\n":
        return False
    low = max(0, end - _LINE)
    start = max(data.rfind(b"\n", low, end), data.rfind(b"\r", low, end)) + 1
    if not start and low:
        return False
    run = _BASE64_RUN.search(data, start or low, end)
    length = len(run[0]) if run else 0
    return length < 20 or length % 4 != 3


def is_continued(data: bytes, feed: int) -> bool:
    """Whether the line after the LF at `feed` begins with one blank."""
    return data[feed + 1 : feed + 2] in (b" ", b"\t") and not data[feed + 2 : feed + 3].isspace()


def has_attribute(data: bytes, feed: int) -> bool:
    """Whether the lines up to `feed` are the value of an attribute, the later ones folded."""
    low = max(0, feed - _BACK)
    end = feed
    for _ in range(_FOLDS):
        start = data.rfind(b"\n", low, end) + 1
        if not start and low:
            return False
        if not start or data[start : start + 1] not in (b" ", b"\t"):
            return bool(_ATTRIBUTE.match(data, start))
        end = start - 1
    return False
