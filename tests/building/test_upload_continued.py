"""An upload that broke off, and the same command again: nothing is built or sent twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loopback.objects import SECRETS, Between, Lake, between, pointed, s3_server
from program import Result, one_sentence

pytest.importorskip("botocore", reason="botocore is not installed")

URL = "s3://lake/public/acme.bloom"
PIECE = 2048
SMALL = f"""
import sys
from leakcheck.__main__ import run
from leakcheck.storage import uploads
uploads.SINGLE, uploads._PIECE = 0, {PIECE}
sys.exit(run(sys.argv[1:]))
"""
"""The program, with parts so small that a small filter goes in several."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with s3_server() as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr("moto.settings.S3_UPLOAD_PART_MIN_SIZE", 1)
        patch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1, raising=False)
        yield url


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "dump.txt"
    path.write_text("".join(f"person{at}@example.org\n" for at in range(4_000)) + "none\n")
    return path


def begun(room: Path, *arguments: str | Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", SMALL, *map(str, arguments)],
        env=os.environ | {"TMPDIR": str(room), "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def ended(running: "subprocess.Popen[bytes]") -> Result:
    out, err = running.communicate(timeout=100)
    return Result(running.returncode, out.decode(), err.decode())


def build(room: Path, dump: Path, *more: str) -> Result:
    return ended(begun(room, "build", dump, "-o", URL, "--kind", "email", *more))


def parts_of(told: Between) -> list[int]:
    """The numbers of the parts that were sent."""
    return sorted(
        int(path.partition("partNumber=")[2].partition("&")[0])
        for method, path, _ in told.seen
        if method == "PUT" and "partNumber=" in path
    )


def until_five(room: Path) -> None:
    """Wait until the log below `room` has the first five parts, which come in any order."""
    end = time.monotonic() + 60
    wanted = [f'"part": {number},' for number in range(1, 6)]
    while not any(
        all(part in log for part in wanted)
        for log in (path.read_text() for path in room.glob("*/*.parts"))
    ):
        assert time.monotonic() < end
        time.sleep(0.02)


def whole(dump: Path, tmp_path: Path) -> bytes:
    """What the build writes on this machine."""
    here = tmp_path / "here.bloom"
    done = ended(begun(tmp_path, "build", dump, "-o", here, "--kind", "email"))
    assert done.status == 0, done.err
    return here.read_bytes()


def killed(server: str, room: Path, dump: Path, *more: str) -> int:
    """Kill a build while it sends; how many parts the store has. The sixth part never comes."""
    stuck = Between(
        lambda method, path, count: (
            503 if "partNumber=6" in path or ("POST" in method and "uploadId" in path) else None
        )
    )
    with between(server, stuck) as told, pointed(server, told.url):
        running = begun(room, "build", dump, "-o", URL, "--kind", "email", *more)
        until_five(room)
        running.send_signal(signal.SIGKILL)
        running.communicate(timeout=60)
    log = next(room.glob("*/*.parts"))
    return sum('"part"' in line for line in log.read_text().splitlines())


def test_what_a_kill_left_is_sent_without_what_is_there(
    server: str, lake: Lake, dump: Path, room: Path, tmp_path: Path
) -> None:
    before = lake.unfinished()
    there = killed(server, room, dump)
    assert there >= 5
    assert lake.keys() == []
    folder = next(room.iterdir())
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.glob("*.bloom"))
    assert not any(
        secret in path.read_text("latin-1") for path in folder.iterdir() for secret in SECRETS
    )
    with between(server, Between()) as told, pointed(server, told.url):
        done = build(room, dump, "--json")
    assert done.status == 0, done.err
    assert "this was built before from the same input: what is missing is sent" in done.err
    assert lake.get("public/acme.bloom") == whole(dump, tmp_path)
    assert lake.fields("public/acme.bloom")["Content-Type"] == "application/octet-stream"
    assert lake.fields("public/acme.bloom")["Cache-Control"] == "no-cache"
    count = -(-len(lake.get("public/acme.bloom")) // PIECE)
    assert len(parts_of(told)) == count - there
    assert lake.unfinished() == before
    assert not list(room.iterdir())
    account = json.loads(done.out)
    assert account["filter"]["keys"] == 4_000
    assert (account["resumed"], account["inputs"][0]["lines"]) == (1, 4_001)
    again = build(room, dump)
    assert "exists already" in one_sentence(again)
    assert not list(room.iterdir())


@pytest.mark.parametrize("what", ["input", "options", "filter", "part"])
def test_what_is_not_the_same_is_not_taken_over(
    server: str, lake: Lake, dump: Path, room: Path, tmp_path: Path, what: str
) -> None:
    killed(server, room, dump)
    more = ["--rate", "1e-5"] if what == "options" else []
    if what == "input":
        dump.write_text(dump.read_text() + "one@example.net\n")
    elif what == "filter":
        path = next(room.glob("*/acme.bloom"))
        path.write_bytes(bytes(path.stat().st_size))
    elif what == "part":  # the store has others, of the very same size
        import httpx

        upload = json.loads(next(room.glob("*/*.parts")).read_text().strip().splitlines()[0])
        at = f"{server}/lake/public/acme.bloom?partNumber=2&uploadId={upload['upload']}"
        assert httpx.put(at, content=bytes(PIECE)).status_code == 200
    with between(server, Between()) as told, pointed(server, told.url):
        done = build(room, dump, *more)
    assert done.status == 0, done.err
    assert ("from the same input" in done.err) == (what == "part")
    assert ("it is not used" in done.err) == (what != "part")
    assert (1 in parts_of(told)) == (what != "part")
    assert 2 in parts_of(told)
    here = tmp_path / "other.bloom"
    assert ended(begun(room, "build", dump, "-o", here, "--kind", "email", *more)).status == 0
    assert lake.get("public/acme.bloom") == here.read_bytes()


def test_what_was_sent_before_the_filter_stays(
    server: str, lake: Lake, dump: Path, room: Path
) -> None:
    more = ("--keep-keys", "--rejects", "s3://lake/public/rejects.tsv")
    refused = Between(
        lambda method, path, count: 403 if "acme.bloom?partNumber=3" in path else None
    )
    with between(server, refused) as told, pointed(server, told.url):
        text = one_sentence(build(room, dump, *more))
    assert "it cannot be written: access is denied. What was built is whole in" in text
    assert text.endswith("the same command sends it without building again.")
    assert not any(secret in text for secret in SECRETS)
    assert lake.keys() == ["public/acme.bloom.keys", "public/rejects.tsv"]
    other = build(room, dump, *more, "--rate", "1e-5")
    assert "exists already" in one_sentence(other)
    with between(server, Between()) as told, pointed(server, told.url):
        done = build(room, dump, *more)
    assert done.status == 0, done.err
    assert not any(
        ".keys" in path or "rejects" in path for method, path, _ in told.seen if method == "PUT"
    )
    assert lake.keys() == ["public/acme.bloom", "public/acme.bloom.keys", "public/rejects.tsv"]
    assert not list(room.iterdir())


def test_what_somebody_else_has_written_meanwhile_stays(
    server: str, lake: Lake, dump: Path, room: Path, tmp_path: Path
) -> None:
    def write(method: str, path: str, count: int) -> None:
        if "partNumber=3" in path:
            lake("public/acme.bloom", b"theirs")

    before = lake.unfinished()
    with between(server, Between(write)) as told, pointed(server, told.url):
        text = one_sentence(build(room, dump))
    assert "it exists already: use --force" in text
    # A store that does not know If-None-Match would have replaced it.
    assert not any("uploadId=" in path for method, path, _ in told.seen if method == "POST")
    assert lake.get("public/acme.bloom") == b"theirs"
    assert lake.unfinished() == before
    done = build(room, dump, "--force")
    assert done.status == 0, done.err
    assert "from the same input" in done.err
    assert lake.get("public/acme.bloom") == whole(dump, tmp_path)


def lost_join(method: str, path: str, count: int) -> int | None:
    """The first answer to the join is lost; then the upload is gone."""
    lost, gone = -10, 404
    return {1: lost, 2: gone}.get(count) if "POST" in method and "uploadId" in path else None


def away(method: str, path: str, count: int) -> int | None:
    return (500, 0)[count % 2] if "partNumber=" in path and count < 12 else None


@pytest.mark.parametrize("fault", [lost_join, away])
def test_a_lost_answer_to_the_join_or_a_store_that_is_gone_for_a_while_ends_nothing(
    server: str, lake: Lake, dump: Path, room: Path, fault: Callable[[str, str, int], int | None]
) -> None:
    with between(server, Between(fault)) as told, pointed(server, told.url):
        done = build(room, dump)
    assert done.status == 0, done.err
    assert lake.keys() == ["public/acme.bloom"]


def test_a_run_that_is_sending_is_left_alone(
    server: str, lake: Lake, dump: Path, room: Path
) -> None:
    stuck = Between(lambda method, path, count: 503 if "partNumber=6" in path else None)
    with between(server, stuck) as told, pointed(server, told.url):
        running = begun(room, "build", dump, "-o", URL, "--kind", "email")
        until_five(room)
        assert "another run of leakcheck is using it" in one_sentence(build(room, dump))
        running.kill()
        running.communicate(timeout=60)


def test_the_pipe_of_a_build_is_not_read_twice(
    server: str, lake: Lake, dump: Path, room: Path
) -> None:
    refused = Between(lambda method, path, count: 403 if "partNumber=3" in path else None)
    before = lake.unfinished()
    with between(server, refused) as told, pointed(server, told.url), dump.open("rb") as given:
        done = subprocess.run(
            [sys.executable, "-c", SMALL, "build", "-", "-o", URL, "--kind", "email"],
            env=os.environ | {"TMPDIR": str(room)}, stdin=given, capture_output=True, check=False,
        )  # fmt: skip
    assert b"copy it from there." in done.stderr
    assert lake.unfinished() == before


@pytest.mark.parametrize(
    ("told", "goes_on"),
    [
        ({"AWS_PROFILE": "acme"}, True),
        ({"AWS_ENDPOINT_URL": "http://jean:Tango@my_store:9000"}, False),
        ({"AWS_REGION": "no region"}, False),
        ({"AWS_SECRET_ACCESS_KEY": None, "AWS_EC2_METADATA_DISABLED": "true"}, False),
        ({"AWS_RETRY_MODE": "none"}, False),
    ],
)
def test_what_botocore_refuses_is_sent_by_the_other_library(
    server: str, told: dict[str, str | None], goes_on: bool
) -> None:
    from leakcheck.storage.multipart import s3_client
    from leakcheck.storage.stores import ObjectPlace

    with pointed(server), pytest.MonkeyPatch.context() as patch:
        for name, value in told.items():
            if value is None:
                patch.delenv(name)
            else:
                patch.setenv(name, value)
        assert (s3_client(ObjectPlace.of(URL)) is not None) is goes_on


def test_without_botocore_the_other_library_sends(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leakcheck.storage.multipart import s3_client
    from leakcheck.storage.stores import ObjectPlace

    monkeypatch.setitem(sys.modules, "botocore", None)
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pointed(server):
        assert s3_client(ObjectPlace.of(URL)) is None


def test_a_build_that_could_not_read_all_is_built_again(
    server: str, lake: Lake, dump: Path, room: Path, tmp_path: Path
) -> None:
    """What was missing, such as a library that opens an archive, may be there by then."""
    torn = tmp_path / "torn.txt.gz"
    torn.write_bytes(bytes.fromhex("1f8b0800000000000003") + b"torn")
    refused = Between(lambda method, path, count: 403 if "partNumber=3" in path else None)
    before = lake.unfinished()
    with between(server, refused) as told, pointed(server, told.url):
        done = build(room, dump, str(torn))
    assert "copy it from there." in done.err
    assert lake.unfinished() == before
