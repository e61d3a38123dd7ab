"""What the first version made of a corpus of dumps and lists, and made rightly, stays so.

golden.json was recorded by golden.py; where a reading was changed on purpose,
its entry was changed by hand.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from commands import command
from golden import record

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What this version makes of the corpus."""

    def run(*arguments: object, stdin: bytes = b"") -> tuple[int, str]:
        status, out, _ = command(*arguments, stdin=stdin)
        return status, out

    return record(tmp_path_factory.mktemp("corpus"), run)


@pytest.mark.parametrize("case", GOLDEN)
def test_what_was_right_stays_right(case: str, seen: dict[str, Any]) -> None:
    now, before = dict(seen[case]), dict(GOLDEN[case])
    # In doubt a text is read in more ways than one: more keys than before are no fault.
    for field in ("keys", "distinct"):
        assert _most(before.pop(field, 0)) <= _most(now.pop(field, 0)), field
    assert now == before


def _most(keys: Any) -> int:
    """A number of keys; of a number for each kind, the highest."""
    return max(keys.values(), default=0) if isinstance(keys, dict) else int(keys)
