"""What a scan can be asked for: variants, news only, groups, masks, confirmation."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from people import command, make_filter, scan_rows, verdicts

from leakcheck import api
from leakcheck.subject.kinds import Kind
from leakcheck.subject.masking import mask_address, mask_text
from leakcheck.subject.variants import variants
from leakcheck.trust import signing
from leakcheck.trust.note import Signer
from leakcheck.trust.store import Store


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(
        "name,mail,boss\n"
        "Alice,alice@example.fr,bob@acme.fr\n"
        "Bob,bob@acme.fr,\n"
        "Carol,carol@acme.fr,alice@example.fr\n"
        "Eve,eve@localhost,\n"
    )
    return path


def test_only(people: Path, asked: list[object]) -> None:
    found = verdicts(scan_rows(people, "--only", "exposed", *asked, status=1))
    assert [row for row, _, _ in found] == [2, 3]
    both = scan_rows(people, "--only", "clean", "--only", "unknown", *asked, status=1)
    assert [row["row"] for row in both] == [4, 5]


def test_since(people: Path, asked: list[object]) -> None:
    rows = scan_rows(people, "--since", "2026", *asked, status=1)
    assert [one["name"] for one in rows[0]["sources"]] == ["New", "Undated"]
    out = command("scan", people, "--since", "2026-02-11", "--format", "summary", *asked)[1]
    assert "Old is older than 2026-02-11 and was not asked" in out
    old = asked[:2]
    status, _, err = command("scan", people, "--since", "2027-01-01", *old)
    assert (status, "2027" in err) == (2, True)
    assert command("scan", people, "--since", "yesterday", *asked)[0] == 2


@pytest.mark.parametrize("redact", [False, True])
@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_baseline(
    tmp_path: Path, people: Path, asked: list[object], redact: bool, form: str
) -> None:
    """Only hits that the earlier report has not are news; redacted reports compare too."""
    old = tmp_path / "old"
    mask = "--redact" if redact else "--no-redact"
    command("scan", people, *asked[:2], "--format", form, "-o", old, mask)
    rows = scan_rows(people, "--baseline", old, *asked, status=1)
    assert [(row["row"], [s["name"] for s in row["sources"]]) for row in rows] == [
        (2, ["New", "Undated"]),
        (3, ["New", "Undated", "Old"]),
        (5, []),
    ]
    full = tmp_path / "full"
    command("scan", people, *asked, "--format", form, "-o", full, mask)
    people.write_text("\n".join(people.read_text().splitlines()[:-1]) + "\n")
    found = scan_rows(people, "--baseline", full, *asked, status=0)
    assert found == []
    out = command("scan", people, "--baseline", full, *asked, "--format", "summary")[1]
    assert "Already exposed in the earlier report: 2 rows." in out


def test_baseline_must_be_a_report(tmp_path: Path, people: Path, asked: list[object]) -> None:
    for text in ("", "{}", "[1]", '{"version":2,"results":[\n],"summary":{}}', "rubbish", '"x"'):
        bad = tmp_path / "bad.json"
        bad.write_text(text)
        status, _, err = command("scan", people, "--baseline", bad, *asked)
        if text:
            assert status == 2, text
            assert "report" in err
    assert command("scan", people, "--baseline", tmp_path / "missing", *asked)[0] == 2


def test_redaction_masks_every_address(
    tmp_path: Path, people: Path, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    for form in ("table", "csv", "tsv", "json", "jsonl", "html", "sarif", "junit", "summary"):
        out = command("scan", people, "--format", form, *asked)[1]
        for word in ("alice", "bob@", "acme", "example", "eve@"):
            assert word not in out.replace("Alice", ""), (form, word)
    row = scan_rows(people, *asked)[0]
    assert row["subject"] == "a•••@e•••.fr"
    assert row["columns"] == {"name": "Alice", "boss": "b•••@a•••.fr"}
    assert scan_rows(people, "--no-redact", *asked)[0]["subject"] == "alice@example.fr"


def test_masking() -> None:
    assert mask_address("alice@example.fr") == "a•••@e•••.fr"
    assert mask_address("@acme.fr") == "@a•••.fr"
    assert mask_address("nobody") == "n•••"
    assert mask_address("a@localhost") == "a•••@l•••"
    assert (
        mask_text("see <x.y@b.example.org>, or z@c.fr!") == "see <x•••@b•••.org>, or z•••@c•••.fr!"
    )


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("a@b.fr", []),
        ("a+x@b.fr", ["a@b.fr"]),
        ("a.b@gmail.com", ["ab@gmail.com", "a.b@googlemail.com", "ab@googlemail.com"]),
        ("+x@b.fr", []),
        ("nobody", []),
    ],
)
def test_variants(address: str, expected: list[str]) -> None:
    assert sorted(variants(address)) == sorted(expected)


def test_variants_say_which_hit(tmp_path: Path) -> None:
    path = make_filter(tmp_path / "f.bloom", ["jane.roe@googlemail.com", "joe@acme.fr"], name="F")
    listing = tmp_path / "l.txt"
    listing.write_text("janeroe+shop@gmail.com\nJoe+news@acme.fr\nann@acme.fr\nx\n")
    assert [v for _, _, v in verdicts(scan_rows(listing, "--in", path))] == [
        "clean", "clean", "clean", "unknown"
    ]  # fmt: skip
    rows = scan_rows(listing, "--variants", "--in", path, status=1)
    assert [(row["verdict"], row["sources"][0].get("matched")) for row in rows[:3]] == [
        ("exposed", "jane.roe@googlemail.com"),
        ("exposed", "joe@acme.fr"),
        ("clean", None),
    ]
    one = scan_rows(listing, "--variants", "--in", path)[1]["sources"][0]["false_alarm"]
    alone = api.check(["joe@acme.fr"], sources=[str(path)])[0].sources[0].false_alarm
    assert one == pytest.approx(2 * (alone or 0))
    answer = api.check(["janeroe+shop@gmail.com"], sources=[str(path)], variants=True)[0]
    assert answer.exposed_in[0].matched == "jane.roe@googlemail.com"


def test_group_by_domain(tmp_path: Path, people: Path, asked: list[object]) -> None:
    domains = make_filter(tmp_path / "d.bloom", ["acme.fr"], Kind.DOMAIN, name="D")
    rows = scan_rows(people, "--group-by", "domain", "--in", domains, *asked, status=1)
    assert [(r["domain"], r["rows"], r["exposed"], r["unknown"]) for r in rows] == [
        ("acme.fr", 2, 1, 0),
        ("example.fr", 1, 1, 0),
        ("(no domain)", 1, 0, 1),
    ]
    assert rows[0]["sources"][0] == {"name": "New", "date": "2026-02-11", "exposed": 1}
    assert rows[0]["domain_sources"][0]["verdict"] == "exposed"
    out = command("scan", people, "--group-by", "domain", "--redact", "--format", "csv", *asked)[1]
    assert "a•••.fr,exposed,2,1,0,1,New: 1; Undated: 1" in out


def test_patterns_need_a_filter_of_domains(tmp_path: Path, asked: list[object]) -> None:
    listing = tmp_path / "l.txt"
    listing.write_text("@acme.fr\n@example.org\nbob@acme.fr\n")
    rows = scan_rows(listing, *asked, status=1)
    assert [(r["kind"], r["verdict"]) for r in rows[:2]] == [("domain", "unknown")] * 2
    assert "domain" in rows[0]["reason"]
    domains = make_filter(tmp_path / "d.bloom", ["acme.fr"], Kind.DOMAIN, name="D")
    rows = scan_rows(listing, "--in", domains, *asked, status=1)
    assert [r["verdict"] for r in rows] == ["exposed", "clean", "exposed"]
    rows = scan_rows(listing, "--in", domains, status=1)
    assert [r["verdict"] for r in rows] == ["exposed", "clean", "unknown"]


def test_hash_lists_and_password_lists(tmp_path: Path) -> None:
    path = make_filter(tmp_path / "p.bloom", ["letmein", "correct horse"], Kind.PASSWORD, name="P")
    listing = tmp_path / "l.txt"
    listing.write_text("letmein\npassword\n correct horse\n\ncorrect horse\n")
    rows = scan_rows(listing, "--kind", "password", "--in", path, status=1)
    assert verdicts(rows) == [
        (1, None, "exposed"),
        (2, None, "clean"),
        (3, None, "exposed"),  # without the blank
        (5, None, "exposed"),
    ]
    hashed = [hashlib.sha1(word.encode()).hexdigest() for word in ("letmein", "other")]
    listing.write_text(f"{hashed[0].upper()}:17\n{hashed[1]}\nrubbish\n")
    rows = scan_rows(listing, "--kind", "password", "--from", "hashes", "--in", path, status=1)
    assert [(r["subject"], r["verdict"]) for r in rows] == [
        (None, "exposed"), (None, "clean"), (None, "unknown")
    ]  # fmt: skip
    listing.write_text(f"{hashed[0]}\n{hashed[1]}\n")
    assert scan_rows(listing, "--kind", "password", "--in", path)[0]["verdict"] == "exposed"


def test_credentials_are_not_shown(tmp_path: Path) -> None:
    path = make_filter(tmp_path / "c.bloom", ["bob@acme.fr:s3cret!"], Kind.CREDENTIAL, name="C")
    listing = tmp_path / "l.txt"
    listing.write_text("Bob@Acme.fr;s3cret!\nbob@acme.fr:other\nnothing\n")
    status, out, _ = command(
        "scan", listing, "--kind", "credential", "--in", path, "--format", "jsonl"
    )
    assert status == 1
    assert [json.loads(line)["verdict"] for line in out.splitlines()] == [
        "exposed", "clean", "unknown"
    ]  # fmt: skip
    assert "s3cret" not in out
    assert "acme" not in out.lower()


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("email;password\n{a};{p}\nx@y.fr;z\n", []),
        ("E-mail Address,Password [Required],team\n{a},{p},red\n", []),
        ("name\tmot de passe\tadresse e-mail\nA\t{p}\t{a}\n", []),
        ("url,username,password\nhttps://a.example/,{a},{p}\n", []),
        ("secret,who\n{p},{a}\nz,x@y.fr\n", ["secret"]),
        ("mail,secret,password\n{a},{p},no\n", ["mail", "secret"]),
        ("mail,secret,password\n{a},{p},no\n", ["2"]),
        ("secret,who,password\n{p},{a},no\nz,x@y.fr,no\n", ["who", "secret"]),
        ("{p};{a};1\nz;x@y.fr;2\n", ["1", "2"]),
    ],
)
def test_the_columns_of_addresses_and_passwords_are_joined(
    table: str, columns: list[str], tmp_path: Path
) -> None:
    path = make_filter(tmp_path / "c.bloom", ["bob@acme.fr:s3cret!"], Kind.CREDENTIAL, name="C")
    listing = tmp_path / "l.csv"
    listing.write_text(table.format(a="Bob@Acme.fr", p="s3cret!"))
    named = [word for name in columns for word in ("--column", name)]
    status, out, err = command(
        "scan", listing, "--kind", "credential", "--in", path, "--format", "jsonl", *named
    )
    assert status == 1, err
    assert out.count('"verdict":"exposed"') == 2  # the row, and its source
    assert "s3cret" not in out


def test_headers_as_mail_programs_write_them(tmp_path: Path, asked: list[object]) -> None:
    for header in (
        "E-mail Address", "Email Address [Required]", "E-Mail-Adresse", "Adresse de messagerie",
        "E-mail 1 - Value", "Primary Email", "Work Email*", "EMAIL_ADDRESS", "Correo electrónico",
        "userPrincipalName", "Courriel professionnel",
    ):  # fmt: skip
        path = tmp_path / "l.csv"
        path.write_text(f"First Name,{header},Home Phone\nA,alice@example.fr,1\nC,none,2\n")
        rows = scan_rows(path, *asked)
        assert [row["verdict"] for row in rows] == ["exposed", "unknown"], header
        assert [row["row"] for row in rows] == [2, 3], header


@pytest.mark.parametrize("title", ["", "Liste du personnel au 1er janvier\n"])
def test_the_names_of_columns_are_read_as_the_cells_are(
    title: str, tmp_path: Path, asked: list[object]
) -> None:
    path = tmp_path / "l.csv"
    text = f"{title}Prénom;Courriel;Équipe\nZoé;alice@example.fr;Été\n"
    path.write_bytes(text.encode("cp1252"))
    *_, row = scan_rows(path, *asked)
    assert row["columns"] == {"Prénom": "Zoé", "Équipe": "Été"}
    *_, row = scan_rows(path, *asked, "--column", "Prénom")
    assert row["verdict"] == "unknown"
    _, _, err = command("scan", path, *asked, "--column", "Nom")
    assert "Prénom" in err


@pytest.mark.parametrize(
    ("address", "told"),
    [("eve+shop@acme.org", True), ("e.ve@gmail.com", True), ("eve@GoogleMail.com", True),
     ("eve@acme.org", False), ("alice@example.fr", False)],
)  # fmt: skip
@pytest.mark.parametrize("form", ["{}\n", "name,mail\nEve,{}\n", '[{{"mail": "{}"}}]'])
def test_other_spellings_are_pointed_out(
    form: str, address: str, told: bool, tmp_path: Path, asked: list[object]
) -> None:
    path = tmp_path / "l"
    path.write_text(form.format(address))
    out = command("scan", path, *asked, "--format", "summary")[1]
    assert ("--variants checks them too" in out) is told
    out = command("scan", path, *asked, "--format", "summary", "--variants")[1]
    assert "--variants" not in out


@pytest.mark.parametrize("how", [(), ("--json",)])
def test_a_list_that_check_reads_is_masked_in_ci(
    how: tuple[str, ...], tmp_path: Path, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "l.txt"
    path.write_text("alice@example.fr\nnothing alice@example.fr@\n")
    monkeypatch.delenv("CI", raising=False)
    assert "alice@example.fr" in command("check", "--from-file", path, *asked, *how)[1]
    monkeypatch.setenv("CI", "true")
    status, out, err = command("check", "--from-file", path, *asked, *how)
    assert status == 1
    assert "alice" not in out + err
    assert "a•••@e•••.fr" in out
    assert "alice@" in command("check", "--from-file", path, "--no-redact", *asked, *how)[1]


def test_passwords_beside_addresses_are_hidden(tmp_path: Path, asked: list[object]) -> None:
    listing = tmp_path / "l.txt"
    listing.write_text("bob@acme.fr;hunter2\ncarol@acme.fr;letmein!\n")
    out = command("scan", listing, "--format", "csv", *asked)[1]
    assert "hunter2" not in out
    assert "bob@acme.fr" in out
    listing.write_text("mail,Mot de passe,team\nbob@acme.fr,hunter2,red\n")
    rows = scan_rows(listing, *asked)
    assert rows[0]["columns"] == {"Mot de passe": "•••", "team": "red"}


def test_confirm_with_a_sorted_list(tmp_path: Path) -> None:
    words = [f"word{number}" for number in range(500)]
    path = make_filter(tmp_path / "p.bloom", words, Kind.PASSWORD, name="P")
    listing = tmp_path / "l.txt"
    listing.write_text("word1\nword400\nabsent\n")
    hashes = sorted(hashlib.sha1(word.encode()).hexdigest().upper() for word in words[:300])
    exact = tmp_path / "exact.txt"
    exact.write_text("".join(f"{one}:{n}\r\n" for n, one in enumerate(hashes, 1)))
    arguments = ("--kind", "password", "--in", path, "--confirm-with", exact)
    rows = scan_rows(listing, *arguments, status=1)
    assert [row["sources"][0].get("confirmed") for row in rows] == [True, False, None]
    assert [row["verdict"] for row in rows] == ["exposed", "exposed", "clean"]
    out = command("scan", listing, *arguments, "--format", "summary")[1]
    assert "Confirmed by an exact source: 1 row. Not known to it: 1:" in out
    exact.write_text("".join(f"{one}\n" for one in hashes[::-1]))
    status, _, err = command("scan", listing, *arguments)
    assert (status, "not sorted" in err) == (2, True)
    exact.write_text("rubbish\n")
    assert command("scan", listing, *arguments)[0] == 2


def test_kept_keys_settle_every_hit(tmp_path: Path) -> None:
    """Beside a filter at one in two, its own keys prove the hits and the false alarms."""
    (tmp_path / "dump.txt").write_text("".join(f"u{n}@acme.fr\n" for n in range(3000)))
    path = tmp_path / "f.bloom"
    command("build", tmp_path / "dump.txt", "-o", path, "--rate", "0.3", "--keep-keys")
    listing = tmp_path / "l.txt"
    listing.write_text("".join(f"u{n}@acme.fr\n" for n in range(2980, 3020)))
    rows = scan_rows(listing, "--in", path, status=1)
    alarms = sum(row["verdict"] == "exposed" for row in rows[20:])
    target = tmp_path / "r.json"
    rows = scan_rows(listing, "--in", path, "--confirm", status=1)
    assert [row["verdict"] for row in rows] == ["exposed"] * 20 + ["clean"] * 20
    assert all(row["sources"][0]["confirmed"] for row in rows[:20])
    command("scan", listing, "--in", path, "--confirm", "-o", target)
    summary = json.loads(target.read_text())["summary"]
    assert (summary["exposed"], summary["clean"], summary["refuted"]) == (20, 20, alarms)
    other = make_filter(tmp_path / "g.bloom", ["a@acme.fr"], name="G")
    (tmp_path / "g.bloom.keys").write_bytes((tmp_path / "f.bloom.keys").read_bytes())
    status, _, err = command("scan", listing, "--in", other, "--confirm")
    assert (status, "another filter" in err) == (2, True)


def test_confirm_without_an_exact_source(people: Path, asked: list[object]) -> None:
    status, _, err = command("scan", people, "--confirm", "--offline", *asked)
    assert (status, "no exact source" in err) == (2, True)


def test_every_hash_is_found_in_a_sorted_list(tmp_path: Path) -> None:
    from leakcheck.sources.sorted_list import SortedHashes

    for count in (1, 2, 3, 100, 5000):
        digests = sorted(hashlib.sha1(str(n).encode()).digest() for n in range(count))
        path = tmp_path / "h.txt"
        path.write_text("\n".join(digest.hex() for digest in digests))
        source = SortedHashes(path, Kind.PASSWORD)
        assert set(source.lookup(b"".join(digests)).codes) == {1}
        absent = [hashlib.sha1(b"x%d" % n).digest() for n in range(50)]
        assert set(source.lookup(b"".join(absent)).codes) == {0}
        source.close()


def test_expected_false_alarms(tmp_path: Path) -> None:
    """The summary's expectation is the rate times the rows; at one in ten it shows."""
    path = make_filter(tmp_path / "f.bloom", [f"u{n}@acme.fr" for n in range(5000)], rate=0.1)
    listing = tmp_path / "l.txt"
    listing.write_text("".join(f"v{n}@acme.fr\n" for n in range(3000)))
    target = tmp_path / "r.json"
    command("scan", listing, "--in", path, "-o", target)
    summary = json.loads(target.read_text())["summary"]
    rate = json.loads(command("info", path, "--json")[1])["fpr"]
    assert summary["expected_false_alarms"] == pytest.approx(3000 * rate, rel=0.01)
    assert summary["exposed"] == pytest.approx(3000 * rate, rel=0.4)


