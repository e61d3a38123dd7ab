"""Values are decoded as their format reads them, and prose and comments read as what they are."""

# ruff: noqa: E501 - a table of cases is read by the row

import base64
import json

import pytest

from leakcheck.ci.candidate import Candidate
from leakcheck.ci.names import Names
from leakcheck.ci.reading import read_file


def read(path: str, text: str, **how: bool) -> list[Candidate]:
    return [c for c in read_file(text.encode(), path, Names(), **how) if c.skip is None]


def passwords(path: str, text: str, **how: bool) -> list[str]:
    return [candidate.password for candidate in read(path, text, **how)]


def b64(text: str, coding: str = "utf-8") -> str:
    return base64.b64encode(text.encode(coding)).decode()


DECODED = {
    "a continued property": ("a.properties", "db.password=hunter\\\n   2\n", ["hunter2"]),
    "a property continued at once": ("a.properties", "db.password=\\\r\n  hunter2\r\n", ["hunter2"]),
    "a property's escapes": ("a.properties", "db.password=\\u0068unter\\t2\n", ["hunter\t2"]),
    "a blank between": ("a.properties", "db.password   hunter2\n", ["hunter2"]),
    "an escaped key": ("a.properties", "db\\ password=hunter2\nx=1\n", ["hunter2"]),
    "a colon in the value": ("a.properties", "db.password:hunter:2=3\n", ["hunter:2=3"]),
    "quotes in a property": ("a.properties", 'db.password="hunter2"\n', ['"hunter2"', "hunter2"]),
    "the end of a property": ("a.properties", "db.password=hunter2\\", ["hunter2"]),
    "yaml binary": ("a.yml", f"password: !!binary {b64('hunter2')}\n", ["hunter2"]),
    "yaml binary in a block": ("a.yml", f"password: !!binary |\n  {b64('hunter2')}\n", ["hunter2"]),
    "joined in a .env": (".env", 'DB_PASSWORD="hun"ter2\n', ["hunter2"]),
    "joined in a shell": ("a.sh", "export DB_PASSWORD='hun'\"te\"r\\2\n", ["hunter2"]),
    "cut lines in a .env": (".env", "DB_PASSWORD=hun\\\nter2\nX=1\n", ["hunter2"]),
    "cut lines in a shell": ("a.sh", 'DB_PASSWORD="hun\\\nter2"\n', ["hunter2"]),
    "a shell's escapes": ("a.sh", "DB_PASSWORD=$'hun\\x74er2'\n", ["hunter2"]),
    "a quote in another": ("run.sh", 'docker run -e "DB_PASSWORD=hunter2" -e "B=c" x\n', ["hunter2"]),
    "a quote around several": ("run.sh", "sh -c 'DB_PASSWORD=hunter2 run'\n", ["hunter2"]),
    "an entity": ("a.xml", '<!DOCTYPE a [<!ENTITY pw "hunter2">]><a><password>&pw;</password></a>', ["hunter2"]),
    "an entity in an attribute": ("a.xml", '<!DOCTYPE a [<!ENTITY p "ter2">]><a password="hun&p;"/>', ["hunter2"]),
    "a makefile": (
        "Makefile",
        "DB_PASSWORD := hunter2\nexport PG_PASSWORD ?= hunter3\nMY_PASSWORD ::= $(X)\n",
        ["hunter2", "hunter3"],
    ),
    "an element with the name": (
        "hive-site.xml",
        "<a><property><name>db.Password</name>\n<value>hunter2</value></property>"
        "<property><name>user</name><value>hunter3</value></property></a>",
        ["hunter2"],
    ),
    "a key and a string": (
        "a.plist",
        "<plist><dict><key>Password</key><string>hunter2</string>"
        "<key>Login</key><string>hunter3</string></dict></plist>",
        ["hunter2"],
    ),
    "names of other elements": (
        "web.xml",
        "<a><p><param-name>password</param-name><param-value>hunter2</param-value></p>"
        "<f><name>password</name><label>hunter3</label></f><value>hunter4</value></a>",
        ["hunter2"],
    ),
    "a here-document": ("a.tf", "password = <<EOF\nhunter2\nEOF\n", ["hunter2"]),
    "an indented one": ("a.tf", 'variable "db_password" {\n  default = <<-EOT\n    hunter2\n  EOT\n}\n', ["hunter2"]),
    "python strings side by side": ("a.py", 'password = "hun" "ter2"\n', ["hunter2"]),
    "python strings below each other": ("a.py", 'password = ("hun"\n            "ter2")\n', ["hunter2"]),
    "a docstring below": ("a.py", 'password = "hunter2"\n"""What it is."""\n', ["hunter2"]),
    "c strings below each other": ("a.c", 'char *password = "hun"\n  "ter2";\n', ["hunter2"]),
    "strings with a plus": ("A.java", 'String password = "hun" +\n    "ter2";\n', ["hunter2"]),
    "strings with a dot": ("a.php", "$password = 'hun' . 'ter2';\n", ["hunter2"]),
    "strings with a variable": ("A.java", 'String password = "hun" + x;\n', []),
    "a backslash that some keep": ("a.php", "$password = 'hun\\%ter2';\n", ["hun%ter2", "hun\\%ter2"]),
    "an unattended setup": (
        "unattend.xml",
        f"<a><AutoLogon><Password><Value>{b64('hunter2Password', 'utf-16-le')}</Value>"
        "<PlainText>false</PlainText></Password></AutoLogon></a>",
        ["hunter2"],
    ),
    "npm": (".npmrc", f"//r.example.net/:_auth={b64('bob:hunter2')}\n//r/:_password={b64('hunter3')}\n", ["hunter2", "hunter3"]),
    "docker": ("config.json", json.dumps({"auths": {"r": {"auth": b64("bob:hunter2")}}}), ["hunter2"]),
    "a header": ("a.py", f'h = {{"Authorization": "Basic {b64("bob:hun:ter2")}"}}\n', ["hun:ter2"]),
    "a header in a cassette": ("a.yml", f"headers:\n  Authorization:\n    - Basic {b64('bob:hunter2')}\n", ["hunter2"]),
    "a header of no password": ("a.py", f'h = "Basic {b64("no colon here")}"; x = "Basic authentication"\n', []),
    "php's serialized text": ("a.php", 'x(\'a:1:{s:8:"password";s:7:"hunter2";}\');\n', ["hunter2"]),
    "a psql variable": ("a.sql", "\\set DB_PASS hunter2\n", ["hunter2"]),
    "an @ in a url": ("a.conf", "url=postgres://bob:hun@ter2@db/x\n", ["hun@ter2"]),
    "a ? in a url": ("a.conf", "url=mysql://bob:hunter2!?@db/x\n", ["hunter2!?"]),
    "a port is no password": ("a.conf", "url=http://host:8080?mail=a@b.net\n", []),
}  # fmt: skip


