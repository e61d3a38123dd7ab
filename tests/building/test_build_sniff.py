"""What a sample is taken for, and what a build is refused for."""

from pathlib import Path

import pytest
from builds import made, put, refused

from leakcheck.records.detect import detect as sniff

SHA1 = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8"
NTLM = "8846F7EAEE8FB117AD06BDD830B7586C"

SAMPLES = {
    "prose": ("Write to ada@example.fr, she knows.\nNothing here.\n" * 5, "text", "email"),
    "combo": ("ada@example.fr:word\nben@example.org:with:colon\n" * 5, "combo", "email"),
    "combo ;": ("ada@example.fr;word\nben@example.org;other\n" * 5, "combo", "email"),
    "combo tab": ("ada@example.fr\tword\nben@example.org\tother\n" * 5, "combo", "email"),
    "combo comma": ("ada@example.fr,word\nben@example.org,other\n" * 5, "combo", "email"),
    "passwords": ("dragon\n123456\nletmein!\ncorrect horse\n" * 5, "passwords", "password"),
    "sha1": (f"{SHA1}\n" * 5, "hashes", "password"),
    "pwned": (f"{SHA1}:3\r\n{SHA1.lower()}:12\r\n" * 5, "hashes", "password"),
    "32 digits": (f"{NTLM}\n" * 5, "hashes", None),
    "64 digits": ("ab" * 32 + "\n", "hashes", None),
    "csv": ("id,email,password\n1,ada@example.fr,word\n2,ben@example.org,other\n", "csv", "email"),
    "tsv": ("id\temail\tpass\n1\tada@example.fr\tword\n2\tb@example.org\tx\n", "csv", "email"),
    "json lines": ('{"email":"ada@example.fr"}\n{"email":"b@example.fr"}\n', "json", "email"),
    "json": ('[\n  {\n    "email": "ada@example.fr"\n  }\n]\n', "json", "email"),
    "sql": ("INSERT INTO `users` VALUES (1,'ada@example.fr','word');\n", "sql", "email"),
    "stealer": (
        "URL: https://a.example/\nUsername: ada@example.fr\nPassword: word\n\n" * 3,
        "stealer",
        "email",
    ),
    "url lines": ("https://a.example/login:ada@example.fr:word\n" * 3, "stealer", "email"),
    "host lines": ("a.example:8080/login:ada@example.fr:word\n" * 3, "stealer", "email"),
    "host lines without a path": ("a.example:ada@example.fr:word\n" * 3, "stealer", "email"),
    "host lines without an address": ("a.example/login:ada:word\n" * 3, "stealer", None),
    "logins like hosts": ("ada.martin:word:x\n" * 3, "combo", None),
    **{
        f"numbered {mark}": (
            "".join(f"{mark.replace('1', str(at))}ada@example.fr:word\n" for at in range(1, 30)),
            "combo",
            "email",
        )
        for mark in ("1. ", "1) ", "1: ", "1:", "[1] ", "(1) ", "#1 ", "# 1 ", "1 - ", "#1: ")
    },
    "numbered logins": ("[1] ada:word\n[2] ben:other\n" * 5, "combo", None),
    "numbered prose": ("1. ada@example.fr wrote to us.\n" * 5, "text", "email"),
    "list of lists": ("[\n[1],\n[2, 3]\n]\n", "json", None),
    "nothing": ("\x01\x02\x03 binary \x04\n" * 5, None, None),
    "empty": ("", None, None),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_taken_for(name: str) -> None:
    data, form, kind = SAMPLES[name]
    guess = sniff(data.encode())
    assert (guess.form and guess.form.value, guess.kind and guess.kind.value) == (form, kind)


@pytest.mark.parametrize("name", SAMPLES)
def test_no_cut_of_a_sample_raises(name: str) -> None:
    data = SAMPLES[name][0].encode()
    for at in range(len(data)):
        sniff(data[:at], whole=False)


def test_range_files_are_known_by_name_and_content() -> None:
    rows = b"0018A45C4D1DEF81644B54AB7F969B88D65:10\r\n00D4F6E8FA6EECAD2A3AA415EEC418D38EC:2\r\n"
    guess = sniff(rows, "some/5BAA6.txt")
    assert (guess.prefix, guess.hex_digits) == (b"5BAA6", 40)
    assert sniff(rows, "other.txt").prefix == b""
    assert sniff(b"ada@example.fr\n", "5BAA6").prefix == b""


REFUSALS = {
    "not clear": ({}, "\x01\x02\x03 binary \x04\n" * 5, "--from"),
    "md5 or ntlm": ({}, f"{NTLM}\n" * 5, "--kind ntlm"),
    "no such digest": ({}, "ab" * 32 + "\n", "64 digits"),
    "wrong length": ({"kind": "password"}, f"{NTLM}\n" * 5, "not hashed again"),
    "wrong length too": ({"kind": "ntlm"}, f"{SHA1}\n" * 5, "not hashed again"),
    "said, wrong": ({"kind": "ntlm", "form": "hashes"}, f"{SHA1}\n" * 5, "not hashed again"),
    "hashed combo": ({"kind": "ntlm"}, f"ada@example.fr:{SHA1}\n" * 5, "not hashed again"),
    "salted combo": ({"kind": "password"}, "ada@example.fr:$2y$10$abcdefghijk\n" * 5, "salted"),
    "prose": ({"kind": "password"}, "Write to ada@example.fr now.\n" * 5, "holds no keys"),
    "no credential": ({"kind": "credential"}, "dragon\nmonkey\n", "holds no keys"),
    "no domain": ({"kind": "domain", "form": "hashes"}, f"{SHA1}\n" * 5, "domains"),
    "hashes of what": ({"kind": "credential"}, f"{SHA1}\n" * 5, "--from hashes"),
    "no column": (
        {"kind": "password"},
        "id,email,city\n1,ada@example.fr,Lyon\n2,ben@example.org,Lille\n",
        "--column",
    ),
    "no such column": (
        {"kind": "password", "column": "secret"},
        "id,email,pass\n1,ada@example.fr,a\n2,ben@example.org,b\n",
        "--column",
    ),
    "hashed column": (
        {"kind": "ntlm"},
        f"id,email,pass\n1,ada@example.fr,{SHA1}\n2,ben@example.org,{SHA1}\n",
        "not hashed again",
    ),
    "salted column": (
        {"kind": "password"},
        "id,email,pass\n1,ada@example.fr,$2y$10$abcdefghijk\n2,ben@example.org,$2y$10$abc\n",
        "salted",
    ),
    "no key": ({"kind": "email"}, "no address at all\n", "No key of kind email"),
    "blank": ({"kind": "email"}, "\n\n\n", "No key of kind email"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals_say_what_to_do(name: str, tmp_path: Path) -> None:
    options, data, expected = REFUSALS[name]
    assert expected in refused(tmp_path, put(tmp_path, "dump.txt", data), **options)


def test_hashes_are_no_addresses_unless_it_is_said(tmp_path: Path) -> None:
    put(tmp_path, "in/hashes.txt", f"{SHA1}:3\n" * 5)
    put(tmp_path, "in/text.txt", "ada@example.fr\n")
    assert made(tmp_path, tmp_path / "in", kind="email").records == 1
    report = made(tmp_path, tmp_path / "in" / "hashes.txt", kind="email", form="hashes")
    assert report.records == 5
