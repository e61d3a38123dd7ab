"""The resident checker: verdicts for whole digests, at a socket of this machine alone."""

import hashlib
import http.client
import json
import os
import shutil
import stat
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loopback.answering import Running, blocks
from program import leakcheck, one_sentence

from leakcheck.serving.membership import Membership
from leakcheck.serving.messages import HttpRequest
from leakcheck.sources import Access
from leakcheck.sources.names import open_source
from leakcheck.store import live
from leakcheck.subject.kinds import Kind
from leakcheck.trust import watched

pytest.importorskip("uvicorn")
SENTINEL = "sentinel-correct-marble-otter"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    made = Running(tmp_path)
    yield made
    if made.process.poll() is None:
        made.stop()


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()


def test_verdicts(running: Running) -> None:
    status, told = running.ask(f"/{sha1('letmein')}")
    assert (status, told["verdict"]) == (200, "exposed")
    assert 0 < told["sources"][0]["false_alarm"] < 1e-3
    assert running.ask(f"/{sha1('letmein').upper()}")[1]["verdict"] == "exposed"
    status, told = running.ask(f"/{sha1(SENTINEL)}")
    assert (status, told["verdict"]) == (200, "clean")
    assert running.ask("/healthz")[0] == 200


def test_what_is_no_answer_never_has_the_status_of_one(running: Running) -> None:
    assert running.ask("/" + "0" * 32)[0] == 503  # no filter of NT hashes is here
    for path in ("/", "/letmein", "/" + "0" * 39, "/" + "g" * 40, "/range/00000", "/%30" * 40):
        assert running.ask(path)[0] in (400, 414), path
    assert running.ask(f"/{sha1('x')}", "POST")[0] == 405


