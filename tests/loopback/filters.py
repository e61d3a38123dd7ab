"""Filters for tests: keys below KEYS are in them."""

import hashlib
from pathlib import Path

from leakcheck.sources.filter_file import Builder, about
from leakcheck.subject.kinds import Kind

KEYS = 4000


def key(number: int) -> bytes:
    """Keys below KEYS are in the filter."""
    return hashlib.sha1(b"key %d" % number).digest()


def build(path: Path, keys: range, kind: Kind = Kind.EMAIL, name: str = "Acme") -> Path:
    size = kind.digest_bytes
    with Builder(size) as builder:
        builder.add(b"".join(key(number)[:size] for number in keys))
        builder.finish(path, 1e-6, about(kind, name=name, date="2026-05-01"), replace=True)
    return path
