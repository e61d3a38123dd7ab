"""The extraction kernels in plain Python: the executable specification of leakcheck._native.

Rule 1: clear before fast. Rule 2: same names, same arguments and same values
as leakcheck.extract.native, whatever the bytes. Rule 3: a line ends at LF;
carriage returns before it are not part of it; a last line without LF is one.
"""

from leakcheck.extract.reference.addresses import (
    address_spans,
    domains,
    emails,
    encoded_spans,
)
from leakcheck.extract.reference.combos import combo_passwords, credential_fields, credentials
from leakcheck.extract.reference.hashes import hashes
from leakcheck.extract.reference.passwords import password_fields, passwords
from leakcheck.extract.reference.tables import table_column

__all__ = [
    "address_spans",
    "combo_passwords",
    "credential_fields",
    "credentials",
    "domains",
    "emails",
    "encoded_spans",
    "hashes",
    "password_fields",
    "passwords",
    "table_column",
]
