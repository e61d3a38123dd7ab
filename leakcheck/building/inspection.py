"""What an input is and how it would be read, from a sample of it: nothing is built.

Examples are masked: of an address a letter, of a hash the first five digits,
of a password nothing at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from leakcheck.building.account import InputCounts
from leakcheck.building.decide import look, settle, wanted_of
from leakcheck.building.record_jobs import extract_batch
from leakcheck.building.writer import HandedOn
from leakcheck.errors import InputError
from leakcheck.input import Input
from leakcheck.input.streams import Held
from leakcheck.language import said
from leakcheck.records.batches import batches
from leakcheck.records.formats import Dialect, Form, can_hold, extractor
from leakcheck.subject.kinds import Kind
from leakcheck.subject.masking import mask_address

EXAMPLES = 3
HIDDEN = "••••••••"


@dataclass
class Inspection:
    """One input, looked at.

    form: how it would be read, or None; kind: what a build would make of it,
    or None; found: for each kind that it can hold, the keys in the sample;
    lines, bytes: of the sample; examples: masked; problem: why a build would
    refuse it, or what broke it off, or None; words: what it is, for people.
    """

    name: str
    size: int | None
    form: Form | None = None
    kind: Kind | None = None
    lines: int = 0
    bytes: int = 0
    found: dict[Kind, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    problem: str | None = None
    words: str = said("nothing that can be told")

    def as_json(self) -> dict[str, Any]:
        """The object under `inputs` in `inspect --json`."""
        return {
            "name": self.name,
            "size": self.size,
            "form": self.form.value if self.form else None,
            "kind": self.kind.value if self.kind else None,
            "sample": {
                "bytes": self.bytes,
                "lines": self.lines,
                "keys": {kind.value: count for kind, count in self.found.items()},
            },
            "examples": self.examples,
            "problem": self.problem,
        }


def inspect(item: Input, kind: Kind | None, form: Form | None, column: str | None) -> Inspection:
    """Look at the beginning of `item`, as a build with these options would."""
    seen = Inspection(item.label, item.size)
    sample = item.sample
    dialect = look(item, wanted_of(kind, form, column))
    seen.form, seen.bytes, seen.lines = dialect.form, len(sample), sample.count(b"\n")
    seen.lines += bool(sample) and not sample.endswith(b"\n")
    seen.words = dialect.words
    try:
        plan = settle(dialect, kind, form)
        seen.form, seen.kind = plan.form, plan.kind
    except InputError as error:
        seen.problem = str(error)
    if not sample:
        seen.problem = said("it is empty")
    broken = item.open().error
    if broken is not None:
        seen.problem = str(broken)
    if seen.form is not None:
        for each in (kind,) if kind else Kind:
            if can_hold(each, seen.form):
                count = _keys(sample, each, dialect._replace(form=seen.form), column)
                if count:
                    seen.found[each] = count
        seen.examples = list(_examples(sample, seen.form, dialect))
    return seen


def _keys(sample: bytes, kind: Kind, dialect: Dialect, column: str | None) -> int:
    """How many keys of `kind` the sample has."""
    if dialect.form is Form.HASHES and dialect.hex_digits != kind.digest_bytes * 2:
        return 0
    tally = InputCounts("")
    keys = HandedOn(kind, kind, lambda digests: None, plaintext=False)
    if dialect.structured and kind not in (Kind.EMAIL, Kind.DOMAIN):
        wanted = wanted_of(kind, None, column)
        try:
            for batch in batches(dialect, Held(sample), sample, wanted):
                extract_batch(keys, 1, batch, tally, lambda number, reason: None)
        except InputError:
            pass  # a sample breaks off in the middle; what came before counts
        return tally.records
    keys.take(tally, extractor(kind, dialect)(sample))
    return tally.records


def _examples(sample: bytes, form: Form, dialect: Dialect) -> Iterator[str]:
    """A few lines' worth of what was found, masked."""
    if form is Form.PASSWORDS:
        yield HIDDEN
        return
    if form is Form.HASHES:
        for line in sample.split(b"\n")[:EXAMPLES]:
            if digits := (dialect.prefix + line.strip())[:5]:
                yield f"{digits.decode('ascii', 'replace').upper()}…"
        return
    from leakcheck import extract

    seen = []
    for _, _, name in extract.address_spans(sample[: 16 << 10]):
        masked = mask_address(name.decode("utf-8", "replace"))
        if masked not in seen:
            seen.append(masked)
        if len(seen) == EXAMPLES:
            break
    yield from (f"{name}:{HIDDEN}" if form is Form.COMBO else name for name in seen)
