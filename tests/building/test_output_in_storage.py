"""A build whose output lies in object storage: there whole, or not at all."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from loopback.objects import SECRETS, Between, Lake, between, pointed
from program import leakcheck, one_sentence

from leakcheck.errors import NetworkError, UsageError
from leakcheck.storage import uploads

TEXT = "".join(f"person{at}@example.org:pw{at}\n" for at in range(3_000))


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """A dump with lines that are rejected."""
    path = tmp_path / "dump.txt"
    path.write_text(TEXT + "no account\n")
    return path


def test_the_object_is_the_file(lake: Lake, dump: Path, tmp_path: Path, room: Path) -> None:
    one = leakcheck("build", dump, "-o", tmp_path / "acme.bloom", "--kind", "email", "--json")
    url = "s3://lake/public/acme.bloom"
    many = leakcheck("build", dump, "-o", url, "--kind", "email", "--json", TMPDIR=str(room))
    assert (many.status, many.err) == (one.status, one.err) == (0, "")
    assert lake.get("public/acme.bloom") == (tmp_path / "acme.bloom").read_bytes()
    assert lake.keys() == ["public/acme.bloom"]
    told = [json.loads(each.out) for each in (one, many)]
    for each in told:
        del each["seconds"]
    assert told[0] == told[1]
    assert not list(room.iterdir())
    fields = lake.fields("public/acme.bloom")
    assert fields["Content-Type"] == "application/octet-stream"
    assert fields["Cache-Control"] == "no-cache"
    assert leakcheck("check", "person7@example.org", "--in", url).status == 1
    again = leakcheck("build", dump, "-o", url, "--kind", "email", TMPDIR=str(room))
    assert "s3://lake/public/acme.bloom: it exists already: use --force" in one_sentence(again)
    forced = leakcheck("build", dump, "-o", url, "--kind", "domain", "--force")
    assert forced.status == 0
    assert "s3://lake/public/acme.bloom: 1 key" in forced.out
    assert lake.get("public/acme.bloom") != (tmp_path / "acme.bloom").read_bytes()


def test_keys_and_rejects_lie_beside_it(lake: Lake, dump: Path, tmp_path: Path) -> None:
    done = leakcheck(
        "build", dump, "-o", "s3://lake/k/a.bloom", "--kind", "credential", "--keep-keys",
        "--rejects", "s3://lake/k/rejects.tsv",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert lake.keys() == ["k/a.bloom", "k/a.bloom.keys", "k/rejects.tsv"]
    assert lake.get("k/rejects.tsv").splitlines()[1].split(b"\t")[1] == b"3001"
    (tmp_path / "a.bloom").write_bytes(lake.get("k/a.bloom"))
    (tmp_path / "a.bloom.keys").write_bytes(lake.get("k/a.bloom.keys"))
    merged = leakcheck("merge", tmp_path / "a.bloom", "-o", tmp_path / "b.bloom", "--rate", "1e-3")
    assert merged.status == 0, merged.err


@pytest.mark.usefixtures("lake")
def test_what_cannot_be_the_output_is_told_before_anything_is_read(
    dump: Path, tmp_path: Path, room: Path
) -> None:
    def told(url: str, *more: str) -> str:
        return one_sentence(
            leakcheck("build", dump, *more, "-o", url, "--kind", "email", TMPDIR=str(room))
        )

    assert "this is a folder" in told("s3://lake/x/")
    assert "this is a folder" in told("s3://lake")
    assert "--resume goes on with files" in told("s3://lake/x.bloom", "--resume")
    assert "this is read as well" in told("s3://lake/x", "s3://lake/x")
    secret = told("s3://AKIA:hush@lake/x")
    assert "credentials in the environment" in secret
    assert "hush" not in secret
    assert not list(room.iterdir())


def test_denied_is_told_before_anything_is_read(server: str, lake: Lake, tmp_path: Path) -> None:
    with between(server, Between(lambda *_: 403)) as told, pointed(server, told.url):
        text = one_sentence(
            leakcheck("build", tmp_path / "none", "-o", "s3://lake/x.bloom", "--kind", "email")
        )
    assert text == "leakcheck: s3://lake/x.bloom: it cannot be written: access is denied."
    assert lake.keys() == []


def test_what_was_built_and_cannot_be_sent_is_kept_and_named(
    server: str, lake: Lake, dump: Path, tmp_path: Path, room: Path
) -> None:
    refuse = Between(lambda method, path, count: 403 if method == "PUT" else None)
    with between(server, refuse) as told, pointed(server, told.url):
        done = leakcheck(
            "build", dump, "-o", "s3://lake/x.bloom", "--kind", "email", TMPDIR=str(room)
        )
    text = one_sentence(done)
    assert "s3://lake/x.bloom: it cannot be written: access is denied. What was built" in text
    found = re.search(r"whole in (\S+): the same command sends it without", text)
    assert found is not None
    kept = Path(found[1])
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert leakcheck("check", "person7@example.org", "--in", kept).status == 1
    assert lake.keys() == []
    assert not any(secret in text for secret in SECRETS)


def test_a_large_file_goes_in_parts_and_stumbles_are_mended(
    server: str, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "SINGLE", 1 << 20)
    large = tmp_path / "large"
    large.write_bytes(bytes(range(256)) * (90 << 10))  # 22 MiB
    seen: list[int] = []
    told = Between(lambda method, path, count: 503 if count < 1 else None)
    with between(server, told), pointed(server, told.url):
        uploads.put(
            "s3://lake/large", large, replace=False, tell=lambda done, total: seen.append(done)
        )
    assert lake.get("large") == large.read_bytes()
    assert sum("partNumber" in path for _, path, _ in told.seen) >= 3
    assert seen[-1] == large.stat().st_size
    with pytest.raises(UsageError, match="exists already"):
        uploads.put("s3://lake/large", large, replace=False)
    assert lake.unfinished() == 0


def test_a_part_is_sent_until_the_store_takes_it(
    server: str, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More failures than the library puts up with: they stand for half a minute without a store."""
    monkeypatch.setattr(uploads, "SINGLE", 1 << 20)
    monkeypatch.setattr(uploads, "_WAITS", (timedelta(milliseconds=1), timedelta(milliseconds=9)))
    large = tmp_path / "large"
    large.write_bytes(bytes(range(256)) * (70 << 10))  # 17.5 MiB
    faults = [500, 0, 503, 0, 502, 0, 503, 500, 0, 503, 0, 500, 503, 0, 0, 0]

    def fault(method: str, path: str, count: int) -> int | None:
        return faults.pop() if "partNumber=2" in path and faults else None

    with between(server, Between(fault)) as told, pointed(server, told.url):
        uploads.put("s3://lake/large", large, replace=False)
    assert not faults
    assert lake.get("large") == large.read_bytes()
    assert lake.unfinished() == 0


