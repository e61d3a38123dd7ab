"""`leakcheck export`: read by the programs that it is for, or refused in a sentence."""

import hashlib
import json
import random
import stat
from pathlib import Path

import pytest
from others import dcso, passwdqc, run
from program import leakcheck, one_sentence

from leakcheck.subject.digests import nt_hash

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 éßÄ€"


def words(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    made = ("".join(chance.choices(LETTERS, k=chance.randint(6, 14))) for _ in range(count))
    return [f"x{word.strip()}" for word in made]


HELD, ABSENT = words(4000, 1), words(40_000, 2)


def lines(of: list[str]) -> bytes:
    return "".join(f"{word}\n" for word in of).encode()


def hashes(of: list[str]) -> bytes:
    return b"".join(hashlib.sha1(word.encode()).hexdigest().upper().encode() + b"\n" for word in of)


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """The same passwords as a list and in a table, one of them in both."""
    folder = tmp_path / "dump"
    folder.mkdir()
    (folder / "list.txt").write_bytes(lines(HELD[:2001]))
    rows = "".join(f"u{at}@acme.fr;{word}\n" for at, word in enumerate(HELD[2000:]))
    (folder / "table.csv").write_text("email;password\n" + rows)
    return folder


def test_passwdqc_finds_each_password(dump: Path, tmp_path: Path) -> None:
    out = tmp_path / "leaked.pwq"
    done = leakcheck("export", dump, "--to", "passwdqc", "-o", out)
    assert done.status == 0, done.err
    assert "false alarm 1 in 1,000,000,000" in done.out
    assert stat.S_IMODE(out.stat().st_mode) == 0o644
    assert passwdqc(out, lines(HELD)) == len(HELD)
    assert passwdqc(out, lines(ABSENT)) == 0
    assert "NTLM CP1252" in run("pwqfilter", "-f", out, "--status")


def test_passwdqc_finds_what_was_a_list_of_nt_hashes(tmp_path: Path) -> None:
    plain = [word for word in HELD if word.isascii()]
    text = "".join(f"{nt_hash(word).hex().upper()}:{at + 1}\n" for at, word in enumerate(plain))
    (tmp_path / "nt.txt").write_text(text)
    out = tmp_path / "leaked.pwq"
    done = leakcheck("export", tmp_path / "nt.txt", "--to", "passwdqc", "-o", out)
    assert done.status == 0, done.err
    assert passwdqc(out, lines(plain)) == len(plain)
    command = ("export", tmp_path / "nt.txt", "--to", "passwdqc", "-o", out, "--force")
    few = leakcheck(*command, "--min-count", "1000")
    assert few.status == 0, few.err
    assert passwdqc(out, lines(plain)) == len(plain) - 999


@pytest.mark.parametrize("rate", [0.1, 0.001])
def test_dcso_finds_each_hash_and_alarms_as_stated(dump: Path, tmp_path: Path, rate: float) -> None:
    out = tmp_path / "leaked.dcso"
    command = ("export", dump, "--kind", "password", "--to", "dcso", "-o", out)
    done = leakcheck(*command, "--rate", str(rate), "--json")
    assert done.status == 0, done.err
    told = json.loads(done.out)
    assert told["export"] == {
        "to": "dcso", "kind": "password", "keys": told["export"]["keys"], "rate": rate,
        "bytes": out.stat().st_size,
    }  # fmt: skip
    assert told["complete"] is True
    assert told["duplicates"] == 1
    assert dcso(out, hashes(HELD)) == len(HELD)
    alarms = dcso(out, hashes(ABSENT))
    assert rate / 2 < alarms / len(ABSENT) < rate * 1.6
    assert f"Capacity:		{told['export']['keys']}" in run("bloom", "show", out)


@pytest.mark.parametrize("memory", ["1M", "1G"])
def test_text_is_the_hashes_in_order_each_once(tmp_path: Path, memory: str) -> None:
    many = words(30_000, 3)
    (tmp_path / "list.txt").write_bytes(lines(many + many[:5000]))
    out = tmp_path / "hashes.txt"
    done = leakcheck(
        "export", tmp_path / "list.txt", "--kind", "password", "--to", "text", "-o", out,
        "--memory", memory, "--force",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert out.read_bytes() == b"".join(sorted(set(hashes(many).splitlines(keepends=True))))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_what_is_exported_as_text_is_read_again(dump: Path, tmp_path: Path) -> None:
    out = tmp_path / "hashes.txt"
    assert leakcheck("export", dump, "--kind", "ntlm", "--to", "text", "-o", out).status == 0
    built = leakcheck("build", out, "--kind", "ntlm", "-o", tmp_path / "nt.bloom", "--json")
    other = leakcheck("build", dump, "--kind", "ntlm", "-o", tmp_path / "other.bloom", "--json")
    assert json.loads(built.out)["filter"]["id"] == json.loads(other.out)["filter"]["id"]


REFUSED = [
    ("keycloak", "sha1.txt", "it holds hashes, but the passwords themselves are needed"),
    ("keycloak", "nt.txt", "this is a list of hashes of 32 digits"),
    ("keycloak", "a.bloom", "a filter holds bits, which give no passwords"),
    ("passwdqc", "a.bloom", "a filter holds bits, which give no whole digests"),
    ("dcso", "a.bloom", "a filter holds bits"),
    ("text", "a.bloom.keys", "kept keys are eight bytes of each digest and a checksum"),
    ("passwdqc", "sha1.txt", "this is a list of hashes of 40 digits, and kind ntlm has 32"),
    ("keycloak", "windows.txt", "holds no keys of kind password"),
    ("dcso", "salted.csv", "the passwords in it are salted hashes"),
    ("text", "empty.txt", "the file is empty"),
    ("text", "missing.txt", "missing.txt"),
]


@pytest.mark.parametrize(("to", "name", "reason"), REFUSED, ids=lambda part: part[:12])
def test_what_a_format_cannot_hold_is_refused(
    tmp_path: Path, to: str, name: str, reason: str
) -> None:
    (tmp_path / "list.txt").write_bytes(lines(HELD[:50]))
    built = leakcheck(
        "build", "list.txt", "--kind", "password", "-o", "a.bloom", "--keep-keys", cwd=tmp_path
    )
    assert built.status == 0
    (tmp_path / "sha1.txt").write_bytes(hashes(HELD[:50]))
    nt = [nt_hash(word).hex() for word in HELD[:50]]
    (tmp_path / "nt.txt").write_text("".join(f"{one}\n" for one in nt))
    accounts = [f"acme\\u{at}:{1000 + at}:{'a' * 32}:{one}:::\n" for at, one in enumerate(nt)]
    (tmp_path / "windows.txt").write_text("".join(accounts))
    salted = "".join(f"u{at}@acme.fr,$2b$12${'a' * 53}\n" for at in range(50))
    (tmp_path / "salted.csv").write_text("email,password\n" + salted)
    (tmp_path / "empty.txt").touch()
    out = "out.bloom"
    kind = ["--kind", "password"] if to in ("dcso", "text") else []
    done = leakcheck("export", name, "--to", to, *kind, "-o", out, cwd=tmp_path)
    assert reason in one_sentence(done)
    assert not [path.name for path in tmp_path.iterdir() if out in path.name]


def test_hashes_beside_passwords_are_no_passwords(tmp_path: Path) -> None:
    """A format of plaintext cannot have them: that is said, and nothing is written."""
    rows = [{"email": "a@acme.fr", "password": word} for word in HELD[:60]]
    rows += [{"email": "b@acme.fr", "sha1": "a" * 40}]
    (tmp_path / "users.json").write_text(json.dumps(rows))
    out = tmp_path / "k.bloom"
    command = ("export", tmp_path / "users.json", "--from", "json", "--to", "keycloak", "-o", out)
    done = leakcheck(*command)
    assert "1 record not understood (a hash, not a password)" in one_sentence(done)
    assert not out.exists()
    taken = leakcheck(*command, "--keep-going", "--json")
    assert taken.status == 0
    told = json.loads(taken.out)
    assert (told["export"]["keys"], told["complete"]) == (60, False)
    assert told["inputs"][0]["rejected"] == {"a hash, not a password": 1}


def test_what_was_not_read_whole_is_not_written(dump: Path, tmp_path: Path) -> None:
    (dump / "broken.txt.gz").write_bytes(b"\x1f\x8b\x08\x00 this is no gzip")
    out = tmp_path / "hashes.txt"
    command = ("export", dump, "--kind", "password", "--to", "text", "-o", out)
    assert "is not written without it: see --keep-going" in one_sentence(leakcheck(*command))
    assert not out.exists()
    assert leakcheck(*command, "--keep-going").status == 0
    assert len(out.read_bytes().splitlines()) >= len(HELD)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--to", "keycloak", "-o", "out.txt"), "ends in .bloom"),
        (("--to", "passwdqc", "-o", "o", "--rate", "0.1"), "leave --rate out"),
        (("--to", "text", "-o", "o", "--rate", "0.1"), "leave --rate out"),
        (("--to", "dcso", "-o", "o", "--rate", "0.9"), "--rate must lie between"),
        (("--to", "passwdqc", "-o", "o", "--kind", "email"), "leave --kind out"),
        (("--to", "text", "-o", "taken.txt"), "use --force"),
        (("--to", "text", "-o", "nowhere/o"), "cannot be written"),
    ],
)
def test_wrong_use(tmp_path: Path, arguments: tuple[str, ...], reason: str) -> None:
    (tmp_path / "list.txt").write_bytes(lines(HELD[:50]))
    (tmp_path / "taken.txt").write_text("mine")
    done = leakcheck("export", "list.txt", *arguments, cwd=tmp_path)
    assert reason in one_sentence(done)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.txt", "taken.txt"]
    assert (tmp_path / "taken.txt").read_text() == "mine"


def test_no_password_stands_in_what_is_written(dump: Path, tmp_path: Path) -> None:
    for to in ("keycloak", "passwdqc", "dcso", "text"):
        kind = ["--kind", "password"] if to in ("dcso", "text") else []
        out = tmp_path / f"{to}.bloom"
        done = leakcheck("export", dump, "--to", to, *kind, "-o", out)
        assert done.status == 0, done.err
        told = out.read_bytes() + done.out.encode() + done.err.encode()
        assert not [word for word in HELD if word.encode() in told]
