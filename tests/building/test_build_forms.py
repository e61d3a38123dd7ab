"""Every form for every kind: the keys that are in the filter are those of the dump."""

import gzip
import time
from pathlib import Path

import pytest
from builds import known, made, put, refused
from hypothesis import given, settings
from hypothesis import strategies as st
from program import leakcheck, one_sentence

from leakcheck.errors import UsageError
from leakcheck.input import Options
from leakcheck.input.streams import Held
from leakcheck.records.batches import batches
from leakcheck.records.detect import detect
from leakcheck.records.formats import Form
from leakcheck.records.rows import Wanted
from leakcheck.records.stealer import one_line
from leakcheck.subject.kinds import Kind

PEOPLE = [
    ("ada@example.fr", "dragon"),
    ("ben@example.org", "with:colon, comma"),
    ("carla@example.com", 'it\'s "quoted"'),
    ("dimitri@example.fr", "back\\slash"),
    ("elena@example.org", "naïve ☃"),
]


def csv_text(mark: str) -> str:
    quoted = (f'"{word}"' for word in (p.replace('"', '""') for _, p in PEOPLE))
    rows = [
        mark.join([str(at), name, word, "x"])
        for at, ((name, _), word) in enumerate(zip(PEOPLE, quoted, strict=True))
    ]
    return "\n".join([mark.join(["Id", "E-Mail", "Pass_Word", "City"]), *rows]) + "\n"


def json_text(lines: bool) -> str:
    import json

    rows = [{"id": at, "user": {"Email": name}, "password": word} for at, (name, word) in
            enumerate(PEOPLE)]  # fmt: skip
    if lines:
        return "".join(json.dumps(row) + "\n" for row in rows)
    return json.dumps({"total": 5, "page": {"users": rows}}, indent=1)


def mysql_text(columns: bool) -> str:
    def quote(word: str) -> str:
        return "'" + word.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"') + "'"

    rows = ",".join(f"({at},{quote(n)},{quote(w)},NULL)" for at, (n, w) in enumerate(PEOPLE))
    table = (
        "-- MySQL dump\nCREATE TABLE `users` (\n  `id` int(11) DEFAULT '0',\n  `email` text,\n"
        "  `password` varchar(20),\n  `x` decimal(3,2),\n  PRIMARY KEY (`id`),\n"
        "  KEY `k` (`email`)\n) ENGINE=InnoDB;\n"
        "INSERT INTO `posts` VALUES (1,'someone@example.net','not a password');\n"
    )
    names = " (`id`, `email`, `password`, `x`)" if columns else ""
    return f"{'' if columns else table}INSERT INTO `users`{names} VALUES {rows};\nUNLOCK TABLES;\n"


def standard_text() -> str:
    def quote(word: str) -> str:
        return "'" + word.replace("'", "''") + "'"

    rows = "".join(
        f"INSERT INTO public.users (id, email, passwd) VALUES ({at}, {quote(n)}, {quote(w)});\n"
        for at, (n, w) in enumerate(PEOPLE)
    )
    return f"-- PostgreSQL database dump\n{rows}"


def copy_text() -> str:
    rows = "".join(f"{at}\t{n}\t{w.replace(chr(92), chr(92) * 2)}\n" for at, (n, w) in
                   enumerate(PEOPLE))  # fmt: skip
    return (
        "-- PostgreSQL database dump\nCOPY public.users (id, email, password) FROM stdin;\n"
        f"{rows}\\.\n\nSELECT 1;\n"
    )


def blocks_text() -> str:
    return "".join(
        f"Soft: Some Browser\nURL: https://login.example.net/a?b=c:d\nUsername: {name}\n"
        f"Password: {word}\n===============\n"
        for name, word in PEOPLE
    )


DUMPS = {
    "combo": "".join(f"{name}:{word}\n" for name, word in PEOPLE),
    "combo crlf": "".join(f"{name};{word}\r\n" for name, word in PEOPLE),
    "csv": csv_text(","),
    "csv semicolon": csv_text(";"),
    "tsv": csv_text("\t"),
    "json": json_text(False),
    "json lines": json_text(True),
    "mysql": mysql_text(False),
    "mysql named": mysql_text(True),
    "standard sql": standard_text(),
    "copy": copy_text(),
    "blocks": blocks_text(),
    "host lines": "".join(f"login.example.net:8443/x:{name}:{word}\n" for name, word in PEOPLE),
    "url lines": "".join(f"https://a.example.net:8443/x:{name}:{word}\n" for name, word in PEOPLE),
}


