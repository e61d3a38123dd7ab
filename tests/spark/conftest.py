"""One Spark session for all tests of this folder; what they share is in clusters.py beside this."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session on two cores of this machine; its shuffle goes to a folder that tests look into."""
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    if shutil.which("java") is None:
        pytest.skip("there is no Java")
    from leakcheck.spark.session import session_on

    patch = pytest.MonkeyPatch()
    patch.setenv("SPARK_LOCAL_DIRS", str(tmp_path_factory.mktemp("shuffle")))
    with session_on("local[2]") as session:
        yield session
    patch.undo()
