"""Sealed filters, end to end: built, asked, what goes over the wire, and oracles that misbehave."""

import base64
import itertools
import json
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from loopback.misbehaving import Answer, Piece, Request, Server, file, reply
from loopback.serving import serving
from program import leakcheck

from leakcheck import check
from leakcheck.building import BuildRequest, build
from leakcheck.errors import LeakcheckError, UsageError
from leakcheck.serving.messages import HttpRequest
from leakcheck.serving.oracle import Oracle, Rate
from leakcheck.sources import Access
from leakcheck.sources.names import open_source
from leakcheck.subject.digests import sha1
from leakcheck.subject.identity import Hardening, engine
from leakcheck.subject.kinds import Kind
from leakcheck.trust.sealing import make_sealing_key, read_sealing_key
from leakcheck.verdicts import Verdict

pytestmark = pytest.mark.skipif(
    engine()[0] != "native", reason="sealing is in the native part alone"
)
CHEAP = "$argon2id$v=19$m=8,t=1,p=1$AAECAwQFBgcICQoLDA0ODw"
IN, OUT = "user7@example.fr", "nobody@example.fr"
MANY = Rate(100_000, 60.0)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    make_sealing_key(tmp_path / "acme.seal")
    return tmp_path / "acme.seal"


@pytest.fixture
def make(tmp_path: Path, key: Path) -> Callable[..., Path]:
    """Builds a sealed filter of 500 addresses, asked at a URL."""
    dump = tmp_path / "dump.txt"
    dump.write_text("".join(f"user{at}@example.fr\n" for at in range(500)))

    def made(url: str, name: str = "s.bloom", **options: Any) -> Path:
        (tmp_path / "public").mkdir(exist_ok=True)
        output = tmp_path / "public" / name
        asked: dict[str, Any] = {"harden": CHEAP, "seal": key, "oracle": url} | options
        request = BuildRequest((str(dump),), output, Kind.EMAIL, threads=1, force=True, **asked)
        build(request, lambda said: None, lambda *_: None, lambda *_: None)
        return output

    return made


def oracle_of(key: Path, rate: Rate = MANY, spoil: Callable[[bytes], bytes] = bytes) -> Answer:
    """Answers as `leakcheck serve` does; spoil: what becomes of a good body."""
    oracle = Oracle(read_sealing_key(key), rate, MANY)

    def answer(request: Request) -> Iterable[Piece]:
        path, _, query = request.target.partition("?")
        assert path == "/seal"
        found = oracle.answer(HttpRequest("GET", path, query.encode(), request.headers), "1.2.3.4")
        fields = {name.replace("-", "_"): value for name, value in found.fields.items()}
        return [reply(found.status, spoil(found.body), **fields)]

    return answer


def verdict_of(path: Path | str, subject: str = IN, **access: Any) -> tuple[Verdict, str]:
    (answer,) = check([subject], sources=[str(path)], access=Access(**{"timeout": 5.0} | access))
    return answer.verdict, answer.sources[0].reason or ""


def test_a_filter_is_sealed_served_and_asked(make: Callable[..., Path], key: Path) -> None:
    folder = make("http://127.0.0.1:9/").parent
    with serving(folder, "--sealing-key", str(key)) as (place, _):
        url = f"{place}/"
        path = make(url)
        for source in (path, f"{url}s.bloom"):
            assert verdict_of(source) == (Verdict.EXPOSED, "")
            assert verdict_of(source, OUT) == (Verdict.CLEAN, "")
        node = shutil.which("node")
        if node:
            page_agrees(url, path)


