"""What every test sees: a home of its own, no CI variable, the engine that was asked for."""

import importlib
import os
import signal

import pytest
from hypothesis import HealthCheck, settings

from leakcheck.config import VARIABLES
from leakcheck.terminal import Settings

# A machine may be busy: each test has its time limit, and no example one of its own. And what
# passed once passes again: examples are the same each time, but with --hypothesis-profile free.
busy = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("free", busy)
settings.register_profile("same", busy, derandomize=True)
settings.load_profile("same")


def pytest_report_header() -> str:
    """The engine that runs, so that a log says which."""
    from bloom import ENGINE

    return f"engine: {ENGINE}"


def pytest_configure() -> None:
    """Fail at once where the native engine must be there and is not.

    Where interrupts are ignored, as in the background of a script, children
    would ignore them as well: here they do what they do at a terminal. A child
    imports what is installed, not the tree that the tests are run in.
    """
    os.environ["PYTHONSAFEPATH"] = "1"
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["LC_ALL"] = "C.UTF-8"  # the language of whoever runs the tests is not theirs
    for name in ("LANGUAGE", *VARIABLES):
        os.environ.pop(name, None)
    if os.environ.get("LEAKCHECK_REQUIRE_NATIVE"):
        for extension in ("bloom._native", "leakcheck._native"):
            importlib.import_module(extension)


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.delenv("CI", raising=False)
    # What one test asks of the terminal is not for the next, which may run in this process too.
    monkeypatch.setattr("leakcheck.terminal._settings", Settings())
    monkeypatch.setattr("leakcheck.language._spoken", None)
    monkeypatch.setattr("leakcheck.config._current", None)
