"""Clients that others wrote, pointed at `leakcheck serve`; docs/compatibility.md has their table.

They are installed from their registries into a scratch folder; where that
cannot be done, the test is skipped. CI asks for them with -m clients. The versions
are those of the table, and what a client does where a range fails must be what stands there.
"""

import contextlib
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from loopback.corpus import body
from loopback.filters import KEYS, build
from loopback.serving import serving

from leakcheck.subject.digests import nt_hash

pytestmark = pytest.mark.clients
PASSWORD, ABSENT, SEEN = "correct horse battery staple", "sentinel of an absent one", 1234
UNKEPT = "sentinel whose range is not kept"
PAGE = (Path(__file__).parent.parent.parent / "docs" / "compatibility.md").read_text("utf-8")
TABLE = {
    cells[0]: cells[1:]
    for line in PAGE.splitlines()
    if line.startswith("| ")
    and len(cells := [one.strip() for one in line.strip("| ").split(" | ")]) == 4
}


def version(client: str) -> str:
    """The version of a client that the table names."""
    return next(
        cells[0] for name, cells in TABLE.items() if name.split(" ")[0].strip(",") == client
    )


def judged(client: str, outcomes: list[str]) -> None:
    """Present, absent, failing: the last as the table has it."""
    says = TABLE[client][2].split(" ")[0].strip(":,")
    wanted = {"open": "clean", "closed": "refused"}[says]
    assert outcomes == ["exposed", "clean", wanted]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the ranges of both passwords, one of them in its range."""
    root = tmp_path_factory.mktemp("served")
    build(root / "acme.bloom", range(KEYS))
    for name, digest_of, digits in (
        ("sha1", lambda text: hashlib.sha1(text.encode()).digest(), 40),
        ("ntlm", nt_hash, 32),
    ):
        (root / name).mkdir()
        for password in (PASSWORD, ABSENT):
            text = digest_of(password).hex().upper()
            lines = body(text[:5], digits=digits).decode().split("\r\n")
            lines += [f"{text[5:]}:{SEEN}"] if password == PASSWORD else []
            path = root / name / f"{text[:5]}.txt"
            path.write_bytes("\r\n".join(sorted(lines)).encode())
    return root


@pytest.fixture(scope="module")
def url(served: Path) -> Iterator[str]:
    """A server of them."""
    with serving(served) as (url, _):
        yield url


@pytest.fixture(scope="module")
def led(served: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What a client's environment needs so that the public service's name leads to our server.

    A proxy stands for the DNS of a network; the server has a certificate for that name.
    """
    folder = tmp_path_factory.mktemp("authority")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    pair = authority.issue_cert(
        "api.pwnedpasswords.com", "127.0.0.1"
    ).private_key_and_cert_chain_pem
    pair.write_to_path(str(folder / "pair.pem"))
    options = ("--cert", str(folder / "pair.pem"), "--key", str(folder / "pair.pem"))
    with serving(served, *options) as (url, _), socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(url.rpartition(":")[2])

        def pump(one: socket.socket, other: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while data := one.recv(1 << 16):
                    other.sendall(data)
                other.shutdown(socket.SHUT_WR)

        def lead() -> None:
            while True:
                try:
                    link = listener.accept()[0]
                except OSError:
                    return
                asked = link.recv(4096)
                if not asked.startswith(b"CONNECT api.pwnedpasswords.com:443 "):
                    link.close()
                    continue
                inner = socket.create_connection(("127.0.0.1", port))
                link.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                for ends in ((link, inner), (inner, link)):
                    threading.Thread(target=pump, args=ends, daemon=True).start()

        threading.Thread(target=lead, daemon=True).start()
        yield {
            "HTTPS_PROXY": f"http://127.0.0.1:{listener.getsockname()[1]}",
            "SSL_CERT_FILE": str(folder / "ca.pem"),
            "LEAKCHECK_AT": url.removeprefix("https://"),
        }


@pytest.fixture(scope="module")
def npm_hibp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which node finds the packages."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("npm")
    (folder / "package.json").write_text('{"private":true,"type":"module"}')
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"]
    patience = ["--no-update-notifier", "--fetch-retries=1", "--fetch-timeout=20000"]
    wanted = [f"{name}@{version(name)}" for name in ("hibp", "@zxcvbn-ts/matcher-pwned")]
    if not installed([*command, *patience, *wanted, "@zxcvbn-ts/core"], folder):
        pytest.skip("npm cannot install hibp: is its registry to be had?")
    return folder


def installed(command: list[str], folder: Path, seconds: int = 150) -> bool:
    """Whether this could be installed, in a time that a user of CI will wait."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, timeout=seconds, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@pytest.mark.parametrize("padding", ["false", "true"])
@pytest.mark.parametrize("mode", ["sha1", "ntlm"])
def test_npm_hibp(npm_hibp: Path, url: str, padding: str, mode: str) -> None:
    script = f"""
        import {{ pwnedPassword, pwnedPasswordRange }} from "hibp";
        import {{ createHash }} from "node:crypto";
        const options = {{ baseUrl: "{url}", addPadding: {padding}, mode: "{mode}" }};
        const found = [];
        for (const prefix of {json.dumps([prefix_of(PASSWORD, mode), prefix_of(ABSENT, mode)])}) {{
            const range = await pwnedPasswordRange(prefix, options);
            found.push(Object.entries(range).filter(([, count]) => count === {SEEN}).length);
        }}
        if ("{mode}" === "sha1") {{
            found.push(await pwnedPassword({json.dumps(PASSWORD)}, options));
            found.push(await pwnedPassword({json.dumps(ABSENT)}, options));
        }}
        let refused = "";
        try {{ await pwnedPasswordRange("xyz", options); }}
        catch (error) {{ refused = error.message; }}
        console.log(JSON.stringify([found, refused]));
    """
    (npm_hibp / "ask.mjs").write_text(script)
    done = subprocess.run(
        ["node", "ask.mjs"], cwd=npm_hibp, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found, refused = json.loads(done.stdout)
    assert found == ([1, 0, SEEN, 0] if mode == "sha1" else [1, 0])
    assert refused == "The hash prefix was not in a valid format"


def test_npm_hibp_takes_a_range_that_is_not_kept_for_no_answer(npm_hibp: Path, url: str) -> None:
    script = f"""
        import {{ pwnedPassword }} from "hibp";
        try {{ console.log("found", await pwnedPassword("not kept", {{ baseUrl: "{url}" }})); }}
        catch (error) {{ console.log("refused"); }}
    """
    (npm_hibp / "missing.mjs").write_text(script)
    done = subprocess.run(
        ["node", "missing.mjs"], cwd=npm_hibp, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.stdout == "refused\n", done.stderr


def prefix_of(password: str, mode: str) -> str:
    raw = nt_hash(password) if mode == "ntlm" else hashlib.sha1(password.encode()).digest()
    return raw.hex().upper()[:5]


@pytest.fixture(scope="module")
def django_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of Python packages, with these in it."""
    folder = tmp_path_factory.mktemp("django")
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    command += ["--retries", "1", "--timeout", "20", "--target", str(folder)]
    names = ("pwned-passwords-django", "django-pwned", "flask-security", "pwnedpasswords")
    if not installed([*command, *(f"{name}=={version(name)}" for name in names)], folder):
        pytest.skip("pip cannot install pwned-passwords-django: is its registry to be had?")
    return folder


@pytest.mark.parametrize("padding", [False, True])
def test_pwned_passwords_django(django_packages: Path, url: str, padding: bool) -> None:
    script = f"""
import asyncio
import django
from django.conf import settings
settings.configure(PWNED_PASSWORDS={{"ADD_PADDING": {padding}, "API_TIMEOUT": 20}})
django.setup()
from pwned_passwords_django import api, validators
class Mirror(api.PwnedPasswords):
    api_endpoint = "{url}/range/"
client = Mirror()
print(client.check_password({PASSWORD!r}), client.check_password({ABSENT!r}))
print(asyncio.run(client.check_password_async({PASSWORD!r})))
validator = validators.PwnedPasswordsValidator(api_client=client)
validator.validate({ABSENT!r})
try:
    validator.validate({PASSWORD!r})
except django.core.exceptions.ValidationError as error:
    print(error.code)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": str(django_packages)},
        cwd=django_packages, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(SEEN), "0", str(SEEN), "password_compromised"]


NODE = {
    "hibp (npm)": """
        import { pwnedPassword } from "hibp";
        const ask = async (word) => (await pwnedPassword(word, { baseUrl: URL })) > 0;
    """,
    "@zxcvbn-ts/matcher-pwned (npm)": """
        import pwned from "@zxcvbn-ts/matcher-pwned";
        const { haveIBeenPwned } = pwned;
        const options = { universalFetch: fetch, url: URL + "/range/" };
        const ask = async (word) => Boolean(await haveIBeenPwned(word, options));
    """,
}


@pytest.mark.parametrize("client", NODE)
def test_node_clients(npm_hibp: Path, url: str, client: str) -> None:
    script = f"""
        const URL = {json.dumps(url)};
        {NODE[client]}
        const outcomes = [];
        for (const word of {json.dumps([PASSWORD, ABSENT, UNKEPT])}) {{
            try {{ outcomes.push((await ask(word)) ? "exposed" : "clean"); }}
            catch (error) {{ outcomes.push("refused"); }}
        }}
        console.log(JSON.stringify(outcomes));
    """
    (npm_hibp / "outcomes.mjs").write_text(script)
    done = subprocess.run(
        ["node", "outcomes.mjs"], cwd=npm_hibp, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    judged(client, json.loads(done.stdout))


# What leads the name of the public service to ours, as the DNS of a network does.
LED = """
import urllib.request
opened = urllib.request.urlopen
def urlopen(asked, *more, **options):
    asked.full_url = asked.full_url.replace("https://api.pwnedpasswords.com", URL)
    return opened(asked, *more, **options)
urllib.request.urlopen = urlopen
"""
DJANGO = """
import django
from django.conf import settings
settings.configure(LOGGING_CONFIG=None)
django.setup()
from django.core.exceptions import ValidationError as Refused
def judged(validator, word):
    try:
        validator.validate(word)
    except Refused as error:
        return "exposed" if "pwned" in error.code or "compromised" in error.code else "refused"
    return "clean"
"""
FLASK = """
import flask, flask_security
app = flask.Flask("x")
app.config.update(SECRET_KEY="x", SECURITY_PASSWORD_SALT="x", SECURITY_PASSWORD_CHECK_BREACHED=HOW)
class User:
    fs_uniquifier = email = password = active = roles = ""
flask_security.Security(app, flask_security.UserDatastore(User, object))
from flask_security.utils import get_message, password_breached_validator
def ask(word):
    with app.test_request_context():
        said = password_breached_validator(word)
        if said and said[0] != get_message("PASSWORD_BREACHED")[0]:
            return "refused"
        return "exposed" if said else "clean"
"""
PYTHON = {
    "pwned-passwords-django": DJANGO
    + """
from pwned_passwords_django import api, validators
class Mirror(api.PwnedPasswords):
    api_endpoint = URL + "/range/"
ask = lambda word: judged(validators.PwnedPasswordsValidator(api_client=Mirror()), word)
""",
    "django-pwned": DJANGO
    + """
from django_pwned import api, validators
api.API_ENDPOINT = URL + "/range/{}"
ask = lambda word: judged(validators.PwnedPasswordValidator(request_timeout=20), word)
""",
    "flask-security, `strict`": LED + "HOW = 'strict'" + FLASK,
    "flask-security, `best-effort`": LED + "HOW = 'best-effort'" + FLASK,
    "pwnedpasswords (Python)": LED
    + """
import pwnedpasswords
def ask(word):
    try:
        return "exposed" if pwnedpasswords.check(word, plain_text=True) else "clean"
    except Exception:
        return "refused"
""",
}


@pytest.mark.parametrize("client", PYTHON)
def test_python_clients(django_packages: Path, url: str, client: str) -> None:
    words = [PASSWORD, ABSENT, UNKEPT]
    ending = f"\nimport json\nprint(json.dumps([ask(word) for word in {words!r}]))\n"
    done = subprocess.run(
        [sys.executable, "-c", f"URL = {url!r}\n{PYTHON[client]}{ending}"],
        env=os.environ | {"PYTHONPATH": str(django_packages)}, cwd=django_packages,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    judged(client, json.loads(done.stdout.splitlines()[-1]))


SYMFONY = """<?php
require 'Symfony/Component/HttpClient/autoload.php';
require 'Symfony/Component/Validator/autoload.php';
use Symfony\\Component\\Validator\\Constraints\\NotCompromisedPassword;
use Symfony\\Component\\Validator\\Constraints\\NotCompromisedPasswordValidator;
use Symfony\\Component\\Validator\\ConstraintValidatorFactory;
use Symfony\\Component\\Validator\\Validation;
class Ours extends ConstraintValidatorFactory {
    public function getInstance(Symfony\\Component\\Validator\\Constraint $constraint) {
        return new NotCompromisedPasswordValidator(null, 'UTF-8', true, $GLOBALS['argv'][1]);
    }
}
$builder = Validation::createValidatorBuilder()->setConstraintValidatorFactory(new Ours());
$validator = $builder->getValidator();
$outcomes = [];
foreach (array_slice($argv, 2) as $word) {
    try {
        $found = $validator->validate($word, new NotCompromisedPassword());
        $outcomes[] = count($found) ? 'exposed' : 'clean';
    } catch (Throwable $error) {
        $outcomes[] = 'refused';
    }
}
echo json_encode($outcomes);
"""


def test_symfony(url: str, tmp_path: Path) -> None:
    if not Path("/usr/share/php/Symfony/Component/Validator").is_dir() or not shutil.which("php"):
        pytest.skip("php-symfony-validator is not installed")
    (tmp_path / "ask.php").write_text(SYMFONY)
    command = ["php", "ask.php", f"{url}/range/%s", PASSWORD, ABSENT, UNKEPT]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    judged("symfony/validator", json.loads(done.stdout))


CARGO = """
[package]
name = "ask"
version = "0.0.0"
edition = "2021"
[dependencies]
pwned = "={version}"
tokio = {{ version = "1", features = ["rt", "macros"] }}
[profile.dev]
debug = false
[workspace]
"""
RUST = """
use pwned::api::PwnedBuilder;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let client = PwnedBuilder::default().build().unwrap();
    for word in std::env::args().skip(1) {
        println!("{}", match client.check_password(word).await {
            Ok(answer) if answer.found => "exposed",
            Ok(_) => "clean",
            Err(_) => "refused",
        });
    }
}
"""


def test_pwned_in_rust(led: dict[str, str], tmp_path: Path) -> None:
    if shutil.which("cargo") is None:
        pytest.skip("cargo is not installed")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.rs").write_text(RUST)
    (tmp_path / "Cargo.toml").write_text(CARGO.format(version=version("pwned")))
    if not installed(["cargo", "build", "--quiet", "--target-dir", "target"], tmp_path, 400):
        pytest.skip("cargo cannot build pwned: are crates.io and OpenSSL's headers to be had?")
    ask = tmp_path / "target" / "debug" / "ask"
    done = subprocess.run(
        [ask, PASSWORD, ABSENT, UNKEPT], env=os.environ | led, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    judged("pwned (Rust)", done.stdout.split())


def test_the_shell_script_of_the_page(url: str, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    script = tmp_path / "pwned-range"
    script.write_text(PAGE.split("```sh pwned-range\n")[1].split("```")[0])
    statuses = [
        subprocess.run(["sh", script, url], input=f"{word}\n".encode(), check=False).returncode
        for word in (PASSWORD, ABSENT, UNKEPT)
    ]
    words = {0: "clean", 1: "exposed", 2: "refused"}
    judged("a shell script, for `pam_exec` and similar", [words[status] for status in statuses])
    nobody = subprocess.run(["sh", script, "http://127.0.0.1:9"], input=b"word", check=False)
    assert nobody.returncode == 2


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_request_of_389_directory_server(led: dict[str, str]) -> None:
    """Its request, repeated, and its reading; scripts/ask_389ds.py runs its own code."""
    outcomes = []
    for password in (PASSWORD, ABSENT, UNKEPT):
        digest = hashlib.sha1(password.encode()).hexdigest().upper()
        asked = subprocess.run(
            ["curl", "-s", "--proto", "=https", "--max-time", "10", "--connect-timeout", "5",
             "-A", "389-ds-hibp-client/1.0", "-w", "\n%{http_code}", "--noproxy", "*",
             "--cacert", led["SSL_CERT_FILE"],
             f"https://{led['LEAKCHECK_AT']}/range/{digest[:5]}"],
            stdout=subprocess.PIPE, check=True,
        ).stdout.decode()  # fmt: skip
        answer, _, status = asked.rpartition("\n")
        counts = [line.partition(":")[2].strip() for line in answer.split("\n")
                  if line.partition(":")[0].lower() == digest[5:].lower()]  # fmt: skip
        # Where the status is not 200 it has no answer, and the server takes the password.
        outcomes.append("exposed" if status == "200" and counts == [str(SEEN)] else "clean")
        assert status == ("200" if password != UNKEPT else "501")
    judged("389 Directory Server, its client file", outcomes)


def test_keepassxc_reads_what_was_exported(tmp_path: Path) -> None:
    """A file, and nothing is asked: a password in it, one that is not, and a damaged file."""
    if shutil.which("keepassxc-cli") is None:
        pytest.skip("keepassxc-cli is not installed")

    def keepassxc(*command: str, given: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["keepassxc-cli", command[0], "-q", *command[1:]], input=given, cwd=tmp_path,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    assert keepassxc("db-create", "-p", "a.kdbx", given="m\nm\n").returncode == 0
    for word in (PASSWORD, ABSENT):
        given = f"m\n{word}\n{word}\n"
        assert keepassxc("add", "-p", "a.kdbx", word, given=given).returncode == 0
    (tmp_path / "list.txt").write_text(f"{PASSWORD}\nanother one\n")
    command = ["export", "list.txt", "--from", "passwords", "--kind", "password", "--to", "text"]
    subprocess.run(
        [sys.executable, "-m", "leakcheck", *command, "-o", "hashes.txt"], cwd=tmp_path, check=True
    )
    text = (tmp_path / "hashes.txt").read_text().replace("\n", ":1\n")
    (tmp_path / "counted.txt").write_text(text)
    (tmp_path / "cut.txt").write_text(text[:70])
    told = keepassxc("analyze", "--hibp", "counted.txt", "a.kdbx", given="m\n")
    assert told.returncode == 0
    assert f"'{PASSWORD}' has been leaked" in told.stdout
    broken = keepassxc("analyze", "--hibp", "cut.txt", "a.kdbx", given="m\n")
    outcomes = ["exposed", "exposed" if f"'{ABSENT}' has" in told.stdout else "clean"]
    judged("keepassxc-cli analyze", [*outcomes, "refused" if broken.returncode == 1 else "clean"])


def test_curl_resumes_a_download(url: str, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    out = tmp_path / "acme.bloom"
    whole = subprocess.run([curl, "-sf", f"{url}/acme.bloom"], capture_output=True, check=True)
    out.write_bytes(whole.stdout[:5000])
    subprocess.run([curl, "-sf", "-C", "-", "-o", str(out), f"{url}/acme.bloom"], check=True)
    assert out.read_bytes() == whole.stdout
    assert (
        subprocess.run(
            [sys.executable, "-m", "leakcheck", "verify", str(out)], check=False
        ).returncode
        == 0
    )
