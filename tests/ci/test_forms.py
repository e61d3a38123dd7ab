"""The forms in which a password stands beside its name, and those in which none does."""

# ruff: noqa: E501 - a table of cases is read by the row

import pytest

from leakcheck.ci.names import Names
from leakcheck.ci.reading import read_file

X = "hunter2"
FOUND = [
    # wrapped in a call
    ("a.scala", 'password = Some("hunter2")'), ("a.py", "password = SecretStr('hunter2')"),
    ("A.java", 'StringValue dbPassword = new StringValue("hunter2");'), ("a.rs", 'let password = String::from("hunter2");'),
    ("a.cs", 'Password = new SecureString("hunter2"),'), ("a.go", 'Password: aws.String("hunter2"),'),
    ("a.py", "cfg.set_password(Secret('hunter2'))"), ("a.kt", 'val password = CredentialValue(\n  "hunter2"\n)'),
    ("a.py", "password = b64decode('hunter2')"),
    # compared
    ("a.py", "if user == 'x' and password == 'hunter2': pass"), ("a.js", "req.body.password === 'hunter2'"),
    ("A.java", 'if (password.equals("hunter2"))'), ("a.rb", "expect(u.password).to eq('hunter2')"),
    ("a.py", "self.assertEqual(u.password, 'hunter2')"), ("a.go", 'if string(pass) == "hunter2" {'),
    ("a.js", "expect(cfg.password).toBe('hunter2')"), ("a.sh", 'if [ "${password}" == "hunter2" ]; then'),
    # configuration held in strings
    ("a.go", "x := `\nusers = [\n  {user: a, password: hunter2}\n]`"), ("a.go", "conf := `\n  password: hunter2\n`"),
    ("a.py", 'cfg = """\n[db]\npassword = hunter2\n"""'), ("a.go", 'w("USER=x\\nPASS=hunter2\\n")'),
    ("a.js", "q = `auth-password=hunter2&x=y`"), ("a.rb", "x = <<~EOS\n  password: hunter2\nEOS\n"),
    ("a.go", 'f("user=a password=hunter2 dbname=b")'), ("a.toml", "x = '''\nA_PASSWORD=hunter2 \\\nrun\n'''"),
    # pairs and defaults
    ("a.erb", "<%= ENV.fetch('DB_PASSWORD') { 'hunter2' } %>"), ("a.rb", "ENV.fetch('DB_PASSWORD', 'hunter2')"),
    ("Jenkinsfile", "string(name: 'DB_PASSWORD', defaultValue: 'hunter2')"),
    ("a.go", 'm := []pair{{"password", "hunter2"}}'), ("a.py", "x = [('password', 'hunter2')]"),
    ("a.py", "p = os.environ.get('DB_PASSWORD') or 'hunter2'"), ("a.py", "password = \\\n    'hunter2'"),
    ("a.js", '"password":\n  "hunter2"'), ("a.py", "PASSWORDS = ['hunter2']"),
    # commands and statements
    ("a.sh", "mysql -uroot -phunter2 db"), ("a.yml", "run: mysqldump -u root -p'hunter2' db"), ("a.py", "os.system('mysql -phunter2')"),
    ("Dockerfile", "RUN openssl rsa -passin pass:hunter2 -in k"), ("a.ps1", "$p = ConvertTo-SecureString 'hunter2' -AsPlainText -Force"),
    ("a.ps1", "ConvertTo-SecureString -String \"hunter2\" -AsPlainText"), ("a.py", "q(\"ALTER ROLE x PASSWORD 'hunter2';\")"),
    ("a.yml", "cmd: psql -c \"CREATE ROLE a LOGIN PASSWORD 'hunter2'\""), ("a.sh", "echo 'root:hunter2' | chpasswd"),
    ("a.sh", "docker login -u bob -p hunter2 r"), ("a.sh", "redis-cli -h x -a hunter2 ping"), ("a.sh", "htpasswd -b f bob hunter2"),
    ("a.sh", "sqlcmd -S x -U sa -P hunter2"), ("a.sh", "ldapsearch -D cn=a -w hunter2 x"),
    ("a.sh", "smbclient //h/s -U 'bob%hunter2'"), ("a.sh", "rabbitmqctl add_user bob hunter2"),
    ("a.txt", "SQL> alter user sys identified by hunter2 container=all;"), ("a.py", "q(\"SET PASSWORD = PASSWORD('hunter2')\")"),
    ("a.yml", "chpasswd:\n  list: |\n    root:hunter2\n"), ("a.yml", "chpasswd:\n  list:\n    - root:hunter2\n"),
    # lists of arguments
    ("a.yml", 'args: ["--user", "me", "--password", "hunter2"]'), ("a.yml", "args:\n  - --user\n  - me\n  - --db-password\n  - hunter2 # x\n"),
    ("a.yml", "args: [--password, hunter2, -v]"), ("a.yml", "x:\n- '--password'\n- \"hunter2\"\n"),
    ("a.json", '{"args": ["--password",\n  "hunter2"]}'), ("a.json", '{"cmd": ["redis-server", "--requirepass", "hunter2"]}'),
    ("Dockerfile", 'CMD ["app", "--password", "hunter2"]'), ("a.py", 'run(["app", "--db-password",\n     "hunter2"])'),
    ("a.rs", 'Command::new("app").arg("--password").arg("hunter2")'), ("a.sh", 'args=("--password" "hunter2" "-v")'),
    ("Dockerfile", 'CMD ["mysql", "-uroot", "-phunter2"]'), ("a.py", 'run(["mysql", "-u", user, "-phunter2"])'),
    ("a.py", 'run(("docker", "login", "-u", "me", "-p", "hunter2"))'), ("a.py", 'run(["redis-cli", "-a", "hunter2"])'),
    ("a.py", 'run(["curl", "-u", "me:hunter2", url])'), ("a.json", '["docker", "login", "-p", "hunter2"]'),
    ("a.py", 'x = ["docker", "login", "-u", "' + 350 * "m" + '", "docker", "login", "-u", "me", "-p", "hunter2"]'),
    ("a.yml", "command:\n  - docker\n  - login\n  - -u\n  - me\n  - -p\n  - hunter2\n"), ("a.yml", "run: [/bin/mysql, -phunter2]"),
    ("a.py", 'run(["openssl", "rsa", "-passin", "pass:hunter2"])'), ("a.yml", "x: [helm, registry, login, -p, hunter2]"),
    # data sources
    ("odbc.ini", "[db]\nServer = x\nPWD = hunter2\n"), ("a.dsn", "[ODBC]\nDRIVER=SQL Server\nUID=sa\nPWD=hunter2\n"),
    ("a.txt", "Driver={SQL Server};Server=x;Uid=sa;PWD=hunter2;"),
    # what is taken where none was given
    ("t/a.yaml", 'password: {{ .Values.password | default "hunter2" }}'), ("t/a.yaml", 'x: "{{ .Values.db.password | default "hunter2" | b64enc }}"'),
    ("t/a.yaml", 'password: {{- default "hunter2" .Values.db.pw | quote -}}'), ("a.tpl", '{{- $password := default "hunter2" .Values.x -}}'),
    ("a.tpl", '{{ or .Values.password "hunter2" }}'), ("a.yml", 'password: {{ coalesce .Values.a .Values.b "hunter2" }}'),
    ("a.j2", "x={{ db_password | default('hunter2', true) }}"), ("a.tmpl", 'password: {{ .Password | default "hunter2" }}'),
    ("a.yml", "x: ${DB_PASSWORD:-hunter2}"), ("a.yml", 'x: "${DB_PASSWORD-hunter2}"'), ("a.yml", "x: postgres://u:${DB_PASSWORD:-hunter2}@h/d"),
    ("a.sh", ': "${DB_PASSWORD:=hunter2}"'), ("a.sh", "echo ${DB_PASSWORD=hunter2}"), ("a.sh", 'run --x "${DB_PASSWORD:-\'hunter2\'}"'),
    (".env", "X=${DB_PASSWORD:-hunter2}"), ("Dockerfile", "ENV X=${DB_PASSWORD:-hunter2}"),
    # Terraform
    ("a.tf", 'variable "db_password" { default = "hunter2" }'), ("a.tf", 'variable "db_password"\n{\n  default = "hunter2"\n}'),
    ("a.tf", 'variable "db_password" {\n  validation {\n    condition = length(var.x) > 3\n  }\n  default = "hunter2"\n}'),
    ("a.tf", 'variable "db_password" {\n  description = <<EOT\n  a } b\n  EOT\n  /* } */\n  default = "hunter2"\n}'),
    # accounts
    ("a.sql", "CREATE USER scott IDENTIFIED BY hunter2;"), ("a.sql", "CREATE USER x WITH\n  PASSWORD 'hunter2';"),
    ("a.py", 'q("""CREATE USER x WITH\n  PASSWORD \'hunter2\'""")'), ("a.yml", "run: >\n  CREATE ROLE x\n  PASSWORD 'hunter2'\n"),
    # languages of their own
    ("a.robot", "*** Variables ***\n${PASSWORD}    hunter2\n"), ("a.robot", "*** Test Cases ***\nA\n    Input Password    id    hunter2\n"),
    ("a.feature", 'When I fill in "Password" with "hunter2"\n'), ("a.feature", 'Given a user with password "hunter2"\n'),
    ("a.feature", "Examples:\n  | user | password |\n  | bob | hunter2 |\n"),
    # names
    ("a.js", "verifyPassword: 'hunter2'"), ("a.env", "ORACLE_PasswordSys=hunter2"), ("a.conf", "password_secret = hunter2"),
    ("a.go", 'inputPassword: "hunter2",'), ("A.java", 'private static final String PWD = "hunter2";'),
    ("a.yml", "secret: 'hunter2'"), ("a.json", '{"secret": "hunter2"}'), ("a.yml", "oauth:\n  secret: hunter2\n"),
    # flow maps in configuration that is no YAML
    ("a.conf", "users = [\n  {user: bob, password: hunter2, allow: all}\n]"), ("a.md", "```\n{user: bob, password: hunter2}\n```"),
    ("a.md", "$ tool --password hunter2"),
    # a quoted word that a tag, a mapping or a list of pairs ends
    ("a.md", '<host user="root" password="hunter2"/>'), ("a.ps1", '@{U="x";Password="hunter2"}}'),
    ("a.sh", "change master to master_password='hunter2',master_log_pos=107"),
    ("a.rb", 'fill_in :signup_password, with: "hunter2"'), ("a.rb", "fill_in 'Password', :with => 'hunter2'"),
    # fields that are called as they are filled
    ("a.go", 'conf.Net.SASL.Password = "password"'),
    ("a.go", 'User{Name: "bob", Password: "password"}'), ("a.cs", 'new User { Login = "a", Password = "hunter2" }'),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text"), FOUND)
def test_what_a_reviewer_sees(path: str, text: str) -> None:
    found = [c.password for c in read_file(text.encode(), path, Names()) if c.skip is None]
    assert found == ["password" if X not in text else X]


def test_each_command_of_a_list_is_read() -> None:
    text = 'run("docker", "login", "-p", "swordfish", "&&", "docker", "login", "-p", "hunter2")'
    found = read_file(text.encode(), "a.py", Names())
    assert [(c.password, c.column) for c in found] == [
        (one, text.index(one) + 1) for one in ("swordfish", "hunter2")
    ]


NOT_FOUND = [
    # labels, messages, descriptions, names of fields
    ("a.tsx", 'const labels = { user: "User", password: "Password" };'), ("a.js", "errors = {password: 'invalid'}"),
    ("a.php", "'password' => 'required|min:8'"), ("a.toml", 'X_USER = "User name"\nX_PASSWORD = "Password"\nX_KEY = "API key"'),
    ("a.toml", 'X_PASSWORD = "API password"'), ("a.ts", "password: 'Please enter your password.'"),
    ("a.py", "username = 'username'\npassword = 'password'\n"), ("a.rb", "PASSWORD = 'password'"),
    ("A.java", 'static final String HINT_PASSWORD = "Password";'), ("a.go", '"Password": "storage.mysql.password",'),
    ("a.go", 'const AUTH_CLEAR_PASSWORD = "clear_password"'), ("a.py", "password = forms.CharField(label='Password')"),
    ("a.js", "password: 'Enter new password: '"), ("a.js", "pass: process.env.MAIL_PASSWORD || 'MAIL_PASSWORD'"),
    ("A.java", 'static final String HTTPS_TRUSTSTORE_PASSWORD = "truststore-password";'), ("a.js", 'password: "too short"'),
    ("a.rst", "    datastore.password = the-password-to-your-cluster"), ("a.yml", "password: your-password-goes-here"),
    # placeholders
    ("a.yml", "password: ((demo-password))"), ("a.sql", "CREATE LOGIN x WITH PASSWORD = '%%PWD%%'"), ("a.env", "PASS=AKIAXXXXXXXXXXXXXXXX:kqXXXXXXXXXXXXXXXX"),
    ("a.sql", "set password = password('新密码');"), ("a.sql", "INSERT INTO u (email, password) VALUES ('a', 'bcrypt_hash_of_qwerty')"),
    ("a.md", "dpl x --username user --password pass --site site"), ("a.md", "      --password USER      the password (type: string)"),
    ("a.rst", "    user='root', password='',\n    db='x'"), ("a.rb", "login: 'docker login -u %{user} -p %{pass} %{url}'"),
    ("a.py", "pwd = 'C:\\\\'"), ("a.py", "if password != '(null)': pass"), ("a.yml", "password: !Ref Secret"),
    ("a.md", "- DOVECOT_PASS_ATTRS=uid=user,userPassword=password"),
    ("a.rb", "fill_in :password, with: password"), ("a.rb", "validates :password, with: 'format'"),
    # compared with what is no password
    ("a.php", "if ($auth['password'] === 'x-oauth-basic') {}"), ("a.js", "if (password === 'bearer') {}"),
    # substitutions and expressions
    ("a.go", 'regPwd := regexp.MustCompile(":.*@")'),
    ("a.sh", "pwd=`pwd`"), ("a.sh", "PASS=`awk '{print $1}' f | cut -d \"=\" -f2`"), ("a.sh", 'PASSWORD="$RANDOM$RANDOM"'),
    ("a.py", 'w("password = " + pw + "\\n")'), ("a.php", "$q = \"SELECT * FROM a WHERE pass = '\".md5($p).\"'\";"),
    ("a.cs", 'var c = $"Server=x;password={password}";'), ("a.go", 'f("user=%s,password=%s)", u, p)'),
    ("a.sh", "sed -i 's,^\\(x.password=\\).*,\\1'$P',' f"), ("a.sql", "SELECT password FROM users WHERE login = 'admin'"),
    ("a.go", 'f(`{"password": "\'$DB_PASSWORD\'"}`)'), ("a.py", "password = f'{x}-{y}'"), ("a.bat", "set passwd=%RANDOM%@%RANDOM%"),
    ("a.py", "PASSWORD = os.getenv('DB_PASSWORD')"), ("a.go", 'password := ctx.PostValue("password")'),
    ("a.sh", 'export ADMIN_PASSWORD=${ADMIN_PASSWORD:-""}'), ("a.js", "if (typeof password === 'string') {}"),
    ("a.py", "if password == 'NOPASSWD': pass"),
    # references
    ("a.yml", "MYSQL_PASSWORD: /run/secrets/db-password"), ("a.yml", "secret: db-credentials"), ("a.yml", "secret:\n  secretName: x"),
    ("a.py", "hidden_password = 'ftp://user:<hidden>@host/'"), ("a.env", "DB_PASSWORD=##DB_PASSWORD##"),
    ("a.py", "'set_password': 'shop.account.forms.SetPasswordForm'"),
    # lists of options, and what a list gives from elsewhere
    ("a.json", '{"options": ["--user", "--password", "--host"]}'), ("a.json", '{"name": ["--password", "-p"]}'),
    ("a.yml", "args:\n  - --password\n  - --user\n"), ("a.yml", "args: [--password, PASSWORD]"), ("a.py", 'p.add_argument("--password", "-w")'),
    ("a.yml", "args: [--password, $(DB_PASSWORD)]"), ("a.yml", "- see --password\n- hunter2\n"), ("a.yml", "args:\n- --password\nx: hunter2\n"),
    ("a.py", 'run(["docker", "login", "-u", "me", "-p", pw])'), ("a.py", 'run(["mysql", "-p", "x"])'), ("a.py", 'x = ["docker", "login", "logout"]'),
    ("a.py", 'run(["app", "-p", "8080"])'), ("a.json", '["--password-file", "hunter2"]'),
    # the working folder
    ("a.ini", "HOME=x\nPWD=hunter2\n"), ("a.ini", "[a]\nPWD=hunter2\n[b]\nserver=x\n"), ("a.txt", "UID=0\nPWD=/root\n"), (".env", "UID=0\nPWD=hunter2\n"),
    # defaults that are none, or not of a password
    ("a.yml", 'x: {{ .Values.passwordKey | default "hunter2" }}'), ("a.yml", 'key: {{ .Values.secretPassword | default "hunter2" }}'),
    ("a.yml", 'password: {{ .Values.secretName | default "hunter2" }}'), ("a.yml", 'password: {{ .Values.password | default "" }}'),
    ("a.yml", 'user: {{ .Values.user | default "hunter2" }} # {{ .Values.password }}'), ("a.sh", 'echo "${PASSWORD:-unset} ${PASSWORD:+set}"'),
    ("a.js", "x = `${password-one}`"), ("a.sh", 'echo "${PASSWORD:-$OTHER}${PASSWORD:-}"'), ("a.sh", "x=${#PASSWORD} y=${PASSWORD%x}"),
    ("a.tf", 'variable "db_password" {\n}\nx {\n  default = "hunter2"\n}'), ("a.tf", 'variable "db_password" {\n  x {\n    default = "hunter2"\n  }\n}'),
    ("a.sql", "-- the user is identified by name\nCREATE USER x IDENTIFIED BY VALUES 'S:0123456789abcdef0123456789abcdef';"),
    ("a.sql", "CREATE USER x IDENTIFIED EXTERNALLY;\nALTER USER x IDENTIFIED BY password;"), ("a.txt", "the user is identified by hunter"),
    # help, tests, other things
    ("a.md", "usage: tool --password PASSWORD"), ("a.js", "t.pass('Closed')"), ("a.go", "// username:password@tcp(ip:port)"),
    ("a.py", "parser.error('--password', '--remote')"), ("a.md", "`secret: all` or `password` and `token`: `x y`"),
    ("a.md", "postgres://DB_USER:DB_PASSWORD@db/x"), ("a.py", 'x = "``password`` or ``secret``"'),
    ("Jenkinsfile", "string(name: 'DB_PASSWORD', description: 'the one')"), ("a.sh", "mysql -p -u root"), ("a.sh", "mysql --port 1 -P 3306"),
    ("a.feature", 'When I fill in "Password" with "<password>"\n'),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text"), NOT_FOUND)
def test_what_a_reviewer_passes_over(path: str, text: str) -> None:
    found = read_file(text.encode(), path, Names(), comments=True)
    assert [(c.key, c.password) for c in found if c.skip is None] == []
