"""HTTP messages, read strictly: what we take, others take as well, and as the same."""

import gzip
import itertools
import sys
import time

import h11
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leakcheck.http import messages
from leakcheck.http.messages import Malformed

REQUEST = [("Host", "h")]


def read(answer: bytes, size: int) -> tuple[int, dict[str, str], bytes]:
    """Status, fields and body of an answer that comes in pieces of `size` bytes."""
    parser = messages.reader()
    assert messages.asked(parser, "GET", "/", REQUEST) == b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
    pieces = iter([answer[at : at + size] for at in range(0, len(answer), size)])
    events = []
    while not isinstance(events[-1] if events else None, h11.EndOfMessage):
        event = messages.next_event(parser)
        if event is not h11.NEED_DATA:
            events.append(event)
            continue
        piece = next(pieces, None)
        if piece is None:
            raise Malformed("it ended")
        parser.receive_data(piece)
    head = events[0]
    fields = messages.fields_of(head)
    messages.body_length(head.status_code, fields)
    body = b"".join(bytes(each.data) for each in events if isinstance(each, h11.Data))
    return head.status_code, fields, body


def chunked(body: bytes, cuts: list[int]) -> bytes:
    """The body in chunks that begin at these places."""
    edges = sorted({0, len(body), *(min(cut, len(body)) for cut in cuts)})
    parts = [body[start:end] for start, end in itertools.pairwise(edges)]
    return b"".join(b"%X\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=4), st.integers(1, 400))
def test_a_body_is_whole_in_every_framing_and_no_cut_of_it_is(
    body: bytes, cuts: list[int], size: int
) -> None:
    head = b"HTTP/1.1 206 Partial Content\r\nETag: x\r\netag:  y \r\n"
    for fields, framed in (
        (b"Content-Length: %d\r\n\r\n" % len(body), body),
        (b"Transfer-Encoding: chunked\r\n\r\n", chunked(body, cuts)),
    ):
        answer = head + fields + framed
        status, found, got = read(answer, size)
        assert (status, found["etag"], got) == (206, "x, y", body)
        with pytest.raises(Malformed):
            read(answer[:-1], size)


@pytest.mark.parametrize(
    ("fields", "length"),
    [
        ({"content-length": "0"}, 0),
        ({"content-length": "4096"}, 4096),
        ({"transfer-encoding": "chunked"}, None),
    ],
)
def test_lengths(fields: dict[str, str], length: int | None) -> None:
    assert messages.body_length(200, fields) == length
    assert messages.body_length(304, fields) == 0


@pytest.mark.parametrize("status", [200, 206, 404])
def test_a_length_that_is_not_told_or_told_twice(status: int) -> None:
    with pytest.raises(Malformed, match="how long it is"):
        messages.body_length(status, {"content-type": "text/plain"})
    with pytest.raises(Malformed, match="told twice"):
        messages.body_length(status, {"content-length": "4", "transfer-encoding": "chunked"})


BAD = {
    "no length": b"HTTP/1.1 200 OK\r\n\r\nbody",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbodyx",
    "length that is no number": b"HTTP/1.1 200 OK\r\nContent-Length: 0x4\r\n\r\nbody",
    "length below zero": b"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nbody",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "another coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunk of no size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    "chunk that ends otherwise": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"1\r\naXX0\r\n\r\n",
    "no answer": b"SSH-2.0-x\r\n\r\n",
    "another version": b"HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",
    "zero byte": b"HTTP/1.1 200 OK\r\nX: \0\r\nContent-Length: 0\r\n\r\n",
    "blank before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
}


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
@pytest.mark.parametrize("size", [1, 10_000])
def test_an_answer_whose_end_is_not_proved_is_refused(answer: bytes, size: int) -> None:
    with pytest.raises(Malformed):
        read(answer, size)


def test_a_head_without_end_is_refused() -> None:
    with pytest.raises(Malformed, match="too long"):
        read(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000, 4096)


@pytest.fixture(params=["isal", "zlib"])
def _decoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the quick library, and as where it is not installed."""
    if request.param == "zlib":
        monkeypatch.setitem(sys.modules, "isal", None)
    else:
        pytest.importorskip("isal")


@pytest.mark.usefixtures("_decoder")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=3))
def test_gzip_of_several_members_is_read_to_its_end(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    packed = b"".join(gzip.compress(data[start:end]) for start, end in itertools.pairwise(edges))
    fields = {"content-encoding": "gzip"}
    assert messages.decoded(packed, fields, 300, gzip=True) == data
    for bad in (packed[:-1], packed + b"x", packed[:-5] + b"zzzzz"):
        with pytest.raises(Malformed):
            messages.decoded(bad, fields, 300, gzip=True)
    if data:
        with pytest.raises(Malformed, match="longer"):
            messages.decoded(packed, fields, len(data) - 1, gzip=True)


@pytest.mark.parametrize(
    "data",
    [
        b"A: b\r\n" * 5000 + b"\r\n",
        b"A:" + b" " * 30_000 + b"\0",
        (b"A:" + b" \t" * 200 + b"\r\n") * 80,
        b"A" * 30_000,
        b":" * 30_000,
        b"\r" * 30_000,
    ],
    ids=range(6),
)
def test_hostile_fields_take_no_time(data: bytes) -> None:
    start = time.process_time()
    for _ in range(10):
        with pytest.raises(Malformed):
            read(b"HTTP/1.1 200 OK\r\n" + data, 1460)
    assert time.process_time() - start < 1.0


def test_a_gzip_of_many_empty_parts_takes_no_time() -> None:
    packed = gzip.compress(b"") * 100_000
    start = time.process_time()
    with pytest.raises(Malformed, match="too many parts"):
        messages.decoded(packed, {"content-encoding": "gzip"}, 1000, gzip=True)
    assert time.process_time() - start < 1.0
