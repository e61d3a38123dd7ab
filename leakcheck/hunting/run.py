"""A hunt through everything that was named: inputs in, rows out, an account of both."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from leakcheck.errors import InputError
from leakcheck.hunting import hits
from leakcheck.hunting.hits import Account
from leakcheck.hunting.pipeline import Hunter
from leakcheck.input import Input, Options, ReadError, Skipped, inputs
from leakcheck.reports.output import Reports

Tell = Callable[[str], None]


def hunt_all(
    paths: Sequence[str],
    hunter: Hunter,
    reports: Reports,
    account: Account,
    tell: Tell,
    reading: Options,
    progress: Any = None,
) -> None:
    """Hunt through `paths`, a row in `reports` for each hit, all noted in `account`.

    reading: how inputs are opened. What cannot be read is told, noted as lost, and passed over.
    """

    def lose(name: str, reason: str) -> None:
        account.lost.append((name, reason))
        tell(f"{name}: {reason}.")

    def skipped(what: Skipped) -> None:
        if what.lost:
            lose(what.name, what.reason)
        else:
            tell(f"{what.name}: not read: {what.reason}.")

    done = 0
    for item in _each(paths, replace(reading, skipped=skipped), account, tell):
        account.texts += 1

        def moved(count: int, item: Input = item, base: int = done) -> None:
            account.bytes += count
            if progress is not None:
                progress.update(base + item.raw_position, hits=account.hits)

        hunter.moved = moved
        try:
            with item.open() as stream:
                for hit in hunter.hunt(stream):
                    account.note(item.name, hit, hunter.watch)
                    reports.row(hits.row(item.name, item.member, hit, hunter.watch))
        except ReadError as error:
            lose(item.label, str(error))
        except OSError as error:
            lose(item.label, f"it cannot be read: {error.strerror}")
        done += item.raw_position if item.member is None else 0


def _each(paths: Sequence[str], options: Options, account: Account, tell: Tell) -> Iterator[Input]:
    """The inputs of each path; one that cannot be read does not end the hunt."""
    for path in paths:
        try:
            yield from inputs([path], options)
        except InputError as error:
            message = str(error)
            reason = message.removeprefix(f"{path}: ").rstrip(".")
            account.lost.append((path, reason))
            tell(message)
