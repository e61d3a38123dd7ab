"""What cannot be read as text, by its first bytes, and what its owner can do about it."""

import re

_KEEPASS = "export it first: keepassxc-cli export --format csv FILE > passwords.csv"
_SIGNS: tuple[tuple[bytes, str, str], ...] = (
    (b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5", "an encrypted KeePass database", _KEEPASS),
    (b"\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5", "an encrypted KeePass 1 database", _KEEPASS),
    (b"-----BEGIN PGP MESSAGE", "a PGP message", "decrypt it first: gpg -d FILE | leakcheck …"),
    (b"-----BEGIN AGE ENCRYPTED", "an age file", "decrypt it first: age -d FILE | leakcheck …"),
    (b"age-encryption.org/v1", "an age file", "decrypt it first: age -d FILE | leakcheck …"),
    (b"Salted__", "a file encrypted with openssl", "decrypt it first: openssl enc -d …"),
    (b"PWS3", "an encrypted Password Safe database", "export it as XML or CSV first"),
    (b"opdata01", "an encrypted 1Password vault", "export it from 1Password first"),
    (b"SQLite format 3\x00", "an SQLite database", "dump it first: sqlite3 FILE .dump > dump.sql"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image", ""),
    (b"\xff\xd8\xff", "a JPEG image", ""),
    (b"GIF87a", "a GIF image", ""),
    (b"GIF89a", "a GIF image", ""),
    (b"%PDF-", "a PDF document", "save it as text first: pdftotext FILE"),
    (b"\x7fELF", "a program", ""),
    (b"PAR1", "a Parquet file", "save it as CSV first"),
    (b"Obj\x01", "an Avro file", "save it as CSV first"),
    (b"{\\rtf", "an RTF document", "save it as text first"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Microsoft Office document",
        "save it as CSV first",
    ),
)
_MEDIA = re.compile(rb"RIFF....(?:WEBP|WAVE|AVI )|....ftyp", re.DOTALL)
_PGP = re.compile(rb"[\x84\x85\x8c\xc1\xc3][\x00-\xff]{1,3}[\x03\x04]")
_ENCRYPTED = re.compile(rb'"encrypted"\s*:\s*true|"(?:encryptedData|passwordProtected)"\s*:')


def recognise(sample: bytes) -> tuple[str, str] | None:
    """What the file beginning with `sample` is where it is no text, and a remedy; else None."""
    start = sample.lstrip(b"\xef\xbb\xbf \t\r\n")[:4096]
    for sign, what, remedy in _SIGNS:
        if sample.startswith(sign) or (sign.isascii() and start.startswith(sign)):
            return what, remedy
    if _MEDIA.match(sample):
        return "an image, a sound or a film", ""
    if start.startswith(b"{") and _ENCRYPTED.search(start):
        return "an encrypted export of passwords", "export it without encryption, or as CSV"
    if sample.count(0) * 50 > len(sample) or (_PGP.match(sample) and not _text(sample)):
        return "a binary file", ""
    return None


def _text(sample: bytes) -> bool:
    """Whether bytes are mostly printable, in some encoding."""
    odd = sum(1 for byte in sample[:4096] if byte < 9 or 13 < byte < 32 or byte == 127)
    return odd * 50 <= min(len(sample), 4096)
