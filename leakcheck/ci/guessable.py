"""Passwords that no source knows, of a shape that attackers try first: `--guessable`.

Seasons and years, keyboard walks, words with the usual substitutions, the
repository's own name: zxcvbn (Wheeler, USENIX Security 2016) estimates how
many guesses each takes. A note, never a verdict: an estimate rejects nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from leakcheck.ci.checking import Checked
from leakcheck.errors import UsageError
from leakcheck.language import said
from leakcheck.verdicts import Verdict

_FEW = 10**8  # guesses: an hour of a slow hash on one graphics card
_LONGEST = 72  # letters that zxcvbn takes
_WORD = re.compile(r"[^\W_]{3,40}")


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
            estimate = zxcvbn(password[:_LONGEST], user_inputs=known)
            seen[password] = len(password) <= _LONGEST and estimate["guesses"] < _FEW
        return seen[password]

    return [
        replace(each, guessable=True)
        if each.verdict is Verdict.CLEAN and is_guessable(each.candidate.password)
        else each
        for each in found
    ]
