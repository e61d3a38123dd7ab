"""Every line is accounted for; long lines are one line; the same bytes however it is read."""

import random
import re
from pathlib import Path

import pytest
from builds import known, made, put
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import leakcheck.input.chunk as chunk_module
from leakcheck.building import line_jobs
from leakcheck.building.distinct_estimate import DistinctEstimate
from leakcheck.extract import ENGINE
from leakcheck.wording import bars

LINES = st.lists(
    st.sampled_from(
        [
            b"ada@example.fr:word",
            b"ada@example.fr",
            b"two@example.org and three@example.org",
            b"bad@domain.invalidtld:x",
            b"no address",
            b"",
            b"\0\xff\xfe",
            b"5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:1",
            b"5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD9:50",
            b"5BAA61",
            b"x" * 3000,
        ]
    ),
    min_size=1,
    max_size=30,
).map(b"\n".join)
WAYS = [
    ("email", "text"),
    ("domain", "text"),
    ("password", "passwords"),
    ("ntlm", "combo"),
    ("credential", "combo"),
    ("password", "hashes"),
    ("password", "stealer"),
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(LINES, st.sampled_from(WAYS), st.booleans())
def test_accepted_and_rejected_are_all_lines(
    tmp_path: Path, data: bytes, way: tuple[str, str], ended: bool
) -> None:
    kind, form = way
    data = b"ada@example.fr:word\n5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8\n" + data
    data += b"\n" if ended and not data.endswith(b"\n") else b""
    report = made(
        tmp_path, put(tmp_path, "d", data), kind=kind, form=form, rejects=tmp_path / "rejects"
    )
    [tally] = report.inputs  # made() has tested the sum
    if form != "stealer":  # whose lines are the accounts it holds
        assert tally.lines == len(data.removesuffix(b"\n").split(b"\n"))
    noted = (tmp_path / "rejects").read_text().splitlines()[1:]
    reasons: dict[str, int] = {}
    for row in noted:
        _, line, reason = row.split("\t")
        assert 1 <= int(line) <= tally.lines
        reasons[reason] = reasons.get(reason, 0) + 1
    assert reasons == tally.rejected


MANY = [f"secret{number}" for number in range(1000)]
RETURNS = "".join(f"{word}\r" for word in MANY)
FEEDS = "".join(f"{word}\n" for word in MANY[:500])
BIG = "".join(f"long secret {number}\r" for number in range(200_000))  # over several chunks


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (RETURNS, 1000),
        (RETURNS + "\n", 1000),
        (RETURNS + FEEDS, 1500),
        (FEEDS + RETURNS, 1500),
        (RETURNS.replace("\r", "\r\n") + RETURNS, 2000),
        (FEEDS + BIG + RETURNS + "\n", 201_500),
        (BIG + RETURNS + FEEDS, 201_500),
    ],
    ids=[
        "carriage returns alone",
        "an LF at the end",
        "then LF",
        "LF first",
        "CRLF first",
        "a long tail",
        "a long head",
    ],
)
@pytest.mark.parametrize("form", ["passwords", "combo"])
def test_a_list_whose_lines_end_in_carriage_returns(
    tmp_path: Path, data: str, lines: int, form: str
) -> None:
    if form == "combo":
        data = re.sub("(?<![^\r\n])(?=[a-z])", "ada@example.fr:", data)
    report = made(tmp_path, put(tmp_path, "d", data), kind="password", form=form)
    [tally] = report.inputs
    assert (tally.lines, tally.accepted) == (lines, lines)
    assert all(known(tmp_path, "password", MANY))
    if lines > 200_000:
        places = range(0, 200_000, 7)
        assert all(known(tmp_path, "password", [f"long secret {place}" for place in places]))


def test_a_carriage_return_may_be_part_of_a_password(tmp_path: Path) -> None:
    made(tmp_path, put(tmp_path, "d", "one\rtwo\nthree\r\n"), kind="password", form="passwords")
    assert known(tmp_path, "password", ["one\rtwo", "one", "two", "three", "three\r"]) == [
        *[True] * 4,
        False,
    ]


