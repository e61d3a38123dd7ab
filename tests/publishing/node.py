"""The page's own modules under Node.js, asked one question after another."""

import json
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
SITE = ROOT / "leakcheck" / "publishing" / "site"


def ask(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What they answer: objects with `answer`, or with `error`."""
    done = subprocess.run(
        ["node", Path(__file__).with_name("reader.mjs"), SITE],
        input="".join(json.dumps(one) + "\n" for one in questions),
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return [json.loads(line) for line in done.stdout.splitlines()]
