"""`leakcheck serve`: filters with ranges, and the Pwned Passwords API from kept ranges."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme
from loopback.corpus import body
from loopback.filters import KEYS, build, key
from loopback.serving import serving

from leakcheck.__main__ import run
from leakcheck.sources import Access
from leakcheck.sources.names import open_source
from leakcheck.subject.kinds import Kind


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a filter, SHA-1 ranges, NTLM ranges in gzip, and what must not be served."""
    top = tmp_path_factory.mktemp("served")
    root = top / "public"
    (root / "sha1").mkdir(parents=True)
    (root / "ntlm").mkdir()
    build(root / "acme.bloom", range(KEYS))
    build(top / "outside.bloom", range(9))
    (root / "link.bloom").symlink_to(top / "outside.bloom")
    (root / "notes.txt").write_text("private")
    for number in range(16):
        prefix = f"{number:05X}"
        (root / "sha1" / f"{prefix}.txt").write_bytes(body(prefix))
        (root / "ntlm" / f"{prefix}.txt.gz").write_bytes(gzip.compress(body(prefix, digits=32)))
    return root


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    with serving(folder) as (url, _):
        yield url


def get(url: str, **headers: str) -> httpx.Response:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.get(url, headers=fields, trust_env=False)


def test_leakcheck_asks_it(url: str) -> None:
    source = open_source(f"{url}/acme.bloom", [Kind.EMAIL], Access(decoys=2))
    assert source.lookup(key(1) + key(KEYS + 1)).codes == b"\1\0"
    source.close()
    source = open_source("hibp", [Kind.PASSWORD], Access(hibp_url=url))
    digest = bytes.fromhex("00003" + body("00003").split(b"\r\n")[2].split(b":")[0].decode())
    found = source.lookup(digest + b"\0\0\x3f" + b"x" * 17)
    assert (found.codes, found.seen) == (b"\1\0", {0: 3})
    source.close()


def test_ranges_of_a_file(url: str, folder: Path) -> None:
    data = (folder / "acme.bloom").read_bytes()
    whole = get(f"{url}/acme.bloom")
    assert (whole.status_code, whole.content) == (200, data)
    assert whole.headers["accept-ranges"] == "bytes"
    etag = whole.headers["etag"]
    part = get(f"{url}/acme.bloom", Range="bytes=4096-8191", If_Range=etag)
    assert (part.status_code, part.content) == (206, data[4096:8192])
    assert part.headers["content-range"] == f"bytes 4096-8191/{len(data)}"
    assert part.headers["etag"] == etag
    assert get(f"{url}/acme.bloom", Range="bytes=4096-8191", If_Range='"x"').content == data
    assert get(f"{url}/acme.bloom", Range="bytes=-100").content == data[-100:]
    tail = get(f"{url}/acme.bloom", Range=f"bytes=4096-{len(data) * 2}")
    assert (tail.status_code, tail.content) == (206, data[4096:])
    beyond = get(f"{url}/acme.bloom", Range=f"bytes={len(data)}-{len(data) + 9}")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(data)}")
    assert get(f"{url}/acme.bloom", If_None_Match=etag).status_code == 304
    assert get(f"{url}/acme.bloom", If_Match='"x"').status_code == 412
    assert httpx.head(f"{url}/acme.bloom", trust_env=False).content == b""


@pytest.mark.parametrize(
    "path",
    [
        "notes.txt",
        "link.bloom",
        "../outside.bloom",
        "%2e%2e%2foutside.bloom",
        "..%5coutside.bloom",
        "sha1/00000.txt",
        ".hidden.bloom",
        "missing.bloom",
        "acme.bloom%00.txt",
        "acme.bloom/",
    ],
)
def test_nothing_else_is_served(url: str, path: str) -> None:
    assert get(f"{url}/{path}").status_code == 404
    if path.endswith("/"):
        assert get(f"{url}/{path}", Range="bytes=0-9").content[:4] != b"\x89BLO"


def test_the_index_names_the_filters(url: str) -> None:
    assert get(f"{url}/").text == f"acme.bloom\temail\t{KEYS}\n"


