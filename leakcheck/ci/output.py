"""What a run found, as rows of a report; the writers are those of leakcheck.reports.

Rule 1: a value is in no row, and no digest of one: fingerprints are made of
path, key and the how-manieth it is. Rule 2: what could not be read or
answered is a row of its own, so that no format looks cleaner than the run.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from leakcheck.ci.checking import Checked
from leakcheck.ci.run import CiOutcome
from leakcheck.language import day, joined, said, said_of
from leakcheck.reports import Column, Finding, Location, Meta, ReportRow, Rule, Summary
from leakcheck.sources import Source
from leakcheck.verdicts import SourceAnswer, Verdict
from leakcheck.wording import counted, number, odds, printable, sent

EXPOSED = Rule(
    "breached-password",
    said("Breached password"),
    said(
        "The password stands in the repository and is in a breach that attackers "
        "have. Change it wherever it is used, and take it from a secret store or "
        "the environment."
    ),
)
DEFAULT = Rule(
    "default-password",
    said("Default password"),
    said(
        "The password is one that a product ships with, or the login or service "
        "itself: attackers try it first. Set another, and take it from a secret "
        "store or the environment."
    ),
)
UNKNOWN = Rule(
    "unanswered-password",
    said("Password that could not be checked"),
    said(
        "No source could answer for this password: see the reason, and run "
        "again. --allow-unknown lets the job pass."
    ),
)
UNREADABLE = Rule(
    "unreadable-file",
    said("File that could not be read"),
    said("Make the file readable, or exclude it in the policy."),
)
ADVICE = said(
    "Change each wherever it is used. To accept one, write leakcheck: ignore "
    "and the reason in a comment on its line. --explain PATH:LINE says what "
    "was seen."
)
ADVICE_OF_HISTORY = said(
    "Change each wherever it is used: what was committed once stays in every "
    "clone. To accept them, use --history --update-baseline with the reason."
)
GUESSABLE = Rule(
    "guessable-password",
    said("Password that is easy to guess"),
    said(
        "No source knows it, but it has a shape that attackers try first, such "
        "as a season and a year: draw another at random."
    ),
)
COLUMNS = (
    Column("path", said("file")),
    Column("line", said("line"), style="number"),
    Column("column", said("column"), style="number"),
    Column("key", said("key")),
    Column("verdict", said("verdict"), style="verdict"),
    Column("why", said("why")),
)


def meta(sources: Sequence[Source], tool: str = "leakcheck ci") -> Meta:
    """The head of a report."""
    facts = {"sources": [source.info.name for source in sources]}
    return Meta(
        said("Breached passwords"),
        COLUMNS,
        tool,
        facts=facts,
        rules=(EXPOSED, UNKNOWN, UNREADABLE, DEFAULT, GUESSABLE),
    )


def rows(outcome: CiOutcome) -> Iterator[ReportRow]:
    """A row for each password asked about and each file that could not be read."""
    counts: Counter[tuple[str, ...]] = Counter()
    for found in outcome.results:
        candidate = found.candidate
        counts[found.path, candidate.key] += 1
        place = Location(found.path, candidate.line, candidate.column)
        label = f"{found.path}:{candidate.line}:{candidate.column} {candidate.key}"
        if candidate.commit is not None:
            label = f"{candidate.commit.short}:{label}"
        yield _row(found, place, label, counts[found.path, candidate.key])
    for path, why in outcome.seen.unreadable:
        message = said("the file could not be read: {why}", why=why)
        finding = Finding(
            UNREADABLE.id, message, "warning", Location(path), fingerprint(path, "", 0)
        )
        values: dict[str, Any] = {
            "path": path, "line": None, "column": None, "key": None, "comment": False,
            "default": False,
            "verdict": Verdict.UNKNOWN.value, "why": message, "sources": [],
        }  # fmt: skip
        yield ReportRow(values, finding, path)


def _row(found: Checked, place: Location, label: str, ordinal: int) -> ReportRow:
    candidate, verdict = found.candidate, found.verdict
    values = {
        "path": found.path,
        "line": candidate.line,
        "column": candidate.column,
        "key": candidate.key,
        "comment": candidate.comment,
        "default": found.default,
        "verdict": verdict.value,
        "why": "",
        "sources": [answer.as_json() for answer in found.answers],
    }
    if candidate.commit is not None:
        commit = candidate.commit
        values |= {"commit": commit.oid, "author_date": commit.date, "stands": found.stands}
    if verdict is Verdict.CLEAN:
        return ReportRow(values, _note(found, place, ordinal) if found.guessable else None, label)
    why = reason(found.answers, default=found.default)
    if candidate.comment:
        why = said("in a comment: {why}", why=why)
    if candidate.commit is not None:
        why = joined("; ", (why, _since(found)))
    values["why"] = why
    exposed = verdict is Verdict.EXPOSED
    return ReportRow(
        values,
        Finding(
            rule_of(verdict, default=found.default).id,
            said("{key}: {why}", key=printable(candidate.key), why=why),
            "error" if exposed else "warning",
            place,
            fingerprint(found.path, candidate.key, ordinal),
        ),
        label,
    )


def _note(found: Checked, place: Location, ordinal: int) -> Finding:
    key = found.candidate.key
    message = said("{key}: easy to guess, by its shape", key=printable(key))
    mark = fingerprint(found.path, key, ordinal)
    return Finding(GUESSABLE.id, message, "note", place, mark)


def _since(found: Checked) -> str:
    """When a finding of the history came, and whether it still stands."""
    commit = found.candidate.commit
    came = (
        said("since commit {short} of {date}", short=commit.short, date=day(commit.date))
        if commit is not None
        else ""
    )
    if not found.stands:
        return said("{came}, no longer in the last commit", came=came)
    return (
        said("{came}, still there", came=came)
        if found.stands == found.path
        else said("{came}, now in {stands}", came=came, stands=found.stands)
    )


def rule_of(verdict: Verdict, *, default: bool) -> Rule:
    """What a password that is not clean is reported as."""
    if verdict is not Verdict.EXPOSED:
        return UNKNOWN
    return DEFAULT if default else EXPOSED


def reason(answers: Sequence[SourceAnswer], *, default: bool = False) -> str:
    """Why a password is rejected, or why nothing vouches for it.

    default: whether it is rejected only because it is a default one.
    """
    hits = [answer for answer in answers if answer.verdict is Verdict.EXPOSED]
    if default:
        return said("default password ({facts})", facts=_facts(hits[-1]))
    if hits:
        if len(answers) == 1:
            return said("breached password ({facts})", facts=_facts(hits[0]))
        return said(
            "breached password, in {names}",
            names=joined(
                ", ",
                (said("{name} ({facts})", name=hit.name, facts=_facts(hit)) for hit in hits),
            ),
        )
    doubts = [
        said("{name}: {reason}", name=answer.name, reason=answer.reason or said("no answer"))
        for answer in answers
        if answer.verdict is Verdict.UNKNOWN
    ]
    if not doubts:
        return said("could not be checked")
    return said("could not be checked ({reasons})", reasons=joined("; ", doubts))


def _facts(hit: SourceAnswer) -> str:
    """Both numbers are blurred: see checking."""
    facts = [said("seen at least {times}", times=counted(hit.seen, "time"))] if hit.seen else []
    return joined(", ", (*facts, said("false alarm: {odds}", odds=odds(hit.false_alarm))))


def fingerprint(path: str, key: str, ordinal: int) -> str:
    """The same for the same finding in the next run, and nothing of the value in it."""
    import hashlib  # takes a while, and most runs find nothing

    stated = "\0".join((path, key, str(ordinal))).encode("utf-8", "surrogatepass")
    return hashlib.sha256(stated).hexdigest()[:32]


def summary(outcome: CiOutcome, sources: Sequence[Source]) -> Summary:
    """The tail of a report."""
    verdicts = Counter(found.verdict for found in outcome.results)
    exposed, unknown = verdicts[Verdict.EXPOSED], verdicts[Verdict.UNKNOWN]
    default = sum(found.default for found in outcome.results)
    facts = {
        "files": outcome.files,
        "candidates": outcome.seen.candidates,
        "checked": outcome.checked,
        "exposed": exposed,
        "default": default,
        "unknown": unknown,
        "ignored": outcome.seen.ignored,
        "accepted": outcome.accepted,
        "stale": [{"path": entry.path, "key": entry.key} for entry in outcome.stale.values()],
        "expired": [{"path": entry.path, "key": entry.key} for entry in outcome.expired],
        "excluded": outcome.excluded,
        "large": outcome.seen.large,
        "pointers": outcome.seen.pointers,
        "binary": outcome.seen.binary,
        "submodules": outcome.listing.submodules,
        "no_git": outcome.listing.no_git,
        "unreadable": [{"path": path, "why": why} for path, why in outcome.seen.unreadable],
        "expected_false_alarms": _expected(outcome, sources),
    }
    if outcome.commits is None:
        where = counted(outcome.files, "file")
    else:
        facts["commits"] = outcome.commits
        where = said(
            "{versions} of files of {commits}",
            versions=counted(outcome.files, "version"),
            commits=counted(outcome.commits, "commit"),
        )
    checked = said(
        "{passwords} in {where} checked",
        passwords=counted(outcome.checked, "password"),
        where=where,
    )
    head = _head(checked, sources, exposed, default, unknown)
    next_step = ADVICE if outcome.commits is None else ADVICE_OF_HISTORY
    advice = (next_step,) if exposed else ()
    told = (
        *_sent(sources), *_accepted(outcome), *_left_out(outcome), *_plain(outcome), *advice,
    )  # fmt: skip
    return Summary(facts, (head, *told))


def summary_of(verdicts: Sequence[Verdict], default: int, sources: Sequence[Source]) -> Summary:
    """The tail of a report on candidates that stand in no file; default: how many are such."""
    exposed, unknown = verdicts.count(Verdict.EXPOSED), verdicts.count(Verdict.UNKNOWN)
    facts = {"checked": len(verdicts), "exposed": exposed, "default": default, "unknown": unknown}
    checked = said("{passwords} checked", passwords=counted(len(verdicts), "password"))
    return Summary(facts, (_head(checked, sources, exposed, default, unknown), *_sent(sources)))


def _head(checked: str, sources: Sequence[Source], exposed: int, default: int, unknown: int) -> str:
    """exposed: breached and default ones."""
    names = joined(
        ", ",
        (
            said(
                "{name} ({facts})",
                name=source.info.name,
                facts=counted(source.info.keys, "password"),
            )
            if source.info.keys
            else source.info.name
            for source in sources
        ),
    )
    weak = said("{default} default, ", default=default) if default else ""
    return said(
        "{checked} against {names}: {exposed} breached, {weak}{unknown} unknown.",
        checked=checked,
        names=names,
        exposed=exposed - default,
        weak=weak,
        unknown=unknown,
    )


def _sent(sources: Sequence[Source]) -> Iterator[str]:
    """What the sources that are asked over the network have learned."""
    for source in sources:
        if source.revealed is not None:
            yield sent(source.info.name, source.revealed)


def _accepted(outcome: CiOutcome) -> Iterator[str]:
    if outcome.accepted or outcome.seen.ignored:
        yield said(
            "Accepted: {accepted} by the baseline, {ignored} by a comment.",
            accepted=outcome.accepted,
            ignored=outcome.seen.ignored,
        )
    for entry in sorted(outcome.stale.values()):
        yield (
            said(
                "The baseline accepts {key} in {name}, which is no longer found: run "
                "--prune-baseline.",
                key=entry.key,
                name=entry.path,
            )
        )
    for entry in outcome.expired:
        yield (
            said(
                "The baseline accepted {key} in {name} until {expires}: change the "
                "password, or accept it anew with --update-baseline.",
                key=entry.key,
                name=entry.path,
                expires=entry.expires,
            )
        )


def _plain(outcome: CiOutcome) -> Iterator[str]:
    """That passwords passed which an attacker would guess, and how to see which."""
    if outcome.plain:
        yield said_of(
            outcome.plain,
            "{count} password passes although it is a word and a few digits, which attackers "
            "try first: --guessable shows it.",
            "{count} passwords pass although they are a word and a few digits, which attackers "
            "try first: --guessable shows them.",
            count=number(outcome.plain),
        )


def _left_out(outcome: CiOutcome) -> Iterator[str]:
    """What was not read, and how to have it read."""
    seen, listing = outcome.seen, outcome.listing
    if listing.no_git is not None:
        yield (
            said(
                "Every file was read, tracked or not: {no_git}. What is not checked out "
                "was not read.",
                no_git=listing.no_git,
            )
        )
    if outcome.excluded:
        yield said("Excluded: {files}.", files=counted(outcome.excluded, "file"))
    if listing.submodules:
        yield said(
            "Submodules are not entered: {first}: run leakcheck ci there.",
            first=_first(listing.submodules),
        )
    if outcome.seen.binary:
        yield said("Not text, so not read: {first}.", first=_first(outcome.seen.binary))
    if seen.large:
        yield said(
            "Too large to be read, so no answer: {first}: raise max-size.", first=_first(seen.large)
        )
    if seen.pointers:
        yield said(
            "Only the Git LFS pointer is there: {first}: run git lfs pull.",
            first=_first(seen.pointers),
        )


def _first(paths: Sequence[str]) -> str:
    """The first few of many paths."""
    shown = ", ".join(paths[:3])
    if len(paths) <= 3:
        return shown
    return said("{names} and {count} more", names=shown, count=number(len(paths) - 3))


def _expected(outcome: CiOutcome, sources: Sequence[Source]) -> float:
    """How many false alarms to expect: each distinct password may give one in each source."""
    distinct = outcome.checked
    if outcome.commits is None:
        distinct = len({found.candidate.password for found in outcome.results})
    return float(f"{distinct * sum(source.info.fpr for source in sources):.3g}")