def page_agrees(url: str, path: Path) -> None:
    """The page's client gets the digests that are in the filter, by one question for two visits."""
    from leakcheck.sources.filter_file import LocalFilter

    opened = LocalFilter(path)
    tests = Path(__file__).parent.parent
    identity = dict(opened.header.about)["identity"]
    question = {
        "op": "digests", "identity": identity, "kind": "email",
        "plain": [sha1(IN).hex()], "times": 2,
    }  # fmt: skip
    site = tests.parent / "leakcheck" / "publishing" / "site"
    done = subprocess.run(
        ["node", tests / "publishing" / "identity.mjs", site],
        input=json.dumps(question) + "\n", capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    answer = json.loads(done.stdout)["answer"]
    assert len(answer["asked"]) == 1
    assert answer["asked"][0].startswith(f"{url}seal?points=")
    opened.reach(Access())
    made = opened._made(opened.info.identity, sha1(IN), 20)  # type: ignore[arg-type]
    assert answer["found"] == [made.made[0].hex()]  # type: ignore[union-attr]
    opened.close()


def sentinels(subject: str) -> list[bytes]:
    """The address and its digests, in the ways in which they could be written."""
    plain = sha1(subject)
    hard = Hardening.parse(CHEAP).digests([plain])
    raw = [subject.encode(), *(each[:8] for each in (plain, hard))]
    return [
        *raw,
        *(each.hex().encode() for each in raw),
        *(base64.b64encode(each).rstrip(b"=")[:-1] for each in raw),
        *(base64.urlsafe_b64encode(each).rstrip(b"=")[:-1] for each in raw),
    ]


def test_on_the_wire_is_nothing_that_tells(
    make: Callable[..., Path], key: Path, serve: Callable[..., Server]
) -> None:
    oracle = serve(oracle_of(key))
    first, second = make(f"{oracle.url}/"), make(f"{oracle.url}/", "t.bloom")
    mirrors = [serve(file(path.read_bytes())) for path in (first, second)]

    def visit(subject: str, *some: Server) -> tuple[list[bytes], list[bytes]]:
        for each in (oracle, *mirrors):
            each.requests.clear()
        check([subject], sources=[f"{each.url}/x.bloom" for each in some])
        asked = [request.raw for request in oracle.requests]
        return asked, [request.raw for each in some for request in each.requests]

    visits = [visit(subject, *some) for subject in (IN, OUT, IN) for some in (mirrors[:1], mirrors)]
    for subject in (IN, OUT):
        for raw in itertools.chain.from_iterable(asked + pages for asked, pages in visits):
            assert not [each for each in sentinels(subject) if each.lower() in raw.lower()]
    # As many questions, of one size, for exposed and clean, and for one filter and for two.
    assert {tuple(map(len, asked)) for asked, _ in visits} == {(len(visits[0][0][0]),)}
    assert len({tuple(map(len, pages)) for _, pages in visits[::2]}) == 1
    # Two visits share nothing that is not fixed.
    points = [asked[0].split(b"points=")[1].split(b" ")[0] for asked, _ in visits]
    for one, other in itertools.combinations(points, 2):
        pieces = {one[at : at + 8] for at in range(len(one) - 7)}
        assert not [at for at in range(len(other) - 7) if other[at : at + 8] in pieces]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda body: body[:-1] + bytes([body[-1] ^ 1]), "its proof is wrong"),
        (lambda body: body[32:64] + body[:32] + body[64:], "its proof is wrong"),
        (lambda body: bytes(len(body)), "its proof is wrong"),
        (lambda body: body[:-64], "another length"),
        (lambda body: b"", "another length"),
        (lambda body: body * 2, "longer than was asked for"),
    ],
)
def test_a_forged_answer_is_none(
    make: Callable[..., Path], key: Path, serve: Callable[..., Server],
    spoil: Callable[[bytes], bytes], words: str,
) -> None:  # fmt: skip
    oracle = serve(oracle_of(key, spoil=spoil))
    for subject in (IN, OUT):
        verdict, reason = verdict_of(make(f"{oracle.url}/"), subject)
        assert verdict is Verdict.UNKNOWN
        assert words in reason
        assert re.search(r"try again in (60|5\d) seconds", reason), "a busy machine counts down"


