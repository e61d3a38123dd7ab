"""A plain command line is read without Typer: whatever is read so, Typer reads the same way."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.main import get_command

from leakcheck import config, language, terminal
from leakcheck.__main__ import run
from leakcheck.cli import COMMANDS, _with_common
from leakcheck.commands import declared
from leakcheck.commands.common import template
from leakcheck.errors import UsageError

GROUPS = {"filters", "keys", "config"}
ALONE = sorted(set(COMMANDS) - GROUPS)
VALUES = (
    "a@example.fr", "x", "-", "", "1", "0", "07", "300", "12345678901", "-1", "1.5", ".5", "1e-3",
    "fr", "never", "auto", "email", "ntlm", "bash", "text", "json", ".", "/nowhere/at all", "a=b",
    "1_0", "²", "٣", "a\0b",
)  # fmt: skip
SHARED = [name for name, _ in declared._options(list(declared._parameters(template.annotations())))]

PLAIN = [
    ("check", ["a@example.fr", "--in", "x.bloom", "--kind=email", "--json"]),
    ("check", ["--hash", "00", "--hash", "11", "--offline", "--decoys", "3", "--allow-bits=20.5"]),
    ("check", ["--password", "--via", "socks5h://127.0.0.1:9050"]),
    ("ci", [".", "docs", "--staged", "-o", "a.json", "-o", "b.html"]),
    ("ci", ["--history"]),
    ("ci", ["--history", "--strict"]),
    ("ci", ["--history", "v1..main"]),
    ("build", ["dump.txt", "-o", "x.bloom", "--threads", "2", "--force"]),
    ("build", ["-", "-o", "x.bloom"]),
    ("scan", ["list.csv", "--format", "csv", "--in", "x"]),
    ("scan", ["list.csv", "--no-redact", "--only", "exposed"]),
    ("completion", ["bash"]),
    ("check", ["-q", "a@example.fr", "--color", "never"]),
    ("check", ["a@example.fr", "--language=fr", "-v", "--in", "x.bloom"]),
    ("ci", ["--quiet", "--progress", "json", "."]),
]
NOT_PLAIN = [
    ("check", ["--help"]),
    ("check", ["--kin", "email"]),
    ("check", ["--kind", "emai"]),
    ("check", ["--kind", "email", "--kind", "email"]),
    ("check", ["--decoys", "256"]),
    ("check", ["--json=1"]),
    ("check", ["--in"]),
    ("check", ["--", "--json"]),
    ("check", ["-qv", "a@example.fr"]),
    ("check", ["-q", "a@example.fr", "--quiet"]),
    ("check", ["--color", "blue", "a@example.fr"]),
    ("check", ["--language"]),
    ("completion", []),
    ("completion", ["bash", "zsh"]),
]


class _Called(BaseException):
    """The command's function is reached."""


@contextmanager
def _given_to(function: Callable[..., Any]) -> Iterator[dict[str, Any]]:
    """What `function` is called with, which is then not run."""
    found: dict[str, Any] = {}

    def look(frame: Any, event: str, _: Any) -> None:
        if event == "call" and frame.f_code is function.__code__:
            found.update(frame.f_locals)
            raise _Called

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield found
    except _Called:
        pass
    finally:
        sys.setprofile(before)


def _afresh() -> None:
    """Forget what options said to all commands."""
    terminal._settings, language._spoken, config._current = terminal.Settings(), None, None


def _told() -> tuple[Any, ...]:
    """What the options that every command takes have set."""
    return terminal.settings(), language._spoken, config.current().values


def _read(name: str, words: list[str]) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """What the command is called with, and what is set: as read here, and by Typer.

    None where it is not read.
    """
    app = import_module(f"leakcheck.commands.{name}").app
    [(_, _, function, _)] = app._declared
    _afresh()
    before = _told()
    try:
        call = app.plain(words, template.annotations)
    except UsageError:  # an empty path, which test_errors.py tests
        call = None
    if call is None:
        assert _told() == before, "nothing is set by half"
        return None, None
    with _given_to(function) as plain:
        call()
    plain["told"] = _told()
    _afresh()
    command: Any = _with_common(get_command(app.real()))
    with _given_to(function) as typed, command.make_context(name, list(words)) as context:
        command.invoke(context)
    typed["told"] = _told()
    _afresh()
    return plain, typed


@pytest.mark.parametrize(("name", "words"), PLAIN)
def test_a_plain_line_is_read_as_typer_reads_it(name: str, words: list[str]) -> None:
    plain, typed = _read(name, words)
    assert plain is not None
    assert plain == typed


@pytest.mark.parametrize(("name", "words"), NOT_PLAIN)
def test_all_else_is_left_to_typer(name: str, words: list[str]) -> None:
    assert _read(name, words) == (None, None)


@pytest.mark.parametrize("name", ALONE)
def test_every_command_can_be_read_plainly(name: str) -> None:
    app = import_module(f"leakcheck.commands.{name}").app
    [(_, _, _, annotations)] = app._declared
    for one in declared._parameters(annotations):
        assert one.declared.told.keys() <= declared._KNOWN
        assert one.declared.names or one.declared.what == "Argument"
        assert one.name not in template.annotations()


@st.composite
def _lines(draw: st.DrawFn) -> tuple[str, list[str]]:
    name = draw(st.sampled_from(ALONE))
    [(_, _, _, annotations)] = import_module(f"leakcheck.commands.{name}").app._declared
    names = [option for option, _ in declared._options(list(declared._parameters(annotations)))]
    value = st.sampled_from(VALUES)
    option = st.sampled_from([*names, *SHARED])
    word = st.one_of(value, option, st.builds("{}={}".format, option, value))
    pair = st.tuples(option, value).map(list)
    parts = draw(st.lists(st.one_of(pair, pair, word.map(lambda one: [one])), max_size=4))
    return name, [word for part in parts for word in part]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(line=_lines())
def test_no_line_is_read_otherwise_than_by_typer(
    line: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path))
    plain, typed = _read(*line)
    assert plain == typed


def test_flags_before_the_command_are_read_as_behind_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "typer.main", None)  # which cannot be loaded then
    for words in (["-q", "check", "x@example.fr"], ["check", "x@example.fr", "-q"]):
        assert run([*words, "--in", "/nowhere/x.bloom"]) == 2
        assert terminal.settings().quiet
        assert "typer" not in capsys.readouterr().err
        _afresh()
