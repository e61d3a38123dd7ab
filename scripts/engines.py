"""Both engines at once: each call of a kernel is made of both, and what comes back is compared.

    import engines  # before anything that chooses an engine

After this, what `bloom.engine` hands out is a `Both`: it runs the native kernel
and its plain-Python twin, raises `Differs` where their results, the
buffers they wrote to or the kinds of their errors are not the same, and gives
the native result. So one case goes through both, and all the code around them
runs once. A shortcut that plain Python does not take is compared with `compared`.
"""

import operator
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

import bloom.engine

_PLAIN = (type(None), bool, int, float, str, bytes, bytearray, list, tuple, dict)
_OWN = {"nbytes"}  # what each engine says of itself
_WRITERS = {"fill", "seal"}  # write to the buffer that they are given
_SHORTCUTS = {"table_column"}  # in plain Python, None ever: "look at each line"


class _Shortcuts:
    """Whether they are taken, and how many were."""

    closed = False
    taken = 0


class Differs(AssertionError):
    """The engines do not say the same."""


class Both:
    """A module, or an object of a kernel, as both engines have it."""

    def __init__(self, native: Any, python: Any) -> None:
        self.native, self.python = native, python

    def __getattr__(self, name: str) -> Any:
        """A function of both, or a value that both agree on."""
        native, python = getattr(self.native, name), getattr(self.python, name)
        if not callable(native):
            return native if name in _OWN else _agreed(name, native, python)

        def call(*given: Any, **named: Any) -> Any:
            return _called(name, native, python, given, named)

        if isinstance(self.native, ModuleType):
            setattr(self, name, call)
        return call


def _called(
    name: str, native: Callable[..., Any], python: Callable[..., Any], given: Any, named: Any
) -> Any:
    """What a function gives in both engines. Raises what it raises in both."""
    copies = [_copy(one) if name in _WRITERS else _side(one, "python") for one in given]
    try:
        first = native(*[_side(one, "native") for one in given], **named)
    except Exception as error:
        try:
            other = python(*copies, **named)
        except type(error):
            raise error from None
        raise Differs(f"{name}: {type(error).__name__}, and in Python {other!r}"[:300]) from error
    second = python(*copies, **named)
    if name in _WRITERS and any(map(operator.ne, given, copies)):
        raise Differs(f"{name}: the buffers differ")
    return _agreed(name, first, second)


def _agreed(name: str, native: Any, python: Any) -> Any:
    """The result of both, where they are the same; objects are kept as a pair."""
    if name in _SHORTCUTS:
        _Shortcuts.taken += native is not None
        return python if _Shortcuts.closed else native
    if not isinstance(native, _PLAIN):
        return Both(native, python)
    if native != python and _plain(native) != _plain(python):
        raise Differs(f"{name}: {native!r}, and in Python {python!r}"[:300])
    return native


def _plain(value: Any) -> Any:
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _side(value: Any, side: str) -> Any:
    """What one engine gets of an argument."""
    if isinstance(value, Both):
        return getattr(value, side)
    if isinstance(value, list | tuple) and any(isinstance(one, Both) for one in value):
        return [_side(one, side) for one in value]
    return value


def _copy(value: Any) -> Any:
    """A buffer that may be written to, for the plain-Python engine alone."""
    return bytearray(value) if isinstance(value, bytearray | memoryview) else value


def compared(work: Callable[[], Any]) -> Any:
    """What `work` gives; where it took a shortcut, it must come to the same without."""
    _Shortcuts.taken = 0
    first = work()
    if _Shortcuts.taken:
        _Shortcuts.closed = True
        try:
            second = work()
        finally:
            _Shortcuts.closed = False
        if first != second:
            raise Differs(f"with a shortcut {first!r}, and without {second!r}"[:600])
    return first


def choose(native: str, reference: str) -> tuple[str, Any]:
    """As `bloom.engine.choose`, but both."""
    return "native", Both(import_module(native), import_module(reference))


_, bloom.engine.kernels = choose("bloom._native", "bloom.reference")
bloom.engine.choose = choose
