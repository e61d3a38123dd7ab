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
from leakcheck.reports import Column, Finding, Location, Meta, ReportRow, Rule, Summary
from leakcheck.sources import Source
from leakcheck.verdicts import SourceAnswer, Verdict
from leakcheck.wording import counted, odds, printable, sent

EXPOSED = Rule(
    "breached-password",
    "Breached password",
    "The password stands in the repository and is in a breach that attackers have. Change it "
    "wherever it is used, and take it from a secret store or the environment.",
)
DEFAULT = Rule(
    "default-password",
    "Default password",
    "The password is one that a product ships with, or the login or service itself: attackers try "
    "it first. Set another, and take it from a secret store or the environment.",
)
UNKNOWN = Rule(
    "unanswered-password",
    "Password that could not be checked",
    "No source could answer for this password: see the reason, and run again. "
    "--allow-unknown lets the job pass.",
)
UNREADABLE = Rule(
    "unreadable-file",
    "File that could not be read",
    "Make the file readable, or exclude it in the policy.",
)
ADVICE = (
    "Change each wherever it is used. To accept one, write leakcheck: ignore and the reason in a "
    "comment on its line. --explain PATH:LINE says what was seen."
)
ADVICE_OF_HISTORY = (
    "Change each wherever it is used: what was committed once stays in every clone. To accept "
    "them, use --history --update-baseline with the reason."
)
GUESSABLE = Rule(
    "guessable-password",
    "Password that is easy to guess",
    "No source knows it, but it has a shape that attackers try first, such as a season and a year: "
    "draw another at random.",
)
COLUMNS = (
    Column("path", "file"),
    Column("line", "line", style="number"),
    Column("column", "column", style="number"),
    Column("key", "key"),
    Column("verdict", "verdict", style="verdict"),
    Column("why", "why"),
)


