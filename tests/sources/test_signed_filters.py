"""A filter of a trusted publisher answers only what the signed list proves; both engines alike."""

import json
import os
from pathlib import Path

import pytest
from program import Result, leakcheck

from leakcheck.sources import Access
from leakcheck.sources.names import open_source
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import question

ORIGIN = "filters.example.org/acme"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two filters, signed, and their publisher's key."""
    (tmp_path / "dump.txt").write_text("alice@example.fr:x\nbob@example.fr:y\n")
    (tmp_path / "other.txt").write_text("carol@example.fr:x\ndan@example.fr:y\n")
    for name in ("dump", "other"):
        done(leakcheck("build", f"{name}.txt", "-o", f"{name}.bloom", "--kind", "email",
                       "--name", name.title(), cwd=tmp_path))  # fmt: skip
    done(leakcheck("keys", "new", ORIGIN, "-o", "acme.key", cwd=tmp_path))
    done(leakcheck("sign", "dump.bloom", "other.bloom", "--key", "acme.key", cwd=tmp_path))
    return tmp_path


def done(result: Result) -> Result:
    assert result.status == 0, result
    return result


def trust(folder: Path) -> None:
    text = (folder / "acme.key").read_text()
    from leakcheck.trust.note import Signer

    done(leakcheck("keys", "trust", str(Signer.parse(text).verifier)))


def ask(folder: Path, who: str, *more: str) -> Result:
    return leakcheck("check", f"{who}@example.fr", "--in", "dump.bloom", *more, cwd=folder)


def refused(folder: Path, reason: str) -> None:
    """Neither the exposed nor the clean get an answer, and they are told why."""
    for who in ("alice", "carol"):
        result = ask(folder, who)
        assert result.status == 2, result
        assert reason in result.out, result.out
        assert "clean" not in result.out.splitlines()[0]


def test_what_is_proved_is_said(folder: Path) -> None:
    trust(folder)
    found = ask(folder, "alice")
    assert found.status == 1
    assert f"Dump: signed by {ORIGIN}, edition 1." in found.out
    assert ask(folder, "carol").status == 0
    told = json.loads(ask(folder, "alice", "--json").out)["results"][0]["sources"][0]
    assert told["signed"] == f"signed by {ORIGIN}, edition 1"
    assert "signed by" in done(leakcheck("verify", "dump.bloom", cwd=folder)).out


def test_who_trusts_nobody_is_told_so(folder: Path) -> None:
    found = ask(folder, "alice")
    assert (found.status, "Not signed by anyone you trust: Dump." in found.out) == (1, True)
    strict = ask(folder, "carol", "--require-signature")
    assert (strict.status, "nobody whom you trust has signed it" in strict.out) == (2, True)
    trust(folder)
    assert ask(folder, "carol", "--require-signature").status == 0


def test_a_page_whose_checksum_was_mended_is_no_answer(folder: Path) -> None:
    trust(folder)
    import bloom
    from bloom.format import checksum

    path = folder / "dump.bloom"
    raw = bytearray(path.read_bytes())
    raw[4096:8184] = bytes(4088)  # everybody is clean now, says the page
    seed = bloom.Filter.open(path).header.seed
    raw[8184:8192] = checksum(bytes(raw[4096:8184]), seed)
    path.write_bytes(raw)
    refused(folder, "does not offer this file")


def test_filters_that_exchanged_their_names_are_both_what_they_are(folder: Path) -> None:
    trust(folder)
    dump, other = folder / "dump.bloom", folder / "other.bloom"
    dump.rename(folder / "x")
    other.rename(dump)
    (folder / "x").rename(other)
    found = ask(folder, "carol")
    assert found.status == 1
    assert "exposed in Other" in found.out


def test_an_old_edition_put_back_is_no_answer(folder: Path) -> None:
    trust(folder)
    old = (folder / "filters.note").read_bytes()
    done(leakcheck("sign", "other.bloom", "--key", "acme.key", cwd=folder))
    assert ask(folder, "carol").status == 0
    (folder / "filters.note").write_bytes(old)
    refused(folder, "older than edition 2")


