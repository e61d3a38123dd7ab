"""The entry point: run a command, turn what goes wrong into one sentence and a status.

Rule 1: no traceback reaches a user: it could hold a secret. Rule 2: exit
status 2 is for everything that is neither done nor exposed.
"""

import os
import sys


def main() -> None:
    """Run the command line given in sys.argv and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit status: 0, 1 or 2."""
    from typer.main import get_command

    from leakcheck.cli import app
    from leakcheck.errors import LeakcheckError

    try:
        result = get_command(app).main(arguments, prog_name="leakcheck", standalone_mode=False)
        sys.stdout.flush()
    except LeakcheckError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return _fail("Interrupted: nothing was left half-written.")
    except BrokenPipeError:
        _silence_stdout()
        return 0
    except MemoryError:
        return _fail("There is not enough memory: give a smaller --memory.")
    except OSError as error:
        return _fail(f"The system refused: {error.strerror or 'input or output failed'}.")
    except Exception as error:
        return _unexpected(error, arguments)
    return result if isinstance(result, int) else 0


def _unexpected(error: Exception, arguments: list[str]) -> int:
    """Wrong use as the parser words it, without what was typed; or a fault of ours."""
    format_message = getattr(error, "format_message", None)
    if format_message is None:
        at = error.__traceback__
        while at is not None and at.tb_next is not None:
            at = at.tb_next
        place = f"{os.path.basename(at.tb_frame.f_code.co_filename)}:{at.tb_lineno}" if at else "?"
        return _fail(
            f"This is a fault in leakcheck ({type(error).__name__} at {place}): report it."
        )
    message = str(format_message())
    for word in sorted((word for word in arguments if not word.startswith("-")), key=len)[::-1]:
        message = message.replace(word, "…")
    return _fail(message)


def _fail(message: str) -> int:
    print(f"leakcheck: {message}", file=sys.stderr)
    return 2


def _silence_stdout() -> None:
    """Point stdout nowhere, so that the interpreter's last flush does not complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
