"""Passwords that no source knows, of a shape that attackers try first: `--guessable`.

Seasons and years, keyboard walks, words with the usual substitutions, the
repository's own name: zxcvbn (Wheeler, USENIX Security 2016) estimates how
many guesses each takes. It knows the words of few languages, so that a word
with a few digits behind it, what rules of composition lead people to write
(`Bienvenue1`), counts whatever the estimate. A note, never a verdict.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from leakcheck.ci.checking import Checked
from leakcheck.errors import UsageError
from leakcheck.language import said
from leakcheck.patterns import late
from leakcheck.verdicts import Verdict

_FEW = 10**8  # guesses: an hour of a slow hash on one graphics card
_LONGEST = 72  # letters that zxcvbn takes
_WORD = re.compile(r"[^\W_]{3,40}")
_WORD_AND_DIGITS = late(r"([^\W\d_]{4,14})(?:[0-9]{1,4}[^\w\s]{0,2}|[^\w\s]{1,2})")
_NO_WORD = late(r"[bcdfghjklmnpqrstvwxz]{5}|^[^aeiouyà-öø-ÿ]+$", re.IGNORECASE)


def is_word_and_digits(password: str) -> bool:
    """Whether it is one word that can be spoken, and behind it up to four digits and two marks."""
    found = _WORD_AND_DIGITS.fullmatch(password)
    if found is None:
        return False
    word = found[1]
    return (word[1:].islower() or word.isupper()) and not _NO_WORD.search(word)


def plain_ones(found: Sequence[Checked]) -> int:
    """How many distinct passwords are clean, and a word with a few digits."""
    clean = {each.candidate.password for each in found if each.verdict is Verdict.CLEAN}
    return sum(map(is_word_and_digits, clean))


def mark_guessable(found: Sequence[Checked], root: Path) -> list[Checked]:
    """The same, with those marked that are clean and easy to guess.

    root: of the repository, whose name attackers know. Raises UsageError where
    zxcvbn is not installed.
    """
    try:
        from zxcvbn import zxcvbn
    except ImportError:
        raise UsageError(
            said("--guessable needs zxcvbn: pip install 'leakcheck-bloom[guessable]'.")
        ) from None
    known = [root.name, *_WORD.findall(root.name)]
    seen: dict[str, bool] = {}

    def is_guessable(password: str) -> bool:
        if password not in seen:
            seen[password] = is_word_and_digits(password) or (
                len(password) <= _LONGEST and zxcvbn(password, user_inputs=known)["guesses"] < _FEW
            )
        return seen[password]

    return [
        replace(each, guessable=True)
        if each.verdict is Verdict.CLEAN and is_guessable(each.candidate.password)
        else each
        for each in found
    ]
