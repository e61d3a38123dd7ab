"""Clients that others wrote, pointed at `leakcheck serve`: npm hibp, pwned-passwords-django, curl.

They are installed from their registries into a scratch folder; where that
cannot be done, the test is skipped. CI asks for them with -m clients.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback.corpus import body
from loopback.filters import KEYS, build
from loopback.serving import serving

from leakcheck.subject.digests import nt_hash

pytestmark = pytest.mark.clients
PASSWORD, ABSENT, SEEN = "correct horse battery staple", "sentinel of an absent one", 1234


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of the ranges of both passwords, one of them in its range."""
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
    with serving(root) as (url, _):
        yield url


@pytest.fixture(scope="module")
def npm_hibp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which node finds the package."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("npm")
    (folder / "package.json").write_text('{"private":true,"type":"module"}')
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"]
    patience = ["--no-update-notifier", "--fetch-retries=1", "--fetch-timeout=20000"]
    if not installed([*command, *patience, "hibp"], folder):
        pytest.skip("npm cannot install hibp: is its registry to be had?")
    return folder


def installed(command: list[str], folder: Path) -> bool:
    """Whether this could be installed, in a time that a user of CI will wait."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=75, check=False)
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
    """A folder of Python packages, with this one in it."""
    folder = tmp_path_factory.mktemp("django")
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    command += ["--retries", "1", "--timeout", "20", "--target", str(folder)]
    if not installed([*command, "pwned-passwords-django"], folder):
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
