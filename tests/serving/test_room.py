"""Which connection makes room, and from where one comes."""

import time
from dataclasses import dataclass, field

import pytest

from leakcheck.serving import guard
from leakcheck.serving.guard import GuardedProtocol, Room, place_of


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9%eth0", "2001:db8:1:2::"),
        ("2001:db8:1:3::9", "2001:db8:1:3::"),
        ("", ""),
        ("a socket", "a socket"),
    ],
)
def test_where_a_connection_comes_from(address: str, place: str) -> None:
    assert place_of(address) == place


@dataclass(eq=False)
class Link:
    """A connection as a room sees it."""

    place: str = "192.0.2.1"
    since: float = 0.0
    waits: bool = True
    stalled: float | None = None
    ended: bool = field(default=False, init=False)
    late: bool = False

    def end(self) -> None:
        self.ended = True

    def is_late(self, now: float) -> bool:
        return self.late


def enter(room: Room, *links: Link) -> list[Link]:
    """Let connections in, one after the other; those that had to end."""
    for link in links:
        room.enter(link)  # type: ignore[arg-type]
    return [link for link in links if link.ended]


def test_of_too_many_from_one_address_the_one_that_waited_longest_ends() -> None:
    room = Room(100, from_one=3)
    other = Link("192.0.2.2", since=-9)
    links = [Link(since=at) for at in (5, 2, 8, 6)]
    assert enter(room, other, *links[:3]) == []
    assert enter(room, links[3]) == []
    assert [link.ended for link in (other, *links)] == [False, False, True, False, False]
    assert enter(room, Link(since=9)) == []  # 5 had waited longest of those that are left
    assert [link.ended for link in links] == [True, True, False, False]


def test_of_too_many_in_all_the_one_that_waited_longest_ends() -> None:
    room = Room(2, from_one=2)
    links = [Link(f"192.0.2.{at}", since=since) for at, since in enumerate((5, 2, 8))]
    assert enter(room, *links) == [links[1]]
    room.leave(links[0])  # type: ignore[arg-type]
    more = Link("192.0.2.9", since=9)
    assert enter(room, more) == []
    assert not links[2].ended


def test_who_is_answered_stays_while_others_wait_or_do_not_read() -> None:
    busy = [Link(since=at, waits=False) for at in range(3)]
    idle, stuck = Link(since=50), Link(since=-7, waits=False, stalled=1.0)
    assert enter(Room(9, from_one=4), *busy, idle, Link(since=60)) == [idle]
    assert enter(Room(9, from_one=4), *busy, stuck, Link(since=60, waits=False)) == [stuck]


def test_where_all_are_answered_the_new_one_goes() -> None:
    busy = [Link(since=at, waits=False) for at in range(3)]
    new = Link(since=9)
    room = Room(9, from_one=3)
    assert enter(room, *busy, new) == [new]
    room.leave(new)  # type: ignore[arg-type]
    room.leave(busy[0])  # type: ignore[arg-type]
    assert enter(room, Link(since=10)) == []


def test_whose_time_is_over_is_swept() -> None:
    room = Room(9)
    links = [Link("192.0.2.1"), Link("192.0.2.1", late=True), Link("192.0.2.2", late=True)]
    enter(room, *links)
    room.sweep()
    assert [link.ended for link in links] == [False, True, True]


@pytest.mark.parametrize(
    ("stalled", "waits", "begun", "late"),
    [
        (None, True, 0.0, False),
        (None, True, guard.HEAD_SECONDS - 1, False),
        (None, True, guard.HEAD_SECONDS + 1, True),
        (None, False, guard.HEAD_SECONDS + 1, False),  # it is being answered
        (None, True, None, False),  # between two requests
        (guard.STALL_SECONDS - 1, False, None, False),
        (guard.STALL_SECONDS + 1, False, None, True),
    ],
)
def test_times(stalled: float | None, waits: bool, begun: float | None, late: bool) -> None:
    """stalled, begun: so many seconds ago."""
    now = time.monotonic()

    class Connection(GuardedProtocol):
        def __init__(self) -> None:
            self.stalled = None if stalled is None else now - stalled
            self.begun = None if begun is None else now - begun
            self._idle = None

    Connection.waits = property(lambda _: waits)  # type: ignore[assignment, method-assign]
    assert Connection().is_late(now) is late


@pytest.mark.parametrize(("idle", "late"), [(-1, False), (1, True)])
def test_who_was_answered_and_asks_no_more_is_late_in_the_end(idle: float, late: bool) -> None:
    """idle: seconds more than it may keep silent."""
    now = time.monotonic()

    class Connection(GuardedProtocol):
        def __init__(self) -> None:
            self.stalled = self.begun = None
            self._idle = now - guard.KEEP_SECONDS - idle

    Connection.waits = property(lambda _: True)  # type: ignore[assignment, method-assign]
    assert Connection().is_late(now) is late