def test_nothing_to_ask(people: Path, asked: list[object]) -> None:
    status, _, err = command("scan", people)
    assert status == 2
    assert "leakcheck filters add" in err
    for wrong in (("--column", "9"), ("--format", "nope"), ("--sheet", "x", "--column", "zz")):
        assert command("scan", people, *wrong, *asked)[0] == 2
    assert command("scan", people.parent / "missing.csv", *asked)[0] == 2
    empty = people.parent / "empty.txt"
    empty.write_bytes(b"")
    assert command("scan", empty, *asked)[0] == 2


@pytest.mark.parametrize("name", ["l.csv", "l.jsonl"])
def test_a_column_of_hashes_is_not_hashed_again(tmp_path: Path, name: str) -> None:
    """With a column name or none, with rubbish in between, for passwords and for addresses."""
    known = {Kind.PASSWORD: "letmein", Kind.EMAIL: "bob@acme.fr"}
    for kind, subject in known.items():
        path = make_filter(tmp_path / f"{kind}.bloom", [subject], kind, name="F")
        cells = [hashlib.sha1(one.encode()).hexdigest() for one in (subject, "x", "y", "z")]
        cells.insert(2, "rubbish")
        rows = [{"user": f"u{number}", "sha1": cell} for number, cell in enumerate(cells)]
        if name == "l.csv":
            lines = ["user,sha1", *(f"{row['user']},{row['sha1']}" for row in rows)]
        else:
            lines = list(map(json.dumps, rows))
        (tmp_path / name).write_text("\n".join(lines) + "\n")
        found = scan_rows(tmp_path / name, "--kind", kind, "--in", path, status=1)
        expected = ["exposed", "clean", "unknown", "clean", "clean"]
        assert [row["verdict"] for row in found] == expected
        assert found[0]["columns"]["user"] == "u0"


