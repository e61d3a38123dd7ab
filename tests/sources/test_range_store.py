"""A store of ranges as what check, scan, ci and answer ask."""

import hashlib
import json
import os
import struct
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from loopback.stores import digests, make

from leakcheck.__main__ import run
from leakcheck.errors import FilterError
from leakcheck.serving.stores import ServedStore
from leakcheck.sources import Access
from leakcheck.sources.names import open_source
from leakcheck.sources.range_store import StoredRanges
from leakcheck.store import live
from leakcheck.store.reader import LACKING, RangeStore, kernels
from leakcheck.store.writer import StoreWriter
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import SourceInfo


def store_of(path: Path, passwords: dict[str, int]) -> Path:
    """A store of all ranges that holds these passwords, and when they were seen how often."""
    found = sorted((hashlib.sha1(text.encode()).digest(), seen) for text, seen in passwords.items())
    packed, made = kernels.encode_ranges(
        b"".join(digest for digest, _ in found),
        struct.pack(f"<{len(found)}I", *(seen for _, seen in found)),
        20,
    )
    at = 0
    with StoreWriter(path, 20, 0, 16**5 - 1) as writer:
        for number, hashes, length in made:
            writer.skip_to(number)
            writer.add(packed[at : at + length], hashes)
            at += length
        writer.skip_to(16**5)
        writer.finish({"kind": "password", "name": "Pwned", "date": "2026-11-20"}, replace=True)
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store_of(tmp_path_factory.mktemp("store") / "p.ranges", {"letmein": 321, "hunter2": 4})


