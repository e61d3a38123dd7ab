"""What leaves the machine: every byte of every command, seen by a proxy that records.

The proxy answers itself, as the host asked for; so no other host needs to be
there, and any other that is contacted is seen by the interpreter's audit.
"""

import base64
import hashlib
import io
import re
import socket
import struct
import sys
import threading
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from loopback.misbehaving import Piece, Request, Server, file, reply

from leakcheck.__main__ import run
from leakcheck.sources.filter_file import Builder
from leakcheck.sources.filter_header import about
from leakcheck.subject.digests import nt_hash
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import digest

Serve = Callable[..., Server]
EXPOSED = [f"sentinel.exposed.{at}@example.fr" for at in range(5)]
CLEAN = [f"sentinel.clean.{at}@example.fr" for at in range(5)]
SECRETS = {"exposed": "sentinel-Tr0ub4dor&3", "clean": "sentinel-correct-horse"}
FILTER, HIBP = "http://filters.example/acme.bloom", "http://hibp.example"
KEY = "00112233445566778899aabbccddeeff"

_contacted: list[str] | None = None


def _audit(event: str, details: tuple[object, ...]) -> None:
    if _contacted is not None and event in ("socket.connect", "socket.getaddrinfo"):
        target = details[1] if event == "socket.connect" else details[0]
        host = target[0] if isinstance(target, tuple) else target
        _contacted.append(host.decode() if isinstance(host, bytes) else str(host))


sys.addaudithook(_audit)


@pytest.fixture
def contacted() -> Iterator[list[str]]:
    """The hosts and addresses that this process looks up or connects to."""
    global _contacted
    _contacted = []
    yield _contacted
    _contacted = None


@pytest.fixture(scope="module")
def filter_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("private") / "f.bloom"
    with Builder(20) as builder:
        builder.add(b"".join(digest(Kind.EMAIL, subject) for subject in EXPOSED))
        builder.add(b"".join(hashlib.sha1(b"%d" % at).digest() for at in range(9000)))
        builder.finish(path, 1e-6, about(Kind.EMAIL, name="Acme"))
    return path.read_bytes()


@pytest.fixture
def proxy(serve: Serve, filter_bytes: bytes) -> Server:
    """A proxy that records, and answers for every host."""
    filters = file(filter_bytes)

    def answer(request: Request) -> Iterable[Piece]:
        path = urllib.parse.urlsplit(request.target).path
        if path.startswith("/range/"):
            sha1 = digest(Kind.PASSWORD, SECRETS["exposed"]).hex().upper()
            ntlm = nt_hash(SECRETS["exposed"]).hex().upper()
            shown = ntlm if "mode=ntlm" in request.target else sha1
            padding = "".join(f"{at:0{len(shown) - 5}X}:0\r\n" for at in range(900))
            own = hashlib.sha1(path.encode()).hexdigest().upper()[: len(shown) - 5]
            real = sorted([f"{own}:2", f"{shown[5:]}:7"])
            return [reply(200, (padding + "\r\n".join(real)).encode())]
        if path.startswith("/breachedaccount/range/"):
            return [reply(200, b"[]")]
        return filters(request)

    return serve(answer)


def traces(kind: Kind, subject: str, digits: int) -> list[bytes]:
    """What must not be in any request: the subject however written, and too much of its digest."""
    text = subject.encode()
    raw = digest(kind, subject)
    words = [text, text.split(b"@")[0], base64.b64encode(text)[:12], text.hex().encode()]
    words += [
        urllib.parse.quote(subject, safe="").encode(),
        raw,
        raw[:6],
        base64.b64encode(raw)[:8],
    ]
    words += [raw.hex().encode()[: digits + 1], str(int.from_bytes(raw[:8], "big")).encode()[:10]]
    return [word.lower() for word in words]


def check_requests(requests: list[Request], words: list[bytes], host: str) -> None:
    sent = b"\n".join(request.raw for request in requests).lower()
    for word in words:
        assert word not in sent
    for request in requests:
        assert request.headers["host"] == host
        assert request.headers["user-agent"] == "leakcheck"
        allowed = {
            "host", "user-agent", "accept", "accept-encoding", "connection", "proxy-connection",
            "range", "if-range", "add-padding", "hibp-api-key",
        }  # fmt: skip
        assert request.headers.keys() <= allowed


