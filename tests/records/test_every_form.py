"""Every form of list, however it comes and is asked: exposed or refused, never clean."""

import gzip
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from commands import command
from listed_forms import FORMS, OTHER, SECRET, SENTINELS, Listed

import leakcheck
from leakcheck.errors import LeakcheckError
from leakcheck.extract import ENGINE
from leakcheck.subject.kinds import Kind


@pytest.fixture(scope="module")
def filters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A filter of each kind that holds SECRET and nothing else."""
    folder = tmp_path_factory.mktemp("filters")
    words = folder / "words"
    words.write_text(f"{SECRET}\n")
    for kind in ("password", "ntlm"):
        made = folder / f"{kind}.bloom"
        status, _, err = command("build", words, "-o", made, "--kind", kind, "--from", "passwords")
        assert status == 0, err
    return {kind: folder / f"{kind}.bloom" for kind in ("password", "ntlm")}


def _packed(content: bytes, suffix: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(f"list{suffix}", content)
    return out.getvalue()


WAYS: dict[str, Callable[[Listed], tuple[str, bytes]]] = {
    "file": lambda one: (f"list{one.suffix}", one.content),
    "txt": lambda one: ("list.txt", one.content),
    "bare": lambda one: ("list", one.content),
    "stdin": lambda one: ("-", one.content),
    "gzip": lambda one: (f"list{one.suffix}.gz", gzip.compress(one.content)),
    "zip": lambda one: ("list.zip", _packed(one.content, one.suffix)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", FORMS)
def test_a_secret_that_is_in_the_filter_is_exposed(
    form: str, way: str, filters: dict[str, Path], tmp_path: Path
) -> None:
    listed = FORMS[form]
    name, data = WAYS[way](listed)
    path: object = "-"
    if name != "-":
        path = tmp_path / name
        (tmp_path / name).write_bytes(data)
    asked = ("--kind", listed.kind, "--in", filters[listed.kind])
    expected = 2 if listed.refused else 1
    scanned = command("scan", path, *asked, "--format", "json", stdin=data)
    assert scanned[0] == expected, scanned
    checked = command("check", "--from-file", path, *asked, stdin=data)
    assert checked[0] == expected, checked
    for out in (scanned, checked):
        assert not any(word in text for word in SENTINELS for text in out[1:]), out
    if name == "-":
        return
    assert _by_api(Path(str(path)), listed, filters) == expected
    if not listed.refused:
        _built(path, listed, tmp_path)


def _by_api(path: Path, listed: Listed, filters: dict[str, Path]) -> int:
    source = str(filters[listed.kind])
    try:
        with leakcheck.scan(path, kind=Kind(listed.kind), sources=[source]) as rows:
            return 1 if any(row.verdict.value == "exposed" for row in rows) else 0
    except LeakcheckError:
        return 2


def _built(path: object, listed: Listed, folder: Path) -> None:
    """A filter built from the list holds both secrets."""
    made = folder / "made.bloom"
    built = command("build", path, "-o", made, "--kind", listed.kind, "--force")
    assert built[0] == 0, built
    assert not any(word in text for word in SENTINELS for text in built[1:]), built
    asked = command(
        "check", "--password", "--kind", listed.kind, "--in", made, stdin=f"{SECRET}\n".encode()
    )
    assert asked[0] == 1, asked
    assert command(
        "check", "--password", "--kind", listed.kind, "--in", made, stdin=b"nobody has this\n"
    )[0] == 0  # fmt: skip


@pytest.mark.skipif(ENGINE == "python", reason="this is the plain engine")
def test_the_plain_engine_reads_the_same() -> None:
    """Every form, way and route once more, in a process of the other engine."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", __file__, "-k", "a_secret_that_is"],
        capture_output=True, text=True, timeout=280, check=False,
        env=os.environ | {"BLOOM_ENGINE": "python"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
    assert done.stdout.count(".") >= len(FORMS) * len(WAYS), done.stdout[-4000:]


FORMATS = ("table", "csv", "tsv", "json", "jsonl", "html", "sarif", "junit", "summary")


@pytest.mark.parametrize("redact", [True, False])
@pytest.mark.parametrize("form", [form for form, listed in FORMS.items() if not listed.refused])
def test_no_report_shows_a_secret(
    form: str, redact: bool, filters: dict[str, Path], tmp_path: Path
) -> None:
    listed = FORMS[form]
    path = tmp_path / f"list{listed.suffix}"
    path.write_bytes(listed.content)
    asked = ["scan", path, "--kind", listed.kind, "--in", filters[listed.kind]]
    asked.append("--redact" if redact else "--no-redact")
    for kind in (listed.kind, "email"):
        asked[3] = kind
        if kind == "email":
            asked[5] = _of_addresses(tmp_path)
        for each in FORMATS:
            out = command(*asked, "--format", each)
            shown = [word for word in SENTINELS if any(word in text for text in out[1:])]
            assert not shown, (kind, each, out)


def _of_addresses(folder: Path) -> Path:
    made = folder / "mail.bloom"
    if not made.exists():
        source = folder / "mail"
        source.write_text("a@b.fr\n")
        assert command("build", source, "-o", made, "--kind", "email")[0] == 0
    return made


def test_what_says_where_an_account_is_is_shown(filters: dict[str, Path], tmp_path: Path) -> None:
    """Name, site, login, folder: without credentials and query."""
    path = tmp_path / "chrome.csv"
    path.write_bytes(FORMS["chrome"].content)
    out = command(
        "scan", path, "--kind", "password", "--in", filters["password"], "--format", "jsonl"
    )
    row = json.loads(out[1].splitlines()[0])
    assert row["columns"] == {
        "name": "a", "url": "https://a.example/", "username": "alice", "note": "•••",
    }  # fmt: skip
    assert row["subject"] is None
    assert OTHER not in out[1]
