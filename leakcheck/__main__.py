"""The entry point: run a command, turn an error into one sentence and an exit status.

Rule 1: no traceback reaches a user: it could hold a secret. Rule 2: exit
status 2 is for everything that is neither done nor exposed.
"""

import gc
import os
import sys
import time
from typing import Any

from leakcheck import version_text
from leakcheck.language import figure, local, said

_FLAGS = ("-q", "--quiet", "-v", "--verbose")  # which may stand before the command
_YOUNG = 40_000  # objects; about what a command loads, none of which is garbage
_LONG = 10.0  # seconds of work after which it is worth a word that it could be faster
_SLOW = said(
    "This ran on plain Python, some 40 times slower than the native engine. Install Rust "
    "(https://rustup.rs) or take a wheel, then install leakcheck-bloom again."
)
_FOREIGN = said(
    "Another package called bloom stands in the way of leakcheck's own. Install leakcheck-bloom "
    "in an environment of its own."
)
_INTERRUPTED = said("Interrupted: nothing was left half-written.")


def main() -> None:
    """Run the command line given in sys.argv and exit."""
    sys.unraisablehook = _unraisable
    if not sys.warnoptions:  # what a library warns of is for developers, who ask with -W
        _silence_warnings()
    gc.set_threshold(_YOUNG)  # with the usual 700, a short run spends a tenth of its time looking
    try:
        _stand_in()
        if sys.argv[1:] != ["--version"]:
            from leakcheck.terminal import prepare

            prepare()
        status = run(sys.argv[1:])
    except KeyboardInterrupt:  # while the program is being loaded
        status = _interrupted("")
    except ImportError:
        if not _bloom_is_foreign():
            raise
        status = _foreign()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = 2
    os._exit(status)  # all is closed: taking the interpreter apart would only cost time


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit status: 0, 1 or 2."""
    from leakcheck.errors import LeakcheckError

    start, worked = time.monotonic(), time.process_time()
    if not arguments:
        return _fail(
            said("Say what to do: leakcheck --help lists the commands, leakcheck demo shows them.")
        )
    try:
        status = _invoke(arguments)
        sys.stdout.flush()
        _say_if_slow(worked)
    except LeakcheckError as error:
        return _fail(str(error))
    except KeyboardInterrupt as interrupt:
        return _interrupted(str(interrupt))
    except EOFError:
        return _fail(_INTERRUPTED)
    except BrokenPipeError:
        _silence_stdout()
        return 2  # whoever reads only the status must not take it for clean
    except ImportError as error:
        return _foreign() if _bloom_is_foreign() else _unexpected(error, arguments)
    except MemoryError:
        return _fail(said("There is not enough memory: give a smaller --memory."))
    except OSError as error:
        why = error.strerror or said("input or output failed")
        if not error.filename:
            return _fail(said("The system refused: {why}.", why=why))
        name = os.fsdecode(error.filename)
        return _fail(said("{name}: the system refused: {why}.", name=name, why=why))
    except BaseException as error:  # a panic in Rust is no Exception
        return _unexpected(error, arguments)
    terminal = sys.modules.get("leakcheck.terminal")  # what never loaded it was told nothing
    if terminal is not None and terminal.settings().verbose:
        terminal.warn(
            said("done in {monotonic} s.", monotonic=figure(f"{time.monotonic() - start:.2f}"))
        )
    return status


def _invoke(arguments: list[str]) -> int:
    """Parse and run, without the parser's own handling of interrupts, pipes and exits."""
    if arguments == ["--version"]:  # which need not wait for the parser to load
        print(version_text())
        return 0
    from leakcheck.errors import UsageError
    from leakcheck.terminal import settle

    try:
        settle()
    except UsageError:
        if not {"-h", "--help"}.intersection(arguments):
            raise
    call = _plain(arguments)
    return _by_typer(arguments) if call is None else _status(call())


def _plain(arguments: list[str]) -> Any:
    """What to call where the line needs no parser: a command by its name, and plain words."""
    import re
    from importlib import import_module

    at = 0
    while at < len(arguments) and arguments[at] in _FLAGS:
        at += 1
    if at == len(arguments) or not re.fullmatch("[a-z]+", arguments[at]):
        return None
    try:
        module = import_module(f"leakcheck.commands.{arguments[at]}")
    except ModuleNotFoundError:
        return None
    app = getattr(module, "app", None)
    words = [*arguments[:at], *arguments[at + 1 :]]
    return None if app is None else app.plain(words, _shared)


def _shared() -> Any:
    """The options that every command takes, as they are declared."""
    from importlib import import_module

    return import_module("leakcheck.commands.common").template.annotations()


def _by_typer(arguments: list[str]) -> int:
    from typer import Exit
    from typer.main import get_command

    from leakcheck.cli import app

    command = get_command(app)
    try:
        with command.make_context("leakcheck", list(arguments)) as context:
            return _status(command.invoke(context))
    except Exit as done:
        return done.exit_code


