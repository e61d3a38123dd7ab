"""A fetch on a bad day: disks that fill, folders that go, servers that waver or end connections."""

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import trustme
from loopback.corpus import Corpus, body, expected
from loopback.misbehaving import Piece, Request, Server, reply

from leakcheck.__main__ import run

Serve = Callable[..., Server]
LAST = 0x1FF


def fetch(url: str, *options: str, last: int = LAST) -> int:
    return run(
        ["fetch", "--url", url, "--prefixes", f"00000-{last:05X}", "--rate", "1e-3", *options]
    )


def one_sentence(told: str) -> str:
    """What stands on stderr, which must be one line and no fault of ours."""
    assert told.count("\n") == 1, told
    assert "fault" not in told
    assert "Traceback" not in told
    return told


def full_disk(folder: Path, size: str) -> bool:
    """Mount a small file system at `folder`, where this user may."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    return shutil.which("mount") is not None and (
        subprocess.run(command, capture_output=True, check=False).returncode == 0
    )


@pytest.mark.parametrize("kept", [False, True])
def test_a_full_disk_stops_it_and_room_lets_it_go_on(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str], kept: bool
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if not full_disk(small, "80k"):
        pytest.skip("no small file system can be mounted here")
    try:
        server = serve(Corpus())
        out = small / "f.bloom"
        options = ["-o", str(out)] + (["--keep", str(small / "kept")] if kept else [])
        assert fetch(server.url, *options) == 2
        assert "No space left" in one_sentence(capsys.readouterr().err)
        assert not out.exists()
        room = ["mount", "-o", "remount,size=16m", str(small)]
        subprocess.run(room, check=True)
        assert fetch(server.url, *options) == 0
        assert out.read_bytes() == expected(tmp_path / "e", LAST, server.url)
        assert not list(small.glob("**/*.partial"))
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)


@pytest.mark.parametrize("kept", [False, True])
def test_a_folder_that_vanishes(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str], kept: bool
) -> None:
    corpus = Corpus()
    place = tmp_path / "place"
    place.mkdir()

    def answer(request: Request) -> Iterable[Piece]:
        if len(corpus.asked) == 100:
            shutil.rmtree(place, ignore_errors=True)
        return corpus(request)

    server = serve(answer)
    options = ["-o", str(place / "f.bloom")] + (["--keep", str(place / "kept")] if kept else [])
    assert fetch(server.url, *options) == 2
    told = one_sentence(capsys.readouterr().err)
    assert "No such file" in told or "no such folder" in told, told
    place.mkdir(exist_ok=True)
    assert fetch(server.url, *options) == 0
    assert (place / "f.bloom").read_bytes() == expected(tmp_path / "e", LAST, server.url)


def test_one_in_a_hundred_503_costs_little(serve: Serve, tmp_path: Path) -> None:
    corpus = Corpus()
    count = itertools.count(1)
    server = serve(lambda request: [reply(503)] if next(count) % 100 == 0 else corpus(request))
    out = tmp_path / "f.bloom"
    start = time.monotonic()
    assert fetch(server.url, "-o", str(out), "--jobs", "1") == 0
    assert out.read_bytes() == expected(tmp_path / "e", LAST, server.url)
    refused = len(server.requests) - (LAST + 1)
    assert 4 <= refused <= 7, "each range refused is asked for once more, and no other"
    # A refusal is waited for half a second, in which others go on; refused in a row it is longer.
    assert time.monotonic() - start < 1.0 * refused + 10


def swapped(lines: list[bytes]) -> list[bytes]:
    return [lines[1], lines[0], *lines[2:]]


def doubled(lines: list[bytes]) -> list[bytes]:
    return [lines[0], *lines]


@pytest.mark.parametrize("spoil", [swapped, doubled])
@pytest.mark.parametrize("always", [False, True])
def test_a_range_out_of_order_or_with_repeats(
    serve: Serve,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[list[bytes]], list[bytes]],
    always: bool,
) -> None:
    """Once: it is asked for again. Always: the range could not be had, and nothing is made."""
    corpus = Corpus()

    def answer(request: Request) -> Iterable[Piece]:
        times = sum("0003A" in each.target for each in server.requests)
        if "0003A" in request.target and (always or times == 1):
            return [reply(200, b"\r\n".join(spoil(body("0003A").split())))]
        return corpus(request)

    server = serve(answer)
    out = tmp_path / "f.bloom"
    status = fetch(server.url, "-o", str(out), "--give-up", "0.5", last=0x4F)
    told = capsys.readouterr().err
    if always:
        assert (status, out.exists()) == (2, False)
        assert "not in order" in told
    else:
        assert status == 0
        assert out.read_bytes() == expected(tmp_path / "e", 0x4F, server.url)


def test_a_range_that_changes_between_two_attempts(serve: Serve, tmp_path: Path) -> None:
    """A range cut off in one version and had in the next is the next one, whole."""
    corpus = Corpus()
    cut = set()

    def answer(request: Request) -> Iterable[Piece]:
        prefix = request.target[-5:]
        if prefix.endswith("7") and prefix not in cut:
            cut.add(prefix)
            old = body(prefix)
            corpus.versions[prefix] = 1
            return [reply(200, old)[:-30] + b"", None]
        return corpus(request)

    server = serve(answer)
    kept = tmp_path / "kept"
    assert fetch(server.url, "--keep", str(kept), last=0x2F) == 0
    for number in range(0x30):
        prefix = f"{number:05X}"
        version = int(prefix.endswith("7"))
        assert (kept / f"{prefix}.txt").read_bytes() == body(prefix, version)


def test_nginx_that_ends_each_connection_after_so_many(
    nginx: tuple[Path, str, str],
    tmp_path: Path,
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """100 answers here, 1,000 by default."""
    root, _, url = nginx
    config = tmp_path / "nginx" / "nginx.conf"
    text = config.read_text().replace("http {", "http { keepalive_requests 100;", 1)
    config.write_text(text)
    pid = int((tmp_path / "nginx" / "pid").read_text())
    stop_and_start(pid, config, url)
    last = 0x5FF
    for number in range(last + 1):
        path = root / "range" / f"{number:05X}.txt"
        path.write_bytes(body(f"{number:05X}"))
        os.utime(path, (1795521600, 1795521600))  # 2026-11-24
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    out = tmp_path / "f.bloom"
    assert fetch(url, "-o", str(out), "--json", last=last) == 0
    assert json.loads(capsys.readouterr().out)["fetched"] == last + 1
    assert out.read_bytes() == expected(tmp_path / "e", last, url)
    log = (tmp_path / "nginx" / "access.log").read_text()
    assert log.count("GET") < 1.2 * (last + 1)


def stop_and_start(pid: int, config: Path, url: str) -> None:
    """Have nginx take the configuration over, and wait until it has."""
    import signal

    log = config.parent / "error.log"
    os.kill(pid, signal.SIGHUP)
    time.sleep(1.0)
    assert "emerg" not in log.read_text()


def test_a_closed_stdout_is_no_fault(serve: Serve, tmp_path: Path) -> None:
    server = serve(Corpus())
    command = [sys.executable, "-m", "leakcheck", "fetch", "--url", server.url]
    command += ["--prefixes", "00000-0000F", "-o", str(tmp_path / "f.bloom")]
    done = subprocess.run(
        ["bash", "-c", '"$@" >&-', "bash", *command], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert "fault" not in done.stderr
    assert (tmp_path / "f.bloom").exists()
