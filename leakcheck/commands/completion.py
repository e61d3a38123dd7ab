"""`leakcheck completion`: a script by which a shell completes commands and options.

The script holds all words itself, so that completing starts no program.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

from leakcheck.commands import declared as typer

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
    """Print a script that completes commands, options and their values, for bash, zsh or fish.

    Write it to a file that the shell loads when it needs it:

    \b
    bash: > ~/.local/share/bash-completion/completions/leakcheck
    zsh:  > ~/.zfunc/_leakcheck, and fpath+=(~/.zfunc) before compinit in ~/.zshrc
    fish: > ~/.config/fish/completions/leakcheck.fish
    """
    from leakcheck.terminal import say

    script = {Shell.BASH: _bash, Shell.ZSH: _zsh, Shell.FISH: _fish}[shell]
    for line in script(dict(_commands())):
        say(line)
    return 0


@dataclass
class Words:
    """What may follow a command.

    Attributes:
        inner: the commands of a group.
        options: with their dashes.
        values: what an option takes, where that is one of a few words.
        taking: the options that take a value.
    """

    inner: Mapping[str, str] = field(default_factory=dict)
    options: list[str] = field(default_factory=list)
    values: dict[str, list[str]] = field(default_factory=dict)
    taking: set[str] = field(default_factory=set)


def _commands() -> Iterator[tuple[str, Words]]:
    """Each command, such as `filters add`, and what may follow it; the empty name is leakcheck."""
    from leakcheck.cli import COMMANDS, LazyGroup

    group = LazyGroup(name="leakcheck")
    root = _words(group.params, COMMANDS)
    root.options.insert(0, "--version")
    yield "", root
    for name in COMMANDS:
        command: Any = group.get_command(None, name)
        inner = getattr(command, "commands", {})
        about = {sub: each.get_short_help_str(60) for sub, each in inner.items()}
        yield name, _words(group.params if inner else command.params, about)
        for sub, each in inner.items():
            yield f"{name} {sub}", _words(each.params, {})


def _words(params: Any, inner: Mapping[str, str]) -> Words:
    from leakcheck.reports import FORMATS

    found = Words(inner)
    for one in params:
        if one.param_type_name == "argument":
            if choices := _choices(one):
                found.inner = dict.fromkeys(choices, "")
            continue
        names = [word for word in (*one.opts, *one.secondary_opts) if word.startswith("--")]
        found.options += names
        if one.is_flag:
            continue
        found.taking.update(names)
        choices = list(FORMATS) if "--format" in names else _choices(one)
        if choices:
            found.values |= dict.fromkeys(names, choices)
    found.options = [*dict.fromkeys(found.options), "--help"]
    return found


def _choices(parameter: Any) -> list[str]:
    """The words that a parameter takes, none where it takes others."""
    kind = getattr(parameter, "type", None) or parameter.type_descriptor  # Typer from 0.29 on
    return [str(getattr(one, "value", one)) for one in getattr(kind, "choices", None) or ()]


def _deep(known: Mapping[str, Words]) -> str:
    return "|".join(f'"{name}"' for name in known if " " in name)


def _skipped(known: Mapping[str, Words]) -> str:
    """The options before a command that take a value, as a pattern."""
    return "|".join(sorted(known[""].taking))


def _bash(known: Mapping[str, Words]) -> Iterator[str]:
    yield "_leakcheck() {"
    yield '  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" key="" at=1'
    yield "  while [ $at -lt $COMP_CWORD ]; do"
    yield f'    case "${{COMP_WORDS[at]}}" in {_skipped(known)}) at=$((at + 2)) ;;'
    yield '      -*) at=$((at + 1)) ;; *) key="${COMP_WORDS[at]}"; break ;; esac'
    yield "  done"
    yield "  [ $COMP_CWORD -gt $((at + 1)) ] &&"
    yield f'    case "$key ${{COMP_WORDS[at + 1]}}" in {_deep(known)})'
    yield '    key="$key ${COMP_WORDS[at + 1]}" ;; esac'
    yield from _cases(known, lambda words: f'COMPREPLY=($(compgen -W "{words}" -- "$cur"))')
    yield '  case "$cur" in -*) ;; *)'
    yield '    [ -n "$key" ] && COMPREPLY+=($(compgen -f -- "$cur")) ;; esac'
    yield "}"
    yield "complete -o filenames -F _leakcheck leakcheck leakcheck-bloom"


def _zsh(known: Mapping[str, Words]) -> Iterator[str]:
    yield "#compdef leakcheck leakcheck-bloom"
    yield "_leakcheck() {"
    yield '  local cur="${words[CURRENT]}" prev="${words[CURRENT-1]}" key="" at=2'
    yield "  while (( at < CURRENT )); do"
    yield f'    case "${{words[at]}}" in ({_skipped(known)}) (( at += 2 )) ;;'
    yield '      (-*) (( at += 1 )) ;; (*) key="${words[at]}"; break ;; esac'
    yield "  done"
    yield "  (( CURRENT > at + 1 )) &&"
    yield f'    case "$key ${{words[at+1]}}" in ({_deep(known)})'
    yield '    key="$key ${words[at+1]}" ;; esac'
    yield from _cases(known, lambda words: f"compadd -- {words}")
    yield '  [[ -z "$key" || "$cur" == -* ]] || _files'
    yield "}"
    # autoloaded by its name, it completes at once; evaluated, it says what it is for
    yield 'if [ "${funcstack[1]}" = _leakcheck ]; then _leakcheck "$@"'
    yield "else (( $+functions[compdef] )) || { autoload -U compinit && compinit }"
    yield "  compdef _leakcheck leakcheck leakcheck-bloom; fi"


def _cases(known: Mapping[str, Words], offer: Callable[[str], str]) -> Iterator[str]:
    """The branches that bash and zsh have in common: values of an option, words of a command."""
    yield '  case "$key $prev" in'
    for name, words in known.items():
        for option, values in words.values.items():
            yield f'    "{name} {option}") {offer(" ".join(values))}; return ;;'
    yield "  esac"
    yield '  case "$key" in'
    for name, words in known.items():
        yield f'    "{name}") {offer(" ".join([*words.inner, *words.options]))} ;;'
    yield "  esac"


def _fish(known: Mapping[str, Words]) -> Iterator[str]:
    yield "complete -c leakcheck-bloom -w leakcheck"
    yield "function __leakcheck_needs_command"
    yield f"  not __fish_seen_subcommand_from {' '.join(known[''].inner)}"
    yield "end"
    for name, words in known.items():
        seen = [f"__fish_seen_subcommand_from {part}" for part in name.split()]
        when = "; and ".join(seen) or "__leakcheck_needs_command"
        none = f"not __fish_seen_subcommand_from {' '.join(words.inner)}"
        first = f"{when}; and {none}" if name and words.inner else when
        for word, said in words.inner.items():
            about = f" -d {_quoted(said)}" if said else ""
            alone = " -f" if not name else ""
            yield f"complete -c leakcheck -n {_quoted(first)}{alone} -a {word}{about}"
        for word in words.options:
            takes = f" -x -a {_quoted(' '.join(words.values[word]))}" if word in words.values else (
                " -r" if word in words.taking else "")  # fmt: skip
            yield f"complete -c leakcheck -n {_quoted(when)} -l {word[2:]}{takes}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
