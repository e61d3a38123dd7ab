"""Every record is taken, or rejected with a reason: whatever stands between, around or within."""

# ruff: noqa: E501 - dumps are easier to read unbroken

import json
import sys
import time
import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from openpyxl import Workbook
from program import leakcheck

sys.path.insert(0, str(Path(__file__).parent))

from taken import scanned, taken
from written import asked, built

from leakcheck.errors import InputError
from leakcheck.input.streams import Held, ReadError
from leakcheck.records.batches import picker_of, rows
from leakcheck.records.detect import detect
from leakcheck.records.formats import Form
from leakcheck.records.rows import Row, Wanted
from leakcheck.subject.digests import sha1
from leakcheck.subject.kinds import Kind

INSERT = "INSERT INTO users (id, email, password) VALUES "
SQL = {
    "comments between rows": f"{INSERT}(1,'a','one'),\n-- a comment, with (brackets)\n(2,'b','two'),"
    " /* and 'another' */ (3,'c','three');\n",
    "hash comment": f"{INSERT}(1,'a','one'),\n# note\n(2,'b','two'),(3,'c','three');",
    "insert all": "INSERT ALL\n  INTO users (id, email, password) VALUES (1,'a','one')\n"
    "  INTO users (id, email, password) VALUES (2,'b','two')\n"
    "  INTO users (id, email, password) VALUES (3,'c','three')\nSELECT 1 FROM dual;\n",
    "set": "INSERT INTO users SET id=1, email='a', password='one';\n"
    "INSERT INTO users SET password='two', id=2;\nREPLACE INTO users SET password = 'three';\n",
    "assignments between others": "UPDATE users SET logins=logins + 1 WHERE id=1;\n"
    "INSERT INTO users SET id=1, password='one' ON DUPLICATE KEY UPDATE id=1;\n"
    "UPDATE users SET password='two' WHERE id IN (1, 2) AND email LIKE '%;%';\n"
    "UPDATE users SET password='three', seen=NOW() /* , */ ORDER BY id LIMIT 1;\n",
    "update": "UPDATE users SET password='one' WHERE id=1;\n"
    "UPDATE `users` SET email='b', `password` = 'two' WHERE id = 2;\n"
    "UPDATE users SET password='three';",
    "select": "INSERT INTO users (id, email, password) SELECT 1, 'a', 'one' UNION ALL "
    "SELECT 2, 'b', 'two' UNION SELECT 3, 'c', 'three';",
    "select with names": "INSERT INTO users SELECT 1 AS id, 'one' AS password UNION ALL "
    "SELECT 2, 'two' UNION ALL SELECT 3, 'three';",
    "values row": "INSERT INTO users (id, email, password) VALUES ROW(1,'a','one'), ROW(2,'b','two'),"
    " ROW(3,'c','three');",
    "hex": f"{INSERT}(1,0x61,0x6f6e65),(2,'b',X'74776f'),(3,'c',x'7468726565');",
    "bytea": f"-- PostgreSQL\n{INSERT}(1,'a','\\x6f6e65'),(2,'b','\\x74776f'::bytea),(3,'c','three');",
    "dollars": f"-- PostgreSQL\n{INSERT}(1,'a',$$one$$),(2,'b',$x$two$x$),(3,'c','three');",
    "unicode": f"-- PostgreSQL\n{INSERT}(1,'a',U&'\\006fne'),(2,'b',U&'tw\\+00006f'),(3,'c','three');",
    "calls": f"{INSERT}(1,'a',UNHEX('6f6e65')),(2,'b',CONVERT('two' USING utf8)),"
    "(3,'c',CONCAT('thr','ee'));",
    "joined": f"-- PostgreSQL\n{INSERT}(1,'a','o' || 'ne'),(2,'b','two'),(3,'c','three');",
    "marked": f"{INSERT}(1,'a',_binary 'one'),(2,'b',N'two'),(3,'c',E'three');",
    "copy": "COPY users (id, email, password) FROM stdin;\n1\ta\to\\156e\n2\tb\t\\x74wo\n"
    "3\tc\tthree\n\\.\n",
    "copy of csv": "COPY users (id, email, password) FROM stdin WITH (FORMAT csv, NULL '');\n"
    '1,a,"one"\n"2","b, c",two\n3,,three\n\\.\n',
    "copy with a delimiter": "COPY users (id, email, password) FROM stdin WITH DELIMITER AS '|';\n"
    "1|a|one\n2|b|two\n3|\\N|three\n\\.\n",
    "copy without columns": "CREATE TABLE users (id int, email text, password text);\n"
    "COPY users FROM stdin;\n1\ta\tone\n2\tb\ttwo\n3\tc\tthree\n\\.\n",
    "on duplicate": f"{INSERT}(1,'a','one') ON DUPLICATE KEY UPDATE id=1;\n{INSERT}(2,'b','two'),"
    "(3,'c','three') ON CONFLICT DO NOTHING;",
    "blanks and cases": "insert  into  Users ( ID , Password )\nvalues\n( 1 , 'one' )\n,\n( 2 , 'two' )\n"
    ", (3,'three')\n;",
    "functions beside": f"{INSERT}(NOW(),LOWER('A'),'one'),(f(g(1,2),'x'),'b','two'),(3,'c','three');",
}


@pytest.mark.parametrize("name", SQL)
def test_rows_of_sql_are_taken(name: str, tmp_path: Path) -> None:
    expected = {"one", "two", "three"}
    found, rejected = taken(SQL[name], Wanted(Kind.PASSWORD))
    assert expected <= found, (found, rejected)
    assert expected <= scanned(SQL[name], tmp_path)


@pytest.mark.parametrize("tail", ["", "\n"], ids=["returns alone", "a line feed at the end"])
@pytest.mark.parametrize("name", SQL)
def test_lines_of_sql_may_end_with_carriage_returns(name: str, tail: str, tmp_path: Path) -> None:
    text = SQL[name].replace("\n", "\r") + tail
    expected = {"one", "two", "three"}
    assert expected <= taken(text)[0]
    assert expected <= scanned(text, tmp_path)


@pytest.mark.parametrize("tail", ["", "\n"], ids=["returns alone", "a line feed at the end"])
def test_a_carriage_return_within_a_string_of_sql_stays(tail: str, tmp_path: Path) -> None:
    text = f"-- a comment\r{INSERT}(1,'a','on\re'), -- and one more\r(2,'b','two');{tail}"
    assert taken(text) == ({"on\re", "two"}, 0)
    assert scanned(text, tmp_path) == {"on\re", "two"}


