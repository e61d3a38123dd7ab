"""The codes of a block, counted and found: many, few, none."""

from hypothesis import example, given
from hypothesis import strategies as st

from leakcheck.scanning.source_set import EMPTY, count_of, hits_at
from leakcheck.verdicts import Code

CODES = (Code.CLEAN, Code.EXPOSED, Code.UNKNOWN, EMPTY)


@given(
    st.lists(
        st.tuples(st.sampled_from(CODES), st.sampled_from((1, 3, 63, 64, 65, 2000))), max_size=12
    )
)
@example([])
@example([(Code.EXPOSED, 65)])
@example([(Code.EXPOSED, 64), (Code.CLEAN, 2000), (Code.EXPOSED, 1)])
def test_codes_are_counted_and_found_however_many(runs: list[tuple[int, int]]) -> None:
    codes = b"".join(bytes([code]) * count for code, count in runs)
    for code in CODES:
        assert count_of(codes, code) == codes.count(code)
    assert list(hits_at(codes)) == [at for at, code in enumerate(codes) if code == Code.EXPOSED]
