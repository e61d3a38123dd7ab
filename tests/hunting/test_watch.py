"""What an entry is taken for, what is refused, and the lists that entries come from."""

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.errors import InputError, SubjectError
from leakcheck.hunting import entries_reference
from leakcheck.hunting.parsing import EntryKind, parse
from leakcheck.hunting.watch import Watch, read_watch
from leakcheck.subject import address


def test_a_number_without_its_country_is_told() -> None:
    watch = Watch()
    for entry in ("06 12 34 56 78", "+33 6 12 34 56 79", "alice@acme.fr"):
        watch.add(entry)
    assert watch.as_written == 1
    watch.add("+33 6 12 34 56 78")
    assert watch.as_written == 1
    with pytest.raises(InputError, match=r"begins with \+ and the digits of its country"):
        read_watch(["06 12 34 56 78"])


@pytest.mark.parametrize(
    ("text", "form", "key"),
    [
        ("Alice@Acme.FR", EntryKind.ADDRESS, "alice@acme.fr"),
        ("<alice@acme.fr>", EntryKind.ADDRESS, "alice@acme.fr"),
        ("alice%40acme.fr", EntryKind.ADDRESS, "alice@acme.fr"),
        ("@Acme.fr", EntryKind.AT_DOMAIN, "acme.fr"),
        ("*@acme.fr", EntryKind.AT_DOMAIN, "acme.fr"),
        ("acme.fr", EntryKind.DOMAIN, "acme.fr"),
        ("*.acme.fr", EntryKind.DOMAIN, "acme.fr"),
        (".acme.fr", EntryKind.DOMAIN, "acme.fr"),
        ("Société.fr", EntryKind.DOMAIN, "xn--socit-esab.fr"),
        ("+33 (0)6 12 34 56 78", EntryKind.PHONE, "33612345678"),
        ("0033 6 12 34 56 78", EntryKind.PHONE, "33612345678"),
        ("(+33) 6 12 34 56 78", EntryKind.PHONE, "33612345678"),
        ("06.12.34.56.78", EntryKind.PHONE, "0612345678"),
        ("10.1.2.3", EntryKind.TERM, "10.1.2.3"),
        ("192.168.100.200", EntryKind.TERM, "192.168.100.200"),
        ("2024-01-05", EntryKind.TERM, "2024-01-05"),
        ("123456", EntryKind.TERM, "123456"),
        ("srv-db01", EntryKind.TERM, "srv-db01"),
        ("srv.acme.local", EntryKind.TERM, "srv.acme.local"),
        ("Project\tFalcon", EntryKind.TERM, "project falcon"),
        ("term: acme.fr", EntryKind.TERM, "acme.fr"),
        ("address:alice@acme.fr", EntryKind.ADDRESS, "alice@acme.fr"),
        ("phone:1234567", EntryKind.PHONE, "1234567"),
    ],
)
def test_forms(text: str, form: EntryKind, key: str) -> None:
    assert parse(text) == (form, key)


@pytest.mark.parametrize(
    "text",
    ["a@b", "@handle", "a@b@c.fr", "!!", "x", "phone:12", "domain:x", "address:x", "é" * 300],
)
def test_refused(text: str) -> None:
    with pytest.raises(SubjectError) as caught:
        parse(text)
    assert text not in str(caught.value)


@given(
    st.from_regex(
        r"[A-Za-z0-9._+'-]{1,66}@[A-Za-z0-9.-]{1,30}\.(fr|com|co\.uk|zz|local)", fullmatch=True
    )
)
def test_an_address_is_what_the_extractor_takes_it_for(text: str) -> None:
    try:
        wanted = address.canonical(text).decode()
    except SubjectError:
        with pytest.raises(SubjectError):
            parse(text)
    else:
        assert parse(text) == (EntryKind.ADDRESS, wanted)