def test_a_line_of_copy_with_a_carriage_return_is_read_in_both_ways(tmp_path: Path) -> None:
    text = "COPY u (id, password) FROM stdin;\n1\ton\re\n2\ttwo\r\n3\tthree\n\\.\n"
    found, _ = taken(text)
    assert {"on", "on\re", "two", "three"} <= found
    assert "two\r" not in found
    assert {"on", "on\re", "two", "three"} <= scanned(text, tmp_path)


def test_addresses_in_hex_are_addresses() -> None:
    data = "INSERT INTO u (email, password) VALUES (0x6140622e6672,'one'),(X'6340642e6672','two');"
    assert taken(data, Wanted(Kind.CREDENTIAL))[0] == {"a@b.fr:one", "c@d.fr:two"}


@pytest.mark.parametrize("text", ["back\\slash", "it\\'s"])
def test_where_nothing_tells_the_dialect_both_readings_are_taken(text: str) -> None:
    found, _ = taken(f"{INSERT}(1,'a','{text}');\n")
    assert text.replace("\\", "") in found
    assert "'" in text or text in found


@pytest.mark.parametrize(
    "data",
    [
        f"{INSERT}(1,'a','one'),(2,'b','two'),(3,'c','three' oops 'x' (,(4,'d','four');\n",
        f"{INSERT}(1,'a','one'), nonsense (2,'b','two');\n",
        f"{INSERT}(1,'a','one');\nMERGE INTO users USING (SELECT 'two' p) ON (1=1);\n",
    ],
)
def test_what_is_passed_over_in_sql_is_rejected(data: str) -> None:
    found, rejected = taken(data)
    assert "one" in found
    assert rejected


@pytest.mark.parametrize(
    "broken",
    [
        "INSERT INTO users SET id=2, password=(two';\n",
        "INSERT INTO users SET id=2, email='b, password='two';\n",
        "INSERT INTO users SET id=2, email='b@c.fr', password='two\n",
        "UPDATE users SET password='two WHERE id='2';\n",
        "UPDATE users SET password='tw' + other, seen=1;\n",
        "INSERT INTO users SET email=b c, password='two';\n",
    ],
)
def test_a_quotation_mark_too_few_costs_no_other_statement(broken: str, tmp_path: Path) -> None:
    after = "".join(f"INSERT INTO users SET id={at}, password='p{at}';\n" for at in range(9))
    text = f"-- MySQL dump\nINSERT INTO users SET id=1, password='one';\n{broken}{after}"
    found, rejected = taken(text)
    assert rejected
    assert {"one", *(f"p{at}" for at in range(1, 9))} <= found
    assert {"one", *(f"p{at}" for at in range(1, 9))} <= scanned(text, tmp_path)


def test_many_statements_with_a_mark_too_few_are_read_in_time() -> None:
    text = "UPDATE u SET password='one';\n" + "UPDATE u SET password=( x='' \n" * 30_000
    start = time.process_time()
    assert taken(text)[1] >= 30_000
    assert time.process_time() - start < 10


@pytest.mark.parametrize("between", [", /* one more */ ", ",\n-- a comment\n", ",\r\n\t"])
def test_rows_behind_a_broken_one_are_taken(between: str) -> None:
    rows = ["(1,'a','one')", "(2,'b'x'two')", "(3,'c','three')", "(4,'d','four')"]
    found, rejected = taken(f"-- PostgreSQL\n{INSERT}{between.join(rows)};\n")
    assert {"one", "three", "four"} <= found
    assert rejected == 1


@pytest.mark.parametrize("row", [")(2,'b','two')", ")2,'b','two')", ") 'b','two')"])
def test_a_wrong_bracket_between_rows_costs_no_other_row(row: str, tmp_path: Path) -> None:
    text = f"-- MySQL dump\n{INSERT}(1,'a','one'),{row},\n(3,'c','three'),(4,'d','four');\n"
    found, rejected = taken(text)
    assert {"one", "three", "four"} <= found
    assert rejected
    assert {"one", "three", "four"} <= scanned(text, tmp_path)


@pytest.mark.parametrize("between", [",", ",\n", ",\r\n-- a comment\n", " , /* one more */ "])
@pytest.mark.parametrize("lost", ["", "u", "x'),", "INSERT IN'O users VALUES "])
def test_rows_without_their_statement_are_counted(lost: str, between: str) -> None:
    rows = between.join(f"({at},'user{at}',NULL,'p{at}')" for at in range(6))
    found, rejected = taken(f"-- MySQL dump\n{INSERT}(1,'a','one');\n{lost}\n{rows};\n")
    assert found == {"one"}
    assert rejected >= 5


@pytest.mark.parametrize(
    "others",
    [
        "PARTITION BY LIST COLUMNS(a, b) (PARTITION p VALUES IN ((1,'x'),(2,'y'),( 3 , 'z')));\n",
        "DELETE FROM logs WHERE (id, name) IN ((1,'x'), (2,'y'));\n",
        "-- rows as (1,'x'),(2,'y') were here\n",
        "CREATE INDEX one ON users (lower(email)), (f(1), 2);\nSELECT f(1), g(2);\n",
    ],
)
def test_lists_that_are_no_rows_are_not_counted(others: str) -> None:
    text = f"-- MySQL dump\n{others}{INSERT}(1,'a','one');\n{others}"
    assert taken(text) == ({"one"}, 0)


_GO = "INSERT INTO users (id,email,password) VALUES (0,'x','zero')\nGO\n"


@pytest.mark.parametrize(
    "line",
    [
        "UPDATE [dbo].[users] SET [password] = N'word{0}' WHERE [id] = {0}\nGO\n",
        "UPDATE users SET password='word{0}' WHERE id IN (2, {0})\n",
        "UPDATE users SET password='word{0}' WHERE id={0} -- changed\n",
        "UPDATE users SET password='word{0}'\n",
        "INSERT users (id,email,password) SELECT {0},N'a{0}@b.fr',N'word{0}'\nGO\n",
        "INSERT [dbo].[users] ([id],[email],[password]) VALUES ({0}, N'a', N'word{0}')\nGO\n",
    ],
)
def test_statements_that_no_semicolon_ends_are_read(line: str, tmp_path: Path) -> None:
    words = {f"word{at}" for at in range(300)}
    text = _GO + "".join(map(line.format, range(300)))
    assert taken(text) == ({"zero", *words}, 0)
    assert words <= scanned(text, tmp_path)


