"""What is published in these tests: a filter of addresses and one of passwords, signed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from loopback.fixtures import *  # noqa: F403 - fixtures of all rooms that speak HTTP
from loopback.lakes import lake, server  # noqa: F401 - fixtures
from program import leakcheck

ORIGIN = "filters.example.org/acme"
DUMP = (
    "alice@example.fr:sunflower\nzoe@straße.de:letmein\nbob@example.org:correct horse\n"
    "o'brien@example.org:café\n"
)
OPTIONS = ["--title", "Account agency, April 2026", "--data", "email,name,phone",
           "--contact", "dpo@example.org", "--lang", "fr,en"]  # fmt: skip


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with acme.bloom, secrets.bloom, pairs.bloom and acme.key."""
    folder = tmp_path_factory.mktemp("material")
    (folder / "dump.txt").write_text(DUMP, encoding="utf-8")
    for name, kind in (("acme", "email"), ("secrets", "password"), ("pairs", "credential")):
        done = leakcheck(
            "build", folder / "dump.txt", "-o", folder / f"{name}.bloom", "--kind", kind,
            "--name", f"Acme <{name}>", "--date", "2026-04-01",
        )  # fmt: skip
        assert done.status == 0, done.err
    assert leakcheck("keys", "new", ORIGIN, "-o", folder / "acme.key").status == 0
    return folder


@pytest.fixture
def publish(material: Path) -> Callable[..., Path]:
    """Publish what is named into a folder, and return that."""

    def run(
        folder: Path, *options: str | Path, names: tuple[str, ...] = ("acme", "secrets")
    ) -> Path:
        filters = [material / f"{name}.bloom" for name in names]
        done = leakcheck(
            "publish", *filters, "-o", folder, "--key", material / "acme.key", *OPTIONS, *options
        )
        assert done.status == 0, done.err
        return folder

    return run
