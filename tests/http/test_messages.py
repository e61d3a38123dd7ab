"""HTTP messages, read strictly: what we take, others take as well, and as the same."""

import gzip
import itertools
import time

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.http import messages
from leakcheck.http.messages import Malformed

TOKENS = ["Content-Length", "Transfer-Encoding", "ETag", "X", "Connection", "Content-Range"]
VALUES = ["0", "5", "05", "-1", "chunked", "gzip, chunked", "close", '"a"', "", " b ", "b\tc", "é"]
PIECES = st.sampled_from(
    [*(f"{name}: {value}\r\n" for name in TOKENS for value in VALUES),
     "X : y\r\n", " folded\r\n", "X:y\n", "X:\r\n", "X\r\n", ":y\r\n", "X:y\rz\r\n", "X:\0\r\n",
     "X:\x7f\r\n", "X: y: z\r\n"]
)  # fmt: skip
LINES = st.sampled_from(
    ["HTTP/1.1 200 OK", "HTTP/1.1 206 ", "HTTP/1.0 200 OK", "HTTP/1.1 304 Not", "HTTP/1.1 200",
     "HTTP/2 200 OK", "http/1.1 200 OK", "HTTP/1.1 99 OK", "HTTP/1.1 600 OK", "HTTP/1.1  200 OK"]
)  # fmt: skip


def theirs(head: bytes) -> h11.Response | None:
    """What h11 makes of the head of an answer."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "h")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(head)
    try:
        event = connection.next_event()
    except h11.RemoteProtocolError:
        return None
    return event if isinstance(event, h11.Response) else None


@settings(max_examples=600, deadline=None)
@given(LINES, st.lists(PIECES, max_size=5))
def test_what_we_take_h11_takes_as_the_same(line: str, pieces: list[str]) -> None:
    head = f"{line}\r\n{''.join(pieces)}\r\n".encode("latin-1")
    try:
        status, is_1_1, fields = messages.status_of(head)
        messages.body_length(status, fields)
    except Malformed:
        return
    found = theirs(head)
    assert found is not None, head
    assert (found.status_code, found.http_version == b"1.1") == (status, is_1_1)
    joined: dict[str, list[str]] = {}
    for name, value in found.headers:
        joined.setdefault(name.decode(), []).append(value.decode("latin-1"))
    if "content-length" not in joined:  # h11 joins equal ones
        assert {name: ", ".join(values) for name, values in joined.items()} == fields


@pytest.mark.parametrize(
    ("fields", "length"),
    [
        ({"content-length": "0"}, 0),
        ({"content-length": "4096"}, 4096),
        ({"transfer-encoding": "chunked"}, None),
        ({"transfer-encoding": "Chunked"}, None),
    ],
)
def test_lengths(fields: dict[str, str], length: int | None) -> None:
    assert messages.body_length(200, fields) == length
    assert messages.body_length(304, fields) == 0


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"content-length": "4, 4"},
        {"content-length": "0x4"},
        {"content-length": "٤"},
        {"content-length": "9" * 16},
        {"content-length": "4", "transfer-encoding": "chunked"},
        {"transfer-encoding": "chunked, chunked"},
        {"transfer-encoding": "identity"},
        {"connection": "close"},
    ],
)
def test_a_body_whose_end_is_not_told_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        messages.body_length(200, fields)


@pytest.mark.parametrize("line", [b"", b"-1", b"+1", b"0x1", b"1 2", b"1;a\0", b"123456789", b"g"])
def test_a_chunk_that_is_none(line: bytes) -> None:
    with pytest.raises(Malformed):
        messages.chunk_size(line)


def test_chunks() -> None:
    lines = (b"0", b"1F", b"ff ;a=b", b"00")
    assert [messages.chunk_size(line) for line in lines] == [0, 31, 255, 0]


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
            messages.fields_of(data)
    assert time.process_time() - start < 1.0


def test_a_gzip_of_many_empty_parts_takes_no_time() -> None:
    packed = gzip.compress(b"") * 100_000
    start = time.process_time()
    with pytest.raises(Malformed, match="too many parts"):
        messages.decoded(packed, {"content-encoding": "gzip"}, 1000, gzip=True)
    assert time.process_time() - start < 1.0