def test_a_broken_row_costs_no_other_statement_where_no_semicolon_ends_one() -> None:
    line = "INSERT users (id,email,password) VALUES ({0},'a','word{0}')\nGO\n"
    lines = [line.format(at) for at in range(300)]
    lines[7] = "INSERT users (id,email,password) VALUES (7,'a'b','word7')\nGO\n"
    found, rejected = taken(_GO + "".join(lines))
    assert found == {"zero", *(f"word{at}" for at in range(300) if at != 7)}
    assert rejected == 1


def test_many_broken_rows_are_read_in_time() -> None:
    rows = ",\n".join(f"({at},'a'b','word{at}')" for at in range(20_000))
    start = time.process_time()
    assert taken(f"{INSERT}(1,'a','one'),\n{rows};\n")[1] == 20_000
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    "line",
    [
        "REM INSERTING into USERS\nSET DEFINE OFF;\n",
        "CREATE VIEW v AS SELECT id FROM ( VALUES (1,'a'::text), (2,'b'::text)) x(id, n);\n",
        "CREATE PARTITION FUNCTION f (int) AS RANGE LEFT FOR VALUES (1, 100);\n",
        "PARTITION P1 VALUES ('NY','CT');\n",
    ],
)
def test_what_good_dumps_have_besides_is_not_counted(line: str) -> None:
    key = ' ON DUPLICATE KEY UPDATE "p" = VALUES("p")'
    assert taken(f"{line}{INSERT}(1,'a','one'){key};\n{line}") == ({"one"}, 0)


def test_a_line_of_a_copy_with_too_few_values_is_counted() -> None:
    lines = "1\ta@b.fr\tone\n2 a@b.fr two\n3\ta@b.fr\tthree\n"
    found, rejected = taken(f"COPY u (id, email, password) FROM stdin;\n{lines}\\.\n")
    assert found == {"one", "three"}
    assert rejected


@pytest.mark.parametrize("end", ["", ",active"])
def test_a_column_behind_the_last_name_moves_no_other(end: str) -> None:
    rows = "".join(f"{at},joe{at},secret{at}{end or ','}\n" for at in range(1, 20))
    found, _ = taken(f"id,username,password\n{rows}")
    assert {f"secret{at}" for at in range(1, 20)} <= found


def test_dumps_of_two_dialects_in_one_file_are_read_both_ways() -> None:
    text = (
        f"-- PostgreSQL\n{INSERT}(1,'a','\\x6f6e65');\n-- MySQL dump\n{INSERT}(2,'b','tw\\\\o');\n"
    )
    assert {"one", "tw\\o"} <= taken(text)[0]


@pytest.mark.parametrize(
    "statement",
    [
        "COPY users (email), password) FROM stdin;\nb\ttwo\n\\.\n",
        "COPY users (email< password) FROM stdin;\nb\ttwo\n\\.\n",
        "COPY users (email, password) FFROM stdin;\nb\ttwo\n",
        "COPY users (email, password) FROM stdn;\nb\ttwo\n\\.\n",
        "INSERT INTO(users (id, email, password9 VALUES (1,'b','two'),(2,'c','three');\n",
    ],
)
def test_a_statement_whose_head_is_broken_is_said(statement: str) -> None:
    text = f"{INSERT}(1,'a','one');\n{statement}"
    found, rejected = taken(text)
    assert "one" in found
    assert rejected


def test_what_was_not_understood_leaves_the_filter_incomplete(tmp_path: Path) -> None:
    dump, made = tmp_path / "d.sql", tmp_path / "d.bloom"
    dump.write_text(f"{INSERT}(1,'a','one'),(2,'b','two' oops 'x' (,(4,'d','four');\n")
    result = leakcheck("build", dump, "-o", made, "--kind", "password")
    assert result.status == 2
    assert "1 record not understood (malformed row)" in result.err
    asked = leakcheck("check", "--password", "--in", made, given=b"five\n")
    assert asked.status == 2  # unknown, never clean
    assert leakcheck("check", "--password", "--in", made, given=b"one\n").status == 1


JSON = {
    "a map": '{"users":{"-K1":{"password":"one"},"-K2":{"password":"two"},"-K3":{"password":"three"}}}',
    "indented": '{\n "users": {\n  "a": {\n   "password": "one"\n  },\n  "b": {\n   "password": "two"\n'
    '  },\n  "c": {\n   "password": "three"\n  }\n }\n}\n',
    "old beside new": '[{"password":"one","old":{"password":"two"},"older":[{"password":"three"}]}]',
    "repeated": '[{"password":"one","password":"two"},{"password":"three"}]',
    "a list of strings": '{"user":"a","password":["one","two","three"]}',
    "two words for it": '[{"password":"one","passwd":"two"},{"pwd":"three"}]',
    "by their addresses": '{"a@b.fr":"one","c@d.fr":{"password":"two"},"e@f.fr":"three"}',
    "named by a neighbour": '[{"key":"Password","value":"one"},{"label":"password","value":"two"},'
    '{"value":"three","designation":"password"}]',
    "numbers": '[{"password":"one"},{"password":"two"},{"id":1,"inner":{"deep":{"password":"three"}}}]',
    "lines": '{"password":"one"}\n{"users":[{"password":"two"},{"password":"three"}]}\n',
    "several documents": '{"password":\n"one"}\n{"password":\n"two"}\n{"password":"three"}\n',
}


@pytest.mark.parametrize("name", JSON)
def test_records_of_json_are_taken(name: str, tmp_path: Path) -> None:
    expected = {"one", "two", "three"}
    assert taken(JSON[name])[0] == expected
    assert scanned(JSON[name], tmp_path) == expected


def test_an_address_is_inherited_only_where_there_is_none() -> None:
    data = (
        '[{"email":"a@b.fr","password":"one","more":[{"password":"two"},'
        '{"email":"c@d.fr","password":"three"}]}]'
    )
    found = taken(data, Wanted(Kind.CREDENTIAL))[0]
    assert found == {"a@b.fr:one", "a@b.fr:two", "c@d.fr:three"}


