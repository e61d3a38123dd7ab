"""What the tests of building share is in building.py beside this."""

import sys
from pathlib import Path

import pytest
from loopback.lakes import lake, server  # noqa: F401 - fixtures

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """Where temporary files go."""
    path = tmp_path / "room"
    path.mkdir()
    return path