@pytest.mark.parametrize("kind", ["email", "password", "ntlm", "credential"])
@pytest.mark.parametrize("name", DUMPS)
def test_every_person_is_in_the_filter(name: str, kind: str, tmp_path: Path) -> None:
    dump = put(tmp_path, "dump", DUMPS[name])
    made(tmp_path, dump, kind=kind)
    subjects = {
        "email": [name for name, _ in PEOPLE],
        "password": [word for _, word in PEOPLE],
        "ntlm": [word for _, word in PEOPLE],
        "credential": PEOPLE,
    }[kind]
    assert all(known(tmp_path, kind, subjects))
    others = {"credential": [("ada@example.fr", "other")]}.get(kind, ["zoe@nowhere.example.org"])
    assert not any(known(tmp_path, kind, others))


@pytest.mark.parametrize("name", [name for name in DUMPS if "combo" not in name])
def test_any_read_size_gives_the_same_records(name: str) -> None:
    data = DUMPS[name].encode()
    wanted = Wanted(Kind.CREDENTIAL)
    dialect = detect(data, wanted=wanted)

    class Drip(Held):
        step = 1

        def readinto(self, buffer: object) -> int:
            return super().readinto(memoryview(buffer)[: self.step])  # type: ignore[arg-type]

    expected = [(name.encode(), word.encode()) for name, word in PEOPLE]
    for step in (1, 2, 3, 7, 50, 1 << 20):
        drip = Drip(data)
        drip.step = step
        found = []
        for batch in batches(dialect, drip, data, wanted):
            found += batch.secrets
        assert found == expected, step


def test_columns_by_name_and_number(tmp_path: Path) -> None:
    dump = put(tmp_path, "t.csv", "a,b,c\nx,dragon,1\ny,monkey,2\n")
    made(tmp_path, dump, kind="password", form="csv", column="2")
    assert all(known(tmp_path, "password", ["dragon", "monkey"]))
    dump = put(tmp_path, "t.csv", "id,Secret Word,c\nx,dragon,1\ny,monkey,2\n")
    made(tmp_path, dump, kind="password", form="csv", column="secret word")
    assert all(known(tmp_path, "password", ["dragon", "monkey"]))
    assert not any(known(tmp_path, "password", ["Secret Word"]))


def test_hash_columns_are_keys_as_they_are(tmp_path: Path) -> None:
    sha1 = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8"
    dump = put(tmp_path, "t.csv", f"id,email,sha1\n1,ada@example.fr,{sha1}\n")
    made(tmp_path, dump, kind="password")
    assert known(tmp_path, "password", ["password"]) == [True]
    ntlm = "8846F7EAEE8FB117AD06BDD830B7586C"
    dump = put(tmp_path, "t.jsonl", f'{{"id":1,"nt_hash":"{ntlm}"}}\n{{"id":2}}\n')
    report = made(tmp_path, dump, kind="ntlm")
    assert known(tmp_path, "ntlm", ["password"]) == [True]
    assert report.rejected == {"no password": 1}


def test_an_unclosed_quotation_mark_loses_no_row(tmp_path: Path) -> None:
    rows = [f"{at},user{at}@example.fr,word{at}" for at in range(3000)]
    rows[1000] = '1000,user1000@example.fr,"never closed'
    dump = put(tmp_path, "t.csv", "\n".join(["id,email,password", *rows]) + "\n")
    made(tmp_path, dump, kind="password")
    assert all(known(tmp_path, "password", [f"word{at}" for at in range(3000) if at != 1000]))


def test_quoted_line_feeds_are_part_of_the_field(tmp_path: Path) -> None:
    dump = put(tmp_path, "t.csv", 'id,email,password\n1,a@example.fr,"two\nlines"\n2,b@c.fr,x\n')
    report = made(tmp_path, dump, kind="password")
    assert all(known(tmp_path, "password", ["two\nlines", "x"]))
    assert report.rejected == {"header": 1}


def test_bytes_that_are_not_utf8_are_kept(tmp_path: Path) -> None:
    for name, data in {
        "t.csv": b"id,email,password\n1,a@example.fr,caf\xe9\n2,b@example.fr,x\n",
        "t.sql": b"INSERT INTO u (id,email,password) VALUES (1,'a@example.fr','caf\xe9');\n",
        "t.txt": b"a@example.fr:caf\xe9\nb@example.fr:x\n",
        "t.json": b'[{"email":"a@example.fr",\n"password":"caf\xe9"}]\n',
    }.items():
        made(tmp_path, put(tmp_path, name, data), kind="password")
        assert known(tmp_path, "password", ["café"]) == [True], name