def test_items_without_a_password_are_counted() -> None:
    found, rejected = taken('{"users":[{"password":"one"},{"id":2},{"id":3,"tags":[{"x":1}]}]}')
    assert (found, rejected) == ({"one"}, 2)


@pytest.mark.parametrize(
    "data",
    [
        '{"users":{"x":{"user":"a","password":"one"},"y":{"user":"b"},"z":{"user":"c","geheim":"d"}}}',
        '{"users":{"y":{"user":"b"},"z":{"user":"c","geheim":"d"},"x":{"user":"a","password":"one"}}}',
        '[{"group":[{"user":"a","password":"one"},{"user":"b"},{"user":"c"}]}]',
    ],
)
def test_records_kept_by_name_without_a_password_are_counted(data: str, tmp_path: Path) -> None:
    """A member that nobody knows as a password may be one: the record is told."""
    assert taken(data) == ({"one"}, 2)
    (tmp_path / "d.json").write_text(data)
    (tmp_path / "known").write_bytes(b"other\n")
    form = ("--kind", "password", "--from", "passwords")
    assert leakcheck("build", "known", "-o", "k.bloom", *form, cwd=tmp_path).status == 0
    asked = leakcheck("scan", "d.json", "--kind", "password", "--in", "k.bloom", cwd=tmp_path)
    assert asked.status == 2
    assert "2 unknown" in asked.out + asked.err


def test_many_records_without_a_password_are_told_before_the_first_with_one() -> None:
    """They are too many to be held: one of each shape stands for them."""
    users = {f"u{at}": {"user": f"name{at}", "geheim": "x"} for at in range(3000)}
    users["last"] = {"user": "a", "password": "one"}
    found, rejected = taken(json.dumps({"users": users}, indent=1))
    assert found == {"one"}
    assert rejected > 0


def test_a_tabulator_before_a_colon_makes_no_name(tmp_path: Path) -> None:
    """A small table whose password ends in a colon is not the log of a stealer."""
    data = "id\temail\tpassword\tcity\n0\ta@b.fr\tmypass_:\tLyon\n"
    assert "mypass_:" in taken(data)[0]
    assert "mypass_:" in scanned(data, tmp_path)


def test_what_is_no_record_like_the_others_is_none() -> None:
    data = '{"meta":{"version":3},"users":{"x":{"user":"a","password":"one","tags":{"t":"u"}}}}'
    assert taken(data) == ({"one"}, 0)


def test_the_strings_of_an_entry_are_one_record(tmp_path: Path) -> None:
    string = "<String><Key>{}</Key><Value>{}</Value></String>"
    entry = "<Entry>" + string * 3 + "</Entry>"
    one = entry.format("Password", "one", "Title", "Bank", "UserName", "ada@b.fr")
    two = entry.format("Title", "Mail", "UserName", "eve@d.fr", "Password", "two")
    data = f"<?xml version='1.0'?><Root><Group><Name>Base</Name>{one}{two}</Group></Root>"
    assert taken(data, Wanted(Kind.CREDENTIAL)) == ({"ada@b.fr:one", "eve@d.fr:two"}, 0)
    (tmp_path / "d.xml").write_text(data)
    (tmp_path / "known").write_bytes(b"two\n")
    form = ("--kind", "password", "--from", "passwords")
    assert leakcheck("build", "known", "-o", "k.bloom", *form, cwd=tmp_path).status == 0
    asked = ("--kind", "password", "--in", "k.bloom", "--format", "json")
    rows = json.loads(leakcheck("scan", "d.xml", *asked, cwd=tmp_path).out)["results"]
    assert [row["verdict"] for row in rows] == ["clean", "exposed"]
    assert [row["columns"]["String.Title"] for row in rows] == ["Bank", "Mail"]


def test_rows_of_tables_without_a_password_are_told(tmp_path: Path) -> None:
    (tmp_path / "d.sql").write_text(
        f"{INSERT}(1,'a','one');\nINSERT INTO l (id, t) VALUES (1,'x');\n"
    )
    (tmp_path / "known").write_bytes(b"two\n")
    form = ("--kind", "password", "--from", "passwords")
    assert leakcheck("build", "known", "-o", "k.bloom", *form, cwd=tmp_path).status == 0
    asked = ("scan", "d.sql", "--kind", "password", "--in", "k.bloom")
    told = "rows of tables without a password, left out: 1"
    shown = leakcheck(*asked, cwd=tmp_path)
    assert told in shown.out + shown.err
    summary = json.loads(leakcheck(*asked, "--format", "json", cwd=tmp_path).out)["summary"]
    assert told in summary["notes"]


def test_a_list_in_an_archive_that_is_not_understood_is_told(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr("one.txt", "a@b.fr:one\nc@d.fr:two\n")
        archive.writestr("two.bin", bytes(range(256)) * 8)
    (tmp_path / "known").write_bytes(b"other\n")
    form = ("--kind", "password", "--from", "passwords")
    assert leakcheck("build", "known", "-o", "k.bloom", *form, cwd=tmp_path).status == 0
    asked = leakcheck("scan", "d.zip", "--kind", "password", "--in", "k.bloom", cwd=tmp_path)
    assert asked.status == 2
    assert "d.zip/two.bin was not read: this looks like a binary file: say how" in asked.err
    assert asked.err.count("d.zip") == 1
    built = leakcheck("build", "d.zip", "-o", "d.bloom", "--kind", "password", cwd=tmp_path)
    assert built.status == 2
    assert "incomplete" in built.err


LONG = "x" * (3 << 20)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("d.csv", f"id,password\n1,one\n2,{LONG}\n3,two\n"),
        (
            "d.jsonl",
            f'{{"password":"one"}}\n{{"password":"one"}}\n{{"password":"{LONG}"}}\n{{"password":"two"}}\n',
        ),
        ("d.txt", f"URL: a.fr\nPassword: one\n\nURL: {LONG}\n\nURL: b.fr\nPassword: two\n"),
        ("d.sql", f"COPY u (id, password) FROM stdin;\n1\tone\n2\t{LONG}\n3\ttwo\n\\.\n"),
        ("d.sql", f"{INSERT}(1,'a','one'),(2,'b','{LONG}'),(3,'c','two');\n"),
        ("combo.txt", f"a@b.fr:one\na@b.fr:{LONG}\nc@d.fr:two\n"),
    ],
    ids=["table", "JSON", "stealer", "COPY", "INSERT", "combo"],
)
def test_a_line_that_is_too_long_is_told_and_its_neighbours_are_read(
    name: str, data: str, tmp_path: Path
) -> None:
    """It may hold anything: the filter is incomplete, and a scan says unknown."""
    (tmp_path / name).write_text(data)
    built = leakcheck("build", name, "-o", "d.bloom", "--kind", "password", cwd=tmp_path)
    assert built.status == 2
    assert "incomplete" in built.err
    for word, status in ((b"one\n", 1), (b"two\n", 1), (b"three\n", 2)):
        check = ("check", "--password", "--in", "d.bloom")
        assert leakcheck(*check, given=word, cwd=tmp_path).status == status
    (tmp_path / "known").write_bytes(b"other\n")
    form = ("--kind", "password", "--from", "passwords")
    assert leakcheck("build", "known", "-o", "k.bloom", *form, cwd=tmp_path).status == 0
    asked = leakcheck("scan", name, "--kind", "password", "--in", "k.bloom", cwd=tmp_path)
    assert asked.status == 2
    assert "1 unknown" in asked.out + asked.err