def test_check(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digest = {text: hashlib.sha1(text.encode()).hexdigest() for text in ("letmein", "hunter2", "?")}
    asked = [word for text in digest.values() for word in ("--hash", text)]
    assert run(["check", *asked, "--in", str(store), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)["results"]
    sources = [one["sources"][0] for one in told]
    assert [one["verdict"] for one in sources] == ["exposed", "exposed", "clean"]
    assert [one.get("seen") for one in sources] == [321, 4, None]
    assert {(one["name"], one["date"]) for one in sources} == {("Pwned", "2026-11-20")}
    assert run(["check", "--hash", digest["hunter2"], "--in", str(store), "--min-count", "5"]) == 0


def test_scan_and_ci(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = tmp_path / "hashes.txt"
    listed.write_text("".join(hashlib.sha1(text.encode()).hexdigest() + "\n"
                              for text in ("letmein", "correct-marble-otter")))  # fmt: skip
    hashes = ["--kind", "password", "--from", "hashes"]
    assert run(["scan", str(listed), *hashes, "--in", str(store), "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [row["verdict"] for row in told["results"]] == ["exposed", "clean"]
    embedded = ["--confirm-with", str(store), "--format", "json"]
    assert run(["scan", str(listed), *hashes, *embedded]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["results"][0]["sources"][0]["confirmed"] is True
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "settings.yml").write_text("database:\n  password: letmein\n")
    assert run(["ci", str(tmp_path / "app"), "--in", str(store)]) == 1
    assert "settings.yml:2" in capsys.readouterr().out


def test_lookups(tmp_path: Path) -> None:
    path = tmp_path / "part.ranges"
    header = make(path, 0x100, 0x104, hashes=40, size=16)
    source = open_source(str(path), [Kind.PASSWORD, Kind.NTLM], Access())
    assert isinstance(source, StoredRanges)
    assert (source.info.kind, source.exact, source.info.keys) == (Kind.NTLM, True, header.hashes)
    held = digests(0x100, 40, 16)
    found = source.lookup(held[1] + held[2] + digests(0x101, 3, 16)[0] + b"\xff" * 16)
    assert (found.codes, found.seen) == (b"\1\1\0\2", {0: 2, 1: 3})
    assert found.reasons == {3: LACKING}
    source.close()


def test_a_damaged_part_is_unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = store_of(tmp_path / "p.ranges", {"letmein": 1})
    data = bytearray(path.read_bytes())
    data[-20] ^= 1  # in the only range that has a hash
    path.write_bytes(data)
    digest = hashlib.sha1(b"letmein").hexdigest()
    assert run(["check", "--hash", digest, "--in", str(path)]) == 2
    assert "damaged" in capsys.readouterr().out
    path.write_bytes(data[:-1])
    assert run(["check", "--hash", digest, "--in", str(path)]) == 2
    assert "not whole" in capsys.readouterr().err


def test_a_store_that_is_replaced_is_seen(tmp_path: Path) -> None:
    path = store_of(tmp_path / "p.ranges", {"letmein": 1})
    digest = hashlib.sha1(b"letmein").digest()
    source = open_source(str(path), [Kind.PASSWORD], Access())
    for other, code in ((lambda new: store_of(new, {"other": 1}), b"\0"),
                        (lambda new: new.write_bytes(b"x"), b"\2"),
                        (lambda new: store_of(new, {"letmein": 2}), b"\1")):  # fmt: skip
        other(tmp_path / "new")
        (tmp_path / "new").replace(path)
        deadline = time.monotonic() + 10
        while source.lookup(digest).codes != code and time.monotonic() < deadline:
            time.sleep(0.1)
        assert source.lookup(digest).codes == code
    source.close()


def test_a_store_is_opened_anew_only_where_it_was_replaced_and_looked_at_once_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = store_of(tmp_path / "p.ranges", {"letmein": 1})
    clock = [100.0]
    monkeypatch.setattr(live, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    store = live.LiveStore(path)
    first = store.store()
    clock[0] += 1.5
    assert store.store() is first
    store_of(tmp_path / "new", {"other": 1}).replace(path)
    clock[0] += 0.9
    assert store.store() is first
    clock[0] += 0.1
    assert store.store() is not first
    store.close()
    first.close()


def test_a_store_that_was_written_to_and_given_back_its_time_is_opened_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_LOOK", 0.0)
    path = store_of(tmp_path / "p.ranges", {"letmein": 1})
    store = live.LiveStore(path)
    first, before = store.store(), path.stat()
    time.sleep(0.02)  # longer than a tick of the clock of the file system
    path.write_bytes(path.read_bytes())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert store.store() is not first
    store.close()
    first.close()


def test_of_another_kind(tmp_path: Path) -> None:
    make(tmp_path / "a.ranges", kind="email")
    make(tmp_path / "b.ranges")
    with pytest.raises(FilterError, match="of which kind"):
        open_source(str(tmp_path / "a.ranges"), [Kind.PASSWORD], Access())
    with pytest.raises(FilterError, match="cannot answer for kind email"):
        open_source(str(tmp_path / "b.ranges"), [Kind.EMAIL], Access())


def test_of_another_kind_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_LOOK", 0.0)
    path = store_of(tmp_path / "p.ranges", {"letmein": 1})
    digest = hashlib.sha1(b"letmein").digest()
    source = open_source(str(path), [Kind.PASSWORD], Access())
    served = ServedStore(path)
    for about in ({"kind": "email"}, {"kind": None}, {"kind": "ntlm"}, {"size": 16}):
        make(tmp_path / "new", last=0xFF, **about)  # digests of the same length, but for the last
        (tmp_path / "new").replace(path)
        assert source.lookup(b"\0" * 20).codes == b"\2"
        assert source.refusal() is not None
        with pytest.raises(FilterError, match="another kind"):
            served.packed(0)
        with pytest.raises(FilterError, match=r"of which kind|cannot answer for kind"):
            open_source(str(path), [Kind.PASSWORD], Access())
    store_of(tmp_path / "new", {"letmein": 2}).replace(path)
    assert source.lookup(digest).codes == b"\1"
    source.close()


def test_what_is_said_of_it_is_that_of_the_store_that_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_LOOK", 0.0)
    path = tmp_path / "p.ranges"
    make(path, hashes=3, date="2026-11-20", note="the first")
    source = open_source(str(path), [Kind.PASSWORD], Access())
    make(tmp_path / "new", hashes=4, date="2026-11-25", name="Another")
    (tmp_path / "new").replace(path)
    assert source.refusal() is None
    info = source.info
    assert (info.name, info.date, info.note, info.keys) == ("Another", "2026-11-25", None, 8)
    source.close()


def test_info_and_verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.ranges"
    make(path, last=9, hashes=40, date="2026-11-20", note="only ranges 00000 to 00009")
    assert run(["info", str(path)]) == 0
    told = capsys.readouterr().out
    assert "360 in 10 ranges" in told
    assert "only ranges 00000 to 00009" in told
    assert run(["info", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["hashes"], len(told["contents"])) == (360, 64)
    assert run(["verify", str(path)]) == 0
    said = (
        f"{path}: sound, 10 ranges, 360 hashes, not signed by anyone you trust\n"
        f"  its contents are sha256:{told['contents']}\n"
    )
    assert capsys.readouterr().out == said
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    assert run(["verify", str(path)]) == 2
    assert "damaged" in capsys.readouterr().err


def test_mirrors_are_compared_by_their_contents(tmp_path: Path) -> None:
    def contents(hashes: int, **about: object) -> str:
        make(tmp_path / "a.ranges", last=300, hashes=hashes, **about)
        with RangeStore(tmp_path / "a.ranges") as store:
            return store.contents()

    mine = contents(9, date="2026-11-20", asof="2026-11-20T10:00:00Z")
    assert contents(9, note="made elsewhere, at another time") == mine
    assert contents(8) != mine


@pytest.fixture
def signed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A store that its publisher, whom the user trusts, has signed; a.key is beside it."""
    path = store_of(tmp_path / "p.ranges", {"letmein": 321})
    origin = "ranges.example.org/pwned"
    key = str(tmp_path / "a.key")
    assert run(["keys", "new", origin, "-o", key]) == 0
    capsys.readouterr()
    assert run(["keys", "public", key]) == 0
    assert run(["keys", "trust", capsys.readouterr().out.strip()]) == 0
    assert run(["sign", str(path), "--key", key]) == 0
    capsys.readouterr()
    return path


def asked(path: Path, *options: str) -> int:
    absent = hashlib.sha1(b"correct-marble-otter").hexdigest()
    return run(["check", "--hash", absent, "--in", str(path), *options])


def test_a_store_is_signed_as_a_filter_is(signed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(signed, "--require-signature") == 0
    assert "signed by ranges.example.org/pwned, edition 1" in capsys.readouterr().out
    assert run(["verify", str(signed)]) == 0
    told = capsys.readouterr().out
    assert "1 hash, signed by ranges.example.org/pwned, edition 1" in told
    assert "p.ranges.verity is its tree" in told
    assert "whom you trust) offers it" in told
    digest = told.partition("its digest is ")[2].split()[0]
    assert run(["info", str(signed)]) == 0
    assert digest in capsys.readouterr().out
    assert digest in (signed.parent / "filters.note").read_text("utf-8")


def test_nothing_is_believed_of_a_store_in_its_place(
    signed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store_of(signed, {"hunter2": 1})
    assert asked(signed) == 2
    assert "unknown" in capsys.readouterr().out
    assert run(["verify", str(signed)]) == 2
    assert "it is sound, but" in capsys.readouterr().err


def test_a_store_that_was_withdrawn_while_it_is_asked(
    signed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakcheck.trust.watched._LOOK_AGAIN", 0.0)
    opened = StoredRanges(signed)
    digest = hashlib.sha1(b"correct-marble-otter").digest()
    assert opened.lookup(digest).reasons == {}
    key = str(signed.parent / "a.key")
    assert run(["sign", "--withdraw", str(signed), "--reason", "forged", "--key", key]) == 0
    assert "forged" in opened.lookup(digest).reasons[0]
    opened.close()


def test_a_required_signature_is_required_of_each_store_that_takes_the_name(
    signed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakcheck.trust.watched._LOOK_AGAIN", 0.0)
    monkeypatch.setattr("leakcheck.store.live._LOOK", 0.0)
    digest = hashlib.sha1(b"letmein").digest()
    strict = open_source(str(signed), [Kind.PASSWORD], Access(require_signature=True))
    lenient = open_source(str(signed), [Kind.PASSWORD], Access())
    assert (strict.lookup(digest).codes, lenient.lookup(digest).codes) == (b"\1", b"\1")
    (signed.parent / "filters.note").unlink()
    store_of(signed.parent / "new", {"hunter2": 1}).replace(signed)
    assert strict.lookup(digest).reasons == {0: "nobody whom you trust has signed it"}
    assert lenient.lookup(digest).codes == b"\0"
    assert run(["sign", str(signed), "--key", str(signed.parent / "a.key")]) == 0
    assert strict.lookup(digest).codes == b"\0"
    strict.close()
    lenient.close()


def test_an_answer_is_vouched_for_by_what_vouches_for_its_own_store(
    signed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakcheck.trust.watched._LOOK_AGAIN", 0.0)
    monkeypatch.setattr("leakcheck.store.live._LOOK", 0.0)
    opened = StoredRanges(signed)
    sound = opened.info
    digest = hashlib.sha1(b"letmein").digest()
    store_of(signed.parent / "new", {"hunter2": 1}).replace(signed)

    class Overtaken(StoredRanges):
        """Before it answers from a forged store, another thread has judged a sound one."""

        @property
        def info(self) -> SourceInfo:
            return sound

        @info.setter
        def info(self, info: SourceInfo) -> None:
            """The other thread overwrites it at once."""

    opened.__class__ = Overtaken
    del opened.__dict__["info"]
    found = opened.lookup(digest)
    assert found.codes == b"\2"
    assert "does not offer this file" in found.reasons[0]
    opened.close()


def test_a_store_that_nobody_signed(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(store) == 0
    assert "Not signed by anyone you trust: Pwned" in capsys.readouterr().out
    assert asked(store, "--require-signature") == 2
    assert run(["verify", str(store)]) == 0
    assert "not signed by anyone you trust" in capsys.readouterr().out