def test_password_fields_are_as_they_stand(tmp_path: Path) -> None:
    """Numbers keep their digits, spaces stay, escapes are undone, null is nothing."""
    dump = put(
        tmp_path,
        "t.jsonl",
        '{"password":" spaced "}\n{"password":"\\u00e9\\n"}\n{"password":"007"}\n'
        '{"password":null}\n{"password":1e3}\n{"x":[{"password":"deep"}]}\nnot json\n\n',
    )
    report = made(tmp_path, dump, kind="password")
    assert all(known(tmp_path, "password", [" spaced ", "é\n", "007", "1e3", "deep"]))
    assert report.rejected == {"no password": 1, "not JSON": 1, "empty": 1}


ONE_LINE = {
    "https://a.example/x:ada@example.fr:pass:word": ("ada@example.fr", "pass:word"),
    "https://a.example:8443/:user:word": ("user", "word"),
    "android://k==@com.example.app/:user:word": ("user", "word"),
    "a.example/login:user:word": ("user", "word"),
    "a.example:user:word": ("user", "word"),
    "a.example:8443/login:user:word": ("user", "word"),
    "192.0.2.7:8080/:admin:word": ("admin", "word"),
    "localhost/a:admin:word": ("admin", "word"),
    "login.example.xn--p1ai/a;user;word": ("user", "word"),
    "a.example/@user:ada@example.fr:word": ("ada@example.fr", "word"),
    "ada@example.fr:word": ("ada@example.fr", "word"),
    "user:word": ("user", "word"),
    "user;wo:rd": ("user", "wo:rd"),
    "user:word:https://a.example/": ("user", "word"),
    "https://a.example/|user|word": ("user", "word"),
    "https://a.example/ user word": ("user", "word"),
    "nothing": None,
    "https://a.example/": None,
}


@pytest.mark.parametrize("line", ONE_LINE)
def test_lines_of_stealer_logs(line: str) -> None:
    assert one_line(line) == ONE_LINE[line]


@given(
    st.sampled_from([form for form in Form if form.structured]),
    st.sampled_from([Kind.CREDENTIAL, Kind.NTLM, Kind.EMAIL]),
    st.lists(
        st.sampled_from(
            [
                b"INSERT INTO `t` (`id`,`password`) VALUES ", b"(1,'a')", b",", b";\n", b"'", b"\\",
                b'"', b"\n", b"{", b"}", b"[", b"]", b'"password":', b"email,password\n", b"x,y\n",
                b"CREATE TABLE t (", b"COPY t (password) FROM stdin;\n", b"\\.\n", b"\0",
                b"Password: x\n", b"Username: y\n", b"http://a/:b:c\n", b"NULL", b"(", b")",
                b"/*", b"*/", b"--", b"SET password = 'x'", b"UPDATE t ", b"SELECT 'a' UNION ",
                b"X'61'", b"<a>", b"</a>", b"<b c='d'/>", b"- a: b\n", b"  password: c\n", b"&a *a",
                b"u:500:" + b"0" * 32 + b":" + b"1" * 32 + b":::\n", b"1" * 32 + b":plain\n", b"\r",
            ]
        ),
        max_size=40,
    ).map(b"".join),
)  # fmt: skip
@settings(deadline=None)
def test_no_text_breaks_a_parser(form: Form, kind: Kind, data: bytes) -> None:
    from leakcheck.errors import InputError

    wanted = Wanted(kind, form)
    try:
        for _ in batches(detect(data, wanted=wanted), Held(data), data, wanted):
            pass
    except InputError:
        pass


def test_a_hostile_row_takes_no_time(tmp_path: Path) -> None:
    """What makes backtracking patterns explode: many marks, no end."""
    for body in (b"(" + b"'a'," * 300_000, b"(" + b"'" * 1_000_001, b"(" * 1_000_000,
                 b"(" + b"a " * 600_000, b"('" + b"\\" * 1_000_001):  # fmt: skip
        data = b"INSERT INTO t (id,password) VALUES " + body + b"\n" + DUMPS["mysql"].encode()
        wanted = Wanted(Kind.PASSWORD, Form.SQL)
        start = time.process_time()
        for _ in batches(detect(data, wanted=wanted), Held(data), data[:65536], wanted):
            pass
        assert time.process_time() - start < 10.0


def test_what_is_empty_is_said_to_be_empty(tmp_path: Path) -> None:
    packed = put(tmp_path, "packed.gz", gzip.compress(b""))
    for path in (packed, put(tmp_path, "mark", b"\xef\xbb\xbf")):
        for kind in (None, "email", "password"):
            assert refused(tmp_path, path, kind=kind) == f"{path}: it is empty."
    result = leakcheck("build", "-", "-o", tmp_path / "out.bloom")
    assert one_sentence(result) == "leakcheck: -: it is empty."


