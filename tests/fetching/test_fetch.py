"""The corpus fetched: complete or not at all, resumed after anything, the same bytes."""

import gzip
import json
import os
import random
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from loopback.corpus import Corpus, body, expected, suffixes
from loopback.misbehaving import Piece, Request, Server, reply

from leakcheck.__main__ import run
from leakcheck.sources import range_files
from leakcheck.sources.range_files import read_range

Serve = Callable[..., Server]
LAST = 0x1FF


def fetch(url: str, *options: str, last: int = LAST) -> int:
    return run(
        ["fetch", "--url", url, "--prefixes", f"00000-{last:05X}", "--rate", "1e-3", *options]
    )


def test_a_fetch_is_the_filter_of_all_ranges(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = Corpus()
    server = serve(corpus)
    assert fetch(server.url, "-o", str(tmp_path / "f.bloom"), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ranges"], told["fetched"]) == (LAST + 1, LAST + 1)
    assert told["filter"]["keys"] == 12 * (LAST + 1)
    assert told["bytes"] == sum(len(body(f"{number:05X}")) for number in range(LAST + 1))
    assert (tmp_path / "f.bloom").read_bytes() == expected(tmp_path / "e", LAST, server.url)
    assert sorted(corpus.asked) == [f"{number:05X}" for number in range(LAST + 1)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["e", "f.bloom"]


def test_a_trial_of_some_ranges_never_says_clean(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It knows nothing of the others: a password that it does not have may be in one of those."""
    server = serve(Corpus())
    out = str(tmp_path / "f.bloom")
    assert fetch(server.url, "-o", out, last=9) == 0
    assert "marked incomplete" in capsys.readouterr().err
    known = body("00003").split()[0].split(b":")[0].decode()
    for digest, status in ((f"00003{known}", 1), ("00003" + "F" * 35, 2), ("F" * 40, 2)):
        assert run(["check", "--hash", digest, "--in", out]) == status


def test_ntlm_and_minimum_count(serve: Serve, tmp_path: Path) -> None:
    server = serve(Corpus())
    out = tmp_path / "f.bloom"
    assert fetch(server.url, "-o", str(out), "--mode", "ntlm", "--min-count", "3", last=9) == 0
    assert all(request.target.endswith("?mode=ntlm") for request in server.requests)
    from leakcheck.sources.filter_file import LocalFilter

    source = LocalFilter(out)
    counts = [int(line.split(b":")[1]) for n in range(10) for line in body(f"{n:05X}").split()]
    assert source.info.kind == "ntlm"
    assert source.header.keys == sum(count >= 3 for count in counts)
    source.close()


@pytest.mark.parametrize("kept", [False, True])
def test_killed_and_resumed(serve: Serve, tmp_path: Path, kept: bool) -> None:
    """Killed at three places, each with ranges done and ranges to come."""
    corpus = Corpus()
    last = 0x1FF
    chance = random.Random(1911)

    def slow(request: Request) -> Iterable[Piece]:
        return [0.02, *corpus(request)]

    server = serve(slow)
    out = tmp_path / "f.bloom"
    command = [sys.executable, "-m", "leakcheck", "fetch", "--url", server.url, "-o", str(out)]
    command += ["--prefixes", f"00000-{last:05X}", "--rate", "1e-3", "--jobs", "1"]
    command += ["--keep", str(tmp_path / "kept")] if kept else []
    for _ in range(3):
        before = len(server.requests)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wanted = chance.randrange(1, 120)
        deadline = time.monotonic() + 60
        while len(server.requests) - before < wanted and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "it was killed, and had not ended before"
        assert not out.exists()
    process = subprocess.run([*command, "--force"], check=False)
    assert process.returncode == 0
    assert out.read_bytes() == expected(tmp_path / "e", last, server.url)
    assert not (tmp_path / ".f.bloom.fetch").exists()
    assert not list(tmp_path.glob("**/*.partial"))


def test_an_interrupted_fetch_asks_only_for_what_is_missing(serve: Serve, tmp_path: Path) -> None:
    corpus = Corpus()
    broken = {"00123", "001FF"}

    def answer(request: Request) -> Iterable[Piece]:
        return [reply(404)] if request.target[-5:] in broken else corpus(request)

    server = serve(answer)
    out = str(tmp_path / "f.bloom")
    assert fetch(server.url, "-o", out) == 2
    assert not Path(out).exists()
    broken.clear()
    corpus.asked.clear()
    assert fetch(server.url, "-o", out) == 0
    assert sorted(corpus.asked) == ["00123", "001FF"]
    assert Path(out).read_bytes() == expected(tmp_path / "e", LAST, server.url)


def test_an_incomplete_fetch_says_so(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = Corpus()
    server = serve(
        lambda request: [reply(404)] if request.target.endswith("5") else corpus(request)
    )
    assert fetch(server.url, "-o", str(tmp_path / "f.bloom"), last=15) == 2
    told = capsys.readouterr().err
    assert "1 of 16 ranges could not be fetched (the server answers with status 404)" in told
    assert "the same command goes on" in told


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"", "empty"),
        (b"<html>portal</html>", "empty or no range"),
        (body("00000")[:-20], "no range|malformed"),
        (b"\r\n".join(reversed(body("00000").split())), "not in order"),
        (body("00000", digits=32), "another length"),
    ],
)
def test_a_server_of_something_else_is_given_up(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str], bad: bytes, reason: str
) -> None:
    server = serve(lambda request: [reply(200, bad)])
    assert fetch(server.url, "-o", str(tmp_path / "f.bloom"), last=15) == 2
    assert re.search(reason, capsys.readouterr().err)
    assert not (tmp_path / "f.bloom").exists()


def test_a_dead_server_is_given_up(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "f.bloom")
    assert fetch("http://127.0.0.1:9", "-o", out, "--give-up", "0.5", last=15) == 2
    assert "no connection could be made" in capsys.readouterr().err


def test_a_server_that_was_never_reached_is_given_up_within_seconds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = time.monotonic()
    assert fetch("http://127.0.0.1:9", "-o", str(tmp_path / "f.bloom"), last=15) == 2
    assert "no connection could be made" in capsys.readouterr().err
    assert time.monotonic() - begun < 60, "two minutes are for a server that has answered"


def test_a_server_that_refuses_all_is_not_asked_for_all(
    serve: Serve, tmp_path: Path, tls: ssl.SSLContext, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "f.bloom")
    server = serve(lambda request: [reply(403)])
    assert fetch(server.url, "-o", out) == 2
    assert "status 403" in capsys.readouterr().err
    assert len(server.requests) < 300
    assert fetch(serve(Corpus(), tls).url, "-o", out + "2") == 2
    assert "certificate is refused" in capsys.readouterr().err


def test_pushed_back_it_waits_as_told(serve: Serve, tmp_path: Path) -> None:
    corpus = Corpus()
    refusals = [reply(429, Retry_After="1")] * 5
    refused: list[float] = []
    served: list[float] = []

    def answer(request: Request) -> Iterable[Piece]:
        if len(served) >= 20 and refusals:
            refused.append(time.monotonic())
            return [refusals.pop()]
        served.append(time.monotonic())
        return corpus(request)

    server = serve(answer)
    out = tmp_path / "f.bloom"
    assert fetch(server.url, "-o", str(out), "--jobs", "1", last=255) == 0
    assert out.read_bytes() == expected(tmp_path / "e", 255, server.url)
    assert len(refused) == 5
    assert served[-1] - refused[0] >= 1.0


def test_short_answers_and_resets_are_asked_again(serve: Serve, tmp_path: Path) -> None:
    corpus = Corpus()
    chance = random.Random(7)

    def answer(request: Request) -> Iterable[Piece]:
        match chance.randrange(30):
            case 0:
                return [None]
            case 1:
                return [b"HTTP/1.1 200 X\r\nContent-Length: 400\r\nConnection: close\r\n\r\nABC"]
            case 2:
                return [reply(503)]
        return corpus(request)

    server = serve(answer)
    out = tmp_path / "f.bloom"
    assert fetch(server.url, "-o", str(out), last=0x2F) == 0
    assert out.read_bytes() == expected(tmp_path / "e", 0x2F, server.url)


def zipped(data: bytes) -> bytes:
    return gzip.compress(data)


@pytest.mark.parametrize(
    ("encode", "good"),
    [
        (zipped, True),
        (lambda data: zipped(data[:99]) + zipped(data[99:]), True),
        (lambda data: zipped(data) + zipped(b""), True),
        (lambda data: zipped(data)[:-1], False),
        (lambda data: zipped(data)[:-9], False),
        (lambda data: zipped(data[:99]) + zipped(data[99:])[:-20], False),
        (lambda data: zipped(data) + b"x", False),
        (lambda data: zipped(data)[:-8] + b"\0" * 8, False),
        (lambda data: b"", False),
        (lambda data: zipped(data + b"\n" * (20 << 20)), False),
    ],
    ids=["one", "two", "an empty one", "cut by one", "cut by nine", "second cut", "more", "sum",
         "nothing", "a bomb"],
)  # fmt: skip
def test_a_compressed_answer_is_whole_or_none(
    serve: Serve,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    encode: Callable[[bytes], bytes],
    good: bool,
) -> None:
    corpus = Corpus()

    def answer(request: Request) -> Iterable[Piece]:
        assert request.headers["accept-encoding"] == "gzip"
        prefix = request.target[-5:]
        if prefix == "00002":
            return [reply(200, encode(body(prefix)), Content_Encoding="gzip")]
        return corpus(request)

    server = serve(answer)
    out = tmp_path / "f.bloom"
    assert fetch(server.url, "-o", str(out), "--give-up", "0.5", last=9) == (0 if good else 2)
    if good:
        assert out.read_bytes() == expected(tmp_path / "e", 9, server.url)
    else:
        assert not out.exists()
        assert "1 of 10 ranges could not be fetched" in capsys.readouterr().err


def test_every_cut_of_a_compressed_answer_is_refused() -> None:
    from leakcheck.http.messages import Malformed, decoded

    whole = body("00001")
    fields = {"content-encoding": "gzip"}
    for data in (zipped(whole), zipped(whole[:200]) + zipped(whole[200:])):
        assert decoded(data, fields, 1 << 20, gzip=True) == whole
        accepted = []
        for end in range(len(data)):
            try:
                accepted.append(decoded(data[:end], fields, 1 << 20, gzip=True))
            except Malformed:
                continue
        # a cut between two members cannot be told here: its length is
        assert accepted in ([], [whole[:200]])


# --- answers that belong to another range ------------------------------------------


@pytest.mark.parametrize("near", [True, False], ids=["of one block", "of two"])
@pytest.mark.parametrize("how", ["body", "redirect"])
def test_the_lines_of_another_range_are_not_taken(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str], near: bool, how: str
) -> None:
    corpus = Corpus()
    wrong, other = ("00003", "00002") if near else ("00103", "00002")
    lies = True

    def answer(request: Request) -> Iterable[Piece]:
        if request.target.endswith(wrong) and lies:
            if how == "redirect":
                return [reply(302, Location=f"/range/{other}")]
            return [reply(200, body(other))]
        return corpus(request)

    server = serve(answer)
    out = tmp_path / "f.bloom"
    assert fetch(server.url, "-o", str(out)) == 2
    told = capsys.readouterr().err
    assert re.search("in place of others|same for it as for another|another place", told), told
    assert not out.exists()
    lies = False
    assert fetch(server.url, "-o", str(out)) == 0
    assert out.read_bytes() == expected(tmp_path / "e", LAST, server.url)


def test_a_redirect_to_the_same_range_is_followed(serve: Serve, tmp_path: Path) -> None:
    corpus = Corpus()

    def answer(request: Request) -> Iterable[Piece]:
        if request.target.startswith("/range/"):
            return [reply(301, Location="/v3" + request.target)]
        return corpus(Request(request.raw, "GET", request.target[3:], request.headers))

    server = serve(answer)
    out = tmp_path / "f.bloom"
    assert fetch(server.url, "-o", str(out), last=15) == 0
    assert out.read_bytes() == expected(tmp_path / "e", 15, server.url)


def test_a_range_far_shorter_than_its_neighbours_is_none(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(request: Request) -> Iterable[Piece]:
        prefix = request.target[-5:]
        lines = [f"{suffix}:1" for suffix in suffixes(prefix, lines=200)]
        return [reply(200, "\r\n".join(lines[: 99 if prefix == "00004" else 200]).encode())]

    server = serve(answer)
    assert fetch(server.url, "-o", str(tmp_path / "f.bloom"), last=0x1F) == 2
    assert "it has 99 lines, and its neighbours have 200" in capsys.readouterr().err


# --- kept ranges -----------------------------------------------------------------


@pytest.mark.parametrize("zipped", [False, True])
def test_kept_ranges_are_plain_files(serve: Serve, tmp_path: Path, zipped: bool) -> None:
    server = serve(Corpus())
    kept = tmp_path / "kept"
    options = ["--gzip"] if zipped else []
    assert fetch(server.url, "--keep", str(kept), *options, last=0x1FF) == 0
    names = sorted(path.name for path in kept.iterdir() if not path.name.startswith("."))
    ending = ".txt.gz" if zipped else ".txt"
    assert names == [f"{number:05X}{ending}" for number in range(0x200)]
    data = (kept / names[77]).read_bytes()
    assert (gzip.decompress(data) if zipped else data) == body("0004D")


def test_update_fetches_what_changed_and_counts_what_is_new(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = Corpus()
    server = serve(corpus)
    out, kept = str(tmp_path / "f.bloom"), str(tmp_path / "kept")
    assert fetch(server.url, "-o", out, "--keep", kept) == 0
    corpus.versions = {"00001": 1, "00101": 2}
    corpus.statuses.clear()
    capsys.readouterr()
    assert fetch(server.url, "-o", out, "--keep", kept, "--update", "--json", "--force") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["fetched"], told["unchanged"], told["new"]) == (2, LAST - 1, 3)
    assert corpus.statuses.count(200) == 2
    assert told["filter"]["keys"] == 12 * (LAST + 1) + 3
    assert (tmp_path / "kept" / "00101.txt").read_bytes() == body("00101", 2)


def test_a_kept_range_that_is_damaged_is_fetched_anew(serve: Serve, tmp_path: Path) -> None:
    server = serve(Corpus())
    out, kept = tmp_path / "f.bloom", tmp_path / "kept"
    assert fetch(server.url, "--keep", str(kept)) == 0
    (kept / "00007.txt").unlink()
    (kept / "00008.txt").write_bytes(b"x" * len(body("00008")))
    assert fetch(server.url, "--keep", str(kept), "-o", str(out)) == 2
    assert not out.exists()
    assert fetch(server.url, "--keep", str(kept), "-o", str(out)) == 0
    assert out.read_bytes() == expected(tmp_path / "e", LAST, server.url)


def test_a_kept_range_with_one_digit_changed_is_fetched_anew(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve(Corpus())
    out, kept = tmp_path / "f.bloom", tmp_path / "kept"
    assert fetch(server.url, "--keep", str(kept), last=15) == 0
    path = kept / "00007.txt"
    text = bytearray(path.read_bytes())
    text[3] = ord("0") if text[3] != ord("0") else ord("1")
    path.write_bytes(text)
    assert fetch(server.url, "--keep", str(kept), "-o", str(out), last=15) == 2
    assert not out.exists()
    assert "1 of the ranges kept is damaged" in capsys.readouterr().err
    assert fetch(server.url, "--keep", str(kept), "-o", str(out), last=15) == 0
    assert out.read_bytes() == expected(tmp_path / "e", 15, server.url)


@pytest.mark.parametrize("stale", ["00003", "00003.txt", "00003.gz", "00003.txt.gz"])
@pytest.mark.parametrize("zipped", [False, True])
def test_an_old_file_of_another_name_is_not_read_in_place_of_the_new_one(
    serve: Serve, tmp_path: Path, stale: str, zipped: bool
) -> None:
    server = serve(Corpus())
    out, kept = tmp_path / "f.bloom", tmp_path / "kept"
    kept.mkdir()
    old = body("0000F")
    (kept / stale).write_bytes(gzip.compress(old) if stale.endswith("gz") else old)
    options = ["--gzip"] if zipped else []
    assert fetch(server.url, "--keep", str(kept), "-o", str(out), *options, last=15) == 0
    assert out.read_bytes() == expected(tmp_path / "e", 15, server.url)
    assert [path.name for path in kept.glob("00003*")] == [f"00003.txt{'.gz' if zipped else ''}"]
    assert read_range(kept, "00003") == body("00003")


def test_a_kept_range_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(range_files, "MOST_BYTES", 1000)
    for size in (1000, 1001):
        (tmp_path / "00000.txt.gz").write_bytes(gzip.compress(b"x" * size))
        if size == 1000:
            assert len(read_range(tmp_path, "00000")) == size
        else:
            with pytest.raises(ValueError, match="too large"):
                read_range(tmp_path, "00000")


def test_a_damaged_block_is_fetched_anew(serve: Serve, tmp_path: Path) -> None:
    corpus = Corpus()
    server = serve(lambda request: [reply(404)] if "1FF" in request.target else corpus(request))
    out = tmp_path / "f.bloom"
    assert fetch(server.url, "-o", str(out)) == 2
    block = tmp_path / ".f.bloom.fetch" / "000.block"
    data = bytearray(block.read_bytes())
    data[-5] ^= 1
    block.write_bytes(data)
    server.answer = corpus
    assert fetch(server.url, "-o", str(out)) == 0
    assert out.read_bytes() == expected(tmp_path / "e", LAST, server.url)


# --- wrong use -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ([], "-o"),
        (["--update", "-o", "x.bloom"], "--update needs --keep"),
        (["--update", "--keep", "empty"], "nothing to update"),
        (["-o", "there.bloom"], "exists"),
        (["-o", "no/such/folder/x.bloom"], "no such folder"),
        (["--gzip", "-o", "x.bloom"], "--gzip goes with --keep"),
        (["--offline", "-o", "x.bloom"], "--offline forbids"),
        (["-o", "x.bloom", "--memory", "lots"], "--memory"),
        (["-o", "x.bloom", "--url", "ftp://x"], "URL"),
        (["-o", "x.bloom", "--rate", "5"], "--rate must lie between"),
        (["-o", "x.bloom", "--rate", "nan"], "--rate must lie between"),
        (["-o", "x.bloom", "--date", "yesterday"], "--date takes a day"),
        (["-o", "."], "this is a folder"),
        (["-o", "x.bloom", "--via", "nonsense"], "--via is not a proxy"),
        (["--keep", "there.bloom"], "nothing can be written there"),
    ],
)
def test_wrong_use(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.bloom").write_bytes(b"x")
    assert run(["fetch", "--url", "http://127.0.0.1:9", *options]) == 2
    assert reason in capsys.readouterr().err


def test_a_state_is_not_continued_as_another_ones(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = Corpus()
    broken = {"00000", "00001", "00002", "00003"}
    server = serve(
        lambda request: [reply(404)] if request.target[-5:] in broken else corpus(request)
    )
    out = str(tmp_path / "f.bloom")
    assert fetch(server.url, "-o", out, last=3) == 2
    broken.remove("00000")
    assert fetch(server.url, "-o", out, last=4) == 2, "nothing was had: it begins anew"
    capsys.readouterr()
    assert fetch(server.url, "-o", out, last=5) == 2
    assert "other options" in capsys.readouterr().err


def test_two_fetches_of_one_output(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import fcntl

    (tmp_path / ".f.bloom.fetch").mkdir()
    with (tmp_path / ".f.bloom.fetch" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert fetch("http://127.0.0.1:9", "-o", str(tmp_path / "f.bloom")) == 2
    assert "another fetch is running" in capsys.readouterr().err


def test_https_at_nginx(
    nginx: tuple[Path, str, str],
    tmp_path: Path,
    authority: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root, _, url = nginx
    for number in range(256):
        prefix = f"{number:05X}"
        path = root / "range" / f"{prefix}.txt"
        path.write_bytes(body(prefix))
        os.utime(path, (1795521600, 1795521600))  # 2026-11-24
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))  # type: ignore[attr-defined]
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    out = tmp_path / "f.bloom"
    assert fetch(url, "-o", str(out), last=255) == 0
    assert out.read_bytes() == expected(tmp_path / "e", 255, url)
    log = (tmp_path / "nginx" / "access.log").read_text()
    assert log.count('HTTP/1.1" 200') == 256
