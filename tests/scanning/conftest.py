"""What the tests of scan share."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from people import make_filter


@pytest.fixture(scope="session")
def filters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three breaches: `old` and `new` know Alice, `new` and `undated` know Bob."""
    folder = tmp_path_factory.mktemp("filters")
    return {
        "old": make_filter(
            folder / "old.bloom",
            ["alice@example.fr", "zoe@example.org"],
            name="Old",
            date="2019-05-01",
            note="Addresses and phone numbers.",
        ),
        "new": make_filter(
            folder / "new.bloom", ["alice@example.fr", "bob@acme.fr"], name="New", date="2026-02-11"
        ),
        "undated": make_filter(folder / "undated.bloom", ["bob@acme.fr"], name="Undated"),
    }


@pytest.fixture
def asked(filters: dict[str, Path]) -> list[object]:
    """--in for all three, oldest first."""
    return [word for path in filters.values() for word in ("--in", path)]