def meta(sources: Sequence[Source], tool: str = "leakcheck ci") -> Meta:
    """The head of a report."""
    facts = {"sources": [source.info.name for source in sources]}
    return Meta(
        "Breached passwords",
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
        message = f"the file could not be read: {why}"
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
        why = f"in a comment: {why}"
    if candidate.commit is not None:
        why = f"{why}; {_since(found)}"
    values["why"] = why
    exposed = verdict is Verdict.EXPOSED
    return ReportRow(
        values,
        Finding(
            rule_of(verdict, default=found.default).id,
            f"{printable(candidate.key)}: {why}",
            "error" if exposed else "warning",
            place,
            fingerprint(found.path, candidate.key, ordinal),
        ),
        label,
    )


def _note(found: Checked, place: Location, ordinal: int) -> Finding:
    key = found.candidate.key
    message = f"{printable(key)}: easy to guess, by its shape"
    mark = fingerprint(found.path, key, ordinal)
    return Finding(GUESSABLE.id, message, "note", place, mark)


def _since(found: Checked) -> str:
    """When a finding of the history came, and whether it still stands."""
    commit = found.candidate.commit
    came = f"since commit {commit.short} of {commit.date}" if commit is not None else ""
    if not found.stands:
        return f"{came}, no longer in the last commit"
    return (
        f"{came}, still there" if found.stands == found.path else f"{came}, now in {found.stands}"
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
        return f"default password ({_facts(hits[-1])})"
    if hits:
        if len(answers) == 1:
            return f"breached password ({_facts(hits[0])})"
        return "breached password, in " + ", ".join(f"{hit.name} ({_facts(hit)})" for hit in hits)
    doubts = [
        f"{answer.name}: {answer.reason or 'no answer'}"
        for answer in answers
        if answer.verdict is Verdict.UNKNOWN
    ]
    return "could not be checked" + (f" ({'; '.join(doubts)})" if doubts else "")


def _facts(hit: SourceAnswer) -> str:
    """Both numbers are blurred: see checking."""
    facts = [f"seen at least {counted(hit.seen, 'time')}"] if hit.seen else []
    return ", ".join((*facts, f"false alarm: {odds(hit.false_alarm)}"))


def fingerprint(path: str, key: str, ordinal: int) -> str:
    """The same for the same finding in the next run, and nothing of the value in it."""
    import hashlib  # takes a while, and most runs find nothing

    said = "\0".join((path, key, str(ordinal))).encode("utf-8", "surrogatepass")
    return hashlib.sha256(said).hexdigest()[:32]


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
        where = (
            f"{counted(outcome.files, 'version')} of files of {counted(outcome.commits, 'commit')}"
        )
    checked = f"{counted(outcome.checked, 'password')} in {where} checked"
    head = _head(checked, sources, exposed, default, unknown)
    next_step = ADVICE if outcome.commits is None else ADVICE_OF_HISTORY
    advice = (next_step,) if exposed else ()
    told = (*_sent(sources), *_accepted(outcome), *_left_out(outcome), *advice)
    return Summary(facts, (head, *told))


def summary_of(verdicts: Sequence[Verdict], default: int, sources: Sequence[Source]) -> Summary:
    """The tail of a report on candidates that stand in no file; default: how many are such."""
    exposed, unknown = verdicts.count(Verdict.EXPOSED), verdicts.count(Verdict.UNKNOWN)
    facts = {"checked": len(verdicts), "exposed": exposed, "default": default, "unknown": unknown}
    checked = f"{counted(len(verdicts), 'password')} checked"
    return Summary(facts, (_head(checked, sources, exposed, default, unknown), *_sent(sources)))


def _head(checked: str, sources: Sequence[Source], exposed: int, default: int, unknown: int) -> str:
    """exposed: breached and default ones."""
    names = ", ".join(
        f"{source.info.name} ({counted(source.info.keys, 'password')})"
        if source.info.keys
        else source.info.name
        for source in sources
    )
    weak = f"{default} default, " if default else ""
    return f"{checked} against {names}: {exposed - default} breached, {weak}{unknown} unknown."


def _sent(sources: Sequence[Source]) -> Iterator[str]:
    """What the sources that are asked over the network have learned."""
    for source in sources:
        if source.revealed is not None:
            yield sent(source.info.name, source.revealed)


def _accepted(outcome: CiOutcome) -> Iterator[str]:
    if outcome.accepted or outcome.seen.ignored:
        yield f"Accepted: {outcome.accepted} by the baseline, {outcome.seen.ignored} by a comment."
    for entry in sorted(outcome.stale.values()):
        yield (
            f"The baseline accepts {entry.key} in {entry.path}, which is no longer found: "
            "run --prune-baseline."
        )
    for entry in outcome.expired:
        yield (
            f"The baseline accepted {entry.key} in {entry.path} until {entry.expires}: change the "
            "password, or accept it anew with --update-baseline."
        )


def _left_out(outcome: CiOutcome) -> Iterator[str]:
    """What was not read, and how to have it read."""
    seen, listing = outcome.seen, outcome.listing
    if listing.no_git is not None:
        yield (
            f"Every file was read, tracked or not: {listing.no_git}. "
            "What is not checked out was not read."
        )
    if outcome.excluded:
        yield f"Excluded: {counted(outcome.excluded, 'file')}."
    if listing.submodules:
        yield f"Submodules are not entered: {_first(listing.submodules)}: run leakcheck ci there."
    if outcome.seen.binary:
        yield f"No text, so not read: {_first(outcome.seen.binary)}."
    if seen.large:
        yield f"Too large to be read, so no answer: {_first(seen.large)}: raise max-size."
    if seen.pointers:
        yield f"Only the Git LFS pointer is there: {_first(seen.pointers)}: run git lfs pull."


def _first(paths: Sequence[str]) -> str:
    """The first few of many paths."""
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(paths[:3]) + more


def _expected(outcome: CiOutcome, sources: Sequence[Source]) -> float:
    """How many false alarms to expect: each distinct password may give one in each source."""
    distinct = outcome.checked
    if outcome.commits is None:
        distinct = len({found.candidate.password for found in outcome.results})
    return float(f"{distinct * sum(source.info.fpr for source in sources):.3g}")