def test_lists_that_were_joined_with_their_byte_order_marks(tmp_path: Path) -> None:
    lists = ["\ufeffone\ntwo", "\ufeffthree\nfour\n", "\ufefffive\n"]
    made(tmp_path, put(tmp_path, "d", "".join(lists)), kind="password", form="passwords")
    assert all(known(tmp_path, "password", ["one", "two", "three", "four", "five"]))


def test_rejects_are_numbered_as_the_lines_are_counted(tmp_path: Path) -> None:
    rows = [f"user{at}@example.fr" if at % 3 else f"none{at}" for at in range(3000)]
    ends = ["\r", "\n", "\r\n", "\r\r\n"]
    text = "".join(row + ends[at % 4] for at, row in enumerate(rows))
    made(tmp_path, put(tmp_path, "d", text), kind="email", rejects=tmp_path / "rejects")
    noted = (tmp_path / "rejects").read_text().splitlines()[1:]
    assert sorted(int(row.split("\t")[1]) for row in noted) == list(range(1, 3001, 3))


def test_rejects_name_the_right_lines_and_no_content(tmp_path: Path) -> None:
    rows = [f"user{at}@example.fr" if at % 3 else f"sentinel{at}" for at in range(5000)]
    dump = put(tmp_path, "d", "\n".join(rows) + "\n")
    made(tmp_path, dump, kind="email", rejects=tmp_path / "rejects")
    text = (tmp_path / "rejects").read_text()
    lines = sorted(int(row.split("\t")[1]) for row in text.splitlines()[1:])
    assert lines == [at + 1 for at in range(5000) if at % 3 == 0]
    assert "sentinel" not in text
    assert "@" not in text.replace(str(dump), "")


def test_rejected_records_are_named_by_number(tmp_path: Path) -> None:
    rows = ["id,email,password", "1,ada@example.fr,a", "2,nobody,sentinel", "3,b@example.fr,"]
    dump = put(tmp_path, "d.csv", "\n".join(rows) + "\n\n")
    made(tmp_path, dump, kind="credential", rejects=tmp_path / "rejects")
    noted = [row.split("\t")[1:] for row in (tmp_path / "rejects").read_text().splitlines()[1:]]
    assert sorted(noted) == [
        ["1", "header"], ["3", "no address"], ["4", "no password"], ["5", "empty"]
    ]  # fmt: skip


