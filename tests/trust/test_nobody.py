"""Where nobody is trusted, or a file was proved before, nothing of trust is loaded.

What cannot be looked at is not nobody, and what has changed was not proved.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import bloom
from bloom.format import checksum
from leakcheck import trust
from leakcheck.sources.filter_file import LocalFilter
from leakcheck.trust import FILE_NAME, signing
from leakcheck.trust.note import Signer
from leakcheck.trust.store import Store
from leakcheck.verdicts import Code

DIGEST = bytes(range(20))
ACME = Signer("filters.example.org/acme", bytes(range(32)))


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
        "       and name != 'leakcheck.trust.watched'  # which is small\n"
        "       or name in ('concurrent.futures', 'secrets', 'cryptography', 'asyncio')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_the_filter_answers_where_nobody_is_trusted(home: Path, filter_path: Path) -> None:
    source = LocalFilter(filter_path)
    assert source.lookup(DIGEST).codes == bytes([Code.EXPOSED])
    source.close()


@pytest.fixture
def signed(home: Path, filter_path: Path) -> Path:
    """A signed filter of somebody trusted, checked until it was remembered."""
    signing.sign([filter_path], [ACME])
    Store().trust(ACME.verifier)
    for _ in range(2):
        assert vouched(filter_path) == f"signed by {ACME.name}, edition 1"
    return filter_path


def vouched(path: Path) -> str | None:
    """Who vouches for a file; None where it answers nothing."""
    source = LocalFilter(path)
    source.close()
    return source.info.signed if source.info.doubt is None else None


def test_a_check_of_what_was_proved_loads_nothing_of_trust(signed: Path) -> None:
    test_a_check_loads_nothing_of_trust(Path(), signed)
    assert vouched(signed) == f"signed by {ACME.name}, edition 1"


def test_what_changed_since_it_was_proved_is_proved_anew(signed: Path) -> None:
    """The file, written over in place with its size and time kept; the list; the keys; the past."""
    raw, note = signed.read_bytes(), signed.parent / FILE_NAME
    before = signed.stat()
    body = bytes(4088)
    lie = raw[:4096] + body + checksum(body, bloom.decode_header(raw[:4096]).seed) + raw[8192:]
    signed.write_bytes(lie)
    os.utime(signed, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert vouched(signed) is None
    signed.write_bytes(raw)
    for _ in range(3):
        assert vouched(signed) == f"signed by {ACME.name}, edition 1"
    Store().remember_serial(ACME.name, 2)
    assert vouched(signed) is None
    signing.sign([signed], [ACME])
    for _ in range(3):
        assert vouched(signed) == f"signed by {ACME.name}, edition 2"
    note.write_bytes(note.read_bytes().replace(b"2 20", b"3 20", 1))
    assert vouched(signed) is None
    note.unlink()
    assert vouched(signed) == ""
    Store().distrust(ACME.name)
    assert vouched(signed) == ""
