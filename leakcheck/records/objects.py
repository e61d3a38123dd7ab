"""Objects within objects, as JSON, YAML and XML have them, become rows.

A record of secrets is an object that has a secret of its own; what is in it
and has none belongs to it. So of `{"users": {"k1": {...}, "k2": {...}}}` each
is one. What a record lacks of address, login and labels it takes from what
stands around it. A record of addresses is a line, an item of the outermost
list, or an object kept by name that has an address of its own. An item of a
list in which nothing is found is a record without it, and counted; so is an
object that has names in common with a record beside it, but no secret.

A member may be named by its neighbour, as in `{"key": "Password", "value":
"x"}`, which is a member of what stands around it, and an object by its address,
as in `{"a@b.fr": "x"}`.

Objects are let go once seen; what is held is bounded.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from leakcheck.records import columns
from leakcheck.records.columns import Role
from leakcheck.records.rows import Row, Shapes, Wanted

MOST_HELD = 256  # records that wait for what stands around them
MOST_CELLS = 2048  # of one object
VALUE = "value"
"""The name of what has none: an address in a list at the top."""
_NAMING = ("key", "designation", "label", "fieldname", "field", "name", "title", "type", "k", "n")
_VALUES = frozenset(("value", "val", "v", "content"))
_FLAGS = frozenset(("encrypted", "passwordprotected"))  # true or false, in Bitwarden's exports
_AROUND = (Role.ADDRESS, Role.LOGIN, Role.LABEL)
Cell = tuple[str, str]
_SCALARS = frozenset((str, bool, type(None)))


@dataclass(slots=True)
class _Record:
    """A record that waits; blank: whether nothing is in it that was looked for."""

    cells: list[Cell]
    blank: bool = False


@dataclass(slots=True)
class _Node:
    """An object or a list that is open.

    Attributes:
        name: of the member that it is, or the list around it is.
        is_map: whether its members have names.
        depth: how many lists are around it, lines of text included.
        above: the object around it, whose part it may be.
        cells: its own, and those of the parts in it.
        inner: the records in it that wait for what stands around them.
        key: the name of the member that is read.
        shape: the names of members that the records right within it have.
        plain: the objects right within it that have no secret.
    """

    name: str
    is_map: bool
    depth: int
    above: "_Node | None"
    cells: list[Cell] = field(default_factory=list)
    inner: list[_Record] = field(default_factory=list)
    found: bool = False
    key: str = ""
    shape: set[str] = field(default_factory=set)
    plain: list[list[Cell]] = field(default_factory=list)


class Records:
    """The records that are open while a document passes by as events.

    begin, key, scalar and end take the events; take() gives the rows that are
    complete. lines: whether each value at the top is one of many, as in JSON
    lines; number: of the rows, which in lines the caller sets.
    """

    def __init__(self, wanted: Wanted, lines: bool = False) -> None:
        self._secret, self._asked = wanted.kind.secret, wanted.columns
        self._lines = lines
        self._open: list[_Node] = []
        self._ready: list[Row] = []
        self._names: Shapes[tuple[str, ...]] = Shapes()
        self._flat: Shapes[bool] = Shapes()
        self.number = 0

    @property
    def depth(self) -> int:
        """How many objects and lists are open."""
        return len(self._open)

    def begin(self, is_map: bool) -> None:
        """An object, or a list, opens."""
        if not self._open:
            self._open.append(_Node("", is_map, int(self._lines), None))
            return
        last = self._open[-1]
        name = last.key if last.is_map else last.name
        above = last if last.is_map else last.above
        self._open.append(_Node(name, is_map, last.depth + (not last.is_map), above))

    def key(self, name: str) -> None:
        """The name of the member that comes next."""
        self._open[-1].key = name

    def scalar(self, text: str, subject: bool = True) -> None:
        """A value; subject: whether it can be one, as a truth value cannot."""
        last = self._open[-1] if self._open else None
        owner = last.above if last is not None and not last.is_map else last
        if last is None or owner is None:
            self._emit([("password" if self._secret else VALUE, text if subject else "")])
            return
        name = last.key if last.is_map else last.name
        if self._secret and not subject and text and columns.bare(name) in _FLAGS:
            return  # says how a document is written, and is no secret in it
        if last.is_map and subject and self._secret and columns.looks_like_address(name):
            owner.inner.append(_Record([("address", name), ("password", text)]))
            return
        if len(owner.cells) >= MOST_CELLS:
            self._overflow(owner)
        owner.cells.append((name, text if subject or not self._wants(name, text) else ""))

    def flat(self, members: Sequence[tuple[str, Any]]) -> bool:
        """An object at the top, at once, where all that can be said of it is its members: as many
        lines are. False where it is not so, and nothing of it was taken.
        """
        if self._secret or self._open or not self._lines or not 0 < len(members) <= MOST_CELLS:
            return False
        names, parts = zip(*members, strict=True)
        if not _SCALARS.issuperset(map(type, parts)):
            return False
        known = self._flat.get(names)
        if known is None:
            known = self._flat[names] = not any(
                columns.bare(_last(name)) in _VALUES for name in names
            )
        if not known:
            return False
        texts = [
            part if type(part) is str else "" if part is None else self._not_subject(name, part)
            for name, part in members
        ]
        self._ready.append(Row(self.number, self._kept(names), tuple(texts)))
        return True

    def _not_subject(self, name: str, part: bool) -> str:
        """The text of a truth value, which is not what is looked for."""
        text = str(part).lower()
        return "" if self._wants(name, text) else text

    def end(self) -> None:
        """The innermost object or list closes."""
        node = self._open.pop()
        self._compare(node)
        if node.is_map:
            if columns.looks_like_address(node.name):
                node.cells.insert(0, ("address", node.name))
            cells = _named_by_neighbours(node.cells)
            member = cells is not node.cells and bool(self._open) and node.above is not None
            node.cells = cells
            if not member:
                (self._close_secret if self._secret else self._close_address)(node)
        self._hand_up(node)

    def take(self) -> list[Row]:
        """The rows that are complete."""
        ready, self._ready = self._ready, []
        return ready

    # ---- objects

    def _wants(self, name: str, text: str) -> bool:
        """Whether a member is what is looked for."""
        if not self._secret:
            return columns.looks_like_address(text) or columns.role(name) is Role.ADDRESS
        if self._asked:
            last = name.rpartition(".")[2]
            return any(columns.same(name, one) or columns.same(last, one) for one in self._asked)
        return columns.role(name) in (Role.PASSWORD, Role.HASH)

    def _close_secret(self, node: _Node) -> None:
        """An object is complete: a record where it has a secret of its own."""
        if any(self._wants(*cell) for cell in node.cells):
            node.inner = [one for one in node.inner if not one.blank]
            around = _around(node.cells)
            for one in node.inner:
                _lend(one.cells, around)
            if self._open and len(self._open[-1].shape) < MOST_CELLS:
                self._open[-1].shape |= {name for name, _ in node.cells}
            node.inner.insert(0, _Record(node.cells))
            node.cells = []
            return
        alone = self._is_item(node) or not self._open
        if node.depth == 1 and alone and node.cells and not node.inner and not node.found:
            node.inner.append(_Record(node.cells, blank=True))
            node.cells = []
            return
        for one in node.inner:
            _lend(one.cells, node.cells)
        if self._open and node.cells and not node.inner and not node.found:
            outer = self._open[-1]
            outer.plain.append(list(node.cells))
            if len(outer.plain) > MOST_HELD:
                self._compare(outer)
                outer.plain = _merged(outer.plain)

    def _compare(self, node: _Node) -> None:
        """Count the objects in `node` that are like the records beside them, but for a secret."""
        if not node.shape:
            return
        for cells in node.plain:
            names = {name for name, text in cells if text}
            if names and len(names & node.shape) * 2 >= len(names):
                node.inner.append(_Record(cells))
        node.plain = []

    def _close_address(self, node: _Node) -> None:
        """The same of addresses: a line, an item of the outermost list, an object by name."""
        own = any(self._wants(*cell) for cell in node.cells)
        if node.depth == 1 and (self._is_item(node) or not self._open):
            node.inner = [_Record(node.cells)] if node.cells else []
        elif node.depth == 0 and own:
            parts = [cell for one in node.inner for cell in one.cells]
            node.inner = [_Record([*node.cells, *parts])]
        elif node.depth == 0 and not self._open and not node.found and not node.inner:
            node.inner = [_Record(node.cells, blank=True)] if node.cells else []
        else:
            return
        node.cells = []

    def _is_item(self, node: _Node) -> bool:
        """Whether a closed object is an item of a list."""
        return bool(self._open) and not self._open[-1].is_map

    def _hand_up(self, node: _Node) -> None:
        """Give what is in a closed object or list to the one around it."""
        if not self._open:
            self._flush(node)
            if node.cells and not node.found:
                self._emit(node.cells)
            return
        last = self._open[-1]
        owner = last if last.is_map else last.above
        lent = not last.is_map and (node.found or bool(node.inner))  # to the records in an item
        if node.is_map and owner is not None and node.cells and not (self._secret and lent):
            room = MOST_CELLS - len(owner.cells)
            owner.cells += [(_joined(node.name, name), text) for name, text in node.cells[:room]]
        last.inner += node.inner
        last.found = last.found or node.found or bool(node.inner)
        if (not last.is_map and len(self._open) == 1) or len(last.inner) > MOST_HELD:
            self._flush(last)

    def _overflow(self, owner: _Node) -> None:
        """An object with too many members: what is wanted of them is taken, the rest let go."""
        around = _around(owner.cells)[:64]
        kept = [cell for cell in owner.cells if self._wants(*cell)]
        if kept:
            owner.inner.append(_Record([*kept, *(one for one in around if one not in kept)]))
            self._flush(owner)
        owner.cells = around

    def _flush(self, node: _Node) -> None:
        """The records in `node` wait no longer."""
        around: list[Cell] = []
        if self._secret:
            above = [one for one in reversed(self._open) if one.is_map and one is not node]
            around = [cell for one in (node, *above) for cell in _around(one.cells)]
        for one in node.inner:
            _lend(one.cells, around)
            self._emit(one.cells)
        node.found = node.found or bool(node.inner)
        node.inner = []

    def _emit(self, cells: list[Cell]) -> None:
        if not self._lines:
            self.number += 1
        names = self._kept(tuple(name for name, _ in cells))
        self._ready.append(Row(self.number, names, tuple(text for _, text in cells)))

    def _kept(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The same names, of which rows of one shape share one tuple."""
        known = self._names.get(names)
        if known is None:
            known = self._names[names] = names
        return known


