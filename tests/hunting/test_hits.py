"""Hits as rows: together they are written as each by itself."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.hunting import hits
from leakcheck.hunting.pipeline import Hit
from leakcheck.hunting.watch import Watch
from leakcheck.reports import RowsWriter, writer_for

TEXTS = st.sampled_from(
    ["alice@acme.fr", '"', "\\", "é", "\x1b[31m", "\u202e", "\ud800", "€ \t"]
) | (st.text(max_size=12))
HITS = st.builds(
    Hit,
    st.integers(1, 1 << 40),
    st.integers(0, 1 << 50),
    st.integers(0, 3),
    TEXTS,
    st.lists(st.sampled_from(["password", "url", "sha1 hash"]), max_size=3),
    TEXTS,
)


def watch_for(*entries: str) -> Watch:
    watch = Watch()
    for entry in entries:
        watch.add(entry)
    return watch


WATCH = watch_for("Alice@acme.fr", "*.acme.fr", 'the "Falcon" \\ é\u202e', "+33 6 12 34 56 78")


@given(TEXTS, st.none() | TEXTS, st.lists(HITS, max_size=5))
@pytest.mark.parametrize("name", ["jsonl", "json", "csv", "html", "summary"])
def test_together_as_each_by_itself(
    name: str, dump: str, member: str | None, found: list[Hit]
) -> None:
    batch = hits.HitRows(dump, member, found, WATCH)
    written = []
    for together in (True, False):
        out = io.StringIO()
        writer = writer_for(name)(out)
        writer.begin(hits.meta(WATCH))
        if together and isinstance(writer, RowsWriter):
            writer.rows(batch)
            writer.rows(batch)
        else:
            for row in (*batch, *batch):
                writer.row(row)
        account = hits.Account()
        account.note(dump, found)
        writer.end(hits.summary(account, WATCH))
        written.append(out.getvalue())
    assert written[0] == written[1]
    if name == "jsonl":
        rows = [json.loads(line) for line in written[0].splitlines()]
        assert [(row["offset"], row["entry"]) for row in rows] == [
            (hit.offset, WATCH.text(hit.entry)) for hit in (*found, *found)
        ]


def test_domains_are_counted_in_the_order_of_their_first_hits() -> None:
    watch = watch_for("bob@zeta.fr", "acme.fr", "@acme.fr", "Falcon", "carl@zeta.fr")
    account = hits.Account()
    account.note("dump", [Hit(1, 0, entry, "", [], "") for entry in (4, 2, 3, 1, 0, 2)])
    account.note("other", [Hit(1, 0, 0, "", [], "")])
    assert list(account.domains(watch).items()) == [("zeta.fr", 3), ("acme.fr", 3)]
    assert (account.hits, account.inputs) == (7, {"dump": 6, "other": 1})
