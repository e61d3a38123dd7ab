"""Messages in the languages of people: complete, sound, and never in what programs read."""

import json
import pickle
import re
from pathlib import Path

import pytest
from program import leakcheck, one_sentence

from leakcheck import language
from leakcheck.language import NARROW, Message, day, figure, joined, local, said, said_of
from leakcheck.wording import counted, number, odds, printable, size

FRENCH = "fr_FR.UTF-8"


@pytest.fixture(scope="module")
def catalogues() -> object:
    """The script that makes the catalogues."""
    import importlib.util

    path = Path(__file__).parent.parent / "scripts" / "messages.py"
    spec = importlib.util.spec_from_file_location("messages", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_message_is_translated(catalogues: object) -> None:
    wrong = catalogues.wrong()  # type: ignore[attr-defined]
    told = "\n".join(wrong)
    assert not wrong, f"run python scripts/messages.py, and translate what is open:\n{told}"


def test_what_is_not_said_is_found(catalogues: object) -> None:
    import ast

    def unsaid(code: str, name: str = "leakcheck/commands/x.py") -> list[str]:
        return list(catalogues.unsaid(name, ast.parse(code)))  # type: ignore[attr-defined]

    for code in (
        'raise InputError(f"{path}: it cannot be opened.")',
        'warn("the file is gone")',
        'REASON = "no such row"',
        'facts["note"] = f"{a} of {b}"',
    ):
        assert len(unsaid(code)) == 1, code
    for code in (
        'warn(said("the file is gone"))',
        'def f():\n    """Of no interest."""',
        'if text == "no such row": pass',
        'typer.Option("--a", help="What to do.")',
        're.compile("at line (.*)")',
        'x["two words"] = 1',
    ):
        assert unsaid(code) == [], code


def test_what_would_say_1_files_is_found(catalogues: object) -> None:
    def unpaired(*messages: object) -> list[str]:
        return list(catalogues.unpaired(messages))  # type: ignore[attr-defined]

    for text in ("git lists {gone} files, and", "{bad} of the ranges kept are", "{n} more groups"):
        assert len(unpaired(text)) == 1, text
        assert unpaired((text, text)) == []
    assert unpaired("more than {most} bytes", "page {damaged} is damaged", "{name}: {rows}") == []


@pytest.mark.parametrize("command", [[], ["build"], ["filters"], ["filters", "add"], ["scan"]])
def test_help_in_french(command: list[str]) -> None:
    done = leakcheck(*command, "--help", LC_ALL=FRENCH)
    assert done.status == 0
    prose = re.sub(r"--\S+|<[^>]*>|\[OPTIONS\]|[A-Z.]{3,}|« .* »", "", done.out)
    assert not re.search(r"\b(the|of|and|with|to|is|default|required)\b", prose), prose
    assert done.out.startswith(f"Usage{NARROW}: leakcheck")
    assert "--help" in done.out
    assert "Afficher ce message" in done.out
    english = leakcheck(*command, "--help")
    assert english.out.startswith("Usage: leakcheck")
    assert leakcheck("--language", "fr", *command, "--help").out == done.out


def test_no_catalogue_is_loaded_for_english() -> None:
    import subprocess
    import sys

    code = (
        "import sys; sys.argv[1:] = ['check', '--help']\n"
        "from leakcheck import __main__, language\n"
        "__main__.run(sys.argv[1:])\n"
        "assert 'gettext' not in sys.modules or not language._tongue.cache_info().currsize\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env={"LC_ALL": "C"}, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_french_is_set_as_french_is(catalogues: object) -> None:
    path = catalogues.catalogues()["fr"]  # type: ignore[attr-defined]
    for message in catalogues.read(path, "fr"):  # type: ignore[attr-defined]
        if not message.id:
            continue
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        for text in texts:
            bare = re.sub(r"\S*(://|\$HEX)\S*|[:;] [^ ]*[:;]$", "", text)
            assert not re.search(r" [;:?!»]|« ", bare), f"a narrow blank is wanted: {text!r}"
            assert not re.search(r"[^\s\u202f;:?!+=[\]`-][;?!]", bare), f"one is missing: {text!r}"
            assert not re.search(r"[A-Za-zÀ-ÿ]'[A-Za-zÀ-ÿ]", bare), f"’ is wanted: {text!r}"


def test_a_message_is_its_english_and_can_say_itself() -> None:
    message = said("{name}: {reason}.", name="a.bloom", reason=said("its proof cannot be read"))
    assert message == "a.bloom: its proof cannot be read."
    assert json.dumps([message]) == '["a.bloom: its proof cannot be read."]'
    french = f"a.bloom{NARROW}: sa preuve est illisible."
    assert local(message, "fr") == french
    assert local(pickle.loads(pickle.dumps(message)), "fr") == french
    assert local(str(ValueError(message)), "fr") == french
    assert local(printable(message), "fr") == french
    assert local("not a message", "fr") == "not a message"
    assert isinstance(local(message, "en"), Message)


def test_braces_in_values_are_left_alone() -> None:
    assert local(said("{name}: {reason}.", name="{0}", reason="{x}"), "fr") == (
        f"{{0}}{NARROW}: {{x}}."
    )


@pytest.mark.parametrize(
    ("message", "english", "french"),
    [
        (number(1234567), "1,234,567", "1\u202f234\u202f567"),
        (size(45_200_000), "45.2 MB", "45,2\u202fMo"),
        (size(999), "999 bytes", "999 octets"),
        (counted(0, "row"), "0 rows", "0 ligne"),
        (counted(1, "row"), "1 row", "1 ligne"),
        (counted(2, "row"), "2 rows", "2 lignes"),
        (counted(1500, "password"), "1,500 passwords", "1\u202f500 mots de passe"),
        (odds(1e-6), "1 in 1,000,000", "1 sur 1\u202f000\u202f000"),
        (odds(0.75), "75%", "75\u202f%"),
        (odds(0), "none", "aucune"),
        (figure("13.4"), "13.4", "13,4"),
        (day("2026-11-26"), "2026-11-26", "26 novembre 2026"),
        (day("2026-02-01"), "2026-02-01", "1er février 2026"),
        (day("2026-02"), "2026-02", "février 2026"),
        (day("2026"), "2026", "2026"),
        (day("2026-13-01"), "2026-13-01", "2026-13-01"),
        (day("of old"), "of old", "of old"),
        (joined("; ", [said("clean"), "x"]), "clean; x", "pas trouvé; x"),
        (said_of(2, "seen {count} time", "seen {count} times", count=number(2)),
         "seen 2 times", "vu 2 fois"),
    ],
)  # fmt: skip
def test_numbers_plurals_and_dates(message: str, english: str, french: str) -> None:
    assert message == english
    assert local(message, "en") == english
    assert local(message, "fr") == french


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr"}, "fr"),
        ({"LANG": "fr_CA.ISO-8859-1@euro"}, "fr"),
        ({"LANG": "fr_FR", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US", "LC_MESSAGES": "fr_BE"}, "fr"),
        ({"LANG": "fr_FR", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "fr_FR", "LC_ALL": ""}, "fr"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "de:fr:en"}, "fr"),
        ({"LANG": "C", "LANGUAGE": "fr"}, "en"),
        ({"LANG": "frr_DE.UTF-8"}, "en"),
        ({"LANG": "../../fr"}, "en"),
    ],
)
def test_the_language_of_the_locale(variables: dict[str, str], wanted: str) -> None:
    assert language.of_locale(variables) == wanted


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filter of one address."""
    folder = tmp_path_factory.mktemp("language")
    (folder / "dump.txt").write_text("alice@example.fr:horse\n")
    (folder / "staff.csv").write_text("nom,mail\nA,alice@example.fr\nC,c@example.org\nB,nobody\n")
    (folder / "watch.txt").write_text("alice@example.fr\n")
    (folder / "app.env").write_text("DB_PASSWORD=letmein\n")
    (folder / "chrome.csv").write_text(
        "name,url,username,password\n"
        "shop,https://shop.example/,alice@example.fr,letmein\n"
        "bank,https://bank.example/,alice,V9!kd-33qpLx\n"
        "forum,https://forum.example/,alice,V9!kd-33qpLx\n"
    )
    done = leakcheck("build", "dump.txt", "-o", "acme.bloom", "--kind", "email", "--name", "Acme",
                     "--date", "2026-02-01", cwd=folder)  # fmt: skip
    assert done.status == 0
    return folder


def test_a_check_in_french(folder: Path) -> None:
    done = leakcheck("check", "alice@example.fr", "--in", "acme.bloom", cwd=folder, LC_ALL=FRENCH)
    assert done.status == 1
    first, *rest = done.out.splitlines()
    assert first == (
        f"alice@example.fr{NARROW}: trouvé dans Acme (1er février 2026, fausse alerte{NARROW}: "
        "moins d’une chance sur mille milliards)"
    )
    assert rest[0].startswith("  Changez le mot de passe du compte")
    assert not re.search(r"\b(the|password|breach|of)\b", done.out)
    clean = leakcheck("check", "bob@example.fr", "--in", "acme.bloom", cwd=folder, LC_ALL=FRENCH)
    assert clean.status == 0
    assert clean.out.startswith(f"bob@example.fr{NARROW}: pas trouvé dans Acme")


def test_errors_in_french(folder: Path) -> None:
    assert one_sentence(leakcheck("check", "nobody", LC_ALL=FRENCH)) == (
        f"leakcheck: Ce n’est pas une adresse électronique{NARROW}: il y manque un @."
    )
    missing = leakcheck("check", "a@b.fr", "--in", "none.bloom", cwd=folder, LC_ALL=FRENCH)
    assert "ce fichier n’existe pas" in one_sentence(missing)
    assert "vouliez-vous dire check" in one_sentence(leakcheck("chekc", LC_ALL=FRENCH))


def test_a_scan_and_its_page_in_french(folder: Path) -> None:
    scan = ["scan", "staff.csv", "--in", "acme.bloom", "--force"]
    done = leakcheck(*scan, "-o", "page.html", cwd=folder, LC_ALL=FRENCH)
    assert done.status == 1
    assert done.out.startswith(f"3 lignes{NARROW}: 1 dans une fuite, 1 sans réponse, 1 dans aucune")
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert '<html lang="fr">' in page
    assert '<span class="verdict exposed">trouvé</span>' in page
    assert '<option value="unknown">pas de réponse</option>' in page
    assert '<td data-key="2026-02-01">1er février 2026' in page, "sorted as a date, read as one"
    assert "Changez le mot de passe du compte" in page
    prose = re.sub(r"<(style|script)>.*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    assert not re.search(r"\b(the|rows?|of|password|breach|summary)\b", prose, re.IGNORECASE)
    markdown = leakcheck(*scan, "--format", "markdown", cwd=folder, LC_ALL=FRENCH)
    assert "trouvé dans Acme" in markdown.out


def test_a_vault_in_french(folder: Path) -> None:
    done = leakcheck("vault", "chrome.csv", cwd=folder, LC_ALL=FRENCH)
    assert done.status == 1
    head, first, *_ = done.out.splitlines()
    assert head.split("\t") == ["Compte", "Identifiant", "Verdict", "Problème", "Que faire", "Où"]
    assert "\texposed\tcompromis" in first, "in a pipe the verdict is the word for programs"
    assert "le même mot de passe que forum.example [alice]" in done.out
    assert f"Supprimez maintenant l’export{NARROW}:" in done.out
    wrong = one_sentence(leakcheck("vault", "acme.bloom", cwd=folder, LC_ALL=FRENCH))
    assert "un filtre, et non des données" in wrong


def test_filters_in_french(folder: Path) -> None:
    none = leakcheck("filters", "list", LC_ALL=FRENCH)
    assert none.out.startswith("Aucun filtre n’est installé")
    added = leakcheck("filters", "add", "acme.bloom", cwd=folder, LC_ALL=FRENCH)
    assert added.out == "acme.email est installé.\n"
    listed = leakcheck("filters", "list", LC_ALL=FRENCH).out
    assert "1er février 2026" in listed
    assert "moins d’une chance sur mille milliards" in listed
    assert leakcheck("filters", "remove", "acme", LC_ALL=FRENCH).out == "acme.email est supprimé.\n"


MACHINE = [
    ["check", "alice@example.fr", "bob@example.fr", "--in", "acme.bloom", "--json"],
    ["check", "alice@example.fr", "--json"],
    ["check", "--from-file", "staff.csv", "--in", "acme.bloom", "--json"],
    *(["scan", "staff.csv", "--in", "acme.bloom", "--format", name]
      for name in ("csv", "tsv", "json", "jsonl", "sarif", "junit", "github", "codequality")),
    *(["vault", "chrome.csv", "--format", name] for name in ("csv", "json", "jsonl", "sarif")),
    ["ci", "app.env", "--format", "json"],
    ["ci", "app.env", "--format", "sarif"],
    ["hunt", "dump.txt", "--watch", "watch.txt", "--format", "jsonl"],
    ["info", "acme.bloom", "--json"],
    ["filters", "list", "--json"],
    ["inspect", "dump.txt", "--json"],
]  # fmt: skip


@pytest.mark.parametrize("command", MACHINE, ids=" ".join)
def test_what_programs_read_is_not_translated(command: list[str], folder: Path) -> None:
    def run(**env: str) -> tuple[int, str]:
        done = leakcheck(*command, cwd=folder, **env)
        moments = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?"
        return done.status, re.sub(moments, "NOW", done.out)

    english = run()
    assert english[1]
    assert run(LC_ALL=FRENCH) == english
    assert run(LEAKCHECK_LANG="fr", LC_ALL=FRENCH, LANGUAGE="fr") == english


def test_a_library_says_its_messages_in_a_language() -> None:
    from leakcheck import check
    from leakcheck.errors import SubjectError

    with pytest.raises(SubjectError) as raised:
        check(["nobody"])
    assert str(raised.value) == "This is not an e-mail address: it has no @."
    assert local(str(raised.value), "fr").startswith("Ce n’est pas une adresse électronique")


def test_a_password_is_asked_for_in_french() -> None:
    import pexpect
    from program import LEAKCHECK

    child = pexpect.spawn(LEAKCHECK, ["check", "--password"], encoding="utf-8", timeout=60,
                          env={"LC_ALL": FRENCH, "PATH": "/usr/bin:/bin"})  # fmt: skip
    child.expect("Mot de passe")
    child.sendline("letmein")
    child.expect(r"trouvé\S* dans les 100.000")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1


def test_what_others_word_is_said_in_french_too(folder: Path) -> None:
    from leakcheck import trust

    remembered = trust._in_words(trust.vouched("example.org/acme", 3))
    assert local(remembered, "fr") == "signé par example.org/acme, édition 3"
    no_filter = leakcheck("check", "a@b.fr", "--in", "dump.txt", cwd=folder, LC_ALL=FRENCH)
    assert f"Ce n’est pas un filtre{NARROW}:" in one_sentence(no_filter)
    missing = leakcheck("vault", LC_ALL=FRENCH)
    told = "leakcheck vault --help dit ce qu’il faut donner."
    assert one_sentence(missing) == f"leakcheck: Il manque EXPORT...{NARROW}: {told}"
    (folder / "a-folder").mkdir()
    there = leakcheck("filters", "add", "a-folder", cwd=folder, LC_ALL=FRENCH)
    assert not re.search(r"\b(the|is|directory)\b", one_sentence(there))
    assert leakcheck("keys", "list", LC_ALL=FRENCH).out.startswith("Vous ne faites encore")
