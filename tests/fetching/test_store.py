"""`leakcheck fetch --store`: from the service and from files; resumed, updated; loud in failing."""

import gzip
import json
import random
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import py7zr
import pytest
from loopback.corpus import Corpus, body
from loopback.misbehaving import Piece, Request, Server, reply

from leakcheck.__main__ import run
from leakcheck.errors import FilterError
from leakcheck.fetching.storing import entry_before
from leakcheck.store.reader import RangeStore
from leakcheck.store.writer import StoreWriter

Serve = Callable[..., Server]
LAST = 0x2FF
OWN = "--own-list"  # the corpus of these tests has 12 hashes in a range


def fetch(path: Path, *options: str, last: int = LAST) -> int:
    return run(["fetch", "--store", str(path), "--prefixes", f"00000-{last:05X}", *options])


def ranges(path: Path) -> list[bytes]:
    with RangeStore(path) as store:
        assert len(list(store.verify())) == store.header.ranges
        return [store.lines(number) for number in range(store.header.ranges)]


def right(last: int = LAST, digits: int = 40, **versions: int) -> list[bytes]:
    return [
        body(f"{number:05X}", versions.get(f"_{number:05X}", 0), digits)
        for number in range(last + 1)
    ]


@pytest.mark.parametrize("digits", [40, 32])
def test_a_store_from_the_service(
    serve: Serve, tmp_path: Path, digits: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pwned.ranges"
    mode = ["--mode", "ntlm"] if digits == 32 else []
    assert fetch(path, "--url", serve(Corpus()).url, *mode) == 0
    assert ranges(path) == right(digits=digits)
    told = capsys.readouterr().out
    assert re.search(
        r"768 ranges: 768 fetched, 0 unchanged\.\n.*9,216 hashes, .* bytes a hash", told
    )
    with RangeStore(path) as store:
        assert store.notes(1) == [f'"{digits}-0"'] * 256
        assert store.header.about["date"] == "2026-11-24"
        asof = str(store.header.about["asof"])
    assert time.time() - time.mktime(time.strptime(asof, "%Y-%m-%dT%H:%M:%SZ")) < 24 * 3600
    assert [each.name for each in tmp_path.iterdir()] == ["pwned.ranges"]


def written(folder: Path, digits: int = 40, last: int = LAST) -> tuple[Path, Path]:
    """The same corpus as a folder of range files, and as one text."""
    files, text = folder / "files", folder / "ordered.txt"
    files.mkdir()
    lines = []
    for number in range(last + 1):
        prefix = f"{number:05X}"
        (files / f"{prefix}.txt").write_bytes(body(prefix, digits=digits))
        lines += [prefix + line for line in body(prefix, digits=digits).decode().split("\r\n")]
    text.write_text("\r\n".join(lines) + "\r\n", newline="")
    return files, text


@pytest.mark.parametrize("digits", [40, 32])
def test_a_store_from_files(tmp_path: Path, digits: int) -> None:
    files, text = written(tmp_path, digits)
    (files / "00003.txt").rename(files / "00003")
    zipped = tmp_path / "ordered.txt.gz"
    zipped.write_bytes(gzip.compress(text.read_bytes()))
    packed = tmp_path / "ordered.7z"
    with py7zr.SevenZipFile(packed, "w") as archive:
        archive.write(text, "ordered.txt")
    mode = ["--mode", "ntlm"] if digits == 32 else []
    for given in (files, text, zipped, packed):
        path = tmp_path / f"{given.name}.ranges"
        assert fetch(path, "--from", str(given), "--offline", OWN, *mode) == 0
        assert ranges(path) == right(digits=digits)
    assert not list(tmp_path.glob(".*"))


def test_chunks_end_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, text = written(tmp_path, last=40)
    for size in (50, 333, 4097):
        monkeypatch.setattr("leakcheck.fetching.local._CHUNK", size)
        path = tmp_path / "made.ranges"
        assert fetch(path, "--from", str(text), OWN, "--force", last=40) == 0
        assert ranges(path) == right(40)


def test_min_count(serve: Serve, tmp_path: Path) -> None:
    files, text = written(tmp_path)
    url = serve(Corpus()).url
    made = []
    for name, options in (("a", ["--url", url]), ("b", [OWN, "--from", str(files)]),
                          ("c", [OWN, "--from", str(text)])):  # fmt: skip
        assert fetch(tmp_path / name, "--min-count", "4", *options) == 0
        made.append(ranges(tmp_path / name))
    wanted = [
        b"\r\n".join(line for line in each.split(b"\r\n") if int(line.split(b":")[1]) >= 4)
        for each in right()
    ]
    assert made == [wanted] * 3


def test_padding_and_odd_counts_in_a_file(tmp_path: Path) -> None:
    files, _ = written(tmp_path, last=3)
    lines = body("00002").decode().split("\r\n")
    odd = [lines[0].split(":")[0] + ":1,234", *lines[1:], "F" * 35 + ":0"]
    (files / "00002.txt").write_text("\n".join(odd))
    assert fetch(tmp_path / "a", "--from", str(files), OWN, last=3) == 0
    assert ranges(tmp_path / "a")[2].decode().split("\r\n") == [
        lines[0].split(":")[0] + ":1234",
        *lines[1:],
    ]


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda text: text[: len(text) // 2], "its end is missing"),
        (lambda text: text[: -44 * 60], "its end is missing"),
        (lambda text: text[44 * 60 :], "its beginning is missing"),
        (
            lambda text: text[: 44 * 4000] + text[44 * 5000 :],
            "a stretch of .* has no hash",
        ),
        (
            lambda text: text[44 * 70 : 44 * 270] + text[: 44 * 70],
            "line .*: it is not sorted by hash",
        ),
        (lambda text: text.replace(b":2\r\n", b"\r\n", 1), "line 2: it is no HASH:COUNT"),
        (lambda text: text[:9000] + b"x" + text[9001:], "line .*: it is no HASH:COUNT"),
        (lambda text: text + text[-44:], "it is not sorted"),
        (lambda text: b"", "it is empty|file is empty"),
        (lambda text: gzip.compress(text)[:-9], "broken|cut|end"),
        (lambda text: gzip.compress(text[:20000])[:-300], "broken|cut|end"),
    ],
)
def test_a_text_that_is_not_whole_makes_no_store(
    tmp_path: Path,
    harm: Callable[[bytes], bytes],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, text = written(tmp_path)
    text.write_bytes(harm(text.read_bytes()))
    assert fetch(tmp_path / "a", "--from", str(text), OWN) == 2
    assert re.search(reason, capsys.readouterr().err)
    assert not (tmp_path / "a").exists()


def spread(path: Path, hashes: int, last: int, keep: Callable[[int], bool]) -> Path:
    """A text of so many hashes, spread over the ranges 0 to `last`, in those that are kept."""
    chance = random.Random(hashes)
    drawn = sorted(chance.randrange((last + 1) << 140) for _ in range(hashes))
    path.write_text("".join(f"{one:040X}:{1 + (one & 3)}\n" for one in drawn if keep(one >> 140)))
    return path


@pytest.mark.parametrize(
    ("hashes", "keep", "reason"),
    [
        (30_000, lambda number: True, None),
        (30_000, lambda number: number != 77, "a stretch of 1 range has no hash"),
        (20_000, lambda number: True, "200.0 hashes in a range on average"),
        (40, lambda number: True, "ranges without a hash"),
    ],
)
@pytest.mark.parametrize("least", ["1", "4"])
def test_a_list_that_cannot_be_all_of_pwned_passwords_has_to_be_named_as_ones_own(
    tmp_path: Path,
    hashes: int,
    keep: Callable[[int], bool],
    reason: str | None,
    least: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = spread(tmp_path / "staff.txt", hashes, 99, keep)
    path = tmp_path / "staff.ranges"
    options = ["--from", str(text), "--min-count", least]
    assert fetch(path, *options, last=99) == (2 if reason else 0)
    assert (reason or "") in capsys.readouterr().err
    assert path.exists() == (reason is None)
    if reason and "stretch" not in reason:
        assert fetch(path, *options, OWN, last=99) == 0
        with RangeStore(path) as store:
            about = store.header.about
        assert (about["own_list"], about["name"]) == (True, "staff")
        assert str(about["note"]).startswith("a list of its own, not Pwned Passwords")
        assert fetch(path, "--update", "--min-count", least, last=99) == 2
        assert "a list of your own, which no service has" in capsys.readouterr().err


def test_a_folder_of_too_few_hashes_has_to_be_named_as_ones_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files, _ = written(tmp_path)
    assert fetch(tmp_path / "a", "--from", str(files)) == 2
    assert "not all of Pwned Passwords: 12.0 hashes in a range" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


def test_a_folder_that_is_not_whole_makes_no_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files, _ = written(tmp_path)
    whole = (files / "00007.txt").read_bytes()
    for change, reason in (
        (lambda path: path.unlink(), "1 of 768 ranges is missing, 00007"),
        (lambda path: path.write_bytes(b""), "range 00007 is unusable: it is empty"),
        (lambda path: path.write_bytes(whole[:-20]), "range 00007 is unusable"),
        (lambda path: path.write_bytes(body("00008")), "copies of one"),
        (lambda path: path.write_bytes(body("00007", digits=32)), "hashes of another length"),
    ):
        change(files / "00007.txt")
        assert fetch(tmp_path / "a", "--from", str(files), OWN) == 2
        assert reason in capsys.readouterr().err
        assert not (tmp_path / "a").exists()
        (files / "00007.txt").write_bytes(whole)


def test_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "there"
    path.write_bytes(b"x")
    for options, reason in (
        (["--store", str(path)], "--update asks which of its ranges"),
        (["--store", str(path), "--update"], "is not a store of ranges"),
        (["--store", str(tmp_path / "a"), "--update"], "nothing to update yet"),
        (["--store", str(tmp_path / "a"), "-o", "b"], "--store goes alone"),
        (["--store", str(tmp_path / "a"), "--from", "b", "--update"], "--update asks a service"),
        (["--store", str(tmp_path / "a"), "--from", str(tmp_path / "b")], "no such file"),
        (["-o", "b", "--from", "c"], "--from goes with --store"),
        (["--store", str(tmp_path / "a"), OWN], "--own-list goes with --from"),
        (["--store", str(tmp_path / "none" / "a"), "--from", "c"], "no such folder"),
        (
            ["--store", str(tmp_path / "a"), "--from", "s3://lake/o.7z"],
            "copy the object here first",
        ),
        (["--store", str(tmp_path / "a"), "--from", "S3://lake", "--offline"], "copy the object"),
    ):
        assert run(["fetch", *options]) == 2
        assert reason in capsys.readouterr().err
    assert path.read_bytes() == b"x"


def test_interrupted_it_goes_on(serve: Serve, tmp_path: Path) -> None:
    corpus, broken = Corpus(), {"00123", "001FF"}

    def answer(request: Request) -> Iterable[Piece]:
        return [reply(404)] if request.target[-5:] in broken else corpus(request)

    url, path = serve(answer).url, tmp_path / "pwned.ranges"
    assert fetch(path, "--url", url) == 2
    assert not path.exists()
    broken.clear()
    corpus.asked.clear()
    assert fetch(path, "--url", url) == 0
    assert sorted(corpus.asked) == ["00123", "001FF"]
    assert ranges(path) == right()


def test_an_update_asks_with_etags_and_replaces_the_store(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = Corpus()
    url, path = serve(corpus).url, tmp_path / "pwned.ranges"
    assert fetch(path, "--url", url) == 0
    old = RangeStore(path)
    corpus.versions |= {"00005": 1, "00210": 2}
    corpus.statuses.clear()
    capsys.readouterr()
    assert fetch(path, "--url", url, "--update", "--json") == 0
    assert sorted(corpus.statuses) == [200] * 2 + [304] * 766
    told = json.loads(capsys.readouterr().out)
    assert (told["fetched"], told["unchanged"], told["new"]) == (2, 766, 3)
    assert ranges(path) == right(_00005=1, _00210=2)
    assert old.lines(5) == body("00005"), "who has the old one open keeps it"
    old.close()
    with RangeStore(path) as store:
        assert store.notes(0)[5] == '"40-1"'
    assert [each.name for each in tmp_path.iterdir()] == ["pwned.ranges"]


def test_a_failing_update_leaves_the_store_and_goes_on(serve: Serve, tmp_path: Path) -> None:
    corpus, broken = Corpus(), {"00123"}

    def answer(request: Request) -> Iterable[Piece]:
        return [reply(404)] if request.target[-5:] in broken else corpus(request)

    url, path = serve(answer).url, tmp_path / "pwned.ranges"
    broken.clear()
    assert fetch(path, "--url", url) == 0
    before = path.read_bytes()
    broken.add("00123")
    corpus.versions |= {"00005": 1, "00123": 1}
    assert fetch(path, "--url", url, "--update") == 2
    assert path.read_bytes() == before
    broken.clear()
    corpus.asked.clear()
    assert fetch(path, "--url", url, "--update") == 0
    assert corpus.asked == ["00123"]
    assert ranges(path) == right(_00005=1, _00123=1)


def test_what_was_had_for_another_store_is_not_mixed_in(serve: Serve, tmp_path: Path) -> None:
    """A store is replaced by another while an update of it waits to go on."""
    corpus, broken = Corpus(), {"00123"}

    def answer(request: Request) -> Iterable[Piece]:
        return [reply(404)] if request.target[-5:] in broken else corpus(request)

    url, path = serve(answer).url, tmp_path / "pwned.ranges"
    broken.clear()
    assert fetch(path, "--url", url) == 0
    corpus.versions |= {"00005": 1}
    other = tmp_path / "other.ranges"
    assert fetch(other, "--url", url) == 0
    broken.add("00123")
    assert fetch(path, "--url", url, "--update") == 2
    other.replace(path)
    broken.clear()
    corpus.asked.clear()
    assert fetch(path, "--url", url, "--update") == 0
    assert len(corpus.asked) == 768
    assert ranges(path) == right(_00005=1)


def test_an_update_of_ranges_in_which_a_least_count_left_nothing(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = Corpus()

    def answer(request: Request) -> Iterable[Piece]:
        prefix = request.target[-5:]
        if prefix.endswith("7") and "if-none-match" not in request.headers:
            seldom = re.sub(rb":[0-9]", b":1", body(prefix))
            return [reply(200, seldom, ETag='"40-0"')]
        return corpus(request)

    url, path = serve(answer).url, tmp_path / "pwned.ranges"
    assert fetch(path, "--url", url, "--min-count", "3") == 0
    corpus.versions["00005"] = 1
    assert fetch(path, "--url", url, "--min-count", "3", "--update") == 0
    found = ranges(path)
    assert [number for number, lines in enumerate(found) if not lines] == list(range(7, 768, 16))
    assert len(found[5].split()) == len(found[4].split()) + 1
    assert fetch(tmp_path / "none", "--url", url, "--min-count", "9") == 2
    assert "call all passwords clean" in capsys.readouterr().err


def test_an_update_heals_a_damaged_range(serve: Serve, tmp_path: Path) -> None:
    corpus = Corpus()
    url, path = serve(corpus).url, tmp_path / "pwned.ranges"
    assert fetch(path, "--url", url) == 0
    data = bytearray(path.read_bytes())
    with RangeStore(path) as store:
        data[store.header.data_offset + 300] ^= 1
    path.write_bytes(data)
    with pytest.raises(FilterError):
        ranges(path)
    corpus.statuses.clear()
    assert fetch(path, "--url", url, "--update") == 0
    assert sorted(corpus.statuses) == [200] + [304] * 767
    assert ranges(path) == right()


def test_an_update_of_other_options_is_refused(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, path = serve(Corpus()).url, tmp_path / "pwned.ranges"
    assert fetch(path, "--url", url) == 0
    for options in (["--mode", "ntlm"], ["--min-count", "2"]):
        assert fetch(path, "--url", url, "--update", *options) == 2
        assert "made with another --mode" in capsys.readouterr().err
    assert ranges(path) == right()


def test_killed_at_any_time_it_loses_nothing(serve: Serve, tmp_path: Path) -> None:
    corpus, chance = Corpus(), random.Random(7)
    server, path = serve(corpus), tmp_path / "pwned.ranges"
    command = [sys.executable, "-m", "leakcheck", "fetch", "--store", str(path), "--url",
               server.url, "--prefixes", f"00000-{LAST:05X}"]  # fmt: skip
    for update in ([], ["--update"]):
        before = path.read_bytes() if update else None
        corpus.versions |= {"00007": 1} if update else {}
        for _ in range(3):
            asked = len(server.requests)
            process = subprocess.Popen([*command, *update], stdout=subprocess.DEVNULL)
            wanted, deadline = chance.randrange(1, 150), time.monotonic() + 60
            while len(server.requests) - asked < wanted and time.monotonic() < deadline:
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL, "it was killed, and had not ended before"
            assert (path.read_bytes() if path.exists() else None) == before
        assert subprocess.run([*command, *update], check=False).returncode == 0
    assert ranges(path) == right(_00007=1)
    assert [each.name for each in tmp_path.iterdir()] == ["pwned.ranges"]


@pytest.mark.parametrize("update", [False, True])
def test_a_full_disk_is_told_and_leaves_what_was_there(
    serve: Serve, tmp_path: Path, update: bool
) -> None:
    server, path = serve(Corpus()), tmp_path / "pwned.ranges"
    if update:
        assert fetch(path, "--url", server.url) == 0
    before = path.read_bytes() if update else None
    command = [sys.executable, "-m", "leakcheck", "fetch", "--store", str(path), "--url",
               server.url, "--prefixes", f"00000-{LAST:05X}",
               *(["--update"] if update else [])]  # fmt: skip

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (90_000, 90_000))

    done = subprocess.run(
        command, preexec_fn=limit, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert done.stderr.count("\n") == 1
    assert (path.read_bytes() if path.exists() else None) == before
    assert subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0
    assert ranges(path) == right()


def test_files_are_read_anew_after_a_kill_or_on_a_full_disk(tmp_path: Path) -> None:
    _, text = written(tmp_path)
    path = tmp_path / "pwned.ranges"
    command = [sys.executable, "-m", "leakcheck", "fetch", "--store", str(path), "--from", "-",
               OWN, "--prefixes", f"00000-{LAST:05X}"]  # fmt: skip
    data = text.read_bytes()
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin
        process.stdin.write(data[: len(data) // 2])
        process.stdin.flush()
        folder, deadline = tmp_path / ".pwned.ranges.fetch", time.monotonic() + 60
        while not list(folder.glob("*.partial")) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
    assert not path.exists()

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (90_000, 90_000))

    done = subprocess.run(
        command, input=data, preexec_fn=limit, capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert b"cannot be written" in done.stderr
    assert [each.name for each in tmp_path.glob("*pwned*")] == []
    assert [each.name for each in tmp_path.glob(".*")] == []
    assert subprocess.run(command, input=data, check=False, timeout=60).returncode == 0
    assert ranges(path) == right()
    assert [each.name for each in tmp_path.glob(".*")] == []


def test_the_index_of_the_official_downloader_is_read(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakcheck.fetching.packing._FEWEST", 12)
    corpus = Corpus()
    files, _ = written(tmp_path)
    lines = [f'{number:05X}\t{"" if number % 2 else chr(34)}40-0{"" if number % 2 else chr(34)}'
             for number in range(LAST + 1)]  # fmt: skip
    (files / "sha1.index").write_text("\n".join(lines))
    path = tmp_path / "pwned.ranges"
    assert fetch(path, "--from", str(files)) == 0
    corpus.versions |= {"00005": 1}
    assert fetch(path, "--update", "--url", serve(corpus).url) == 0
    assert sorted(corpus.statuses) == [200] + [304] * 767
    assert ranges(path) == right(_00005=1)


def test_copies_are_noticed(serve: Serve, tmp_path: Path) -> None:
    corpus = Corpus()
    bad = {"00210"}

    def answer(request: Request) -> Iterable[Piece]:
        if request.target[-5:] in bad:
            return [reply(200, body("00004"), ETag='"x"')]
        return corpus(request)

    url, path = serve(answer).url, tmp_path / "pwned.ranges"
    assert fetch(path, "--url", url) == 2
    bad.clear()
    assert fetch(path, "--url", url) == 0
    corpus.versions["00210"] = 1
    bad.add("00210")
    assert fetch(path, "--url", url, "--update") == 2, "a copy of a range that has not changed"
    assert ranges(path) == right()


@pytest.mark.parametrize("note", ['"a"\rX: 1, "b"', '"caf\u00e9"', "Tue\x00", 'no tag"'])
def test_what_a_forged_store_notes_is_not_sent(tmp_path: Path, note: str) -> None:
    with StoreWriter(tmp_path / "forged.ranges", 20, 0, 0) as writer:
        writer.add(b"", 0, note)
        writer.finish({"kind": "password"}, replace=True)
    with RangeStore(tmp_path / "forged.ranges") as store:
        entry = entry_before(store, 0, store.notes(0)[0])
    assert entry is not None
    assert not entry.validator.conditions()