def test_an_empty_file_in_a_folder_is_no_damage(tmp_path: Path) -> None:
    put(tmp_path, "in/0", b"")
    put(tmp_path, "in/1", b"ada@example.fr\n")
    for resume in (False, True):
        report = made(tmp_path, tmp_path / "in", resume=resume)
        assert not report.failures
        assert [tally.new for tally in report.inputs] == [0, 1]


def test_only_what_was_decided_is_said(tmp_path: Path) -> None:
    path = put(tmp_path, "list", b"ada@example.fr:word\nben@example.fr:other\n")
    for kind, form, count in (
        (None, None, 1),
        (None, "combo", 1),
        ("email", None, 0),
        ("domain", None, 0),
        ("password", None, 1),
        ("password", "combo", 0),
    ):
        said: list[str] = []
        made(tmp_path, path, kind=kind, form=form, said=said)
        assert len([one for one in said if "read as" in one]) == count, (kind, form)


def test_what_cannot_end_well_is_refused_before_it_begins(tmp_path: Path) -> None:
    path = put(tmp_path, "list", b"ada@example.fr\n")
    for options, word in (
        ({"about": {"date": "2026-13-45"}}, "--date"),
        ({"about": {"date": "20260201"}}, "--date"),
        ({"about": {"note": "x" * 4000}}, "shorten"),
        ({"threads": 100_000}, "--threads"),
        ({"rejects": path}, "is read as well"),
        ({"rejects": tmp_path / "out.bloom"}, "name another file"),
        ({"rejects": tmp_path / "out.bloom.keys"}, "name another file"),
        ({"reading": Options(expansion=float("nan"))}, "--max-expansion"),
    ):
        assert word in refused(tmp_path, path, **options)
    with pytest.raises(UsageError, match="is read as well"):
        made(tmp_path, path, output=path)
    assert path.read_bytes() == b"ada@example.fr\n"


def test_a_refusal_says_what_is_wrong(tmp_path: Path) -> None:
    sql = put(tmp_path, "a.sql", "INSERT INTO u (a, b) VALUES ('ada@example.fr', 'x');\n")
    assert "given with --column" in refused(tmp_path, sql, kind="password", column="9")
    assert "name it with --column" in refused(tmp_path, sql, kind="password")
    jsons = put(tmp_path, "a.json", '[{"mail": "ada@example.fr", "word": "x"}]')
    assert "--column" in refused(tmp_path, jsons, kind="password")
    table = put(tmp_path, "a.csv", "mail,word,city\nada@example.fr,x,Lyon\n")
    for column in ("4", "none", "0"):
        said = refused(tmp_path, table, kind="password", column=column)
        assert "no such column" in said
        assert "mail, word, city" in said
    alone = put(tmp_path, "b.csv", "password,city\nhunter2,Lyon\nletmein,Paris\n")
    assert "addresses that the passwords belong to" in refused(tmp_path, alone, kind="credential")
    deep = put(tmp_path, "deep.json", "[" * 5000 + '{"password":"x"}' + "]" * 5000)
    assert "nested too deeply" in refused(tmp_path, deep, kind="password")
    plain = put(tmp_path, "plain", "ada@example.fr:x\n")
    assert "empty" not in refused(tmp_path, plain, kind="password", form="sql")


def test_a_filter_and_its_keys_are_no_dump(tmp_path: Path) -> None:
    path = put(tmp_path, "in/list", b"ada@example.fr\n")
    made(tmp_path, path, output=tmp_path / "in" / "old.bloom", keep_keys=True)
    report = made(tmp_path, tmp_path / "in")
    assert not report.failures
    assert len(report.skipped) == 2
    (tmp_path / "out.bloom").unlink()
    assert "a filter, not a dump" in refused(tmp_path, tmp_path / "in" / "old.bloom")
    assert "kept keys" in refused(tmp_path, tmp_path / "in" / "old.bloom.keys", kind="email")


def test_a_column_of_a_text_that_is_searched_is_wrong_use(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", "id,email,password\n1,ada@example.fr,word\n")
    assert "--column" in refused(tmp_path, path, column="3")
    made(tmp_path, path, column="3", kind="password")
    assert known(tmp_path, "password", ["word"]) == [True]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
def test_rejects_that_cannot_be_written_are_one_sentence(tmp_path: Path) -> None:
    path = put(tmp_path, "list", b"nothing\n" * 100_000 + b"ada@example.fr\n")
    told = refused(tmp_path, path, kind="email", rejects=Path("/dev/full"))
    assert told == "/dev/full: it cannot be written: No space left on device."
