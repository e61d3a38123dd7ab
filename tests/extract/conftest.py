"""Both engines for the tests that run one table of cases over them."""

from importlib import import_module
from types import ModuleType

import pytest


@pytest.fixture(params=["reference", "native"])
def kernels(request: pytest.FixtureRequest) -> ModuleType:
    """The extraction kernels of one engine."""
    if request.param == "native":
        pytest.importorskip("leakcheck._native")
    return import_module(f"leakcheck.extract.{request.param}")
