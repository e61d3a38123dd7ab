"""Filters from publishers: proved before they are installed, and never replaced by worse."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from installing.publisher import ACME, OTHER, Publisher, command, publishing
from loopback.filters import key
from loopback.misbehaving import Piece, Request, reply
from program import LEAKCHECK

from bloom.format import checksum, decode_header
from leakcheck.installing import download
from leakcheck.sources import installed
from leakcheck.subject.kinds import Kind
from leakcheck.trust.edition import FILE_NAME
from leakcheck.trust.store import Store

PAGE = 4096


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Publisher]:
    """A publisher who is trusted, with one filter of a few pages."""
    with publishing(tmp_path / "www") as found:
        found.build("acme", range(5000), date="2026-01-01")
        found.sign("acme")
        Store().trust(ACME.verifier)
        yield found


def add(publisher: Publisher, *more: str) -> tuple[int, str, str]:
    return command("filters", "add", f"{publisher.url}/acme.bloom", *more)


def answers(number: int) -> str:
    """The verdict of all installed filters on a key, `expo`, `clea` or `unkn`, and who vouches."""
    sources = installed.installed_sources(Kind.EMAIL)
    codes = [source.lookup(key(number)).codes for source in sources]
    signed = [source.info.signed for source in sources]
    for source in sources:
        source.close()
    return f"{codes} {signed}"


def edition(serial: int, code: bytes) -> str:
    return f"{[code]} {[f'signed by {ACME.name}, edition {serial}']}"


def left() -> list[str]:
    """What is in the folder of installed filters."""
    folder = installed.folder()
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def emptied(data: bytes) -> bytes:
    """The filter with its first page emptied and that page's checksum mended."""
    body = bytes(PAGE - 8)
    return data[:PAGE] + body + checksum(body, decode_header(data[:PAGE]).seed) + data[2 * PAGE :]


def test_a_filter_at_a_url_is_downloaded_proved_and_installed(acme: Publisher) -> None:
    status, out, _ = add(acme)
    assert (status, out) == (
        0, f"acme.email is installed, signed by {ACME.name}, edition 1.\n",
    )  # fmt: skip
    assert left() == ["acme.email.bloom", "acme.email.bloom.from", "acme.email.bloom.note"]
    assert installed.folder().joinpath("acme.email.bloom").read_bytes() == acme.files["acme.bloom"]
    assert (answers(1), answers(6000)) == (edition(1, b"\1"), edition(1, b"\0"))
    status, _, err = add(acme)
    assert status == 2
    assert "`leakcheck filters update` brings its newest edition" in err
    assert add(acme, "--force")[0] == 0
    told = json.loads(command("filters", "list", "--json")[1])["filters"][0]
    assert (told["state"], told["signed"], told["url"]) == (
        "ok", f"signed by {ACME.name}, edition 1", f"{acme.url}/acme.bloom",
    )  # fmt: skip
    assert told["age_days"] > 0
    assert command("filters", "remove", "acme")[0] == 0
    assert left() == []