def test_nt_hashes_and_domains(tmp_path: Path) -> None:
    ntlm = make_filter(tmp_path / "n.bloom", ["letmein"], Kind.NTLM, name="N")
    listing = tmp_path / "l.txt"
    listing.write_text(f"BECEDB42EC3C5C7F965255338BE4453C:9\n{'0' * 32}\n{'0' * 40}\n")
    rows = scan_rows(listing, "--kind", "ntlm", "--in", ntlm, status=1)
    assert [row["verdict"] for row in rows] == ["exposed", "clean", "unknown"]
    domains = make_filter(tmp_path / "d.bloom", ["acme.fr"], Kind.DOMAIN, name="D")
    listing.write_text("Acme.FR\n@acme.fr\nbob@acme.fr\nexample.org\nlocalhost\n")
    rows = scan_rows(listing, "--kind", "domain", "--in", domains, status=1)
    assert [row["verdict"] for row in rows] == ["exposed"] * 3 + ["clean", "unknown"]
    assert command("scan", listing, "--kind", "ntlm", "--group-by", "domain", "--in", ntlm)[0] == 2


def test_a_scan_can_be_left_early(tmp_path: Path, filters: dict[str, Path]) -> None:
    listing = tmp_path / "l.txt"
    listing.write_bytes(b"".join(b"user%d@example.org%1000s\n" % (n, b"") for n in range(9000)))
    scan = api.scan(listing, sources=[str(filters["new"])])
    rows = iter(scan)
    assert next(rows).number == 1
    scan.close()


