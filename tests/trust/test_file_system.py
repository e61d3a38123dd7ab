"""Where the file system vouches for a file itself, by fs-verity, its digest is taken."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from leakcheck.trust import edition, local, note, signing, verity
from leakcheck.trust.edition import FILE_NAME, Edition
from leakcheck.trust.note import Signer
from leakcheck.trust.store import Store

ACME = Signer("filters.example.org/acme", bytes(range(32)))


@pytest.fixture
def signed(tmp_path: Path) -> tuple[Path, Edition]:
    """A file and the edition that offers it."""
    path = tmp_path / "acme.bloom"
    path.write_bytes(os.urandom(300 * verity.BLOCK))
    signing.sign([path], [ACME])
    text, _ = note.verify((tmp_path / FILE_NAME).read_bytes(), [ACME.verifier])
    return path, edition.parse(text)


def test_the_systems_digest_is_taken_unread(
    signed: tuple[Path, Edition], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, listed = signed
    digest = listed.filters["acme.bloom"].digest
    monkeypatch.setattr(verity, "measured", lambda handle: digest)
    monkeypatch.setattr(verity, "tree_of", None)
    with path.open("rb") as file:
        assert local.digest_of(file.fileno(), Store(), listed) == digest


def test_a_digest_made_in_another_way_is_passed_over(
    signed: tuple[Path, Edition], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a salt, as a file system may have it, it is another one."""
    path, listed = signed
    monkeypatch.setattr(verity, "measured", lambda handle: b"s" * 32)
    with path.open("rb") as file:
        found = local.digest_of(file.fileno(), Store(), listed)
    assert found == listed.filters["acme.bloom"].digest


def test_the_kernels_own(signed: tuple[Path, Edition]) -> None:
    path, listed = signed
    program = shutil.which("fsverity")
    if program is None:
        pytest.skip("the program fsverity is not installed")
    enabled = subprocess.run([program, "enable", path], capture_output=True, check=False)
    if enabled.returncode:
        pytest.skip("neither this kernel nor this file system has fs-verity")
    with path.open("rb") as file:
        assert verity.measured(file.fileno()) == listed.filters["acme.bloom"].digest


def test_a_file_that_the_system_does_not_vouch_for(signed: tuple[Path, Edition]) -> None:
    path, _ = signed
    with path.open("rb") as file:
        assert verity.measured(file.fileno()) is None
