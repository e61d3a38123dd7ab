"""What the tests of exporting share is in programs.py beside this."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
