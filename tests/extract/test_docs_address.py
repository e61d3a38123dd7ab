"""Every row of the table in docs/address.md is true."""

import re
from pathlib import Path

import pytest

from leakcheck.extract import address_spans

PAGE = (Path(__file__).parent.parent.parent / "docs" / "address.md").read_text("utf-8")
ROWS = re.findall(r"^\| `([^|]+)` \| ((?:`[^`]+` ?)*) ?\| [^|]+ \|$", PAGE, re.MULTILINE)


def test_the_table_is_there() -> None:
    assert len(ROWS) == 35


@pytest.mark.parametrize(("text", "found"), ROWS, ids=[text for text, _ in ROWS])
def test_row(text: str, found: str) -> None:
    spans = address_spans(text.encode())
    assert [form.decode() for _, _, form in spans] == re.findall("`([^`]+)`", found)
