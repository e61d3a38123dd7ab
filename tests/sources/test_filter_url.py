"""Filters on web servers: the right answers from good ones, `unknown` from all others."""

import gzip
import re
import ssl
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import trustme
from loopback.filters import KEYS, build, key, wide, wide_header, wide_page
from loopback.misbehaving import Answer, Piece, Request, Server, file, reply

from leakcheck.errors import FilterError, UsageError
from leakcheck.sources import Access, filter_url
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


def visitor(data: bytes) -> Callable[[Request], Iterable[Piece]]:
    """A server that marks each visitor: ETag, date, cookie, a path of its own, all of them new."""
    count = iter(range(10_000))

    def answer(request: Request) -> Iterable[Piece]:
        mark = f"{next(count):06}"
        known = request.headers.get("if-range") or f'"{mark}"'
        marks = {
            "ETag": known,
            "Last-Modified": f"Tue, 24 Nov 2026 12:{int(mark) % 60:02}:00 GMT",
            "Set-Cookie": f"visitor={mark}; Max-Age=99999999",
            "Cache-Control": "max-age=99999999, immutable",
            "Alt-Svc": f'h3=":443"; ma=99999999; persist={mark}',
            "Strict-Transport-Security": "max-age=99999999",
        }
        if request.target == PATH:
            return [reply(307, b"moved", **marks | {"Location": f"/for/{mark}{PATH}"})]
        return file(data, known, **{k: v for k, v in marks.items() if k != "ETag"})(request)

    return answer


def test_two_visits_send_the_same_to_who_marks_each_visitor(serve: Serve, data: bytes) -> None:
    """No tag, date, cookie or place of an earlier visit is ever sent back."""
    server = serve(visitor(data))
    visits = []
    for _ in range(3):
        before = len(server.requests)
        assert ask(server.url + PATH, key(1)).codes == b"\1"
        marks = re.compile(rb"/for/\d+|(?<=If-Range: )\S+")  # of this visit: they differ
        visits.append([marks.sub(b"", each.raw) for each in server.requests[before:]])
        for request in server.requests[before:]:
            told = b" ".join(marks.findall(request.raw))
            assert not any(b"%06d" % at in told for at in range(before))
            assert request.headers.keys() <= {
                "host", "user-agent", "accept", "accept-encoding", "range", "if-range",
            }  # fmt: skip
    assert visits[0] == visits[1] == visits[2]
    assert server.connections == 3


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


@pytest.mark.parametrize(("decoys", "asked"), [(1, 2), (2, 4), (5, 8), (50, 64), (255, 256)])
def test_decoys(serve: Serve, decoys: int, asked: int) -> None:
    server = serve(wide(512, [key(1)]))
    visits = []
    for _ in range(2):
        server.requests.clear()
        assert ask(server.url + PATH, key(1), decoys=decoys).codes == b"\1"
        visits.append({request.span() for request in server.requests[1:]})
    assert len(visits[0]) == asked
    assert visits[0] == visits[1], "two visits compared must not show the page that matters"


