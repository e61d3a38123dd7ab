"""Only what is proved is shown of an offer; a key at a URL is shown before it is trusted."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from installing.publisher import ACME, OTHER, Publisher, command, publishing

from leakcheck.trust.edition import FILE_NAME
from leakcheck.trust.store import Store


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Publisher]:
    with publishing(tmp_path / "www") as found:
        found.build("acme", range(5000), date="2026-01-01", note="addresses, phone numbers")
        found.build("pairs", range(70))
        found.sign("acme", "pairs")
        (found.folder / "acme.vkey").write_text(f"# Acme\n{ACME.verifier}\n")
        found.serve()
        yield found


def test_what_trusted_publishers_offer(acme: Publisher) -> None:
    status, _, err = command("filters", "search")
    assert status == 2
    assert "Nobody is trusted yet" in err
    fingerprint = ACME.verifier.fingerprint
    assert command("keys", "trust", f"{acme.url}/acme.vkey", "--fingerprint", fingerprint)[0] == 0
    status, out, err = command("filters", "search")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "Acme: email, 2026-01-01, 5,000 keys, 24.6 kB",
        "  addresses, phone numbers",
        f"  signed by {ACME.name}, edition 1",
        f"  leakcheck filters add {acme.url}/acme.bloom",
        "Pairs: email, no date, 70 keys, 8.2 kB",
        f"  signed by {ACME.name}, edition 1",
        f"  leakcheck filters add {acme.url}/pairs.bloom",
    ]
    assert "Pairs" not in command("filters", "search", "PHONE")[1]
    assert "No publisher" in command("filters", "search", "nothing")[1]
    found = json.loads(command("filters", "search", "--json")[1])["filters"]
    assert [(one["title"], one["keys"], one["origin"], one["edition"]) for one in found] == [
        ("Acme", 5000, ACME.name, 1), ("Pairs", 70, ACME.name, 1),
    ]  # fmt: skip


def test_nothing_unproved_is_shown(acme: Publisher) -> None:
    Store().trust(ACME.verifier)
    acme.files["acme.bloom"] = acme.files["acme.bloom"].replace(b"phone", b"PHONE")
    status, out, err = command("filters", "search", "--at", acme.url)
    assert status == 2
    assert "Pairs" in out
    assert "Acme" not in out + err
    assert "acme.bloom: it is not proved" in err
    acme.files["pairs.bloom"] = acme.files["acme.bloom"]
    assert "70 keys" not in command("filters", "search", "--at", acme.url)[1]
    acme.files[FILE_NAME] = acme.files[FILE_NAME].replace(b"sha256:", b"sha256:0", 1)
    status, out, err = command("filters", "search", "--at", acme.url)
    assert (status, out, len(err.splitlines())) == (2, "", 1)


def test_a_publisher_who_cannot_be_asked_does_not_hide_the_others(acme: Publisher) -> None:
    Store().trust(ACME.verifier)
    Store().trust(OTHER.verifier)
    Store().remember_place(ACME.name, f"{acme.url}/")
    Store().remember_place(OTHER.name, f"{acme.url}/elsewhere/")
    status, out, err = command("filters", "search")
    assert status == 2
    assert "Acme" in out
    assert err.startswith(f"leakcheck: {OTHER.name}: {acme.url}/elsewhere/")
    Store().remember_place(OTHER.name, f"{acme.url}/")
    assert "the list there is of filters.example.org/acme" in command("filters", "search")[2]


def test_a_publisher_is_found_by_an_installed_filter(acme: Publisher) -> None:
    Store().trust(ACME.verifier)
    assert command("filters", "add", f"{acme.url}/pairs.bloom")[0] == 0
    assert "Acme: email" in command("filters", "search")[1]


def test_a_key_at_a_url_is_not_trusted_unseen(
    acme: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io
    import sys

    url = f"{acme.url}/acme.vkey"
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    status, out, err = command("keys", "trust", url)
    assert status == 2
    assert ACME.verifier.fingerprint in out
    assert f'--fingerprint "{ACME.verifier.fingerprint}"' in err
    wrong = OTHER.verifier.fingerprint
    assert command("keys", "trust", url, "--fingerprint", wrong)[0] == 2
    for words, trusted in (("n\n", False), ("\n", False), ("", False), ("yes\n", True)):
        terminal = io.StringIO(words)
        monkeypatch.setattr(terminal, "isatty", lambda: True)
        monkeypatch.setattr(sys, "stdin", terminal)
        status, out, err = command("keys", "trust", url)
        assert (status == 0) is trusted
        assert "shows elsewhere? [y/N]" in err
        assert (Store().keys() == [ACME.verifier]) is trusted
    assert Store().place(ACME.name) == f"{acme.url}/"


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"PRIVATE+KEY+x+00000000+AAAA"])
def test_what_is_no_key_is_not_trusted(acme: Publisher, body: bytes) -> None:
    acme.files["acme.vkey"] = body
    for url in (f"{acme.url}/acme.vkey", f"{acme.url}/none"):
        status, _, err = command("keys", "trust", url, "--fingerprint", "0")
        assert (status, len(err.splitlines())) == (2, 1)
    assert Store().keys() == []