def test_spellings_of_one_entry_are_one() -> None:
    watch = Watch()
    for text in ("alice@acme.fr", " ALICE@ACME.FR ", "", "café", "cafe\u0301", "CAFÉ", "société.fr",
                 "xn--socit-esab.fr"):  # fmt: skip
        watch.add(text)
    assert list(watch) == ["alice@acme.fr", "café", "société.fr"]


_LINES = (
    "alice@acme.fr", "ALICE@acme.fr", " alice@acme.fr", "alice@acme.fr ", "a+b@acme.fr",
    "a..b@acme.fr", ".a@acme.fr", "a.@acme.fr", "+@acme.fr", "a@acme.fr.", "@acme.fr", "*@acme.fr",
    "a@b@acme.fr", f"{'a' * 64}@acme.fr", f"{'a' * 65}@acme.fr", f"a@{'b' * 63}.fr",
    f"a@{'b' * 64}.fr", f"a@{'b.' * 124}fr", f"a@{'b.' * 125}fr", f"{'b.' * 125}fr",
    f"{'b.' * 126}fr", "acme.fr", "my-corp.co.uk", "-acme.fr", "acme-.fr", "a--b.fr", "acme..fr",
    ".acme.fr", "acme.zz", "acme.local", "acme.FR", "acme.123", "acme.xn--p1ai",
    "xn--socit-esab.fr", "société.fr", "x@société.fr", "fr", "acme.museum", "acme.international",
    "acme_corp.fr", "falcon", "cafe\u0301", "café", "\r", "\t", "acme.fr\r\r", "acme.fr\x1c",
    "\x00acme.fr", "+33 6 12 34 56 78", "10.1.2.3", "bad@", "x", "term:acme.fr", "caf\udce9",
)  # fmt: skip
"""Lines that are their own canonical forms, or by a hair are not."""


def _read(lines: list[str], end: str, entries: object) -> tuple[object, ...]:
    """What a watch list of `lines` holds, and where the first refused one stands."""
    watch = Watch(entries)  # type: ignore[arg-type]
    text = "".join(line + end for line in lines).encode("utf-8", "surrogateescape")
    watch.add_lines(io.BytesIO(text), 1, Path("list"))  # type: ignore[arg-type]
    tables = (watch.addresses, watch.at_domains, watch.domains)
    keyed = [[(key, table.get(key)) for key in table.canonical()] for table in tables]
    forms = [watch.form(entry) for entry in range(len(watch))]
    other = [watch.phones, watch.terms, watch.refused, watch.first_refused, watch.counts()]
    absent = [table.get(b"nobody@acme.fr") for table in tables]
    return list(watch), forms, keyed, other, absent, watch.fingerprint()


@given(
    st.lists(
        st.sampled_from(_LINES)
        | st.from_regex(r"[a-z0-9._+-]{1,9}@[a-z0-9.-]{1,9}\.(fr|com|zz|é)", fullmatch=True)
        | st.text("abAB01.-_+@ \r\té\ud800", max_size=12).map(
            lambda text: text.replace("\ud800", "\udcff")
        ),
        max_size=40,
    ),
    st.sampled_from(["\n", "\r\n"]),
)
@settings(deadline=None)
def test_both_engines_hold_the_same_list(lines: list[str], end: str) -> None:
    native = pytest.importorskip("leakcheck._native", reason="the native engine is not built")
    assert _read(lines, end, native.Entries()) == _read(lines, end, entries_reference.Entries())


@pytest.mark.parametrize("line", _LINES)
def test_each_line_is_the_same_to_both_engines(line: str) -> None:
    native = pytest.importorskip("leakcheck._native", reason="the native engine is not built")
    lines = ["skipped@acme.fr", "first@acme.fr", line, "acme.fr"]
    assert _read(lines, "\n", native.Entries()) == _read(lines, "\n", entries_reference.Entries())


