"""The same bytes, the same answer: in check, scan, ci, the API and Django, for every kind."""

from pathlib import Path

import pytest
from program import leakcheck as program

import leakcheck
from leakcheck.django import BreachedPasswordValidator
from leakcheck.sources import filter_file, filter_header
from leakcheck.subject.digests import nt_hash, sha1
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Verdict

# Of each password: the bytes whose digest is in the filter, and the bytes that are asked.
WORDS = {
    "plain": (b"hunter2", b"hunter2"),
    "not UTF-8": (b"caf\xe9", b"caf\xe9"),
    "not UTF-8, in the filter as text": ("café".encode(), b"caf\xe9"),
    "composed": ("caf\u00e9".encode(), "cafe\u0301".encode()),
    "decomposed": ("cafe\u0301".encode(), "caf\u00e9".encode()),
    "blank at the end": (b"hunter2", b"hunter2 "),
    "blank at both ends": (b" hunter2\t", b" hunter2\t"),
    "wide blank": (b"hunter2", "hunter2\u3000".encode()),
    "hex": (b"a:b", b"$HEX[613a62]"),
    "hex as it stands": (b"$HEX[613a62]", b"$HEX[613a62]"),
    "Cyrillic": ("пароль".encode(), "пароль".encode()),
    "emoji": ("👍🏽".encode(), "👍🏽".encode()),
}


def holding(folder: Path, kind: Kind, word: bytes) -> Path:
    digest = nt_hash(word) if kind is Kind.NTLM else sha1(word)
    with filter_file.Builder(digest_bytes=kind.digest_bytes) as builder:
        builder.add(digest + bytes(range(kind.digest_bytes)))
        builder.finish(folder / "f.bloom", rate=1e-9, about=dict(filter_header.about(kind)))
    return folder / "f.bloom"


@pytest.mark.parametrize("kind", [Kind.PASSWORD, Kind.NTLM])
@pytest.mark.parametrize("name", WORDS)
def test_found_by_every_route(tmp_path: Path, kind: Kind, name: str) -> None:
    held, asked = WORDS[name]
    path = holding(tmp_path, kind, held)
    listing = tmp_path / "list.txt"
    lines = b"".join(b"filler%d\n" % at for at in range(40)) + asked + b"\n"
    listing.write_bytes(lines)
    routes = {
        "check": program("check", "--password", "--kind", kind.value, "--in", path, given=asked),
        "check --from-file": program(
            "check", "--from-file", listing, "--kind", kind.value, "--in", path
        ),
        "scan": program("scan", listing, "--kind", kind.value, "--in", path),
        "ci": program("ci", "--stdin", "--in", path, given=lines),
    }
    assert {route: done.status for route, done in routes.items()} == dict.fromkeys(routes, 1)
    for subject in (asked, asked.decode("utf-8", "surrogateescape")):
        (answer,) = leakcheck.check([subject], kind=kind, sources=[str(path)])
        assert answer.verdict is Verdict.EXPOSED
        with leakcheck.scan(listing, kind=kind, sources=[str(path)]) as rows:
            assert [row.verdict for row in rows][40:] == [Verdict.EXPOSED]


@pytest.mark.parametrize("name", WORDS)
def test_rejected_by_django(tmp_path: Path, name: str) -> None:
    from django.conf import settings
    from django.core.exceptions import ValidationError

    if not settings.configured:
        settings.configure(USE_I18N=False)
    held, asked = WORDS[name]
    for kind in (Kind.PASSWORD, Kind.NTLM):
        validator = BreachedPasswordValidator([str(holding(tmp_path, kind, held))])
        with pytest.raises(ValidationError) as caught:
            validator.validate(asked.decode("utf-8", "surrogateescape"))
        assert caught.value.code == "password_breached"
        (tmp_path / "f.bloom").unlink()