def test_a_damaged_filter_is_503_and_a_new_one_is_seen(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("letmein\nhunter2\n")
    made = tmp_path / "own.bloom"
    build = ("build", tmp_path / "list.txt", "--from", "passwords", "--kind", "password",
             "-o", made, "--force")  # fmt: skip
    assert leakcheck(*build).status == 0
    running = Running(tmp_path, "--in", str(made))
    try:
        assert running.ask(f"/{sha1('hunter2')}")[1]["verdict"] == "exposed"
        spoilt = bytearray(made.read_bytes())
        spoilt[5000] ^= 1
        made.write_bytes(spoilt)
        status, told = running.ask(f"/{sha1('hunter2')}")
        assert (status, told["verdict"]) == (503, "unknown")
        assert told["sources"][0]["reason"]
        (tmp_path / "list.txt").write_text("letmein\nhunter2\nsomething-new\n")
        assert leakcheck(*build).status == 0
        assert running.ask(f"/{sha1('something-new')}")[1]["verdict"] == "exposed"
    finally:
        running.stop()


def test_a_store_answers_with_its_counts(tmp_path: Path) -> None:
    text = tmp_path / "ordered.txt"
    text.write_text(f"{sha1('letmein').upper()}:321\n")
    store = tmp_path / "pwned.ranges"
    prefix = sha1("letmein")[:5].upper()
    own = ("--own-list", "--name", "Pwned Passwords")
    leakcheck("fetch", "--store", store, "--from", text, "--prefixes", prefix, *own)
    made = Running(tmp_path, "--in", str(store))
    status, told = made.ask(f"/{sha1('letmein')}")
    assert (status, told["sources"][0]["seen"]) == (200, 321)
    assert made.ask(f"/{prefix}{'0' * 35}") == (
        200, {"version": 1, "verdict": "clean",
              "sources": [{"name": "Pwned Passwords", "verdict": "clean"}]},
    )  # fmt: skip
    status, told = made.ask(f"/{sha1(SENTINEL)}")
    assert (status, told["verdict"]) == (503, "unknown")
    made.stop()


def built(folder: Path, sort: str) -> Path:
    """A filter or a store of one password, signed by somebody who is trusted."""
    made = folder / f"a.{sort}"
    if sort == "ranges":
        (folder / "list.txt").write_text(f"{sha1('letmein').upper()}:321\n")
        whole = ("--prefixes", sha1("letmein")[:5].upper(), "--own-list", "--name", "Own")
        assert (
            leakcheck("fetch", "--store", made, "--from", folder / "list.txt", *whole).status == 0
        )
    else:
        (folder / "list.txt").write_text("letmein\n")
        kind = ("--from", "passwords", "--kind", "password")
        assert leakcheck("build", folder / "list.txt", *kind, "-o", made).status == 0
    key = folder / "a.key"
    assert leakcheck("keys", "new", "filters.example.org/a", "-o", key).status == 0
    public = leakcheck("keys", "public", key).out.strip()
    assert leakcheck("keys", "trust", public).status == 0
    assert leakcheck("sign", made, "--key", key).status == 0
    return made


@pytest.mark.parametrize("sort", ["bloom", "ranges"])
def test_its_health_is_bad_while_nothing_would_be_answered(
    sort: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "_LOOK_AGAIN", 0.0)
    monkeypatch.setattr(live, "_LOOK", 0.0)
    made = built(tmp_path, sort)
    opened = [open_source(str(made), [Kind.PASSWORD], Access(offline=True, require_signature=must))
              for must in (True, False)]  # fmt: skip
    strict, lenient = (Membership(lambda one=one: [one]) for one in opened)

    def health(asked: Membership) -> tuple[int, str | None]:
        """Of one that nobody asked anything else meanwhile."""
        answer = asked(HttpRequest("GET", "/healthz", b"", {}))
        return answer.status, json.loads(answer.body)["sources"][0]["reason"]

    assert health(strict) == health(lenient) == (200, None)
    note = tmp_path / "filters.note"
    sound, contents = note.read_bytes(), made.read_bytes()
    note.write_bytes(b"x")
    for asked in (strict, lenient):
        status, reason = health(asked)
        assert (status, bool(reason)) == (503, True)
    note.unlink()
    assert health(strict) == (503, "nobody whom you trust has signed it")
    assert health(lenient) == (200, None)
    note.write_bytes(sound)
    assert health(strict) == (200, None)
    (tmp_path / "new").write_bytes(b"x")
    (tmp_path / "new").replace(made)
    for asked in (strict, lenient):
        status, reason = health(asked)
        assert (status, bool(reason)) == (503, True)
    (tmp_path / "new").write_bytes(contents)
    (tmp_path / "new").replace(made)
    assert health(strict) == health(lenient) == (200, None)
    for one in opened:
        one.close()


def test_an_installed_filter_is_seen_when_it_comes_and_goes(
    running: Running, tmp_path: Path
) -> None:
    (tmp_path / "list.txt").write_text(f"{SENTINEL}\n")
    own = tmp_path / "own.bloom"
    made = leakcheck("build", tmp_path / "list.txt", "--from", "passwords", "--kind", "password",
                     "-o", own)  # fmt: skip
    assert made.status == 0

    def verdict_is(wanted: str) -> None:
        until = time.monotonic() + 20
        while (found := running.ask(f"/{sha1(SENTINEL)}")[1]["verdict"]) != wanted:
            assert time.monotonic() < until, found
            time.sleep(0.05)

    verdict_is("clean")
    assert leakcheck("filters", "add", own).status == 0
    verdict_is("exposed")
    assert running.ask("/healthz")[1]["sources"][0]["name"] == "own.password"
    assert leakcheck("filters", "remove", "own").status == 0
    verdict_is("clean")
    assert running.ask("/healthz")[0] == 200


def test_the_socket_is_its_owners_and_goes_with_the_server(running: Running) -> None:
    assert stat.S_IMODE(running.path.stat().st_mode) == 0o600
    again = leakcheck("answer", "--socket", running.path)
    assert "a server is listening" in one_sentence(again)
    running.stop()
    assert not running.path.exists()


def test_a_socket_that_a_kill_left_is_replaced_and_a_file_is_not(tmp_path: Path) -> None:
    first = Running(tmp_path)
    first.process.kill()
    first.process.wait()
    assert first.path.is_socket()
    second = Running(tmp_path, "--mode", "660")
    assert stat.S_IMODE(second.path.stat().st_mode) == 0o660
    second.stop()
    (tmp_path / "a.sock").write_text("mine")
    one_sentence(leakcheck("answer", "--socket", tmp_path / "a.sock"))
    assert (tmp_path / "a.sock").read_text() == "mine"


@pytest.mark.parametrize(
    "arguments",
    [[], ["--port", "0", "--socket", "x"], ["--socket", "x", "--mode", "rw"],
     ["--port", "0", "--in", "https://host.example/a.bloom"], ["--port", "0", "--in", "hibp"]],
    ids=range(5),
)  # fmt: skip
def test_wrong_use(arguments: list[str], tmp_path: Path) -> None:
    one_sentence(leakcheck("answer", *arguments, cwd=tmp_path))


def test_nothing_is_logged_and_loopback_refuses_other_names(tmp_path: Path) -> None:
    running = Running(tmp_path, "--port", "0")
    try:
        host, port = running.url.removeprefix("http://").split(":")
        assert host == "127.0.0.1"
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        connection.request("GET", f"/{sha1(SENTINEL)}", headers={"Host": "evil.example"})
        assert connection.getresponse().status == 421
    finally:
        running.stop()
    assert sha1(SENTINEL)[:8] not in running.said


def test_an_answer_takes_less_than_a_few_milliseconds_of_the_server(running: Running) -> None:
    connection = running.connection()
    taken = []
    for at in range(300):
        start = time.perf_counter()
        connection.request("GET", f"/{sha1(str(at))}")
        assert json.load(connection.getresponse())["verdict"] in ("clean", "exposed")
        taken.append(time.perf_counter() - start)
    assert statistics.median(taken) < 0.05  # far above the usual, for busy machines


CLIENTS = {
    "client.mjs": ["node", "client.mjs"],
    "client.go": ["go", "run", "client.go"],
    "client.php": ["php", "client.php"],
    "Client.java": ["java", "Client.java"],
}


@pytest.mark.parametrize(
    "name",
    [
        "client.mjs",
        "client.php",
        # These are compiled first, which takes a while.
        pytest.param("client.go", marks=pytest.mark.clients),
        pytest.param("Client.java", marks=pytest.mark.clients),
    ],
)
def test_clients_of_the_page(name: str, tmp_path: Path) -> None:
    command = CLIENTS[name]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    (tmp_path / name).write_text(blocks()[name])
    running = Running(tmp_path, *(["--port", "0"] if name.endswith(".java") else []))

    def ends(password: str) -> tuple[int, str]:
        done = subprocess.run(
            [*command, running.url if name.endswith(".java") else str(running.path)],
            input=f"{password}\n", capture_output=True, text=True, cwd=tmp_path, timeout=120,
            env=os.environ | {"GOCACHE": str(tmp_path / "cache"), "GO111MODULE": "off"},
        )  # fmt: skip
        return done.returncode, done.stdout.strip() or done.stderr

    try:
        assert ends("letmein") == (1, "exposed")
        assert ends("pâssé-marble-otter") == (0, "clean")
    finally:
        running.stop()
    expected = 1 if command[0] == "go" else 2  # `go run` ends with 1 whatever its program does
    assert ends("letmein") == (expected, "unknown")


PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@pytest.fixture
def sql() -> Iterator[Callable[[str], subprocess.CompletedProcess[str]]]:
    """Runs statements; the server knows the page's functions and asks at `answer.sock`."""
    if os.geteuid() or not PROGRAMS or not shutil.which("runuser"):
        pytest.skip("PostgreSQL is not installed, or this is not root")
    if not list(Path("/usr/share/postgresql").glob("*/extension/plpython3u.control")):
        pytest.skip("plpython3u is not installed")
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # pytest's own folders are closed to other users
    shutil.chown(folder, "postgres")

    def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["runuser", "-u", "postgres", "--", *map(str, command)],
            cwd=folder, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    data, programs = folder / "data", PROGRAMS[-1]
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    try:
        made = run(programs / "initdb", "-D", data, "-A", "trust", "-N", "-E", "UTF8")
        assert made.returncode == 0, made.stderr
        control = (programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log")
        started = run(*control, "-o", options, "start")
        assert started.returncode == 0, started.stderr + (folder / "log").read_text()

        def execute(text: str) -> subprocess.CompletedProcess[str]:
            stop = ("-v", "ON_ERROR_STOP=1")
            return run("psql", "-h", folder, "-d", "postgres", "-qAt", *stop, "-c", text)

        yield execute
        run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_trigger_refuses_breached_passwords_and_fails_closed(
    sql: Callable[[str], subprocess.CompletedProcess[str]],
) -> None:
    where = Path(tempfile.mkdtemp(prefix="ls"))
    where.chmod(0o755)
    running = Running(where, "--mode", "666")
    try:
        page = blocks()["breached.sql"].replace("/run/leakcheck/answer.sock", str(running.path))
        page = page.replace("-- CREATE", "CREATE").replace("--     FOR", "FOR")
        made = sql(f"CREATE TABLE users (name text, password text); {page}")
        assert made.returncode == 0, made.stderr
        taken = sql("INSERT INTO users VALUES ('ada', 'correct-marble-otter')")
        assert taken.returncode == 0, taken.stderr
        kept = "SELECT password = crypt('correct-marble-otter', password) FROM users"
        assert sql(kept).stdout == "t\n"
        for refused in (
            "INSERT INTO users VALUES ('bob', 'letmein')",
            "UPDATE users SET password = 'letmein'",
        ):
            assert "this password is known from a data breach" in sql(refused).stderr
        assert "could not be checked" in sql("INSERT INTO users VALUES ('bob', NULL)").stderr
    finally:
        running.stop()
    down = sql("INSERT INTO users VALUES ('carol', 'another-marble-otter')")
    assert "this password could not be checked" in down.stderr
    assert sql("SELECT count(*) FROM users").stdout == "1\n"
    shutil.rmtree(where)
