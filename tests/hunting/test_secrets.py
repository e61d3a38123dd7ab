"""No password, hash or other person's address is in any output, whatever the line or format."""

import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from program import leakcheck

from leakcheck.hunting.pipeline import Hit, Hunter
from leakcheck.hunting.watch import Watch

SECRET = "Zq7!sentinel"
OTHER = "zoe.sentinel@example.org"
BCRYPT = "$2y$10$" + "SentinelSentinelSentinelSentinelSentinelSentinelSenti"
MD5 = "5e9713e15e9713e15e9713e15e9713e1"
WATCHED = ["alice@acme.fr", "acme.fr", "@corp.example.org", "Project Falcon", "+33 6 12 34 56 78"]
LINES = {
    f"alice@acme.fr:{SECRET}": {"password"},
    f"alice@acme.fr;{SECRET};x": {"password"},
    f"alice@acme.fr|{SECRET}": {"password"},
    f"alice@acme.fr\t{SECRET}": {"password"},
    f"{SECRET}:alice@acme.fr": set(),
    f"7,alice@acme.fr,{SECRET},Lyon": {"password"},
    f'"7","alice@acme.fr","{SECRET}","Lyon"': {"password"},
    f"alice@acme.fr:{BCRYPT}": {"bcrypt hash"},
    f"alice@acme.fr:{MD5}": {"md5 or ntlm hash"},
    f"alice@acme.fr:{MD5}:{SECRET}": {"md5 or ntlm hash"},
    f"alice@acme.fr:{SECRET}:10.1.2.3": {"password", "ip"},
    f"{OTHER}:{SECRET} alice@acme.fr": {"password", "address"},
    f'{{"email":"alice@acme.fr","password":"{SECRET}"}}': {"password"},
    f'{{"password":"{SECRET}","email":"alice@acme.fr","ip":"10.1.2.3"}}': {"password", "ip"},
    rf'{{"e":"alice\u0040acme.fr","pwd":"{SECRET}"}}': {"password"},
    f"INSERT INTO u VALUES (1,'{OTHER}','{SECRET}'),(2,'alice@acme.fr','{BCRYPT}');": {
        "bcrypt hash",
        "address",
    },
    f"https://vpn.acme.fr/login:bob:{SECRET}": {"password"},
    f"https://vpn.acme.fr:8443/login|bob|{SECRET}": {"password"},
    f"https://bob:{SECRET}@vpn.acme.fr/": {"password"},
    f"bob:{SECRET}@acme.fr": set(),
    f"bob:{SECRET}@vpn.acme.fr:22": set(),
    f"{OTHER}:{SECRET}@acme.fr": {"password"},
    f"{OTHER}:Project Falcon": {"password"},
    f"{OTHER}:{SECRET} Project Falcon": {"password"},
    f"{OTHER};+33 6 12 34 56 78;{SECRET}": set(),
    f"Username: alice@acme.fr Password: {SECRET}": {"password"},
    f"joe@corp.example.org {MD5} +33 1 23 45 67 89": {"md5 or ntlm hash", "phone"},
    f"{SECRET} joe@corp.example.org": set(),
    f"alice@acme.fr\t{SECRET} with blanks": {"password"},
    f"alice@acme.fr\t {SECRET} with blanks": {"password"},
    f"alice@acme.fr:\t{SECRET}": {"password"},
    f"mot de passe: {SECRET} / joe@corp.example.org": {"password"},
}
FRAGMENTS = re.compile(r"zq7|sentinel|5e9713e1|zoe", re.IGNORECASE)


def watch() -> Watch:
    found = Watch()
    for entry in WATCHED:
        found.add(entry)
    return found


def hunt(data: bytes) -> list[Hit]:
    with Hunter(watch(), threads=1) as hunter:
        return list(hunter.hunt(io.BytesIO(data)))


@pytest.mark.parametrize(("line", "classes"), LINES.items(), ids=repr)
def test_what_is_shown_of_a_line(line: str, classes: set[str]) -> None:
    hits = hunt(line.encode())
    assert hits
    for hit in hits:
        assert not FRAGMENTS.search(hit.context + hit.match), hit
        assert classes <= set(hit.classes), hit


def test_a_sentence_after_an_address_is_no_password() -> None:
    for line in ("alice@acme.fr,\twho wrote this", "alice@acme.fr, who wrote this"):
        assert {name for hit in hunt(line.encode()) for name in hit.classes} == set()


def test_the_entry_stands_in_clear() -> None:
    for line in LINES:
        for hit in hunt(line.encode()):
            if hit.match == "alice@acme.fr":
                assert "alice@acme.fr" in hit.context


def test_our_people_at_a_watched_domain_are_named() -> None:
    for line in ("carl@acme.fr:x", "https://site.example/:carl@acme.fr:x", '"carl@acme.fr"'):
        (hit,) = hunt(line.encode())
        assert hit.match == "carl@acme.fr"
    (hit,) = hunt(b"https://VPN.acme.fr/")
    assert hit.match == "vpn.acme.fr"


@pytest.mark.parametrize(
    "form", ["table", "summary", "csv", "tsv", "json", "jsonl", "html", "sarif", "junit"]
)
def test_no_output_of_any_format_holds_a_secret(form: str, tmp_path: Path) -> None:
    (tmp_path / "dump").write_text("\n".join(LINES) + "\n")
    (tmp_path / "list").write_text("\n".join(WATCHED) + "\n")
    done = leakcheck("hunt", "dump", "--watch", "list", "--format", form, cwd=tmp_path)
    assert done.status == 1
    assert not FRAGMENTS.search(done.out + done.err)
    assert done.out
    if form == "jsonl":
        rows = [json.loads(line) for line in done.out.splitlines()]
        assert {"input", "member", "line", "offset", "entry", "class"} <= set(rows[0])


@given(
    st.text(st.sampled_from("ab:;|,\t\"' {}[]()=@/\\%&$._-"), max_size=12),
    st.text(st.sampled_from("ab:;|,\t\"' {}[]()=@/\\%&$._-"), max_size=12),
    st.sampled_from(["alice@acme.fr", "vpn.acme.fr", "Project Falcon", "+33 6 12 34 56 78"]),
    st.booleans(),
)
@example(";a@", "", "vpn.acme.fr", True)  # an address of ours, which may be shown
@example(" a'b@", "", "vpn.acme.fr", True)
@settings(max_examples=300, deadline=None)
def test_no_context_holds_what_is_not_known_harmless(
    between: str, end: str, entry: str, before: bool
) -> None:
    """Other than an entry, a context holds class names, dots and marks."""
    known = re.compile(
        r"(?:[ab'$._-]*(?:alice|•••)?@)?[ab$._-]*(?:vpn\.)?acme\.fr"
        r"|Project Falcon|\+33 6 12 34 56 78|\[[a-z0-9 ]+\]|_"
    )
    parts = [entry, between, SECRET, end]
    line = "".join(reversed(parts) if before else parts)
    for hit in hunt(line.encode()):
        assert not FRAGMENTS.search(hit.context + hit.match), (line, hit)
        rest = known.sub("", hit.context.replace(hit.match, ""))
        assert not re.search(r"\w", rest), (line, hit)
