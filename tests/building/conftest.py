"""What the tests of building share is in building.py beside this."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
