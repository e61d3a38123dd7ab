"""Files that were made to hurt: every one is read to its end, and what stands in it is found.

There is no clock in these tests: a reader that is not linear does not end
while anyone waits.
"""

# ruff: noqa: E501 - a table of cases is read by the row

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.ci.names import Names
from leakcheck.ci.readers.families import family_of
from leakcheck.ci.reading import read_file
from leakcheck.ci.text import NotTextError

NAMES = [
    "a.py",
    "a.js",
    ".env",
    "run.sh",
    "Dockerfile",
    "a.yml",
    "a.json",
    "a.toml",
    "a.ini",
    "a.properties",
    "a.conf",
    "a.tf",
    "a.sql",
    "a.xml",
    ".htpasswd",
    ".netrc",
    ".pgpass",
    "a.csv",
    "a.txt",
    "a.gradle",
    "a.unknown",
    "hosts",
]


def passwords(data: bytes, path: str) -> list[str]:
    return [c.password for c in read_file(data, path, Names()) if c.skip is None]


def test_a_yaml_bomb_is_as_small_as_its_file() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    bomb = "\n".join([*lines, "password: after-the-bomb", "self: &s [*s]", "z: {password: *a29}"])
    assert passwords(bomb.encode(), "a.yml") == ["after-the-bomb"]


@pytest.mark.parametrize(
    ("path", "opening", "closing"),
    [
        ("a.json", '{"a":', "}"),
        ("a.json", "[", "]"),
        ("a.yml", "{a: ", "}"),
        ("a.yml", "[", "]"),
        ("a.xml", "<a>", "</a>"),
        ("a.toml", "x = [", "]"),
    ],
)
def test_depth_is_no_recursion(path: str, opening: str, closing: str) -> None:
    inner = {"a.xml": '<b password="deep-down"/>', "a.toml": '{password="deep-down"}'}.get(
        path, '{"password": "deep-down"}'
    )
    deep = opening * 60_000 + inner + closing * 60_000
    assert "deep-down" in passwords(deep.encode(), path)


def test_block_yaml_nested_deeper_than_the_stack() -> None:
    deep = "".join(f"{' ' * n}a:\n" for n in range(3000)) + " " * 3000 + "password: deep-down\n"
    assert passwords(deep.encode(), "a.yml") == ["deep-down"]


def test_an_entity_bomb_is_not_expanded() -> None:
    bomb = (
        '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        '<a password="beside-it">&b;</a><!ENTITY % x SYSTEM "file:///etc/passwd">'
    )
    assert passwords(bomb.encode(), "a.xml") == ["beside-it"]


