"""Hardened filters: built once a key, in bounded memory, resumed, and the same in both engines."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from builds import made, put, refused
from hypothesis import given, settings
from hypothesis import strategies as st

from bloom import RecordsFile
from leakcheck import check, scan
from leakcheck.building import slow_keys
from leakcheck.building.distinct import Distinct
from leakcheck.errors import FilterError, UsageError
from leakcheck.sources.filter_file import LocalFilter
from leakcheck.sources.identities import price
from leakcheck.subject.digests import sha1
from leakcheck.subject.identity import Hardening, realm_salt
from leakcheck.verdicts import Verdict

CHEAP = "$argon2id$v=19$m=8,t=1,p=1$AAECAwQFBgcICQoLDA0ODw"


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Two thousand addresses, each three times."""
    rows = "".join(f"user{at}@example.fr:x\nUser{at}@Example.fr\nno\n" for at in range(2000))
    return put(tmp_path, "dump.txt", rows + "".join(f"user{at}@example.fr\n" for at in range(2000)))


def asked(folder: Path, *subjects: str) -> list[Verdict]:
    return [one.verdict for one in check(subjects, sources=[str(folder / "out.bloom")])]


def test_who_is_in_it_is_exposed_and_who_is_not_is_clean(dump: Path, tmp_path: Path) -> None:
    said: list[str] = []
    report = made(tmp_path, dump, kind="email", harden=CHEAP, said=said)
    assert report.header is not None
    assert (report.header.keys, report.header.digest_bytes) == (2000, 32)
    assert report.header.about["identity"] == {"harden": CHEAP}
    assert report.duplicates == 4000
    assert asked(tmp_path, "USER7@example.fr", "nobody@example.fr") == [
        Verdict.EXPOSED,
        Verdict.CLEAN,
    ]
    assert "2,000 keys to be hardened with Argon2id, 8 KiB and 1 pass" in said[0]
    assert "on 2 threads" in said[0]


def test_each_distinct_key_is_computed_once(
    dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_keys, "_price", lambda *_: 0.001)
    computed: list[bytes] = []
    plain = Hardening.digests

    def counted(self: Hardening, some: list[bytes]) -> bytes:
        computed.extend(some)
        return plain(self, some)

    monkeypatch.setattr(Hardening, "digests", counted)
    made(tmp_path, dump, kind="email", harden=CHEAP)
    assert len(computed) == len(set(computed)) == 2000