def pages_asked(server: Server) -> set[int]:
    spans = [request.span() for request in server.requests]
    return {span[0] // 4096 - 1 for span in spans if span is not None} - {-1}


def test_decoys_move_as_the_page_does_when_the_filter_grows(serve: Serve) -> None:
    """Of the pages asked for, each has its heir among those of the next visit."""
    sizes = [512, 513, 600, 1000, 1024, 4000]
    visits = []
    for size in sizes:
        server = serve(wide(size, [key(1)]))
        assert ask(server.url + PATH, key(1), decoys=7).codes == b"\1"
        visits.append({(page / size, (page + 1) / size) for page in pages_asked(server)})
        assert len(visits[-1]) == 8
    for visit in visits[1:]:
        for low, high in visits[0]:
            assert any(start < high and low < end for start, end in visit)


def test_decoys_of_a_slice_are_pages_of_it(serve: Serve) -> None:
    from dataclasses import replace

    from bloom.format import encode_header
    from leakcheck.sources.filter_file import page_number

    whole = wide_header(8192)
    number = page_number(whole, key(1))
    header = replace(whole, first=number // 512 * 512, held=512)

    def answer(request: Request) -> Iterable[Piece]:
        first, last = request.span() or (0, 0)
        at = first // 4096 - 1
        page = encode_header(header) if at < 0 else wide_page(header, header.first + at, [key(1)])
        place = f"bytes {first}-{last}/{header.file_bytes}"
        return [reply(206, page, Content_Range=place, ETag='"v1"')]

    server = serve(answer)
    assert ask(server.url + PATH, key(1), decoys=7).codes == b"\1"
    asked = pages_asked(server)
    assert number - header.first in asked
    assert 7 <= len(asked) <= 9  # at an edge of a cell one more, or one twice


# --- how much of a digest is given away ------------------------------------------


@pytest.mark.parametrize("pages", [1 << 22, (1 << 22) + 1, 1 << 23])
def test_what_would_learn_too_many_bits_is_not_asked(serve: Serve, pages: int) -> None:
    server = serve(wide(pages, [key(1)]))
    found = ask(server.url + PATH, key(1))
    if pages == 1 << 22:
        assert (found.codes, found.revealed) == (b"\1", 22.0)
        return
    assert (found.codes, found.revealed) == (b"\2", 0.0)
    assert "more than the 22 allowed: --allow-bits 23 allows it" in found.reasons[0]
    assert pages_asked(server) == set()
    assert ask(server.url + PATH, key(1), allow_bits=23).codes == b"\1"


def test_the_bits_that_were_given_away_are_said(serve: Serve) -> None:
    source = open_source(serve(wide(512, [key(1)])).url + PATH, [Kind.EMAIL], Access())
    assert source.lookup(key(1)).revealed == 9.0
    assert source.lookup(key(1)).revealed == 0.0, "the page is held: nothing was sent"
    assert source.lookup(key(2)).answer(0, source.info).as_json()["revealed_bits"] == 9.0
    source.close()


def test_a_server_that_cannot_be_reached_learns_nothing() -> None:
    assert ask("http://127.0.0.1:9/acme.bloom", key(1)).revealed == 0.0


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
    from leakcheck.sources.filter_file import Builder
    from leakcheck.sources.filter_header import about
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
PLACE = f"bytes 4096-8191/{KEYS}"


def body_of(how: bytes, body: bytes) -> list[Piece]:
    """A page that is framed in an odd way, after which the connection ends."""
    head = b"HTTP/1.1 206 X\r\nContent-Range: bytes 4096-8191/%d\r\nConnection: close\r\n"
    return [head % KEYS + how + b"\r\n\r\n" + body, None]


PAGE = b"x" * 4096
CHUNK = b"1000\r\n" + PAGE + b"\r\n"
GZIP = gzip.compress(PAGE)
FRAMES: dict[str, tuple[list[Piece], str]] = {
    "to the end of the connection": (body_of(b"A: b", PAGE), "does not say how long"),
    "two lengths": (body_of(b"Content-Length: 4096\r\nContent-Length: 4095", PAGE), "malformed"),
    "a length with a sign": (body_of(b"Content-Length: +4096", PAGE), "head is malformed"),
    "length and chunks": (
        body_of(b"Content-Length: 4096\r\nTransfer-Encoding: chunked", CHUNK + b"0\r\n\r\n"),
        "told twice",
    ),
    "other coding": (body_of(b"Transfer-Encoding: gzip, chunked", CHUNK), "head is malformed"),
    "chunks without an end": (body_of(b"Transfer-Encoding: chunked", CHUNK), "broke the conn"),
    "chunks that are too many": (
        body_of(b"Transfer-Encoding: chunked", CHUNK * 2 + b"0\r\n\r\n"), "longer than",
    ),
    "a chunk that is none": (body_of(b"Transfer-Encoding: chunked", b"-1\r\n"), "body is malf"),
    "chunks not apart": (
        body_of(b"Transfer-Encoding: chunked", CHUNK[:-2] + b"XX0\r\n\r\n"), "body is malformed",
    ),
    "gzip": (
        body_of(b"Content-Encoding: gzip\r\nContent-Length: %d" % len(GZIP), GZIP), "not asked",
    ),
    "br": (body_of(b"Content-Encoding: br\r\nContent-Length: 4096", PAGE), "not asked"),
    "gzip twice": (
        body_of(b"Content-Encoding: gzip, gzip\r\nContent-Length: 4096", PAGE), "not asked",
    ),
    "a blank before the colon": (body_of(b"Content-Length : 4096", PAGE), "head is malformed"),
    "too many fields": (body_of(b"A: b\r\n" * 20_000 + b"Content-Length: 4096", PAGE), "head is"),
    "a head without end": (body_of(b"A: " + b"b" * 70_000, b""), "head is too long"),
    "answers to come": ([b"HTTP/1.1 100 Continue\r\n\r\n" * 20, None], "never comes to an answer"),
}  # fmt: skip


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
    "too much": (only_header([BIG]), "longer than was asked for"),
    "reset": (only_header([None]), "broke the connection off"),
    "not http": (
        lambda data: lambda request: [b"SSH-2.0-OpenSSH\r\n\r\n", None],
        "head is malformed",
    ),
    "never answers": (only_header([5.0, None]), "in time"),
    "slow loris": (only_header(DRIP), "in time"),
    **{name: (only_header(answer), why) for name, (answer, why) in FRAMES.items()},
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
    assert time.monotonic() - start < 15


@pytest.mark.parametrize("etags", [('"v1"', '"v2"'), ('W/"v1"', 'W/"v2"'), (None, None)])
@pytest.mark.parametrize("pages", [512, 513])
def test_a_file_that_changes_between_two_requests(
    serve: Serve, etags: tuple[str | None, str | None], pages: int
) -> None:
    """Then it is not asked again: with another number of pages that would show more."""
    before = wide(512, [key(1)], etags[0])
    after = wide(pages, [key(KEYS + 1)], etags[1], name="Later")
    server = serve(lambda request: (after if request.span() != (0, 4095) else before)(request))
    source = open_source(server.url + PATH, [Kind.EMAIL], Access(decoys=3))
    found = source.lookup(key(1) + key(KEYS + 1))
    assert found.codes == b"\2\2"
    if etags == (None, None) and pages == 512:
        assert "damaged" in found.reasons[0]
        source.close()
        return
    assert "changed" in found.reasons[0]
    asked = len(server.requests)
    assert source.lookup(key(1)).codes == b"\2"
    assert len(server.requests) == asked
    source.close()


def test_a_page_of_another_edition_without_any_validator(
    serve: Serve, tmp_path: Path, data: bytes
) -> None:
    """The id in the header is in each page's checksum."""
    newer = build(tmp_path / "new.bloom", range(KEYS, 2 * KEYS)).read_bytes()
    assert len(newer) == len(data)
    before, after = file(data, None), file(newer, None)
    server = serve(lambda request: (after if request.span() != (0, 4095) else before)(request))
    found = ask(server.url + PATH, key(1) + key(KEYS + 1))
    assert found.codes == b"\2\2"
    assert [request.span() for request in server.requests].count((0, 4095)) == 1


def test_a_filter_that_changed_is_asked_again_after_a_while(
    serve: Serve, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filter_url, "_REST", 0.3)
    tags = iter(['"v1"', '"v2"'])
    server = serve(lambda request: file(data, next(tags, '"v2"'))(request))
    source = open_source(server.url + PATH, [Kind.EMAIL], Access())
    assert source.lookup(key(1)).codes == b"\2"
    time.sleep(0.4)
    assert source.lookup(key(1)).codes == b"\1"
    source.close()


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


def test_the_kind_of_a_hash_is_what_the_filter_on_the_server_says(
    serve: Serve, data: bytes, tmp_path: Path
) -> None:
    from leakcheck import check_digest

    answer = check_digest(key(1).hex(), sources=[serve(file(data)).url + PATH])
    assert (answer.kind, answer.verdict, answer.sources[0].revealed_bits is None) == (
        Kind.EMAIL,
        "exposed",
        False,
    )
    ntlm = build(tmp_path / "n.bloom", range(9), Kind.NTLM).read_bytes()
    with pytest.raises(FilterError, match="holds subjects of kind ntlm"):
        check_digest(key(1).hex(), sources=[serve(file(ntlm)).url + PATH])
