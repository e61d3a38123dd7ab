"""The policy of a repository: leakcheck.toml, or [tool.leakcheck] in pyproject.toml.

Every key is known or an error: a policy that is misspelt protects nobody.
The command line overrides what a policy says, list by list.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from leakcheck.ci.readers.families import NAMES
from leakcheck.errors import InputError, UsageError
from leakcheck.language import joined, said
from leakcheck.sources import Access
from leakcheck.sources.names import is_remote, seen_from


class Policy(NamedTuple):
    """What is looked at, and what answers.

    paths: files and folders below the root, default all; exclude: globs as in
    .gitignore; formats: families of text to read, default all but markup;
    filters: what `--in` would name; min_count: ignore passwords seen less
    often, where the source counts; names, ignore_names: globs of key names to
    look at besides, or not at all; comments: whether what stands in a comment counts;
    defaults: whether default passwords are reported; guessable: whether notes are
    made of passwords that are easy to guess, None where the summary only counts them;
    max_size: files longer than this many bytes are not read: there is no answer
    about them.
    """

    paths: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    min_count: int = 1
    names: tuple[str, ...] = ()
    ignore_names: tuple[str, ...] = ()
    comments: bool = True
    defaults: bool = True
    guessable: bool | None = None
    max_size: int = 50_000_000


PYPROJECT = "pyproject.toml"
_KEYS = {name.replace("_", "-"): name for name in Policy._fields}


def find(root: Path) -> tuple[Policy, Path | None]:
    """The policy of the tree under `root`, and its file; the default one where there is none."""
    own = root / "leakcheck.toml"
    if own.is_file():
        return load(own), own
    project = root / PYPROJECT
    if project.is_file() and b"tool.leakcheck" in _read(project):
        return load(project), project
    return Policy(), None


def sources_of(policy: Policy, root: Path, found: Path | None, allow_network: bool) -> list[str]:
    """What the policy's filters name; paths are seen from the root.

    found: the policy's file, where the repository brought it along. Raises
    UsageError where such a policy would have requests made that nobody else
    asked for.
    """
    remote = [name for name in policy.filters if is_remote(name)]
    if remote and found is not None and not allow_network:
        raise UsageError(
            said(
                "{name}: the repository's policy asks {shown}, which tells it a few bits "
                "of each password: give --allow-network if you trust it, --policy "
                "{name}, or --in with another filter.",
                name=found.name,
                shown=_shown(remote[0]),
            )
        )
    return [seen_from(root, name) for name in policy.filters]


def access_of(policy: Policy, access: Access) -> Access:
    """`access` with the policy's least count, where the user named none."""
    return access if access.min_count > 1 else replace(access, min_count=policy.min_count)


def load(path: Path) -> Policy:
    """The policy in a file. Raises UsageError where it says something unknown."""
    import tomllib  # most repositories have no policy

    try:
        parsed: Any = tomllib.loads(_read(path).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        raise UsageError(
            said("{name}: the policy is not valid TOML: correct it.", name=path.name)
        ) from None
    if path.name == PYPROJECT:
        parsed = parsed.get("tool", {}).get("leakcheck", {})
    elif set(parsed) == {"tool"}:
        parsed = parsed["tool"].get("leakcheck", {})
    if not isinstance(parsed, Mapping):
        raise UsageError(said("{name}: tool.leakcheck must be a table.", name=path.name))
    return _checked(path.name, parsed)


def _checked(name: str, parsed: Mapping[str, Any]) -> Policy:
    values: dict[str, Any] = {}
    for key, value in parsed.items():
        known = _KEYS.get(key) or (key if key in _KEYS.values() else None)
        if known is None:
            raise UsageError(
                said(
                    "{name}: the policy has no key {shown}: it knows {names}.",
                    name=name,
                    shown=repr(_shown(key)),
                    names=joined(", ", _KEYS),
                )
            )
        default = False if known == "guessable" else getattr(Policy(), known)
        values[known] = _typed(name, key, value, default)
    unknown = [each for each in values.get("formats", ()) if each not in NAMES]
    if unknown:
        raise UsageError(
            said(
                "{name}: there is no format {shown}: choose from {names}.",
                name=name,
                shown=repr(_shown(unknown[0])),
                names=joined(", ", NAMES),
            )
        )
    return Policy(**values)


def _typed(name: str, key: str, value: Any, default: Any) -> Any:
    if isinstance(default, tuple):
        if isinstance(value, list) and all(isinstance(each, str) and each for each in value):
            return tuple(value)
        raise UsageError(said("{name}: {key} must be a list of strings.", name=name, key=key))
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        raise UsageError(said("{name}: {key} must be true or false.", name=name, key=key))
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise UsageError(said("{name}: {key} must be a whole number from 1.", name=name, key=key))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            said(
                "{name}: the policy cannot be read: {why}.",
                name=path.name,
                why=error.strerror or "failed",
            )
        ) from None


def _shown(text: str) -> str:
    return re.sub(r"[^\x20-\x7e]", "?", text)[:80]
