"""`leakcheck publish`: the folder, whole or not at all, and what stands in it."""

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from loopback.fixtures import _free_port, _wait_for
from loopback.serving import serving
from program import LEAKCHECK, leakcheck, one_sentence
from publishing.conftest import OPTIONS, ORIGIN

from leakcheck.language import local
from leakcheck.publishing.request import texts
from leakcheck.wording import DATA

Publish = Callable[..., Path]


def test_the_folder_has_all_that_a_host_needs(publish: Publish, tmp_path: Path) -> None:
    site = publish(tmp_path / "site", "--chunks")
    for name in (
        "index.html", "fr.html", "en.html", "style.css", "app.js", "leakcheck.js", "tables.txt",
        "site.json", "acme.bloom", "acme.bloom.verity", "secrets.bloom", "filters.note", "_headers",
        "host/nginx.conf", "host/Caddyfile", "robots.txt", ".well-known/security.txt",
        "notice/fr/mail.txt", "notice/en/letter.txt", "notice/en/sms.txt", "SHA256SUMS",
        "texts/fr.json", "saved/en.html", "vendor/noble-ed25519.js", "vendor/noble-ed25519.LICENSE",
    ):  # fmt: skip
        assert (site / name).stat().st_size > 0, name
        assert (site / name).stat().st_mode & 0o444 == 0o444, name
    assert not (site / "texts" / "de.json").exists()
    about = json.loads((site / "site.json").read_text(encoding="utf-8"))
    assert [entry["kind"] for entry in about["filters"]] == ["email", "password"]
    assert about["serial"] == 1
    assert leakcheck("verify", site / "acme.bloom").status == 0


def test_the_sums_are_those_of_every_file(publish: Publish, tmp_path: Path) -> None:
    site = publish(tmp_path / "site")
    listed = {}
    for line in (site / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
        assert hashlib.sha256((site / name).read_bytes()).hexdigest() == digest
    every = {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}
    assert every == {*listed, "SHA256SUMS", "filters.note"}  # the list changes, and proves itself
    page = (site / "en.html").read_text(encoding="utf-8")
    assert f"{listed['leakcheck.js']}  leakcheck.js" in page


def test_the_sums_still_hold_after_a_withdrawal(
    publish: Publish, material: Path, tmp_path: Path
) -> None:
    site = publish(tmp_path / "site")
    done = leakcheck("sign", "--withdraw", site / "acme.bloom", "--reason", "wrong dump",
                     "--key", material / "acme.key")  # fmt: skip
    assert done.status == 0, done.err
    subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=site, check=True)


def test_the_chunks_are_the_file(publish: Publish, tmp_path: Path) -> None:
    site = publish(tmp_path / "site", "--chunks")
    whole = (site / "acme.bloom").read_bytes()
    folder = site / "acme.bloom.chunks"
    pieces = [folder / f"{number}.bin" for number in range(len(list(folder.iterdir())) - 1)]
    assert b"".join(path.read_bytes() for path in pieces) == whole
    assert (folder / "head.bin").read_bytes() == whole[:4096]


def test_the_scripts_find_every_text_that_they_show(publish: Publish, tmp_path: Path) -> None:
    site = publish(tmp_path / "site")
    script = (site / "app.js").read_text(encoding="utf-8")
    wanted = set(re.findall(r"\btexts\.(\w+)", script))
    for name in re.findall(r"inMode\(\"(\w+)\"\)", script):
        wanted |= {name, f"{name}Password", f"{name}Pair"}
    assert len(wanted) > 20
    for language in ("fr", "en"):
        texts = json.loads((site / "texts" / f"{language}.json").read_text(encoding="utf-8"))
        assert wanted <= {*texts, "askAddress", "askPassword", "askPair"}
        assert {"askAddress", "askPassword", "askPair"} <= texts.keys()
        assert list(texts["actions"]) == ["email", "name", "phone", "password"]


