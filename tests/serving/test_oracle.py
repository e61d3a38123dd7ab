"""The oracle: what it answers, whom it refuses, and what it never tells."""

import base64
import http.client
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from loopback.filters import build
from loopback.serving import serving
from program import leakcheck, one_sentence

from leakcheck.errors import UsageError
from leakcheck.serving.messages import HttpAnswer, HttpRequest
from leakcheck.serving.oracle import Buckets, Oracle, Rate
from leakcheck.subject.identity import engine
from leakcheck.trust.sealing import SealingKey, make_sealing_key

ENGINE, native = engine()
pytestmark = pytest.mark.skipif(ENGINE != "native", reason="sealing is in the native part alone")
MANY = Rate(10_000, 60.0)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SealingKey:
    return make_sealing_key(tmp_path_factory.mktemp("keys") / "x.seal")


def points(count: int) -> bytes:
    packed = b"".join(point for point, _ in native.seal_blind([b"x"] * count))
    return b"points=" + base64.urlsafe_b64encode(packed).rstrip(b"=")


def asked(oracle: Oracle, query: bytes, client: str = "192.0.2.1", **fields: str) -> HttpAnswer:
    return oracle.answer(HttpRequest("GET", "/seal", query, fields), client)


def test_what_is_no_question_is_refused_and_costs_nothing(key: SealingKey) -> None:
    oracle = Oracle(key, Rate(2, 60.0), MANY)
    good = points(2)
    bad = [
        b"", b"points=", b"points=AA", b"x=1", good + b"&points=AA", good + b"&x", b"points=a%00",
        b"points=" + b"/" * 43, good[:-1], b"points=" + b"A" * 100_000,
        b"points=" + base64.urlsafe_b64encode(b"\xff" * 32).rstrip(b"="),
        b"points=" + base64.urlsafe_b64encode(bytes(32)).rstrip(b"="),  # the identity
    ]  # fmt: skip
    assert {asked(oracle, query).status for query in bad} == {400}
    assert asked(oracle, points(3)).status == 413
    found = asked(oracle, good)
    assert found.status == 200
    assert len(found.body) == 2 * 32 + 64
    assert found.fields["Cache-Control"] == "no-store"
    assert asked(oracle, good).status == 429


def test_each_address_has_its_own_limit_and_all_have_one(key: SealingKey) -> None:
    oracle = Oracle(key, Rate(2, 60.0), Rate(5, 60.0))
    query = points(2)
    assert asked(oracle, query, "192.0.2.1").status == 200
    refused = asked(oracle, query, "192.0.2.1")
    assert refused.status == 429
    assert 55 <= int(refused.fields["Retry-After"]) <= 60
    assert asked(oracle, query, "2001:db8::1").status == 200
    assert asked(oracle, query, "2001:db8::2").status == 429  # of the same network
    late = asked(oracle, query, "192.0.2.2")
    assert (late.status, int(late.fields["Retry-After"]) <= 12) == (429, True)


def test_a_proxys_word_counts_only_where_it_is_known(key: SealingKey) -> None:
    query = points(2)
    for proxies, statuses in (
        (frozenset[str](), [200, 429]),
        (frozenset({"10.0.0.1"}), [200, 200]),
    ):
        oracle = Oracle(key, Rate(2, 60.0), MANY, proxies)
        found = [
            asked(oracle, query, "10.0.0.1", **{"x-forwarded-for": f"1.1.1.1, 192.0.2.{at}"})
            for at in range(2)
        ]
        assert [each.status for each in found] == statuses
    again = asked(oracle, query, "10.0.0.1", **{"x-forwarded-for": "9.9.9.9, 192.0.2.0"})
    for said in ("192.0.2.7:1234", "unknown", ""):
        asked(oracle, query, "10.0.0.1", **{"x-forwarded-for": said})
        found_out = asked(oracle, query, "10.0.0.1", **{"x-forwarded-for": f"{said}8"})
        assert found_out.status == 429  # no address is no way round the limit
    assert again.status == 429  # what comes before the proxy's own word is the visitor's to forge


def test_buckets_fill_again_and_are_forgotten_when_full() -> None:
    buckets = Buckets(Rate(10, 10.0))
    for at in range(1000):
        buckets.take(f"p{at}", 10, 0.0)
    assert buckets.wait("p1", 1, 0.0) == 1.0
    assert buckets.wait("p1", 5, 5.0) == 0.0
    buckets.take("new", 1, 100.0)
    assert list(buckets._held) == ["new"]


@pytest.mark.parametrize(
    "text", ["", "30", "0/minute", "1/minute", "30/week", "-1/hour", "3.5/day"]
)
def test_a_limit_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--rate-limit takes"):
        Rate.parse(text, "--rate-limit")


def test_neither_key_nor_question_is_ever_told(tmp_path: Path) -> None:
    build(tmp_path / "a.bloom", range(10))
    key = make_sealing_key(tmp_path / "x.seal")
    secret = (tmp_path / "x.seal").read_text().split()[1]
    query = points(10).decode()
    options = ("--sealing-key", str(tmp_path / "x.seal"), "--log-requests")
    with serving(tmp_path, *options) as (url, process):
        place = urlsplit(url)
        link = http.client.HTTPConnection(place.hostname or "", place.port or 0, timeout=10)
        for target, status in (
            (f"/seal?{query}", 200), (f"/seal?{query[:-9]}", 400), ("/seal", 400),
            ("/x.seal", 404), (f"/sealx?{query[:20]}", 404),
        ):  # fmt: skip
            link.request("GET", target, headers={"Origin": url.rstrip("/")})
            found = link.getresponse()
            body = found.read()
            assert found.status == status
            assert secret.encode() not in body
            assert key.private not in body
            assert found.headers["Access-Control-Allow-Origin"] == "*"
        link.request("POST", f"/seal?{query}")
        assert link.getresponse().status == 405
        process.terminate()
        out, errors = process.communicate(timeout=10)
    log = out + errors
    assert log.count("/seal HTTP") == 4
    assert query[7:27] not in log.replace(f"/sealx?{query[:20]}", "")
    assert secret not in log


def test_a_key_that_is_none_ends_the_command(tmp_path: Path) -> None:
    build(tmp_path / "a.bloom", range(10))
    done = leakcheck("serve", tmp_path, "--sealing-key", tmp_path / "a.bloom")
    assert "not a sealing key" in one_sentence(done)
    done = leakcheck("keys", "new", "-o", tmp_path / "k", "--sealing", "acme")
    assert "ORIGIN" in one_sentence(done)
