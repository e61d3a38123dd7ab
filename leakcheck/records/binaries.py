"""Files that cannot be read as text, known by their first bytes, and what to do about them."""

import re

from leakcheck.language import said
from leakcheck.patterns import late

_KEEPASS = said("export it first: keepassxc-cli export --format csv FILE > passwords.csv")
_SIGNS: tuple[tuple[bytes, str, str], ...] = (
    (b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5", said("an encrypted KeePass database"), _KEEPASS),
    (b"\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5", said("an encrypted KeePass 1 database"), _KEEPASS),
    (
        b"-----BEGIN PGP MESSAGE",
        said("a PGP message"),
        said("decrypt it first: gpg -d FILE | leakcheck …"),
    ),
    (
        b"-----BEGIN AGE ENCRYPTED",
        said("an age file"),
        said("decrypt it first: age -d FILE | leakcheck …"),
    ),
    (
        b"age-encryption.org/v1",
        said("an age file"),
        said("decrypt it first: age -d FILE | leakcheck …"),
    ),
    (
        b"Salted__",
        said("a file encrypted with openssl"),
        said("decrypt it first: openssl enc -d …"),
    ),
    (b"PWS3", said("an encrypted Password Safe database"), said("export it as XML or CSV first")),
    (b"opdata01", said("an encrypted 1Password vault"), said("export it from 1Password first")),
    (
        b"SQLite format 3\x00",
        said("an SQLite database"),
        said("dump it first: sqlite3 FILE .dump > dump.sql"),
    ),
    (b"\x89PNG\r\n\x1a\n", said("a PNG image"), ""),
    (b"\xff\xd8\xff", said("a JPEG image"), ""),
    (b"GIF87a", said("a GIF image"), ""),
    (b"GIF89a", said("a GIF image"), ""),
    (b"%PDF-", said("a PDF document"), said("save it as text first: pdftotext FILE")),
    (b"\x7fELF", said("a program"), ""),
    (b"PAR1", said("a Parquet file"), said("save it as CSV first")),
    (b"Obj\x01", said("an Avro file"), said("save it as CSV first")),
    (b"{\\rtf", said("an RTF document"), said("save it as text first")),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        said("an old Microsoft Office document"),
        said("save it as CSV first"),
    ),
)
_MEDIA = late(rb"RIFF....(?:WEBP|WAVE|AVI )|....ftyp", re.DOTALL)
_PGP = late(rb"[\x84\x85\x8c\xc1\xc3][\x00-\xff]{1,3}[\x03\x04]")
_ENCRYPTED = late(rb'"encrypted"\s*:\s*true|"(?:encryptedData|passwordProtected)"\s*:')


def recognise(sample: bytes) -> tuple[str, str] | None:
    """What the file beginning with `sample` is where it is no text, and a remedy; else None."""
    start = sample.lstrip(b"\xef\xbb\xbf \t\r\n")[:4096]
    for sign, what, remedy in _SIGNS:
        if sample.startswith(sign) or (sign.isascii() and start.startswith(sign)):
            return what, remedy
    if _MEDIA.match(sample):
        return said("an image, a sound or a film"), ""
    if start.startswith(b"{") and _ENCRYPTED.search(start):
        return said("an encrypted export of passwords"), said(
            "export it without encryption, or as CSV"
        )
    if sample.count(0) * 50 > len(sample) or (_PGP.match(sample) and not _text(sample)):
        return said("a binary file"), ""
    return None


def _text(sample: bytes) -> bool:
    """Whether bytes are mostly printable, in some encoding."""
    odd = sum(1 for byte in sample[:4096] if byte < 9 or 13 < byte < 32 or byte == 127)
    return odd * 50 <= min(len(sample), 4096)
