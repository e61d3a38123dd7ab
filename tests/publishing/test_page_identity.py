"""Hardened and sealed digests in plain JavaScript agree with ours, by the same vectors."""

import hashlib
import html
import json
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from loopback.serving import serving
from program import leakcheck

from leakcheck.subject.identity import engine

ROOT = Path(__file__).parent.parent.parent
SITE = ROOT / "leakcheck" / "publishing" / "site"
VENDOR = SITE / "vendor"
VECTORS: dict[str, Any] = json.loads(
    (ROOT / "tests" / "vectors" / "identity.json").read_text(encoding="utf-8")
)
sys.path.insert(0, str(ROOT / "scripts"))

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js")


def ask(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the page's modules answer under Node."""
    done = subprocess.run(
        ["node", Path(__file__).with_name("identity.mjs"), SITE],
        input="".join(json.dumps(one) + "\n" for one in questions),
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_vectors_of_the_specifications() -> None:
    rows = VECTORS["rfc9497"]
    found = ask(
        [{"op": "argon2id", **VECTORS["argon2id"]}] + [{"op": "rfc9497", **row} for row in rows]
    )
    assert found[0] == {"answer": VECTORS["argon2id"]["digest"]}
    for row, each in zip(rows, found[1:], strict=True):
        assert set(map(tuple, each["answer"].values())) == {tuple(row["outputs"])}
    verifiable = [row for row in rows if row["mode"] == 1]
    proved = ask(
        [{"op": "finalize", **row} for row in verifiable]
        + [{"op": "finalize", **row, "proof": row["proof"][::-1]} for row in verifiable]
        + [{"op": "finalize", **row, "public": row["blinded"][0]} for row in verifiable]
    )
    assert proved[: len(verifiable)] == [{"answer": row["outputs"]} for row in verifiable]
    assert all("error" in each for each in proved[len(verifiable) :])


def test_every_subject_has_the_digest_that_a_build_gives_it() -> None:
    rows = [row for row in VECTORS["cases"] if "seal" not in row["identity"]]
    found = ask(
        [
            {"op": "digests", "identity": row["identity"], "kind": row["kind"],
             "plain": [row["plain"]]}
            for row in rows
        ]
    )  # fmt: skip
    assert found == [{"answer": {"found": [row["digest"]], "asked": []}} for row in rows]


def test_what_is_not_understood_is_refused() -> None:
    rows = VECTORS["refused"]
    questions = [{"op": "parse", "identity": row["identity"], "kind": "email"} for row in rows]
    good = VECTORS["cases"][0]["identity"]
    questions += [{"op": "parse", "identity": good, "kind": kind} for kind in ("password", "ntlm")]
    found = ask([*questions, {"op": "parse", "identity": good, "kind": "email"}])
    taken = [row["name"] for row, each in zip(rows, found, strict=False) if "answer" in each]
    assert taken == []
    assert {each.get("name") for each in found[:-1]} == {"IdentityError"}
    assert found[-1] == {"answer": "understood"}


def test_rust_and_javascript_evaluate_for_each_other() -> None:
    native = pytest.importorskip("leakcheck._native")
    row = next(row for row in VECTORS["rfc9497"] if row["mode"] == 1)
    key, public = bytes.fromhex(row["private"]), bytes.fromhex(row["public"])
    inputs = [b"one", b"two"]
    blinded = native.seal_blind(inputs)
    (found,) = ask(
        [{"op": "evaluate", **row, "points": [point.hex() for point, _ in blinded]}]
    )  # fmt: skip
    elements = [bytes.fromhex(each) for each in found["answer"]["evaluated"]]
    proof, states = bytes.fromhex(found["answer"]["proof"]), [state for _, state in blinded]
    made = native.seal_finalize(public, inputs, states, elements, proof)
    assert made == native.seal(key, inputs)


def test_vendored_files_are_whole_and_only_their_imports_are_renamed() -> None:
    from vendor_noble import flat, target

    about = json.loads((VENDOR / "noble.json").read_text("utf-8"))
    assert {flat(path) for path in about["files"]} == {
        path.name for path in VENDOR.glob("noble-[ch]*.js")
    }
    by_name = {flat(path): path for path in about["files"]}

    def original(line: bytes, near: str, theirs: bytes) -> bytes:
        """The line as the package has it: names within it are relative, others begin with @."""
        path = by_name[theirs.decode()]
        if path.split("/")[0] != near.split("/")[0]:
            name = f"@noble/{path}"
        else:
            depth = near.count("/") - 1
            rest = path.split("/", 1)[1]
            if depth and rest.startswith("abstract/"):
                name = f"./{rest.removeprefix('abstract/')}"
            else:
                name = f"{'../' * depth or './'}{rest}"
        assert target(name, near) == path
        return line.replace(b"./" + theirs, name.encode())

    for path, digest in about["files"].items():
        lines = (VENDOR / flat(path)).read_bytes().split(b"\n")
        for at, line in enumerate(lines):
            match = re.search(rb"['\"]\./(noble-[^'\"]+)", line)
            if line.startswith(b"import ") and match:
                lines[at] = original(line, path, match[1])
        assert hashlib.sha256(b"\n".join(lines)).hexdigest() == digest, path


@pytest.mark.skipif(engine()[0] != "native", reason="sealing is in the native part alone")
def test_a_published_page_checks_hardened_and_sealed_filters(tmp_path: Path) -> None:
    (tmp_path / "dump.txt").write_text("alice@example.fr\nzoe@example.fr\n", encoding="utf-8")
    key = tmp_path / "x.seal"
    assert leakcheck("keys", "new", "--sealing", "-o", key).status == 0
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    url = f"http://127.0.0.1:{port}/"
    slow: dict[str, list[str | Path]] = {"hard": [], "sealed": ["--seal", key, "--oracle", url]}
    for name, options in slow.items():
        done = leakcheck(
            "build", tmp_path / "dump.txt", "-o", tmp_path / f"{name}.bloom", "--kind", "email",
            "--harden", "fast", "--realm", "acme", "--name", name, *options,
        )  # fmt: skip
        assert done.status == 0, done.err
    site = tmp_path / "site"
    done = leakcheck(
        "publish", *(tmp_path / f"{name}.bloom" for name in slow), "-o", site,
        "--title", "Acme", "--contact", "dpo@example.org", "--data", "email",
        "--origin", "filters.example.org/acme",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert f"connect-src 'self' {url.rstrip('/')}" in html.unescape(
        (site / "index.html").read_text(encoding="utf-8")
    )
    with serving(site, "--port", port, "--sealing-key", str(key), "--rate-limit", "4/hour"):
        asked = ["alice@example.fr", "nobody@example.fr", "bob@example.fr"]
        (found,) = ask([{"op": "check", "site": url, "subjects": asked}])
    assert found["answer"] == [
        [["hard", "exposed", None], ["sealed", "exposed", None]],
        [["hard", "clean", None], ["sealed", "clean", None]],
        [["hard", "clean", None], ["sealed", "unknown", "oracle"]],  # the limit is reached
    ]
