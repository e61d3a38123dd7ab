"""A line that is an address and a plain password, as most are of a combo list.

Rule: what is found in it and how it is shown is what matches() and Shower make of it, at a
tenth of the cost; where it might not be, the answer is None.
"""

from leakcheck import extract
from leakcheck.hunting.context import Shown
from leakcheck.hunting.hosts import over
from leakcheck.hunting.matching import Match
from leakcheck.hunting.secrets import PASSWORD, may_be_more
from leakcheck.hunting.watch import Watch
from leakcheck.patterns import late
from leakcheck.subject.tables import TLDS

_PLAIN = late(
    rb"([A-Za-z][A-Za-z0-9._+-]{0,30})@([A-Za-z0-9][A-Za-z0-9.-]{0,30}):([A-Za-z0-9_!.@#+?~^-]{2,31})\r?"
)
_BETWEEN = late(rb"[._+]")


def plain_hits(piece: bytes, watch: Watch) -> dict[Match, Shown] | None:
    """All matches in `piece` by place, each as it is shown; None where the general rules decide."""
    line = _PLAIN.fullmatch(piece)
    if line is None or watch.terms:
        return None
    end = line.end(2)
    spans = extract.address_spans(piece)
    if len(spans) != 1 or may_be_more(piece.decode(), line[2].decode()):
        return None
    start, stop, canonical = spans[0]
    if start != 0 or stop != end or canonical != piece[:end].lower():
        return None
    address, host = canonical.decode(), line[2]
    found: dict[Match, Shown] = {}
    if (entry := watch.addresses.get(canonical)) is not None:
        found[Match(0, end, entry, address)] = _shown(watch.text(entry))
    if (entry := watch.at_domains.get(host.lower())) is not None:
        found[Match(0, end, entry, address)] = _shown(address)
    if watch.domains:
        if _may_hold_another(line[1].lower(), line[3]) or host != host.lower() or b"--" in host:
            return None
        for entry in over(host, watch.domains):
            match = Match(line.start(2), end, entry, host.decode())
            found[match] = _shown(address)
    return dict(sorted(found.items())) if len(found) > 1 else found


def _shown(label: str) -> Shown:
    return Shown(label, [PASSWORD], f"{label}:[{PASSWORD}]")


def _may_hold_another(local: bytes, password: bytes) -> bool:
    """Whether a host name may stand before the at sign, or in the password."""
    if b"." in password:
        return True
    return b"." in local and any(label in TLDS or b"-" in label for label in _BETWEEN.split(local))
