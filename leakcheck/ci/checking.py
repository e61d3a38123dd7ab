"""From candidates to findings: one batch of digests for each source, whatever the tree's size.

What a source says is blurred before it is reported: the false-alarm rate of
one page names the page, and how often a password was seen can name the
password. So findings carry the rate of the whole filter, and a count rounded
down to a power of ten.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from leakcheck.ci.candidate import Candidate
from leakcheck.sources import Source
from leakcheck.subject.digests import to_bytes
from leakcheck.verdicts import SourceAnswer, Verdict, combine


@dataclass(frozen=True, slots=True)
class Checked:
    """A candidate in a file, and what the sources say of it.

    default: whether none of them knows it, and it is a default password;
    stands: of a finding in the history, the file in which it still stands, ''
    where it is gone; guessable: whether it is clean, and of a shape that is
    tried first.
    """

    path: str
    candidate: Candidate = field(repr=False)
    answers: tuple[SourceAnswer, ...]
    default: bool = False
    stands: str | None = None
    guessable: bool = False

    @property
    def verdict(self) -> Verdict:
        """Exposed if any source says so, else unknown if any is, else clean."""
        return combine(answer.verdict for answer in self.answers)


def ask(passwords: Sequence[bytes], sources: Sequence[Source]) -> list[tuple[SourceAnswer, ...]]:
    """What each source says of each password; every distinct one is asked once."""
    if not passwords:
        return []
    from leakcheck.sources.asking import ask as ask_source
    from leakcheck.subject.question import question

    places = {password: index for index, password in enumerate(dict.fromkeys(passwords))}
    questions = {
        kind: [question(kind, password) for password in places]
        for kind in {each.info.kind for each in sources}
    }
    answered = [ask_source(source, questions[source.info.kind]) for source in sources]
    return [
        tuple(_blurred(answers[places[password]]) for answers in answered) for password in passwords
    ]


def _blurred(answer: SourceAnswer) -> SourceAnswer:
    """An answer from which the password's page or rank cannot be read off."""
    if answer.verdict is not Verdict.EXPOSED:
        return answer
    seen = 10 ** (len(str(answer.seen)) - 1) if answer.seen else None
    return replace(answer, false_alarm=answer.source.fpr, seen=seen)


def check(
    found: Sequence[tuple[str, Candidate]],
    sources: Sequence[Source],
    defaults: Source | None = None,
) -> list[Checked]:
    """What the sources say of candidates, each with its path, in the same order.

    defaults: what knows default passwords; None where they are not looked for.
    """
    passwords = [to_bytes(candidate.password) for _, candidate in found]
    checked = [
        Checked(path, candidate, answers)
        for (path, candidate), answers in zip(found, ask(passwords, sources), strict=True)
    ]
    if defaults is None:
        return checked
    said = ask_defaults(passwords, defaults, [candidate.is_login for _, candidate in found])
    return [
        replace(each, answers=(*each.answers, hit), default=True)
        if hit is not None and each.verdict is not Verdict.EXPOSED
        else each
        for each, hit in zip(checked, said, strict=True)
    ]


def ask_defaults(
    passwords: Sequence[bytes], defaults: Source, logins: Sequence[bool]
) -> list[SourceAnswer | None]:
    """For each password that is a default one, what to say of it; None of the others, which the
    list knows nothing about.

    logins: which are their own login. It is said of them as of those in the
    list: which of the two it is would tell the password.
    """
    found: list[SourceAnswer | None] = []
    for (answer,), is_login in zip(ask(passwords, [defaults]), logins, strict=True):
        if is_login:
            info = defaults.info
            found.append(SourceAnswer(info, Verdict.EXPOSED, false_alarm=info.fpr))
        else:
            found.append(answer if answer.verdict is Verdict.EXPOSED else None)
    return found
