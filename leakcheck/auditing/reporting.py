"""An audit as reports: accounts worst first, what to do with each, and with the exports."""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from leakcheck import terminal
from leakcheck.auditing.accounts import Accounts, read
from leakcheck.auditing.audit import Audited, Problem, audit, groups
from leakcheck.language import joined, said, said_of
from leakcheck.progress import Progress
from leakcheck.reports import Column, Finding, Meta, ReportRow, Rule, Summary
from leakcheck.reports.output import Reports, Target, stdout
from leakcheck.reports.table import SummaryWriter
from leakcheck.sources import Access, Source
from leakcheck.sources.names import close_all, open_for_passwords
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Verdict, exit_status
from leakcheck.wording import advice, counted, ended, number, odds, sent

_GUESSED = {
    "login": said("easy to guess from the login"),
    "site": said("easy to guess from the site"),
    "title": said("easy to guess from the title"),
}
_NAMED = 3  # accounts that share a password and are named in a row
RULES = (
    Rule(
        "leakcheck/exposed",
        "BreachedPassword",
        said("The password of this account is in a breach: change it."),
    ),
    Rule(
        "leakcheck/unknown",
        "NoAnswer",
        said("Nothing vouches for an answer: repair the source named, and check again."),
    ),
    Rule(
        "leakcheck/weak",
        "WeakPassword",
        said("The password is used for several accounts, or can be guessed from its account."),
    ),
)
COLUMNS = (
    Column("account", said("Account"), keep=True),
    Column("login", said("Login")),
    Column("verdict", said("Verdict"), style="verdict", keep=True),
    Column("problem", said("Problem"), keep=True, wrap=True),
    Column("advice", said("What to do"), keep=True, wrap=True),
    Column("found_in", said("Where"), wrap=True),
)
# On a terminal "clean" beside a password that is used twice would reassure.
SHOWN = tuple(
    one._replace(text=lambda verdict: "" if verdict == Verdict.CLEAN.value else str(verdict))
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
            label = said("checking {accounts}", accounts=counted(len(found.all), "account"))
            with Progress(label, len(found.all), "accounts"):
                audited = audit(found.all, opened)
            facts = {"exports": found.exports, "sources": [one.info.name for one in opened],
                     "redacted": redact}  # fmt: skip
            reports.begin(
                Meta(said("My passwords"), COLUMNS, "leakcheck vault", facts, RULES, SHOWN)
            )
            for one in audited:
                if one.problems or every:
                    reports.row(_row(one.redacted() if redact else one))
            summary = _summary(found, audited, opened, named)
            reports.finish(summary)
        finally:
            close_all(opened)
    for name, reason in found.unread:
        terminal.warn(said("{name} was not read: {reason}.", name=name, reason=ended(reason)))
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
        "problem": joined("; ", _problems(one)),
        "advice": joined(" ", _steps(one)),
        "shared_with": [other.label for other in one.shared],
        "sources": [source.as_json() for source in one.answer.sources],
        "found_in": account.places,
    }
    return ReportRow(values, _finding(one, values["problem"]), account.label)


def _finding(one: Audited, problem: str) -> Finding | None:
    if not one.problems or one.problems == (Problem.EMPTY,):
        return None
    text = said("{name}: {reason}.", name=one.account.label, reason=problem)
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
            found = joined(", ", (
                said("{name} (false alarm: {odds})", name=name, odds=odds(hit.false_alarm))
                for name, hit in hits.items()
            ))  # fmt: skip
            yield said("breached: in {names}", names=found)
        elif problem is Problem.REUSED:
            names = [_named(other.label, other.login) for other in one.shared]
            shown = joined(", ", names[:_NAMED])
            if len(names) > _NAMED:
                rest = number(len(names) - _NAMED)
                shown = said("{names} and {count} more", names=shown, count=rest)
            yield said("the same password as {names}", names=shown)
        elif problem is Problem.GUESSABLE:
            yield _GUESSED[one.made_of]
        elif problem is Problem.UNKNOWN:
            doubts = {
                said("{name}: {reason}", name=source.name,
                     reason=source.reason or said("no answer"))
                for source in one.answer.sources
                if source.verdict is Verdict.UNKNOWN
            }  # fmt: skip
            why = joined("; ", sorted(doubts)) if doubts else said("there is nothing to ask")
            yield said("could not be checked: {reason}", reason=ended(one.reason or why))
        else:
            yield said("no password is stored")


def _named(label: str, login: str) -> str:
    return f"{label} [{login}]" if login else label


def _steps(one: Audited) -> Iterator[str]:
    """What to do about one account."""
    problems = set(one.problems)
    if Problem.BREACHED in problems and Problem.REUSED in problems:
        yield said("Change it now, here and in the accounts named: a new one for each.")
    elif Problem.BREACHED in problems:
        yield said("Change it now: attackers try it first.")
    elif Problem.REUSED in problems:
        yield said("Give this account a password of its own.")
    elif Problem.GUESSABLE in problems:
        yield said("Let your password manager choose another.")
    if Problem.UNKNOWN in problems:
        yield said("Check it again once the source answers.")
    if Problem.EMPTY in problems:
        yield said("Store the password, set one, or remove the entry.")


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
        said(
            "{accounts} in {exports}: {breached} with a breached password, {fine} without a "
            "problem.",
            accounts=counted(len(audited), "account"),
            exports=counted(len(found.exports), "export"),
            breached=number(counts[Problem.BREACHED]),
            fine=number(fine),
        )
    ]
    if shared:
        lines.append(
            said(
                "Used more than once: {passwords}, by {accounts}.",
                passwords=counted(shared, "password"),
                accounts=counted(counts[Problem.REUSED], "account"),
            )
        )
    if counts[Problem.GUESSABLE]:
        many = counted(counts[Problem.GUESSABLE], "account")
        lines.append(said("Easy to guess: {accounts}.", accounts=many))
    if counts[Problem.EMPTY]:
        many = counted(counts[Problem.EMPTY], "account")
        lines.append(said("No password stored: {accounts}.", accounts=many))
    if counts[Problem.UNKNOWN]:
        many = counted(counts[Problem.UNKNOWN], "account")
        lines.append(said("Could not be checked: {accounts}.", accounts=many))
    names = [
        said("{name} ({facts})", name=one.info.name, facts=counted(one.info.keys, "password"))
        if one.info.keys
        else one.info.name
        for one in opened
    ]
    against = joined(", ", names) if names else said("nothing")
    lines.append(said("Checked against: {names}.", names=against))
    lines += [sent(one.info.name, one.revealed) for one in opened if one.revealed is not None]
    if not any(one.info.keys is None or one.info.keys > 1_000_000 for one in opened):
        lines.append(
            said(
                "That is a small part of all breached passwords. To check all of them, use "
                "--in hibp, which sends five hex digits of each hash, or download them with "
                "leakcheck fetch into a filter that works offline."
            )
        )
    lines += _delete(paths)
    steps = advice(Kind.PASSWORD, Verdict.EXPOSED)[1:] if counts[Problem.BREACHED] else ()
    return Summary(facts, tuple(lines), advice=steps)


def _delete(paths: Sequence[Path]) -> Iterator[str]:
    """What to do with the exports, which hold every password in the clear."""
    if paths:
        files = " ".join(shlex.quote(str(path)) for path in paths)
        yield said_of(
            len(paths),
            "Now delete the export: it holds every password in the clear:",
            "Now delete the exports: they hold every password in the clear:",
        )
        yield f"  rm -- {files}"
        yield said("Empty the trash too, and think of backups and synchronised folders.")
