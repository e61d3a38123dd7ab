"""Whether a password can be guessed from the account it belongs to.

It can where nothing is left of it but digits and signs once the words of the
account are taken out: the site's name, the login, the title. Case, accents and
the usual signs for letters (a for @, o for 0) make no difference, nor does
writing a word backwards. Attackers try these first (NIST SP 800-63B, 5.1.1.2:
"context-specific words, such as the name of the service, the username").
"""

import re
import unicodedata
from collections.abc import Iterable

_SHORTEST = 3  # letters of a word that counts
_MOST_LEFT = 8  # digits and signs that make a word no better: a date at most
_SIGNS = str.maketrans("0134578@$!|+", "oieastbasiit")
_COMMON = frozenset(("www", "com", "org", "net", "mail", "login", "account", "the", "and"))


def derived(password: bytes, *, site: str, login: str, title: str) -> str:
    """Which of `site`, `login` and `title` a password is made of, or empty."""
    text = _plain(password.decode("utf-8", "replace"))
    for name, words in (
        ("login", _words(login)),
        ("site", _words(site)),
        ("title", _words(title)),
    ):
        if _made_of(text, words):
            return name
    return "login" if _made_of(text, [*_words(login), *_words(site), *_words(title)]) else ""


def _made_of(text: str, words: Iterable[str]) -> bool:
    ways = {word for one in words for word in (one, one[::-1])}
    for seen in (text, text.translate(_SIGNS)):
        left, taken = text, False
        for word in sorted(ways, key=len, reverse=True):
            at = seen.find(word)
            while at >= 0:
                taken = True
                left = left[:at] + left[at + len(word) :]
                seen = seen[:at] + seen[at + len(word) :]
                at = seen.find(word)
        if taken and len(left) <= _MOST_LEFT and not any(mark.isalpha() for mark in left):
            return True
    return False


def _words(text: str) -> list[str]:
    """The words of a name, an address or a host, and all of it at once."""
    plain = _plain(text)
    host, _, _ = plain.rpartition(".")
    whole = re.sub(r"[\W_]", "", plain)
    before, at, _ = plain.partition("@")
    parts = [*re.findall(r"[^\W_]+", plain), *re.findall(r"[^\W\d_]+", plain), whole]
    parts += [re.sub(r"[\W_]", "", before)] if at else [re.sub(r"[\W_]", "", host)]
    return [one for one in dict.fromkeys(parts) if len(one) >= _SHORTEST and one not in _COMMON
            and not one.isdigit()]  # fmt: skip


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(mark for mark in decomposed if not unicodedata.combining(mark))
