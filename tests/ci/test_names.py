"""Which names are names of passwords, and which values are passwords."""

# ruff: noqa: E501 - a table of cases is read by the row

import pytest

from leakcheck.ci.names import Names, means_password
from leakcheck.ci.values import judge

LIKE = [
    "password",
    "PASSWORD",
    "Password",
    "passwd",
    "pwd",
    "pass",
    "passphrase",
    "DB_PASS",
    "db_password",
    "dbPassword",
    "dbpass",
    "DatabasePassword",
    "spring.datasource.password",
    "ansible_ssh_pass",
    "ansible_become_password",
    "POSTGRES_PASSWORD",
    "PGPASSWORD",
    "MYSQL_PWD",
    "mysqlRootPassword",
    "requirepass",
    "rootpw",
    "bindpw",
    "smtp-password",
    "password1",
    "PASSWORD_2",
    "password_confirmation",
    "passwordConfirm",
    "admin_password_default",
    "keystorePassword",
    "ssh_key_passphrase",
    "mot_de_passe",
    "motDePasse",
    "mdp",
    "kennwort",
    "Passwort",
    "senha",
    "contrasena",
    "wachtwoord",
    "userPassword",
    "client_secret",
    "JWT_SECRET",
    "jwtSecret",
    "SECRET_KEY",
    "secretKey",
    "SECRET_KEY_BASE",
    "session.secret",
    "SECRET",
]
UNLIKE = [
    "password_hash",
    "passwordHash",
    "hashed_password",
    "encryptedPassword",
    "password_field",
    "passwordField",
    "PASSWORD_MIN_LENGTH",
    "password_reset",
    "passwordReset",
    "forgotPassword",
    "forgot_password",
    "resetPassword",
    "password_file",
    "POSTGRES_PASSWORD_FILE",
    "password_policy",
    "passwordValidator",
    "has_password",
    "isPassword",
    "compass",
    "bypass",
    "passenger",
    "passed",
    "pass_through",
    "passport",
    "surpass",
    "PWD",
    "OLDPWD",
    "proxy_pass",
    "fastcgi_pass",
    "secret",
    "existingSecret",
    "imagePullSecret",
    "tlsSecret",
    "secretName",
    "client_secret_name",
    "render_pass",
    "password_placeholder",
    "passwordLabel",
    "wrong_password",
    "invalidPassword",
    "password_expires_at",
    "token",
    "api_key",
    "first_pass",
    "lost_password",
    "passwd_changed_on",
    "update_password",
    "no_password",
    "key",
    "base",
    "secretary",
    "keyboard",
]


@pytest.mark.parametrize("name", LIKE)
def test_names_of_passwords(name: str) -> None:
    assert means_password(name)


@pytest.mark.parametrize("name", UNLIKE)
def test_other_names(name: str) -> None:
    assert not means_password(name)


def hits(names: Names, text: str, *, in_code: bool) -> list[int]:
    data = text.encode()
    return names.hits(data.lower(), names.find(data)[1], in_code)


def test_every_name_is_seen_by_the_quick_search() -> None:
    names = Names()
    for name in LIKE:
        assert hits(names, name.lower(), in_code=False), name
        assert hits(names, f'{name.lower()} = "x"', in_code=True), name


def test_a_policy_adds_and_takes_out_names() -> None:
    names = Names(["*_pin", "community"], ["TEST_*"])
    assert names.like("door_pin")
    assert names.like("DOOR_PIN")
    assert names.like("community")
    assert names.like("DB_PASSWORD")
    assert not names.like("TEST_PASSWORD")
    assert hits(names, "door_pin: 1", in_code=True)
    assert hits(names, "community: x", in_code=True)
    assert hits(Names(["*"]), "abc", in_code=True) == [0, 1, 2]


@pytest.mark.parametrize(
    "value",
    [
        "changeme", "hunter2", "P@ssw0rd!", "pass word with spaces", "$ecret k3y", "a{b}c", "<3forever",
        "50%off", "#hash", "true-story", "deadbeef", "пароль", "my/path", "x1",
    ],
)  # fmt: skip
def test_values_that_are_passwords(value: str) -> None:
    assert judge(value) == (value, None)


def test_a_masked_value_is_none() -> None:
    assert judge("-----").skip == "it is masked"


def test_a_value_with_a_zero_byte_is_none() -> None:
    assert judge("\0").skip == judge("a\0b").skip == "it holds a zero byte, which no password does"


@pytest.mark.parametrize(
    ("value", "default"),
    [
        ("${DB_PASS:-changeme}", "changeme"),
        ("${DB_PASS-changeme}", "changeme"),
        ("${spring.pass:letmein}", "letmein"),
        ("{{ db_pass | default('changeme') }}", "changeme"),
        ('{{ .Values.pass | default "changeme" | quote }}', "changeme"),
        ("{noop}letmein", "letmein"),
    ],
)
def test_a_reference_stands_for_its_default(value: str, default: str) -> None:
    assert judge(value) == (default, None)


@pytest.mark.parametrize(
    "value",
    [
        "", "   ", "${DB_PASS}", "${DB_PASS:-}", "${DB_PASS:?missing}", "$DB_PASS", "$(cat /run/secret)", "`cmd`",
        "{{ db_pass }}", "{% raw %}", "<%= ENV['X'] %>", "#{ENV['X']}", "%(pass)s", "%PASS%", "%s", "{0}",
        "<your-password>", "[password]", "@db.password@", "__DB_PASS__", "$$VAR", "$config->password",
        "os.environ['X']", "process.env.PASS", "vault:secret/data/db#pass", "ENC(abc=)", "ENC[AES256,data:x]",
        "{cipher}abcdef", "$ANSIBLE_VAULT;1.1;AES256", "op://vault/item/password", "&password;",
        "*****", "xxxxxxxx", "XXXX", "...", "•••", "REDACTED", "[FILTERED]", "!", "true", "False", "null", "None",
        "undefined", "string", "0", "1", "~",
        "$2y$10$abcdefghijklmnopqrstuv", "$2b$12$x", "$argon2id$v=19$m=1,t=1,p=1$a$b", "$6$salt$hash", "$1$a$b",
        "$apr1$a$b", "$P$Babc", "$y$j9T$a$b", "pbkdf2_sha256$260000$a$b", "pbkdf2:sha256:1000$a$b", "{SSHA}abc=",
        "{SHA}abc", "{bcrypt}$2a$10$x", "SCRAM-SHA-256$4096:a$b:c", "md5" + "a" * 32, "*" + "A" * 40,
        "d41d8cd98f00b204e9800998ecf8427e", "a" * 40, "0123456789abcdef" * 4, "0123456789ABCDEF" * 8,
        "x" * 300, "two\nlines",
    ],
)  # fmt: skip
def test_values_that_are_none(value: str) -> None:
    judged = judge(value)
    assert judged.skip
    assert judged.password == ""
