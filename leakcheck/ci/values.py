"""Which values are passwords: not references, placeholders, masks or hashes.

Rule 1: `changeme` is a password: only what cannot be one as it stands is
skipped. Rule 2: a reference with a default (`${DB_PASS:-changeme}`) stands
for its default. Rule 3: every pattern is linear in the length of the value.
"""

# ruff: noqa: SIM905 - a list of words is read, and reviewed, as words
import re
from typing import NamedTuple

from leakcheck.language import said
from leakcheck.patterns import late

LONGEST = 256


class Judged(NamedTuple):
    """The password that a value holds, and None; or why it is none."""

    password: str
    skip: str | None


_DEFAULTS = (
    late(r"\$\{\w{1,80}:?[-=]([^{}$]+)\}"),  # shell, compose
    late(r"\$\{[\w.\-]{1,80}:([^{}$?+-][^{}$]*)\}"),  # Spring
    late(r"\{\{[^{}]*?\|\s*default\(\s*['\"]([^'\"{}]+)['\"][^{}]*\}\}"),  # Jinja
    late(r"\{\{\s*[\w.$ ]{1,80}\|\s*default\s+['\"]([^'\"{}]+)['\"]\s*(?:\|\s*\w+\s*)*\}\}"),
    late(r"\{noop\}(.+)"),  # Spring Security: plain text, marked as such
)
_REFERENCE = late(
    r"\$\{|\$\(|\$\[|\{\{|\{%|<%|#\{|%\{|`[^`]+`|%\([\w ]*\)[sd]|\$ENV|\bos\.environ|\bprocess\.env"
    r"|\bgetenv\b"
)
_WHOLE_REFERENCE = late(
    r"\$\$?\{?\w+\}?|<[^<>]*>|%{1,2}\w+%{1,2}|%[sdvq@]|\{\w*\}|\[[\w -]+\]|@[\w.]+@|__\w+__|##.*"
    r"|\(\([^()]*\)\)|[%$@<{&]|[A-Za-z]:\\?|:[A-Za-z_]\w*|\?|&\w+;|%\w+%.*%\w+%"
    r"|\$\w+(?:\.\w+|->\w+|\[['\"]?\w+['\"]?\])+"
    r"|(?:vault|secret|secrets|op|ref\+\w+|file|env|ssm|arn|sops|azurekeyvault|gcpsm|awssm|keyring"
    r"|bws|pass|lastpass)\b[:/].{2,}"
    r"|(?:ENC|enc|SEC|DEC)(?:\[|\().*|\{(?:cipher|aes|enc)\}.*|\$ANSIBLE_VAULT.*"
    r"|![A-Za-z][\w.:\-]*(?:[ \t].*)?"
    r"|-----BEGIN .*|[a-z][a-z0-9+.\-]*://.*"
    r"|(?:~|\.{1,2})?/[\w.@+\-]+(?:/[\w.@+\-]+)+/?|[A-Za-z]:\\[\w. \-]+(?:\\[\w. \-]+)+",
    re.DOTALL,
)
_MASK = late(
    r"[\w.\-]{0,4}[:=]?[xX*•]{12,}[:=]?[\w.\-]{0,4}[xX*•]{0,200}|[!*]+|[*•xX.\-_?…#]+|redacted|\[?(?:filtered|masked|hidden|redacted)\]?|n/?a|tbd|todo"
    r"|(?:新|旧|你的|您的|输入|数据库|用户|登录|管理员)密码",
    re.I,
)
_NOTHING = frozenset(
    "true false null none nil undefined yes no on off ~ string str text varchar bytes int integer "
    "(null) (none) 0 1 boolean bool number required optional secret_ref optional[str]".split()
)
_HASH = late(
    r"\$(?:2[abxy]?|argon2\w*|1|3|5|6|7|y|gy|sha1|md5|apr1|P|H|S|scrypt|pbkdf2[\w-]*|bcrypt[\w-]*)\$.+"
    r"|(?:pbkdf2|argon2|bcrypt|scrypt|sha\d*|md5|unsalted_\w+|crypt)[\w-]*[$:].{8,}"
    r"|\{(?:S?SHA\d*|S?MD5|CRYPT|PBKDF2[\w-]*|ARGON2|BCRYPT|SCRYPT|pbkdf2|bcrypt|scrypt|argon2"
    r"|sha256)(?:@[\w.]+)?\}.+"
    r"|(?:bcrypt|sha\d*|md5|argon2)_hash\w*|SCRAM-SHA-\d+\$.+|md5[0-9a-fA-F]{32}|\*[0-9A-F]{40}|0x0[12]00[0-9A-Fa-f]{16,}"
    r"|(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})"
    r"|(?:[0-9A-F]{32}|[0-9A-F]{40}|[0-9A-F]{64}|[0-9A-F]{96}|[0-9A-F]{128})"
)


def judge(value: str) -> Judged:
    """The password in `value`, or the reason why there is none to check."""
    value = value.strip("\r\n")
    if not value.strip():
        return Judged("", said("it is empty"))
    if len(value) > 2 * LONGEST:
        return Judged("", said("it is too long to be a password"))
    for pattern in _DEFAULTS:
        default = pattern.fullmatch(value.strip())
        if default:
            value = default[1].strip()
            if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
                value = value[1:-1]
            if not value:
                return Judged("", said("it is empty"))
            break
    bare = value.strip()
    if len(bare) > 2 and bare[0] == bare[-1] and bare[0] in "'\"":
        bare = bare[1:-1]
    if _HASH.fullmatch(bare):
        return Judged("", said("it is hashed"))
    if _WHOLE_REFERENCE.fullmatch(bare) or _REFERENCE.search(bare):
        return Judged("", said("it is a reference or a placeholder"))
    if _MASK.fullmatch(bare):
        return Judged("", said("it is masked"))
    if bare.lower() in _NOTHING:
        return Judged("", said("it is not text of its own (true, null, a type, …)"))
    if len(value) > LONGEST:
        return Judged("", said("it is too long to be a password"))
    if "\n" in value:
        return Judged("", said("it has several lines"))
    if "\0" in value:
        return Judged("", said("it holds a zero byte, which no password does"))
    return Judged(value, None)
