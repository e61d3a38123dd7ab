"""The one room that talks to `bloom`: filters as sources, builders, slices.

What the engine raises comes out as FilterError, with the name of the file.
"""

import math
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

import bloom
from bloom import ENGINE, PAGE_BYTES, Header
from bloom.format import MAGIC, page_is_sound
from leakcheck.errors import FilterError
from leakcheck.files import PUBLISHED, Draft, first_bytes
from leakcheck.language import said
from leakcheck.sources import Access, Proof, Source
from leakcheck.sources.filter_header import filter_errors, source_info
from leakcheck.sources.new_filter import check_output, keys_path
from leakcheck.trust import Standing
from leakcheck.trust.watched import Watched
from leakcheck.verdicts import (
    INCOMPLETE,
    Alarms,
    Code,
    Lookup,
    SourceAnswer,
    SourceInfo,
    Verdict,
)

if TYPE_CHECKING:
    from bloom import Builder
    from leakcheck.sources.identities import Digester
    from leakcheck.subject.identity import Digests, Identity
    from leakcheck.trust.store import Store

__all__ = [
    "ENGINE",
    "PAGE_BYTES",
    "Builder",
    "Header",
    "KeptKeys",
    "LocalFilter",
    "page_is_sound",
    "page_number",
]

DAMAGED = said("the page that would answer is damaged")
CHANGED = said("the filter was changed while it was asked")
_ABSENT, _PRESENT = bloom.Verdict.ABSENT, bloom.Verdict.PRESENT
OUTSIDE = said("the slice does not hold the page that would answer")
page_number = bloom.page_number


def __getattr__(name: str) -> Any:
    """What only builds need is loaded at its first use: a check starts sooner without."""
    if name == "Builder":
        return bloom.Builder
    raise AttributeError(name)


class KeptKeys:
    """The kept keys of a filter: they know for certain whether it holds a digest."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the record file at `path`. Raises FilterError where it is none."""
        with filter_errors(str(path)):
            self._records = bloom.RecordsFile.open(path)

    def belongs_to(self, header: Header) -> bool:
        """Whether these are the keys of the filter that has `header`."""
        return self._records.belongs_to(header)

    def holds(self, digest: bytes) -> bool:
        """Whether `digest` is one of the keys. Raises FilterError where they are damaged."""
        with filter_errors(said("the kept keys")):
            return self._records.holds(digest)

    def close(self) -> None:
        """Give the file back."""
        self._records.close()


