"""Filters in object storage: asked as those on web servers are, from a server that speaks S3."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback.filters import KEYS, build, key
from loopback.objects import SECRETS, Between, Lake, between, pointed, s3_server
from program import leakcheck, one_sentence

from leakcheck.errors import UsageError
from leakcheck.sources import Access
from leakcheck.sources.names import header_of, open_source
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Lookup

URL = "s3://lake/public/acme.bloom"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture
def lake(server: str, data: bytes) -> Iterator[Lake]:
    """The bucket with a filter in it."""
    with pointed(server) as found:
        found("public/acme.bloom", data)
        yield found


def ask(digests: bytes, url: str = URL, **access: object) -> Lookup:
    source = open_source(url, [Kind.EMAIL], Access(timeout=5.0, **access))  # type: ignore[arg-type]
    try:
        return source.lookup(digests)
    finally:
        source.close()


def reason(url: str = URL, **access: object) -> str:
    """Why nothing is known; no credential is in it."""
    found = ask(key(1) + key(KEYS + 1), url, **access)
    assert found.codes == b"\2\2"
    assert not any(secret in found.reasons[0] for secret in SECRETS)
    return found.reasons[0]


@pytest.mark.usefixtures("lake")
def test_it_answers_as_a_file_does() -> None:
    found = ask(key(1) + key(KEYS + 1) + key(2))
    assert found.codes == b"\1\0\1"
    assert found.revealed > 1
    assert header_of(URL, Access()).keys == KEYS
    source = open_source(URL.replace("s3:", "S3:"), [Kind.EMAIL], Access())
    assert (source.info.name, source.info.keys) == ("Acme", KEYS)
    source.close()


@pytest.mark.usefixtures("lake")
def test_what_forbids_a_web_server_forbids_a_store() -> None:
    with pytest.raises(UsageError, match="--offline forbids"):
        open_source(URL, [Kind.EMAIL], Access(offline=True))
    assert "more than the 0 allowed" in reason(allow_bits=0)


def test_all_page_requests_are_equally_long_and_have_their_decoys(
    server: str, lake: Lake, tmp_path: Path
) -> None:
    large = build(tmp_path / "large.bloom", range(60_000))
    lake("large.bloom", large.read_bytes())
    told = Between()
    with between(server, told), pointed(server, told.url):
        found = ask(key(1) + key(2) + key(70_000), "s3://lake/large.bloom", decoys=3)
    assert found.codes == b"\1\1\0"
    asked = [(path, fields) for method, path, fields in told.seen if method == "GET"]
    pages = asked[1:]
    assert len(pages) > 5  # three and three decoys each, of which some are the same by chance
    assert len({(len(path), len(str(fields))) for path, fields in pages}) == 1
    assert {fields["User-Agent"] for _, fields in pages} == {"leakcheck"}
    assert len({fields["Range"] for _, fields in pages}) == len(pages)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (403, "access is denied"),
        (401, "the store asks for credentials"),
        (404, "there is no such bucket or object"),
        (-100, "the server broke the connection off"),
    ],
)
def test_a_store_that_fails_is_unknown(server: str, lake: Lake, fault: int, said: str) -> None:
    with between(server, Between(lambda *_: fault)) as told, pointed(server, told.url):
        assert said in reason()
    with between(server, Between(lambda *_: fault)) as told, pointed(server, told.url):
        told.fault = lambda method, path, count: None if count < 1 else fault
        assert said in reason()  # after the header


@pytest.mark.usefixtures("lake")
def test_a_store_that_stumbles_is_asked_again(server: str) -> None:
    told = Between(lambda method, path, count: (503, -50, None)[count % 3])
    with between(server, told), pointed(server, told.url):
        assert ask(key(1)).codes == b"\1"


def test_an_object_that_is_replaced_meanwhile_is_unknown(lake: Lake, tmp_path: Path) -> None:
    source = open_source(URL, [Kind.EMAIL], Access())
    other = build(tmp_path / "other.bloom", range(KEYS + 500)).read_bytes()
    lake("public/acme.bloom", other)
    found = source.lookup(key(1))
    source.close()
    assert found.codes == b"\2"
    assert "changed while it was asked" in found.reasons[0]


def test_what_is_no_filter_or_damaged_is_unknown(lake: Lake, data: bytes) -> None:
    lake("public/acme.bloom", data[:-4096])
    assert "cut short or too long" in reason()
    lake("public/acme.bloom", b"no filter" * 1000)
    assert "not a filter" in reason()
    lake("public/acme.bloom", data[:4096] + bytes(len(data) - 4096))
    assert "damaged" in reason()


@pytest.mark.usefixtures("lake")
def test_a_public_bucket_needs_no_credentials(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    boto3 = pytest.importorskip("boto3", reason="boto3, which moto brings, is not installed")
    boto3.client("s3", endpoint_url=server).put_object_acl(
        Bucket="lake", Key="public/acme.bloom", ACL="public-read"
    )
    told = Between()
    with between(server, told), pointed(server, told.url):
        monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
        assert ask(key(1)).codes == b"\1"
    assert not any("?" in path or "Authorization" in fields for _, path, fields in told.seen)


@pytest.mark.usefixtures("lake")
def test_an_endpoint_without_tls_must_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ALLOW_HTTP", "false")
    with pytest.raises(UsageError, match="is not https"):
        ask(key(1))


def test_a_url_with_credentials_is_refused_and_not_shown() -> None:
    with pytest.raises(UsageError, match="credentials in the environment") as told:
        open_source("s3://AKIA:hush@lake/x.bloom", [Kind.EMAIL], Access())
    assert "hush" not in str(told.value)


def test_check_scan_and_info_take_an_object(lake: Lake, tmp_path: Path) -> None:
    dump = tmp_path / "dump.txt"
    dump.write_text("alice@example.fr:x\nbob@example.fr:y\n")
    leakcheck("build", dump, "-o", tmp_path / "a.bloom", "--kind", "email")
    lake("a b/acmé.bloom", (tmp_path / "a.bloom").read_bytes())
    url = "s3://lake/a b/acmé.bloom"
    found = leakcheck("check", "alice@example.fr", "--in", url, "--json")
    assert found.status == 1, found.err
    answer = json.loads(found.out)
    assert "revealed_bits" in found.out
    assert not any(secret in json.dumps(answer) for secret in SECRETS)
    staff = tmp_path / "staff.csv"
    staff.write_text("mail\nbob@example.fr\ncarol@example.fr\n")
    assert leakcheck("scan", staff, "--in", url).status == 1
    assert "s3://lake/a%20b/acm%C3%A9.bloom" in leakcheck("info", url).out
    assert leakcheck("check", "alice@example.fr", "--in", url, "--offline").status == 2
    assert "no such bucket" in one_sentence(leakcheck("info", "s3://sea/x.bloom"))


def test_a_filter_is_installed_from_a_store(lake: Lake) -> None:
    done = leakcheck("filters", "add", URL, "--as", "acme")
    assert done.status == 0, done.err
    assert leakcheck("filters", "update").status == 0
    lake.delete("public/acme.bloom")
    failed = leakcheck("filters", "update")
    assert failed.status == 2
    assert "no such bucket or object" in failed.out + failed.err