def test_quotation_marks_swallow_no_row(tmp_path: Path) -> None:
    """Two passwords that begin with a mark, with rows between them, and one at the end."""
    rows = [f"{at},u{at}@a.fr,word{at}" for at in range(100)]
    rows[40], rows[61], rows[98] = '40,x@a.fr,"odd', '61,y@a.fr,"', '98,z@a.fr,"last'
    data = "\n".join(["id,email,password", *rows]) + "\n"
    words = {f"word{at}" for at in range(100) if at not in (40, 61, 98)}
    assert words | {'"odd', '"last'} <= taken(data)[0]
    assert words <= scanned(data, tmp_path)


def test_a_password_of_several_lines_is_one(tmp_path: Path) -> None:
    data = 'email,password\na@b.fr,"two\r\nlines"\nc@d.fr,x\n'
    assert "two\r\nlines" in taken(data)[0]
    assert "two\r\nlines" in scanned(data, tmp_path)


def test_a_password_that_is_a_word_for_one_is_no_header(tmp_path: Path) -> None:
    """`password` is the most used password: a row with it is asked, and those above it."""
    data = "hunter2,\nletmein,\npassword,bob\nzzz,al\n"
    wanted = Wanted(Kind.PASSWORD, columns=("1",))
    assert {"hunter2", "letmein", "password", "zzz"} <= taken(data, wanted, "l.csv")[0]
    assert {"hunter2", "letmein", "password", "zzz"} <= scanned(data, tmp_path, wanted)


def test_a_word_for_a_password_in_a_sheet_is_no_header(tmp_path: Path) -> None:
    book = Workbook()
    for row in (["hunter2", None], ["letmein", None], ["password", "bob"], ["zzz", "al"]):
        book.active.append(row)
    book.save(tmp_path / "l.xlsx")
    asked = scanned((tmp_path / "l.xlsx").read_bytes(), tmp_path, Wanted(Kind.PASSWORD))
    assert {"hunter2", "letmein", "password", "zzz"} <= asked


@pytest.mark.parametrize(
    "label",
    ["Password: {}", "Password:  {}", "Password: {} ", "• Password: {}", "Passw: {}", "PASS: {}",
     "Пароль: {}", "密码: {}", "Password:\t{}"],
)  # fmt: skip
def test_labels_of_stealers(label: str, tmp_path: Path) -> None:
    blocks = [
        f"URL: https://x{at}.fr/a\nUser: al{at}\n{label.format(f'word{at}')}\n" for at in range(5)
    ]
    keys = {sha1(f"word{at}".encode()) for at in range(5)}
    data = "\n".join(blocks).encode()
    assert keys <= built(data)[0]
    assert keys <= asked(data, tmp_path / "list")[0]


