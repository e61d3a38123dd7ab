"""A mirror need not be trusted: what its publisher did not sign is never an answer."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from loopback.filters import key, wide_header
from loopback.misbehaving import Answer, Piece, Request, Server, file, reply

import bloom
from bloom.format import checksum, encode_header, seal_page
from leakcheck.sources import Access
from leakcheck.sources.names import open_source
from leakcheck.subject.kinds import Kind
from leakcheck.trust import signing
from leakcheck.trust.edition import FILE_NAME
from leakcheck.trust.note import Signer
from leakcheck.trust.store import Store
from leakcheck.verdicts import Lookup

PAGE = 4096
ACME = Signer("filters.example.org/acme", bytes(range(32)))
OTHER = Signer("filters.example.org/other", b"o" * 32)
MANY = 300_000
"""Keys enough for a tree of two levels."""
Files = dict[str, bytes]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A folder as it is published: a filter of many pages, a small one, trees and list."""
    folder = tmp_path_factory.mktemp("published")
    for name, count in (("acme.bloom", MANY), ("pairs.bloom", 100)):
        with bloom.Builder.open(folder / name, 20) as builder:
            builder.add(b"".join(map(key, range(count))))
            builder.finish(folder / name, 1e-6, {"kind": "email", "name": name})
    signing.sign([folder / "acme.bloom", folder / "pairs.bloom"], [ACME])
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(autouse=True)
def _trusting() -> None:
    Store().trust(ACME.verifier)


def serving(files: Files) -> Answer:
    def answer(request: Request) -> Iterable[Piece]:
        data = files.get(request.target.removeprefix("/"))
        return [reply(404)] if data is None else file(data)(request)

    return answer


def ask(files: Files, **access: object) -> tuple[Lookup, str | None, Server]:
    """What is answered of a key and of one that is none, who vouches, what was asked."""
    with Server(serving(files)) as server:
        source = open_source(
            f"{server.url}/acme.bloom",
            [Kind.EMAIL],
            Access(timeout=5.0, **access),  # type: ignore[arg-type]
        )
        try:
            return source.lookup(key(7) + key(MANY + 1)), source.info.signed, server
        finally:
            source.close()


def test_a_proved_answer(files: Files) -> None:
    found, signed, server = ask(files)
    assert (found.codes, signed) == (b"\1\0", f"signed by {ACME.name}, edition 1")
    assert [request.target for request in server.requests][:3] == [
        "/acme.bloom", f"/{FILE_NAME}", "/acme.bloom.verity",
    ]  # fmt: skip


def test_who_asks_is_not_told_apart_by_the_answer(files: Files) -> None:
    """As many requests, of the same lengths, whether exposed or clean."""
    shapes = []
    for subject in (key(7), key(MANY + 1)):
        with Server(serving(files)) as server:
            source = open_source(f"{server.url}/acme.bloom", [Kind.EMAIL], Access(timeout=5.0))
            source.lookup(subject)
            source.close()
            shapes.append(sorted((len(request.raw), request.target) for request in server.requests))
    assert shapes[0] == shapes[1]


def test_decoys_are_proved_like_the_page(files: Files) -> None:
    _, _, server = ask(files, decoys=3)
    pages = [each for each in server.requests if each.target == "/acme.bloom"]
    trees = [each for each in server.requests if each.target == "/acme.bloom.verity"]
    assert len(pages) == 1 + 2 * 4
    assert len(trees) == len(pages)


def test_nobody_is_trusted_nothing_more_is_asked(files: Files) -> None:
    Store().distrust(ACME.name)
    found, signed, server = ask(files)
    assert (found.codes, signed) == (b"\1\0", "")
    assert {request.target for request in server.requests} == {"/acme.bloom"}


def test_a_signature_can_be_required(files: Files) -> None:
    Store().distrust(ACME.name)
    Store().trust(OTHER.verifier)
    found, _, _ = ask(files, require_signature=True)
    assert found.codes == b"\2\2"


