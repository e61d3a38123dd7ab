"""Chromium and Firefox, headless, on the page as nginx serves it, well and badly.

Each browser is started once. puppeteer-core and axe-core are installed from npm into a scratch
folder; where they, a browser or nginx cannot be had, the tests skip and say so. CI asks for them
with -m browsers.
"""

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from loopback.fixtures import _free_port
from loopback.serving import serving
from program import leakcheck
from publishing.hosts import HOSTS, Hosts, hosts

import leakcheck as library
from leakcheck.errors import SubjectError
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import question

pytestmark = [pytest.mark.browsers, pytest.mark.timeout(600)]
BROWSERS = {"chrome": ("chromium", "chromium-browser", "google-chrome"),
            "firefox": ("firefox-esr", "firefox")}  # fmt: skip
PEOPLE = 200_000  # so that a filter is larger than a chunk
ODD = [
    "  Person7@Example.ORG ", "mailto:person8@example.org?subject=x",
    "Person <person9@example.org>", "person10%40example.org", "zoe@straße.de", "zoe@strasse.de",
    "zoe@xn--strae-oqa.de", "nikos@ελλάς.gr", "nikos@xn--hxakic4aa.gr", "o'brien@example.org",
    "ivan@пример.рф", "ivan@xn--e1afmkfd.xn--p1ai", "zoe@faß.de", "li@例子.测试", "a@b\u200dc.de",
    "zoe@bücher.example", "zoe@ⅷ.com", "zoe@ｅｘａｍｐｌｅ.org", "person11@example。org",
    "\u201cperson12@example.org\u201d", "zoe@👍🏽.ws", "bob@acme.frr", "", "@", "a@b@c.fr",
    "alice.@example.org", "é@example.org", "person13@example.org.", "p@example.goo",
    "x@" + "a" * 64 + ".com",
]  # fmt: skip


@dataclass(frozen=True)
class World:
    """What is published, where, and by what it is driven."""

    hosts: Hosts
    folders: dict[str, Path]
    filter: Path
    pairs: Path
    node: Path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("browsers")
    node = npm(home / "npm", "puppeteer-core@24", "axe-core@4")
    lines = [f"person{number}@example.org:secret {number}" for number in range(PEOPLE)]
    lines += ["zoe@straße.de:x", "nikos@ελλάς.gr:y", "o'brien@example.org:z", "ivan@пример.рф:w"]
    (home / "dump.txt").write_text("\n".join(lines), encoding="utf-8")
    names = ("acme", "secrets", "pairs")
    for name, kind in zip(names, ("email", "password", "credential"), strict=True):
        # A rate so low that the files have many pages, and are larger than a chunk.
        done = leakcheck(
            "build", home / "dump.txt", "-o", home / f"{name}.bloom", "--kind", kind,
            "--rate", "1e-12", "--name", f"Acme {name}", "--date", "2026-04-01",
        )  # fmt: skip
        assert done.status == 0, done.err
    key = home / "acme.key"
    assert leakcheck("keys", "new", "filters.example.org/acme", "-o", key).status == 0

    def publish(folder: Path, *options: str) -> Path:
        done = leakcheck(
            "publish", *(home / f"{name}.bloom" for name in names), "-o", folder, "--key", key,
            "--title", "Account agency, April 2026", "--data", "email,name,phone,password",
            "--contact", "dpo@example.org", "--lang", "en,fr,de,es", *options,
        )  # fmt: skip
        assert done.status == 0, done.err
        return folder

    folders = {"bare": publish(home / "bare"), "site": publish(home / "site", "--chunks")}
    for name in ("old list", "old filter", "cut short", "spoiled", "withdrawn"):
        folders[name] = home / name.replace(" ", "-")
        shutil.copytree(folders["bare"], folders[name])
    old = (folders["old list"] / "filters.note").read_bytes()
    publish(folders["old list"], "--force")
    (folders["old list"] / "filters.note").write_bytes(old)
    spoil(folders, home)
    withdrawn = folders["withdrawn"] / "acme.bloom"
    done = leakcheck("sign", "--withdraw", withdrawn, "--reason", "wrong dump", "--key", key)
    assert done.status == 0, done.err
    with ExitStack() as stack:
        oracle = seal(home, key)
        if oracle is not None:
            folders["sealed"] = home / "sealed"
            stack.enter_context(serving(home / "sealed", *oracle))
        served = stack.enter_context(hosts(home, folders))
        yield World(served, folders, home / "acme.bloom", home / "pairs.bloom", node)


