"""Whatever is written as table, list, JSON, SQL or XML is read, or said to be rejected."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from written import FORMS, built, missed


@pytest.mark.parametrize("form", FORMS)
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32))
def test_no_password_is_lost_without_a_word(form: str, seed: int, tmp_path: Path) -> None:
    assert missed(form, seed, tmp_path / "list") == []


def test_what_is_lost_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above, with a reader that loses the second record."""
    from leakcheck.records import picking

    whole = picking.Picker.pick

    def lossy(self: picking.Picker, row: picking.Row) -> picking.Picked:
        found = whole(self, row)
        return whole(self, row._replace(cells=("x",) * 9)) if row.number == 3 else found

    monkeypatch.setattr(picking.Picker, "pick", lossy)
    assert any(missed("table", seed, tmp_path / "list") for seed in range(20))


def test_a_text_is_refused_where_it_is_no_list() -> None:
    from leakcheck.errors import InputError

    with pytest.raises(InputError):
        built(
            b"Dear all, this is a long letter about what we did in the summer of last year.\n" * 3
        )
