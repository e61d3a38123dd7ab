"""The module of the page, `import { check } from "./leakcheck.js"`, against real servers."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from loopback.misbehaving import Piece, Request, Server, reply
from loopback.serving import serving
from program import leakcheck
from publishing.node import SITE

import leakcheck as library
from leakcheck.subject.kinds import Kind

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js")
Publish = Callable[..., Path]


def ask(site: str, *questions: dict[str, Any], **env: str) -> list[dict[str, Any]]:
    """Answers of the module to questions {subject, kind, decoys}, in one visit."""
    done = subprocess.run(
        ["node", Path(__file__).with_name("module.mjs"), SITE],
        input=json.dumps([{"site": site, **one} for one in questions]),
        capture_output=True, text=True, check=True, timeout=120, env=os.environ | env,
    )  # fmt: skip
    return [json.loads(line) for line in done.stdout.splitlines()]


def files(folder: Path, seen: list[Request] | None = None) -> Callable[[Request], Iterable[Piece]]:
    """A plain server of a folder, that notes what was asked."""

    def answer(request: Request) -> Iterable[Piece]:
        if seen is not None:
            seen.append(request)
        path = folder / request.target.lstrip("/")
        if not path.is_file():
            return [reply(404, b"")]
        data, span = path.read_bytes(), request.span()
        if span is None:
            return [reply(200, data)]
        first, last = span
        place = f"bytes {first}-{last}/{len(data)}"
        return [reply(206, data[first : last + 1], Content_Range=place)]

    return answer


def test_every_kind_has_the_commands_verdict(
    publish: Publish, material: Path, tmp_path: Path
) -> None:
    leakcheck("build", material / "dump.txt", "-o", material / "nt.bloom", "--kind", "ntlm")
    site = publish(tmp_path / "site", names=("acme", "secrets", "pairs", "nt"))
    asked = [
        ("email", text) for text in ("alice@example.fr", "carol@example.fr", "zoe@strasse.de")
    ] + [(kind, text) for kind in ("password", "ntlm") for text in ("sunflower", "café", "no", "")]
    pairs = [("alice@example.fr", "sunflower"), ("alice@example.fr", "x"), ("a@b", "x"),
             ("zoe@straße.de", " letmein "), ("alice@example.fr:sunflower", "x")]  # fmt: skip
    with serving(site) as (url, _):
        found = ask(
            f"{url}/",
            *({"subject": text, "kind": kind} for kind, text in asked),
            *(
                {"subject": {"address": address, "password": secret}, "kind": "credential"}
                for address, secret in pairs
            ),
        )
    names = {"email": "acme", "password": "secrets", "ntlm": "nt", "credential": "pairs"}
    every = [*asked, *(("credential", ":".join(pair)) for pair in pairs)]
    for (kind, text), answer in zip(every, found, strict=True):
        path = str(material / f"{names[kind]}.bloom")
        try:
            expected = library.check([text], kind=Kind(kind), sources=[path])[0].verdict.value
        except library.errors.SubjectError:
            expected = "unknown"
        if text == "alice@example.fr:sunflower:x":  # the module does not cut an address
            expected = "unknown"
        assert answer["verdict"] == expected, (kind, text, answer)


def test_decoys_are_the_same_for_all_and_hold_the_page(
    publish: Publish, material: Path, tmp_path: Path
) -> None:
    lines = "\n".join(f"person{number}@example.org" for number in range(60_000))
    (tmp_path / "many.txt").write_text(lines)
    done = leakcheck(
        "build", tmp_path / "many.txt", "-o", tmp_path / "many.bloom", "--kind", "email",
        "--rate", "1e-12",
    )  # fmt: skip
    assert done.status == 0, done.err
    done = leakcheck(
        "publish", tmp_path / "many.bloom", "-o", tmp_path / "site", "--key", material / "acme.key",
        "--title", "Many", "--contact", "dpo@example.org", "--decoys", "7",
    )  # fmt: skip
    assert done.status == 0, done.err
    spans = []
    for _ in range(2):
        seen: list[Request] = []
        with Server(files(tmp_path / "site", seen)) as server:
            [answer] = ask(f"{server.url}/", {"subject": "person5@example.org"})
        assert answer["verdict"] == "exposed"
        pages = [one.span() for one in seen if one.target == "/many.bloom"]
        spans.append(sorted(pages[1:]))  # the first one is the header
    assert spans[0] == spans[1]
    assert len(spans[0]) == 8


def test_a_mirror_is_asked_where_the_host_fails_and_believed_only_with_a_proof(
    publish: Publish, tmp_path: Path
) -> None:
    site = publish(tmp_path / "site")
    lying = tmp_path / "lying"
    shutil.copytree(site, lying)
    whole = (site / "acme.bloom").read_bytes()
    (lying / "acme.bloom").write_bytes(whole[:4096] + whole[4096:8192][::-1])
    question = {"subject": "alice@example.fr"}
    for mirror, verdict in ((site, "exposed"), (lying, "unknown")):
        with Server(files(mirror)) as elsewhere:
            about = json.loads((site / "site.json").read_text("utf-8"))
            about["mirrors"] = [f"{elsewhere.url}/"]
            broken = tmp_path / "broken"
            shutil.rmtree(broken, ignore_errors=True)
            shutil.copytree(site, broken)
            (broken / "site.json").write_text(json.dumps(about))
            (broken / "acme.bloom").unlink()
            with Server(files(broken)) as server:
                [answer] = ask(f"{server.url}/", question)
        assert answer["verdict"] == verdict, answer


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("site.json", lambda data: b"<html>not found</html>", "network"),
        ("tables.txt", lambda data: data[:-9], "network"),
        ("filters.note", lambda data: data.replace(b"8192", b"8193"), "proof"),
        ("filters.note", lambda data: b"", "proof"),
        ("acme.bloom", lambda data: data[:-1], "host"),
        ("acme.bloom", lambda data: data[:4000] + b"x" + data[4001:], "proof"),
        ("acme.bloom.verity", lambda data: data[::-1], "proof"),
    ],
)
def test_what_is_spoiled_is_unknown(
    publish: Publish, tmp_path: Path, name: str, change: Callable[[bytes], bytes], reason: str
) -> None:
    site = publish(tmp_path / "site")
    (site / name).write_bytes(change((site / name).read_bytes()))
    with Server(files(site)) as server:
        [answer] = ask(f"{server.url}/", {"subject": "alice@example.fr"})
    assert answer["verdict"] == "unknown"
    assert reason in (answer.get("reason"), *(one.get("reason") for one in answer["sources"]))


def test_a_browser_without_ed25519_verifies_by_a_library(publish: Publish, tmp_path: Path) -> None:
    site = publish(tmp_path / "site")
    for change, verdict in ((b"", "exposed"), (b"x", "unknown")):
        note = site / "filters.note"
        note.write_bytes(note.read_bytes().replace(b"/v1", b"/v1" + change))
        with Server(files(site)) as server:
            question = {"subject": "alice@example.fr"}
            [answer] = ask(f"{server.url}/", question, WITHOUT_ED25519="1")
        assert answer["verdict"] == verdict, answer


def test_an_incomplete_filter_makes_nobody_clean(material: Path, tmp_path: Path) -> None:
    (tmp_path / "dump.gz").write_bytes(bytes.fromhex("1f8b0800000000000003") + b"cut short")
    (tmp_path / "dump.txt").write_text("alice@example.fr\n")
    leakcheck(
        "build", tmp_path / "dump.txt", tmp_path / "dump.gz", "-o", tmp_path / "acme.bloom",
        "--kind", "email", "--keep-going",
    )  # fmt: skip
    done = leakcheck(
        "publish", tmp_path / "acme.bloom", "-o", tmp_path / "site", "--key", material / "acme.key",
        "--title", "Half", "--contact", "dpo@example.org",
    )  # fmt: skip
    assert done.status == 0, done.err
    with serving(tmp_path / "site") as (url, _):
        found = ask(f"{url}/", {"subject": "alice@example.fr"}, {"subject": "bob@example.fr"})
    assert [one["verdict"] for one in found] == ["exposed", "unknown"]
    assert found[1]["sources"][0]["reason"] == "incomplete"