def seal(home: Path, key: Path) -> list[str] | None:
    """Publish a hardened and a sealed filter; the options of their oracle's server.

    None where there is no native engine, without which nothing can be sealed.
    """
    port, secret = _free_port(), home / "seal.key"
    assert leakcheck("keys", "new", "--sealing", "-o", secret).status == 0
    (home / "few.txt").write_text("person4@example.org\nperson5@example.org\n")
    hard = ["--harden", "$argon2id$v=19$m=1024,t=1,p=1$c29tZXNhbHRzb21lc2FsdA"]
    sealed = [*hard, "--seal", str(secret), "--oracle", f"http://127.0.0.1:{port}/"]
    for name, options in (("hard", hard), ("sealed", sealed)):
        done = leakcheck(
            "build", home / "few.txt", "-o", home / f"{name}.bloom", "--kind", "email",
            "--name", name, *options,
        )  # fmt: skip
        if done.status:
            return None
    done = leakcheck(
        "publish", home / "hard.bloom", home / "sealed.bloom", "-o", home / "sealed", "--key", key,
        "--title", "Hidden", "--contact", "dpo@example.org",
    )  # fmt: skip
    assert done.status == 0, done.err
    return ["--sealing-key", str(secret), "--port", str(port)]


def spoil(folders: dict[str, Path], home: Path) -> None:
    """Make the files of the hosts that have wrong ones."""
    whole = (home / "acme.bloom").read_bytes()
    half = len(whole) // 2
    (folders["cut short"] / "acme.bloom").write_bytes(whole[:half])
    (folders["spoiled"] / "acme.bloom").write_bytes(
        b"".join(
            whole[at : at + 100] + bytes([whole[at + 100] ^ 1]) + whole[at + 101 : at + 4096]
            if at else whole[:4096]
            for at in range(0, len(whole), 4096)
        )
    )  # fmt: skip
    lines = [f"other{number}@example.org" for number in range(PEOPLE)]
    (home / "other.txt").write_text("\n".join(lines))
    leakcheck(
        "build", home / "other.txt", "-o", folders["old filter"] / "acme.bloom", "--kind", "email",
        "--rate", "1e-12", "--name", "Acme", "--force",
    )  # fmt: skip


def npm(folder: Path, *packages: str) -> Path:
    """A folder in which node finds the packages."""
    program = shutil.which("npm")
    if program is None or shutil.which("node") is None:
        pytest.skip("npm is not installed")
    folder.mkdir()
    (folder / "package.json").write_text('{"private":true,"type":"module"}')
    command = [program, "install", "--no-audit", "--no-fund", "--ignore-scripts"]
    command += ["--prefer-offline", "--no-update-notifier", "--fetch-retries=1", *packages]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm cannot install puppeteer-core in time")
    if done.returncode:
        pytest.skip("npm cannot install puppeteer-core: is its registry to be had?")
    return folder


def people() -> list[dict[str, Any]]:
    """300 subjects, odd spellings typed key by key, the rest put in at once."""
    found: list[dict[str, Any]] = [{"address": text, "typed": True} for text in ODD]
    found += [{"address": f"person{100 * number}@example.org"} for number in range(135)]
    found += [{"address": f"stranger{number}@example.org"} for number in range(135)]
    return found


