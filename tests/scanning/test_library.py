"""The library as programs use it: typed names, open sources, examples that run."""

import asyncio
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from people import make_filter
from sessions import steps_of

import leakcheck
from leakcheck import Verdict

ROOT = Path(__file__).parent.parent.parent
PAGES = ("README.md", *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md"))))
WRONG = """
import leakcheck

try:
    answers = leakcheck.check(["a@b.fr"], knid="email")
except leakcheck.NoSuchError:
    raise
verdict: int = answers[0].verdict
"""
RIGHT = """
import leakcheck


def reason(error: leakcheck.LeakcheckError) -> str:
    return str(error)


try:
    found: list[leakcheck.Answer] = leakcheck.check(["a@b.fr"], kind=leakcheck.Kind.EMAIL)
    columns: list[str] = leakcheck.check_column(["a@b.fr", None])
except (leakcheck.UsageError, leakcheck.FilterError, leakcheck.NetworkError) as error:
    print(reason(error))
except (leakcheck.InputError, leakcheck.SubjectError) as error:
    print(reason(error))
"""


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    return make_filter(tmp_path / "acme.bloom", ["alice@example.fr"], name="Acme")


def examples() -> dict[str, str]:
    """The Python files that the pages show, by name."""
    return {
        step.name: "\n".join(step.expected) + "\n"
        for page in PAGES
        for step in steps_of((ROOT / page).read_text(encoding="utf-8"))
        if step.name and step.name.endswith(".py")
    }


def checkers() -> dict[str, list[str]]:
    """How each type checker is started, strict."""
    return {
        "mypy": ["mypy", "--strict", "--ignore-missing-imports", "."],
        "pyright": ["pyright", "--pythonpath", sys.executable, "."],
    }


def type_checked(checker: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What a type checker says of the files in `folder`."""
    pytest.importorskip(checker)
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    if checker == "pyright":  # which is written in JavaScript, and fetched at its first use
        first = subprocess.run(
            [sys.executable, "-m", "pyright", "--version"],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        if first.returncode:
            pytest.skip("pyright cannot be had here: it wants Node.js and the npm registry")
    return subprocess.run(
        [sys.executable, "-m", *checkers()[checker]],
        capture_output=True, text=True, cwd=folder, timeout=280, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("checker", checkers())
def test_the_examples_type_check(checker: str, tmp_path: Path) -> None:
    for name, text in examples().items():
        (tmp_path / name).write_text(text)
    (tmp_path / "errors_by_name.py").write_text(RIGHT)
    done = type_checked(checker, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(examples()) >= 8


@pytest.mark.parametrize("checker", checkers())
def test_a_type_checker_sees_what_is_wrong(checker: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(WRONG)
    done = type_checked(checker, tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if "wrong.py:" in line]
    for number in (5, 6, 8):
        assert any(f"wrong.py:{number}:" in line and "error" in line for line in lines), lines


def test_an_unknown_name_is_an_error_for_a_type_checker_and_at_run_time() -> None:
    with pytest.raises(AttributeError):
        _ = leakcheck.chekc  # type: ignore[attr-defined]
    for name in leakcheck.__all__:
        assert getattr(leakcheck, name) is not None
    assert set(leakcheck.__all__) <= set(dir(leakcheck))
    stated = (ROOT / "leakcheck" / "__init__.py").read_text()
    assert all(stated.count(f'"{name}"') == 2 for name in leakcheck.__all__)


def test_paths_kinds_by_value_and_generators(acme: Path) -> None:
    names = (name for name in ("alice@example.fr", "carol@example.org"))
    answers = leakcheck.check(names, kind="email", sources=[acme])
    assert [answer.verdict for answer in answers] == [Verdict.EXPOSED, Verdict.CLEAN]
    assert json.loads(json.dumps(answers[0].to_dict()))["verdict"] == "exposed"
    with pytest.raises(leakcheck.UsageError):
        leakcheck.check(["x"], kind="telephone")
    with pytest.raises(TypeError):
        leakcheck.check("alice@example.fr")
    with pytest.raises(TypeError):
        leakcheck.check(["alice@example.fr"], sources=acme)  # type: ignore[arg-type]


def test_what_cannot_be_asked_is_unknown_where_that_is_wanted(acme: Path) -> None:
    subjects = ["alice@example.fr", "nobody", float("nan"), None, b"alice@example.fr"]
    answers = leakcheck.check(subjects, sources=[acme], on_error="unknown")  # type: ignore[arg-type]
    assert [answer.verdict.value for answer in answers] == [
        "exposed", "unknown", "unknown", "unknown", "exposed",
    ]  # fmt: skip
    assert "not text" in str(answers[2].sources[0].reason)
    assert leakcheck.check_column(subjects, sources=[acme]) == [
        answer.verdict.value for answer in answers
    ]
    with pytest.raises(leakcheck.SubjectError, match="subject 2 of 5"):
        leakcheck.check(subjects, sources=[acme])  # type: ignore[arg-type]


def test_a_checker_is_shared_by_threads_and_by_a_loop(acme: Path) -> None:
    with leakcheck.Checker(sources=[acme]) as checker, ThreadPoolExecutor(8) as pool:
        subjects = [["alice@example.fr"], ["carol@example.org"]] * 100
        verdicts = [found[0].verdict.value for found in pool.map(checker.check, subjects)]
        assert verdicts == ["exposed", "clean"] * 100

        async def both() -> list[list[leakcheck.Answer]]:
            return await asyncio.gather(*(checker.acheck(one) for one in subjects[:2]))

        assert [one.verdict.value for (one,) in asyncio.run(both())] == ["exposed", "clean"]


def test_variants_of_a_checker(tmp_path: Path) -> None:
    path = make_filter(tmp_path / "g.bloom", ["janeroe@gmail.com"])
    for wanted, verdict in ((True, Verdict.EXPOSED), (False, Verdict.CLEAN)):
        with leakcheck.Checker(sources=[path], variants=wanted) as checker:
            assert checker.check(["jane.roe+x@gmail.com"])[0].verdict is verdict


def example(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What an example defines."""
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path))
    space: dict[str, object] = {"__name__": name}
    exec(compile(examples()[f"{name}.py"], name, "exec", dont_inherit=True), space)
    return space