def test_a_visit_is_small(publish: Publish, tmp_path: Path) -> None:
    """Bodies up to the first answer, from a host that compresses text: less than 60 kB."""
    site = publish(tmp_path / "site", names=("acme",))
    page = (site / "fr.html").read_text(encoding="utf-8")
    modules = re.findall(r'modulepreload" href="([^"]+)"', page)
    assert "leakcheck.js" in modules
    text = ["fr.html", "style.css", "app.js", "tables.txt", "site.json", "texts/fr.json", *modules]
    loaded = {name: len(gzip.compress((site / name).read_bytes(), 9)) for name in text}
    pages = 5 * 4096  # header and page, the top of the tree, and a block of it for each
    assert sum(loaded.values()) + (site / "filters.note").stat().st_size + pages < 60_000, loaded
    for name in modules:
        for other in re.findall(r'^import .* from "\./([^"]+)"', (site / name).read_text(), re.M):
            assert other in modules, f"{name} imports {other}, which is asked for too late"


def test_the_page_asks_nobody_else(publish: Publish, tmp_path: Path) -> None:
    site = publish(tmp_path / "site", "--mirror", "https://mirror.example.net/acme/")
    for name in ("index.html", "fr.html"):
        page = (site / name).read_text(encoding="utf-8")
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
        assert "{{" not in page
        assert "connect-src &#x27;self&#x27; https://mirror.example.net;" in page
        assert "unsafe" not in page
    for script in site.rglob("*.js"):
        text = script.read_text(encoding="utf-8")
        assert "localStorage" not in text
        assert "document.cookie" not in text
        assert "innerHTML" not in text


def test_what_is_said_of_a_breach_is_no_markup(material: Path, tmp_path: Path) -> None:
    evil = '<script>alert(1)</script> "& {{app}}'
    done = leakcheck(
        "publish", material / "acme.bloom", "-o", tmp_path / "site", "--key", material / "acme.key",
        "--title", evil, "--contact", "https://example.org/?a=1&b=2",
    )  # fmt: skip
    assert done.status == 0, done.err
    page = (tmp_path / "site" / "en.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &quot;&amp; {{app}}" in page
    assert 'href="https://example.org/?a=1&amp;b=2"' in page


def test_each_publication_is_a_new_edition(
    publish: Publish, material: Path, tmp_path: Path
) -> None:
    site = publish(tmp_path / "site")
    again = leakcheck(
        "publish", material / "acme.bloom", "-o", site, "--key", material / "acme.key", *OPTIONS
    )
    assert "--force" in one_sentence(again)
    publish(site, "--force", names=("acme",))
    note = (site / "filters.note").read_text(encoding="utf-8")
    assert re.search(r"^2 \d{4}-", note, re.MULTILINE)
    assert "secrets.bloom" not in note  # no longer offered
    assert not (site / "secrets.bloom").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["site"]


def test_the_edition_follows_what_was_signed_elsewhere(material: Path, tmp_path: Path) -> None:
    """Who has seen edition 2 beside the filter would take no edition 1 of the page."""
    copy = tmp_path / "acme.bloom"
    copy.write_bytes((material / "acme.bloom").read_bytes())
    key = material / "acme.key"
    for _ in range(2):
        assert leakcheck("sign", copy, "--key", key).status == 0
    done = leakcheck("publish", copy, "-o", tmp_path / "site", "--key", key, *OPTIONS)
    assert f"{ORIGIN}, edition 3." in done.out


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--data", "email,shoes"], "--data takes"),
        (["--lang", "tlh"], "--lang"),
        (["--contact", "nobody"], "--contact"),
        (["--origin", "https://x.example/"], "--origin"),
        (["--origin", "other.example/x"], "The key is of"),
        (["--title", " "], "--title"),
        (["--mirror", "http://mirror.example/"], "--mirror"),
    ],
)
def test_what_cannot_be_published_leaves_nothing(
    material: Path, tmp_path: Path, options: list[str], why: str
) -> None:
    done = leakcheck(
        "publish", material / "acme.bloom", "-o", tmp_path / "site", "--key", material / "acme.key",
        *OPTIONS, *options,
    )  # fmt: skip
    assert why in one_sentence(done)
    assert list(tmp_path.iterdir()) == []


def test_filters_that_would_answer_wrongly_are_refused(material: Path, tmp_path: Path) -> None:
    whole = (material / "acme.bloom").read_bytes()
    damaged = tmp_path / "acme.bloom"
    damaged.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
    domains = tmp_path / "domains.bloom"
    leakcheck("build", material / "dump.txt", "-o", domains, "--kind", "domain")
    before = sorted(tmp_path.iterdir())
    for path, why in ((damaged, "damaged"), (domains, "domains")):
        done = leakcheck(
            "publish", path, "-o", tmp_path / "site", "--key", material / "acme.key", *OPTIONS
        )
        assert why in one_sentence(done)
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_of_somebody_elses_stays(material: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "precious.txt").write_text("mine")
    done = leakcheck(
        "publish", material / "acme.bloom", "-o", site, "--key", material / "acme.key", "--force",
        *OPTIONS,
    )  # fmt: skip
    assert "it stays" in one_sentence(done)
    assert list(site.iterdir()) == [site / "precious.txt"]


