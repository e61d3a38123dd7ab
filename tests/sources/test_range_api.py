"""Pwned Passwords and the e-mail search by range: what is sent, and what is made of answers."""

import hashlib
import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from loopback.misbehaving import Server, reply

from leakcheck.__main__ import run
from leakcheck.errors import UsageError
from leakcheck.sources import Access
from leakcheck.sources.names import open_source
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Lookup

Serve = Callable[..., Server]
DIGEST = hashlib.sha1(b"correct horse").digest()
HEX = DIGEST.hex().upper()
KEY = "0123456789abcdef0123456789abcdef"


def ask(url: str, digests: bytes = DIGEST, kind: Kind = Kind.PASSWORD, **more: object) -> Lookup:
    more = {"allow_bits": 24.0} | more
    source = open_source("hibp", [kind], Access(hibp_url=url, timeout=3.0, **more))  # type: ignore[arg-type]
    try:
        return source.lookup(digests)
    finally:
        source.close()


def lines(*entries: tuple[str, int]) -> bytes:
    return b"\r\n".join(f"{suffix}:{count}".encode() for suffix, count in entries)


PADDING = [(f"{at:035X}", 0) for at in range(1, 800)]
FOUND = lines(("0" * 35, 3), *PADDING, (HEX[5:], 37), ("F" * 35, 0))


def test_five_digits_are_sent_with_padding_asked_for(serve: Serve) -> None:
    server = serve(lambda request: [reply(200, FOUND)])
    found = ask(server.url)
    assert (found.codes, found.seen, found.false_alarms) == (b"\1", {0: 37}, {0: 0.0})
    (request,) = server.requests
    assert request.target == f"/range/{HEX[:5]}"
    assert request.headers["add-padding"] == "true"
    assert HEX[5:9] not in request.raw.decode().upper()
    assert request.headers.keys() == {
        "host", "user-agent", "accept", "accept-encoding", "add-padding",
    }  # fmt: skip


def test_padding_is_no_hit(serve: Serve) -> None:
    server = serve(lambda request: [reply(200, lines((HEX[5:], 0), ("1" * 35, 1), *PADDING))])
    assert ask(server.url).codes == b"\0"


@pytest.mark.parametrize(("count", "code"), [(37, b"\1"), (38, b"\0")])
def test_minimum_count(serve: Serve, count: int, code: bytes) -> None:
    assert ask(serve(lambda request: [reply(200, FOUND)]).url, min_count=count).codes == code


def test_ntlm(serve: Serve) -> None:
    server = serve(lambda request: [reply(200, lines((HEX[5:32], 2)))])
    assert ask(server.url, DIGEST[:16], Kind.NTLM).codes == b"\1"
    assert server.requests[0].target == f"/range/{HEX[:5]}?mode=ntlm"


def test_a_batch_asks_for_each_prefix_once(serve: Serve) -> None:
    server = serve(lambda request: [reply(200, FOUND)])
    others = DIGEST[:3] + b"x" * 17, b"\0" * 19 + b"\1"
    assert ask(server.url, DIGEST + b"".join(others)).codes == b"\1\0\0"
    assert sorted(request.target[-5:] for request in server.requests) == sorted(["00000", HEX[:5]])


def test_decoys(serve: Serve) -> None:
    server = serve(lambda request: [reply(200, FOUND)])
    for _ in range(2):
        found = ask(server.url, decoys=5)
        assert (found.codes, found.revealed) in ((b"\1", 20.0), (b"\1", 0.0))
    assert len({request.target for request in server.requests}) == len(server.requests) == 8


