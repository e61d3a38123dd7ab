"""Write accounts by chance as tables, lists, JSON, SQL and XML; every password must be found.

    python scripts/fuzz_records.py --seconds 120 [--form sql] [--seed N] [--case N]

A case is wrong in which a build or a scan loses a password without rejecting a record.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

import fuzzing

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "records"))

from written import FORMS, missed

_FOLDER = tempfile.TemporaryDirectory()


def case(chance: random.Random, options: argparse.Namespace) -> str:
    """Write a text, and read it as a build and a scan do."""
    form = options.form or chance.choice(list(FORMS))
    wrong = missed(form, chance.getrandbits(32), Path(_FOLDER.name) / "list")
    if wrong:
        raise AssertionError(f"{form}: {'; '.join(wrong)}")
    return form


def main() -> int:
    """Try cases for a while."""
    options = fuzzing.parser(__doc__)
    options.add_argument("--form", choices=FORMS)
    return fuzzing.run(options.parse_args(), case)


if __name__ == "__main__":
    sys.exit(main())