class LocalFilter(Source):
    """A filter file as a source.

    Where the file under the name is replaced, or written to, it is opened
    anew at the next lookup, and what was answered meanwhile is asked again.
    Where its signed list changes, or whom the user trusts, that counts within
    a second.
    """

    path: Path
    concurrent = True

    def __init__(
        self, path: str | os.PathLike[str], name: str | None = None, *, shipped: bool = False
    ) -> None:
        """Open the filter at `path`. Raises FilterError where it is none.

        shipped: it comes with leakcheck: no mirror served it, and nobody need sign it.
        """
        self.path = Path(path)
        self._shown = name or self.path.name
        self._named = str(path) if name is None else name
        self._watched = None if shipped else Watched(self.path)
        self._lock = threading.Lock()
        self._access = Access(offline=True)
        self._digester: tuple[Identity, Digester] | None = None
        self._ready: _Ready | None = None
        self._filter, self.info = self._open()

    def reach(self, access: Access) -> None:
        """As for Source."""
        with self._lock:
            self._access, self._digester, self._ready = access, None, None

    @property
    def header(self) -> Header:
        """The header of the file as it was last opened."""
        return self._filter.header

    def _open(self) -> tuple[bloom.Filter, SourceInfo]:
        with filter_errors(self._named):
            opened = bloom.Filter.open(self.path)
        try:
            return opened, self._vouched(opened, source_info(opened.header, self._shown))
        except FilterError:
            opened.close()
            raise

    def _vouched(self, opened: bloom.Filter, info: SourceInfo) -> SourceInfo:
        """`info`, with who vouches for the file now, and why it can answer nothing, if so."""
        if self._watched is None:
            return info
        signed, doubt = self._watched.standing(opened, self._standing, waits=self._access.waits)
        if (signed, doubt) == (info.signed, info.doubt):
            return info
        return info._replace(signed=signed, doubt=doubt)

    def _standing(self, opened: bloom.Filter, store: "Store") -> Standing:
        """What vouches for the open file, by its own tree or by the proof of a slice."""
        from leakcheck.trust.local import standing

        found = None
        if opened.header.held != opened.header.pages:
            from leakcheck.sources import slices

            found = slices.standing(self.path, opened.fileno(), opened.header, store)
        return found or standing(self.path, opened.fileno(), opened.header.about, store)

    def _current(self) -> tuple[bloom.Filter, SourceInfo]:
        """The file under the name as it is now.

        Raises FilterError where it is none any more, or of another kind.
        """
        with self._lock:
            if self._filter.changed():
                opened, info = self._open()
                if info.kind is not self.info.kind:
                    opened.close()
                    raise FilterError(
                        said(
                            "{named}: the file now holds another kind of subject.",
                            named=self._named,
                        )
                    )
                # The old one is closed when the last who asks it lets go of it.
                self._filter, self.info = opened, info
            self.info = self._vouched(self._filter, self.info)
            return self._filter, self.info

    def lookup(self, digests: bytes) -> Lookup:
        """Ask for plain `digests`, packed end to end."""
        size = self.info.kind.digest_bytes
        for again in (True, False):
            try:
                asked, info = self._current()
            except FilterError as error:
                return Lookup.unknown(len(digests) // size, str(error).rstrip("."))
            reason = self._access.refuses(info)
            if reason is not None:
                return Lookup.unknown(len(digests) // size, reason)
            if info.identity is None:
                found, changed = self._answers(asked, digests)
            else:
                made = self._made(info.identity, digests, size)
                places = [at for at, one in enumerate(made.made) if one is not None]
                packed = b"".join([one for one in made.made if one is not None])
                found, changed = self._answers(asked, packed)
                found = found.spread(places, len(made.made), made.reasons)
            if not (changed and again):
                break
        return found.vouched(info)

    def answer_to(self, digest: bytes) -> SourceAnswer:
        """As for Source; a filter that answers for itself does it without a Lookup."""
        ready = self._ready
        if ready is None or monotonic() >= ready.due or ready.filter.changed():
            ready = self._made_ready()
        if ready is not None:
            code = ready.look_up(digest)
            if code is _ABSENT:
                return ready.absent
            if code is _PRESENT:
                return ready.exposed(digest)
        return super().answer_to(digest)

    def _made_ready(self) -> "_Ready | None":
        """What single answers need, for as long as it holds; None where each needs more."""
        if self.info.identity is not None or self.info.doubt is not None:
            return None
        try:
            asked, info = self._current()
        except FilterError:
            return None
        with self._lock:
            self._ready = None
            simple = info.identity is None and self.info is info
            if simple and self._access.refuses(info) is None:
                due = math.inf if self._watched is None else self._watched.until
                self._ready = _Ready(asked, info, due)
            return self._ready

    def refusal(self) -> str | None:
        """As for Source. Of a hardened or sealed filter, its digest of zeros is made once."""
        try:
            _, info = self._current()
        except FilterError as error:
            return str(error).rstrip(".")
        reason = self._access.refuses(info)
        if reason is None and info.identity is not None:
            size = info.kind.digest_bytes
            reason = self._made(info.identity, bytes(size), size).reasons.get(0)
        return reason

    def _answers(self, asked: bloom.Filter, digests: bytes) -> tuple[Lookup, bool]:
        """The answers to digests as the filter has them; whether the file changed under them."""
        size = asked.header.digest_bytes
        single = len(digests) == size
        codes = bytes([asked.look_up(digests)]) if single else asked.look_up_many(digests)
        changed = Code.UNKNOWN in codes and asked.changed()
        reasons = {}
        for index in _positions(codes, Code.UNKNOWN):
            number = page_number(asked.header, digests[index * size : (index + 1) * size])
            held = 0 <= number - asked.header.first < asked.header.held
            reasons[index] = CHANGED if changed else DAMAGED if held else OUTSIDE
        return Lookup(codes, _Alarms(asked, digests, codes), reasons), changed

    def _made(self, identity: "Identity", digests: bytes, size: int) -> "Digests":
        """What plain digests are in this filter."""
        from leakcheck.sources.identities import digester

        with self._lock:
            if self._digester is None or self._digester[0] != identity:
                self._digester = identity, digester(identity, self._access)
            made = self._digester[1]
        return made.digests([digests[at : at + size] for at in range(0, len(digests), size)])

    def proof(self) -> Proof | None:
        """The kept keys beside the file, where a build left them."""
        path = keys_path(self.path)
        if not path.is_file():
            return None
        kept = KeptKeys(path)
        if kept.belongs_to(self.header):
            return _Proof(kept, self) if self.info.identity else kept
        kept.close()
        raise FilterError(
            said(
                "{path}: these are the keys of another filter than {name}: remove them, or "
                "build it again with --keep-keys.",
                path=path,
                name=self.path.name,
            )
        )

    def pages_of(self, prefix: str) -> tuple[int, int]:
        """The first page, and how many, that keys whose hex digits begin with `prefix` are on."""
        digits = 2 * self.header.digest_bytes
        first, last = (
            page_number(self.header, bytes.fromhex(prefix.ljust(digits, fill))) for fill in "0f"
        )
        return first, last - first + 1

    def write_slice(self, output: str | os.PathLike[str], prefix: str, *, replace: bool) -> Header:
        """Write the pages that can hold a digest of `prefix` to `output`, whole or not at all.

        prefix: hex digits, at most as many as a digest has. Raises FilterError
        where this file lacks one of the pages or it is damaged, UsageError
        where the output exists and not `replace`.
        """
        check_output(Path(output), replace)
        pieces = self._slice(*self.pages_of(prefix))
        header = bloom.decode_header(start := next(pieces))
        with filter_errors(str(output)), Draft(Path(output), mode=PUBLISHED) as draft:
            draft.file.write(start)
            draft.file.writelines(pieces)
            draft.publish(replace=replace)
        return header

    def _slice(self, first: int, held: int) -> Iterator[bytes]:
        with filter_errors(str(self.path)):
            yield from self._filter.slice(first, held)

    def damaged_pages(self) -> Iterator[int]:
        """The numbers of the pages whose checksum does not match."""
        return self._filter.damaged_pages()

    def measured_rate(self) -> float:
        """The false-positive rate, measured from the bits set in every page."""
        return self._filter.measured_rate()

    def close(self) -> None:
        """Give the file back."""
        self._filter.close()


class _Ready:
    """A filter that answers for itself, and the answers that it gave.

    due: the monotonic time at which what vouches for it must be looked at again.
    """

    def __init__(self, filter_: bloom.Filter, info: SourceInfo, due: float) -> None:
        self.filter, self.info, self.due = filter_, info, due
        self.look_up, self._alarm = filter_.look_up, filter_.false_alarm
        self.absent = SourceAnswer(info, Verdict.CLEAN)
        if info.incomplete:
            self.absent = SourceAnswer(info, Verdict.UNKNOWN, reason=INCOMPLETE)
        self._exposed: dict[float, SourceAnswer] = {}

    def exposed(self, digest: bytes) -> SourceAnswer:
        """The answer to a digest that was found: there are as many as pages have loads."""
        try:
            alarm = self._alarm(digest)
        except (bloom.BloomError, OSError):
            alarm = self.info.fpr  # the page was there a moment ago: the mean is true
        found = self._exposed.get(alarm)
        if found is None:
            found = SourceAnswer(self.info, Verdict.EXPOSED, alarm)
            self._exposed[alarm] = found
        return found


class _Proof:
    """The kept keys of a filter that has an identity."""

    def __init__(self, kept: KeptKeys, source: LocalFilter) -> None:
        self._kept, self._source = kept, source

    def holds(self, digest: bytes) -> bool:
        """Whether a plain `digest` is one of the keys. Raises FilterError."""
        identity = self._source.info.identity
        assert identity is not None
        found = self._source._made(identity, digest, len(digest))
        if found.made[0] is None:
            raise FilterError(
                said("The kept keys cannot be asked: {reasons}.", reasons=found.reasons[0])
            )
        return self._kept.holds(found.made[0])

    def close(self) -> None:
        """Give the file back."""
        self._kept.close()


class _Alarms(Alarms):
    """Of a list that is all hits, most are only counted."""

    def __init__(self, filter_: bloom.Filter, digests: bytes, codes: bytes) -> None:
        self._filter, self._digests, self._codes = filter_, digests, codes

    def __getitem__(self, index: int) -> float:
        if not 0 <= index < len(self._codes) or self._codes[index] != Code.EXPOSED:
            raise KeyError(index)
        return self.at([index])[0]

    def at(self, indexes: Sequence[int]) -> list[float]:
        """The probabilities at many `indexes`, all of them found."""
        size = self._filter.header.digest_bytes
        if len(indexes) == len(self._codes):
            packed = self._digests
        else:
            packed = b"".join([self._digests[at * size : (at + 1) * size] for at in indexes])
        try:
            return self._filter.false_alarms(packed)
        except (bloom.BloomError, OSError):
            # The page was there a moment ago: the mean is true.
            return [self._filter.header.fpr] * len(indexes)

    def __iter__(self) -> Iterator[int]:
        return _positions(self._codes, Code.EXPOSED)

    def __len__(self) -> int:
        return self._codes.count(Code.EXPOSED)


def page_answer(header: Header, number: int, page: bytes, digest: bytes) -> tuple[int, float]:
    """For a page from elsewhere: the code, as in Lookup.codes, and the false-alarm probability."""
    code = int(bloom.look_up_in_page(header, number, page, digest))
    return code, bloom.page_rate(header, page) if code == Code.EXPOSED else 0.0


class Kept(NamedTuple):
    """A file of kept keys, and the `about` of what they are the keys of."""

    path: Path
    about: Mapping[str, Any]


def kept_keys(path: Path) -> Kept:
    """The kept keys of the filter at `path`, or `path` itself where it is such a file.

    Raises FilterError where it is neither, or where what stands beside the
    filter are not its keys.
    """
    with filter_errors(str(path)):
        first = first_bytes(path, len(MAGIC))
    if first and first != MAGIC:
        with filter_errors(str(path)), bloom.read_keys(path) as kept:
            return Kept(path, dict(kept.about))
    found = LocalFilter(path)
    try:
        proof = found.proof()
    finally:
        found.close()
    if proof is None:
        raise FilterError(
            said("{path}: its keys were not kept: build it again with --keep-keys.", path=path)
        )
    proof.close()
    return Kept(keys_path(path), dict(found.header.about))


def forget_old_keys(output: Path, header: Header) -> str | None:
    """Remove the kept keys beside the filter just written to `output` if they are another's.

    header: what was written. Returns a sentence where there were some. What
    is no file of keys is left alone.
    """
    path = keys_path(output)
    try:
        old = KeptKeys(path)
    except FilterError:
        return None
    belongs = old.belongs_to(header)
    old.close()
    if belongs:
        return None
    with filter_errors(str(path)):
        path.unlink(missing_ok=True)
    return said(
        "{name} held the keys of the filter that was replaced: it was removed.", name=path.name
    )


def merge_kept(
    kept: Sequence[Path], output: Path, rate: float, about: Mapping[str, Any], **options: Any
) -> Header:
    """Write the filter of all `kept` keys: see bloom.merge_keys."""
    with filter_errors(str(output)):
        return bloom.merge_keys(kept, output, rate, about, **options)


def _positions(codes: bytes, wanted: int) -> Iterator[int]:
    at = codes.find(wanted)
    while at >= 0:
        yield at
        at = codes.find(wanted, at + 1)
