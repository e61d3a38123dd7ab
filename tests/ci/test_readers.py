"""One table of files and the passwords that stand in them, with line, column and key."""

# ruff: noqa: E501 - a table of cases is read by the row

import base64

import pytest

from leakcheck.ci.names import Names
from leakcheck.ci.reading import read_file
from leakcheck.ci.text import NotTextError

B64 = base64.b64encode(b"s3cret-one\n").decode()
PROPERTIES = base64.b64encode(b"spring.datasource.password=s3cret-two\nserver.port=80\n").decode()

CASES: dict[str, tuple[str, str, list[tuple[int, int, str, str]]]] = {
    "env": (
        ".env",
        "A=1\nDB_PASS=one\nexport X_PASSWORD='two words' # note\nY_PASSWORD=\"th\\\"ree\"\n"
        "# OLD_PASSWORD=no\nZ_PASSWORD=${Z}\nW_PASSWORD=${W:-four}\nE_PASSWORD=\nV_PASSWORD=fi#ve # six\r\n",
        [(2, 9, "DB_PASS", "one"), (3, 20, "X_PASSWORD", "two words"), (4, 13, "Y_PASSWORD", 'th"ree'),
         (7, 12, "W_PASSWORD", "four"), (9, 12, "V_PASSWORD", "fi#ve")],
    ),
    "env example": (".env.production.example", "DB_PASSWORD=changeme\n", [(1, 13, "DB_PASSWORD", "changeme")]),
    "shell": (
        "run.sh",
        "#!/bin/bash\nPGPASSWORD=one psql\nexport A_PASSWORD=\"two\" B=c\nmysql --password=three -u x\n"
        "tool --password four\ndocker run -e MYSQL_ROOT_PASSWORD=five mysql\nX_PASSWORD=$Y\nX_PASSWORD=$(cat f)\n"
        "if [ \"$PASSWORD\" = x ]; then :; fi\necho \"password: $PASSWORD\"\n",
        [(2, 12, "PGPASSWORD", "one"), (3, 20, "A_PASSWORD", "two"), (4, 18, "password", "three"),
         (5, 17, "password", "four"), (6, 35, "MYSQL_ROOT_PASSWORD", "five")],
    ),
    "dockerfile": (
        "docker/Dockerfile.prod",
        "FROM x\nENV A=b DB_PASSWORD=one\nARG ROOT_PASSWORD=two\nENV OLD_PASSWORD three\nARG LATER_PASSWORD\n"
        "RUN echo pkg/root_password password '' | debconf\n",
        [(2, 21, "DB_PASSWORD", "one"), (3, 19, "ROOT_PASSWORD", "two"), (4, 18, "OLD_PASSWORD", "three")],
    ),
    "compose": (
        "compose.yaml",
        "x-common: &shared one\nservices:\n  db:\n    environment:\n      POSTGRES_PASSWORD: *shared\n"
        "      OTHER_PASSWORD: 'two'\n    command: redis-server --requirepass three\n  app:\n    environment:\n"
        "      - MYSQL_PASSWORD=four\n      - REF_PASSWORD=${REF}\n      - DB_PASSWORD_FILE=/run/secrets/db\n"
        "      URL_DB: postgres://u:fi%76e@db/x\n".replace("      URL_DB", "    dsn"),
        [(1, 19, "POSTGRES_PASSWORD", "one"), (6, 24, "OTHER_PASSWORD", "two"), (7, 41, "requirepass", "three"),
         (10, 24, "MYSQL_PASSWORD", "four"), (13, 23, "postgres:// password", "five")],
    ),
    "kubernetes": (
        "secret.yml",
        "apiVersion: v1\nkind: Secret\ndata:\n  db-password: " + B64 + "\n  app.properties: " + PROPERTIES + "\n"
        "stringData:\n  password: s3cret-three\n---\nkind: Deployment\nspec:\n  env:\n    - name: DB_PASSWORD\n"
        "      value: s3cret-four\n    - name: X_PASSWORD\n      valueFrom:\n        secretKeyRef: {name: db, key: password}\n"
        "---\nkind: ConfigMap\ndata:\n  a.ini: |\n    [db]\n    password=s3cret-five\n",
        [(4, 16, "db-password", "s3cret-one"), (5, 19, "spring.datasource.password", "s3cret-two"),
         (7, 13, "password", "s3cret-three"), (13, 14, "DB_PASSWORD", "s3cret-four"),
         (22, 14, "password", "s3cret-five")],
    ),
    "ansible": (
        "group_vars/all.yml",
        "db_password: one\nvaulted_password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n"
        "ref_password: \"{{ lookup('env', 'X') }}\"\nété: 'ünïcode'\nмой_password: 'пароль два'\n",
        [(1, 14, "db_password", "one"), (7, 16, "мой_password", "пароль два")],
    ),
    "ansible inventory": (
        "inventory/hosts",
        "[web]\nh1 ansible_host=10.0.0.1 ansible_ssh_pass=one ansible_user=x\n[web:vars]\nansible_become_password=two\n",
        [(2, 43, "ansible_ssh_pass", "one"), (4, 25, "ansible_become_password", "two")],
    ),
    "broken yaml": (
        "templates/db.yaml",
        "{{- if .Values.x }}\npassword: one\nother: \"{{ .Values.y }}\"\n{{- end }}\n  pass: \"two\" # why\n",
        [(2, 11, "password", "one"), (5, 10, "pass", "two")],
    ),
    "cloudformation": (
        "stack.yaml",
        "Parameters:\n  DBPassword:\n    Type: String\n    NoEcho: true\n    Default: one\n"
        "Resources:\n  Db:\n    MasterUserPassword: !Ref DBPassword\n",
        [(5, 14, "DBPassword", "one")],
    ),
    "json": (
        "config.json",
        '{"a": {"password": "o\\u006ee", "n": 1},\n "env": [{"name": "DB_PASSWORD", "value": "two"}],\n'
        ' "ConnectionStrings": {"x": "Server=db;User Id=sa;Password=th(r)ee;Timeout=5"},\n'
        ' "properties": {"password": {"type": "string"}},\n "passwords": ["four", "five"],\n'
        ' "clientId": "x", "secret": "six"}',
        [(1, 21, "password", "one"), (2, 44, "DB_PASSWORD", "two"), (3, 60, "Password", "th(r)ee"),
         (5, 17, "passwords", "four"), (5, 25, "passwords", "five"), (6, 30, "secret", "six")],
    ),
    "json with comments": (
        "settings.jsonc",
        '{\n  // "password": "no"\n  "password": "one", /* "pass": "no" */\n  "pass": "two",\n}\n',
        [(3, 16, "password", "one"), (4, 12, "pass", "two")],
    ),
    "cut json": ("cut.json", '{"password": "one", "x": {"pass": "two', [(1, 15, "password", "one"), (1, 36, "pass", "two")]),
    "toml": (
        "settings.toml",
        '[db]\npassword = \'one\'\nusers = [{name = "a", password = "two"}]\npin = 1\nadmin_password = """three"""\n',
        [(2, 13, "password", "one"), (3, 35, "password", "two"), (5, 21, "admin_password", "three")],
    ),
    "ini": (
        "app.ini",
        "[db]\n; password = no\npassword = one ; why\npasswd: two\nurl = mysql+pymysql://u:three@db/x\n"
        "password_file = /etc/x\nold_passwords = 1\n",
        [(3, 12, "password", "one"), (4, 9, "passwd", "two"), (5, 25, "mysql+pymysql:// password", "three")],
    ),
    "my.cnf": (".my.cnf", "[client]\nuser=root\npassword=one\n", [(3, 10, "password", "one")]),
    "properties": (
        "application-prod.properties",
        "spring.datasource.password=one #1\nx.password : two\ny.password three\nz.password=${Z:four}\n!w.password=no\n",
        [(1, 28, "spring.datasource.password", "one #1"), (2, 14, "x.password", "two"), (3, 12, "y.password", "three"),
         (4, 12, "z.password", "four")],
    ),
    "redis": ("redis.conf", "requirepass one\n# requirepass no\n", [(1, 13, "requirepass", "one")]),
    "terraform": (
        "main.tf",
        'variable "db_password" {\n  type = string\n  default = "one"\n}\nresource "aws_db_instance" "x" {\n'
        '  password = "two"\n  other_password = var.db_password\n}\n# password = "no"\n',
        [(3, 14, "db_password", "one"), (6, 15, "password", "two")],
    ),
    "tfvars": ("prod.tfvars", 'db_password = "one"\n', [(1, 16, "db_password", "one")]),
    "sql": (
        "seed.sql",
        "CREATE USER 'a'@'%' IDENTIFIED BY 'one';\nCREATE USER b WITH PASSWORD 'two';\n"
        "ALTER LOGIN c WITH PASSWORD = N'three';\nCREATE USER d IDENTIFIED WITH mysql_native_password BY 'four';\n"
        "INSERT INTO users (id, `password`, note) VALUES\n (1, 'fi''ve', 'x'),\n (2, 'six', now());\n"
        "-- IDENTIFIED BY 'no'\nGRANT ALL ON x TO y IDENTIFIED BY PASSWORD '*" + "A" * 40 + "';\n"
        "SET PASSWORD FOR 'e' = PASSWORD('seven');\n",
        [(1, 36, "IDENTIFIED BY", "one"), (2, 30, "PASSWORD", "two"), (3, 33, "PASSWORD", "three"),
         (4, 57, "IDENTIFIED BY", "four"), (6, 7, "password", "fi've"), (7, 7, "password", "six"),
         (10, 34, "PASSWORD", "seven")],
    ),
    "xml": (
        "settings.xml",
        '<s>\n<server><password>one</password></server>\n<property name="db.password" value="two"/>\n'
        '<property name="x.password"><value>three</value></property>\n<add key="Password" value="four"/>\n'
        '<c connectionString="Server=a;User=b;Password=five;"/>\n<password>${env.X}</password>\n'
        '<user name="u" password="s&amp;x"/><!-- <password>no</password> -->\n</s>\n',
        [(2, 19, "password", "one"), (3, 37, "db.password", "two"), (4, 36, "x.password", "three"),
         (5, 28, "Password", "four"), (6, 47, "Password", "five"), (8, 26, "password", "s&x")],
    ),
    "accounts": (".pgpass", "# c\nh:5432:*:u:o\\:ne\nshort:line\n", [(2, 12, "password", "o:ne")]),
    "netrc": ("_netrc", "machine h login l password one\nmachine i\n  password two\n",
              [(1, 28, "password", "one"), (3, 12, "password", "two")]),
    "htpasswd": (".htpasswd", "a:$apr1$x$y\nb:{SHA}abc=\nc:plain\nd:rqXexS6ZhobKA\n", [(3, 3, "password", "plain")]),
    "csv": ("users.csv", 'user,password\na,"o,ne"\nb,two\n', [(2, 4, "password", "o,ne"), (3, 3, "password", "two")]),
    "python": (
        "settings.py",
        "password = 'one'\nconnect(user='x', password=\"two\")\nPASSWORD = 'password'\nDATABASES = {'PASSWORD': 'three'}\n"
        "os.environ.get('DB_PASSWORD', 'four')\npassword = get('password')\npassword: str = r'fi\\ve'\n"
        "if password == 'no': pass\n# password = 'no'\npassword_hash = 'no'\npassword = 'a' + x\n"
        "password = f'{x}'\nos.environ['X_PASSWORD'] = 'six'\nfirst, *rest = ['passwd', 'shadow']\n"
        "from_password('no', 'no')\n",
        [(1, 13, "password", "one"), (2, 29, "password", "two"), (4, 27, "PASSWORD", "three"),
         (5, 32, "DB_PASSWORD", "four"), (7, 19, "password", "fi\\ve"), (13, 29, "X_PASSWORD", "six")],
    ),
    "javascript": (
        "app.js",
        "const c = {password: 'one', pass: `two`, pwd: `${x}`};\nprocess.env.DB_PASSWORD || 'three';\n"
        "x.setPassword(\"four\"); y.password('five'); z.setPassword(a);\n"
        "<input name=\"password\" type=\"password\" placeholder=\"Password\"/>\nlet s = \"{\\\"password\\\":\\\"six\\\"}\";\n",
        [(1, 23, "password", "one"), (1, 36, "pass", "two"), (2, 29, "process.env.DB_PASSWORD", "three"),
         (3, 16, "x.setPassword", "four"), (3, 36, "y.password", "five"), (5, 26, "password", "six")],
    ),
    "go": (
        "main.go",
        'cfg.Password = "one"\nUser{Password: "two"}\nvar dbPassword string = "three"\npassword := `four`\n'
        'sql.Open("mysql", "root:five@tcp(127.0.0.1:3306)/x")\nfunc f(password string) {}\n',
        [(1, 17, "cfg.Password", "one"), (2, 17, "Password", "two"), (3, 26, "dbPassword", "three"),
         (4, 14, "password", "four"), (5, 25, "DSN password", "five")],
    ),
    "java": (
        "A.java",
        'private static final String DB_PASSWORD = "one";\nprops.put("password", "two");\nds.setPassword("three");\n'
        'ds.authenticateWithPassword("user", X);\nString u = "jdbc:oracle:thin:scott/four@//h";\n'
        'char[] password = "five".toCharArray();\n',
        [(1, 44, "DB_PASSWORD", "one"), (2, 24, "password", "two"), (3, 17, "ds.setPassword", "three"),
         (5, 36, "jdbc:oracle password", "four"), (6, 20, "password", "five")],
    ),
    "ruby and php": (
        "seed.rb",
        "User.create(:password => 'one', password_confirmation: 'two')\n$config['db']['password'] = \"three\";\n",
        [(1, 27, "password", "one"), (1, 57, "password_confirmation", "two"), (2, 30, "password", "three")],
    ),
    "php": ("wp-config.php", "define('DB_PASSWORD', 'one');\n'password' => 'two',\n$password = $x;\n",
            [(1, 24, "DB_PASSWORD", "one"), (2, 16, "password", "two")]),
    "c": ("a.c", 'char password[64] = "one";\nconst char *pass = "two";\n', [(1, 22, "password", "one"), (2, 21, "pass", "two")]),
    "gradle": ("build.gradle", "credentials {\n  username 'x'\n  password 'one'\n}\n", [(3, 13, "password", "one")]),
    "urls": (
        "notes.txt",
        "amqp://u:one@mq:5672/\nhttps://u:no@www.example.com/\nredis://:two@r:6379\nhttp://h/@x:y\n"
        "mongodb://u:$PASS@h/\nhost=db user=u password=three dbname=x\n",
        [(1, 10, "amqp:// password", "one"), (3, 10, "redis:// password", "two"), (6, 25, "password", "three")],
    ),
    "named for what is passed": (
        "deploy.sh", "sshpass -p one ssh h\nssh -p 22 h # pass\n", [(1, 12, "sshpass", "one")],
    ),
    "a constant's name": (
        "B.java", 'p.setProperty(K.STORE_PASSWORD, "one");\ncall(K.STORE_PASSWORD, "no");\n',
        [(1, 34, "K.STORE_PASSWORD", "one")],
    ),
    "what passes and what fails": (
        "v.test.js", "isInt: {\n  fail: '9.2',\n  pass: '-9',\n},\n", [],
    ),
    "an illustration": ("d.rb", "link 'http://user:pass@www.bar.com'\ndsn 'http://root:one@h'\n", [(2, 18, "http:// password", "one")]),
    "env.py is a program": ("migrations/env.py", "password = get('x')\nx = 1 # password: no\n", []),
    "template of yaml": ("harbor.yml.jinja", "x: {{ y }}\n  password: one\n", [(2, 13, "password", "one")]),
    "script without a suffix": ("bin/start", "#!/bin/sh\nX_PASSWORD=one y\n", [(2, 12, "X_PASSWORD", "one")]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_stands_in_a_file(name: str) -> None:
    path, text, expected = CASES[name]
    found = read_file(text.encode(), path, Names())
    assert [(c.line, c.column, c.key, c.password) for c in found if c.skip is None] == expected


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("coding", ["utf-16", "utf-8-sig"])
def test_the_same_in_another_encoding(name: str, coding: str) -> None:
    path, text, expected = CASES[name]
    found = read_file(text.encode(coding), path, Names())
    assert [(c.line, c.column, c.key, c.password) for c in found if c.skip is None] == expected


@pytest.mark.parametrize("name", CASES)
def test_no_parser_is_needed_to_find_a_quoted_value(name: str) -> None:
    """Cut anywhere, a file gives no error, and what is found stands where it is said to stand."""
    path, text, _ = CASES[name]
    data = text.encode()
    for cut in range(0, len(data), 7):
        for candidate in read_file(data[:cut], path, Names(), trace=True):
            assert candidate.line >= 1
            assert candidate.column >= 1


def test_latin_1_is_read_byte_for_byte() -> None:
    (found,) = read_file("password='clé'\n".encode("latin-1"), "x.py", Names())
    assert found.password.encode("utf-8", "surrogateescape") == "clé".encode("latin-1")


def test_files_that_are_not_read() -> None:
    for path in (
        "a.png",
        "a.min.js",
        "page.html",
        "src/i18n/de.json",
        "package-lock.json",
        "etc/nsswitch.conf",
    ):
        from leakcheck.ci.readers.families import family_of
        from leakcheck.ci.selection import DEFAULT_FAMILIES

        family = family_of(path)
        assert family is None or family.name not in DEFAULT_FAMILIES, path


@pytest.mark.parametrize(
    "raw",
    [
        b"password='dragon'\n\0",
        b"\0password='dragon'\n",
        b"x = 1\n" * 20_000 + b"password='dragon'\n\0",
        b"A=1\0password='dragon'\0B=2\0",
        b"x = 1\rpassword='dragon'\r",
        b"x = 1\r\r\npassword='dragon'\r\r\n",
        "# été\npassword='dragon'\n".encode("utf-16-le"),
        "x = 1 # plain\npassword='dragon'\n".encode("utf-16-be"),
        "x = 1\npassword='dragon'\n".encode("utf-32"),
    ],
)  # fmt: skip
def test_odd_texts_are_read(raw: bytes) -> None:
    found = read_file(raw, "a.py", Names())
    assert [c.password for c in found if c.skip is None] == ["dragon"]


@pytest.mark.parametrize(
    "raw",
    [
        bytes(range(256)) * 9,
        b"\x7fELF\2\1\1" + b"\0" * 9 + b"password='dragon'",
        b"\0GITCRYPT\0" + b"password=",
        "A=1\n".encode("utf-32-le"),
    ],
)
def test_what_is_no_text_is_not_passed_over(raw: bytes) -> None:
    with pytest.raises(NotTextError) as raised:
        read_file(raw, ".env", Names())
    assert raised.value.sealed == (b"GITCRYPT" in raw)


def test_a_text_longer_than_a_parser_takes_is_read_by_the_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("leakcheck.ci.reading.LONGEST_PARSED", 100)
    for path, line in (("a.json", '"password": "dragon",'), ("a.yml", "password: dragon")):
        found = read_file(f"{line}\n{'x: 1' * 99}".encode(), path, Names())
        assert [c.password for c in found if c.skip is None] == ["dragon"], path


def test_yaml_that_is_not_utf_8_is_read_in_its_place() -> None:
    text = f"""# {"é" * 60}
kind: Secret
data:
  password: {B64}
---
- name: DB_PASSWORD
  value: dragon
---
run: DB_PASSWORD=monkey ./start
pass: soleilé1
"""
    found = {
        c.password: c.line
        for c in read_file(text.encode("latin-1"), "a.yml", Names())
        if c.skip is None
    }
    lines = {"s3cret-one": 4, "dragon": 7, "monkey": 9, "soleil\udce91": 10}
    assert found == lines
    utf8 = {
        c.password: c.line for c in read_file(text.encode(), "a.yml", Names()) if c.skip is None
    }
    assert utf8 == {"soleilé1" if "udc" in ascii(word) else word: at for word, at in lines.items()}


def test_comments_count_where_the_policy_says_so() -> None:
    data = b"# DB_PASSWORD=one\n"
    assert [c.skip for c in read_file(data, ".env", Names())] == ["it is in a comment"]
    assert [c.password for c in read_file(data, ".env", Names(), comments=True)] == ["one"]


def test_a_value_is_in_no_repr() -> None:
    (found,) = read_file(b"password = 'one-sentinel'\n", "x.py", Names())
    assert "sentinel" not in repr(found)


@pytest.mark.parametrize(
    ("path", "line", "expected"),
    [
        ("a.sh", "curl -s -u admin:dragon http://h/", [(18, "dragon")]),
        ("a.sh", "curl \\\n  --user 'bob:letmein' http://h/", [(15, "letmein")]),
        ("a.sh", "curl -u $U:$P http://h/", []),
        ("a.sh", "curl http://h/ | sort -u a:b", []),
        ("a.sh", "# curl -u admin:dragon http://h/", []),
        ("a.yml", "run: curl -uadmin:dragon http://h/", [(19, "dragon")]),
        ("a.py", "run(\"CREATE USER a IDENTIFIED BY 'dragon'\")", [(35, "dragon")]),
        ("a.py", 'run("IDENTIFIED BY \'" + p + "\'")', []),
        ("a.go", "q(\"IDENTIFIED BY '%s'\", p)", []),
        ("a.java", 'run("keytool -storepass dragon -x");', [(25, "dragon")]),
        ("a.js", "session({secret: 'keyboard cat'})", [(19, "keyboard cat")]),
        ("a.go", "q(\"insert into u (name, password) values (?,'dragon')\", n)", [(46, "dragon")]),
        ("a.js", "{ user_name: 'x', pass_word: 'dragon' }", [(31, "dragon")]),
        ("a.py", "secret = 'secret'", []),
        ("a.py", "client_secret = 'secret'", [(18, "secret")]),
        ("a.yml", "secret: dragon", [(9, "dragon")]),
        ("a.yml", "secret: dragon-credentials", []),
        ("a.tf", 'password_wo = "dragon"', [(16, "dragon")]),
    ],
)
def test_passwords_in_commands_and_statements(
    path: str, line: str, expected: list[tuple[int, str]]
) -> None:
    found = read_file(f"{line}\n".encode(), path, Names())
    assert [(c.column, c.password) for c in found if c.skip is None] == expected
