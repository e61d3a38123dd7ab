"""`python -m leakcheck.spark build …`, and the file that spark-submit runs.

The same as `leakcheck build … --on spark`: the session is the one that
spark-submit has set up.
"""

import sys

from leakcheck.__main__ import main
from leakcheck.spark.session import HERE

if __name__ == "__main__":
    if sys.argv[1:2] == ["build"] and not any(one.startswith("--on") for one in sys.argv):
        sys.argv += ["--on", HERE]
    main()
