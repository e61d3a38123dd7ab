"""Lists of hashes with what they belong to: Windows accounts, cracked hashes.

Windows: lines of pwdump and secretsdump (`DOMAIN\\user:rid:lm:nt:::`, with a
history and a status), cleartext and RC4 keys that secretsdump adds, and what
DSInternals prints. Only NT hashes are taken: an LM hash or an AES key is none.
"""

import io
import re
from collections.abc import Iterator

from leakcheck.language import said
from leakcheck.records.formats import Dialect
from leakcheck.records.lines import TOO_LONG, lines, whole_of
from leakcheck.records.rows import EMPTY, LONG_LINE, Row, Wanted
from leakcheck.subject.kinds import Kind

NT = ("login", "nt")
CLEAR = ("login", "password")
CRACKED = ("nt hash", "plain")
NO_ACCOUNT = said("no account")
_HASH = r"[0-9A-Fa-f]{32}"
_PWDUMP = re.compile(
    rf"(?P<login>[^:]*):\d*:(?:{_HASH}|NO PASSWORD\**|\**|):(?P<nt>{_HASH}|NO PASSWORD\**|\**|)"
    r"(?::.*)?",
    re.DOTALL,
)
_CLEAR = re.compile(r"(?P<login>[^:]*):CLEARTEXT:(?P<password>.*)", re.DOTALL)
_KEY = re.compile(
    r"(?P<login>[^:]*):(?P<kind>rc4_hmac(?:_nt)?|0x17|aes\d+[\w-]*|des[\w-]*|0x[0-9a-f]+|dec-cbc-crc)"
    r":(?P<key>[0-9A-Fa-f]{16,64})\s*"
)
_NAMED = re.compile(r"\s*(?P<name>[A-Za-z][\w ()-]{0,40}?)\s*:(?:\s+(?P<value>.*?))?\s*", re.DOTALL)
_HEADING = re.compile(r"[\w ()/.,-]{1,80}")
_NOISE = re.compile(r"\s*(?:\[[*+!-]\]|#|-{3,})")


def windows(stream: io.RawIOBase, dialect: Dialect, wanted: Wanted) -> Iterator[Row]:
    """The accounts of a Windows domain."""
    login = ""
    in_history = False
    for number, line in enumerate(lines(stream), 1):
        text = line.rstrip("\r\n")
        if line == TOO_LONG:
            yield Row(number, NT, (), LONG_LINE)
        elif not text.strip() or _NOISE.match(text):
            continue
        elif match := _PWDUMP.fullmatch(text):
            nt = match["nt"] if re.fullmatch(_HASH, match["nt"]) else None
            yield Row(number, NT, (match["login"], nt))
        elif match := _CLEAR.fullmatch(text):
            more = _CLEAR.fullmatch(whole_of(line))
            others = ((more["login"], more["password"]),) if more else ()
            yield Row(number, CLEAR, (match["login"], match["password"]), "", others)
        elif match := _KEY.fullmatch(text):
            ours = match["kind"].startswith(("rc4", "0x17")) and len(match["key"]) == 32
            if ours:
                yield Row(number, NT, (match["login"], match["key"]))
        elif match := _NAMED.fullmatch(text):
            name, value = match["name"].lower(), match["value"] or ""
            if name == "samaccountname":
                login = value
            in_history = name == "nthashhistory" or (in_history and name.startswith("hash "))
            if name in ("nthash", "nt hash"):
                yield Row(number, NT, (login, value))
            elif in_history and name.startswith("hash "):
                former = f"{login}_history{name[5:]}" if login else ""  # as secretsdump has it
                yield Row(number, NT, (former, value))
            elif name == "cleartext" and value:
                yield Row(number, CLEAR, (login, value))
        elif re.fullmatch(_HASH, text.strip()):
            yield Row(number, NT, ("", text.strip()))
        elif not _HEADING.fullmatch(text):
            yield Row(number, NT, (), NO_ACCOUNT)


def potfile(stream: io.RawIOBase, dialect: Dialect, wanted: Wanted) -> Iterator[Row]:
    """Cracked hashes, `hash:plain`; where a salt may stand between them, both readings."""
    ours = 32 if wanted.kind is Kind.NTLM else 0  # the plain gives the other kinds' keys
    for number, line in enumerate(lines(stream), 1):
        text = line.rstrip("\r\n")
        digest, mark, plain = text.partition(":")
        if line == TOO_LONG:
            yield Row(number, CRACKED, (), LONG_LINE)
        elif not text.strip():
            yield Row(number, CRACKED, (), EMPTY)
        elif not mark:
            yield Row(number, CRACKED, (), said("no separator"))
        else:
            whole = whole_of(line).partition(":")[2]
            after = (plain.partition(":")[2], plain.rpartition(":")[2], whole)
            others = tuple((None, one) for one in dict.fromkeys(after) if one)
            sound = digest.strip() if len(digest.strip()) == ours else None
            yield Row(number, CRACKED, (sound, plain), "", others)
