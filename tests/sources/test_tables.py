"""No clean from a filter whose builder's tables could not have taken the subject."""

import json
from pathlib import Path
from typing import Any

import pytest
from program import leakcheck as program

import leakcheck
from leakcheck.sources import filter_file
from leakcheck.subject import tables
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import digests_of
from leakcheck.verdicts import Verdict

NOW = {"tlds": tables.TLD_VERSION, "unicode": tables.unicode_version()}
OLD_TLDS, OLD_UNICODE = NOW | {"tlds": "2020-01-01"}, NOW | {"unicode": "15.0.0"}
NEW_UNICODE = NOW | {"unicode": "99.0.0"}


def made(path: Path, record: Any, kind: Kind = Kind.EMAIL, *subjects: str) -> Path:
    """A filter of `subjects` with `record` under about.tables; None for no such member."""
    about: dict[str, Any] = {"kind": kind.value, "name": "F"}
    with filter_file.Builder(digest_bytes=20) as builder:
        builder.add(digests_of(kind, subjects or ["someone@example.fr"]))
        builder.finish(path, rate=1e-6, about=about | ({"tables": record} if record else {}))
    return path


@pytest.mark.parametrize(
    ("record", "subject", "reason"),
    [
        (NOW, "zoe@acme.comcast", None),
        (NOW, "zoe@bücher.de", None),
        (OLD_TLDS, "zoe@acme.fr", None),
        (OLD_TLDS, "zoe@bücher.de", None),
        (OLD_TLDS, "zoe@acme.comcast", tables.TLD_UNKNOWN),
        (OLD_UNICODE, "zoe@acme.comcast", None),
        (OLD_UNICODE, "zoe@bücher.de", tables.UNICODE_OLDER),
        (OLD_UNICODE, "zoe@xn--bcher-kva.de", tables.UNICODE_OLDER),
        (NEW_UNICODE, "zoe@acme.fr", None),
        (NEW_UNICODE, "zoe@bücher.de", tables.UNICODE_NEWER),
        (None, "zoe@acme.fr", None),
        (None, "zoe@acme.comcast", tables.TLD_UNKNOWN),
        (None, "zoe@bücher.de", tables.UNICODE_OLDER),
        (NOW, "zoe@xn--zva.de", tables.UNICODE_OLDER),
    ],
)
@pytest.mark.parametrize("route", ["api", "scan", "among others", "in a cell", "pattern"])
def test_not_found(
    tmp_path: Path, record: Any, subject: str, reason: str | None, route: str
) -> None:
    kind = Kind.DOMAIN if route == "pattern" else Kind.EMAIL
    path = made(
        tmp_path / "f.bloom", record, kind, "example.fr" if kind is Kind.DOMAIN else "a@b.fr"
    )
    if route == "api":
        (answer,) = leakcheck.check([subject], sources=[str(path)])
    else:
        shown = {
            "scan": subject,
            "among others": "".join(f"user{at}@acme.fr\n" for at in range(100)) + subject,
            "in a cell": f"Zoe, {subject} or so",
            "pattern": subject.replace("zoe", ""),
        }[route]
        sources = [str(path)]
        if route == "pattern":
            sources.append(str(made(tmp_path / "e.bloom", NOW)))
        listing = tmp_path / "list.txt"
        listing.write_text(shown + "\n", encoding="utf-8")
        with leakcheck.scan(listing, sources=sources) as rows:
            answer = list(rows)[-1].answer
    (said,) = answer.sources
    assert (said.verdict, said.reason) == (
        (Verdict.UNKNOWN, reason) if reason else (Verdict.CLEAN, None)
    )


def test_what_is_found_is_exposed_whatever_the_tables(tmp_path: Path) -> None:
    path = made(tmp_path / "f.bloom", None, Kind.EMAIL, "zoe@acme.comcast", "zoe@bücher.de")
    answers = leakcheck.check(["zoe@acme.comcast", "zoe@bücher.de"], sources=[str(path)])
    assert [answer.verdict for answer in answers] == [Verdict.EXPOSED] * 2


def test_of_a_credential_too(tmp_path: Path) -> None:
    path = made(tmp_path / "f.bloom", OLD_TLDS, Kind.CREDENTIAL, "a@b.fr:x")
    answers = leakcheck.check(
        ["a@b.comcast:x", "a@b.fr:y"], kind=Kind.CREDENTIAL, sources=[str(path)]
    )
    assert [answer.verdict for answer in answers] == [Verdict.UNKNOWN, Verdict.CLEAN]


def test_either_form_of_a_domain_is_found(tmp_path: Path) -> None:
    path = made(tmp_path / "f.bloom", NOW, Kind.EMAIL, "zoe@strasse.de")
    (answer,) = leakcheck.check(["zoe@straße.de"], sources=[str(path)])
    assert answer.verdict is Verdict.EXPOSED
    assert answer.sources[0].matched == "zoe@strasse.de"


def test_what_is_built_says_its_tables(tmp_path: Path) -> None:
    def about(name: str) -> Any:
        return json.loads(program("info", "--json", tmp_path / name).out)["about"].get("tables")

    dump = tmp_path / "dump.txt"
    dump.write_text("zoe@acme.fr:hunter2\n")
    for kind in Kind:
        done = program("build", dump, "-o", tmp_path / f"{kind}.bloom", "--kind", kind.value,
                       "--from", "combo", "--keep-keys")  # fmt: skip
        assert done.status == 0, done.err
        assert about(f"{kind}.bloom") == (NOW if kind.has_domains else None)
    old = made(tmp_path / "old.bloom", OLD_TLDS)
    with filter_file.Builder(digest_bytes=20) as builder:
        builder.add(digests_of(Kind.EMAIL, ["old@acme.fr"]))
        builder.finish(
            old, rate=1e-6, about={"kind": "email", "tables": OLD_TLDS},
            replace=True, keep_keys=tmp_path / "old.bloom.keys",
        )  # fmt: skip
    merged = tmp_path / "merged.bloom"
    assert program("merge", old, tmp_path / "email.bloom", "-o", merged).status == 0
    assert about("merged.bloom") == OLD_TLDS
    done = program("build", dump, "-o", tmp_path / "more.bloom", "--update", old)
    assert done.status == 0, done.err
    assert about("more.bloom") == OLD_TLDS
