"""Publishing and believing: editions grow, old ones are refused, keys stay private."""

import json
import os
import stat
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from leakcheck import trust
from leakcheck.errors import UsageError
from leakcheck.trust import keys, proof, signing, verity
from leakcheck.trust.edition import FILE_NAME
from leakcheck.trust.note import NoteError, Signer
from leakcheck.trust.proof import ProofError, accept, chain, chain_for
from leakcheck.trust.store import Store

ORIGIN = "filters.example.org/acme"
ACME, OTHER = Signer(ORIGIN, bytes(range(32))), Signer("example.org/other", bytes(32))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, size in (("acme.bloom", 3), ("pairs.bloom", 200)):
        (tmp_path / name).write_bytes(os.urandom(size * verity.BLOCK))
    return tmp_path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    held = Store(tmp_path / "trust")
    held.trust(ACME.verifier)
    return held


def note_in(folder: Path) -> bytes:
    return (folder / FILE_NAME).read_bytes()


def test_the_whole_chain(folder: Path, store: Store) -> None:
    signing.sign([folder / "acme.bloom", folder / "pairs.bloom"], [ACME])
    found = chain(accept(note_in(folder), store), "pairs.bloom")
    data = (folder / "pairs.bloom").read_bytes()
    tree = (folder / "pairs.bloom.verity").read_bytes()
    page = data[verity.BLOCK * 150 : verity.BLOCK * 151]
    blocks = [tree[at : at + verity.BLOCK] for at in range(0, len(tree), verity.BLOCK)]
    assert (found.shape.upper, found.leaf(150)) == (1, 2)
    with pytest.raises(ProofError):
        found.prove(150, page, blocks[2])  # the top is not there yet
    for wrong in (blocks[1:2], blocks[:2], [blocks[0][:-1]]):
        with pytest.raises(ProofError):
            found.keep_upper(wrong)
    found.keep_upper(blocks[:1])
    found.prove(150, page, blocks[2])
    for other, leaf in ((data[: verity.BLOCK], blocks[2]), (page, blocks[1]), (page, b"")):
        with pytest.raises(ProofError):
            found.prove(150, other, leaf)
    assert found.vouched == f"signed by {ORIGIN}, edition 1"


def test_a_forged_block_is_not_kept(folder: Path, store: Store) -> None:
    signing.sign([folder / "acme.bloom"], [ACME])
    found = chain(accept(note_in(folder), store), "acme.bloom")
    data = (folder / "acme.bloom").read_bytes()
    tree = (folder / "acme.bloom.verity").read_bytes()
    with pytest.raises(ProofError):
        found.prove(0, data[: verity.BLOCK], bytes(verity.BLOCK))
    found.prove(0, data[: verity.BLOCK], tree)


def test_an_older_edition_is_refused(folder: Path, store: Store) -> None:
    signing.sign([folder / "acme.bloom"], [ACME])
    old = note_in(folder)
    signing.sign([folder / "pairs.bloom"], [ACME])
    assert set(accept(note_in(folder), store).filters) == {"acme.bloom", "pairs.bloom"}
    with pytest.raises(NoteError, match="older"):
        accept(old, store)
    accept(note_in(folder), store)


def test_a_withdrawn_filter_proves_nothing(folder: Path, store: Store) -> None:
    digest = accept_signed(folder, store)
    (folder / "acme.bloom").unlink()
    signing.withdraw(folder / "acme.bloom", "wrong\n dump", [ACME])
    with pytest.raises(NoteError, match="withdrawn it: wrong dump"):
        chain_for(accept(note_in(folder), store), digest)
    with pytest.raises(NoteError, match="does not name"):
        chain(accept(note_in(folder), store), "acme.bloom")
    with pytest.raises(UsageError, match="nothing to withdraw"):
        signing.withdraw(folder / "acme.bloom", "again", [ACME])


def accept_signed(folder: Path, store: Store) -> bytes:
    signing.sign([folder / "acme.bloom"], [ACME])
    return accept(note_in(folder), store).filters["acme.bloom"].digest


def test_a_filter_that_is_not_offered(folder: Path, store: Store) -> None:
    accept_signed(folder, store)
    with pytest.raises(NoteError, match="does not offer"):
        chain_for(accept(note_in(folder), store), bytes(32))


