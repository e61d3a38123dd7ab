"""What a user settles once: where it comes from, what wins, and what is wrong in it."""

import json
import os
from pathlib import Path

import pytest
from program import leakcheck, one_sentence

from leakcheck import config

SECRET = "s3cret-of-the-proxy"


@pytest.fixture(scope="module")
def filters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filter of addresses and one of passwords."""
    folder = tmp_path_factory.mktemp("filters")
    (folder / "people.txt").write_text("alice@example.fr:horse\n")
    (folder / "passwords.txt").write_text("a-password-of-our-own\n")
    for kind, dump in (("email", "people.txt"), ("password", "passwords.txt")):
        done = leakcheck("build", dump, "-o", f"{kind}.bloom", "--kind", kind, "--name", kind,
                         cwd=folder)  # fmt: skip
        assert done.status == 0, done.err
    return folder


@pytest.fixture
def home(tmp_path: Path, filters: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the filters beside its configuration."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("email.bloom", "password.bloom"):
        (home / name).write_bytes((filters / name).read_bytes())
    monkeypatch.setenv("LEAKCHECK_HOME", str(home))
    return home


def settings(*options: str, **env: str) -> dict[str, tuple[object, str, str]]:
    """What `leakcheck config --json` says of each setting."""
    done = leakcheck("config", "--json", *options, **env)
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert found["version"] == 1
    return {one["name"]: (one["value"], one["origin"], one["where"]) for one in found["settings"]}


def test_whether_the_file_is_there(home: Path) -> None:
    assert not config.Config(home / "config.toml").exists
    for there in (False, True):
        told = json.loads(leakcheck("config", "--json").out)
        assert (told["exists"], told["file"]) == (there, str(home / "config.toml"))
        (home / "config.toml").write_text("")


def test_an_option_comes_before_a_variable_and_that_before_the_file(home: Path) -> None:
    assert settings()["color"] == ("auto", "default", "")
    assert settings(NO_COLOR="1")["color"] == ("never", "variable", "NO_COLOR")
    (home / "config.toml").write_text('# mine\ncolor = "always"\nlanguage = "fr"\n')
    assert settings(NO_COLOR="1")["color"] == ("always", "file", "2")
    assert settings(LEAKCHECK_COLOR="never")["color"] == ("never", "variable", "LEAKCHECK_COLOR")
    found = settings("--color", "auto", LEAKCHECK_COLOR="never")
    assert found["color"] == ("auto", "option", "--color")
    assert found["language"] == ("fr", "file", "3")
    assert settings("--language", "en")["language"] == ("en", "option", "--language")
    assert settings(LEAKCHECK_LANG="en_GB.UTF-8")["language"][0] == "en"


def test_the_settings_are_in_force(home: Path) -> None:
    asked = ("check", "alice@example.fr", "--in", str(home / "email.bloom"))
    (home / "config.toml").write_text('color = "always"\nlanguage = "fr"\n')
    done = leakcheck(*asked)
    assert "\x1b[31;1mtrouvé\x1b[0m" in done.out
    assert "exposed" in leakcheck(*asked, "--language", "en", "--color", "never").out
    assert "exposed" in leakcheck(*asked, LEAKCHECK_LANG="en", LEAKCHECK_COLOR="never").out
    assert "trouvé" in leakcheck("--color", "never", *asked).out


def test_sources_are_asked_where_none_is_named(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (home / "config.toml").write_text('in = ["email.bloom", "password.bloom"]\n')
    assert leakcheck("check", "alice@example.fr", cwd=elsewhere).status == 1
    mine = leakcheck("check", "--password", given=b"a-password-of-our-own\n", cwd=elsewhere)
    assert mine.status == 1
    assert "100,000" not in mine.out, "what is settled takes the place of the built-in filter"
    (elsewhere / "list.txt").write_text("alice@example.fr\nbob@example.fr\n")
    assert leakcheck("scan", "list.txt", "--format", "summary", cwd=elsewhere).status == 1
    (elsewhere / "chrome.csv").write_text(
        "name,url,username,password\na,https://a.example/,al,a-password-of-our-own\n"
    )
    assert leakcheck("vault", "chrome.csv", cwd=elsewhere).status == 1
    (elsewhere / "app.env").write_text("DB_PASSWORD=a-password-of-our-own\n")
    assert leakcheck("ci", "app.env", cwd=elsewhere).status == 1


def test_sources_of_another_kind_leave_the_usual_ones(home: Path) -> None:
    (home / "config.toml").write_text('in = ["email.bloom"]\n')
    done = leakcheck("check", "--password", given=b"letmein\n")
    assert done.status == 1
    assert "100,000 most used" in done.out


def test_sources_by_kind(home: Path) -> None:
    (home / "config.toml").write_text('in.password = ["hibp"]\nin.email = ["email.bloom"]\n')
    assert leakcheck("check", "alice@example.fr").status == 1
    refused = leakcheck("check", "--password", "--offline", given=b"letmein\n")
    assert "--offline forbids asking hibp" in one_sentence(refused)


def test_names_in_a_variable(home: Path, tmp_path: Path) -> None:
    (tmp_path / "with blank.bloom").write_bytes((home / "email.bloom").read_bytes())
    names = f"'{tmp_path}/with blank.bloom' password.bloom"
    assert leakcheck("check", "alice@example.fr", cwd=home, LEAKCHECK_IN=names).status == 1
    wrong = leakcheck("check", "alice@example.fr", LEAKCHECK_IN="'open")
    assert "LEAKCHECK_IN has a quotation mark" in one_sentence(wrong)


def test_a_source_that_is_not_there_is_an_error(home: Path) -> None:
    (home / "config.toml").write_text('in = ["gone.bloom"]\n')
    assert "gone.bloom: there is no such file" in one_sentence(leakcheck("check", "a@b.fr"))


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("color = 'always'\nfoo = 1\n", 2, "there is no setting foo"),
        ("[foo]\ncolor = 'never'\n", 1, "there is no setting foo"),
        ("\n\ncolor = 'pink'\n", 3, "color takes one of auto, always, never"),
        ("language = 'de'\n", 1, "language takes one of en, fr"),
        ("progress = true\n", 1, "progress takes one of"),
        ("in = 'acme.bloom'\n", 1, "in takes a list"),
        ("in = [3]\n", 1, "in takes a list"),
        ("in = ['']\n", 1, "in takes a list"),
        ("in = {}\n", 1, "in takes a list"),
        ("# \n[in]\nsms = ['a']\n", 2, "in takes a list"),
        ("proxy = 'localhost:9050'\n", 1, "proxy takes the URL of a proxy"),
        ("color = 'never'\ncolor = 'never'\n", 2, "not valid TOML"),
        ("x = [\n", 2, "not valid TOML"),
        ("color = 'never'\n\udcff\n", 2, "not UTF-8"),
    ],
)
def test_a_wrong_file_is_an_error_that_names_the_line(
    text: str, line: int, word: str, home: Path
) -> None:
    (home / "config.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    for command in (["config"], ["check", "alice@example.fr", "--in", str(home / "email.bloom")]):
        said = one_sentence(leakcheck(*command))
        assert f"config.toml, line {line}: " in said
        assert word in said
    assert leakcheck("check", "--help").status == 0


@pytest.mark.parametrize("variable", ["LEAKCHECK_COLOR", "LEAKCHECK_PROGRESS", "LEAKCHECK_LANG",
                                      "LEAKCHECK_PROXY"])  # fmt: skip
def test_a_wrong_variable_is_an_error(variable: str) -> None:
    assert f"{variable} takes" in one_sentence(leakcheck("config", **{variable: "pink"}))


def test_what_is_no_file_is_an_error(home: Path) -> None:
    place = home / "config.toml"
    place.mkdir()
    assert "not a regular file" in one_sentence(leakcheck("config"))
    place.rmdir()
    os.mkfifo(place)
    assert "not a regular file" in one_sentence(leakcheck("config"))
    place.unlink()
    place.symlink_to(home / "nowhere")
    assert "leads nowhere" in one_sentence(leakcheck("config"))
    place.unlink()
    with place.open("wb") as file:
        file.truncate(2 << 20)
    assert "too large" in one_sentence(leakcheck("config"))


def test_no_secret_is_shown(home: Path) -> None:
    (home / "config.toml").write_text(
        f'proxy = "socks5h://me:{SECRET}@127.0.0.1:9050"\n'
        f'in = ["https://me:{SECRET}@host.example/a.bloom?token={SECRET}", "hibp"]\n'
    )
    for extra in ((), ("--json",)):
        done = leakcheck("config", *extra, HIBP_API_KEY=SECRET,
                         https_proxy=f"http://me:{SECRET}@proxy.example:8080")  # fmt: skip
        assert done.status == 0
        assert SECRET not in done.out + done.err
        assert "socks5h://•••@127.0.0.1:9050" in done.out
        assert "https://•••@host.example/a.bloom" in done.out
        assert "HIBP_API_KEY" in done.out
    (home / "config.toml").write_text(f'proxy = "me:{SECRET}@127.0.0.1"\n')
    assert SECRET not in one_sentence(leakcheck("config"))


def test_a_file_in_a_repository_is_never_read(tmp_path: Path, home: Path) -> None:
    repository = tmp_path / "repository"
    for folder in (repository, repository / ".config" / "leakcheck", repository / "leakcheck"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.toml").write_text('in = ["hibp"]\nnonsense = true\n')
    done = leakcheck("config", "--json", cwd=repository)
    assert json.loads(done.out)["exists"] is False
    # A variable that names a folder by where one stands is not obeyed: a repository could be there.
    done = leakcheck("config", "--json", cwd=repository, LEAKCHECK_HOME="", HOME=str(tmp_path),
                     XDG_CONFIG_HOME=".")  # fmt: skip
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert found["exists"] is False
    assert Path(found["file"]).is_absolute()


def test_the_folder_is_the_platforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKCHECK_HOME", "")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert config.path_of() == tmp_path / "leakcheck" / "config.toml"


def test_the_library_reads_no_configuration(home: Path) -> None:
    import leakcheck as library

    (home / "config.toml").write_text("nonsense = true\n")
    found = library.check(["letmein"], kind="password")
    assert found[0].verdict == "exposed"


def test_a_proxy_is_gone_through(home: Path) -> None:
    (home / "config.toml").write_text('proxy = "http://127.0.0.1:9"\n')
    done = leakcheck("check", "alice@example.fr", "--in", "http://127.0.0.1:1/a.bloom")
    assert done.status == 2
    assert "proxy" in done.out + done.err or "connection" in done.out + done.err


def test_it_is_told_in_columns(home: Path) -> None:
    (home / "config.toml").write_text('in = ["email.bloom"]\n')
    done = leakcheck("config")
    first, head, *rows = done.out.splitlines()
    assert first == f"Configuration: {home / 'config.toml'}."
    assert head == "setting\tvalue\tfrom"
    assert rows[0] == "in\temail.bloom\tfile, line 1"
    assert leakcheck("config", LC_ALL="fr_FR.UTF-8").out.splitlines()[1] == (
        "réglage\tvaleur\torigine"
    )
