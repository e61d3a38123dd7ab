"""The account of a build as people read it."""

from collections import Counter

from leakcheck.building.account import Report, Tally
from leakcheck.terminal import out_is_terminal, say, table, warn
from leakcheck.wording import bars, counted, number, odds, printable, size

MOST_ROWS = 20
_COLUMNS = ("input", "read as", "size", "lines", "keys", "new", "rejected")


def show(report: Report, output: str) -> None:
    """Print what was built and from what."""
    header = report.header
    assert header is not None
    largest = sorted(report.inputs, key=lambda tally: -tally.text_bytes)
    shown = largest[:MOST_ROWS]
    table(_COLUMNS, [row(tally) for tally in report.inputs if tally in shown])
    if len(largest) > MOST_ROWS:
        say(f"and {counted(len(largest) - MOST_ROWS, 'smaller input')}")
    if out_is_terminal() and len(shown) > 1:
        for line in bars([(short(tally.name), tally.text_bytes) for tally in shown[:10]]):
            say(line)
    repeats = report.duplicates
    apart = "" if repeats is None else f" ({counted(repeats, 'repeat')} left out)"
    say(
        f"{printable(output)}: {counted(header.keys, 'key')}{apart}, "
        f"false alarm {odds(header.fpr)}, {size(header.file_bytes)}, {report.seconds:.1f} s"
    )
    for reason, count in report.rejected.most_common():
        say(f"  {counted(count, 'line')} rejected: {reason}")
    passed = Counter(reason for _, reason, lost in report.skipped if not lost)
    if passed:
        told = "; ".join(f"{reason} ({number(count)})" for reason, count in passed.most_common())
        warn(f"Not read: {told}.")


def row(tally: Tally) -> tuple[str, ...]:
    """One input's line of the table."""
    return (
        short(tally.name),
        tally.form or ("not read" if tally.failure else "empty"),
        size(tally.bytes),
        number(tally.lines),
        number(tally.records),
        "?" if tally.new is None else f"{'' if tally.new_exact else '~'}{number(tally.new)}",
        ", ".join(f"{number(count)} {why}" for why, count in tally.rejected.most_common()),
    )


def short(name: str) -> str:
    """`name`, its middle left out where it is long."""
    return name if len(name) <= 48 else f"{name[:20]}…{name[-27:]}"