def _status(returned: Any) -> int:
    return returned if isinstance(returned, int) else 0


def _say_if_slow(begun: float) -> None:
    """One line after a long job where the extension is missing, and nobody asked for that.

    begun: when the job was, in processor time.
    """
    engine = sys.modules.get("bloom.engine")
    if engine is not None and engine.FALLEN_BACK and time.process_time() - begun > _LONG:
        print(f"leakcheck: {local(_SLOW)}", file=sys.stderr)


def _bloom_is_foreign() -> bool:
    """Whether `bloom` is another distribution's: two share the name, and the last one wins."""
    try:
        import bloom
    except ImportError:
        return True
    return not hasattr(bloom, "PAGE_BYTES")


def _foreign() -> int:
    """Said without terminal.py, which needs our own `bloom`."""
    print(f"leakcheck: {local(_FOREIGN)}", file=sys.stderr)
    return 2


def _unexpected(error: BaseException, arguments: list[str]) -> int:
    """Wrong use as the parser words it, without what was typed; or a fault of ours."""
    import re

    from leakcheck.errors import fault

    format_message = getattr(error, "format_message", None)
    if format_message is not None and type(error).__name__ == "NoArgsIsHelpError":
        print(format_message(), file=sys.stderr)  # a group without a command: its help
        return 2
    if format_message is not None:
        group = getattr(error, "ctx", None)
        word = re.match("No such command '(.*?)'", str(format_message()))
        if group is not None and word is not None:
            from leakcheck.cli import no_such_command

            return _fail(no_such_command(word[1], group.info_name, group.command.commands))
        text = _without_values(" ".join(str(format_message()).split()), arguments)
        return _fail(_worded(text, getattr(group, "command_path", "leakcheck")))
    return _fail(said("This is {fault}.", fault=fault(error)))


def _without_values(message: str, arguments: list[str]) -> str:
    """The parser's message without the values it quotes: one might be a password."""
    import re

    values = [word.partition("=")[2] if word.startswith("-") else word for word in arguments]
    for value in sorted(filter(None, values), key=len, reverse=True):
        for quoted in (repr(value), f"'{value}'", f'"{value}"'):
            message = message.replace(quoted, "the value given")
    return re.sub(r" \(.*\)$", ".", message) if "extra argument" in message else message


def _worded(text: str, command: str) -> str:
    """The parser's sentence as a message of ours, where it is one of those that it has.

    command: that was typed, for a pointer to its help.
    """
    import re

    for pattern, say in (
        (r"No such option: (?P<name>\S+) \(Possible options: (?P<names>.*)\)",
         lambda name, names: said("No such option: {name} (Possible options: {names})",
                                  name=name, names=names)),
        (r"No such option: (?P<name>\S+)",
         lambda name: said("No such option: {name}", name=name)),
        (r"Missing argument '(?P<name>.*)'\.",
         lambda name: said("{name} is missing: {command} --help says what to give.",
                           name=name, command=command)),
        (r"Missing option '?(?P<name>.*?)'?\.(?: Choose from:? (?P<names>.*))?",
         lambda name, names: said("{name} is missing: {command} --help says what to give.",
                                  name=name.replace("' / '", ", "), command=command)),
        (r"Option '(?P<name>.*)' requires an argument\.",
         lambda name: said("Option '{name}' requires an argument.", name=name)),
        (r"Option '(?P<name>.*)' does not take a value\.",
         lambda name: said("Option '{name}' does not take a value.", name=name)),
        (r"Got unexpected extra argument\(s\)\.",
         lambda: said("Got unexpected extra argument(s).")),
        (r"Invalid value for '(?P<name>.*)': (the value given|\S+) is not one of (?P<names>.*)\.",
         lambda name, names: said("Invalid value for '{name}': the value given is not one of "
                                  "{names}.", name=name, names=names)),
        (r"Invalid value for '(?P<name>[^']*)': (?P<reason>.*)",
         lambda name, reason: said("Invalid value for '{name}': {reason}",
                                   name=name, reason=reason)),
    ):  # fmt: skip
        if found := re.fullmatch(pattern, text):
            return say(**found.groupdict())
    return text


def _interrupted(message: str) -> int:
    """message: how to go on, where that can be said."""
    try:
        if sys.stderr.isatty():
            print(file=sys.stderr)  # what the terminal shows of Ctrl-C stands alone
        return _fail(message or _INTERRUPTED)
    except OSError:  # the terminal was closed
        return 2


def _silence_warnings() -> None:
    import warnings

    warnings.simplefilter("ignore")


def _unraisable(what: Any) -> None:
    from leakcheck.interrupts import unraisable

    unraisable(what)


def _fail(message: str) -> int:
    from leakcheck.terminal import warn

    warn(message)
    return 2


def _stand_in() -> None:
    """Where a stream was closed by whoever started us, read nothing and write nowhere."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - pathlib takes longer to load


def _silence_stdout() -> None:
    """Point stdout nowhere, so that the interpreter's last flush does not complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