def test_a_list_larger_than_a_block(tmp_path: Path) -> None:
    """Lines that two blocks share, and a table that grows."""
    entries = [f"{'x' * (number % 50)}{number}@acme.fr" for number in range(20_000)]
    entries[7] = "Project Falcon"
    (tmp_path / "w").write_text("\n".join([*entries, "!", *entries]))
    watch = read_watch([tmp_path / "w"])
    assert list(watch) == entries
    assert watch.first_refused == "w, row 20001"
    assert all(watch.addresses.get(one.encode()) == at for at, one in enumerate(entries) if at != 7)


def test_lists(tmp_path: Path) -> None:
    import zipfile

    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfalice@acme.fr\r\n\r\nProject Falcon\r\nbad@\r\n")
    (tmp_path / "b.csv").write_text('name,email\n"Doe, J.",bob@acme.fr\nX,carl@acme.fr\n')
    (tmp_path / "c.csv").write_text("name;site\nX;acme.fr\nY;example.org\n")
    (tmp_path / "d.tsv").write_text("email\tphone\ndan@acme.fr\t+33 6 12 34 56 78\n")
    watch = read_watch([tmp_path / "a.txt", tmp_path / "b.csv"])
    assert list(watch) == ["alice@acme.fr", "Project Falcon", "bob@acme.fr", "carl@acme.fr"]
    assert watch.refused.total() == 1
    assert watch.first_refused == "a.txt, row 4"
    assert list(read_watch([tmp_path / "c.csv"], ["site"])) == ["acme.fr", "example.org"]
    both = read_watch([tmp_path / "d.tsv"], ["email", "phone"])
    assert both.counts() == {"address": 1, "phone": 1}
    sheet = tmp_path / "e.xlsx"
    with zipfile.ZipFile(sheet, "w") as package:
        for name, text in _workbook([["mail"], ["eve@acme.fr"], ["fay@acme.fr"]]).items():
            package.writestr(name, text)
    assert list(read_watch([sheet])) == ["eve@acme.fr", "fay@acme.fr"]


def test_an_address_or_a_domain_is_an_entry_itself_unless_a_file_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    entries = ["acme.fr", "@acme.org", "eve@example.org", "+33612345678"]
    watch = read_watch(entries, say=said.append)
    assert list(watch) == entries
    assert [word.partition(" ")[0] for word in said] == list(watch)
    assert "no file has that name" in said[0]
    (tmp_path / "acme.fr").write_text("example.org\n")
    said.clear()
    assert list(read_watch(["acme.fr"], say=said.append)) == ["example.org"]
    assert said == ["acme.fr is read as a list: there is a file of that name."]
    (tmp_path / "broken.fr").symlink_to(tmp_path / "gone")
    for missing in ("list.txt", "lists/acme.fr", "Project Falcon", "33612345678", "broken.fr"):
        with pytest.raises(InputError):
            read_watch([missing])


def _workbook(rows: list[list[str]]) -> dict[str, str]:
    """The parts of the smallest XLSX file that holds `rows` (ECMA-376)."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    cells = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) + "</row>"
        for row in rows
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/s.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="s.xml"/></Relationships>',
        "xl/s.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
    }


def test_entries_of_a_directory(tmp_path: Path) -> None:
    (tmp_path / "w").write_text(
        "dn: uid=a,dc=b\ncn: Al\nmail: al@ac\n me.fr\nmailAlternateAddress: al@b.fr\n\n"
        "dn: uid=c,dc=b\ncn: Carl\n\ndn: uid=d,dc=b\nmail:: !\nmail: d@b.fr\n"
    )
    watch = read_watch([tmp_path / "w"])
    assert list(watch) == ["al@acme.fr", "al@b.fr", "d@b.fr"]
    assert dict(watch.refused) == {"a value in it is damaged base64": 1}
    assert watch.first_refused == "w, row 10"


def test_nothing_to_look_for(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("!!\n")
    with pytest.raises(InputError, match="nothing to look for"):
        read_watch([tmp_path / "w"])
    with pytest.raises(InputError, match="no such file"):
        read_watch([tmp_path / "none"])
