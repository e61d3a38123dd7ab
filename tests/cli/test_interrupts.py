"""An interrupt that Python loses comes again, and no traceback is seen."""

import subprocess
import sys

import pytest

LOST = """
import os, signal, sys, time, weakref
from leakcheck import __main__ as program
from leakcheck.progress import Progress
from leakcheck.scanning.interrupts import Interrupts

number = getattr(signal, sys.argv[1])

class Thing:
    def __del__(self):
        if sys.argv[2] == "del":
            tell(None)

def tell(_):
    os.kill(os.getpid(), number)
    for _ in range(10_000):
        pass

def work(_):
    with Progress("reading"):
        if sys.argv[3] == "scan":
            with Interrupts():
                wait()
        wait()

def wait():
    thing = Thing()
    kept = weakref.ref(thing, tell if sys.argv[2] == "weak" else None)
    del thing  # what is raised now is lost
    time.sleep(20)
    print("went on")

program._invoke = work
program.main()
"""


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize(("where", "what"), [("weak", "build"), ("del", "scan")])
def test_an_interrupt_that_is_lost_comes_again(number: str, where: str, what: str) -> None:
    command = [sys.executable, "-c", LOST, number, where, what]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    sentence = "leakcheck: Interrupted: nothing was left half-written.\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", sentence)


LATE = """
import os, signal, sys, time, weakref
from leakcheck import __main__ as program
from leakcheck.progress import Progress

class Thing:
    pass

def tell(_):
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(10_000):
        pass

def work(_):
    with Progress("reading"):
        thing = Thing()
        kept = weakref.ref(thing, tell)
        del thing
    time.sleep(20)

program._invoke = work
program.main()
"""


def test_one_that_is_lost_as_work_ends_does_not_kill() -> None:
    command = [sys.executable, "-c", LATE, "build"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    sentence = "leakcheck: Interrupted: nothing was left half-written.\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", sentence)


FAULT = """
from leakcheck import __main__ as program

class Thing:
    def __del__(self):
        raise ValueError("sentinelword")

program._invoke = lambda _: Thing() and 0
program.main()
"""


def test_a_fault_that_python_would_only_print_is_one_sentence() -> None:
    command = [sys.executable, "-c", FAULT, "build"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "fault in leakcheck" in done.stderr
    assert "sentinelword" not in done.stderr
    assert done.stderr.count("\n") == 1
