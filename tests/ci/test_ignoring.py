"""What accepts a line: `leakcheck: ignore` in a real comment, and nowhere else."""

import pytest

KNOWN = "changeme"
SAID = "leakcheck: ignore, a demo"
IN_COMMENTS = [
    ("a.env", "DB_PASSWORD={p} # {s}"),
    ("a.env", "DB_PASSWORD='{p}' #{s}"),
    ("a.sh", "export DB_PASSWORD='{p}' # it's a \"demo\": {s}"),
    ("a.sh", "mysql -p{p} # {s}"),
    ("Dockerfile", "ENV DB_PASSWORD={p} # {s}"),
    ("a.bat", "set DB_PASSWORD={p}& rem {s}"),
    ("a.yml", "db_password: {p} # {s}"),
    ("a.yml", "db_password: '{p}' #{s}"),
    ("a.yml", 'title: it\'s \ndb_password: "{p}"  # {s}'),
    ("a.json", '{{"x": 1, "password": "{p}"}} // {s}'),
    ("a.json", '{{"password": "{p}" /* {s} */}}'),
    ("a.toml", "password = '{p}' # {s}"),
    ("a.ini", "password = {p} ; {s}"),
    ("a.conf", "password {p} # {s}"),
    ("a.tf", 'password = "{p}" // {s}'),
    ("a.sql", "CREATE USER a IDENTIFIED BY '{p}'; -- {s}"),
    ("a.xml", "<password>{p}</password> <!-- {s} -->"),
    ("a.xml", '<add password="{p}"/><!-- {s} -->'),
    ("a.py", "password = '{p}'  # {s}"),
    ("a.js", 'const password = "{p}"; // {s}'),
    ("a.js", "const password = '{p}'; /* {s} */"),
    ("a.go", 'password := "{p}" // {s}'),
    ("a.java", 'String password = "{p}"; // {s}'),
    ("a.rb", "password = '{p}' # {s}"),
    ("a.php", "$password = '{p}'; // {s}"),
    ("a.lua", "password = '{p}' -- {s}"),
    ("a.hs", 'password = "{p}" -- {s}'),
    ("a.clj", '(def password "{p}") ; {s}'),
    ("a.erb", "password: '{p}' <%# {s} %>"),
    ("a.env.j2", "DB_PASSWORD='{p}' {{# {s} #}}"),
    ("a.md", "`DB_PASSWORD={p}` <!-- {s} -->"),
    ("a.md", "```sh\nexport DB_PASSWORD={p} # {s}\n```"),
    ("a.py", 'text = """\nDB_PASSWORD={p} # {s}\n"""'),
    ("a.txt", "amqp://app:{p}@mq/ # {s}"),
    ("a.zzz", "password = '{p}' // {s}"),
]
NO_COMMENTS = [
    ("a.json", '{{"c": "leakcheck: ignore", "password": "{p}"}}'),
    ("a.json", '{{"c": "# leakcheck: ignore", "password": "{p}"}}'),
    ("a.json", '{{"c": "x // leakcheck: ignore", "password": "{p}"}}'),
    ("a.json", '{{"password": "{p}", "c": "\\" # leakcheck: ignore"}}'),
    ("a.yml", '{{password: "{p}", c: "x # leakcheck: ignore"}}'),
    ("a.py", "f(password='{p}', note='# leakcheck: ignore')"),
    ("a.js", 'f({{password: "{p}", note: "// leakcheck: ignore"}})'),
    ("a.env", "DB_PASSWORD='{p}' NOTE='x # leakcheck: ignore'"),
    ("a.xml", '<add password="{p}" note="&lt;!-- leakcheck: ignore"/>'),
    ("a.toml", "x = {{password = '{p}', note = ' # leakcheck: ignore'}}"),
    ("a.sql", "INSERT INTO u (password, note) VALUES ('{p}', '-- leakcheck: ignore');"),
    ("a.md", "leakcheck: ignore is a comment: `DB_PASSWORD={p}`"),
    ("leakcheck: ignore.env", "DB_PASSWORD={p}"),
]


@pytest.mark.parametrize(("name", "line"), IN_COMMENTS)
def test_a_comment_accepts_its_line(repo, ci, name: str, line: str) -> None:
    repo.write(name, line.format(p=KNOWN, s=SAID) + "\n")
    done = ci(against=None)
    assert done.status == 0, done.out
    assert "by the baseline, 1 by a comment" in done.out
    assert ci("--strict", against=None).status == 1
    repo.write(name, line.format(p=KNOWN, s="a demo") + "\n")
    assert ci(against=None).status == 1, "without the words it is a finding"


@pytest.mark.parametrize(("name", "line"), NO_COMMENTS)
def test_a_value_accepts_nothing(repo, ci, name: str, line: str) -> None:
    repo.write(name, line.format(p=KNOWN) + "\n")
    done = ci(against=None)
    assert done.status == 1
    assert KNOWN not in done.out


def test_a_long_line_is_not_silenced_from_afar(repo, ci) -> None:
    filler = '"a", ' * 1000
    repo.write("a.json", f'[{filler}"# leakcheck: ignore", {{"password": "{KNOWN}"}}]\n')
    assert ci(against=None).status == 1
