"""`leakcheck completion`: a script by which a shell completes commands and options.

The script holds all words itself, so that completing starts no program.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class Shell(StrEnum):
    """Shells that complete."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@app.command()
def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> int:
    """Print a script that completes commands and options, for bash, zsh or fish.

    bash, zsh: add `eval "$(leakcheck completion bash)"` (or zsh) to ~/.bashrc or ~/.zshrc.
    fish: leakcheck completion fish > ~/.config/fish/completions/leakcheck.fish
    """
    from leakcheck.cli import COMMANDS
    from leakcheck.terminal import say

    known = dict(_commands())
    lines = _fish(known, COMMANDS) if shell is Shell.FISH else _bash(known)
    if shell is Shell.ZSH:
        say("autoload -U +X compinit bashcompinit && compinit && bashcompinit")
    for line in lines:
        say(line)
    return 0


def _commands() -> Iterator[tuple[str, list[str]]]:
    """Each command, such as `filters add`, and the words that may follow it."""
    from leakcheck.cli import COMMANDS, LazyGroup

    group = LazyGroup(name="leakcheck")
    common = [word for one in group.params for word in one.opts]
    yield "", [*COMMANDS, *common, "--version", "--help"]
    for name in COMMANDS:
        command: Any = group.get_command(None, name)
        inner = getattr(command, "commands", {})
        yield name, [*inner, *(common if inner else _options(command)), "--help"]
        for sub, each in inner.items():
            yield f"{name} {sub}", [*_options(each), "--help"]


def _options(command: Any) -> list[str]:
    found = [
        word
        for one in command.params
        for word in (*one.opts, *one.secondary_opts)
        if word.startswith("--")
    ]
    return list(dict.fromkeys(found))


def _bash(known: dict[str, list[str]]) -> Iterator[str]:
    deep = "|".join(f'"{name}"' for name in known if " " in name)
    yield "_leakcheck() {"
    yield '  local cur="${COMP_WORDS[COMP_CWORD]}" key="" words=""'
    yield '  [ "$COMP_CWORD" -gt 1 ] && key="${COMP_WORDS[1]}"'
    yield f'  [ "$COMP_CWORD" -gt 2 ] && case "$key ${{COMP_WORDS[2]}}" in {deep})'
    yield '    key="$key ${COMP_WORDS[2]}" ;; esac'
    yield '  case "$key" in'
    for name, words in known.items():
        yield f'    "{name}") words="{" ".join(words)}" ;;'
    yield "  esac"
    yield '  COMPREPLY=($(compgen -W "$words" -- "$cur"))'
    yield '  case "$cur" in -*) ;; *)'
    yield '    [ "$COMP_CWORD" -gt 1 ] && COMPREPLY+=($(compgen -f -- "$cur")) ;; esac'
    yield "}"
    yield "complete -o filenames -F _leakcheck leakcheck"


def _fish(known: dict[str, list[str]], told: dict[str, str]) -> Iterator[str]:
    for name, words in known.items():
        seen = " and ".join(f"__fish_seen_subcommand_from {part}" for part in name.split())
        when = seen.replace(" and ", "; and ") or "__fish_use_subcommand"
        for word in words:
            said = told.get(word, "") if not name else ""
            about = f" -d {_quoted(said)}" if said else ""
            what = f"-l {word[2:]}" if word.startswith("--") else f"-a {word}"
            if word.startswith("-") and not word.startswith("--"):
                what = f"-s {word[1:]}"
            yield f"complete -c leakcheck -n {_quoted(when)} {what}{about}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
