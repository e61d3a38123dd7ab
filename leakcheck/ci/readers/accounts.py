"""Files of accounts: htpasswd, netrc (also the GNU form) and pgpass."""

import re

from leakcheck.ci.text import Text, shown
from leakcheck.language import said

_NETRC = re.compile(rb"(?<!\S)(?:password|passwd)\s{1,8}(\"(?:[^\"\\\n]++|\\.)*+\"|\S{1,256})")
_LOGIN = re.compile(rb"(?<!\S)login\s{1,8}(\S{1,128})\s{1,80}\Z")
_DES = re.compile(r"[./0-9A-Za-z]{13}")


def read(text: Text) -> None:
    """Add the candidates of an accounts file, told by its name."""
    name = text.path.rsplit("/", 1)[-1].lower()
    if "netrc" in name:
        for match in _NETRC.finditer(text.data):
            value = shown(match[1]).strip('"')
            before = text.data[max(0, match.start() - 300) : match.start()]
            login = _LOGIN.search(before)
            text.add(
                match.start(1), "password", value, "netrc",
                login=shown(login[1]) if login is not None else "",
            )  # fmt: skip
    elif "pgpass" in name:
        _colons(text, 4, "pgpass")
    else:
        _colons(text, 1, "htpasswd")


def _colons(text: Text, before: int, reader: str) -> None:
    """Lines of fields between colons; the password follows `before` of them."""
    at = 0
    for line in text.data.split(b"\n"):
        fields = re.split(rb"(?<!\\):", line.rstrip(b"\r"), maxsplit=before)
        if len(fields) == before + 1 and not line.lstrip().startswith(b"#"):
            value = shown(fields[-1])
            if reader == "pgpass":
                value = value.replace("\\:", ":").replace("\\\\", "\\")
            elif _DES.fullmatch(value):
                text.add(at, "password", value, reader, skip=said("it is hashed"))
                value = ""
            start = at + len(line.rstrip(b"\r")) - len(fields[-1])
            if value:
                login = shown(fields[-2])
                text.add(start, "password", value, reader, login=login)
        at += len(line) + 1
