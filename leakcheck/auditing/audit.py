"""What is wrong with each account, worst first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from leakcheck.auditing.accounts import VaultAccount
from leakcheck.auditing.guessing import derived
from leakcheck.errors import SubjectError
from leakcheck.sources import Source
from leakcheck.sources.asking import ask
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import question
from leakcheck.verdicts import Answer, SourceAnswer, Verdict


class Problem(StrEnum):
    """What can be wrong, the worst first."""

    BREACHED = "breached"
    REUSED = "reused"
    GUESSABLE = "guessable"
    UNKNOWN = "unknown"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Audited:
    """What is known of one account.

    Attributes:
        account: the account.
        answer: what the sources say of its passwords together.
        problems: the worst first; none where all is well.
        shared: the other accounts that have one of its passwords.
        made_of: what a guessable password is made of: login, site or title.
        reason: why it could not be asked about, or None.
    """

    account: VaultAccount
    answer: Answer
    problems: tuple[Problem, ...] = ()
    shared: tuple[VaultAccount, ...] = ()
    made_of: str = ""
    reason: str | None = None

    @property
    def verdict(self) -> Verdict:
        """Of the passwords: an account without one has nothing to be exposed."""
        if Problem.BREACHED in self.problems:
            return Verdict.EXPOSED
        return Verdict.UNKNOWN if Problem.UNKNOWN in self.problems else Verdict.CLEAN

    def redacted(self) -> "Audited":
        """The same with every account masked."""
        shared = tuple(one.redacted() for one in self.shared)
        return replace(self, account=self.account.redacted(), shared=shared)


def audit(accounts: Sequence[VaultAccount], sources: Sequence[Source]) -> list[Audited]:
    """Ask every source about every password; the findings, worst first.

    Each password is asked once. What cannot be asked is unknown.
    """
    users: dict[bytes, list[VaultAccount]] = {}
    for account in accounts:
        for password in account.passwords:
            users.setdefault(password, []).append(account)
    answers, reasons = _answers(list(users), sources)
    found = [_finding(account, users, answers, reasons) for account in accounts]
    return sorted(found, key=_worst_first)


def groups(findings: Sequence[Audited]) -> int:
    """How many passwords are used for more than one account."""
    seen: set[bytes] = set()
    twice: set[bytes] = set()
    for finding in findings:
        for password in set(finding.account.passwords):
            (twice if password in seen else seen).add(password)
    return len(twice)


def _answers(
    passwords: Sequence[bytes], sources: Sequence[Source]
) -> tuple[dict[bytes, list[SourceAnswer]], dict[bytes, str]]:
    """What each source says of each password; and why some cannot be asked."""
    reasons: dict[bytes, str] = {}
    for password in passwords:
        try:
            question(Kind.PASSWORD, password)
        except SubjectError as error:
            reasons[password] = str(error)
    asked = [one for one in passwords if one not in reasons]
    answers: dict[bytes, list[SourceAnswer]] = {one: [] for one in passwords}
    for source in sources:
        questions = [question(source.info.kind, one) for one in asked]
        for password, answer in zip(asked, ask(source, questions), strict=True):
            answers[password].append(answer)
    return answers, reasons


def _finding(
    account: VaultAccount,
    users: dict[bytes, list[VaultAccount]],
    answers: dict[bytes, list[SourceAnswer]],
    reasons: dict[bytes, str],
) -> Audited:
    problems: list[Problem] = []
    per_password = [Answer(None, Kind.PASSWORD, tuple(answers[one])) for one in account.passwords]
    verdicts = {one.verdict for one in per_password}
    reason = next((reasons[one] for one in account.passwords if one in reasons), None)
    shared = {
        id(other): other
        for one in account.passwords
        for other in users[one]
        if other is not account
    }
    made_of = next(
        filter(None, (derived(one, site=account.site, login=account.login, title=account.title)
                      for one in account.passwords)), "",
    )  # fmt: skip
    if Verdict.EXPOSED in verdicts:
        problems.append(Problem.BREACHED)
    if shared:
        problems.append(Problem.REUSED)
    if made_of:
        problems.append(Problem.GUESSABLE)
    if Verdict.UNKNOWN in verdicts:
        problems.append(Problem.UNKNOWN)
    if not account.passwords and not account.keyed:
        problems.append(Problem.EMPTY)
    merged = tuple(answer for one in per_password for answer in one.sources)
    return Audited(account, Answer(None, Kind.PASSWORD, merged), tuple(problems),
                   tuple(shared.values()), made_of, reason)  # fmt: skip


def _worst_first(finding: Audited) -> tuple[object, ...]:
    ranks = list(Problem)
    worst = min((ranks.index(one) for one in finding.problems), default=len(ranks))
    return (worst, -len(finding.problems), -len(finding.shared), finding.account.label.casefold())