def vectors() -> list[dict[str, Any]]:
    """The questions of tests/vectors that are text, as a page gets them."""
    path = Path(__file__).parent.parent / "vectors" / "question.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    return [row for row in rows if "text" in row]


def visits(world: World, browser: str, home: Path) -> list[dict[str, Any]]:
    """What one browser does, in this order."""
    urls = world.hosts.urls
    few = [{"address": "person4@example.org"}, {"address": "stranger4@example.org"}]
    first = {"url": urls["well"], "language": "en", "subjects": people()}
    found = [first]
    for name in HOSTS:
        if (name in urls and name not in ("well", "elsewhere", "slow")) or (
            name == "slow" and browser == "chrome"
        ):
            subjects = few[:1] if name == "slow" else few
            found.append(
                {"url": urls[name], "language": "en", "subjects": subjects}
                | ({"patience": 5_000} if name == "scripts as text" else {})
            )
    secrets = [{"password": "secret 4"}, {"password": " secret 5 "}, {"password": "nobody’s"}]
    found.append({"url": urls["well"], "language": "en", "subjects": secrets})
    pairs = [{"address": "person4@example.org", "password": f"secret {n}"} for n in (4, 5)]
    found.append({"url": urls["well"], "language": "de", "subjects": pairs})
    for language in ("en", "fr", "de", "es"):
        for dark in (False, True)[: 2 if browser == "chrome" else 1]:  # BiDi knows no dark
            found.append({
                "url": urls["well"], "language": language, "dark": dark, "axe": True, "width": 320,
                "subjects": few[:1] if dark else few[1:],
            })  # fmt: skip
    found.append({"url": urls["well"], "subjects": []})
    found.append({"url": urls["well"], "language": "en", "vectors": vectors()})
    if browser == "chrome":  # WebDriver BiDi cannot turn scripts off
        found.append({"url": urls["well"], "script": False, "language": "fr"})
    page = (world.folders["bare"] / "saved" / "en.html").read_text(encoding="utf-8")
    local = urls["elsewhere"]
    page = page.replace('"https://filters.example.org/acme/"', json.dumps(local))
    policy = "connect-src &#x27;self&#x27; "
    page = page.replace(
        f"{policy}https://filters.example.org", policy + local.removesuffix("/acme/")
    )
    (home / "saved.html").write_text(page, encoding="utf-8")
    found.append({"url": (home / "saved.html").as_uri(), "subjects": few})
    return found


