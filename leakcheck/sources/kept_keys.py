"""Kept keys that stand beside a filter: what proves a hit, or proves a false alarm.

A build with --keep-keys writes them to FILTER.keys. They are the filter's own
keys, so unlike any other exact source they can refute it.

Rule: nobody signs them. Where a trusted publisher has signed the filter, they prove hits, and
refute none: whoever put them beside it could make anybody clean.
"""

from collections.abc import Sequence
from dataclasses import replace

from leakcheck.sources import Proof, Source
from leakcheck.verdicts import INCOMPLETE, SourceAnswer, SourceInfo, Verdict


class Proofs:
    """The kept keys of those filters that have them."""

    def __init__(self, sources: Sequence[Source]) -> None:
        """Raises FilterError where kept keys are there and cannot be read."""
        # By the info object, which stands for one state of the filter: kept keys prove nothing
        # of another that has replaced it. It is kept, so that no other can take its id.
        self._kept: dict[int, tuple[SourceInfo, Proof]] = {}
        for source in sources:
            info, proof = source.info, source.proof()
            if proof is not None:
                self._kept[id(info)] = info, proof

    def __bool__(self) -> bool:
        return bool(self._kept)

    def settled(
        self, answers: Sequence[SourceAnswer], digests: Sequence[bytes]
    ) -> tuple[SourceAnswer, ...]:
        """`answers` about a subject of `digests`, hits confirmed or refuted where they can be."""
        return tuple(self._settle(answer, digests) for answer in answers)

    def close(self) -> None:
        """Close every file."""
        for _, kept in self._kept.values():
            kept.close()

    def _settle(self, answer: SourceAnswer, digests: Sequence[bytes]) -> SourceAnswer:
        _, kept = self._kept.get(id(answer.source), (None, None))
        if kept is None or answer.verdict is not Verdict.EXPOSED:
            return answer
        if any(kept.holds(digest) for digest in digests):
            return replace(answer, confirmed=True, false_alarm=0.0)
        if answer.source.signed:
            return replace(answer, confirmed=False)
        doubt = INCOMPLETE if answer.source.incomplete else None
        verdict = Verdict.UNKNOWN if doubt else Verdict.CLEAN
        return replace(
            answer, verdict=verdict, confirmed=False, false_alarm=None, matched=None, reason=doubt
        )