def shape(requests: list[Request]) -> list[bytes]:
    """The requests with every digit of a position or prefix blotted out."""
    return [
        re.sub(rb"(?<=bytes=)\d+-\d+|(?<=/range/)[0-9A-F]+", lambda m: b"#" * len(m[0]), each.raw)
        for each in requests
    ]


def run_fresh(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str = ""
) -> int:
    """Run a command in a home of its own, so that no cache spares a request."""
    monkeypatch.setenv(
        "LEAKCHECK_HOME",
        str(tmp_path / hashlib.sha1(repr(arguments).encode() + text.encode()).hexdigest()),
    )
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    return run(arguments)


@pytest.mark.parametrize("decoys", ["0", "3"])
def test_check_address_in_a_remote_filter(
    proxy: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    contacted: list[str],
    decoys: str,
) -> None:
    shapes = []
    for subject, status in ((EXPOSED[0], 1), (CLEAN[0], 0)):
        proxy.requests.clear()
        command = ["check", subject, "--in", FILTER, "--via", proxy.url, "--decoys", decoys]
        assert run_fresh(command, tmp_path, monkeypatch) == status
        check_requests(proxy.requests, traces(Kind.EMAIL, subject, 4), "filters.example")
        assert 2 <= len(proxy.requests) <= 2 + int(decoys)
        shapes.append(shape(proxy.requests)[:2])
        assert len(set(shape(proxy.requests)[1:])) == 1
    assert shapes[0] == shapes[1]
    assert set(contacted) == {"127.0.0.1"}


def test_scan_a_list_in_a_remote_filter(
    proxy: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contacted: list[str]
) -> None:
    for subjects, status in ((EXPOSED, 1), (CLEAN, 0)):
        proxy.requests.clear()
        (tmp_path / "list.txt").write_text("".join(f"{subject}\n" for subject in subjects))
        command = ["scan", str(tmp_path / "list.txt"), "--in", FILTER, "--via", proxy.url]
        assert run_fresh(command, tmp_path, monkeypatch, subjects[0]) == status
        words = [word for subject in subjects for word in traces(Kind.EMAIL, subject, 4)]
        check_requests(proxy.requests, words, "filters.example")
        spans = [request.span() for request in proxy.requests]
        assert len(spans) == len(set(spans)) <= 1 + len(subjects)
    assert set(contacted) == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (["check", "--password"], Kind.PASSWORD),
        (["check", "--password", "--kind", "ntlm"], Kind.NTLM),
        (["ci", "--stdin"], Kind.PASSWORD),
    ],
)
def test_a_password_at_the_range_service(
    proxy: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    contacted: list[str],
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    kind: Kind,
) -> None:
    shapes = []
    for which, status in (("exposed", 1), ("clean", 0)):
        proxy.requests.clear()
        options = ["--in", "hibp", "--hibp-url", HIBP, "--via", proxy.url]
        secret = SECRETS[which]
        assert run_fresh([*command, *options], tmp_path, monkeypatch, secret + "\n") == status
        check_requests(proxy.requests, traces(kind, secret, 5), "hibp.example")
        (request,) = proxy.requests
        prefix = digest(kind, secret).hex().upper()[:5]
        assert f"/range/{prefix}" in request.target
        shapes.append(shape(proxy.requests))
        shown = "".join(capsys.readouterr())
        assert secret not in shown
        assert digest(kind, secret).hex()[:8] not in shown.lower()
    assert shapes[0] == shapes[1]
    assert set(contacted) == {"127.0.0.1"}


def test_an_address_at_the_range_service(
    proxy: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contacted: list[str]
) -> None:
    monkeypatch.setenv("HIBP_API_KEY", KEY)
    command = ["check", CLEAN[0], "--in", "hibp", "--hibp-url", HIBP, "--via", proxy.url]
    command += ["--allow-bits", "24"]
    assert run_fresh(command, tmp_path, monkeypatch) == 0
    check_requests(proxy.requests, traces(Kind.EMAIL, CLEAN[0], 6), "hibp.example")
    prefix = digest(Kind.EMAIL, CLEAN[0]).hex().upper()[:6]
    assert [request.target for request in proxy.requests] == [
        f"{HIBP}/breachedaccount/range/{prefix}"
    ]
    assert set(contacted) == {"127.0.0.1"}


