"""How spreadsheets show numbers and dates, by their formats."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.input.number_format import shown_date, shown_number


@pytest.mark.parametrize(
    ("value", "code", "texts"),
    [
        (12, "00000", ["00012"]),
        (1.5, "0.00", ["1.50", "1,50"]),
        (0.5, "0%", ["50%"]),
        (0.05, "0.00%", ["5.00%", "5,00%"]),
        (1234567, "#,##0", ["1,234,567", "1.234.567", "1 234 567"]),
        (1234567.891, "#,##0.00", ["1,234,567.89", "1.234.567,89", "1 234 567,89"]),
        (12345678, "#,##0,", ["12,346", "12.346", "12 346"]),
        (123456789, "000-00-0000", ["123-45-6789"]),
        (612345678, '0#" "##" "##" "##" "##', ["06 12 34 56 78"]),
        (12345678, "##\\ ##\\ ##\\ ##", ["12 34 56 78"]),
        (-5, "#,##0_);(#,##0)", ["(5)"]),
        (-5, "0.0", ["-5.0", "-5,0"]),
        (0, '0;-0;"none"', ["none"]),
        (1234, '"$"#,##0_);[Red]("$"#,##0)', ["$1,234", "$1.234", "$1 234"]),
        (42, "[$€-407] 0", ["€ 42"]),
        (1.2, "0.0##", ["1.2", "1,2"]),
        (1234.5, "0.00E+00", ["1.23E+03", "1,23E+03"]),
        (12345, "##0.0E+0", ["12.3E+3", "12,3E+3"]),
        (12, "General", ["12"]),
        (12, "@", ["12"]),
        (12, "", ["12"]),
        (0.1 + 0.2, "General", ["0.3", "0,3"]),
        (123456789012, "General", ["123456789012", "1.23457E+11", "1,23457E+11"]),
        (1e-7, "General", ["1E-07"]),
        (2.5, "0", ["3"]),  # half goes away from zero
    ],
)
def test_numbers(value: float, code: str, texts: list[str]) -> None:
    assert shown_number(value, code) == texts


@pytest.mark.parametrize(
    ("value", "code", "texts"),
    [
        (datetime.date(1985, 3, 12), "dd.mm.yyyy", ["12.03.1985"]),
        (datetime.date(1985, 3, 12), "ddmmyy", ["120385"]),
        (datetime.date(1985, 3, 12), "[$-409]d-mmm-yy;@", ["12-Mar-85"]),
        (datetime.date(1985, 3, 12), "dddd, mmmm d", ["Tuesday, March 12"]),
        (datetime.datetime(1985, 3, 12, 14, 5, 6), "yyyy-mm-dd hh:mm:ss", ["1985-03-12 14:05:06"]),
        (datetime.time(14, 5), "h:mm AM/PM", ["2:05 PM"]),
        (datetime.time(14, 5, 9), "mm:ss", ["05:09"]),
        (datetime.timedelta(hours=30), "[h]:mm", ["30:00"]),
    ],
)
def test_dates(value: datetime.date, code: str, texts: list[str]) -> None:
    assert shown_date(value, code) == texts


def test_the_short_date_is_that_of_several_countries() -> None:
    shown = shown_date(datetime.date(1985, 3, 12), "mm-dd-yy")
    assert {"3/12/1985", "12/03/1985", "12.03.1985", "1985-03-12"} <= set(shown)


@pytest.mark.parametrize("code", ["# ?/?", "[>5]0;[<1]00", "yyyy"])
def test_what_is_not_understood_is_not_shown(code: str) -> None:
    assert shown_number(5.5, code) == []


def test_names_in_another_language_are_not_guessed() -> None:
    assert shown_date(datetime.date(1985, 3, 12), "[$-40C]d mmmm yyyy") == []


TOKENS = [*"0#?.,%;*@/yd", "E+", "E-", '"x"', "\\-", "_)", "[Red]", "[h]", "General"]


@given(
    st.one_of(st.integers(-(10**18), 10**18), st.floats(allow_nan=False, allow_infinity=False)),
    st.lists(st.sampled_from(TOKENS)).map("".join),
)
def test_any_format_gives_texts_or_none(value: float, code: str) -> None:
    assert all(shown_number(value, code))
    assert all(shown_date(datetime.timedelta(seconds=min(abs(value), 1e9)), code))
