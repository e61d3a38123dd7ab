"""What was seen on one line, and what was decided: for --explain. Never the value."""

import os
from collections.abc import Iterator
from pathlib import Path

from leakcheck.ci.checking import check
from leakcheck.ci.job import Job
from leakcheck.ci.listing import relative
from leakcheck.ci.names import Names
from leakcheck.ci.output import reason
from leakcheck.ci.readers.families import family_of
from leakcheck.ci.reading import read_file
from leakcheck.ci.selection import Selection
from leakcheck.ci.text import TOO_MANY, NotTextError, TooManyError
from leakcheck.errors import InputError, UsageError
from leakcheck.language import said
from leakcheck.verdicts import Verdict


def place_in(stated: str) -> tuple[str, int]:
    """The path and line in PATH:LINE (a column after it does no harm)."""
    path, _, line = stated.rpartition(":")
    head, _, middle = path.rpartition(":")
    if head and middle.isdigit() and line.isdigit():
        path, line = head, middle
    if not path or not line.isdigit() or not int(line):
        raise UsageError(said("--explain wants PATH:LINE, with lines counted from 1."))
    return path, int(line)


def explain(job: Job, place: str) -> Iterator[str]:
    """Sentences on a line of a file of `job`, named as PATH:LINE."""
    stated, line = place_in(place)
    path = relative(job.root, Path(stated)).replace(os.sep, "/")
    policy, selection = job.policy, Selection(job.policy, job.options.exclude)
    try:
        data = (job.root / path).read_bytes()
    except OSError as error:
        raise InputError(
            said("{name}: it cannot be read: {why}.", name=path, why=error.strerror or "failed")
        ) from None
    family = family_of(path)
    if family is None:
        yield said("{name}: not read: files of this name hold no text of interest.", name=path)
        return
    yield said("{name}: read as {name2}.", name=path, name2=family.name)
    if family.name not in selection.families:
        yield said(
            "In a run it is not read: the policy's formats leave {name} out.", name=family.name
        )
    elif selection.excludes(path):
        yield said("In a run it is not read: the policy excludes it.")
    elif len(data) > policy.max_size:
        yield said("In a run it has no answer: it is longer than max-size.")
    names = Names(policy.names, policy.ignore_names)
    try:
        seen = read_file(data, path, names, comments=policy.comments, trace=True, family=family)
    except NotTextError:
        yield said("This is not text: there is nothing to see.")
        return
    except TooManyError:
        yield said("In a run it has no answer: {too_many}.", too_many=TOO_MANY)
        return
    found = [candidate for candidate in seen if candidate.line == line]
    checked = {
        id(each.candidate): each
        for each in check(
            [(path, one) for one in found if one.skip is None], job.sources, job.defaults
        )
    }
    for candidate in found:
        head = said(
            "{place}: {key} ({reader} reader)",
            place=f"{path}:{line}:{candidate.column}",
            key=candidate.key,
            reader=candidate.reader,
        )
        if candidate.comment:
            head = said("{head}, in a comment", head=head)
        if candidate.skip is not None:
            yield said("{head}: not checked: {skip}.", head=head, skip=candidate.skip)
        else:
            each = checked[id(candidate)]
            stated = (
                said("clean")
                if each.verdict is Verdict.CLEAN
                else reason(each.answers, default=each.default)
            )
            yield said("{head}: checked: {what}.", head=head, what=stated)
    if not found:
        yield said("Nothing on line {line} has the name of a password.", line=line)
