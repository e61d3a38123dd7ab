"""Passwords in URLs and connection strings, in any text.

URLs as RFC 3986 has them (`scheme://user:password@host`); the Go MySQL form
`user:password@tcp(host)`; Oracle thin JDBC `user/password@host`; and strings
of `name=value` pairs as ODBC, ADO, JDBC and libpq have them, known by a
neighbour that names a host, a user or a database.
"""

import re
from urllib.parse import unquote_to_bytes

from leakcheck.ci.candidate import COMMENT
from leakcheck.ci.readers.families import Family
from leakcheck.ci.text import Text, shown

_URL = re.compile(
    rb"://(?P<user>[^\s/?#\"'<>@:\\`|,;]{0,128}):"
    rb"(?P<password>(?:\$\{[^{}\s]{1,200}\}|\{\{[^{}]{1,200}\}\}|[^\s/?#\"'<>@\\`]){1,200})@"
    rb"(?P<host>[\w.\-]{1,255}|\[|\$|\{|%|<)"
)
_MARK = re.compile(rb"://")
_SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+.\-]{0,30}\Z")
_GO_HOST = re.compile(rb"@(?:tcp|unix)\(")
_GO = re.compile(rb"(?:^|[^\w.\-])([\w.\-]{1,64}):([^\s@\"'`/:]{1,128})\Z")
_ORACLE = re.compile(rb"jdbc:oracle:\w{1,10}:([\w$#]{1,64})/([^\s@\"'`/]{1,128})@")
_PAIR_KEYS = (
    re.compile(rb"passw(?:or)?d1?[ \t]{0,4}=[ \t]{0,4}"),
    re.compile(rb"pwd[ \t]{0,4}=[ \t]{0,4}"),
)
_PAIR_VALUE = re.compile(rb"\{[^{}\s]{1,128}\}|'[^'\n]{1,128}'|[^\s;&'\"`<>\\]{1,128}")
_NEIGHBOURS = frozenset(
    b"server,host,hostaddr,hostname,data source,datasource,user id,user,username,uid,dbname,"
    b"database,databasename,initial catalog,driver,port,accountname,addr,address,endpoint".split(
        b","
    )
)
_APART = re.compile(rb"[;&?]|\s+")
_APART_BUT_SPACES = re.compile(rb"[;&?\"'`]")
_EXAMPLE_HOST = re.compile(
    rb"(?:.*\.)?(?:example(?:\.(?:com|org|net|edu))?|invalid|domain\.(?:com|tld)|host\.(?:com|tld))",
    re.IGNORECASE,
)
_ILLUSTRATION = re.compile(
    rb"://(?:user|username|usr|name|login|u|foo|bar):(?:pass|password|passwd|pwd|pw|p|foo|bar)",
    re.IGNORECASE,
)
ILLUSTRATION = "the URL is an illustration (user:password, in source code or text)"
_IN_NAME = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_.-")
EXAMPLE = "the URL is an example (its host is reserved for examples)"


def present(low: bytes) -> bool:
    """Whether lower-cased text can hold any of these beyond what a name to look at announces."""
    mark = _MARK.search(low)
    return (
        (mark is not None and _URL.search(low, mark.start()) is not None)
        or _GO_HOST.search(low) is not None
        or b"oracle:thin" in low
    )


def read(text: Text, family: Family) -> None:
    """Add the passwords of URLs and connection strings."""
    data, low = text.data, text.low
    for match in _URL.finditer(data) if b"://" in low else ():
        scheme = _SCHEME.search(data, max(0, match.start() - 32), match.start())
        name = shown(scheme[0]).lower() if scheme else ""
        skip = _commented(text, family, match.start())
        if skip is None and _EXAMPLE_HOST.fullmatch(match["host"]):
            skip = EXAMPLE
        if (
            skip is None
            and family.name in ("code", "plain")
            and _ILLUSTRATION.fullmatch(match[0].rpartition(b"@")[0])
        ):
            skip = ILLUSTRATION
        value = shown(unquote_to_bytes(match["password"]))
        text.add(match.start("password"), f"{name}:// password", value, "url", skip=skip)
    if b"@tcp(" in low or b"@unix(" in low:
        for host in _GO_HOST.finditer(data):
            found = _GO.search(data, max(0, host.start() - 100), host.start())
            if found is not None:
                skip = _commented(text, family, found.start())
                text.add(found.start(2), "DSN password", shown(found[2]), "url", skip=skip)
    if b"jdbc:oracle" in low:
        for match in _ORACLE.finditer(data):
            skip = _commented(text, family, match.start())
            text.add(match.start(2), "jdbc:oracle password", shown(match[2]), "url", skip=skip)
    _pairs(text, family)


def _pairs(text: Text, family: Family) -> None:
    for at, end in _pair_keys(text.low):
        before = text.before(at)
        value = _PAIR_VALUE.match(text.data, end)
        if value is None or (not family.unquoted and not _in_quotes(before[-500:])):
            continue
        around = text.low[at - min(len(before), 300) : at]
        after = text.low[value.end() : min(text.line_end(value.end()), value.end() + 200)]
        if not (_has_neighbour(around) or _has_neighbour(after)):
            continue
        start, raw = value.start(), value[0]
        if raw[:1] == b"'" or (raw[:1] == b"{" and raw[-1:] == b"}"):
            start, raw = start + 1, raw[1:-1]
        skip = COMMENT if not text.comments and family.in_comment(before) else None
        key = shown(text.data[at:end].rstrip(b" \t="))
        text.add(start, key, shown(raw), "connection string", skip=skip)


def _pair_keys(low: bytes) -> list[tuple[int, int]]:
    """Where keys of pairs begin and their values do, in order."""
    if b"=" not in low:
        return []
    found = [match.span() for pattern in _PAIR_KEYS for match in pattern.finditer(low)]
    return sorted((at, end) for at, end in found if at == 0 or low[at - 1] not in _IN_NAME)


def _has_neighbour(around: bytes) -> bool:
    """Whether a pair stands there that names a host, a user or a database."""
    return any(
        piece.partition(b"=")[0].strip(b" \t\"'`({,") in _NEIGHBOURS
        for apart in (_APART, _APART_BUT_SPACES)
        for piece in apart.split(around)
        if b"=" in piece
    )


def _in_quotes(before: bytes) -> bool:
    """Whether an odd number of quotes of one sort stands before a place on its line."""
    return any(before.count(quote) % 2 for quote in (b'"', b"'", b"`"))


def _commented(text: Text, family: Family, at: int) -> str | None:
    return COMMENT if not text.comments and family.in_comment(text.before(at)) else None