@pytest.fixture(scope="module", params=BROWSERS)
def seen(
    request: pytest.FixtureRequest, world: World, tmp_path_factory: pytest.TempPathFactory
) -> "Seen":
    """All visits of one browser."""
    name: str = request.param
    program = next(filter(None, map(shutil.which, BROWSERS[name])), None)
    if program is None:
        pytest.skip(f"{BROWSERS[name][0]} is not installed")
    home = tmp_path_factory.mktemp(name)
    wanted = visits(world, name, home)
    before = len(world.hosts.asked())
    done = subprocess.run(
        ["node", Path(__file__).with_name("browser.mjs"), name, program],
        input=json.dumps({"visits": wanted}), cwd=world.node, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return Seen(name, list(zip(wanted, found, strict=True)), world.hosts.asked()[before:])


@dataclass(frozen=True)
class Seen:
    """What a browser was told to do and what came of it; the good host's log of it."""

    browser: str
    visits: list[tuple[dict[str, Any], dict[str, Any]]]
    log: list[list[str]]

    def at(self, url: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The first visit of `url`."""
        return next(each for each in self.visits if each[0]["url"] == url)


def expected(subject: str, filter_: Path) -> str:
    """What the command says; what it refuses has no verdict."""
    try:
        return library.check([subject], sources=[str(filter_)])[0].verdict.value
    except SubjectError:
        return "unknown"


def test_no_visit_went_wrong(seen: Seen, world: World) -> None:
    for wanted, found in seen.visits:
        assert "error" not in found, (wanted["url"], found["error"])
        if wanted["url"] == world.hosts.urls["well"] and wanted.get("script", True):
            assert found["trouble"] == [], wanted
            assert found["stored"] == 0
            assert not found["overflow"], f"wider than {wanted.get('width')} px"


def test_300_people_are_told_what_the_command_tells(seen: Seen, world: World) -> None:
    wanted, found = seen.at(world.hosts.urls["well"])
    subjects = [one["address"] for one in wanted["subjects"]]
    told = [answer["verdict"] for answer in found["answers"]]
    wrong = [
        (one, verdict, right)
        for one, verdict in zip(subjects, told, strict=True)
        if verdict != (right := expected(one, world.filter))
    ]
    assert wrong == []
    assert len(told) == 300
    assert min(map(told.count, ("exposed", "clean", "unknown"))) >= 8


def test_the_page_passes_the_vectors(seen: Seen) -> None:
    [found] = [found["vectors"] for wanted, found in seen.visits if "vectors" in wanted]
    rows = vectors()
    assert len(found) == len(rows) > 400
    too_new = 0
    for row, answer in zip(rows, found, strict=True):
        if "refused" in row or answer is None:
            assert "refused" in row, row
            assert answer is None, row
        elif answer["tooNew"]:
            too_new += 1
        else:
            assert answer["forms"] == row["forms"], row
            assert answer["digests"] == row["digests"], row
            assert answer["needs"] == row.get("needs"), row
    assert too_new < 20


def test_passwords_and_pairs(seen: Seen) -> None:
    found, pairs = (
        found for wanted, found in seen.visits if "password" in str(wanted.get("subjects"))
    )
    assert [one["verdict"] for one in pairs["answers"]] == ["exposed", "clean"]
    assert "mit diesem Passwort" in pairs["answers"][0]["text"]
    assert [one["verdict"] for one in found["answers"]] == ["exposed", "exposed", "clean"]
    assert "secret " not in json.dumps(found["answers"])


@pytest.mark.parametrize("host", list(HOSTS)[2:])
def test_bad_hosts_never_make_anyone_clean(seen: Seen, world: World, host: str) -> None:
    if host == "slow" and seen.browser != "chrome":
        pytest.skip("a slow host is visited by one browser, for it takes its time")
    if host not in world.hosts.urls:
        pytest.skip("nothing can be sealed without the native engine")
    _, found = seen.at(world.hosts.urls[host])
    told = [answer["verdict"] for answer in found["answers"]][:2]
    if host == "scripts as text":
        assert found["ready"] is False
    elif host in ("ranges ignored", "ranges compressed", "sealed"):
        assert told == ["exposed", "clean"]
    else:
        assert set(told) == {"unknown"}
    reasons = {
        "withdrawn": "withdrawn this file: wrong dump",
        "old list": "older than one seen before",
        "old filter": "not the one that was signed",
        "a page spoiled": "not the one that was signed",
        "ranges ignored, no chunks": "does not serve the piece",
    }
    if host in reasons:
        assert reasons[host] in found["answers"][0]["text"]


def test_requests_hold_no_subject_and_no_digest(seen: Seen, world: World) -> None:
    wanted, _ = seen.at(world.hosts.urls["well"])
    text = "\n".join("|".join(line) for line in seen.log).lower()
    assert text.count("acme.bloom ") > 150
    for one in wanted["subjects"]:
        try:
            digests = question(Kind.EMAIL, one["address"]).digests()
        except SubjectError:
            continue
        for part in (d.hex()[:6] for d in digests):
            assert part not in text
        assert one["address"].strip().lower() not in text
    assert "person" not in text
    assert "secret" not in re.sub(r"secrets\.bloom", "", text)
    for line, span, told, length, status in seen.log:
        assert told in ("--", "-"), line  # neither referer nor cookie
        assert status in ("200", "206"), line
        if span != "-":
            assert re.fullmatch(r"bytes=\d+-\d+", span)
            first, last = map(int, span[6:].split("-"))
            assert first % 4096 == 0
            assert (last + 1) % 4096 == 0
        assert int(length) < 1500
    lengths = {
        int(length) for line, span, _, length, _ in seen.log
        if "/acme.bloom " in line and span != "-"
    }  # fmt: skip
    assert len(lengths) == 1, lengths


def test_exposed_and_clean_look_alike_to_the_host(seen: Seen, world: World) -> None:
    wanted, found = seen.at(world.hosts.urls["well"])
    kinds = {"exposed": set(), "clean": set()}
    repeats = 0
    for one, answer in zip(wanted["subjects"], found["answers"], strict=True):
        if one["address"].startswith(("person", "stranger")) and "%" not in one["address"]:
            if not answer["requests"]:  # the page was read for someone before
                repeats += 1
                continue
            kinds[answer["verdict"]].add(json.dumps(sorted(answer["requests"])))
    assert repeats < 200
    assert kinds["exposed"] == kinds["clean"]
    [shape] = kinds["clean"]
    assert json.loads(shape) == [["/acme/acme.bloom", 4096], ["/acme/acme.bloom.verity", 4096]]


def test_axe_finds_nothing(seen: Seen) -> None:
    audited = [(wanted, found) for wanted, found in seen.visits if wanted.get("axe")]
    assert len(audited) == (8 if seen.browser == "chrome" else 4)
    for wanted, found in audited:
        assert found["violations"] == [], (wanted["language"], wanted["dark"])
        assert len(found["answers"]) == 1


def test_the_visitors_language_is_found(seen: Seen, world: World) -> None:
    found = next(found for wanted, found in seen.visits if wanted.get("subjects") == []
                 and wanted.get("script", True)) if seen else None  # fmt: skip
    assert found is not None
    assert found["language"] == "en"


def test_without_javascript_it_says_how_else(seen: Seen) -> None:
    if seen.browser != "chrome":
        pytest.skip("WebDriver BiDi cannot turn scripts off")
    [found] = [found for wanted, found in seen.visits if wanted.get("script") is False]
    assert found["form"] is True, "the form must be hidden: it could send what is typed"
    assert "leakcheck check --in https://filters.example.org/acme/acme.bloom" in found["text"]
    assert "dpo@example.org" in found["text"]


@pytest.mark.parametrize("host", HOSTS)
def test_the_probe_says_what_browsers_meet(world: World, host: str) -> None:
    if host == "slow" or host not in world.hosts.urls:
        pytest.skip("what is slow is not wrong, and nothing is sealed without the native engine")
    done = leakcheck("publish", "--check", world.hosts.urls[host])
    good = host in ("well", "elsewhere", "sealed", "ranges ignored", "ranges compressed")
    assert done.status == (0 if good else 2), done.out + done.err
    words = {
        "ranges ignored": "better: acme.bloom: by byte ranges: the host ignores ranges",
        "ranges compressed": "by byte ranges: the server's answer cannot be understood",
        "not found in HTML": "the host ignores ranges",
        "out of order": "503",
        "old list": "out of date",
        "old filter": "acme.bloom",
        "cut short": "acme.bloom",
        "withdrawn": "acme.bloom",
        "list missing": "404",
        "scripts as text": "app.js: served as text/plain: browsers refuse it",
    }
    assert words.get(host, "") in done.out


def test_a_saved_page_asks_the_host(seen: Seen) -> None:
    [found] = [found for wanted, found in seen.visits if wanted["url"].startswith("file:")]
    assert found["trouble"] == []
    assert [answer["verdict"] for answer in found["answers"]] == ["exposed", "clean"]


def test_hash_of_nothing_leaks_into_names() -> None:
    """The digests looked for above are those that would be sent."""
    assert question(Kind.EMAIL, "person4@example.org").digests() == [
        hashlib.sha1(b"person4@example.org").digest()
    ]
