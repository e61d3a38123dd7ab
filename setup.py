"""What pyproject.toml cannot say, because it depends on the Python that builds."""

import sysconfig

from setuptools import setup

# As the extensions are built: one wheel for every CPython from 3.11. The free-threaded builds up to
# 3.14 have no stable ABI; there pip builds for the one version that asks.
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
setup(options={} if FREE_THREADED else {"bdist_wheel": {"py_limited_api": "cp311"}})
