"""What the first version made of a corpus of dumps and lists, and made rightly, stays so.

golden.json was recorded by golden.py; where a reading was changed on purpose,
its entry was changed by hand.
"""

import contextlib
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from golden import record

from leakcheck.__main__ import run

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text(encoding="utf-8"))


def command(*arguments: object, stdin: bytes = b"") -> tuple[int, str]:
    """Run a command line in this process: exit status and stdout."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", newline="")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()), _stdin(stdin):
        status = run([str(argument) for argument in arguments])
        out.flush()
    return status, out.buffer.getvalue().decode()


@contextlib.contextmanager
def _stdin(data: bytes) -> Iterator[None]:
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(data))
    try:
        yield
    finally:
        sys.stdin = before


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What this version makes of the corpus."""
    return record(tmp_path_factory.mktemp("corpus"), command)


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
