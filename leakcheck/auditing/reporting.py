"""An audit as reports: accounts worst first, what to do with each, and with the exports."""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from leakcheck import terminal
from leakcheck.auditing.accounts import Accounts, read
from leakcheck.auditing.audit import Audited, Problem, audit, groups
from leakcheck.progress import Progress
from leakcheck.reports import Column, Finding, Meta, ReportRow, Rule, Summary
from leakcheck.reports.output import Reports, Target, stdout
from leakcheck.reports.table import SummaryWriter
from leakcheck.sources import Access, Source
from leakcheck.sources.names import close_all, open_for_passwords
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Verdict, exit_status
from leakcheck.wording import advice, counted, number, odds, sent

_NAMED = 3  # accounts that share a password and are named in a row
RULES = (
    Rule(
        "leakcheck/exposed",
        "BreachedPassword",
        "The password of this account is in a breach: change it.",
    ),
    Rule(
        "leakcheck/unknown",
        "NoAnswer",
        "Nothing vouches for an answer: repair the source named, and check again.",
    ),
    Rule(
        "leakcheck/weak",
        "WeakPassword",
        "The password is used for several accounts, or can be guessed from its account.",
    ),
)
COLUMNS = (
    Column("account", "Account", keep=True),
    Column("login", "Login"),
    Column("verdict", "Verdict", style="verdict", keep=True),
    Column("problem", "Problem", keep=True, wrap=True),
    Column("advice", "What to do", keep=True, wrap=True),
    Column("found_in", "Where", wrap=True),
)
# On a terminal "clean" beside a password that is used twice would reassure.
SHOWN = tuple(
    replace(one, text=lambda verdict: "" if verdict == Verdict.CLEAN.value else str(verdict))
    if one.name == "verdict"
    else one
    for one in COLUMNS
)


def report(
    paths: Sequence[Path | None],
    sources: Sequence[str],
    access: Access,
    targets: Sequence[Target],
    *,
    force: bool,
    every: bool,
    redact: bool = False,
) -> int:
    """Audit the exports at `paths`, and write every report; return the exit status.

    every: whether accounts without a problem are listed too; redact: whether sites, titles and
    logins are masked. Raises InputError
    where an export cannot be read, FilterError where a source cannot be opened.
    """
    found = read(paths)
    named = [path for path in paths if path is not None]
    with Reports(targets, force=force, read=named) as reports:
        opened = open_for_passwords(sources, access)
        try:
            label = f"checking {counted(len(found.all), 'account')}"
            with Progress(label, len(found.all), "accounts"):
                audited = audit(found.all, opened)
            facts = {"exports": found.exports, "sources": [one.info.name for one in opened],
                     "redacted": redact}  # fmt: skip
            reports.begin(Meta("My passwords", COLUMNS, "leakcheck vault", facts, RULES, SHOWN))
            for one in audited:
                if one.problems or every:
                    reports.row(_row(one.redacted() if redact else one))
            summary = _summary(found, audited, opened, named)
            reports.finish(summary)
        finally:
            close_all(opened)
    for name, reason in found.unread:
        terminal.warn(f"{name} was not read: {reason.rstrip('.')}.")
    if all(target.path is not None for target in targets):
        SummaryWriter(stdout()).end(summary)
    verdicts = {one.verdict for one in audited}
    return exit_status(
        Verdict.EXPOSED in verdicts,
        Verdict.UNKNOWN in verdicts or bool(found.unread) or not audited,
    )


def _row(one: Audited) -> ReportRow:
    account = one.account
    values: dict[str, Any] = {
        "account": account.label,
        "site": account.site,
        "login": account.login,
        "verdict": one.verdict.value,
        "problems": [problem.value for problem in one.problems],
        "problem": "; ".join(_problems(one)),
        "advice": " ".join(_steps(one)),
        "shared_with": [other.label for other in one.shared],
        "sources": [source.as_json() for source in one.answer.sources],
        "found_in": account.places,
    }
    return ReportRow(values, _finding(one, values["problem"]), account.label)


def _finding(one: Audited, problem: str) -> Finding | None:
    if not one.problems or one.problems == (Problem.EMPTY,):
        return None
    text = f"{one.account.label}: {problem}."
    if one.verdict is Verdict.EXPOSED:
        return Finding("leakcheck/exposed", text)
    if one.verdict is Verdict.UNKNOWN:
        return Finding("leakcheck/unknown", text, "warning")
    return Finding("leakcheck/weak", text, "warning")