@pytest.mark.parametrize("name", DECODED)
def test_values_are_decoded_as_their_format_reads_them(name: str) -> None:
    path, text, expected = DECODED[name]
    assert passwords(path, text) == expected


COMMENTS = {
    "yaml": ("a.yml", "a: 1\n# password: hunter2\n#db_password: 'hunter3'\n", ["hunter2", "hunter3"]),
    "yaml, a sentence": ("a.yml", "a: 1\n# password: must be changed\n# the password: see the vault\n", []),
    "json": ("a.jsonc", '{"a": 1, // "password": "hunter2"\n}', ["hunter2"]),
    "xml": ("a.xml", "<a><!-- <password>hunter2</password> <b password='hunter3'/> --></a>", ["hunter2", "hunter3"]),
    "properties": ("a.properties", "#db.password=hunter2\n# the password is long\n", ["hunter2"]),
    "ini": ("a.ini", "[a]\n; password = hunter2\n", ["hunter2"]),
    "env": (".env", "# DB_PASSWORD=hunter2\n", ["hunter2"]),
    "shell": ("a.sh", "# export DB_PASSWORD=hunter2\n", ["hunter2"]),
    "terraform": ("a.tf", '# password = "hunter2"\n', ["hunter2"]),
    "sql": ("a.sql", "-- Password: hunter2\n", ["hunter2"]),
    "code, unquoted": ("a.go", "// password: hunter2\n/* DB_PASSWORD=hunter3 */\n", ["hunter2", "hunter3"]),
    "code, quoted": ("a.py", "# password = 'hunter2'\n", ["hunter2"]),
    "code, in a sentence": ("a.py", "# The default password is 'hunter2'.\n# Default password: hunter3\n", ["hunter2", "hunter3"]),
    "code, words": ("a.py", "# password: required\n# the password: see the manual\n# password = None\n", []),
    "code, a block": ("A.java", "/**\n * password: hunter2\n */\n", ["hunter2"]),
}  # fmt: skip


