"""Spark sessions: the one at hand, or one of our own, ended with the block."""

import os
import re
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from leakcheck.errors import LeakcheckError, UsageError, fault
from leakcheck.language import said

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

HERE = "spark"
"""The session at hand, as in spark-submit or a notebook; else one of this machine's cores."""
_MASTER = re.compile(rf"{HERE}|yarn|local(\[.+\])?|(spark|k8s|sc)://.+")
_FAULT = re.compile(r"\b[A-Z]\w{2,60}(?:Error|Exception|Failure|Failed)\b")
_LOOK = 0.2  # seconds between two looks at the progress
_MISSING = said(
    "Spark is not installed here: pip install 'leakcheck-bloom[spark]', and Java 17 or later."
)
_NO_JAVA = said(
    "Spark could not be started: it needs Java 17 or later (JAVA_HOME, or java on the PATH)."
)


@contextmanager
def session_on(on: str) -> Iterator["SparkSession"]:
    """A session on `on`: HERE, or the URL of a master (local[2], spark://…, yarn, sc://…).

    Ended with the block where it was begun here. Raises UsageError where there is none.
    """
    if not _MASTER.fullmatch(on):
        raise UsageError(
            said(
                "--on takes {here}, or a master such as local[2], spark://HOST:7077, "
                "yarn, k8s://HOST or sc://HOST.",
                here=HERE,
            )
        )
    try:
        import pyarrow  # noqa: F401 - the tasks need it, and a job's failure would not say so
        from pyspark.sql import SparkSession
    except ImportError:
        raise UsageError(_MISSING) from None
    at_hand = SparkSession.getActiveSession() if on == HERE else None
    if at_hand is not None:
        yield at_hand
        return
    session = _begun(SparkSession.builder, on)
    try:
        yield session
    finally:
        with suppress(Exception):  # the work is done, or its error is under way
            session.stop()


def _begun(builder: Any, on: str) -> "SparkSession":
    """A new session. Raises UsageError where Spark does not start."""
    if not on.startswith("yarn"):
        # The workers' own default is another Python, which has no leakcheck.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    settings = dict(_SETTINGS)
    if on != HERE:
        settings["spark.remote" if on.startswith("sc:") else "spark.master"] = on
    if on.startswith("local"):
        settings |= dict.fromkeys(("spark.driver.host", "spark.driver.bindAddress"), "127.0.0.1")
    try:
        if not on.startswith("sc:"):
            _quietly(settings)
        for name, value in settings.items():
            builder = builder.config(name, value)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the versions of libraries, which nobody can heed
            return builder.getOrCreate()
    except Exception as error:  # Spark has many
        raise UsageError(_not_begun(on, error)) from None


_SETTINGS = {
    "spark.app.name": "leakcheck",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


def _quietly(settings: dict[str, str]) -> None:
    """Start Java without its words on stderr, unless it runs already, as in spark-submit."""
    from pyspark import SparkConf, SparkContext, java_gateway

    if SparkContext._active_spark_context is None and "PYSPARK_GATEWAY_PORT" not in os.environ:
        conf = SparkConf().setAll(list(settings.items()))
        gateway = java_gateway.launch_gateway(conf, {"stderr": subprocess.DEVNULL})
        SparkContext(conf=conf, gateway=gateway)


def _not_begun(on: str, error: Exception) -> str:
    stated = str(error)
    if isinstance(error, ImportError):
        return said("--on {on} needs more of Spark: pip install 'pyspark[connect]'.", on=on)
    if "JAVA_GATEWAY" in stated or "Java gateway" in stated or "JAVA_HOME" in stated:
        return _NO_JAVA
    return said(
        "--on {on}: Spark could not be started there ({name}).", on=on, name=type(error).__name__
    )


def run(frame: "DataFrame", look_on: Callable[[], None]) -> list[Any]:
    """The rows of `frame`; look_on: called now and then while Spark works.

    An interrupt cancels the job. Raises LeakcheckError where the job fails.
    """
    done = threading.Event()
    found: list[list[Any]] = []
    errors: list[BaseException] = []
    session = frame.sparkSession
    tag = f"leakcheck-{os.urandom(8).hex()}"

    def collect() -> None:
        try:
            _tagged(session, tag)
            found.append(frame.collect())
        except BaseException as error:
            errors.append(error)
        finally:
            done.set()

    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    try:
        while not done.wait(_LOOK):
            look_on()
    except BaseException:
        _cancel(session, tag)
        done.wait(10.0)
        raise
    if errors:
        raise _failed(errors[0])
    return found[0]


Task = Callable[[Iterator[Any]], Iterator[Any]]


def discreet(task: Task) -> Task:
    """The same task, whose faults say where, and not what: that could be somebody's password."""

    def run_discreetly(batches: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from task(batches)
        except LeakcheckError:
            raise
        except Exception as error:
            raise RuntimeError(fault(error)) from None

    return run_discreetly


def _tagged(session: Any, tag: str) -> None:
    """Mark what this thread begins."""
    if _is_remote(session):
        session.addTag(tag)
    else:
        session.sparkContext.addJobTag(tag)


def _cancel(session: Any, tag: str) -> None:
    with suppress(Exception):
        if _is_remote(session):
            session.interruptTag(tag)
        else:
            session.sparkContext.cancelJobsWithTag(tag)


def _is_remote(session: Any) -> bool:
    return "connect" in type(session).__module__


def _failed(error: BaseException) -> LeakcheckError:
    """A job's failure in a sentence: its own words are a traceback from many machines."""
    stated = str(error)
    if "No module named 'leakcheck" in stated or "No module named 'bloom" in stated:
        return UsageError(
            said(
                "The cluster's workers have no leakcheck: install leakcheck-bloom[spark] "
                "there, and name that Python in PYSPARK_PYTHON."
            )
        )
    for sign, meaning in _SIGNS.items():
        if sign in stated:
            return LeakcheckError(said("The Spark job failed: {meaning}.", meaning=meaning))
    kinds = dict.fromkeys(_FAULT.findall(stated))  # their words may hold anything
    named = ", ".join([*kinds][:4]) or type(error).__name__
    return LeakcheckError(
        said("The Spark job failed ({named}): the cluster's log says more.", named=named)
    )


_SIGNS = {
    "PYTHON_VERSION_MISMATCH": said(
        "the workers have another Python than this: name one in PYSPARK_PYTHON"
    ),
    "No space left on device": said("a disk of the cluster is full"),
    "FileNotFoundError": said(
        "a worker does not see the files that this machine sees: inputs and "
        "output must have the same paths on all machines"
    ),
    "NetworkError": said(
        "a worker cannot read or write what lies in object storage: its own "
        "credentials must allow that"
    ),
    "PermissionError": said("a worker may not read the inputs, or write beside the output"),
    "OutOfMemoryError": said(
        "an executor had too little memory: give more with spark.executor.memory"
    ),
    "a fault in leakcheck": said("a fault in leakcheck: its log on the cluster says where"),
}


@contextmanager
def setting(session: Any, name: str, value: str) -> Iterator[None]:
    """Have one of Spark's settings for the block, and what it was after it."""
    before = session.conf.get(name, None)
    session.conf.set(name, value)
    try:
        yield
    finally:
        if before is None:
            session.conf.unset(name)
        else:
            session.conf.set(name, before)


def cores(session: Any) -> int:
    """How many tasks run at a time, about."""
    if _is_remote(session):
        return 16
    return max(1, int(session.sparkContext.defaultParallelism))
