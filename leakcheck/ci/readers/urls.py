"""Passwords in URLs and connection strings, in any text.

URLs as RFC 3986 has them (`scheme://user:password@host`); the Go MySQL form
`user:password@tcp(host)`; Oracle thin JDBC `user/password@host`; and strings
of `name=value` pairs as ODBC, ADO, JDBC and libpq have them, known by a
neighbour that names a host, a user or a database.
"""

import re
from urllib.parse import unquote_to_bytes

from leakcheck.ci.marks import bits
from leakcheck.ci.meaning import METAVAR, is_directive, is_metavar
from leakcheck.ci.readers.families import Family
from leakcheck.ci.text import Text, shown
from leakcheck.language import said

_URL = re.compile(
    rb"://(?P<user>[^\s/?#\"'<>@:\\`|,;]{0,128}):"
    rb"(?P<password>(?!\d{1,5}[?#])(?:\$\{[^{}\s]{1,200}\}|\{\{[^{}]{1,200}\}\}"
    rb"|[^\s/\"'<>@\\`]|@(?=[^\s/\"'<>@\\`,;:]{1,80}@)){1,200})@"
    rb"(?P<host>[\w.\-]{1,255}|\[|\$|\{|%|<)"
)
_SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+.\-]{0,30}\Z")
_GO_HOST = re.compile(rb"@(?:tcp|unix)\(")
_GO = re.compile(rb"(?:^|[^\w.\-])([\w.\-]{1,64}):([^\s@\"'`/:]{1,128})\Z")
_ORACLE = re.compile(rb"jdbc:oracle:\w{1,10}:([\w$#]{1,64})/([^\s@\"'`/]{1,128})@")
_PAIR_KEYS = (
    re.compile(rb"passw(?:or)?d1?[ \t]{0,4}=[ \t]{0,4}"),
    re.compile(rb"pwd[ \t]{0,4}=[ \t]{0,4}"),
)
_PAIR_VALUE = re.compile(rb"\{[^{}\s]{1,128}\}|'[^'\n]{1,128}'|[^\s;&'\"`<>\\]{1,128}")
_URLS, _GO_HOSTS, _ORACLES = bits(b"://"), bits(b"@tcp(", b"@unix("), bits(b"jdbc:oracle")
_OTHERS = _GO_HOSTS | _ORACLES
_FIELD = re.compile(rb"\{[A-Za-z_][\w.]*(?:![rs])?(?::\w*)?\}")
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
ILLUSTRATION = said("the URL is an illustration (user:password, in source code or text)")
_IN_NAME = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_.-")
EXAMPLE = said("the URL is an example (its host is reserved for examples)")


def present(text: Text, family: Family) -> bool:
    """Whether the text can hold any of these beyond what a name to look at announces."""
    if text.marks & _OTHERS:
        return True
    return bool(text.marks & _URLS) and _URL.search(text.data) is not None


def read(text: Text, family: Family) -> None:
    """Add the passwords of URLs and connection strings."""
    data, marks = text.data, text.marks
    for match in _URL.finditer(data) if marks & _URLS else ():
        scheme = _SCHEME.search(data, max(0, match.start() - 32), match.start())
        name = shown(scheme[0]).lower() if scheme else ""
        skip = EXAMPLE if _EXAMPLE_HOST.fullmatch(match["host"]) else None
        illustrates = text.in_prose or family.name in ("code", "plain", "prose")
        if illustrates and _ILLUSTRATION.fullmatch(match[0].rpartition(b"@")[0]):
            skip = ILLUSTRATION
        if is_metavar(shown(match["password"])):
            skip = METAVAR
        _add(
            text,
            family,
            match.start("password"),
            f"{name}:// password",
            unquote_to_bytes(match["password"]),
            skip,
            _login(match),
        )
    if marks & _GO_HOSTS:
        for host in _GO_HOST.finditer(data):
            found = _GO.search(data, max(0, host.start() - 100), host.start())
            if found is not None:
                illustrates = found[1].lower() in (b"user", b"username")
                illustrates = illustrates and (text.in_prose or family.name in ("code", "prose"))
                skip = ILLUSTRATION if illustrates else None
                login = shown(found[1])
                _add(text, family, found.start(2), said("DSN password"), found[2], skip, login)
    if marks & _ORACLES:
        for match in _ORACLE.finditer(data):
            login = shown(match[1])
            _add(text, family, match.start(2), said("jdbc:oracle password"), match[2], None, login)
    _pairs(text, family)


def _login(match: re.Match[bytes]) -> str:
    """The user in a URL; where there is none, or it is another, the host: `redis://:redis@redis`."""
    user = shown(unquote_to_bytes(match["user"]))
    password = shown(unquote_to_bytes(match["password"]))
    return user if user.lower() == password.lower() else shown(match["host"]).partition(".")[0]


def _add(
    text: Text, family: Family, at: int, key: str, value: bytes, skip: str | None, login: str
) -> None:
    comment = text.in_comment(at, family)
    text.add(at, key, shown(value), "url", skip=skip, comment=comment, login=login)


def _pairs(text: Text, family: Family) -> None:
    for at, end in _pair_keys(text) if text.hits else ():
        before = text.before(at)
        value = _PAIR_VALUE.match(text.data, end)
        if value is None or not (
            family.unquoted or _in_quotes(before[-500:]) or text.in_comment(at, family)
        ):
            continue
        around = text.low[at - min(len(before), 300) : at]
        after = text.low[value.end() : min(text.line_end(value.end()), value.end() + 200)]
        if not (_has_neighbour(around) or _has_neighbour(after)):
            continue
        start, raw = value.start(), value[0]
        if raw[:1] == b"'" or (raw[:1] == b"{" and raw[-1:] == b"}"):
            if raw[:1] == b"{" and _FIELD.fullmatch(raw) and family.lexed:
                continue  # `$"password={password}"` is filled in when it runs
            start, raw = start + 1, raw[1:-1]
        elif raw.endswith(b")") and b"(" not in raw:
            raw = raw.rstrip(b")")
        if not raw or raw.endswith(b"(") or is_directive(shown(raw)):
            continue
        key = shown(text.data[at:end].rstrip(b" \t="))
        comment = text.in_comment(at, family)
        text.add(start, key, shown(raw), "connection string", comment=comment)


def _pair_keys(text: Text) -> list[tuple[int, int]]:
    """Where keys of pairs begin and their values do, in order; each stands at a hit."""
    low = text.low
    if b"=" not in low:
        return []
    found = (key.match(low, at) for at in text.hits for key in _PAIR_KEYS)
    return [
        match.span()
        for match in found
        if match is not None and (match.start() == 0 or low[match.start() - 1] not in _IN_NAME)
    ]


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
