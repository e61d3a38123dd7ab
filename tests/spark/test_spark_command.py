"""`leakcheck build --on`, as a user runs it: a process of its own, with its own Java."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from clusters import accounts
from program import leakcheck, one_sentence

import leakcheck.spark as leakcheck_spark

pytestmark = pytest.mark.spark


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """A list of accounts, and a compressed file that breaks off."""
    path = tmp_path / "dump.txt"
    path.write_text(accounts(3_000, 1))
    return path


@pytest.mark.usefixtures("spark")
def test_build_on_two_cores_says_what_one_machine_says(tmp_path: Path, dump: Path) -> None:
    one = leakcheck("build", dump, "-o", tmp_path / "one.bloom", "--kind", "email", "--json")
    many = leakcheck(
        "build", dump, "-o", tmp_path / "many.bloom", "--kind", "email", "--json",
        "--on", "local[2]", "--partitions", "3", TMPDIR=str(tmp_path),
    )  # fmt: skip
    assert (many.status, many.err) == (one.status, one.err)
    assert (tmp_path / "many.bloom").read_bytes() == (tmp_path / "one.bloom").read_bytes()
    accounts_ = [json.loads(result.out) for result in (one, many)]
    for account in accounts_:
        del account["seconds"]
    assert accounts_[0] == accounts_[1]
    left = {path.name for path in tmp_path.iterdir() if not path.name.startswith("hsperf")}
    assert left == {"dump.txt", "one.bloom", "many.bloom"}


def test_without_java_it_says_so(tmp_path: Path, dump: Path) -> None:
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    told = leakcheck(
        "build", dump, "-o", tmp_path / "x.bloom", "--kind", "email", "--on", "local[2]",
        JAVA_HOME=str(tmp_path / "nowhere"),
    )  # fmt: skip
    assert "Java 17" in one_sentence(told)
    assert not (tmp_path / "x.bloom").exists()


@pytest.mark.usefixtures("spark")
def test_spark_submit_runs_the_module(tmp_path: Path, dump: Path) -> None:
    import pyspark

    home = Path(pyspark.__file__).parent
    module = Path(leakcheck_spark.__file__).with_name("__main__.py")
    done = subprocess.run(
        [
            home / "bin" / "spark-submit", "--master", "local[2]", module,
            "build", dump, "-o", tmp_path / "many.bloom", "--kind", "email",
        ],
        env=os.environ | {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    leakcheck("build", dump, "-o", tmp_path / "one.bloom", "--kind", "email")
    assert (tmp_path / "many.bloom").read_bytes() == (tmp_path / "one.bloom").read_bytes()


def test_partitions_go_with_a_cluster(tmp_path: Path, dump: Path) -> None:
    told = leakcheck("build", dump, "-o", tmp_path / "x.bloom", "--partitions", "3")
    assert "--partitions goes with --on" in one_sentence(told)
    told = leakcheck("build", dump, "-o", tmp_path / "x.bloom", "--on", "local[2]", "--resume")
    assert "--resume is for a build on one machine" in one_sentence(told)
    told = leakcheck("build", dump, "-o", tmp_path / "x.bloom", "--on", "somewhere")
    assert "--on takes spark, or a master" in one_sentence(told)
