"""What depends on the installation: other packages, what is not installed, the engine."""

import subprocess
import sys
from pathlib import Path

import pytest
from program import leakcheck, one_sentence

SHOW_SLOWNESS = """
import sys
import bloom.engine, leakcheck.__main__ as program
bloom.engine.FALLEN_BACK, program._LONG = sys.argv[1] == "python", float(sys.argv[2])
sys.exit(program.run(["check", "--hash", "0" * 40, "--json"]))
"""


def test_another_package_called_bloom_is_named(tmp_path: Path) -> None:
    (tmp_path / "bloom").mkdir()
    (tmp_path / "bloom" / "__init__.py").write_text("class BloomFilter: ...\n")
    done = leakcheck("check", "alice@example.fr", PYTHONPATH=str(tmp_path))
    assert "Another package called bloom" in one_sentence(done)
    assert not done.out


def test_what_lz4_needs_is_said_and_the_input_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "lz4.py").write_text("raise ImportError\n")
    dump = tmp_path / "dump.txt.lz4"
    dump.write_bytes(bytes.fromhex("04224d186440a7") + b"\0" * 20)
    made = tmp_path / "x.bloom"
    done = leakcheck("build", dump, "-o", made, "--kind", "email", PYTHONPATH=str(tmp_path))
    assert done.status == 2
    assert "pip install 'leakcheck-bloom[lz4]'" in done.err + done.out
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("engine", "seconds", "said"),
    [("python", 0, True), ("python", 60, False), ("native", 0, False)],
)
def test_a_long_job_on_the_slow_engine_says_so_once(engine: str, seconds: int, said: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SHOW_SLOWNESS, engine, str(seconds)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.stderr.count("plain Python") == 1) is said, done.stderr
    assert done.stdout.startswith("{")


def test_the_program_goes_by_the_name_of_its_distribution_too() -> None:
    from importlib.metadata import distribution

    scripts = {each.name: each.value for each in distribution("leakcheck-bloom").entry_points}
    assert scripts["leakcheck-bloom"] == scripts["leakcheck"]
