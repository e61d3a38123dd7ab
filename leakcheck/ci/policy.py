"""The policy of a repository: leakcheck.toml, or [tool.leakcheck] in pyproject.toml.

Every key is known or an error: a policy that is misspelt protects nobody.
The command line overrides what a policy says, list by list.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from leakcheck.ci.readers.families import NAMES
from leakcheck.errors import InputError, UsageError
from leakcheck.sources.names import seen_from


@dataclass(frozen=True, slots=True)
class Policy:
    """What is looked at, and what answers.

    paths: files and folders below the root, default all; exclude: globs as in
    .gitignore; formats: families of text to read, default all but prose;
    filters: what `--in` would name; min_count: ignore passwords seen less
    often, where the source counts; names, ignore_names: globs of key names to
    look at besides, or not at all; comments: whether comments count;
    max_size: files longer than this many bytes are not read.
    """

    paths: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    min_count: int = 1
    names: tuple[str, ...] = ()
    ignore_names: tuple[str, ...] = ()
    comments: bool = False
    max_size: int = 10_000_000


_KEYS = {each.name.replace("_", "-"): each.name for each in fields(Policy)}


def find(root: Path) -> Policy:
    """The policy of the tree under `root`; the default one where there is none."""
    own = root / "leakcheck.toml"
    if own.is_file():
        return load(own)
    project = root / "pyproject.toml"
    if project.is_file() and b"tool.leakcheck" in _read(project):
        return load(project)
    return Policy()


def sources_of(policy: Policy, root: Path) -> list[str]:
    """What the policy's filters name; paths are seen from the root."""
    return [seen_from(root, name) for name in policy.filters]


def load(path: Path) -> Policy:
    """The policy in a file. Raises UsageError where it says something unknown."""
    try:
        parsed: Any = tomllib.loads(_read(path).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        raise UsageError(f"{path.name}: the policy is not valid TOML: correct it.") from None
    if path.name == "pyproject.toml":
        parsed = parsed.get("tool", {}).get("leakcheck", {})
    elif set(parsed) == {"tool"}:
        parsed = parsed["tool"].get("leakcheck", {})
    if not isinstance(parsed, Mapping):
        raise UsageError(f"{path.name}: tool.leakcheck must be a table.")
    return _checked(path.name, parsed)


def _checked(name: str, parsed: Mapping[str, Any]) -> Policy:
    values: dict[str, Any] = {}
    for key, value in parsed.items():
        known = _KEYS.get(key) or (key if key in _KEYS.values() else None)
        if known is None:
            raise UsageError(
                f"{name}: the policy has no key {_shown(key)!r}: it knows {', '.join(_KEYS)}."
            )
        values[known] = _typed(name, key, value, getattr(Policy(), known))
    unknown = [each for each in values.get("formats", ()) if each not in NAMES]
    if unknown:
        raise UsageError(
            f"{name}: there is no format {_shown(unknown[0])!r}: choose from {', '.join(NAMES)}."
        )
    return Policy(**values)


def _typed(name: str, key: str, value: Any, default: Any) -> Any:
    if isinstance(default, tuple):
        if isinstance(value, list) and all(isinstance(each, str) and each for each in value):
            return tuple(value)
        raise UsageError(f"{name}: {key} must be a list of strings.")
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        raise UsageError(f"{name}: {key} must be true or false.")
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise UsageError(f"{name}: {key} must be a whole number from 1 on.")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path.name}: the policy cannot be read: {error.strerror or 'failed'}."
        ) from None


def _shown(text: str) -> str:
    return re.sub(r"[^\x20-\x7e]", "?", text)[:80]