def test_a_full_disk_leaves_nothing(material: Path, tmp_path: Path) -> None:
    command = (
        f"ulimit -f 4; exec leakcheck publish {material}/acme.bloom -o {tmp_path}/site "
        f"--key {material}/acme.key --title x --contact a@example.org"
    )
    path = f"{Path(LEAKCHECK).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", f"trap '' XFSZ; {command}"], capture_output=True, check=False, timeout=60,
        env=os.environ | {"PATH": path},
    )  # fmt: skip
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_serve_serves_it_as_it_is(publish: Publish, tmp_path: Path) -> None:
    site = publish(tmp_path / "site", "--chunks")
    (tmp_path / "secret.txt").write_text("not yours")
    (site / "link.txt").symlink_to(tmp_path / "secret.txt")
    (site / ".hidden").write_text("not yours")
    with serving(site) as (url, _), httpx.Client(base_url=url, trust_env=False) as client:
        page = client.get("/")
        assert page.content == (site / "index.html").read_bytes()
        assert page.headers["content-type"].startswith("text/html")
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        script = client.get("/app.js").headers
        assert script["content-type"].startswith("text/javascript")
        assert script["x-content-type-options"] == "nosniff"
        assert "content-security-policy" not in script
        part = client.get("/acme.bloom.verity", headers={"Range": "bytes=0-4095"})
        assert part.status_code == 206
        assert client.get("/.well-known/security.txt").status_code == 200
        assert client.get("/acme.bloom.chunks/0.bin").content == (site / "acme.bloom").read_bytes()
        for name in ("link.txt", ".hidden", "../secret.txt", "%2e%2e/secret.txt", "notice", "x/y"):
            assert client.get("/" + name).status_code == 404, name
        done = leakcheck("publish", "--check", url + "/")
        assert done.status == 0, done.out
        assert "wrong" not in done.out


@pytest.mark.skipif(not shutil.which("caddy"), reason="caddy is not installed")
def test_caddy_serves_the_folder_by_the_snippet(publish: Publish, tmp_path: Path) -> None:
    site, port = publish(tmp_path / "site"), _free_port()
    snippet = (site / "host" / "Caddyfile").read_text(encoding="utf-8")
    snippet = snippet.replace("filters.example.org {", f"http://127.0.0.1:{port} {{")
    config = tmp_path / "Caddyfile"
    config.write_text(
        "{\n admin off\n auto_https off\n}\n" + snippet.replace("/srv/site", str(site))
    )
    command = ["caddy", "run", "--config", str(config), "--adapter", "caddyfile"]
    env = os.environ | {"XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=env)
    try:
        _wait_for(port)
        url = f"http://127.0.0.1:{port}/acme/"
        page = httpx.get(url, trust_env=False)
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["content-encoding"] == "gzip"
        done = leakcheck("publish", "--check", url)
        assert done.status == 0, done.out
        assert done.out == "People can check themselves there.\n"
    finally:
        process.terminate()
        process.wait(10)


def test_a_signed_folder_is_served_with_its_sidecars(material: Path, tmp_path: Path) -> None:
    copy = tmp_path / "acme.bloom"
    copy.write_bytes((material / "acme.bloom").read_bytes())
    assert leakcheck("sign", copy, "--key", material / "acme.key").status == 0
    with serving(tmp_path) as (url, _):
        for name in ("acme.bloom.verity", "filters.note"):
            found = httpx.get(f"{url}/{name}", trust_env=False)
            assert found.content == (tmp_path / name).read_bytes()


def test_the_page_and_the_terminal_advise_alike() -> None:
    """What to do about each sort of data: one text in two places, in English and in French."""
    for language in ("en", "fr", "de", "es"):
        actions = texts(language)["actions"]
        assert set(actions) == set(DATA) == set(texts(language)["kinds"])
        for word, step in DATA.items():
            if step and language in ("en", "fr"):
                assert actions[word] == local(step, language), (language, word)
