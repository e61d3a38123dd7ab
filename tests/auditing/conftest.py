"""What the tests of vault share with those of lists and of scan."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / name) for name in ("records", "scanning")]
