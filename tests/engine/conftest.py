"""The engines side by side, and keys to feed them."""

import hashlib
import os
import random
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest


def native_module() -> ModuleType | None:
    """The native kernels, or None where they were not built."""
    try:
        return import_module("bloom._native")
    except ImportError:
        if os.environ.get("LEAKCHECK_REQUIRE_NATIVE"):
            raise
        return None


@pytest.fixture(params=["reference", "native"])
def kernels(request: pytest.FixtureRequest) -> ModuleType:
    """One engine after the other."""
    if request.param == "reference":
        return import_module("bloom.reference")
    return native_module() or pytest.skip("the native engine is not built")


@pytest.fixture(scope="session")
def both() -> tuple[ModuleType, ModuleType]:
    """(reference, native)."""
    native = native_module() or pytest.skip("the native engine is not built")
    return import_module("bloom.reference"), native


@pytest.fixture(scope="session")
def keys() -> Callable[..., bytes]:
    """keys(count, seed=0, size=20): so many random digests, packed."""

    def make(count: int, seed: int = 0, size: int = 20) -> bytes:
        return random.Random(seed).randbytes(count * size)

    return make


@pytest.fixture(scope="session")
def sum_of() -> Callable[[Path], str]:
    """The SHA-256 of a file."""
    return lambda path: hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def small_pools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pools so small that a few thousand keys spill."""
    monkeypatch.setattr("bloom.builder.LEAST_POOL", 0)
    monkeypatch.setattr("bloom.memory._LEAST", 1 << 18)
    monkeypatch.setattr("bloom.builder._PIECE_BYTES", 20_000)
