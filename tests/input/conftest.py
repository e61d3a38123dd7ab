"""What the tests of reading share is in reading.py beside this."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