def test_another_key_for_one_visitor_is_found_out(
    make: Callable[..., Path], tmp_path: Path, serve: Callable[..., Server]
) -> None:
    make_sealing_key(tmp_path / "other.seal")
    oracle = serve(oracle_of(tmp_path / "other.seal"))
    verdict, reason = verdict_of(make(f"{oracle.url}/"))
    assert (verdict, "does not answer with the key that the filter names" in reason) == (
        Verdict.UNKNOWN,
        True,
    )


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([reply(404)], "there is no oracle at that place"),
        ([reply(503)], "status 503"),
        ([reply(429, Retry_After="37")], "limits how often it is asked): try again in 37 seconds"),
        ([reply(413)], "it takes no question"),
        ([reply(302, Location="https://elsewhere.example/")], "redirects to another place"),
        ([None], "broke the connection off"),
        ([5.0], "did not answer in time"),
    ],
)
def test_an_oracle_that_does_not_answer_is_unknown_with_the_reason(
    make: Callable[..., Path], serve: Callable[..., Server], answer: list[Piece], words: str
) -> None:
    oracle = serve(lambda request: answer)
    verdict, reason = verdict_of(make(f"{oracle.url}/"), timeout=1.0)
    assert verdict is Verdict.UNKNOWN
    assert words in reason
    assert "try again in" in reason
    asked = b"".join(request.raw for request in oracle.requests)
    assert b"points=" in asked
    assert "points" not in reason


def test_a_failed_oracle_is_left_alone_for_a_while(
    make: Callable[..., Path], serve: Callable[..., Server]
) -> None:
    from leakcheck.sources.filter_file import LocalFilter

    oracle = serve(lambda request: [reply(404)])
    opened = LocalFilter(make(f"{oracle.url}/"))
    opened.reach(Access())
    for at in range(3):
        found = opened.lookup(sha1(f"user{at}@example.fr"))
        assert "there is no oracle at that place" in found.reasons[0]
    assert len(oracle.requests) == 1
    opened.close()


def test_many_are_asked_in_few_questions_of_fixed_sizes(
    make: Callable[..., Path], key: Path, serve: Callable[..., Server]
) -> None:
    oracle = serve(oracle_of(key))
    path = make(f"{oracle.url}/")
    subjects = [f"user{at}@example.fr" for at in range(490, 490 + 213)]
    answers = check(subjects, sources=[str(path)])
    assert [answer.verdict for answer in answers] == [Verdict.EXPOSED] * 10 + [Verdict.CLEAN] * 203
    sizes = [len(base64.urlsafe_b64decode(request.target.split("=")[1] + "==")) // 32
             for request in oracle.requests]  # fmt: skip
    assert sizes == [100, 100, 100]
    check(subjects[:3], sources=[str(path)])
    assert len(oracle.requests[-1].target) == len("/seal?points=") + 427  # ten elements


def test_a_limit_is_kept_and_told(
    make: Callable[..., Path], key: Path, serve: Callable[..., Server]
) -> None:
    oracle = serve(oracle_of(key, Rate(30, 3600.0)))
    subjects = [f"user{at}@example.fr" for at in range(40)]
    answers = check(subjects, sources=[str(make(f"{oracle.url}/"))])
    verdicts = [answer.verdict for answer in answers]
    assert verdicts == [Verdict.EXPOSED] * 30 + [Verdict.UNKNOWN] * 10
    reason = answers[-1].sources[0].reason
    assert "limits how often it is asked" in str(reason)
    assert "try again in 1" in str(reason)  # ten elements at thirty an hour: 1200 seconds


def test_offline_asks_nobody(
    make: Callable[..., Path], key: Path, serve: Callable[..., Server]
) -> None:
    oracle = serve(oracle_of(key))
    path = make(f"{oracle.url}/")
    verdict, reason = verdict_of(path, offline=True)
    assert (verdict, "no request is allowed" in reason) == (Verdict.UNKNOWN, True)
    source = open_source(str(path), [Kind.EMAIL], Access(offline=True))
    assert source.refusal() == reason
    source.close()
    assert not oracle.requests