def test_a_mark_of_byte_order_in_the_middle_is_none_of_a_row(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbfemail,password\na@b.fr,one\n\xef\xbb\xbfc@d.fr,two\n"
    assert taken(data[3:], Wanted(Kind.CREDENTIAL))[0] == {"a@b.fr:one", "c@d.fr:two"}


def test_a_lone_carriage_return_ends_a_row(tmp_path: Path) -> None:
    data = b"email,password\ra@b.fr,one\rc@d.fr,two\ne@f.fr,three\r\n"
    assert taken(data)[0] == {"one", "two", "three"}
    assert scanned(data, tmp_path) == {"one", "two", "three"}


@pytest.mark.parametrize("head", ["", "x@b.fr{}first\n", "x@b.fr{}first\r\n"])
@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n{}last\n"])
@pytest.mark.parametrize(
    ("title", "line", "name"),
    [
        ("email,password\n", "a@b.fr,pa\rss", "l.csv"),
        ("email;password\n", '"a@b.fr";pa\rss', "l.csv"),
        ("", "0123456789abcdef0123456789abcdef:pa\rss", "found.potfile"),
        ("", "https://x.fr:al:pa\rss", "l.txt"),
        ("", "URL: x.fr\nLogin: al\nPassword: pa\rss", "l.txt"),
    ],
    ids=["table", "table in quotation marks", "potfile", "stealer", "blocks"],
)
def test_a_carriage_return_may_be_part_of_a_cell(
    title: str, line: str, name: str, head: str, end: str, tmp_path: Path
) -> None:
    """A lone carriage return within a line gives both readings."""
    mark = ";" if ";" in title else ","
    if not title:
        head, end = (line.replace("\r", "-") + "\n") * 9, ""
    data = title + head.format(mark) + line + end.format(f"c@d.fr{mark}")
    whole = {one.replace("\n", "") for one in taken(data, name=name)[0]}
    assert "pa\rss" in whole
    assert "pa\rss" in scanned(data, tmp_path)
    assert "pa" in scanned(data, tmp_path)


@pytest.mark.parametrize("rest", ["", "\n", "\nfirst\nsecond\n", "\n" + "word\n" * 300_000])
@pytest.mark.parametrize("pair", ["", "a@b.fr:"])
def test_a_carriage_return_may_be_part_of_a_line(pair: str, rest: str, tmp_path: Path) -> None:
    """Of a list both readings are asked, and both are built."""
    (tmp_path / "list").write_text(
        f"{pair}pa\rss{rest.replace(chr(10), chr(10) + pair)}", newline=""
    )
    (tmp_path / "known").write_bytes(b"pa\rss\n")
    form = ["--from", "combo" if pair else "passwords", "--kind", "password"]
    known, made = str(tmp_path / "known.bloom"), str(tmp_path / "made.bloom")
    listed = ["build", "known", "-o", known, "--kind", "password", "--from", "passwords"]
    assert leakcheck(*listed, cwd=tmp_path).status == 0
    assert leakcheck("build", "list", "-o", made, *form, cwd=tmp_path).status == 0
    assert leakcheck("scan", "list", "--in", known, *form, cwd=tmp_path).status == 1
    assert leakcheck("scan", "known", "--in", made, *listed[-4:], cwd=tmp_path).status == 1


def test_a_column_of_passwords_may_hold_hashes_too() -> None:
    """A value that may be a hash of the kind is asked as both."""
    sha1 = "b7a875fc1ea228b9061041b7cec4bd3c52ab3ce3"
    data = "login,password\n" + "".join(f"u{at},word{at}\n" for at in range(20)) + f"x,{sha1}\n"
    assert sha1 in taken(data)[0]


@pytest.mark.parametrize("mark", [",", "\t", ";"])
@pytest.mark.parametrize("names", [("email", "password", "city"), ("login", "pass", "x")])
def test_a_first_column_without_a_name_moves_the_others(
    names: tuple[str, ...], mark: str, tmp_path: Path
) -> None:
    # As R's write.table writes the names of rows.
    rows = [(f'"{at}"', f'"al{at}@b.fr"', f'"word{at}"', '"Lyon"') for at in range(1, 9)]
    quoted = [f'"{name}"' for name in names]
    text = "".join(f"{mark.join(row)}\n" for row in (quoted, *rows))
    words = {f"word{at}" for at in range(1, 9)}
    assert taken(text) == (words, 0)
    assert scanned(text, tmp_path) == words


def test_names_of_rows_that_only_count_move_the_others() -> None:
    text = "user,password\n" + "".join(f"{at},al{at},word{at}\n" for at in range(1, 9))
    assert taken(text) == ({f"word{at}" for at in range(1, 9)}, 0)


def test_names_over_the_wrong_columns_are_refused(tmp_path: Path) -> None:
    # Which name is missing cannot be told; a clean answer of these keys would be false.
    rows = "".join(f"{at * 3},al{at}@b.fr,word{at},Lyon\n" for at in range(9))
    with pytest.raises(InputError, match="fewer names than the rows have cells"):
        taken(f"name,password,city\n{rows}")
    with pytest.raises(InputError, match="fewer names than the rows have cells"):
        scanned(f"name,password,city\n{rows}", tmp_path)
    named = Wanted(Kind.PASSWORD, columns=("3",))
    assert {f"word{at}" for at in range(9)} <= taken(f"name,password,city\n{rows}", named)[0]


def test_tables_with_other_columns_in_one_file_are_refused() -> None:
    first = "".join(f"{at},al{at}@b.fr,word{at},Lyon\n" for at in range(3))
    other = "".join(f"x,Lyon,al{at}@b.fr,{at},word{at}\n" for at in range(6))
    with pytest.raises(InputError, match="fewer names than the rows have cells"):
        taken(f"id,email,password,city\n{first}note,city,email,id,password\n{other}")


OVERFLOWING = {
    "last": "id,email,password\n1,a@b.fr,let,me in\n2,c@d.fr,dragon\n",
    "middle": "id,email,password,url\n1,a@b.fr,let,me in,https://a.example\n2,c@d.fr,dragon,\n",
    "twice": "email;password;url\na@b.fr;dragon;x\nb@c.fr;let,me in;y;z;\n",
    "before": "id,name,email,password,url\n1,Doe, Joe,a@b.fr,let,me in,x\n2,Roe,c@d.fr,dragon,y\n",
    "address behind": "password,id,email\nlet,me in,1,a@b.fr\ndragon,2,c@d.fr\n",
    "name before": "id,name,email,password\n1,Doe, Joe,a@b.fr,let me in\n2,Roe,c@d.fr,dragon\n",
    "one column": "password\nlet,me in\ndragon\n",
    "empty ends": "email,password,\na@b.fr,let,me in,,\nb@c.fr,dragon,,\nc@d.fr,monkey,,\n",
    "psql": " id | email  | password \n----+--------+----------\n  1 | a@b.fr | let|me in\n"
    "  2 | c@d.fr | dragon\n(2 rows)\n",
}


@pytest.mark.parametrize("name", OVERFLOWING)
def test_a_delimiter_without_marks_in_a_cell_hides_no_password(name: str) -> None:
    """Such a row has more cells than there are columns."""
    text = OVERFLOWING[name]
    word = next(one for one in ("let,me in", "let|me in", "let me in") if one in text)
    form = Form.CSV if name == "one column" else None
    found = {one.strip() for one in taken(text, Wanted(Kind.PASSWORD, form))[0]}
    assert {word, "dragon"} <= found, found
    if name != "one column":
        pairs = taken(text, Wanted(Kind.CREDENTIAL, form))[0]
        address = "b@c.fr" if name == "twice" else "a@b.fr"
        assert (address, word) in {tuple(map(str.strip, one.split(":", 1))) for one in pairs}, pairs


def test_a_row_with_a_cell_in_pieces_shows_none_of_them(tmp_path: Path) -> None:
    text = (
        "email,password,url\na@b.fr,let,me9,https://a.example/x\nc@d.fr,dragon,https://b.example/\n"
    )
    (tmp_path / "list.csv").write_text(text)
    (tmp_path / "words").write_text("let,me9\n")
    made = tmp_path / "it.bloom"
    done = leakcheck(
        "build", tmp_path / "words", "-o", made, "--kind", "password", "--from", "passwords"
    )
    assert done.status == 0, done
    found = leakcheck(
        "scan", tmp_path / "list.csv", "--kind", "password", "--in", made, "--format", "jsonl"
    )
    assert found.status == 1, found
    first, second = map(json.loads, found.out.splitlines())
    assert (first["verdict"], second["verdict"]) == ("exposed", "clean")
    assert first["columns"]["email"] == "a@b.fr"
    assert second["columns"]["url"] == "https://b.example/"
    assert "me9" not in found.out + found.err


WRITTEN = {
    "single marks": "'email','password'\n'a@b.fr','let,me in'\n'c@d.fr','dragon'\n",
    "backslashes": 'email,password\n"a@b.fr","let\\"me,in"\n"c@d.fr","dra\\\\gon"\n',
    "backslashes within": 'email,password,ip\n"a@b.fr","let\\"me,in","1"\n"c@d.fr","dra\\\\gon","2"\n',
    "tabs": "email\tpassword\na@b.fr\tlet\\\tme in\nc@d.fr\tdra\\\\gon\n",
}


@pytest.mark.parametrize("name", WRITTEN)
def test_cells_in_other_marks_and_with_backslashes(name: str) -> None:
    """As MySQL writes tables to files."""
    found = taken(WRITTEN[name], Wanted(Kind.PASSWORD))[0]
    assert found & {"let,me in", 'let"me,in', "let\tme in"}, found
    assert found & {"dragon", "dra\\gon"}, found


@pytest.mark.parametrize(
    "row", ["b@c.fr;SENTINEL", "b@c.fr | SENTINEL", "b@c.fr SENTINEL", "bob:SENTINEL"]
)
@pytest.mark.parametrize("kind", ["password", "email"])
def test_a_row_with_another_delimiter_shows_no_secret(kind: str, row: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(
        f"login,password,url\na@b.fr,letmein,x\n{row}\nc@d.fr,dragon,y\n"
    )
    (tmp_path / "known").write_text("a@b.fr:letmein\n")
    made = tmp_path / "it.bloom"
    assert (
        leakcheck("build", tmp_path / "known", "-o", made, "--kind", kind, "--from", "combo").status
        == 0
    )
    found = leakcheck(
        "scan", tmp_path / "list.csv", "--kind", kind, "--in", made, "--format", "jsonl"
    )
    assert found.status == 1, found
    assert "SENTINEL" not in found.out + found.err


def test_rows_of_sql_with_more_values_than_names_are_scanned(tmp_path: Path) -> None:
    text = (
        "CREATE TABLE users (id int, email text);\nALTER TABLE users ADD phone text;\n"
        "INSERT INTO users VALUES (1,'a@b.fr','x'),(2,'c@d.fr','y');\n"
    )
    (tmp_path / "users.sql").write_text(text)
    made = tmp_path / "it.bloom"
    assert leakcheck("build", tmp_path / "users.sql", "-o", made, "--kind", "email").status == 0
    found = leakcheck("scan", tmp_path / "users.sql", "--in", made, "--format", "jsonl")
    assert found.status == 1, found
    assert [json.loads(one)["subject"] for one in found.out.splitlines()] == ["a@b.fr", "c@d.fr"]


def test_a_csv_row_of_copy_that_goes_on_in_the_next_line_is_counted() -> None:
    text = 'COPY u (email, password, note) FROM stdin CSV;\na,one,"x\ny"\nb,"t,wo",z\n\\.\n'
    found, rejected = taken(text, Wanted(Kind.PASSWORD))
    assert {"one", "t,wo"} <= found
    assert rejected >= 1


def test_no_credential_is_made_of_a_hash_of_any_sort(tmp_path: Path) -> None:
    users = [
        {"email": "a@b.fr", "passwordHash": "aGFzaA==", "salt": "x"},
        {"email": "c@d.fr", "password": "one"},
    ]
    assert taken(json.dumps({"users": users}), Wanted(Kind.CREDENTIAL)) == ({"c@d.fr:one"}, 1)
    (tmp_path / "users.json").write_text(json.dumps({"users": users[:1]}))
    looked = leakcheck("inspect", tmp_path / "users.json")
    assert looked.status == 0, looked


def test_cells_of_a_spreadsheet_are_never_in_pieces(tmp_path: Path) -> None:
    book = Workbook()
    for row in (("email", "password"), ("a@b.fr", "one", "more"), ("c@d.fr", "two")):
        book.active.append(row)
    book.save(tmp_path / "list.xlsx")
    assert scanned((tmp_path / "list.xlsx").read_bytes(), tmp_path) == {"one", "two"}


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_a_table_that_begins_with_urls_has_the_columns_of_its_header(
    mark: str, tmp_path: Path
) -> None:
    lines = ["url;login;password;seen"] + [f"https://a.fr/{at};u{at};word{at};x" for at in range(9)]
    text = "\n".join(lines).replace(";", mark)
    expected = {f"word{at}" for at in range(9)}
    assert taken(text)[0] == expected
    assert scanned(text, tmp_path) == expected


LOGINS = {
    "acme.fr/x:b:jean@acme.fr:one": {"b:jean@acme.fr:one", "jean@acme.fr:one"},
    "acme.fr:jean:o:ne": {"jean:o:ne", "acme.fr:jean:o:ne"},
    " acme.fr:443/x:jean@acme.fr:one": {"jean@acme.fr:one"},
    "\thttps://acme.fr/x:jean@acme.fr:one": {"jean@acme.fr:one"},
}


@pytest.mark.parametrize("line", LOGINS)
def test_what_a_line_of_a_host_may_mean_is_all_taken(line: str) -> None:
    others = "acme.fr/x:a@b.fr:two\n" * 3
    found, _ = taken(f"{line}\n{others}", Wanted(Kind.CREDENTIAL))
    assert found - {"a@b.fr:two"} == LOGINS[line]


STARS = "*" * 27
DISPLAYED = {
    "mysql": (
        f'{STARS} 1. row {STARS}\n   email: a@b.fr\npassword: o: "n"e\n    note: x\ny: z\n\nw\n'
        f"{STARS} 2. row {STARS}\n   email: c@b.fr\npassword:  two \n    note: NULL\n"
        f"{STARS} 3. row {STARS}\n   email: d@b.fr\npassword: \n    note: NULL\n"
        "3 rows in set (0.00 sec)\n",
        {'a@b.fr:o: "n"e', "c@b.fr: two "},
        2,  # the third, and the rest of a note behind an empty line
    ),
    "mysql, joined": (
        f"{STARS} 1. row {STARS}\n   email: a@b.fr\npassword: one\npassword: two\n",
        {"a@b.fr:one", "a@b.fr:two"},
        0,
    ),
    "mysql, a value of two lines": (
        f"{STARS} 1. row {STARS}\npassword: on\nne\n   email: a@b.fr\n",
        {"a@b.fr:on", "a@b.fr:on\nne"},
        0,
    ),
    "psql": (
        "Expanded display is on.\n-[ RECORD 1 ]---\nemail    | a@b.fr\npassword | o | ne\n"
        "note     | x +\n         | y\n-[ RECORD 2 ]---\nemail    | c@b.fr\npassword |  two\n"
        "note     | \n-[ RECORD 3 ]---\nemail    | d@b.fr\npassword | \n(3 rows)\n\n",
        {"a@b.fr:o | ne", "c@b.fr: two"},
        1,
    ),
    "psql, framed": (
        "+-[ RECORD 1 ]------+\n| email    | a@b.fr |\n| password | one    |\n+----------+--------+\n",
        {"a@b.fr:one"},
        0,
    ),
    "psql, in Unicode": (
        "─[ RECORD 1 ]──────\nemail    │ a@b.fr\npassword │ one\n",
        {"a@b.fr:one"},
        0,
    ),
}


@pytest.mark.parametrize("name", DISPLAYED)
def test_rows_that_a_shell_displays_as_blocks(name: str, tmp_path: Path) -> None:
    text, expected, rejected = DISPLAYED[name]
    assert taken(text, Wanted(Kind.CREDENTIAL)) == (expected, rejected)
    words = {pair.partition(":")[2] for pair in expected}
    assert words <= scanned(text, tmp_path)


def test_a_row_of_many_columns_of_one_name_takes_no_time() -> None:
    text = f"{STARS} 1. row {STARS}\n" + "password: x\n" * 200_000
    start = time.process_time()
    assert taken(text)[0] == {"x"}
    assert time.process_time() - start < 10


HEAD = "<html><table><tr><td>Mail</td><td>Password</td></tr>"
HTML = {
    "entities": ("<tr><td>a@b.fr</td><td>o&lt;n&amp;e</td></tr>", {"o<n&e", "o&lt;n&amp;e"}, 0),
    "what is no tag": ("<tr><td>a@b.fr</td><td>o<n>e<2</td></tr>", {"o<n>e<2"}, 0),
    "tags in it": ("<tr><td>a@b.fr</td><td> <b>one</b>\n</td></tr>", {"one", "<b>one</b>"}, 0),
    "no ends": ("<tr><td>a@b.fr<td>one<tr><td>c@d.fr<td>two", {"one", "two"}, 0),
    "over two rows": (
        "<tr><td rowspan=2>a@b.fr<td>one<tr><td>two<tr><td>c@d.fr<td>three",
        {"one", "two", "three"},
        0,
    ),
    "a cell without a name": ("<tr><td>1<td>a@b.fr<td>one<tr><td>c@d.fr<td>two", {"two"}, 1),
    "a mark in an attribute": ('<tr><td title="a>b">a@b.fr<td>one<tr><td>c@d.fr<td>two', {"two"}, 1),
    "outside": ("<tr><td>a@b.fr<td>one</table><pre>c@d.fr:two\n</pre>", {"one"}, 1),
    "another table": (
        "<tr><td>a@b.fr<td>one</table><TABLE><TR><TH>pass<TH>mail<TR><TD>two<TD>c@d.fr</TABLE>",
        {"one", "two"},
        0,
    ),
    "a table without names": (
        "<tr><td>a@b.fr<td>one</table><table><tr><td>c@d.fr<td>two</table>", {"one"}, 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HTML)
def test_tables_in_html(name: str, tmp_path: Path) -> None:
    text, expected, rejected = HTML[name]
    found, lost = taken(HEAD + text)
    assert expected <= found
    assert not found & {"a@b.fr", "c@d.fr"}
    assert lost == rejected
    assert scanned(HEAD + text, tmp_path) >= expected


def test_credentials_of_a_cell_over_two_rows() -> None:
    text = HEAD + HTML["over two rows"][0]
    assert taken(text, Wanted(Kind.CREDENTIAL))[0] == {"a@b.fr:one", "a@b.fr:two", "c@d.fr:three"}


@pytest.mark.parametrize(
    "piece",
    ["<table>", "<td ", "<td>", "<tr><td rowspan=64>", "<!--", "x@y.fr>", "<b>", "<td colspan=64>"],
)
def test_html_that_is_hostile_takes_bounded_time(piece: str) -> None:
    text = HEAD + "<tr><td>a@b.fr<td>one</tr>" + piece * (200_000 // len(piece))
    start = time.process_time()
    with suppress(InputError, ReadError):
        taken(text)
    assert time.process_time() - start < 10


def test_no_read_size_changes_the_rows_of_html() -> None:
    class Drip(Held):
        step = 1

        def readinto(self, buffer: object) -> int:
            return super().readinto(memoryview(buffer)[: self.step])  # type: ignore[arg-type]

    data = "".join(HEAD + text for text, _, _ in HTML.values()).encode() + b"a@b.fr > c@d.fr <b>"
    wanted = Wanted(Kind.PASSWORD)
    dialect = detect(data, wanted=wanted)
    expected = list(rows(dialect, Held(data), wanted))
    for step in (1, 2, 3, 7, 50):
        drip = Drip(data)
        drip.step = step
        assert list(rows(dialect, drip, wanted)) == expected


ENTITIES = {
    "table": "id,email,password\n1,a@b.fr,R&amp;B&#39;s\n2,c@d.fr,x&y;\n",
    "SQL": f"{INSERT}(1,'a@b.fr','R&amp;B&#39;s'),(2,'c@d.fr','x&y;');\n",
    "JSON": '[{"email":"a@b.fr","password":"R&amp;B&#39;s"},{"email":"c@d.fr","password":"x&y;"}]',
}


@pytest.mark.parametrize("form", ENTITIES)
def test_entities_of_html_are_read_as_written_and_as_meant(form: str, tmp_path: Path) -> None:
    expected = {"R&amp;B&#39;s", "R&B's", "x&y;"}
    assert taken(ENTITIES[form]) == (expected, 0)
    assert scanned(ENTITIES[form], tmp_path) == expected


def test_records_that_all_have_names_of_their_own_take_bounded_memory() -> None:
    head = b'{"login": "jean", "password": "tulipe77"}\n'
    wanted = Wanted(Kind.PASSWORD)
    picker = picker_of(detect(head, "", wanted=wanted), head, wanted)
    tracemalloc.start()
    try:
        for at in range(20_000):
            row = Row(at, (f"{at:0500}", "password"), ("x", "tulipe77"))
            assert picker.places(row).passwords == (1,)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 << 20