def _merged(plain: list[list[Cell]]) -> list[list[Cell]]:
    """One of each shape: it stands for those that are too many to be held."""
    shapes = {tuple(name for name, text in cells if text): cells for cells in plain}
    return list(shapes.values())[-MOST_HELD:]


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _around(cells: list[Cell]) -> list[Cell]:
    """What of an object's cells is lent to the records in it."""
    return [cell for cell in cells if columns.role(cell[0]) in _AROUND]


def _lend(cells: list[Cell], around: list[Cell]) -> None:
    """Give a record what it lacks: an address or a login, labels."""
    if not around:
        return
    names = {name for name, _ in cells}
    alone = not any(text and columns.role(name) in _AROUND[:2] for name, text in cells)
    for name, text in around:
        role = columns.role(name)
        if role in _AROUND and text and name not in names and (alone or role is Role.LABEL):
            cells.append((name, text))
            names.add(name)


def _named_by_neighbours(cells: list[Cell]) -> list[Cell]:
    """The same with `key: Password, value: x` as `Password: x`."""
    values = [cell for cell in cells if columns.bare(_last(cell[0])) in _VALUES]
    if not values:
        return cells
    given = {columns.bare(_last(name)): text for name, text in cells}
    for naming in _NAMING:
        text = given.get(naming, "")
        if text and len(text) <= 64 and columns.role(text) not in (Role.OTHER, Role.KNOWN):
            rest = [
                cell
                for cell in cells
                if cell not in values and columns.bare(_last(cell[0])) not in _NAMING
            ]
            name = text.replace(".", " ")
            return [*rest, *((name, value) for _, value in values)]
    return cells


def _last(name: str) -> str:
    return name.rpartition(".")[2]