def test_a_key_vouches_for_its_own_origin_alone(folder: Path, store: Store) -> None:
    store.trust(OTHER.verifier)
    signing.sign([folder / "acme.bloom"], [ACME])
    text = note_in(folder).decode().split("\n\n")[0] + "\n"
    from leakcheck.trust import note

    with pytest.raises(NoteError, match="nobody whom you trust for"):
        accept(note.sign(text, [OTHER]), store)


def test_a_folder_is_one_publishers(folder: Path) -> None:
    signing.sign([folder / "acme.bloom"], [ACME])
    with pytest.raises(UsageError, match="folder of your own"):
        signing.sign([folder / "pairs.bloom"], [OTHER])
    with pytest.raises(UsageError, match="different origins"):
        signing.sign([folder / "pairs.bloom"], [ACME, OTHER])


def test_rotation_signs_with_both_keys(folder: Path, tmp_path: Path) -> None:
    new = Signer(ORIGIN, b"n" * 32)
    signing.sign([folder / "acme.bloom"], [ACME, new])
    for number, key in enumerate((ACME, new)):
        held = Store(tmp_path / f"trust{number}")
        held.trust(key.verifier)
        assert accept(note_in(folder), held).serial == 1


def test_published_files_can_be_read_by_a_web_server(folder: Path) -> None:
    before = os.umask(0o077)
    try:
        signing.sign([folder / "acme.bloom"], [ACME])
    finally:
        os.umask(before)
    for name in (FILE_NAME, "acme.bloom.verity"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o644


def test_a_private_key_is_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        public = keys.make(ORIGIN, tmp_path / "acme.key")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "acme.key").stat().st_mode) == 0o600
    assert keys.private_key(tmp_path / "acme.key").verifier == public
    with pytest.raises(UsageError, match="never replaced"):
        keys.make(ORIGIN, tmp_path / "acme.key")
    (tmp_path / "acme.key").chmod(0o640)
    with pytest.raises(UsageError, match="chmod 600"):
        keys.private_key(tmp_path / "acme.key")


