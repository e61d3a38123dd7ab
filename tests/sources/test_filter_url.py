"""Filters on web servers: the right answers from good ones, `unknown` from all others."""

import ssl
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import trustme
from loopback.filters import KEYS, build, key
from loopback.misbehaving import Answer, Piece, Request, Server, file, reply

from leakcheck.errors import FilterError, UsageError
from leakcheck.sources import Access
from leakcheck.sources.names import open_source
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Lookup

Serve = Callable[..., Server]
PATH = "/acme.bloom"


def ask(url: str, digests: bytes, **access: object) -> Lookup:
    source = open_source(url, [Kind.EMAIL], Access(timeout=3.0, **access))  # type: ignore[arg-type]
    try:
        return source.lookup(digests)
    finally:
        source.close()


def reason_of(url: str, **access: object) -> str:
    found = ask(url, key(1) + key(KEYS + 1), **access)
    assert found.codes == b"\2\2"
    assert found.reasons.keys() == {0, 1}
    return found.reasons[0]


def test_a_good_server(serve: Serve, data: bytes) -> None:
    server = serve(file(data))
    source = open_source(server.url + PATH, [Kind.EMAIL], Access())
    found = source.lookup(key(1) + key(KEYS + 1) + key(2))
    source.close()
    assert found.codes == b"\1\0\1"
    assert found.false_alarms.keys() == {0, 2}
    assert all(0 < chance < 1e-4 for chance in found.false_alarms.values())
    assert (source.info.name, source.info.date, source.info.keys) == ("Acme", "2026-05-01", KEYS)


def test_the_header_is_asked_for_once_and_then_only_revalidated(serve: Serve, data: bytes) -> None:
    served: list[int] = []
    good = file(data)

    def answer(request: Request) -> Iterable[Piece]:
        pieces = list(good(request))
        served.append(int(bytes(pieces[0] or b"").split()[1]))  # type: ignore[arg-type]
        return pieces

    server = serve(answer)
    for _ in range(2):
        assert ask(server.url + PATH, key(1)).codes == b"\1"
    assert served == [206, 206, 304, 206]


def test_a_batch_asks_for_each_page_once(serve: Serve, data: bytes) -> None:
    server = serve(file(data))
    found = ask(server.url + PATH, b"".join(map(key, range(2 * KEYS))))
    assert found.codes[:KEYS] == b"\1" * KEYS
    assert found.codes[KEYS:].count(1) <= 1
    spans = [request.span() for request in server.requests]
    assert len(spans) == len(set(spans)) == len(data) // 4096


def test_a_scheme_in_capitals_is_one(serve: Serve, data: bytes) -> None:
    url = serve(file(data)).url.replace("http:", "HTTP:") + PATH
    source = open_source(url, [Kind.EMAIL], Access())
    assert source.lookup(key(1)).codes == b"\1"
    source.close()
    with pytest.raises(UsageError, match="--offline"):
        open_source(url, [Kind.EMAIL], Access(offline=True))


def test_pages_once_fetched_are_not_asked_for_again(serve: Serve, data: bytes) -> None:
    server = serve(file(data))
    source = open_source(server.url + PATH, [Kind.EMAIL], Access())
    assert source.lookup(key(1)).codes == source.lookup(key(1)).codes == b"\1"
    source.close()
    assert len(server.requests) == 2


@pytest.mark.parametrize("decoys", [1, 2, 50])
def test_decoys(serve: Serve, data: bytes, decoys: int) -> None:
    server = serve(file(data))
    visits = []
    for _ in range(2):
        server.requests.clear()
        assert ask(server.url + PATH, key(1), decoys=decoys).codes == b"\1"
        visits.append({request.span() for request in server.requests[1:]})
    pages = len(data) // 4096 - 1
    assert len(visits[0]) == min(pages, 1 + decoys)
    assert visits[0] == visits[1], "two visits compared must not show the page that matters"


def test_a_slice_answers_for_its_pages_only(
    serve: Serve, tmp_path: Path, filter_file: Path
) -> None:
    from leakcheck.sources.filter_file import LocalFilter

    whole = LocalFilter(filter_file)
    whole.write_slice(tmp_path / "s.bloom", key(1).hex()[:6], replace=False)
    whole.close()
    server = serve(file((tmp_path / "s.bloom").read_bytes()))
    outside = next(key(n) for n in range(KEYS) if key(n)[0] ^ key(1)[0] > 127)
    found = ask(server.url + PATH, key(1) + outside)
    assert found.codes == b"\1\2"
    assert "slice" in found.reasons[1]


