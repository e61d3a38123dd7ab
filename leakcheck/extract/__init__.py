"""From bytes of a dump to digests: pure kernels, native where built, in plain Python elsewhere.

Each takes a chunk of whole lines (bytes, bytearray or memoryview) and gives
an Extraction; nothing here reads a file or prints. bloom/engine.py
chooses the engine. The native kernels
release the GIL.
"""

from bloom.engine import choose
from leakcheck.extract.cuts import cut
from leakcheck.extract.results import LONGEST_PASSWORD, REASONS, Extraction
from leakcheck.subject.address import REACH

__all__ = [
    "ENGINE",
    "LONGEST_PASSWORD",
    "REACH",
    "REASONS",
    "Extraction",
    "address_spans",
    "combo_passwords",
    "credential_fields",
    "credentials",
    "cut",
    "domains",
    "emails",
    "encoded_spans",
    "hashes",
    "password_fields",
    "passwords",
    "table_column",
]


ENGINE, _kernels = choose("leakcheck.extract.native", "leakcheck.extract.reference")

emails = _kernels.emails
domains = _kernels.domains
address_spans = _kernels.address_spans
encoded_spans = _kernels.encoded_spans
passwords = _kernels.passwords
password_fields = _kernels.password_fields
combo_passwords = _kernels.combo_passwords
credentials = _kernels.credentials
credential_fields = _kernels.credential_fields
hashes = _kernels.hashes
table_column = _kernels.table_column