class Ranges(BaseHTTPRequestHandler):
    """The Pwned Passwords range search over one known password; asked: the paths."""

    known = hashlib.sha1(b"word1").hexdigest().upper()
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        body = "".join(f"{at:035X}:0\r\n" for at in range(800))
        if self.path.upper().partition("?")[0].endswith(self.known[:5]):
            body = f"{self.known[5:]}:77\r\n{body}"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_confirm_asks_the_range_service_about_hits_only(tmp_path: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Ranges)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        path = make_filter(tmp_path / "p.bloom", ["word1", "word2"], Kind.PASSWORD, name="P")
        listing = tmp_path / "l.txt"
        listing.write_text("word1\nword2\nabsent\n")
        url = f"http://127.0.0.1:{server.server_address[1]}"
        arguments = ("--kind", "password", "--in", path, "--confirm", "--hibp-url", url)
        rows = scan_rows(listing, *arguments, status=1)
        assert [row["sources"][0].get("confirmed") for row in rows] == [True, False, None]
        absent = hashlib.sha1(b"absent").hexdigest().upper()
        assert len(Ranges.asked) == 2
        assert not any(absent[:5] in asked.upper() for asked in Ranges.asked)
        status, _, err = command("scan", listing, *arguments, "--offline")
        assert (status, "no exact source" in err) == (2, True)
        rows = scan_rows(listing, "--kind", "password", "--in", "hibp", "--hibp-url", url, status=1)
        assert [(row["verdict"], row["sources"][0].get("seen")) for row in rows] == [
            ("exposed", 77),
            ("clean", None),
            ("clean", None),
        ]
    finally:
        server.shutdown()
        server.server_close()


def test_kept_keys_refute_nothing_of_a_signed_filter(tmp_path: Path) -> None:
    """Whoever puts keys beside it, with a header that fits, could make anybody clean."""
    path, listing = tmp_path / "f.bloom", tmp_path / "l.txt"
    (tmp_path / "dump.txt").write_text("".join(f"u{n}@acme.fr\n" for n in range(3000)))
    command("build", tmp_path / "dump.txt", "-o", path, "--rate", "0.3", "--keep-keys")
    listing.write_text("".join(f"u{n}@acme.fr\n" for n in range(2990, 3400)))
    signer = Signer("filters.example.org/acme", bytes(range(32)))
    signing.sign([path], [signer])
    before = [row["verdict"] for row in scan_rows(listing, "--in", path, status=1)]
    Store().trust(signer.verifier)
    rows = scan_rows(listing, "--in", path, "--confirm", status=1)
    assert [row["verdict"] for row in rows] == before
    sources = [row["sources"][0] for row in rows]
    assert [one["confirmed"] for one in sources[:10]] == [True] * 10
    alarms = [one["confirmed"] for one in sources[10:] if one["verdict"] == "exposed"]
    assert alarms
    assert not any(alarms)
