"""Where nobody is trusted nothing of trust is loaded; what cannot be looked at is not nobody."""

import subprocess
import sys
from pathlib import Path

import pytest

import bloom
from leakcheck import trust
from leakcheck.sources.filter_file import LocalFilter
from leakcheck.verdicts import Code

DIGEST = bytes(range(20))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def filter_path(tmp_path: Path) -> Path:
    with bloom.Builder(20) as builder:
        builder.add(DIGEST)
        builder.finish(tmp_path / "f.bloom", 1e-6, {"kind": "email", "name": "F"})
    return tmp_path / "f.bloom"


def test_nobody(home: Path) -> None:
    assert trust.trusts_nobody()
    home.mkdir()
    assert trust.trusts_nobody()
    (home / "trust").touch()  # a file in the folder's place holds no keys
    assert trust.trusts_nobody()


def test_keys_that_cannot_be_looked_at_make_answers_unknown(home: Path, filter_path: Path) -> None:
    (home / "trust").mkdir(parents=True)
    (home / "trust" / "keys").symlink_to("keys")  # a loop: the system refuses to follow it
    assert not trust.trusts_nobody()
    source = LocalFilter(filter_path)
    assert source.info.doubt is not None
    assert "cannot be read" in source.info.doubt
    source.close()


def test_a_check_loads_nothing_of_trust(home: Path, filter_path: Path) -> None:
    program = (
        "import sys, leakcheck\n"
        f"leakcheck.check(['alice@example.fr'], sources=[{str(filter_path)!r}])\n"
        "print([name for name in sys.modules if name.startswith('leakcheck.trust.')\n"
        "       or name in ('concurrent.futures', 'secrets', 'cryptography', 'asyncio')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_the_filter_answers_where_nobody_is_trusted(home: Path, filter_path: Path) -> None:
    source = LocalFilter(filter_path)
    assert source.lookup(DIGEST).codes == bytes([Code.EXPOSED])
    source.close()