@pytest.mark.parametrize(
    "piece",
    [
        b"password", b"password=", b'password="', b"password='x", b'"password":"', b"password: \\\"", b"pass ",
        b"://a:", b"://a:b", b"://:", b"@tcp(", b"a:b@tcp(", b"jdbc:oracle:thin:a/", b"host=a password=",
        b"identified by '", b"password '", b"insert into t (password) values ", b"insert into t (a,", b"('a',",
        b"((((", b"/*", b"//", b"\"\\", b"'''", b'"""', b"`${", b"${", b"{{ x |", b"$(", b"password=${", b"#", b" # ",
        b"<password>", b"<!--", b"- password: &a ", b"*a ", b"!vault ", b"{password: ", b"\\", b"\t", b"pwd\r", b"\n",
        b"variable \"password\" {", b"setPassword(\"", b"env(\"password\",", b"\xff\xfepass", b"\xc3", b"pw=a,",
        b"basic+", b"secret+basic+",
    ],
)  # fmt: skip
def test_repetition_is_linear(piece: bytes) -> None:
    """Nine files of 60 kB: what backtracks or starts again for each piece takes minutes."""
    start = time.process_time()
    look = Names().first_look
    if look is not None:
        assert look.holds_nothing(piece * (400_000 // len(piece)), False) in (True, False)
    for path in ("a.py", ".env", "a.yml", "a.json", "a.sql", "a.xml", "a.toml", ".netrc", "hosts"):
        read_file(piece * (60_000 // len(piece)), path, Names())
    assert time.process_time() - start < 10.0


@pytest.mark.parametrize(
    ("piece", "path"),
    [
        (b'"docker", "login", ', "a.json"),
        (b"- docker\n- login\n", "a.yml"),
        (b'"--password", ', "a.json"),
        (b"${PASSWORD:-", ".env"),
        (b'{{ .password | default "', "a.yml"),
        (b"PWD=/x\n", "a.ini"),
        (b'variable "password" {' + 400 * b"x = <<E\n" + 100 * b"/* ", "a.tf"),
    ],
)
def test_repetition_in_long_files_is_linear(piece: bytes, path: str) -> None:
    start = time.process_time()
    read_file(piece * (600_000 // len(piece)), path, Names())
    assert time.process_time() - start < 5.0


@pytest.mark.parametrize("suffix", ["js", "rs", "py", "clj"])
def test_a_text_that_ends_in_a_backslash_is_walked_once(suffix: str) -> None:
    data = b'x = 1\nvar password = "hunter2x";\n"' + b'\\"' * 100_000 + b"\\"
    start = time.process_time()
    read_file(data, f"a.{suffix}", Names())
    assert time.process_time() - start < 5.0


def test_one_line_of_ten_megabytes() -> None:
    line = b"x=1;" * 2_500_000 + b'var password="at-the-end";' + b"y=2;" * 1000
    (found,) = (c for c in read_file(line, "a.js", Names()) if c.skip is None)
    assert (found.line, found.column, found.password) == (1, 10_000_015, "at-the-end")


def test_many_findings_on_one_line() -> None:
    line = b"".join(b'a.password="value-%d";' % n for n in range(10_000))
    found = read_file(line, "a.js", Names())
    assert len(found) == 10_000
    assert found[-1].column == line.rindex(b"value-") + 1


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=12),
            st.sampled_from(
                [b"password", b"DB_PASS", b": ", b"=", b'"', b"'", b"\n", b"  ", b"{", b"}", b"[", b"]", b"- ",
                 b"value", b"name", b"://u:p@h", b"&a", b"*a", b"|", b"#", b"<a ", b">", b"</a>", b"\\", b",",
                 b"kind: Secret\ndata:\n", b"cGFzcw==", b"INSERT INTO t (password) VALUES (", b")", b"\r\n"]
            ),
        ),
        max_size=30,
    ),
    st.sampled_from(NAMES),
)  # fmt: skip
def test_any_bytes_under_any_name(pieces: list[bytes], path: str) -> None:
    data = b"".join(pieces)
    try:
        found = read_file(data, path, Names(), trace=True)
    except NotTextError:
        assert b"\0" in data
        return
    lines = data.count(b"\n") + data.count(b"\r") + 1
    for candidate in found:
        assert 1 <= candidate.line <= lines
        assert candidate.column >= 1
        assert (candidate.skip is None) == bool(candidate.password)


@settings(max_examples=100, deadline=None)
@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="'\\"),
        min_size=6, max_size=20,
    ).map(lambda text: f"zq{text}9"),
    st.sampled_from(["a.py", "a.yml", "a.json", "a.toml", "a.sql", ".env", "a.tf", "run.sh", "a.ts"]),
)  # fmt: skip
def test_a_quoted_password_is_found_in_every_format(value: str, path: str) -> None:
    from leakcheck.ci.values import judge

    if judge(value).skip or judge(value).password != value:
        return
    written = {
        "a.yml": f"db_password: '{value}'\n",
        "a.json": '{"db_password": "' + value.replace('"', '\\"') + '"}',
        "a.sql": f"CREATE USER x IDENTIFIED BY '{value}';\n",
        "a.ts": f"const x = {{ dbPassword: '{value}' }};\n",
        "a.tf": 'db_password = "' + value.replace('"', '\\"') + '"\n',
    }.get(path, f"db_password='{value}'\n")
    assert value in passwords(written.encode(), path)


def test_every_name_of_these_tests_has_a_family() -> None:
    assert all(family_of(name) for name in NAMES)