def test_a_withdrawn_filter_is_no_answer(folder: Path) -> None:
    trust(folder)
    done(leakcheck("sign", "--withdraw", "dump.bloom", "--reason", "wrong dump",
                   "--key", "acme.key", cwd=folder))  # fmt: skip
    refused(folder, "has withdrawn it: wrong dump")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw.replace(b"1 20", b"9 20", 1),
        lambda raw: raw[:-12] + (b"B" if raw[-12:-11] == b"A" else b"A") + raw[-11:],
        lambda raw: raw[: len(raw) // 2],
        lambda raw: b"",
        lambda raw: raw + b"x" * (1 << 20),
    ],
    ids=["serial", "signature", "cut", "empty", "huge"],
)
def test_a_spoilt_list_is_no_answer(folder: Path, spoil) -> None:  # type: ignore[no-untyped-def]
    trust(folder)
    note = folder / "filters.note"
    note.write_bytes(spoil(note.read_bytes()))
    refused(folder, "Dump: ")


def test_an_installed_filter_brings_its_list(folder: Path) -> None:
    trust(folder)
    done(leakcheck("filters", "add", "dump.bloom", cwd=folder))
    found = leakcheck("check", "alice@example.fr")
    assert (found.status, "signed by" in found.out) == (1, True)
    done(leakcheck("filters", "remove", "dump"))
    assert leakcheck("check", "alice@example.fr").status == 2


def test_the_tree_is_computed_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trust(folder)
    from leakcheck.sources.filter_file import LocalFilter
    from leakcheck.trust import note, verity

    LocalFilter(folder / "dump.bloom").close()
    monkeypatch.setattr(verity, "tree_of", None)
    monkeypatch.setattr(note.Verifier, "accepts", None)
    source = LocalFilter(folder / "dump.bloom")
    assert source.info.signed
    source.close()