@pytest.mark.parametrize("engine", ["native", "python"])
@pytest.mark.parametrize("kind", [Kind.PASSWORD, Kind.NTLM, Kind.CREDENTIAL])
def test_what_is_not_utf8_is_built_and_asked_alike(
    tmp_path: Path, kind: Kind, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each form of dump, and by each route: the same bytes have the same digest."""
    if engine == "native":
        pytest.importorskip("leakcheck._native")
    word, other = b"caf\xe9-\xff\x81", b"caf\xe8-\xff\x81"
    monkeypatch.setenv("BLOOM_ENGINE", engine)
    pairs = [(b"user%d@acme.fr" % at, b"filler%d" % at) for at in range(20)]
    pairs.append((b"eve@acme.fr", word))
    dumps = {
        "d.txt": b"".join(b"%s:%s\n" % pair for pair in pairs),
        "d.csv": b"email,password\n" + b"".join(b"%s,%s\n" % pair for pair in pairs),
        "d.jsonl": b"".join(b'{"email":"%s","password":"%s"}\n' % pair for pair in pairs),
        "d.sql": b"INSERT INTO users (email, password) VALUES "
        + b",".join(b"('%s','%s')" % pair for pair in pairs)
        + b";\n",
    }
    made = tmp_path / "f.bloom"
    for name, data in list(dumps.items())[: None if engine == "native" else 1]:
        (tmp_path / name).write_bytes(data)
        built = program("build", tmp_path / name, "-o", made, "--force", "--kind", kind.value)
        assert built.status == 0, built.err
        for asked, status in ((word, 1), (other, 0)):
            subject = b"eve@acme.fr:" + asked if kind is Kind.CREDENTIAL else asked
            lines = subject + b"\n"
            (tmp_path / "list").write_bytes(lines)
            common = ("--kind", kind.value, "--in", made)
            form = ("--from", "combo" if kind is Kind.CREDENTIAL else "passwords")
            routes = {"scan": program("scan", tmp_path / "list", *form, *common)}
            if name == "d.txt":
                routes["check"] = program("check", "--from-file", "-", *form, *common, given=lines)
            if name == "d.txt" and kind is not Kind.CREDENTIAL:
                routes["prompt"] = program("check", "--password", *common, given=lines)
                routes["ci"] = program("ci", "--stdin", "--in", made, given=lines)
            answers = {route: done.status for route, done in routes.items()}
            for text in (subject, subject.decode("utf-8", "surrogateescape")):
                (answer,) = leakcheck.check([text], kind=kind, sources=[str(made)])
                answers[type(text).__name__] = int(answer.verdict is Verdict.EXPOSED)
            assert answers == dict.fromkeys(answers, status), name


def test_the_answer_says_which_was_found(tmp_path: Path) -> None:
    path = holding(tmp_path, Kind.PASSWORD, b"hunter2")
    done = program("check", "--password", "--in", path, given=b"hunter2 \n")
    assert done.status == 1
    assert "(found without the blanks around it, false alarm: " in done.out
    assert "hunter2" not in done.out + done.err
    done = program("check", "--password", "--in", path, "--json", given=b"hunter2 \n")
    assert '"matched": "without the blanks around it"' in done.out


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_list_as_windows_writes_it(tmp_path: Path, encoding: str, end: str) -> None:
    path = holding(tmp_path, Kind.PASSWORD, b"hunter2")
    data = end.join(["hunter2", "correct horse", "battery staple", ""]).encode(encoding)
    listing = tmp_path / "list.txt"
    listing.write_bytes(data)
    asked = ("--in", path)
    routes = {
        "check": program("check", "--password", *asked, given=data),
        "file": program("check", "--kind", "password", "--from-file", listing, *asked),
        "stdin": program("check", "--kind", "password", "--from-file", "-", *asked, given=data),
        "scan": program("scan", "--kind", "password", listing, *asked),
        "ci": program("ci", "--stdin", *asked, given=data),
    }
    assert {name: done.status for name, done in routes.items()} == dict.fromkeys(routes, 1)


def test_zero_bytes_are_not_clean(tmp_path: Path) -> None:
    asked = b"hunter2\0x\n"
    path = holding(tmp_path, Kind.PASSWORD, b"other")
    listing = tmp_path / "list.txt"
    listing.write_bytes(asked)
    for done in (
        program("check", "--password", "--in", path, given=asked),
        program("check", "--kind", "password", "--from-file", listing, "--in", path),
        program("ci", "--stdin", "--in", path, given=asked),
    ):
        assert done.status == 2
        assert "hunter" not in done.out + done.err


@pytest.mark.parametrize("wrong", ["hunter2", b"hunter2"])
def test_one_text_is_no_list_of_subjects(wrong: str | bytes) -> None:
    with pytest.raises(TypeError, match="subjects: give a list"):
        leakcheck.check(wrong, kind=Kind.PASSWORD)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="digests: give a list"):
        leakcheck.check_digests(wrong)  # type: ignore[arg-type]
    for call in (leakcheck.check, leakcheck.check_digests):
        with pytest.raises(TypeError, match="sources: give a list"):
            call(["00" * 20], sources=wrong, kind=Kind.PASSWORD)  # type: ignore[arg-type]