def long_line(size: int) -> bytes:
    """One INSERT of `size` bytes or so."""
    rows = b",".join(b"(%d,'user%d@example.fr','pw')" % (at, at) for at in range(size // 40))
    return b"INSERT INTO t VALUES " + rows + b";\n"


@pytest.mark.parametrize("kind", ["email", "password"])
def test_a_long_line_is_one_line(kind: str, tmp_path: Path) -> None:
    """20 MB: more than twice what a piece holds; half of that in plain Python."""
    line = long_line(20 << 20 if ENGINE == "native" else 10 << 20)
    dump = put(tmp_path, "d", b"first@example.fr\n" + line + b"last@example.fr")
    if kind == "email":
        report = made(tmp_path, dump, kind=kind)
        [tally] = report.inputs
        assert tally.lines == tally.accepted == 3
        assert tally.records == line.count(b"@") + 2
        assert all(known(tmp_path, kind, ["first@example.fr", "last@example.fr",
                                          f"user{line.count(b'@') - 1}@example.fr"]))  # fmt: skip
    else:
        report = made(tmp_path, dump, kind=kind, form="passwords")
        [tally] = report.inputs
        rejected = {"line too long to be read": 1}
        assert (tally.lines, tally.accepted, dict(tally.rejected)) == (3, 2, rejected)
        assert tally.failure == "it has a line too long to be read"  # which may hold anything


@pytest.mark.parametrize("size", [1, 2, 3, 5, 17, 64, 1000])
def test_every_chunk_size_gives_the_same_filter(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long lines are cut at every place that the size allows, and nothing changes."""
    text = (
        b"ada@example.fr:x\r\nben@example.org;carla%40example.com\n"
        + b", ".join(b"<user%d@example.fr>" % at for at in range(60))
        + b"\ndimitri@example.fr"
    )
    dump = put(tmp_path, "d", text)
    whole = made(tmp_path, dump, kind="email")
    expected = (tmp_path / "out.bloom").read_bytes()
    plain = chunk_module.chunks

    def small(stream, **options):  # type: ignore[no-untyped-def]
        options.pop("buffers")
        return plain(stream, size, longest=max(size, 400), **options)

    monkeypatch.setattr(line_jobs, "chunks", small)
    again = made(tmp_path, dump, kind="email", threads=3)
    assert (tmp_path / "out.bloom").read_bytes() == expected
    assert [(t.lines, t.accepted) for t in again.inputs] == [
        (t.lines, t.accepted) for t in whole.inputs
    ]


def test_order_threads_and_wrapping_do_not_change_the_filter(tmp_path: Path) -> None:
    import bz2
    import gzip

    rng = random.Random(5)
    rows = [b"user%d@example.fr:p\n" % rng.randrange(5000) for _ in range(20_000)]
    put(tmp_path, "in/a", b"".join(rows[:7000]))
    put(tmp_path, "in/b", gzip.compress(b"".join(rows[7000:15_000])))
    put(tmp_path, "in/c", bz2.compress(b"".join(rows[15_000:])))
    made(tmp_path, tmp_path / "in", kind="email", threads=4)
    first = (tmp_path / "out.bloom").read_bytes()
    rng.shuffle(rows)
    made(tmp_path, put(tmp_path, "one", b"".join(rows)), kind="email", threads=1)
    assert (tmp_path / "out.bloom").read_bytes() == first


def test_new_keys_are_counted_input_by_input(tmp_path: Path) -> None:
    for name, low, high in (("a", 0, 1000), ("b", 500, 1500), ("c", 0, 1500)):
        rows = "".join(f"user{at}@example.fr\n" for at in range(low, high))
        put(tmp_path, f"in/{name}", rows * 2)
    report = made(tmp_path, tmp_path / "in", kind="email", threads=1)
    assert [tally.new for tally in report.inputs] == [1000, 500, 0]
    assert report.header is not None
    assert report.header.keys == 1500
    assert report.duplicates == 7000 - 1500
    assert report.as_json()["inputs"][1]["rejected"] == {}


def test_many_new_keys_are_estimated() -> None:
    """Within 10 % (six standard errors), sorted or not, repeats not counted."""
    for ordered in (False, True):
        rng = random.Random(7)
        digests = [rng.randbytes(20) for _ in range(200_000)]
        if ordered:
            digests.sort()
        estimate = DistinctEstimate(20, exact=4096, sample=4096)
        total = 0
        for at in range(0, len(digests), 5000):
            total += estimate.add(b"".join(digests[at : at + 5000]))
        assert not estimate.exact
        assert 180_000 < total < 220_000
        assert estimate.add(b"".join(digests)) == 0


def test_bars_are_to_scale() -> None:
    rows = list(bars([("big", 100.0), ("half", 50.0)]))
    assert rows[0].count("#") == 2 * rows[1].count("#")


@pytest.mark.parametrize("way", [("email", "text"), ("password", "csv")])
def test_thousands_of_members_share_an_account(
    way: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import zipfile

    monkeypatch.setattr("leakcheck.building.jobs.MOST_MEMBERS", 100)
    kind, form = way
    text = "name,email,password\nAda,ada{at}@example.fr,word{at}\n"
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for at in range(1000):
            archive.writestr(f"{at}.csv", text.format(at=at) if at % 10 else b"")
        archive.writestr("last.gz", b"\x1f\x8b\x08 no gzip")
    report = made(tmp_path, tmp_path / "x.zip", kind=kind, form=form)
    assert len(report.inputs) == 101
    assert report.header is not None
    assert report.header.keys == report.records == 900
    assert sum(tally.lines for tally in report.inputs) == 1800
    assert report.inputs[-1].files == 901
    total = sum(len(text.format(at=at)) for at in range(1000) if at % 10)
    assert sum(tally.bytes for tally in report.inputs) == total
    assert sum(tally.text_bytes for tally in report.inputs) == total
    assert [(name.rpartition("/")[2], "gzip" in why) for name, why in report.failures] == [
        ("last.gz", True)
    ]
