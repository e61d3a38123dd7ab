"""The one module for what operating systems do differently with files; leakcheck uses it too.

| | Linux, macOS | Windows |
|---|---|---|
| read and write at a place | in one call | seek and read under a lock |
| a file that is open | can be renamed, replaced, removed | only if it was opened for that: it is |
| who may read a file | its mode: 0600 what is secret | the access list of the folder it is in |
| a lock | flock on the file, gone with the process | a byte beyond its end, gone with the process |
| a name, unless it is taken | a hard link, then the old name removed | a rename |
| a name through a power failure | the folder is synced | the file system's journal |

Nothing but `bloom.posix` and `bloom.windows`, and `leakcheck.processes` for
those, calls what only some systems have: tests/test_layering.py.
"""

import os

if hasattr(os, "pread"):
    from bloom.posix import *
else:
    from bloom.windows import *

__all__ = [
    "file_control",
    "fsync",
    "lock",
    "memory",
    "name_if_free",
    "open_new",
    "open_to_read",
    "open_to_write",
    "pread",
    "pread_into",
    "pwrite",
    "replace",
    "set_mode",
    "sync_folder",
]
