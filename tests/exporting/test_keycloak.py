"""A denylist as Keycloak itself reads it: its own class, with Guava, from Maven's repository.

CI asks for it with -m clients; where they cannot be had, the test is skipped.
A million passwords: scripts/bench_export.py.
"""

import random
from pathlib import Path

import pytest
from denylist import CannotBeHad, fetch, found
from program import leakcheck

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def jars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return fetch(tmp_path_factory.mktemp("maven"))
    except CannotBeHad as reason:
        pytest.skip(str(reason))


def test_keycloak_refuses_each_password(jars: Path, tmp_path: Path) -> None:
    chance = random.Random(5)
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789éÉßÄΣσİ€𝔸"
    made = ["".join(chance.choices(letters, k=9)) for _ in range(65_000)]
    held, absent = made[:5000], made[5000:]
    (tmp_path / "held.txt").write_text("".join(f"{word}\n" for word in held))
    (tmp_path / "absent.txt").write_text("".join(f"{word}\n" for word in absent))
    command = ("export", tmp_path / "held.txt", "--from", "passwords", "--to", "keycloak")
    done = leakcheck(*command, "-o", tmp_path / "leaked.bloom", "--rate", "0.001")
    assert done.status == 0, done.err
    lists = (tmp_path / "held.txt", tmp_path / "absent.txt")
    refused, alarms = found(jars, tmp_path / "leaked.bloom", *lists)
    assert refused == len(held)
    assert 0.0005 < alarms / len(absent) < 0.0016