def test_the_pydantic_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pydantic = pytest.importorskip("pydantic")
    model = example("pydantic_type", tmp_path, monkeypatch)["SignUp"]
    assert model(name="a", password="t6-Rz!mWq0pLk#2").name == "a"  # type: ignore[operator]
    with pytest.raises(pydantic.ValidationError) as caught:
        model(name="a", password="letmein")  # type: ignore[operator]
    assert "letmein" not in str(caught.value)


def test_the_fastapi_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fastapi")
    testing = pytest.importorskip("fastapi.testclient")
    client = testing.TestClient(example("fastapi_app", tmp_path, monkeypatch)["app"])
    for password, status in (("letmein", 422), ("t6-Rz!mWq0pLk#2", 200)):
        answer = client.post("/accounts", json={"name": "a", "password": password})
        assert answer.status_code == status
        assert password not in answer.text


def test_the_flask_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("flask")
    client = example("flask_app", tmp_path, monkeypatch)["app"].test_client()  # type: ignore[attr-defined]
    for password, status in (("letmein", 422), ("t6-Rz!mWq0pLk#2", 201)):
        answer = client.post("/accounts", data={"name": "a", "password": password})
        assert answer.status_code == status


TABLES = ("alice@example.fr", None, "carol@example.org")


@pytest.mark.parametrize("dtype", ["object", "string", "category"])
def test_a_column_of_pandas(dtype: str, acme: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"mail": pandas.Series(TABLES, dtype=dtype, index=[7, 3, 3])})
    frame["breach"] = leakcheck.check_column(frame["mail"], sources=[acme])
    assert list(frame["breach"]) == ["exposed", "unknown", "clean"]
    odd = pandas.Series([float("nan"), pandas.NA, pandas.NaT, 5, ""], dtype="object")
    assert leakcheck.check_column(odd, sources=[acme]) == ["unknown"] * 5
    assert leakcheck.check_column(frame["mail"][:0], sources=[acme]) == []
    with pytest.raises(TypeError, match="one column of the table"):
        leakcheck.check_column(frame, sources=[acme])


@pytest.mark.parametrize("dtype", ["String", "Categorical"])
def test_a_column_of_polars(dtype: str, acme: Path) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"mail": polars.Series(TABLES, dtype=getattr(polars, dtype))})
    breach = polars.Series(leakcheck.check_column(frame["mail"], sources=[acme]))
    found = frame.with_columns(breach=breach)
    assert found["breach"].to_list() == ["exposed", "unknown", "clean"]
    with pytest.raises(TypeError, match="one column of the table"):
        leakcheck.check_column(frame, sources=[acme])
    with pytest.raises(leakcheck.SubjectError, match="subject 2 of 3"):
        leakcheck.check(frame["mail"], sources=[acme])
