"""A few lines of another form change nothing of what a text is."""

import pytest

from leakcheck.records.detect import detect
from leakcheck.records.formats import Form
from leakcheck.records.rows import Wanted
from leakcheck.subject.kinds import Kind
from tests.records.taken import taken

PASSWORDS = [f"pw{number}x!{number * 7}" for number in range(60)]
ADDRESSES = [f"jean.d{number}@acme.example" for number in range(60)]
BLOCK = (
    "*************************** 1. row ***************************\n"
    "   id: 1\nemail: z@acme.example\n pass: Dragon\n"
)
RECORD = "-[ RECORD 1 ]-\nid | 1\nemail | z@acme.example\npass | Dragon\n"
CELLS = "<table><tr><td>menu</td></tr></table>"


def text(form: str) -> str:
    """Sixty lines of accounts."""
    return "".join(
        form.format(number=number, mail=mail, pw=pw) + "\n"
        for number, (mail, pw) in enumerate(zip(ADDRESSES, PASSWORDS, strict=True))
    )


def form_of(data: str) -> Form | None:
    return detect(data.encode(), wanted=Wanted(Kind.PASSWORD)).form


@pytest.mark.parametrize("odd", [BLOCK, RECORD, "*** 1. row ***\na: b\n", "-[ RECORD 1 ]-\na|b\n"])
@pytest.mark.parametrize(
    ("lines", "form"),
    [("{pw}", Form.PASSWORDS), ("{mail}:{pw}", Form.COMBO), ("{mail},{pw}", Form.COMBO)],
)
def test_one_row_that_a_shell_displays_makes_no_form(lines: str, form: Form, odd: str) -> None:
    for data in (text(lines) + odd, odd + text(lines), text(lines) + odd + text(lines + "q")):
        assert form_of(data) is form


def test_a_displayed_row_in_a_cell_leaves_a_table_a_table() -> None:
    data = "id,email,password,bio\n" + text("{number},{mail},{pw},hello")
    data += f'61,k@acme.example,Monkey,"see\n{BLOCK}end"\n'
    assert taken(data) == ({*PASSWORDS, "Monkey"}, 0)


def test_a_list_behind_a_displayed_row_is_read_though_the_value_may_go_on() -> None:
    rows = "".join(BLOCK.replace("Dragon", f"Dragon{number}") for number in range(20))
    found, rejected = taken(rows + text("{mail}:{pw}"))
    assert {*PASSWORDS, *(f"Dragon{number}" for number in range(20))} <= found
    assert not rejected


@pytest.mark.parametrize("start", ["<?xml version='1.0'?>\n<users>\n", "<users>\n"])
def test_xml_that_holds_html_is_xml(start: str) -> None:
    user = f"<user><password>{{pw}}</password><bio><![CDATA[{CELLS}]]></bio></user>"
    assert taken(start + text(user) + "</users>\n") == (set(PASSWORDS), 0)


@pytest.mark.parametrize(
    ("lines", "form"),
    [
        ("{mail}:{pw}", Form.COMBO),
        ("{mail}:{pw}<br>", Form.COMBO),
        ("https://acme.example/{number}:jean:{pw}", Form.STEALER),
    ],
)
def test_a_list_on_a_page_with_a_table_is_a_list(lines: str, form: Form) -> None:
    for page in (f"<html>{CELLS}<pre>\n{{}}</pre></html>", "<table><tr><td><pre>\n{}</pre></td>"):
        assert form_of(page.format(text(lines))) is form


def test_passwords_that_look_like_tags_are_passwords() -> None:
    assert form_of("<abc>\n" + text("{pw}") + "<td >\n<tr>\n") is Form.PASSWORDS


def test_a_number_that_python_does_not_take_is_read_past() -> None:
    data = (
        "<table><tr><th>Login</th><th>Password</th></tr><tr><td>&#" + "1" * 5000 + "; "
        "&amp;</td><td>Dragon</td></tr></table>"
    )
    assert taken(data)[0] == {"Dragon"}


@pytest.mark.parametrize("host", ["acme{number}.example", "10.0.0.{number}", "jean.dupont"])
@pytest.mark.parametrize("mark", ";|\t")
def test_what_stands_in_further_columns_is_of_no_password(host: str, mark: str) -> None:
    wide = text(mark.join((host, "{mail}", "{pw}", "FR")))
    assert form_of(wide) is Form.CSV
    assert set(PASSWORDS) <= taken(text(mark.join((host, "{mail}", "{pw}"))))[0]
    named = taken(mark.join(("site", "email", "md5", "country")) + "\n" + wide)
    assert named == (set(PASSWORDS), 0)