def test_a_filter_that_lacks_a_part_of_its_dump_says_no_clean(serve: Serve, tmp_path: Path) -> None:
    from leakcheck.sources.filter_file import Builder, about
    from leakcheck.verdicts import INCOMPLETE

    with Builder(20) as builder:
        builder.add(key(1))
        told = {**about(Kind.EMAIL, name="Acme"), "incomplete": True}
        builder.finish(tmp_path / "f.bloom", 1e-6, told)
    source = open_source(
        serve(file((tmp_path / "f.bloom").read_bytes())).url + PATH, [Kind.EMAIL], Access()
    )
    found = source.lookup(key(1) + key(2))
    source.close()
    assert (found.codes, found.reasons) == (b"\1\2", {1: INCOMPLETE})
    assert source.info.incomplete


# --- what servers do wrong -------------------------------------------------------


def whole_file(data: bytes) -> Answer:
    return lambda request: [reply(200, data)]


def wrong_place(data: bytes) -> Answer:
    good = file(data)

    def answer(request: Request) -> Iterable[Piece]:
        if request.span() == (0, 4095):
            return good(request)
        return [reply(206, data[4096:8192], Content_Range=f"bytes 1-4096/{len(data)}", ETag='"v1"')]

    return answer


def damaged_page(data: bytes) -> Answer:
    bad = bytearray(data)
    for at in range(4096 + 100, len(bad), 4096):
        bad[at] ^= 1
    return file(bytes(bad))


def only_header(then: Iterable[Piece]) -> Callable[[bytes], Answer]:
    def make(data: bytes) -> Answer:
        good = file(data)
        return lambda request: good(request) if request.span() == (0, 4095) else then

    return make


SHORT = b"HTTP/1.1 206 X\r\nContent-Length: 4096\r\nConnection: close\r\n\r\n" + b"x" * 100
BIG = b"HTTP/1.1 206 X\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 200_000
DRIP: list[Piece] = [
    b"HTTP/1.1 206 X\r\n",
    *(piece for _ in range(40) for piece in (b"A: b\r\n", 0.2)),
]
ENCODED = reply(206, b"\x1f\x8b garbage", Content_Encoding="gzip", Content_Range="bytes 0-4095/9")