def test_an_upload_that_breaks_off_leaves_nothing(
    server: str, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "SINGLE", 1 << 20)
    large = tmp_path / "large"
    large.write_bytes(bytes(22 << 20))
    parts = iter(range(99))
    refused = Between(
        lambda method, path, count: 403 if "partNumber" in path and next(parts) == 1 else None
    )
    with (
        between(server, refused) as told,
        pointed(server, told.url),
        pytest.raises(NetworkError, match="access is denied"),
    ):
        uploads.put("s3://lake/large", large, replace=False)
    assert lake.keys() == []
    assert lake.unfinished() == 0

    def cut() -> Iterator[bytes]:
        yield bytes(9 << 20)
        yield bytes(9 << 20)

    with pytest.raises(NetworkError, match="changed meanwhile"):
        uploads.put_pieces("s3://lake/large", cut(), 22 << 20, replace=False)
    assert lake.keys() == []
    assert lake.unfinished() == 0


def test_of_two_at_once_the_second_is_refused(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What appears between the first look and the end stays."""
    small = tmp_path / "small"
    small.write_bytes(b"ours")
    uploads.check_free("s3://lake/both", force=False)
    lake("both", b"theirs")
    with pytest.raises(UsageError, match="exists already"):
        uploads.put("s3://lake/both", small, replace=False)
    monkeypatch.setattr(uploads, "SINGLE", 1)
    with pytest.raises(UsageError, match="exists already"):
        uploads.put("s3://lake/both", small, replace=False)
    assert lake.get("both") == b"theirs"
    uploads.put("s3://lake/both", small, replace=True)
    assert lake.get("both") == b"ours"


def test_an_old_output_among_the_inputs_is_not_read(lake: Lake, tmp_path: Path) -> None:
    lake("dumps/a.txt", TEXT.encode())
    first = leakcheck(
        "build", "s3://lake/dumps", "-o", "s3://lake/dumps/z.bloom", "--kind", "email"
    )
    assert first.status == 0, first.err
    before = lake.get("dumps/z.bloom")
    again = leakcheck(
        "build", "s3://lake/dumps", "-o", "s3://lake/dumps/z.bloom", "--kind", "email", "--force"
    )
    assert again.status == 0, again.err
    assert lake.get("dumps/z.bloom") == before
