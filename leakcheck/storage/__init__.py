"""Object storage, s3://, gs:// and az://, by obstore: what is there, its pages, uploads.

Credentials, region and endpoint are the library's business: the environment, or
what the machine is entitled to. No name that is shown holds any of them.
"""

import re

from leakcheck.patterns import late

SCHEMES = ("s3", "gs", "az")
URL = late(r"(?P<scheme>(?i:s3|gs|az))://(?P<bucket>[^/]+)/?(?P<key>.*)", re.DOTALL)


def is_object(path: str) -> bool:
    """Whether `path` names something in object storage."""
    return URL.fullmatch(path) is not None