def test_the_range_api(url: str) -> None:
    answer = get(f"{url}/range/00003")
    assert (answer.status_code, answer.content) == (200, body("00003"))
    assert answer.headers["content-type"].startswith("text/plain")
    assert get(f"{url}/range/0000a").content == body("0000A")
    again = get(f"{url}/range/00003", If_None_Match=answer.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert get(f"{url}/range/00003?mode=ntlm").content == body("00003", digits=32)
    assert get(f"{url}/range/00003?mode=md5").status_code == 400
    assert get(f"{url}/range/FFFFF").status_code == 501


@pytest.mark.parametrize("prefix", ["0000", "000000", "0000G", "%20000", "0000%0A"])
def test_a_bad_prefix(url: str, prefix: str) -> None:
    answer = get(f"{url}/range/{prefix}")
    assert answer.status_code == 400
    assert answer.text == "The hash prefix was not in a valid format"


@pytest.mark.parametrize(("mode", "digits"), [("", 40), ("?mode=ntlm", 32)])
def test_padding(url: str, mode: str, digits: int) -> None:
    answers = [get(f"{url}/range/00003{mode}", Add_Padding="true") for _ in range(6)]
    for answer in answers:
        lines = answer.text.split("\r\n")
        assert 800 <= len(lines) <= 1000
        assert all(re.fullmatch(rf"[0-9A-F]{{{digits - 5}}}:[0-9]+", line) for line in lines)
        real = [line for line in lines if not line.endswith(":0")]
        assert real == body("00003", digits=digits).decode().split("\r\n")
        assert lines == sorted(lines)
    assert len({len(answer.content) for answer in answers}) > 1


def test_a_long_range_is_padded_too() -> None:
    from leakcheck.serving.padding import pad

    lines = b"\r\n".join(b"%035X:1" % at for at in range(1234))
    sizes = {pad(lines, 35).count(b":") for _ in range(20)}
    assert all(1400 <= size <= 1600 for size in sizes)
    assert len(sizes) > 1


def test_no_query_is_logged(folder: Path) -> None:
    with serving(folder) as (url, process):
        for path in ("range/00003", "range/nonsense", "acme.bloom", "s3ntinel"):
            get(f"{url}/{path}")
        process.terminate()
        out, err = process.communicate(timeout=10)
    for sentinel in ("00003", "nonsense", "acme", "s3ntinel", "GET"):
        assert sentinel not in out + err
    with serving(folder, "--log-requests") as (url, process):
        get(f"{url}/range/00003")
        process.terminate()
        out, err = process.communicate(timeout=10)
    assert "/range/00003" in out + err


def test_https(
    folder: Path, tmp_path: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, ca = tmp_path / "pair.pem", tmp_path / "ca.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(pair))
    authority.cert_pem.write_to_path(str(ca))
    monkeypatch.setenv("SSL_CERT_FILE", str(ca))
    with serving(folder, "--cert", str(pair), "--key", str(pair)) as (url, _):
        source = open_source(f"{url}/acme.bloom", [Kind.EMAIL], Access())
        assert source.lookup(key(1)).codes == b"\1"
        source.close()


def test_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    for options, reason in (
        ([str(tmp_path / "none")], "no such folder"),
        ([str(tmp_path)], "no filter (*.bloom), no store (*.ranges) and no range file"),
        ([str(folder), "--cert", "x"], "go together"),
        ([str(folder), "--cert", "x", "--key", "y"], "cannot be read"),
        ([str(folder), "--host", "203.0.113.1"], "cannot listen"),
    ):
        assert run(["serve", "--port", "0", *options]) == 2
        assert reason in capsys.readouterr().err


def test_without_the_extra(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert run(["serve", str(folder)]) == 2
    assert "pip install 'leakcheck-bloom[serve]'" in capsys.readouterr().err


def test_what_is_no_filter_is_not_counted_as_one_and_is_named(tmp_path: Path) -> None:
    build(tmp_path / "acme.bloom", range(9))
    (tmp_path / "junk.bloom").write_text("junk")
    with serving(tmp_path) as (_, process):
        process.terminate()
        _, told = process.communicate(timeout=30)
    assert "junk.bloom is not a filter" in told
    assert "acme.bloom" not in told