def test_a_required_signature_is_required_of_what_could_not_be_read_at_first(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakcheck.sources.filter_url._REST", 0.0)
    monkeypatch.setattr("leakcheck.sources.filter_url._RENEW", 0.0)
    there: Files = {}
    with Server(lambda request: serving(there)(request)) as server:
        access = Access(timeout=5.0, require_signature=True)
        source = open_source(f"{server.url}/acme.bloom", [Kind.EMAIL], access)
        assert source.lookup(key(7)).codes == b"\2"
        there["acme.bloom"] = files["acme.bloom"]
        asked = len(server.requests)
        found = source.lookup(key(7))
        assert found.reasons == {0: "nobody whom you trust has signed it"}
        assert {one.target for one in server.requests[asked:]} == {"/acme.bloom", f"/{FILE_NAME}"}
        there.update(files)
        assert source.lookup(key(7)).codes == b"\1"
        source.close()


def lies(files: Files) -> Iterator[tuple[str, Files]]:
    """Each way to lie, and the files that a mirror then serves."""
    acme, tree, note = files["acme.bloom"], files["acme.bloom.verity"], files[FILE_NAME]
    header = bloom.decode_header(acme[:PAGE])

    def forged(data: bytes, number: int) -> bytes:
        """Page `number` emptied, with the checksum that fits."""
        at = PAGE * (1 + number)
        body = bytes(PAGE - 8)
        seal = checksum(body, header.seed ^ number)
        return data[:at] + body + seal + data[at + PAGE :]

    emptied = acme
    for number in range(header.pages):
        emptied = forged(emptied, number)
    yield "pages emptied, checksums mended", {"acme.bloom": emptied}
    yield "another filter under its name", {"acme.bloom": files["pairs.bloom"]}
    yield (
        "names exchanged",
        {
            "acme.bloom": files["pairs.bloom"],
            "acme.bloom.verity": files["pairs.bloom.verity"],
            "pairs.bloom": acme,
            "pairs.bloom.verity": tree,
        },
    )
    yield "a tree cut short", {"acme.bloom.verity": tree[:PAGE]}
    yield "no tree", {"acme.bloom.verity": b""}
    yield (
        "levels exchanged",
        {"acme.bloom.verity": tree[PAGE : 2 * PAGE] + tree[:PAGE] + tree[2 * PAGE :]},
    )
    yield "the tree of what is served", {"acme.bloom": emptied, "acme.bloom.verity": _tree(emptied)}
    yield "a list without the filter", {FILE_NAME: _signed(files, ["pairs.bloom"])}
    yield "a list with a wrong signature", {FILE_NAME: note.replace(b"1 20", b"2 20", 1)}
    yield "a list cut short", {FILE_NAME: note[:-20]}
    yield "a list of 2 MB", {FILE_NAME: note + b"x" * (2 << 20)}
    yield "a withdrawn filter", {FILE_NAME: _withdrawn(files)}


def _tree(data: bytes) -> bytes:
    import io

    from leakcheck.trust.verity import tree_of

    return tree_of(io.BytesIO(data), len(data))[1]


def _signed(files: Files, names: list[str]) -> bytes:
    from dataclasses import replace

    from leakcheck.trust import edition, note

    found = edition.parse(note.verify(files[FILE_NAME], [ACME.verifier])[0])
    kept = {name: entry for name, entry in found.filters.items() if name in names}
    return note.sign(replace(found, filters=kept).text(), [ACME])


def _withdrawn(files: Files) -> bytes:
    from dataclasses import replace

    from leakcheck.trust import edition, note

    found = edition.parse(note.verify(files[FILE_NAME], [ACME.verifier])[0])
    gone = {found.filters["acme.bloom"].digest: "wrong dump"}
    return note.sign(replace(found, withdrawn=gone).text(), [ACME])


LIES = [
    "pages emptied, checksums mended", "another filter under its name", "names exchanged",
    "a tree cut short", "no tree", "levels exchanged", "the tree of what is served",
    "a list without the filter", "a list with a wrong signature", "a list cut short",
    "a list of 2 MB", "a withdrawn filter",
]  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_no_lie_is_an_answer(lie: str, files: Files) -> None:
    spoilt = dict(lies(files))
    assert list(spoilt) == LIES
    found, _, _ = ask(files | spoilt[lie])
    assert found.codes == b"\2\2", lie
    assert all(found.reasons.values())


def test_an_old_edition_is_no_answer(files: Files) -> None:
    Store().remember_serial(ACME.name, 2)
    found, _, _ = ask(files)
    assert found.codes == b"\2\2"
    assert "older than edition 2" in found.reasons[0]


def test_a_list_of_somebody_else_proves_nothing(files: Files) -> None:
    from leakcheck.trust import edition, note

    text = note.verify(files[FILE_NAME], [ACME.verifier])[0]
    theirs = note.sign(text.replace(edition.parse(text).origin, OTHER.name), [OTHER])
    found, signed, _ = ask(files | {FILE_NAME: theirs})
    assert signed == ""
    assert found.codes == b"\1\0"
    found, _, _ = ask(files | {FILE_NAME: theirs}, require_signature=True)
    assert found.codes == b"\2\2"


def test_a_missing_list_of_a_trusted_publisher(tmp_path: Path) -> None:
    path = tmp_path / "acme.bloom"
    with bloom.Builder.open(path, 20) as builder:
        builder.add(key(1))
        builder.finish(path, 1e-6, {"kind": "email", "origin": ACME.name})
    found, _, _ = ask({"acme.bloom": path.read_bytes()})
    assert found.codes == b"\2\2"
    assert "the signed list of filters.example.org/acme is missing" in found.reasons[0]


def test_a_large_filter_costs_no_more_requests(tmp_path: Path) -> None:
    """A tree of three levels: two requests more when cold, one more with each page."""
    header = wide_header(128 * 128 + 3)
    body = encode_header(header) + b"".join(
        seal_page(bytes(4088), number, header.seed) for number in range(header.pages)
    )
    path = tmp_path / "wide.bloom"
    path.write_bytes(body)
    signing.sign([path], [ACME])
    held = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    with Server(serving(held)) as server:
        source = open_source(f"{server.url}/wide.bloom", [Kind.EMAIL], Access(timeout=5.0))
        assert source.info.signed
        assert len(server.requests) == 3
        for count in range(3):
            assert source.lookup(key(count)).codes == b"\0"
        asked = [(request.target, request.span()) for request in server.requests[3:]]
        source.close()
    assert sorted(target for target, _ in asked) == ["/wide.bloom"] * 3 + ["/wide.bloom.verity"] * 3
    assert all(span is not None and span[1] - span[0] == PAGE - 1 for _, span in asked)


def test_a_long_visit_asks_for_the_list_again(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leakcheck.sources import filter_url

    held = dict(files)
    with Server(serving(held)) as server:
        source = open_source(f"{server.url}/acme.bloom", [Kind.EMAIL], Access(timeout=5.0))
        held[FILE_NAME] = _withdrawn(files)
        assert source.lookup(key(7)).codes == b"\1"
        monkeypatch.setattr(filter_url, "_RENEW", 0.0)
        found = source.lookup(key(8))
        source.close()
    assert found.codes == b"\2"
    assert "wrong dump" in found.reasons[0]


def test_a_filter_taken_from_the_list_is_said_to_be_withdrawn(files: Files) -> None:
    from dataclasses import replace

    from leakcheck.trust import edition, note

    found = edition.parse(note.verify(_withdrawn(files), [ACME.verifier])[0])
    left = {name: entry for name, entry in found.filters.items() if name != "acme.bloom"}
    gone = note.sign(replace(found, filters=left).text(), [ACME])
    answer, _, _ = ask(files | {FILE_NAME: gone})
    assert answer.codes == b"\2\2"
    assert answer.reasons[0] == f"{ACME.name} has withdrawn it: wrong dump"


def test_in_a_publishers_own_place_their_list_must_be_there(files: Files) -> None:
    held = {name: data for name, data in files.items() if name != FILE_NAME}
    with Server(serving(held)) as server:
        for place, codes in (("http://127.0.0.1:1/", b"\1\0"), (f"{server.url}/", b"\2\2")):
            Store().remember_place(ACME.name, place)
            source = open_source(f"{server.url}/acme.bloom", [Kind.EMAIL], Access(timeout=5.0))
            assert source.lookup(key(7) + key(MANY + 1)).codes == codes
            source.close()
        Store().remember_place(ACME.name, "http://127.0.0.1:1/")
        Store().trust(Signer(server.url.partition("//")[2], b"p" * 32).verifier)
        source = open_source(f"{server.url}/acme.bloom", [Kind.EMAIL], Access(timeout=5.0))
        assert source.lookup(key(7)).codes == b"\2"
        source.close()


def test_a_filter_that_became_one_of_another_kind_in_a_long_visit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leakcheck.sources import filter_url

    def publish(kind: str, size: int) -> Files:
        with bloom.Builder.open(tmp_path / "acme.bloom", size, replace=True) as builder:
            builder.add(key(7)[:size])
            builder.finish(tmp_path / "acme.bloom", 1e-6, {"kind": kind}, replace=True)
        signing.sign([tmp_path / "acme.bloom"], [ACME])
        return {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    held = publish("email", 20)
    with Server(serving(held)) as server:
        source = open_source(f"{server.url}/acme.bloom", [Kind.EMAIL], Access(timeout=5.0))
        assert source.lookup(key(7)).codes == b"\1"
        held.update(publish("ntlm", 16))
        monkeypatch.setattr(filter_url, "_RENEW", 0.0)
        found = source.lookup(key(8))
        source.close()
    assert (found.codes, found.reasons[0]) == (
        b"\2", "the filter on the server now holds another kind of subject",
    )  # fmt: skip


def test_a_list_that_is_gone_in_a_long_visit(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    from leakcheck.sources import filter_url

    held = dict(files)
    with Server(serving(held)) as server:
        source = open_source(f"{server.url}/acme.bloom", [Kind.EMAIL], Access(timeout=5.0))
        assert source.lookup(key(7)).codes == b"\1"
        del held[FILE_NAME]
        monkeypatch.setattr(filter_url, "_RENEW", 0.0)
        found = source.lookup(key(8))
        source.close()
    assert found.codes == b"\2"
    assert "is no longer signed by anyone you trust" in found.reasons[0]
