"""What a literal beside a password's name says when it is no password.

Names of fields, keys and labels, messages, and words of help: where someone
wrote about a password, and gave none. Only what a reader of the line would be
sure of is left out.
"""

# ruff: noqa: SIM905 - a list of words is read, and reviewed, as words
import re

from leakcheck.ci.names import means_password, words_of
from leakcheck.language import said
from leakcheck.patterns import late

FIELD = said("it is the name of a field, not a value")
KEY = said("it is the name of a key, not a value")
SENTENCE = said("it is a sentence, not a value")
STATE = said("it says what is wrong with a password")
METAVAR = said("it stands for a value, as in a help text")

_STATES = frozenset(
    "invalid required missing blank empty incorrect mismatch mismatched expired forgotten "
    "unchanged unauthorized is_required".split()
) | {"too short", "too long", "too weak", "not strong enough"}
_RULES = late(
    r"(?:required|nullable|sometimes|string|present|confirmed|filled|(?:min|max|same|size):\w+)"
    r"(?:\|[\w:,]+)+"
)
_PASSWORD_WORD = late(
    r"\b(?:pass(?:word|code|phrase|wd|wort)s?|kennwort|mot de passe|contrase[nñ]a|senha|wachtwoord"
    r"|secret|pwd)\b",
    re.IGNORECASE,
)
_LABELS = frozenset(
    "password passwort kennwort senha contraseña wachtwoord passphrase passcode secret".split()
) | {"mot de passe"}
_GIVEN = frozenset(
    "pass password passwd pwd passphrase phrase secret user username login name key token".split()
)
_PATH = late(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)+")
_DESCRIBED = late(
    r"(?:the|your|my|a|an|some|enter|insert|put|add|set)[-_ ](?:[a-z]+[-_ ]){0,4}"
    r"(?:password|passwd|passphrase|pass|secret)[-_ ](?:[a-z]+[-_ ]){0,3}"
    r"(?:to|for|of|here|goes|in)(?:[-_ ][a-z]+){0,4}"
)
_PLAIN_WORD = late(r"[^\W\d_]+(?:['’-][^\W\d_]+)*[,.;:!?…]*")
_METAVAR = late(r"[A-Z][A-Z0-9_]*")
_DIRECTIVE = late(r"%[-+0#]{0,3}\d{0,4}[a-zA-Z@](?![a-zA-Z0-9])|\{\w{0,40}\}|:\w+")
_ENDS = (".", "!", "?", ":", "…")


def reads_as_text(name: str, value: str) -> str | None:
    """Why a value of a password's name is text about it, and no password; None where it may be."""
    bare = value.strip()
    if _DESCRIBED.fullmatch(bare.lower()):
        return METAVAR
    if " " in bare and _is_sentence(bare):
        return SENTENCE
    if _PATH.fullmatch(bare):
        parts = bare.split(".")
        spelled = len(parts) > 2 and all(len(part) > 2 and part.isalpha() for part in parts)
        if means_password(parts[-1]) or spelled:
            return KEY
    return None


def _is_sentence(value: str) -> bool:
    """Whether words are about a password, or end as a sentence does."""
    words = value.split()
    plain = sum(_PLAIN_WORD.fullmatch(word) is not None for word in words)
    if len(words) < 2 or plain * 2 < len(words):
        return False
    if value.endswith(_ENDS) and len(words) > 2:
        return True
    return _PASSWORD_WORD.search(value) is not None and (len(words) > 2 or value[0].isupper())


def is_state(value: str) -> bool:
    """Whether a value of a map of errors is one: `password: 'invalid'`."""
    bare = value.strip().lower()
    return bare in _STATES or _RULES.fullmatch(bare) is not None


def is_label(value: str) -> bool:
    """Whether a capitalised value is the word that a person reads: `password: "Password"`."""
    bare = value.strip(" :*")
    return bare[:1].isupper() and not bare.isupper() and bare.lower() in _LABELS


def same_words(name: str, value: str) -> bool:
    """Whether a value spells the name that it stands under."""
    return _letters(value) == _letters(name) or (
        value.isidentifier() and words_of(value) == words_of(name.rpartition(".")[2])
    )


def _letters(text: str) -> str:
    return text.replace("_", "").replace("-", "").lower()


def is_metavar(value: str) -> bool:
    """Whether a value in capitals stands for one: `--password PASSWORD`."""
    return _METAVAR.fullmatch(value) is not None and means_password(value)


def is_option(value: str) -> bool:
    """Whether what follows a flag is no value of it: the next flag, or what stands for a value."""
    return is_metavar(value) or value.startswith("--") or value[:1] + value[2:] == "-"


def is_usage(value: str) -> bool:
    """Whether a value of a flag in documentation says what to give: `--password pass`."""
    return value.lower() in _GIVEN or _METAVAR.fullmatch(value) is not None


def is_directive(value: str) -> bool:
    """Whether a value is filled in when the text is made."""
    return _DIRECTIVE.match(value) is not None