FAULTS: dict[str, tuple[Callable[[bytes], Answer], str]] = {
    "no ranges": (whole_file, "does not serve byte ranges"),
    "no ranges for pages": (only_header([reply(200, b"", ETag='"v1"')]), "does not serve byte"),
    "another range": (wrong_place, "other bytes than those asked for"),
    "no content-range": (only_header([reply(206, b"x" * 4096, ETag='"v1"')]), "other bytes"),
    "damaged pages": (damaged_page, "page that would answer is damaged"),
    "damaged header": (lambda data: file(b"\0" + data[1:]), "not a"),
    "cut short": (lambda data: file(data[:-4096]), "cut short"),
    "tiny": (lambda data: file(data[:100]), "other bytes"),
    "html": (lambda data: lambda request: [reply(200, b"<html>Log in")], "does not serve byte"),
    "not found": (lambda data: lambda request: [reply(404, b"no")], "status 404"),
    "forbidden page": (only_header([reply(403)]), "status 403"),
    "short body": (only_header([SHORT]), "broke the connection off"),
    "too much": (only_header([BIG]), "more than was asked for"),
    "reset": (only_header([None]), "broke the connection off"),
    "not http": (lambda data: lambda request: [b"SSH-2.0-OpenSSH\r\n\r\n", None], "broke the conn"),
    "never answers": (only_header([5.0, None]), "in time"),
    "slow loris": (only_header(DRIP), "in time"),
    "encoded": (only_header([ENCODED]), "cannot be understood|other bytes"),
    "circles": (
        lambda data: lambda request: [reply(302, Location=request.target)],
        "redirects in circles",
    ),
    "nowhere": (lambda data: lambda request: [reply(302)], "redirects to another place"),
    "bad place": (
        lambda data: lambda request: [reply(302, Location="http://[")],
        "cannot be understood|another place",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_goes_wrong_is_unknown_with_its_reason(serve: Serve, data: bytes, fault: str) -> None:
    import re

    make, expected = FAULTS[fault]
    start = time.monotonic()
    reason = reason_of(serve(make(data)).url + PATH)
    assert re.search(expected, reason), reason
    assert time.monotonic() - start < 15
    assert "\n" not in reason


def test_no_server_and_no_such_host() -> None:
    assert "no connection" in reason_of("http://127.0.0.1:9/acme.bloom")
    assert "name is not known" in reason_of("https://down.invalid/acme.bloom")


def test_a_redirect_elsewhere_is_not_followed(serve: Serve, data: bytes) -> None:
    other = serve(file(data))
    server = serve(lambda request: [reply(302, Location=f"http://localhost:{other.port}{PATH}")])
    assert "another place" in reason_of(server.url + PATH)
    assert other.connections == 0


def test_a_redirect_on_the_same_host_is_followed(serve: Serve, data: bytes) -> None:
    good = file(data)

    def answer(request: Request) -> Iterable[Piece]:
        return good(request) if request.target == "/new" else [reply(301, Location="/new")]

    assert ask(serve(answer).url + PATH, key(1)).codes == b"\1"


def test_a_passing_failure_is_asked_again(serve: Serve, data: bytes) -> None:
    good = file(data)
    left = [reply(503), reply(429, Retry_After="1"), None]

    def answer(request: Request) -> Iterable[Piece]:
        return [left.pop()] if left else good(request)

    start = time.monotonic()
    assert ask(serve(answer).url + PATH, key(1)).codes == b"\1"
    assert time.monotonic() - start >= 1.0


def test_a_wait_longer_than_our_patience_is_not_waited_for(serve: Serve) -> None:
    start = time.monotonic()
    reason = reason_of(serve(lambda request: [reply(429, Retry_After="3600")]).url + PATH)
    assert "3600 seconds" in reason
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("etags", [('"v1"', '"v2"'), ('W/"v1"', 'W/"v2"'), (None, None)])
def test_a_file_that_changes_between_two_requests(
    serve: Serve, tmp_path: Path, data: bytes, etags: tuple[str | None, str | None]
) -> None:
    """The header of one version and a page of another must never make an answer."""
    newer = build(tmp_path / "new.bloom", range(KEYS, 2 * KEYS + 100)).read_bytes()
    before, after = file(data, etags[0]), file(newer, etags[1])
    server = serve(lambda request: (after if len(server.requests) > 1 else before)(request))
    found = ask(server.url + PATH, key(1) + key(KEYS + 1))
    assert found.codes == b"\0\1", "answered from the new version alone"


def test_a_file_that_never_holds_still(serve: Serve, tmp_path: Path, data: bytes) -> None:
    count = iter(range(1000))
    server = serve(lambda request: file(data, f'"{next(count)}"')(request))
    assert "changed" in reason_of(server.url + PATH)


def test_without_any_validator_the_header_is_read_again(serve: Serve, data: bytes) -> None:
    server = serve(file(data, None))
    assert ask(server.url + PATH, key(1)).codes == b"\1"
    assert [request.span() for request in server.requests].count((0, 4095)) == 2


def test_a_batch_at_a_dead_server_gives_up_early(serve: Serve, data: bytes) -> None:
    server = serve(only_header([reply(500)])(data))
    found = ask(server.url + PATH, b"".join(map(key, range(500))))
    assert found.codes == b"\2" * 500
    assert set(found.reasons) == set(range(500))


def test_another_kind_is_refused(serve: Serve, data: bytes) -> None:
    with pytest.raises(FilterError, match="holds subjects of kind email"):
        open_source(serve(file(data)).url + PATH, [Kind.PASSWORD], Access())


@pytest.mark.parametrize("url", ["http://", "https:///x", "http://[::1/x"])
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(UsageError, match="URL cannot be read"):
        open_source(url, [Kind.EMAIL], Access())


@pytest.mark.parametrize("proxy", ["nonsense", "ftp://127.0.0.1:1", "socks4://127.0.0.1:1"])
def test_a_proxy_that_is_none(proxy: str) -> None:
    with pytest.raises(UsageError, match="--via is not a proxy"):
        open_source("http://127.0.0.1:9/a", [Kind.EMAIL], Access(proxy=proxy))


def test_what_is_secret_in_a_url_is_not_shown(serve: Serve, data: bytes) -> None:
    server = serve(lambda request: [reply(404)])
    url = server.url.replace("://", "://user:hunter2@") + PATH + "?sig=s3cret"
    source = open_source(url, [Kind.EMAIL], Access())
    shown = source.info.name + source.lookup(key(1)).reasons[0]
    source.close()
    assert "hunter2" not in shown
    assert "s3cret" not in shown
    assert "dXNlcjpodW50ZXIy" in server.requests[0].headers["authorization"]


# --- TLS -------------------------------------------------------------------------


def test_a_certificate_from_an_authority_we_know(
    serve: Serve,
    data: bytes,
    tls: ssl.SSLContext,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    assert ask(serve(file(data), tls).url + PATH, key(1)).codes == b"\1"


def test_a_certificate_from_nobody(serve: Serve, data: bytes, tls: ssl.SSLContext) -> None:
    server = serve(file(data), tls)
    assert "certificate is refused" in reason_of(server.url + PATH)
    assert server.requests == []


def test_nginx(nginx: tuple[Path, str, str], filter_file: Path) -> None:
    root, url, _ = nginx
    (root / "acme.bloom").write_bytes(filter_file.read_bytes())
    for _ in range(2):
        found = ask(url + PATH, b"".join(map(key, range(KEYS - 50, KEYS + 50))), decoys=3)
        assert found.codes == b"\1" * 50 + b"\0" * 50
    build(root / "acme.bloom", range(KEYS, KEYS + 9))
    assert ask(url + PATH, key(1) + key(KEYS)).codes == b"\0\1"
    assert "secure connection" in reason_of(url.replace("http:", "https:") + PATH)
