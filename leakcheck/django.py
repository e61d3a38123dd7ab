"""A password validator for Django: reject passwords that are known to be breached.

In settings.py:

    AUTH_PASSWORD_VALIDATORS = [
        {"NAME": "leakcheck.django.BreachedPasswordValidator"},
    ]

OPTIONS may hold `sources` (paths of filters, URLs or "hibp"; default: the
installed filters and the embedded one), `min_count`, `allow_unknown`, and
`hibp_url`. Django is imported when a password is rejected, not before:
leakcheck does not depend on it.
"""

from collections.abc import Sequence
from threading import Lock
from typing import Any

from leakcheck.language import known_language, local, said
from leakcheck.sources import Access, Source
from leakcheck.sources.asking import ask
from leakcheck.sources.names import open_for_passwords
from leakcheck.subject.question import question
from leakcheck.verdicts import Verdict, combine

_HELP = said("Your password can't be one that is known from a data breach.")
_MESSAGES = {
    "password_breached": said(
        "This password is known from a data breach: attackers try it first. Choose another."
    ),
    "password_unknown": said("This password could not be checked. Try again later."),
}


class BreachedPasswordValidator:
    """Rejects a password that a source knows, and one that could not be checked.

    sources: what to ask.
    min_count: ignore passwords seen less often, if a source counts.
    allow_unknown: accept a password that could not be checked, so that a range
        service that is down does not stop sign-ups.
    """

    def __init__(
        self,
        sources: Sequence[str] = (),
        *,
        min_count: int = 1,
        allow_unknown: bool = False,
        hibp_url: str | None = None,
    ) -> None:
        self._names, self._allow_unknown = tuple(sources), allow_unknown
        self._access = Access(min_count=min_count, hibp_url=hibp_url)
        self._opened: list[Source] | None = None
        self._lock = Lock()

    def validate(self, password: str, user: Any = None) -> None:
        """Raise Django's ValidationError, code `password_breached` or `password_unknown`."""
        if not password:
            return
        verdict = combine(
            answer.verdict
            for source in self._sources()
            for answer in ask(source, [question(source.info.kind, password)])
        )
        if verdict is Verdict.EXPOSED:
            self._reject("password_breached")
        if verdict is Verdict.UNKNOWN and not self._allow_unknown:
            self._reject("password_unknown")

    def get_help_text(self) -> str:
        """What a form shows beside the field."""
        return _in_their_language(_HELP)

    def _reject(self, code: str) -> None:
        from django.core.exceptions import ValidationError

        raise ValidationError(_in_their_language(_MESSAGES[code]), code=code)

    def _sources(self) -> list[Source]:
        with self._lock:
            if self._opened is None:
                self._opened = open_for_passwords(self._names, self._access)
            return self._opened


def _in_their_language(message: str) -> str:
    """A message in the language of the request: the project's own translation, or ours."""
    from django.utils.translation import get_language, gettext

    theirs = str(gettext("".join(message)))
    if theirs != message:
        return theirs
    return local(message, known_language(get_language() or "en") or "en")