def test_answers_are_kept_for_a_while(serve: Serve) -> None:
    server = serve(lambda request: [reply(200, FOUND)])
    assert ask(server.url).codes == ask(server.url).codes == b"\1"
    assert len(server.requests) == 1
    cached = [path for path in Path(os.environ["LEAKCHECK_HOME"]).rglob("*") if path.is_file()]
    assert [path.stat().st_mode & 0o777 for path in cached] == [0o600]
    assert cached[0].read_bytes().endswith(FOUND)
    os.utime(cached[0], (time.time() - 90_000,) * 2)
    assert ask(server.url).codes == b"\1"
    assert len(server.requests) == 2
    cached[0].write_bytes(cached[0].read_bytes()[:-1])
    assert ask(server.url).codes == b"\1"
    assert len(server.requests) == 3, "a damaged entry is no entry"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply(200, b"<html>Free Wi-Fi: log in</html>"), "captive portal"),
        (reply(200, b""), "not a range answer"),
        (reply(302, Location="http://portal.invalid/"), "another place"),
        (reply(404), "status 404"),
        (reply(503, Retry_After="99"), "status 503 and asks to wait 99"),
        (b"HTTP/1.1 200 X\r\nContent-Length: 99999\r\nConnection: close\r\n\r\n" + FOUND, "broke"),
        (b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n" + FOUND, "does not say how long"),
        (reply(200, FOUND[: len(FOUND) // 2]), "not a range|cut on its way"),
        (reply(200, FOUND[: FOUND.rindex(b"\r\n", 0, len(FOUND) // 2)]), "cut on its way"),
        (reply(302, Location="/range/00000"), "another place"),
        (reply(200, FOUND, Content_Encoding="gzip"), "not asked for"),
    ],
)
def test_what_is_no_answer_is_unknown(serve: Serve, answer: bytes, reason: str) -> None:
    server = serve(lambda request: [answer])
    found = ask(server.url)
    assert found.codes == b"\2"
    assert re.search(reason, found.reasons[0])
    assert ask(server.url).codes == b"\2", "and it is not kept"


# --- e-mail ----------------------------------------------------------------------


def test_email_names_the_breaches(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIBP_API_KEY", KEY)
    body = b'[{"hashSuffix":"%s","websites":["Adobe","Acme"]}]' % HEX[6:].encode()
    server = serve(lambda request: [reply(200, body)])
    found = ask(server.url, DIGEST + DIGEST[:3] + b"x" * 17, Kind.EMAIL)
    assert found.codes == b"\1\0"
    assert found.breaches == {0: ("Adobe", "Acme")}
    (request,) = server.requests
    assert request.target == f"/breachedaccount/range/{HEX[:6]}"
    assert request.headers["hibp-api-key"] == KEY


def test_check_says_in_which_breaches_an_address_is(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HIBP_API_KEY", KEY)
    text = hashlib.sha1(b"alice@example.fr").hexdigest().upper()
    body = f'[{{"hashSuffix":"{text[6:]}","websites":["Adobe","Acme"]}}]'
    server = serve(lambda request: [reply(200, body.encode())])
    command = ["check", "Alice@example.fr", "--in", "hibp", "--hibp-url", server.url]
    assert run(command) == 2
    assert "--allow-bits 24 allows it" in capsys.readouterr().err
    assert server.requests == []
    command += ["--allow-bits", "24"]
    assert run(command) == 1
    assert "Adobe, Acme" in capsys.readouterr().out
    assert run([*command, "--json"]) == 1
    told = capsys.readouterr()
    assert json.loads(told.out)["results"][0]["sources"][0]["breaches"] == ["Adobe", "Acme"]
    assert KEY not in told.out + told.err


def test_the_key_can_stand_in_a_file(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text(KEY + "\n")
    monkeypatch.setenv("HIBP_API_KEY_FILE", str(tmp_path / "key"))
    server = serve(lambda request: [reply(200, b"[]")])
    assert ask(server.url, kind=Kind.EMAIL).codes == b"\0"
    assert server.requests[0].headers["hibp-api-key"] == KEY


@pytest.mark.parametrize("key", ["", "  ", "two\nlines", "é", "x" * 300])
def test_without_a_key_nothing_is_asked(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("HIBP_API_KEY", key)
    with pytest.raises(UsageError, match="needs your key"):
        open_source("hibp", [Kind.EMAIL], Access(allow_bits=24))


def test_a_key_that_is_refused(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIBP_API_KEY", KEY)
    found = ask(serve(lambda request: [reply(401)]).url, kind=Kind.EMAIL)
    assert found.reasons[0] == "the server refuses the key"


@pytest.mark.parametrize("kind", [Kind.CREDENTIAL, Kind.DOMAIN])
def test_other_kinds_are_refused(kind: Kind) -> None:
    with pytest.raises(UsageError, match="hibp cannot answer"):
        open_source("hibp", [kind], Access())
