"""The pre-commit hook that `--install-hook` writes: it runs `leakcheck ci --staged`.

A hook that somebody else wrote is never changed, and where git looks for
hooks elsewhere nothing is written: both are said, with what to do.
"""

import shlex
import sys
from pathlib import Path

from leakcheck.ci import gitrepo
from leakcheck.errors import InputError, UsageError
from leakcheck.files import write_whole
from leakcheck.language import said
from leakcheck.wording import printable

_MADE = "# Made by leakcheck ci --install-hook"
_LINE = "leakcheck ci --staged"


def install_hook(folder: Path) -> Path:
    """Write the hook of the repository that holds `folder`; where it is.

    Raises UsageError where there is no repository, or a hook of another's.
    """
    root = gitrepo.find_root(folder)
    if root is None:
        raise UsageError(said("--install-hook needs a git repository: run it inside of one."))
    why = gitrepo.why_not(root)
    if why is not None:
        raise UsageError(said("--install-hook needs git, and {why}.", why=why))
    elsewhere = gitrepo.hooks_path(root)
    if elsewhere is not None:
        raise UsageError(
            said(
                "git runs the hooks in {elsewhere} here (core.hooksPath): add the line "
                "{line} to the pre-commit hook there.",
                elsewhere=printable(elsewhere),
                line=_LINE,
            )
        )
    path = gitrepo.common_dir(root) / "hooks" / "pre-commit"
    if path.is_symlink() or (path.exists() and _MADE not in _text(path)):
        raise UsageError(
            said(
                "{name}: there is a hook already: add the line {line} to it.",
                name=printable(str(path)),
                line=_LINE,
            )
        )
    try:
        path.parent.mkdir(exist_ok=True)
        write_whole(path, _script().encode("utf-8", "surrogateescape"), mode=0o755)
    except OSError as error:
        raise InputError(
            said(
                "{name}: it cannot be written: {why}.",
                name=printable(str(path)),
                why=error.strerror or "failed",
            )
        ) from None
    return path


def _script() -> str:
    """The hook: this very program, or where it is gone the one that is found then."""
    program = shlex.quote(str(Path(sys.argv[0]).absolute()))
    return f"""#!/bin/sh
{_MADE}: rejects a commit that brings a breached password.
program={program}
[ -x "$program" ] || program=leakcheck
exec "$program" ci --staged
"""


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