def test_a_download_goes_on_where_it_broke_off(
    acme: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_PIECE", 2 * PAGE)
    size = len(acme.files["acme.bloom"])
    assert size == 6 * PAGE
    acme.cut_after = 4 * PAGE
    status, _, err = add(acme)
    assert status == 2
    assert f"16,384 of {size:,} bytes are there, and the same command goes on with them." in err
    (partial,) = left()
    assert partial.startswith(".acme.email.bloom.")
    acme.cut_after = None
    before = len(acme.asked("acme.bloom"))
    assert add(acme)[0] == 0
    asked = sorted(span for span in acme.asked("acme.bloom")[before:] if span is not None)
    assert asked[:2] == [(0, PAGE - 1), (4 * PAGE, 6 * PAGE - 1)]
    assert answers(1) == edition(1, b"\1")


def test_an_interrupt_does_not_wait_for_the_server(acme: Publisher) -> None:
    """A server that never sends the rest: Ctrl-C ends at once, and what came stays."""
    assert acme.server is not None
    first = acme.server.answer

    def stalled(request: Request) -> Iterable[Piece]:
        span = request.span()
        if request.target.endswith(".bloom") and span is not None and span[1] >= PAGE:
            return [reply(206, b"", Content_Length="24576")[:-2], 60.0]
        return first(request)

    acme.server.answer = stalled
    process = subprocess.Popen(
        [LEAKCHECK, "filters", "add", f"{acme.url}/acme.bloom"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not any(span and span[1] >= PAGE for span in acme.asked("acme.bloom")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (2, "")
    assert err.startswith("leakcheck: Interrupted")
    assert not installed.installed()


def test_what_an_earlier_run_left_is_not_believed(acme: Publisher) -> None:
    size, data = len(acme.files["acme.bloom"]), acme.files["acme.bloom"]
    digest = acme.files[FILE_NAME].decode().split("sha256:")[1][:32]
    for rest in (bytes(3 * PAGE), data[:5000], data + b"more", emptied(data), bytes(size), b""):
        installed.folder().mkdir(parents=True, exist_ok=True)
        (installed.folder() / f".acme.email.bloom.{digest}.download").write_bytes(rest)
        (installed.folder() / f".acme.email.bloom.{'0' * 32}.download").write_bytes(rest)
        assert add(acme, "--force")[0] == 0
        assert answers(1) == edition(1, b"\1")
        assert len(left()) == 3


def test_two_runs_do_not_write_one_file(acme: Publisher) -> None:
    from leakcheck.files import Collected

    installed.folder().mkdir(parents=True)
    digest = acme.files[FILE_NAME].decode().split("sha256:")[1][:32]
    with Collected(installed.folder() / "acme.email.bloom", digest):
        status, _, err = add(acme)
    assert status == 2
    assert "another run of leakcheck is using it" in err
    assert add(acme)[0] == 0


def test_a_full_disk_is_seen_before(acme: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    free = os.statvfs_result((PAGE, PAGE, 10, 1, 1, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: free)
    status, _, err = add(acme)
    assert status == 2
    assert "bytes more, and 4,096 are free" in err
    assert len(acme.asked("acme.bloom")) == 1


LIES = {
    "page emptied": lambda files: {"acme.bloom": emptied(files["acme.bloom"])},
    "no tree": lambda files: {"acme.bloom.verity": b""},
    "forged list": lambda files: {FILE_NAME: files[FILE_NAME].replace(b" 20", b"0 20", 1)},
}


@pytest.mark.parametrize("lie", list(LIES))
def test_nothing_that_is_not_proved_is_installed(acme: Publisher, lie: str) -> None:
    acme.files |= LIES[lie](acme.files)
    status, out, err = add(acme)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert left() == []


def test_a_signature_can_be_required(acme: Publisher) -> None:
    Store().distrust(ACME.name)
    assert add(acme, "--require-signature")[0] == 2
    assert command("filters", "add", acme.folder / "acme.bloom", "--require-signature")[0] == 2
    assert add(acme)[1] == "acme.email is installed, not signed by anyone you trust.\n"
    # Its list came along: who trusts the publisher later has the proof at once.
    Store().trust(ACME.verifier)
    assert answers(1) == edition(1, b"\1")
    assert command("filters", "add", acme.folder / "acme.bloom", "--force")[0] == 0


def quiet() -> tuple[int, str, str]:
    return command("filters", "update", "--quiet")


def test_an_update_says_by_its_status_what_it_did(acme: Publisher) -> None:
    assert quiet() == (0, "", "")
    add(acme)
    assert quiet() == (0, "", "")
    acme.build("acme", range(6001), date="2026-02-01")
    acme.sign("acme")
    assert quiet() == (1, "", "")
    assert answers(6000) == edition(2, b"\1")
    assert quiet() == (0, "", "")
    status, out, err = command("filters", "update")
    assert (status, out, err) == (0, "acme.email: nothing new, edition 2.\n", "")
    acme.files.clear()
    status, out, err = quiet()
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert answers(6000) == edition(2, b"\1")


@pytest.mark.parametrize("lie", ["page emptied", "no tree", "forged list"])
def test_where_the_new_one_is_bad_the_old_one_stays_and_answers(acme: Publisher, lie: str) -> None:
    add(acme)
    acme.build("acme", range(6001))
    acme.sign("acme")
    acme.files |= LIES[lie](acme.files)
    for again in (quiet, lambda: add(acme, "--force")):
        assert again()[0] == 2
        assert answers(1) == edition(1, b"\1")
        assert answers(6000) == edition(1, b"\0")
    acme.serve()
    assert quiet()[0] == 1
    assert answers(6000) == edition(2, b"\1")


def test_an_older_edition_is_never_taken(acme: Publisher) -> None:
    old = dict(acme.files)
    acme.build("acme", range(6001))
    acme.sign("acme")
    add(acme)
    acme.files = old
    status, _, err = quiet()
    assert status == 2
    assert "older than edition 2" in err
    assert answers(6000) == edition(2, b"\1")
    assert add(acme, "--force")[0] == 2
    assert answers(6000) == edition(2, b"\1")


@pytest.mark.parametrize("how", ["no list", "another's list", "distrusted"])
def test_a_signed_filter_is_replaced_only_by_its_signer(acme: Publisher, how: str) -> None:
    add(acme)
    acme.build("acme", range(6001))
    (acme.folder / FILE_NAME).unlink()
    if how == "no list":
        acme.serve()
    else:
        acme.sign("acme", by=OTHER)
        Store().trust(OTHER.verifier)
    if how == "distrusted":
        Store().distrust(ACME.name)
    status, _, err = quiet()
    assert status == 2
    assert f"{ACME.name} signed what is installed" in err
    assert "clean" not in answers(1)
    assert installed.installed()[0].info is not None
    assert installed.installed()[0].info.keys == 5000


def test_a_withdrawn_filter_answers_nothing_any_more(acme: Publisher) -> None:
    add(acme)
    acme.withdraw("acme", "wrong dump")
    status, out, err = quiet()
    assert (status, out) == (1, "")
    assert f"more: {ACME.name} has withdrawn it: wrong dump." in err
    assert answers(1) == "[b'\\x02'] ['']"
    status, _, err = quiet()
    assert status == 0
    status, out, _ = command("filters", "list")
    assert (status, "has withdrawn it: wrong dump" in out) == (2, True)
    # A better one under the same name takes its place.
    acme.build("acme", range(100))
    acme.sign("acme")
    assert quiet()[0] == 1
    assert answers(1) == edition(3, b"\1")


def test_a_withdrawal_counts_though_the_new_one_is_bad(acme: Publisher) -> None:
    add(acme)
    acme.withdraw("acme", "wrong dump")
    acme.build("acme", range(100))
    acme.sign("acme")
    acme.files |= LIES["page emptied"](acme.files)
    assert quiet()[0] == 2
    assert answers(1) == "[b'\\x02'] ['']"


def test_what_rotted_on_the_disk_is_repaired(acme: Publisher) -> None:
    add(acme)
    path = installed.folder() / "acme.email.bloom"
    path.write_bytes(emptied(path.read_bytes()))
    assert answers(1) == "[b'\\x02'] ['']"
    assert quiet()[0] == 1
    assert answers(1) == edition(1, b"\1")
    path.unlink()
    path.symlink_to("nowhere")
    assert quiet()[0] in (1, 2)


def test_an_unsigned_filter_is_replaced_by_another_that_is_not_older(acme: Publisher) -> None:
    Store().distrust(ACME.name)
    assert add(acme)[0] == 0
    assert quiet() == (0, "", "")
    acme.build("acme", range(10), date="2025-01-01")
    acme.serve()
    status, _, err = quiet()
    assert (status, "older than 2026-01-01" in err) == (2, True)
    acme.build("acme", range(6001), date="2026-02-01")
    acme.serve()
    assert quiet()[0] == 1
    assert answers(6000) == "[b'\\x01'] ['']"


def test_a_filter_of_another_kind_is_not_taken(acme: Publisher) -> None:
    add(acme)
    acme.build("acme", range(10), kind="domain")
    acme.sign("acme")
    status, _, err = quiet()
    assert (status, "another kind" in err) == (2, True)
    assert answers(1) == edition(1, b"\1")


def test_an_update_of_some(acme: Publisher, tmp_path: Path) -> None:
    add(acme)
    add(acme, "--as", "second")
    command("filters", "add", acme.folder / "acme.bloom", "--as", "file")
    acme.build("acme", range(6001))
    acme.sign("acme")
    status, out, _ = command("filters", "update", "second", "file.email", "--json")
    assert status == 0
    assert [(one["name"], one["state"]) for one in json.loads(out)["filters"]] == [
        ("second.email", "updated")
    ]
    assert command("filters", "update", "third")[0] == 2
    assert "added from a file" in command("filters", "update", "file")[1]


def test_a_password_in_the_url_is_kept_for_the_user_alone_and_not_shown(acme: Publisher) -> None:
    url = acme.url.replace("http://", "http://user:s3cret@") + "/acme.bloom"
    _, out, err = command("filters", "add", url)
    assert "s3cret" not in out + err
    beside = installed.folder() / "acme.email.bloom.from"
    assert beside.stat().st_mode & 0o777 == 0o600
    assert "s3cret" not in command("filters", "list", "--json")[1]
    acme.files.clear()
    assert "s3cret" not in quiet()[2]


def test_wrong_use(acme: Publisher) -> None:
    for arguments in (
        ("filters", "add", "hibp"),
        ("filters", "add", "--offline", f"{acme.url}/acme.bloom"),
        ("filters", "add", f"{acme.url}/none.bloom"),
        ("filters", "add", f"{acme.url}/{FILE_NAME}"),
        ("filters", "add", "ftp://127.0.0.1/acme.bloom"),
        ("filters", "add", f"{acme.url}/acme.bloom", "x", "--as", "a"),
    ):
        status, out, err = command(*arguments)
        assert (status, out, len(err.splitlines())) == (2, "", 1), arguments
    assert left() == []


def test_the_list_at_a_terminal_fits_it(acme: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    from leakcheck import terminal

    monkeypatch.setattr(terminal, "out_is_terminal", lambda: True)
    add(acme)
    _, out, _ = command("filters", "list")
    assert out.splitlines()[0] == "acme.email: Acme"
    assert out.splitlines()[-1] == f"  signed by {ACME.name}, edition 1"
    assert "  2026-01-01, " in out
    acme.withdraw("acme", "wrong dump")
    quiet()
    status, out, _ = command("filters", "list")
    assert status == 2
    assert f"  CANNOT ANSWER: {ACME.name} has withdrawn it: wrong dump" in out
    assert all(len(line) <= 80 for line in out.splitlines())
    _, out, _ = command("keys", "list")
    assert out.splitlines()[0] == ACME.name
    assert f"  fingerprint {ACME.verifier.fingerprint}" in out


def test_who_has_seen_a_newer_edition_is_told_to_update(acme: Publisher) -> None:
    add(acme)
    acme.build("acme", range(6001))
    acme.sign("acme")
    assert command("filters", "search", "--at", acme.url)[0] == 0
    assert answers(1) == "[b'\\x02'] ['']"
    status, out, _ = command("filters", "list")
    assert (status, "`leakcheck filters update` brings the newest" in out) == (2, True)
    assert quiet()[0] == 1
    assert answers(6000) == edition(2, b"\1")


def test_a_list_that_does_not_name_a_filter_is_not_kept_with_it(acme: Publisher) -> None:
    """Who trusts its publisher later has no doubt about a filter that was never theirs."""
    Store().distrust(ACME.name)
    acme.build("stray", range(10))
    acme.serve()
    assert command("filters", "add", f"{acme.url}/stray.bloom")[0] == 0
    Store().trust(ACME.verifier)
    assert answers(1) == "[b'\\x01'] ['']"