def test_both_engines_and_any_memory_give_the_same_bytes(
    dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("argon2")
    made(tmp_path, dump, kind="email", harden=CHEAP)
    first = (tmp_path / "out.bloom").read_bytes()
    monkeypatch.setattr(slow_keys, "distinct", Distinct)
    monkeypatch.setattr(Distinct, "nbytes", lambda self: self.count() * 20)
    monkeypatch.setattr(slow_keys.MemoryBudget, "__init__", little_memory)
    monkeypatch.setenv("BLOOM_ENGINE", "python")
    told: list[int] = []
    rest = slow_keys.SlowKeys.open_rest
    monkeypatch.setattr(
        slow_keys.SlowKeys, "open_rest", lambda self: (told.append(self._end), rest(self))[1]
    )
    made(tmp_path, dump, kind="email", harden=CHEAP)
    assert (tmp_path / "out.bloom").read_bytes() == first
    assert told  # the dump was read again for what did not fit


def little_memory(self: Any, memory: int | None) -> None:
    self.pools, self.window = 20_000, 1 << 20


def test_an_input_that_is_not_there_a_second_time_is_told(
    dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_keys, "distinct", Distinct)
    monkeypatch.setattr(Distinct, "nbytes", lambda self: self.count() * 20)
    monkeypatch.setattr(slow_keys.MemoryBudget, "__init__", little_memory)
    rest = slow_keys.SlowKeys.open_rest

    def change(self: slow_keys.SlowKeys) -> None:
        dump.write_text(dump.read_text().replace("user1999", "user2999"))  # of the same length
        rest(self)

    monkeypatch.setattr(slow_keys.SlowKeys, "open_rest", change)
    assert "--memory" in refused(tmp_path, dump, kind="email", harden=CHEAP)


class Killed(BaseException):
    """Stands for a kill."""


def test_a_build_that_was_killed_computes_only_the_rest(
    dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leakcheck.building.writer import KeyWriter

    more = put(tmp_path, "more.txt", "late@example.fr\n")
    made(tmp_path, dump, kind="email", harden="fast", realm="acme")
    whole = (tmp_path / "out.bloom").read_bytes()
    (tmp_path / "out.bloom").unlink()
    monkeypatch.setattr(slow_keys, "PAUSE", 0.0)
    plain, kept = KeyWriter.checkpoint, 0

    def dying(self: KeyWriter, token: Any) -> None:
        nonlocal kept
        plain(self, token)
        kept += 1
        if kept == 100:
            raise Killed

    monkeypatch.setattr(KeyWriter, "checkpoint", dying)
    with monkeypatch.context() as patched:
        patched.setattr(KeyWriter, "close", lambda self: self._builder._work.close(keep=True))
        with pytest.raises(Killed):
            made(tmp_path, dump, kind="email", harden="fast", realm="acme", resume=True)
    for path in (tmp_path / ".out.bloom.build").rglob("*"):
        if path.is_file():  # nothing that can be tested cheaply lies on the disk
            data = path.read_bytes()
            assert not any(sha1(f"user{at}@example.fr")[:8] in data for at in range(2000))
            assert b"example.fr" not in data
    for others in ((dump, more), (more,)):  # a key of theirs may be among the parts that are done
        with pytest.raises(UsageError, match=r"could be lost|it is gone"):
            made(tmp_path, *others, kind="email", harden="fast", realm="acme", resume=True)
    computed: list[bytes] = []
    digests = Hardening.digests
    monkeypatch.setattr(slow_keys, "_price", lambda *_: 0.001)
    monkeypatch.setattr(
        Hardening, "digests", lambda self, some: (computed.extend(some), digests(self, some))[1]
    )
    made(tmp_path, dump, kind="email", harden="fast", realm="acme", resume=True)
    assert (tmp_path / "out.bloom").read_bytes() == whole
    assert 900 < len(computed) < 1500  # 156 of 256 parts


def test_an_hour_is_kept_to(dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    salt = realm_salt("acme")
    for seconds, ladder in ((1e-9, (19456, 2)), (1.0, (1024, 1)), (60.0, (256, 1))):
        wish = slow_keys.Wish(slow_keys.HOUR, salt)
        keys = slow_keys.SlowKeys(wish, 1 << 26, None)

        def priced(final: Any, identity: Any, threads: int, each: float = seconds) -> float:
            return float(each * identity.harden.memory * identity.harden.passes / 1024)

        monkeypatch.setattr(slow_keys, "_price", priced)
        assert keys._chosen(3600, 2) == Hardening(*ladder, salt)


def test_what_cannot_be_is_refused_before_anything_is_read(dump: Path, tmp_path: Path) -> None:
    for options, words in (
        ({"harden": "slow"}, "fast, hour or a PHC string"),
        ({"harden": CHEAP.replace("m=8", "m=104857600")}, "more than 65536 KiB"),
        ({"harden": CHEAP, "realm": "acme"}, "a PHC string has its salt"),
        ({"realm": "acme"}, "--realm goes with --harden"),
        ({"kind": "password", "harden": "fast"}, "stay as the public lists have them"),
        ({"oracle": "https://seal.example.org/"}, "--seal and --oracle go together"),
    ):
        asked = {"kind": "email", **options}
        assert words in refused(tmp_path, dump, **asked)
    put(tmp_path, "passwords.txt", "hunter2\nletmein\n123456\nqwerty\n")
    assert "public lists" in refused(
        tmp_path, tmp_path / "passwords.txt", form="passwords", harden="fast"
    )


def test_filters_are_updated_and_merged_alike_or_not_at_all(dump: Path, tmp_path: Path) -> None:
    from leakcheck.commands.merge import merged_about
    from leakcheck.sources.filter_file import Kept, kept_keys

    more = put(tmp_path, "more.txt", "late@example.fr\n")
    old, plain = tmp_path / "old.bloom", tmp_path / "plain.bloom"
    made(tmp_path, dump, kind="email", harden=CHEAP, output=old, keep_keys=True)
    made(tmp_path, dump, kind="email", output=plain, keep_keys=True)
    made(tmp_path, more, kind="email", update=old)
    assert asked(tmp_path, "late@example.fr", "user5@example.fr", "no@example.fr") == [
        Verdict.EXPOSED, Verdict.EXPOSED, Verdict.CLEAN,
    ]  # fmt: skip
    for update, options in ((plain, {"harden": CHEAP}), (old, {"harden": "fast"})):
        with pytest.raises(UsageError, match="update"):
            made(tmp_path, more, kind="email", update=update, **options)
    sides = [kept_keys(old), kept_keys(plain)]
    with pytest.raises(UsageError, match="cannot be merged"):
        merged_about(sides)
    assert merged_about([sides[0], Kept(old, sides[0].about)])["identity"] == {"harden": CHEAP}
    with RecordsFile.open(old.with_name("old.bloom.keys")) as kept:
        assert kept.digest_bytes == 32
        assert kept.holds(Hardening.parse(CHEAP).digests([sha1("user5@example.fr")]))
        assert not kept.holds(hashlib.sha256(b"user5@example.fr").digest())


def test_kept_keys_refute_a_false_alarm(tmp_path: Path) -> None:
    dump = put(tmp_path, "dump.txt", "".join(f"user{at}@example.fr\n" for at in range(20_000)))
    made(tmp_path, dump, kind="email", harden=CHEAP, keep_keys=True, rate=0.5)
    filter_ = LocalFilter(tmp_path / "out.bloom")
    proof = filter_.proof()
    assert proof is not None
    names = [f"other{at}@example.fr" for at in range(40)]
    found = filter_.lookup(b"".join(sha1(name) for name in names))
    false = [name for name, code in zip(names, found.codes, strict=True) if code == 1]
    assert false
    assert not any(proof.holds(sha1(name)) for name in false)
    assert proof.holds(sha1("user3@example.fr"))
    proof.close()
    filter_.close()


def test_a_scan_says_what_it_costs_and_answers_every_row(dump: Path, tmp_path: Path) -> None:
    made(tmp_path, dump, kind="email", harden=CHEAP)
    rows = [f"user{at}@example.fr" if at % 2 else f"nobody{at}@example.fr" for at in range(3000)]
    path = put(tmp_path, "list.txt", "\n".join(rows) + "\n")
    with scan(path, sources=[str(tmp_path / "out.bloom")]) as found:
        (told,) = found.costs()
        assert "hardened: a row takes 0." in told
        assert "for this list" in told
        done: list[int] = []
        found.progress = lambda block: done.append(block.done)
        verdicts = [row.verdict for row in found]
        numbers = found.tally.rows
    expected = [Verdict.EXPOSED if at % 2 and at < 2000 else Verdict.CLEAN for at in range(3000)]
    assert verdicts == expected
    assert numbers == 3000
    assert len(done) > 3
    assert done == sorted(done)
    assert done[-1] == path.stat().st_size


def test_a_price_is_measured(tmp_path: Path) -> None:
    assert 0 < price(Hardening(8, 1, bytes(16))) < price(Hardening(8192, 1, bytes(16)))


def test_without_argon2_the_answer_is_unknown_with_what_to_do(
    dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    made(tmp_path, dump, kind="email", harden=CHEAP)
    monkeypatch.setenv("BLOOM_ENGINE", "python")
    monkeypatch.setitem(sys.modules, "argon2.low_level", None)
    (answer,) = check(["user3@example.fr"], sources=[str(tmp_path / "out.bloom")])
    assert answer.verdict is Verdict.UNKNOWN
    assert "pip install 'leakcheck-bloom[hardened]'" in str(answer.sources[0].reason)
    (tmp_path / "out.bloom").unlink()
    assert "pip install" in refused(tmp_path, dump, kind="email", harden=CHEAP)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda about: about.pop("identity"), "wrong length for its kind"),
        (lambda about: about["identity"].update(scrypt="x"), "does not know"),
        (lambda about: about.update(kind="password"), "which none of kind"),
        (
            lambda about: about["identity"].update(harden=CHEAP.replace("m=8", "m=99999999")),
            "cannot be used",
        ),
    ],
)
def test_a_filter_that_lies_about_its_digests_is_refused(
    dump: Path, tmp_path: Path, change: Any, words: str
) -> None:
    import json
    from dataclasses import replace

    from bloom import PAGE_BYTES, decode_header, encode_header

    made(tmp_path, dump, kind="email", harden=CHEAP)
    path = tmp_path / "out.bloom"
    data = path.read_bytes()
    header = decode_header(data[:PAGE_BYTES])
    about = json.loads(json.dumps(dict(header.about)))
    change(about)
    path.write_bytes(encode_header(replace(header, about=about)) + data[PAGE_BYTES:])
    with pytest.raises(FilterError, match=words):
        LocalFilter(path)
    made(tmp_path, dump, kind="email")
    plain = path.read_bytes()
    header = decode_header(plain[:PAGE_BYTES])
    lying = dict(header.about) | {"identity": {"harden": CHEAP}}
    path.write_bytes(encode_header(replace(header, about=lying)) + plain[PAGE_BYTES:])
    with pytest.raises(FilterError, match="wrong length for its identity"):
        LocalFilter(path)


def test_filters_of_one_realm_cost_one_slow_hash(
    dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [tmp_path / f"{at}.bloom" for at in range(3)]
    for name in names:
        made(tmp_path, dump, kind="email", harden=CHEAP, output=name)
    computed: list[bytes] = []
    digests = Hardening.digests
    monkeypatch.setattr(
        Hardening, "digests", lambda self, some: (computed.extend(some), digests(self, some))[1]
    )
    answers = check(["user3@example.fr", "nobody@example.fr"], sources=[*map(str, names)])
    assert [len(answer.exposed_in) for answer in answers] == [3, 0]
    assert len(computed) == 2


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("atco"), st.integers(0, 40), st.integers(0, 3))))
def test_both_engines_hold_the_same_digests(steps: list[tuple[str, int, int]]) -> None:
    native = pytest.importorskip("leakcheck._native")
    rust, python = native.Distinct(), Distinct()
    for step, number, part in steps:
        digest = bytes([part]) + sha1(str(number))[1:]
        for held in (rust, python):
            if step == "a":
                held.add(digest * 2)
            elif step in "co":
                held.open(part, step == "o")
        if step == "t":
            assert rust.take(part) == python.take(part)
        assert rust.count() == python.count()
    for held in (rust, python):
        with pytest.raises(ValueError, match="whole number"):
            held.add(b"x")