def test_a_long_lived_reader_sees_what_vouches_for_a_file_change(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trust, a new list, a withdrawal, a list that is gone, distrust: at the next look."""
    from leakcheck.sources import filter_file
    from leakcheck.subject.digests import sha1
    from leakcheck.trust import watched
    from leakcheck.trust.store import Store

    assert watched._LOOK_AGAIN <= 1.0
    monkeypatch.setattr(watched, "_LOOK_AGAIN", 0.0)
    source = filter_file.LocalFilter(folder / "dump.bloom")
    alice = sha1("alice@example.fr")

    def said() -> tuple[bytes, str | None, str | None]:
        found = source.lookup(alice)
        return found.codes, source.info.signed, found.reasons.get(0)

    assert said() == (b"\1", "", None)
    trust(folder)
    assert said() == (b"\1", f"signed by {ORIGIN}, edition 1", None)
    done(leakcheck("sign", "other.bloom", "--key", "acme.key", cwd=folder))
    assert said() == (b"\1", f"signed by {ORIGIN}, edition 2", None)
    note = (folder / "filters.note").read_bytes()
    done(leakcheck("sign", "--withdraw", "dump.bloom", "--reason", "wrong dump",
                   "--key", "acme.key", cwd=folder))  # fmt: skip
    assert said() == (b"\2", "", f"{ORIGIN} has withdrawn it: wrong dump")
    (folder / "filters.note").write_bytes(note)
    assert said()[0] == b"\2"
    (folder / "filters.note").unlink()
    assert said() == (b"\1", "", None)  # nobody says whose it is
    Store().distrust(ORIGIN)
    (folder / "filters.note").write_bytes(note)
    assert said() == (b"\1", "", None)
    source.close()


def test_an_installed_filter_is_judged_by_the_newest_list_seen(folder: Path) -> None:
    """A newer edition that still offers it proves it; one that withdraws it does so everywhere."""
    trust(folder)
    done(leakcheck("filters", "add", "dump.bloom", cwd=folder))
    done(leakcheck("sign", "other.bloom", "--key", "acme.key", cwd=folder))
    assert leakcheck("check", "alice@example.fr", "--in", "other.bloom", cwd=folder).status == 0
    found = leakcheck("check", "alice@example.fr")
    assert (found.status, "edition 2" in found.out) == (1, True), found
    done(leakcheck("sign", "--withdraw", "dump.bloom", "--reason", "wrong dump",
                   "--key", "acme.key", cwd=folder))  # fmt: skip
    assert leakcheck("check", "alice@example.fr", "--in", "other.bloom", cwd=folder).status == 0
    found = leakcheck("check", "alice@example.fr")
    assert (found.status, "has withdrawn it: wrong dump" in found.out) == (2, True), found


def test_a_filter_that_says_whose_it_is_needs_their_list(folder: Path) -> None:
    trust(folder)
    done(leakcheck("build", "dump.txt", "-o", "dump.bloom", "--kind", "email", "--name", "Dump",
                   "--origin", ORIGIN, "--force", cwd=folder))  # fmt: skip
    signed = done(leakcheck("sign", "dump.bloom", "--key", "acme.key", cwd=folder))
    assert signed.err == ""
    assert ask(folder, "alice").status == 1
    note = (folder / "filters.note").read_bytes()
    (folder / "filters.note").unlink()
    refused(folder, f"the signed list of {ORIGIN} is missing beside it")
    done(leakcheck("keys", "new", "example.org/b", "-o", "b.key", cwd=folder))
    done(leakcheck("sign", "dump.bloom", "--key", "b.key", cwd=folder))
    refused(folder, f"the signed list of {ORIGIN} is missing beside it")
    key = done(leakcheck("keys", "public", "b.key", cwd=folder)).out.strip()
    done(leakcheck("keys", "trust", key))
    refused(folder, "the signed list beside it is of example.org/b")
    (folder / "filters.note").write_bytes(note)
    assert ask(folder, "alice").status == 1


def test_who_signs_is_told_where_a_list_could_be_left_out_unseen(folder: Path) -> None:
    told = done(leakcheck("sign", "dump.bloom", "--key", "acme.key", cwd=folder)).err
    assert told.startswith("leakcheck: dump.bloom: the filter does not name its publisher")
    assert told.endswith(f"Build it with --origin {ORIGIN}.\n")


def test_verify_says_what_vouches_for_what(folder: Path) -> None:
    def told(status: int = 0) -> str:
        found = leakcheck("verify", "dump.bloom", cwd=folder)
        assert found.status == status, found
        return found.out + found.err

    assert "by nobody whom you trust) offers it" in told()
    trust(folder)
    assert f"signed by {ORIGIN}, whom you trust) offers it" in told()
    assert "dump.bloom.verity is its tree" in told()
    tree = (folder / "dump.bloom.verity").read_bytes()
    (folder / "dump.bloom.verity").write_bytes(tree[:-1] + b"x")
    assert "this is not the tree of dump.bloom: sign the filter again." in told(2)
    (folder / "dump.bloom.verity").unlink()
    assert "dump.bloom.verity is missing: no page can be proved" in told()
    (folder / "filters.note").write_bytes(b"x")
    assert "not a signed note" in told(2)
    (folder / "filters.note").unlink()
    assert len(told().splitlines()) == 1


def test_a_private_key_is_not_trusted(folder: Path) -> None:
    for what in ("acme.key", "nosuch", ORIGIN):
        found = leakcheck("keys", "trust", what, cwd=folder)
        assert (found.status, len(found.err.splitlines())) == (2, 1)
    assert "no such file" in found.err
    assert "a private key" in leakcheck("keys", "trust", "acme.key", cwd=folder).err


def test_a_required_signature_is_required_of_each_file_that_takes_the_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(folder)
    monkeypatch.setattr("leakcheck.trust.watched._LOOK_AGAIN", 0.0)
    (digest,) = question(Kind.EMAIL, "carol@example.fr").digests()
    path = str(folder / "dump.bloom")
    strict = open_source(path, [Kind.EMAIL], Access(require_signature=True))
    lenient = open_source(path, [Kind.EMAIL], Access())
    assert (strict.lookup(digest).codes, lenient.lookup(digest).codes) == (b"\0", b"\0")
    (folder / "filters.note").unlink()
    (folder / "copy").write_bytes((folder / "dump.bloom").read_bytes())
    (folder / "copy").replace(folder / "dump.bloom")
    assert strict.lookup(digest).reasons == {0: "nobody whom you trust has signed it"}
    assert lenient.lookup(digest).codes == b"\0"
    done(leakcheck("sign", "dump.bloom", "--key", "acme.key", cwd=folder))
    assert strict.lookup(digest).codes == b"\0"
    strict.close()
    lenient.close()


def test_a_required_signature_counts_once_it_is_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(folder)
    monkeypatch.setattr("leakcheck.trust.watched._LOOK_AGAIN", 0.0)
    (digest,) = question(Kind.EMAIL, "carol@example.fr").digests()
    (folder / "filters.note").unlink()
    opened = open_source(str(folder / "dump.bloom"), [Kind.EMAIL], Access(require_signature=True))
    why = "nobody whom you trust has signed it"
    assert (opened.lookup(digest).reasons, opened.refusal()) == ({0: why}, why)
    done(leakcheck("sign", "dump.bloom", "--key", "acme.key", cwd=folder))
    assert (opened.lookup(digest).codes, opened.refusal()) == (b"\0", None)
    opened.close()


def test_an_installed_filter_of_any_name_needs_its_signature(folder: Path) -> None:
    trust(folder)
    home = Path(os.environ["LEAKCHECK_HOME"])
    (home / "filters").mkdir(parents=True)
    for name in ("embedded", "other"):
        (home / "filters" / f"{name}.bloom").write_bytes((folder / "dump.bloom").read_bytes())
    for options in (["--require-signature"], ["--require-signature", "--in", "embedded"]):
        found = leakcheck("check", "carol@example.fr", *options, "--json")
        assert found.status == 2
        told = json.loads(found.out)["results"][0]["sources"]
        assert {one["verdict"] for one in told} == {"unknown"}


def test_who_does_not_wait_is_told_unknown_while_a_new_file_is_summed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `leakcheck answer` asks: others are answered meanwhile, and then so is this one."""
    import shutil
    import threading
    import time

    from leakcheck.subject.digests import sha1
    from leakcheck.trust import local

    trust(folder)
    (source,) = opened = [
        open_source(str(folder / "dump.bloom"), [Kind.EMAIL], Access(offline=True, waits=False))
    ]
    alice, dan = sha1("alice@example.fr"), sha1("dan@example.fr")
    assert source.lookup(alice).codes == b"\1"
    may, sums = threading.Event(), []
    summed = local.digest_of

    def slowly(*arguments: object) -> bytes:
        sums.append(threading.current_thread())
        assert may.wait(30)
        return summed(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(local, "digest_of", slowly)
    shutil.copy(folder / "other.bloom", folder / "new")
    done(leakcheck("sign", "other.bloom", "--key", "acme.key", cwd=folder))
    (folder / "new").replace(folder / "dump.bloom")
    start = time.monotonic()
    for _ in range(20):
        for who in (alice, dan):
            found = source.lookup(who)
            assert found.codes == b"\2"
            assert "being verified" in found.reasons[0]
        assert source.answer_to(dan).verdict == "unknown"
        assert "being verified" in str(source.refusal())
    assert time.monotonic() - start < 20
    assert len(sums) == 1  # by one thread, whoever asks, and not by this one
    assert sums[0] is not threading.current_thread()
    may.set()
    sums[0].join(30)
    assert source.lookup(alice + dan).codes == b"\0\1"
    assert source.info.signed
    for one in opened:
        one.close()