def _problems(one: Audited) -> Iterator[str]:
    """What is wrong, in words."""
    for problem in one.problems:
        if problem is Problem.BREACHED:
            hits = {hit.name: hit for hit in one.answer.exposed_in}
            yield "breached: in " + ", ".join(
                f"{name} (false alarm: {odds(hit.false_alarm)})" for name, hit in hits.items()
            )
        elif problem is Problem.REUSED:
            names = [_named(other.label, other.login) for other in one.shared]
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            yield f"the same password as {', '.join(names[:_NAMED])}{more}"
        elif problem is Problem.GUESSABLE:
            yield f"easy to guess from the {one.made_of}"
        elif problem is Problem.UNKNOWN:
            doubts = {f"{source.name}: {source.reason or 'no answer'}"
                      for source in one.answer.sources
                      if source.verdict is Verdict.UNKNOWN}  # fmt: skip
            why = one.reason or "; ".join(sorted(doubts)) or "there is nothing to ask"
            yield f"could not be checked: {why.rstrip('.')}"
        else:
            yield "no password is stored"


def _named(label: str, login: str) -> str:
    return f"{label} [{login}]" if login else label


def _steps(one: Audited) -> Iterator[str]:
    """What to do about one account."""
    problems = set(one.problems)
    if Problem.BREACHED in problems and Problem.REUSED in problems:
        yield "Change it now, here and in the accounts named: a new one for each."
    elif Problem.BREACHED in problems:
        yield "Change it now: attackers try it first."
    elif Problem.REUSED in problems:
        yield "Give this account a password of its own."
    elif Problem.GUESSABLE in problems:
        yield "Let your password manager choose another."
    if Problem.UNKNOWN in problems:
        yield "Check it again once the source answers."
    if Problem.EMPTY in problems:
        yield "Store the password, set one, or remove the entry."


def _summary(
    found: Accounts, audited: Sequence[Audited], opened: Sequence[Source], paths: Sequence[Path]
) -> Summary:
    counts = Counter(problem for one in audited for problem in one.problems)
    fine = sum(not one.problems for one in audited)
    shared = groups(audited)
    facts = {
        "accounts": len(audited),
        "exports": len(found.exports),
        **{problem.value: counts[problem] for problem in Problem},
        "shared_passwords": shared,
        "fine": fine,
        "unread": len(found.unread),
    }
    lines = [
        f"{counted(len(audited), 'account')} in {counted(len(found.exports), 'export')}: "
        f"{number(counts[Problem.BREACHED])} with a breached password, {number(fine)} without a "
        "problem."
    ]
    if shared:
        lines.append(
            f"Used more than once: {counted(shared, 'password')}, by "
            f"{counted(counts[Problem.REUSED], 'account')}."
        )
    if counts[Problem.GUESSABLE]:
        lines.append(f"Easy to guess: {counted(counts[Problem.GUESSABLE], 'account')}.")
    if counts[Problem.EMPTY]:
        lines.append(f"No password stored: {counted(counts[Problem.EMPTY], 'account')}.")
    if counts[Problem.UNKNOWN]:
        lines.append(f"Could not be checked: {counted(counts[Problem.UNKNOWN], 'account')}.")
    names = [f"{one.info.name} ({counted(one.info.keys, 'password')})" if one.info.keys
             else one.info.name for one in opened]  # fmt: skip
    lines.append(f"Checked against: {', '.join(names) or 'nothing'}.")
    lines += [sent(one.info.name, one.revealed) for one in opened if one.revealed is not None]
    if not any(one.info.keys is None or one.info.keys > 1_000_000 for one in opened):
        lines.append(
            "That is a small part of all breached passwords: --in hibp asks for all of them by "
            "five hex digits of each hash; leakcheck fetch makes a filter to ask offline."
        )
    lines += _delete(paths)
    steps = advice(Kind.PASSWORD, Verdict.EXPOSED)[1:] if counts[Problem.BREACHED] else ()
    return Summary(facts, tuple(lines), advice=steps)


def _delete(paths: Sequence[Path]) -> Iterator[str]:
    """What to do with the exports, which hold every password in the clear."""
    if paths:
        files = " ".join(shlex.quote(str(path)) for path in paths)
        which = "the export: it holds" if len(paths) == 1 else "the exports: they hold"
        yield f"Now delete {which} every password in the clear:"
        yield f"  rm -- {files}"
        yield "Empty the trash too, and think of backups and synchronised folders."