def test_public_keys_from_text_and_file(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# ours\n{ACME.verifier}\n\n{OTHER.verifier} # theirs\n")
    assert keys.public_keys(str(path)) == [ACME.verifier, OTHER.verifier]
    assert keys.public_keys(str(ACME.verifier)) == [ACME.verifier]
    for wrong in ("a+b", str(tmp_path / "none"), str(ACME.verifier)[:-1]):
        with pytest.raises(UsageError):
            keys.public_keys(wrong)


def test_a_verified_note_is_believed_under_the_same_keys_only(folder: Path, store: Store) -> None:
    signing.sign([folder / "acme.bloom"], [ACME])
    raw = note_in(folder)
    accept(raw, store)
    assert store.verified(raw, store.keys()) is not None
    store.distrust(ORIGIN)
    with pytest.raises(NoteError, match="nobody"):
        accept(raw, store)


def test_a_digest_is_remembered_while_the_file_stays(folder: Path, store: Store) -> None:
    path = folder / "acme.bloom"
    store.remember_digest(path.stat(), b"d" * 32)
    assert store.digest(path.stat()) == b"d" * 32
    path.write_bytes(path.read_bytes())
    assert store.digest(path.stat()) is None


def test_what_was_seen_is_not_forgotten_silently(folder: Path, store: Store) -> None:
    signing.sign([folder / "acme.bloom"], [ACME])
    accept(note_in(folder), store)
    (store.folder / "seen.json").write_text("{")
    with pytest.raises(UsageError, match="damaged"):
        accept(note_in(folder), store)
    (store.folder / "verified.json").write_text("[]")
    (store.folder / "seen.json").write_text(json.dumps({ORIGIN: 9}))
    with pytest.raises(NoteError, match="older"):
        accept(note_in(folder), store)
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700


def test_a_name_is_peeked_at_but_never_believed(folder: Path) -> None:
    signing.sign([folder / "acme.bloom"], [ACME])
    assert proof.peek(note_in(folder)).origin == ORIGIN


def test_a_lost_list_is_followed_by_a_higher_edition(folder: Path, store: Store) -> None:
    fresh = Signer.new(ORIGIN)
    store.trust(fresh.verifier)
    store.remember_serial(ORIGIN, 7)
    assert signing.sign([folder / "acme.bloom"], [fresh]).serial == 1
    with pytest.raises(NoteError, match="older"):
        accept(note_in(folder), store)
    assert signing.sign([folder / "acme.bloom"], [fresh], after=7).serial == 8
    assert accept(note_in(folder), store).serial == 8
    assert signing.sign([folder / "acme.bloom"], [fresh], after=7).serial == 9


def test_a_file_that_was_never_listed_is_withdrawn_by_its_digest(
    folder: Path, store: Store
) -> None:
    signing.sign([folder / "acme.bloom"], [ACME])
    signing.withdraw(folder / "pairs.bloom", "a draft", [ACME])
    with (folder / "pairs.bloom").open("rb") as file:
        digest, _ = verity.tree_of(file, (folder / "pairs.bloom").stat().st_size)
    found = accept(note_in(folder), store)
    assert (dict(found.withdrawn), set(found.filters)) == ({digest: "a draft"}, {"acme.bloom"})
    with pytest.raises(UsageError, match="was withdrawn: a draft"):
        signing.sign([folder / "pairs.bloom"], [ACME])


def test_another_file_than_the_listed_one_is_not_withdrawn(folder: Path) -> None:
    signing.sign([folder / "acme.bloom"], [ACME])
    (folder / "acme.bloom").write_bytes(b"another")
    with pytest.raises(UsageError, match="another file than the one that the list names"):
        signing.withdraw(folder / "acme.bloom", "wrong dump", [ACME])
    (folder / "acme.bloom").unlink()
    assert signing.withdraw(folder / "acme.bloom", "wrong dump", [ACME]).serial == 2


@contextmanager
def somebody_else() -> Iterator[None]:
    """While this is held, files are reached as a user who owns none of them."""
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def shared() -> Iterator[Store]:
    """A folder of trust in a place that everybody reaches."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        held = Store(Path(name) / "trust")
        held.trust(ACME.verifier)
        yield held


def test_who_may_not_read_whom_the_owner_trusts_is_told_what_to_do(
    folder: Path, shared: Store
) -> None:
    signing.sign([folder / "acme.bloom"], [ACME])
    raw = note_in(folder)
    accept(raw, shared)
    with somebody_else(), pytest.raises(UsageError, match=r"chmod -R a\+rX.*LEAKCHECK_HOME"):
        accept(raw, shared)
    for path in (shared.folder, shared.folder / "editions", *shared.folder.rglob("*")):
        path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
    with somebody_else():
        assert accept(raw, shared).serial == 1
    (shared.folder / "verified.json").unlink()  # which only saves time
    with somebody_else():
        assert accept(raw, shared).serial == 1
        assert shared.origins() == {ORIGIN}
    signing.sign([folder / "pairs.bloom"], [ACME])
    newer = note_in(folder)
    with somebody_else(), pytest.raises(UsageError, match="could not be noted"):
        accept(newer, shared)
    assert accept(newer, shared).serial == 2
    with somebody_else():  # what the owner writes into a folder that others read, they read
        assert accept(newer, shared).serial == 2
        with pytest.raises(NoteError, match="older"):
            accept(raw, shared)


def test_what_many_see_at_once_is_all_remembered(store: Store) -> None:
    def see(at: int) -> None:
        for serial in range(1, 6):
            Store(store.folder).remember(f"example.org/{at}", serial, b"%d" % serial)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(see, range(8)))
    for at in range(8):
        assert store.serial(f"example.org/{at}") == 5
        assert store.newest(f"example.org/{at}") == b"5"


@pytest.mark.parametrize("seen", ["[]", "7", f'{{"{ORIGIN}": "9"}}', f'{{"{ORIGIN}": null}}'])
def test_what_was_seen_is_not_taken_for_nothing_where_it_cannot_be_read(
    seen: str, folder: Path, store: Store
) -> None:
    signing.sign([folder / "acme.bloom"], [ACME])
    (store.folder / "seen.json").write_text(seen)
    with pytest.raises(UsageError, match="damaged"):
        accept(note_in(folder), store)


@pytest.mark.parametrize("cached", ['{"notes": [], "files": 3}', '{"files": {"KEY": "zz"}}', "["])
def test_what_only_saves_time_may_be_damaged(cached: str, folder: Path, store: Store) -> None:
    signing.sign([folder / "acme.bloom"], [ACME])
    state = (folder / "acme.bloom").stat()
    text = cached.replace("KEY", trust.file_key(state))
    (store.folder / "verified.json").write_text(text)
    assert accept(note_in(folder), store).serial == 1
    (store.folder / "verified.json").write_text(text)
    assert store.digest(state) is None
    store.remember_digest(state, b"d" * 32)
    assert store.digest(state) == b"d" * 32
