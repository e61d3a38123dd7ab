"""Go's own signed notes, golang.org/x/mod/sumdb/note: each side verifies what the other signs.

Built from the module proxy; where Go or the proxy is not to be had, skipped.
CI asks for it with -m clients.
"""

import base64
import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leakcheck.trust import edition, signing
from leakcheck.trust.edition import FILE_NAME
from leakcheck.trust.note import NoteError, Signer, Verifier, sign, verify

pytestmark = pytest.mark.clients
NAME = "filters.example.org/acme"
MODULE = "golang.org/x/mod@v0.30.0"
Ask = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Asks the program in Go, all at once."""
    path = f"{os.environ.get('PATH', '')}:/usr/local/go/bin"
    tool = shutil.which("go", path=path)
    if tool is None:
        pytest.skip("Go is not installed")
    folder = tmp_path_factory.mktemp("go")
    shutil.copy(Path(__file__).parent / "sumdb_note.go", folder / "main.go")
    (folder / "go.mod").write_text("module peer\n\ngo 1.22\n")
    settings = os.environ | {"GOFLAGS": "-mod=mod", "CGO_ENABLED": "0"}
    for arguments in (["get", MODULE], ["build", "-o", "peer", "."]):
        done = subprocess.run(
            [tool, *arguments], cwd=folder, env=settings, capture_output=True, timeout=200,
            check=False,
        )  # fmt: skip
        if done.returncode:
            pytest.skip(f"go {arguments[0]} failed: is the module proxy to be had?")

    def ask(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        lines = []
        for one in requests:
            raw = base64.b64encode(one.pop("Note", b"")).decode()
            lines.append(json.dumps({**one, "Note": raw}))
        done = subprocess.run(
            [folder / "peer"], input="\n".join(lines), capture_output=True, text=True, timeout=60,
            check=True,
        )  # fmt: skip
        return [json.loads(line) for line in done.stdout.splitlines()]

    return ask


def opened(note: bytes, *keys: Verifier) -> dict[str, Any]:
    return {"Do": "open", "Note": note, "Keys": [str(key) for key in keys]}


def test_go_verifies_what_we_sign(go: Ask, tmp_path: Path) -> None:
    old, new = Signer.new(NAME), Signer.new(NAME)
    (tmp_path / "acme.bloom").write_bytes(bytes(5000))
    (tmp_path / "sécurité 2.bloom").write_bytes(b"x" * 9000)
    signing.sign([tmp_path / "acme.bloom", tmp_path / "sécurité 2.bloom"], [old, new])
    signing.withdraw(tmp_path / "acme.bloom", "wrong dump: « déjà vu »", [old, new])
    raw = (tmp_path / FILE_NAME).read_bytes()
    mine = verify(raw, [old.verifier])[0]
    assert edition.parse(mine).serial == 2
    found = go([opened(raw, old.verifier), opened(raw, new.verifier), opened(raw)])
    assert [one["Text"] for one in found[:2]] == [mine, mine]
    assert [one["Signed"] for one in found[:2]] == [[NAME], [NAME]]
    assert found[2]["Error"]


def test_we_verify_what_go_signs(go: Ask) -> None:
    (key,) = go([{"Do": "key", "Name": NAME}])
    text = "leakcheck.filters/v1\nfilters.example.org/acme\n3 2026-04-02T10:00:00Z\n"
    (signed,) = go([{"Do": "sign", "Keys": [key["Private"]], "Note": text.encode()}])
    raw = base64.b64decode(signed["Note"])
    known = Verifier.parse(key["Public"])
    assert verify(raw, [known]) == (text, [known])
    # A private key is spelled alike, too: each signs with the other's, to the same byte.
    assert sign(text, [Signer.parse(key["Private"])]) == raw
    own = Signer.new(NAME)
    (theirs,) = go([{"Do": "sign", "Keys": [own.spell()], "Note": text.encode()}])
    assert base64.b64decode(theirs["Note"]) == sign(text, [own])


def test_both_believe_the_same_notes(go: Ask) -> None:
    """A note with two known signers and a stranger, changed in every way."""
    known = [Signer("example.org/a", b"a" * 32), Signer("example.org/b", b"b" * 32)]
    stranger = Signer("example.org/c", b"c" * 32)
    text = "leakcheck.filters/v1\nexample.org/a\n1 2026-04-02T10:00:00Z\n"
    whole = sign(text, [known[0], stranger, known[1]])
    draw = random.Random(1)
    notes = [whole, b"", b"\n\n", text.encode(), whole[:-1], whole + b"\n", b"\n" + whole]
    lines = whole.decode().splitlines(keepends=True)
    notes += ["".join(lines[:at] + lines[at + 1 :]).encode() for at in range(len(lines))]
    notes += ["".join([*lines, lines[at]]).encode() for at in range(len(lines))]
    notes += [whole.replace(b"\n", b"\r\n"), whole.replace("—".encode(), b"-"), whole * 2]
    notes += [whole + lines[-1].encode() * count for count in (96, 97, 98)]
    for _ in range(400):
        changed = bytearray(whole)
        for _ in range(draw.choice((1, 1, 2))):
            changed[draw.randrange(len(changed))] = draw.choice(b"\n AZaz09+/=\xe2\x80\x94\x01")
        notes.append(bytes(changed))
    keys = [signer.verifier for signer in known]
    theirs = go([opened(note, *keys) for note in notes])
    believed = 0
    for note, found in zip(notes, theirs, strict=True):
        try:
            mine = verify(note, keys)
        except NoteError:
            assert found["Error"], note
            continue
        assert not found["Error"], (note, found)
        assert (found["Text"], found["Signed"]) == (mine[0], [key.name for key in mine[1]]), note
        believed += 1
    assert 10 < believed < len(notes) - 200