def test_nothing_of_ours_is_in_a_fetch(
    proxy: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["fetch", "--url", HIBP, "--via", proxy.url, "--prefixes", "00000-0000F"]
    assert run_fresh([*command, "--keep", str(tmp_path / "kept")], tmp_path, monkeypatch) == 0
    targets = sorted(request.target for request in proxy.requests)
    assert targets == [f"{HIBP}/range/{number:05X}" for number in range(16)]
    assert len({len(each) for each in shape(proxy.requests)}) == 1


def test_what_is_kept_on_disk_names_no_subject(
    proxy: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ["--in", "hibp", "--hibp-url", HIBP, "--via", proxy.url]
    secret = SECRETS["clean"]
    assert run_fresh(["check", "--password", *options], tmp_path, monkeypatch, secret + "\n") == 0
    assert (
        run_fresh(["check", CLEAN[0], "--in", FILTER, "--via", proxy.url], tmp_path, monkeypatch)
        == 0
    )
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 1
    for path in files:
        told = path.name.encode() + path.read_bytes()
        for word in traces(Kind.PASSWORD, secret, 8) + traces(Kind.EMAIL, CLEAN[0], 8):
            assert word not in told.lower()


@pytest.mark.parametrize(
    "command",
    [
        ["check", CLEAN[0], "--in", FILTER],
        ["check", "--password", "--in", "hibp"],
        ["scan", "-", "--in", FILTER],
        ["ci", "--stdin", "--in", "hibp"],
        ["fetch", "-o", "x.bloom"],
    ],
)
def test_offline_asks_nobody(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    contacted: list[str],
    command: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_fresh([*command, "--offline"], tmp_path, monkeypatch, CLEAN[1] + "\n") == 2
    assert "--offline" in capsys.readouterr().err
    assert contacted == []


@pytest.mark.parametrize("command", ["check", "scan", "ci", "fetch"])
def test_the_help_says_that_requests_are_made(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "--offline" in told
    assert "request" in told


def test_the_usual_variables_name_a_proxy(
    proxy: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contacted: list[str]
) -> None:
    monkeypatch.setenv("http_proxy", proxy.url)
    assert run_fresh(["check", EXPOSED[0], "--in", FILTER], tmp_path, monkeypatch) == 1
    assert set(contacted) == {"127.0.0.1"}


def test_without_a_proxy_only_the_host_asked_for_is_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contacted: list[str]
) -> None:
    command = ["check", EXPOSED[0], "--in", "http://down.invalid/acme.bloom"]
    assert run_fresh(command, tmp_path, monkeypatch) == 2
    assert {name.lower() for name in contacted} == {"down.invalid"}


# --- Tor and other SOCKS proxies --------------------------------------------------


class Socks:
    """A SOCKS 5 proxy (RFC 1928) that sends every connection to one port; `asked`: for whom."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.asked: list[tuple[int, str]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        with link:
            link.recv(2 + 255)
            link.sendall(b"\5\0")
            head = link.recv(4)
            length = link.recv(1)[0] if head[3] == 3 else 4
            self.asked.append((head[3], link.recv(length).decode("latin-1")))
            link.recv(2)
            link.sendall(b"\5\0\0\1" + socket.inet_aton("127.0.0.1") + struct.pack(">H", 1))
            with socket.create_connection(("127.0.0.1", self._port)) as other:
                back = threading.Thread(target=pump, args=(other, link), daemon=True)
                back.start()
                pump(link, other)
                back.join(5)


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def test_socks5h_leaves_the_name_to_the_proxy(
    proxy: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contacted: list[str]
) -> None:
    socks = Socks(proxy.port)
    command = ["check", EXPOSED[0], "--in", "http://hidden.onion/acme.bloom"]
    via = ["--via", f"socks5h://127.0.0.1:{socks.port}"]
    assert run_fresh([*command, *via], tmp_path, monkeypatch) == 1
    assert set(socks.asked) == {(3, "hidden.onion")}
    assert set(contacted) == {"127.0.0.1"}
    check_requests(proxy.requests, traces(Kind.EMAIL, EXPOSED[0], 4), "hidden.onion")


def test_a_proxy_that_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contacted: list[str]
) -> None:
    """It must not be gone around."""
    command = ["check", EXPOSED[0], "--in", FILTER, "--via", "socks5h://127.0.0.1:9"]
    assert run_fresh(command, tmp_path, monkeypatch) == 2
    assert set(contacted) == {"127.0.0.1"}
