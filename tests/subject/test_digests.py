"""Digests against the vectors of their makers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leakcheck.subject.digests import md4, nt_hash, sha1, written_md4


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        (b"", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        (b"a", "bde52cb31de33e46245e05fbdbd6fb24"),
        (b"abc", "a448017aaf21d8525fc10ae87aa6729d"),
        (b"message digest", "d9130a8164549fe818874806e1c7014b"),
        (b"abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"),
        (b"1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536"),
    ],
)
def test_md4_as_in_rfc_1320(text: bytes, digest: str) -> None:
    assert md4(text).hex() == digest
    assert written_md4(text).hex() == digest


LEGACY = """
openssl_conf = settings
[settings]
providers = providers
[providers]
default = on
legacy = on
[on]
activate = 1
"""


def test_md4_of_an_openssl_that_has_it(tmp_path: Path) -> None:
    (tmp_path / "openssl.cnf").write_text(LEGACY)
    program = """if True:
        import random
        from leakcheck.subject.digests import _fastest_md4, md4, written_md4
        for length in range(200):
            data = random.randbytes(length)
            assert md4(data) == written_md4(data), length
        print(_fastest_md4() is not written_md4)
    """
    asked = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env=os.environ | {"OPENSSL_CONF": str(tmp_path / "openssl.cnf")},
    )  # fmt: skip
    if asked.stdout == "False\n":
        pytest.skip("this OpenSSL has no MD4")


@pytest.mark.parametrize(
    ("password", "digest"),
    [
        ("", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        ("password", "8846f7eaee8fb117ad06bdd830b7586c"),
        (b"password", "8846f7eaee8fb117ad06bdd830b7586c"),
        ("Password1", "64f12cddaa88057e06a81b54e73b949b"),
    ],
)
def test_nt_hash(password: str | bytes, digest: str) -> None:
    assert nt_hash(password).hex() == digest


@given(st.text(max_size=80).filter(bool))
def test_nt_hash_is_the_same_on_both_engines(password: str) -> None:
    from leakcheck.extract import password_fields
    from leakcheck.extract.reference.lines import parts
    from leakcheck.extract.reference.passwords import forms
    from leakcheck.subject.kinds import Kind

    raw = password.encode()
    assume(forms(parts(raw)) == [raw])
    assert password_fields([raw], Kind.NTLM).digests == nt_hash(password)


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (b"password", "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8"),
    ],
)
def test_sha1(text: str | bytes, digest: str) -> None:
    assert sha1(text).hex() == digest


def test_what_a_terminal_gives_for_a_byte_that_is_not_utf_8_is_that_byte() -> None:
    assert sha1("\udce9") == sha1(b"\xe9")


def test_lone_surrogates_have_digests() -> None:
    assert len(sha1("\ud800")) == 20
    assert len(nt_hash("\ud800")) == 16
