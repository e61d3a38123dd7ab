"""A first look passes over files that no reader would look at, and over nothing else."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.ci import marks
from leakcheck.ci.listing import FileListing, Item
from leakcheck.ci.names import _AFTER, _ENDINGS, _TAKEN_AWAY, _WHOLE, NEEDLES, Names
from leakcheck.ci.policy import Policy
from leakcheck.ci.readers import families
from leakcheck.ci.readers.families import family_of, suffix_of
from leakcheck.ci.reading import _worth_reading, read_file
from leakcheck.ci.selection import Selection
from leakcheck.ci.text import NotTextError, Text, decoded
from leakcheck.ci.walk import Walk

NAMES = Names()
LOOK = NAMES.first_look
PLAIN = Names()
PLAIN.first_look = None
pytestmark = pytest.mark.skipif(LOOK is None, reason="plain Python looks at every file")
PATHS = [
    *("a.py", "a.js", "a.txt", "a.yml", "a.json", "a.md", "a.unknown", "a.ini", "Makefile"),
    *("a.tf", "a.sh", "a.tpl"),
]
PIECES = [
    *(word.decode() for word in marks.WORDS),
    *(word.decode() for words in NEEDLES.values() for word, _, _ in words),
    "Pass", "PASS", "dbPass", "PASSs", "Word", "by", "key", "s", "e", "ed", "way", "_", "-", ".",
    "store", "-store", "-key", "é", "x", "1", " ", "  ", "\t", "\n", "\r\n", "\r", "\0", "\\n", "=",
    "==", "!=", ":", ";", ",", ")", "(", "[a]", "'", '"', "'secret1'", "@", "/", "{", "${A}",
    "{{ a }}", "user", "create user a ", "identified by ", "with x by", "basic ", "auth=",
    "dXNlcjpwYXNz", "support", "Og==", "%20", "+", "docker", "registry", "in ", "search ", "host",
    "\ufeff", "a:@b@c", "://", "sEcret", "SECret", "\n- ", '", "', "tiger;", "as ", "with\n",
    "${", ":-", "default ", "| ", "{{ .", " }}", "--", "-p", "PWD=", "server=x\n", "variable ",
    "login", "role x ", "has", "Value", "events", "pass_word", "passwd", "Key", "pwd",
]  # fmt: skip


def is_read(data: bytes, path: str) -> bool:
    """Whether a reader looks at a file, or it is said to be no text."""
    family = family_of(path)
    assert family is not None
    try:
        data = decoded(data)
    except NotTextError:
        return True
    if family is families.PLAIN:
        family = families.of_script(data)
    elif family is families.OTHER:
        family = families.of_content(data)
    text = Text(
        data, path, NAMES, comments=True, in_code=family is families.CODE, suffix=suffix_of(path)
    )
    return _worth_reading(text, family)


def passed_over(data: bytes, path: str) -> bool:
    assert LOOK is not None
    return LOOK.holds_nothing(data, family_of(path) is families.CODE)


@given(st.lists(st.sampled_from(PIECES), max_size=12), st.sampled_from(PATHS))
@settings(max_examples=300, deadline=None)
def test_nothing_is_passed_over_that_is_read(pieces: list[str], path: str) -> None:
    data = "".join(pieces).encode()
    if is_read(data, path):
        assert not passed_over(data, path)


WORDS = [
    *_ENDINGS,
    *sorted(_WHOLE),
    "secret",
    "key",
    "base",
    "pass",
    "word",
    "1",
    "user",
    "app",
    "s",
]
BEFORE = [*WORDS, *sorted(_TAKEN_AWAY)]
AFTER = [*WORDS, *sorted(_AFTER), "events", "n"]


@given(
    st.lists(st.sampled_from(BEFORE), max_size=2),
    st.sampled_from(WORDS),
    st.lists(st.sampled_from(AFTER), max_size=2),
    st.sampled_from(["_", "-", "", ".", "camel", "UPPER"]),
)
@settings(max_examples=400, deadline=None)
def test_no_file_with_a_name_of_a_password_is_passed_over(
    before: list[str], word: str, after: list[str], style: str
) -> None:
    words = [*before, word, *after]
    if style == "camel":
        name = words[0] + "".join(word.capitalize() for word in words[1:])
    elif style == "UPPER":
        name = "_".join(words).upper()
    else:
        name = style.join(words)
    data = f"x {name} = y".encode()
    if is_read(data, "a.txt"):
        assert not passed_over(data, "a.txt")


def test_what_follows_or_stands_before_decides_as_in_python() -> None:
    for word in _AFTER:
        assert not passed_over(f"x_password_{word}=1".encode(), "a.txt"), word
    for word in _TAKEN_AWAY:
        assert passed_over(f"{word}_password=1".encode(), "a.txt"), word
    for name in ("pass_through", "PASS_EVENTS", "RspPassPW_MASK", "pwdn", "password_length"):
        assert passed_over(f"{name}=1".encode(), "a.txt"), name
    for name in (
        "passwords",
        "DB_PWDs",
        "pass_word",
        "a.password.equals",
        "x.secret",
        "-sEcret",
        "pwd1",
    ):
        assert not passed_over(f"{name}=1".encode(), "a.txt"), name


@given(st.lists(st.sampled_from(PIECES), max_size=12), st.booleans())
@settings(max_examples=200, deadline=None)
def test_both_engines_see_the_same_places(pieces: list[str], in_code: bool) -> None:
    assert LOOK is not None
    data = "".join(pieces).encode()
    present, places = NAMES.find(data)
    assert LOOK.find(data, in_code) == (present, NAMES.hits(data.lower(), places, in_code))


VALUES = [
    "= 'hunter2'",
    ': "tr0ub4dor"',
    "=x1y2z3",
    "s = ['a1b2', 'c3d4']",
    ".equals('e5f6')",
    "\n",
]
LONG = [
    "dbPassword",
    "x_" * 70,
    "passwords",
    "DB_PASSs",
    "ipw2100_",
    "user.pwd",
    "secret",
    "sEcret",
    "SECret",
]


@given(
    st.lists(st.sampled_from(PIECES + 4 * VALUES + 4 * LONG), max_size=12),
    st.sampled_from([*PATHS, "a.sql"]),
)
@settings(max_examples=200, deadline=None)
def test_the_same_is_found_as_without_it(pieces: list[str], path: str) -> None:
    data = "".join(pieces).encode()
    found = []
    for names in (NAMES, PLAIN):
        try:
            found.append(read_file(data, path, names, comments=True))
        except NotTextError:
            found.append([])
    assert found[0] == found[1]
    assert not any(candidate.skip is None for candidate in found[0]) or not passed_over(data, path)


@pytest.mark.parametrize("path", ["a.py", "a.txt"])
@pytest.mark.parametrize(
    "text",
    [
        "", "x" * 100_000, "author, authority, auth = true", "https://example.org/a:b@c",
        "http://localhost:8080/x", "bypass", "Passed", "basic support", "insert it", "the login",
        "identified by the", "an all-passing filter", "see bcp47", "ldap://x", "compass_size = 1",
        "cpw_priv", "a worthy wort", "\r\n",
    ],
)  # fmt: skip
def test_most_text_is_passed_over(text: str, path: str) -> None:
    assert passed_over(text.encode(), path)


@pytest.mark.parametrize(
    "data",
    [
        b"password", b"DB_PASS=1", b"x" * 200 + b"dbPass", b"userPWDs", b"secret", b"mot_de_passe",
        b"pass = 1", b"://a:b@c", b"x://:${P}@h", b"Basic dXNlcjpwYXNz", b"AUTH: 'dTpw'",
        b"curl", b"IDENTIFIED BY 'x'", b"create user a identified by X1;", b"docker  login",
        b'"docker", "login"', b"- docker\n  - login", b"create user a\nidentified by tiger;",
        b"identified as 'x'",
        b"x -pass\t", b"-passx openssl", b"ldapsearch", b"sqlcmd", b"a\0", b"\xff\xfea\0", b"a\rb",
        b"version https://git-lfs.github.com/spec/v1\n", b"contrase\xc3\xb1a",
        b"://a:@b@c", b"redis://:@x@h", b"sEcret", b"SECret", b"basic " + b"dTpw" * 100,
    ],
)  # fmt: skip
def test_what_may_hold_something_is_left_to_the_readers(data: bytes) -> None:
    assert not passed_over(data, "a.txt")


def test_a_bare_word_of_source_code_is_no_name() -> None:
    for text in (b"pass\n", b"pass it on", b"pass;", b"(pass)", b"pass (1)"):
        assert passed_over(text, "a.py"), text
        assert not passed_over(text, "a.txt"), text
    for text in (b"pass = 1", b"pass a.b[c] = 1", b"(pass) == 1", b"-storepass x", b"pass"):
        assert not passed_over(text, "a.py"), text


def test_names_of_a_policy_are_left_to_the_readers() -> None:
    assert Names(["*_pin"]).first_look is None
    assert Names([], ["TEST_*"]).first_look is not None


def walked(root: Path, items: list[Item], *, looked: bool) -> tuple[object, ...]:
    walk = Walk(root, limit=5000, look=LOOK if looked else None)
    files = [
        (file.path, file.data if is_read(file.data, "a.txt") else b"") for file in walk.read(items)
    ]
    return files, walk.files, walk.gone, walk.unreadable, walk.large, walk.pointers


def test_files_are_accounted_for_as_without_it(repo) -> None:
    for number in range(600):
        repo.write(f"{number:03}.txt", f"password{number}" if number % 97 == 0 else "x", add=False)
    repo.write("000a.txt", b"", add=False)
    repo.write("001a.txt", b"\0" * 9, add=False)
    repo.write("002a.txt", b"x" * 5000, add=False)
    repo.write("003a.txt", b"x" * 5001, add=False)
    repo.write("004a.txt", b"version https://git-lfs.github.com/spec/v1\n", add=False)
    for name in ("005a.txt", "006a.txt", "007a.txt"):
        repo.write(name, "x", add=False)
    repo.git("add", "-A")
    repo.git("update-index", "--skip-worktree", "008.txt")
    (repo.root / "005a.txt").unlink()
    (repo.root / "006a.txt").unlink()
    (repo.root / "006a.txt").symlink_to("000.txt")
    (repo.root / "007a.txt").unlink()
    os.mkfifo(repo.root / "007a.txt")
    (repo.root / "008.txt").unlink()
    listing = FileListing(repo.root, Selection(Policy()))
    for how in ({}, {"staged": True}):
        items = listing.items([], **how)
        plain = walked(repo.root, items, looked=False)
        assert plain == walked(repo.root, items, looked=True)
        assert plain[1] > 600
    named = [Item("006a.txt", families.PLAIN, named=True)]
    assert walked(repo.root, named, looked=False) == walked(repo.root, named, looked=True)


def test_many_bytes_for_the_readers_are_handed_over_in_turns(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number}.txt").write_bytes(b"password " + b"x" * 3_000_000 * (number % 2 + 1))
    items = FileListing(tmp_path, Selection(Policy())).items([])
    walk = Walk(tmp_path, look=LOOK)
    assert [(file.path, len(file.data)) for file in walk.read(items)] == [
        (item.path, (tmp_path / item.path).stat().st_size) for item in items
    ]