def test_without_the_native_part_the_answer_is_unknown(
    make: Callable[..., Path], key: Path, serve: Callable[..., Server],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    oracle = serve(oracle_of(key))
    path = make(f"{oracle.url}/")
    pytest.importorskip("argon2")
    monkeypatch.setenv("BLOOM_ENGINE", "python")
    verdict, reason = verdict_of(path)
    assert (verdict, "native part" in reason) == (Verdict.UNKNOWN, True)


def test_a_stolen_key_still_leaves_the_slow_hash(make: Callable[..., Path], key: Path) -> None:
    from leakcheck import _native
    from leakcheck.sources.filter_file import LocalFilter

    opened = LocalFilter(make("https://seal.example.org/"))
    stolen = read_sealing_key(key).private
    plain = sha1(IN)
    assert opened._filter.look_up(_native.seal(stolen, [plain])) == 0
    hard = Hardening.parse(CHEAP).digests([plain])
    assert opened._filter.look_up(_native.seal(stolen, [hard])) == 1
    opened.close()


def test_an_update_needs_the_same_key(make: Callable[..., Path], key: Path, tmp_path: Path) -> None:
    old = make("https://seal.example.org/", "old.bloom", keep_keys=True)
    make_sealing_key(tmp_path / "other.seal")
    for options in ({"seal": None, "oracle": None}, {"seal": tmp_path / "other.seal"}):
        with pytest.raises(UsageError, match="give its key with --seal"):
            make("https://seal.example.org/", harden=None, update=old, **options)
    new = make("", "new.bloom", harden=None, oracle=None, update=old)
    assert new.read_bytes() == old.read_bytes()


def test_the_command_says_whom_it_asked(
    make: Callable[..., Path], key: Path, serve: Callable[..., Server]
) -> None:
    oracle = serve(oracle_of(key))
    path = make(f"{oracle.url}/")
    done = leakcheck("check", OUT, "--in", path)
    assert done.status == 0, done.err
    assert f"s.bloom is sealed: {oracle.url}/ was asked, and learned neither" in done.out
    done = leakcheck("check", OUT, "--in", path, "--offline")
    assert done.status == 2
    assert "was asked" not in done.out
    assert len(oracle.requests) == 1
    told = leakcheck("info", path).out
    assert f"cannot be tested offline, only by asking {oracle.url}/" in told
    assert "hardened (Argon2id, 8 KiB, 1 pass): a guess costs 0." in told


def test_the_attack_finds_all_of_a_plain_filter_and_little_of_the_others() -> None:
    root = Path(__file__).parent.parent.parent
    done = subprocess.run(
        [sys.executable, root / "scripts" / "enumerate.py", "--seconds", "1", "--keys", "200",
         "--candidates", "50000", "--harden", CHEAP.replace("m=8", "m=4096"), "--limit", "4/hour"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if "%" in line]
    found = {row[0]: (float(row[1].replace(",", "")), float(row[3].strip(" |%"))) for row in rows}
    assert found["plain"][1] == 100.0
    assert found["hardened"][0] < found["plain"][0] / 20
    assert found["hardened"][1] < 50.0
    assert int(rows[2][2]) == 2  # of four elements, two to a question


# ---- keys


def test_a_sealing_key_is_for_its_owner_alone_and_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "x.seal"
    key = make_sealing_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert key.private.hex() not in repr(key)
    assert read_sealing_key(path) == key
    with pytest.raises(UsageError, match="never replaced"):
        make_sealing_key(path)
    path.chmod(0o640)
    with pytest.raises(UsageError, match="chmod 600"):
        read_sealing_key(path)
    secret = path.read_text().split()[1]
    for text in ("", secret, f"leakcheck-sealing-key-v1 {secret[:-4]}", "leakcheck-sealing-key-v1 "
                 + base64.b64encode(b"\xff" * 32).decode(), f"{secret} {secret}"):  # fmt: skip
        path.write_text(text)
        with pytest.raises(LeakcheckError, match="not a sealing key") as caught:
            read_sealing_key(path)
        assert secret[:8] not in str(caught.value)