@pytest.mark.parametrize("name", COMMENTS)
def test_comments_are_read_and_told_apart(name: str) -> None:
    path, text, expected = COMMENTS[name]
    found = read(path, text, comments=True)
    assert [candidate.password for candidate in found] == expected
    assert all(candidate.comment for candidate in found)
    assert passwords(path, text, comments=False) == []


def test_what_stands_beside_a_comment_is_no_comment() -> None:
    (found,) = read("a.js", "const u = 'http://x'; const password = 'hunter2'; // password\n")
    assert not found.comment
    (found,) = read("a.py", "x = '#'; password = 'hunter2'\n")
    assert not found.comment


NOTEBOOK = json.dumps(
    {
        "cells": [
            {"cell_type": "markdown", "source": ["# Title\n", "`DB_PASSWORD=hunter2`\n"]},
            {
                "cell_type": "code",
                "source": ["# see\n", "connect(password='hunter3')\n"],
                "outputs": [],
            },
            {"cell_type": "code", "source": "pwd = 'hunter4'\n"},
        ],
        "metadata": {"kernelspec": {"language": "python"}},
    },
    indent=1,
)
PROSE = {
    "a fence of yaml": ("a.md", "# T\n\n```yaml\ndb:\n  password: hunter2\n```\n", [(5, "hunter2")]),
    "a fence of a shell": ("a.md", "~~~ console\n$ export DB_PASSWORD=hunter2 X=y\n~~~\n", [(2, "hunter2")]),
    "a fence of code": ("a.md", "```js\nlet password = 'hunter2'\nlet p = `a`\n```\n", [(2, "hunter2")]),
    "a fence of no language": ("a.md", "```\npassword: hunter2\n-e X_PASSWORD=hunter3 \\\n```\n", [(2, "hunter2"), (3, "hunter3")]),
    "an indented fence": ("a.md", "- do\n\n  ```ini\n  password = hunter2\n  ```\n", [(4, "hunter2")]),
    "an open fence": ("a.md", "```env\nDB_PASSWORD=hunter2", [(2, "hunter2")]),
    "inline": ("a.md", "Set `DB_PASSWORD=hunter2` and go.\n", [(1, "hunter2")]),
    "a default": ("a.md", "Default password: `hunter2`; user admin, the password is 'hunter3'.\n", [(1, "hunter2"), (1, "hunter3")]),
    "a command": ("a.md", "    mysql -u root -phunter2 < x\n", [(1, "hunter2")]),
    "words": ("a.md", "Use the --password flag. Password: required. The password is set by you. Pass: the token.\n", []),
    "help": ("a.rst", "  -W, --password             Force password prompt.\n  --password PASSWORD  x\n", []),
    "a code-block": ("a.rst", "T\n=\n\n.. code-block:: yaml\n\n   db:\n     password: hunter2\n\nEnd password: x y\n", [(7, "hunter2")]),
    "a listing": ("a.adoc", "[source,properties]\n----\ndb.password=hunter2\n----\n", [(3, "hunter2")]),
    "an illustration": ("a.md", "`postgres://user:pass@host/db` and `postgres://bob:hunter2@host/db`\n", [(1, "hunter2")]),
    "a notebook": ("a.ipynb", NOTEBOOK, [(7, "hunter2"), (14, "hunter3"), (20, "hunter4")]),
}  # fmt: skip


@pytest.mark.parametrize("name", PROSE)
def test_prose_is_read_as_what_it_holds(name: str) -> None:
    path, text, expected = PROSE[name]
    assert [(c.line, c.password) for c in read(path, text, comments=True)] == expected


def test_a_file_of_unknown_suffix_is_what_it_looks_like() -> None:
    assert passwords("a.rsp", "# c\n\na=1\nSYS_PASSWORD=hunter2\nb.c=2\n") == ["hunter2"]
    assert passwords("a.golden", "func f() {\n  x := 1\n  password = y\n}\n") == []
    assert passwords("a.properties.oracle", "user=x\ndspassword=hunter2\n") == ["hunter2"]
