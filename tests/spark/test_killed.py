"""A standalone cluster on loopback, a master and two workers, whose processes are killed."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from clusters import ITEM, accounts, asked, dumps, framed, here

pytestmark = pytest.mark.spark

# The driver has a process of its own, as it would beside the other tests' session.
DRIVER = """
import sys
from pathlib import Path
from leakcheck.building import BuildRequest
from leakcheck.spark.cluster_build import Cluster, build
from leakcheck.spark import session
from leakcheck.spark.session import session_on
from leakcheck.subject.kinds import Kind

def shown(error, told=session._failed):
    print(str(error)[:6000], file=sys.stderr)  # why, for whoever reads that the test failed
    return told(error)

session._failed = shown
master, dump, output, item = sys.argv[1:]
request = BuildRequest(
    paths=(dump,), output=Path(output), kind=Kind.EMAIL, rate=1e-4, force=True,
    about={"name": "Test"},
)
with session_on(master) as spark:
    cluster = Cluster(spark, 7, int(item))
    report = build(cluster, request, lambda note: None, lambda *_: None, lambda *_: None)
print(report.records, report.header.keys, len(report.failures))
"""


START, WHOLE = 180.0, 540.0  # seconds: for a busy machine, where this takes ten times as long
PATIENT = {
    "spark.network.timeout": "600s",
    "spark.executor.heartbeatInterval": "30s",
    "spark.stage.maxConsecutiveAttempts": "16",
    "spark.task.maxFailures": "16",
}
"""Settings of the driver: what is killed is two executors, not the job."""


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def master(tmp_path: Path) -> Iterator[str]:
    """The URL of a master with two workers of one core each."""
    pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed")
    if shutil.which("java") is None:
        pytest.skip("there is no Java")
    home = Path(pyspark.__file__).parent
    port = free_port()
    url = f"spark://127.0.0.1:{port}"
    env = os.environ | {
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_WORKER_DIR": str(tmp_path / "work"),
        "SPARK_LOCAL_DIRS": str(tmp_path / "local"),
        "SPARK_DAEMON_MEMORY": "256m",
        # A busy machine is slow, and not dead.
        "SPARK_DAEMON_JAVA_OPTS": "-Dspark.worker.timeout=600 -Dspark.network.timeout=600s",
        "PYSPARK_PYTHON": sys.executable,
    }
    deploy, common = "org.apache.spark.deploy", ["--host", "127.0.0.1", "--webui-port", "0"]
    commands = [[f"{deploy}.master.Master", "--port", str(port), *common]]
    commands += [[f"{deploy}.worker.Worker", "-c", "1", "-m", "1g", *common, url]] * 2
    started = []
    try:
        for command in commands:
            log = (tmp_path / f"log{len(started)}").open("wb")
            started.append(
                subprocess.Popen(
                    [home / "bin" / "spark-class", *command], env=env, stdout=log, stderr=log
                )
            )
            wait_for(port)
        yield url
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


def wait_for(port: int) -> None:
    """Until someone listens there."""
    until = time.monotonic() + START
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.2)
    raise AssertionError("the master does not start")


def below(folder: Path) -> list[int]:
    """The executors that work in `folder`."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
            if b"CoarseGrainedExecutorBackend" in words and str(folder).encode() in (
                os.fsencode((entry / "cwd").readlink())
            ):
                found.append(int(entry.name))
    return found


@pytest.mark.timeout(600)
def test_killed_executors_change_nothing(tmp_path: Path, master: str) -> None:
    dump = dumps(tmp_path / "dumps")
    framed(dump / "frames")
    (dump / "large.txt").write_text(accounts(60_000, 1))
    one, many = tmp_path / "one.bloom", tmp_path / "many.bloom"
    report, _ = here(asked(one, dump, kind="email"))
    conf = tmp_path / "conf"
    conf.mkdir()
    lines = "".join(f"{name} {value}\n" for name, value in PATIENT.items())
    (conf / "spark-defaults.conf").write_text(lines)
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, master, str(dump), str(many), str(ITEM)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_CONF_DIR": str(conf)},
    )  # fmt: skip
    killed: list[str] = []

    def kill() -> None:
        """One executor while files are read, one while partitions are sorted."""
        place = tmp_path / ".many.bloom.build" / "spark"
        for stage in ("account-", "part-"):
            while driver.poll() is None:
                with suppress(OSError):
                    if any(path.name.startswith(stage) for path in place.iterdir()):
                        break
                time.sleep(0.05)
            executors = below(tmp_path / "work")
            if driver.poll() is None and executors:
                with suppress(ProcessLookupError):
                    os.kill(executors[0], signal.SIGKILL)
                    killed.append(stage)

    thread = threading.Thread(target=kill)
    thread.start()
    out, err = driver.communicate(timeout=WHOLE)
    thread.join()
    assert driver.returncode == 0, err.decode()[:8000]
    assert killed, "no executor was killed"
    assert many.read_bytes() == one.read_bytes()
    assert report.header is not None
    assert report.failures, "damage is part of it"
    account = [report.records, report.header.keys, len(report.failures)]
    assert out.decode().split() == [str(each) for each in account]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".many")]
