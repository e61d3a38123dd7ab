"""What a name means: a service, a URL, a file, or an installed filter; all opened or none."""

import logging
import re
from pathlib import Path

import pytest

from leakcheck import check_digest, sources
from leakcheck.errors import FilterError, UsageError
from leakcheck.sources import Access, Usual, installed, names
from leakcheck.sources.filter_file import Builder
from leakcheck.sources.filter_header import about
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Verdict

KEY = bytes(range(20))
PACKAGE = Path(sources.__file__).parent.parent


def make(path: Path, kind: Kind = Kind.EMAIL) -> Path:
    with Builder(kind.digest_bytes) as builder:
        builder.add(KEY[: kind.digest_bytes])
        builder.finish(path, 1e-6, about(kind, name=path.stem))
    return path


def opened(*named: str | Path, kinds: tuple[Kind, ...] = (Kind.EMAIL,)) -> list[str]:
    found = names.open_all([str(name) for name in named], kinds, Access())
    names.close_all(found)
    return [f"{source.info.name}:{source.info.kind}" for source in found]


@pytest.mark.parametrize(
    ("name", "remote"),
    [
        ("hibp", True),
        ("HIBP", False),
        ("./hibp", False),
        ("http://host/a.bloom", True),
        ("HTTPS://host/a.bloom", True),
        ("a.bloom", False),
        ("/a//b.bloom", False),
        ("http:/a.bloom", False),
        ("x/http://a.bloom", False),
        ("C:\\a.bloom", False),
    ],
)
def test_which_names_are_remote(name: str, remote: bool) -> None:
    assert names.is_remote(name) is remote


@pytest.mark.parametrize("name", ["ftp://host/a.bloom", "file:///a.bloom", "x-y+z.1://"])
def test_a_scheme_that_is_not_known_is_refused_and_not_shown(name: str) -> None:
    with pytest.raises(UsageError, match="knows http://, https://, s3://"):
        names.is_remote(name)


@pytest.mark.parametrize("name", ["http://u:PW@h/x?t=PW", "https://u:P/W@h/x", "http://u:P?W@h/"])
def test_offline_names_the_host_and_no_secret(name: str) -> None:
    with pytest.raises(
        UsageError, match=r"^--offline forbids asking (the URL|http://\S+): "
    ) as error:
        names.open_all([name], [Kind.EMAIL], Access(offline=True))
    assert not re.search("P.?W", str(error.value))


def test_installed_filters_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    installed.add(make(tmp_path / "forum.bloom"))
    for name in ("forum.email", "forum", "forum.email.bloom"):
        assert opened(name) == ["forum:email"]
    (tmp_path / "forum.bloom").unlink()
    assert opened("forum.bloom") == ["forum:email"]
    with pytest.raises(FilterError, match="no such file, and no filter of that name is installed"):
        opened("shop")
    with pytest.raises(FilterError, match="there is no such file"):
        opened("./forum.email")
    assert opened(make(tmp_path / "forum.email")) == ["forum:email"]
    make(tmp_path / "forum", Kind.DOMAIN)
    with pytest.raises(FilterError, match="holds subjects of kind domain"):
        opened("forum")  # a file of that name comes first


def test_an_installed_name_that_fits_several(tmp_path: Path) -> None:
    installed.add(make(tmp_path / "forum.bloom"))
    installed.add(make(tmp_path / "a.bloom", Kind.PASSWORD), "forum")
    installed.add(make(tmp_path / "b.bloom", Kind.NTLM), "forum")
    assert opened("forum") == ["forum:email"]
    assert opened("forum", kinds=(Kind.NTLM,)) == ["b:ntlm"]
    with pytest.raises(UsageError, match=r"fits several .*forum\.ntlm or forum\.password"):
        opened("forum", kinds=(Kind.PASSWORD, Kind.NTLM))


def test_an_installed_filter_that_is_damaged_is_refused_by_name(tmp_path: Path) -> None:
    installed.add(make(tmp_path / "forum.bloom"))
    (installed.folder() / "forum.email.bloom").write_bytes(b"damaged")
    with pytest.raises(FilterError, match="forum"):
        opened("forum")


def test_all_or_none(tmp_path: Path) -> None:
    closed: list[str] = []

    class Noted:
        info = names.LocalFilter(make(tmp_path / "a.bloom")).info

        def reach(self, access: Access) -> None:
            pass

        def close(self) -> None:
            closed.append(self.info.name)

    names.SERVICES["test"] = names.Scheme(lambda name, kinds, access: Noted())  # type: ignore[arg-type,return-value]
    try:
        with pytest.raises(FilterError):
            opened("test", "test", tmp_path / "missing.bloom")
        assert closed == ["a", "a"]
    finally:
        del names.SERVICES["test"]


def test_what_obliges_is_asked_for_the_kind_of_the_others(tmp_path: Path) -> None:
    ntlm, domain = make(tmp_path / "n.bloom", Kind.NTLM), make(tmp_path / "d.bloom", Kind.DOMAIN)
    kinds = (Kind.PASSWORD, Kind.NTLM)
    assert opened("hibp", ntlm, kinds=kinds) == ["Pwned Passwords:ntlm", "n:ntlm"]
    assert opened("hibp", kinds=kinds) == ["Pwned Passwords:password"]
    with pytest.raises(UsageError, match="learns 24 bits of the address"):  # of domains nothing
        opened("hibp", domain, kinds=(Kind.EMAIL, Kind.DOMAIN))


def told(found: list[sources.Source]) -> list[str]:
    names.close_all(found)
    return [f"{source.info.name}:{source.info.kind}" for source in found]


def test_where_none_is_named_the_usual_ones_that_can_answer_are_asked(tmp_path: Path) -> None:
    domain = str(make(tmp_path / "d.bloom", Kind.DOMAIN))
    email = str(make(tmp_path / "e.bloom"))
    installed.add(make(tmp_path / "forum.bloom"))
    for usual, wanted in (
        ([Usual(domain, Kind.DOMAIN), Usual(email)], ["e:email"]),
        ([Usual(domain), Usual(email, Kind.EMAIL), Usual(email)], ["e:email", "e:email"]),
        ([Usual(domain)], ["forum:email"]),
        ([], ["forum:email"]),
    ):
        assert told(names.open_all([], [Kind.EMAIL], Access(usual=tuple(usual)))) == wanted


def test_a_usual_one_is_opened_for_its_own_kind() -> None:
    kinds = (Kind.PASSWORD, Kind.NTLM)
    for kind, wanted in ((None, "password"), (Kind.PASSWORD, "password"), (Kind.NTLM, "ntlm")):
        access = Access(usual=(Usual("hibp", kind),))
        assert told(names.open_all([], kinds, access)) == [f"Pwned Passwords:{wanted}"]


def test_what_is_asked_about_passwords(tmp_path: Path) -> None:
    """The named ones, else the usual ones, else the installed ones and the embedded one."""
    named = str(make(tmp_path / "n.bloom", Kind.NTLM))
    usual = Access(usual=(Usual(str(make(tmp_path / "u.bloom", Kind.NTLM))),))
    assert told(names.open_for_passwords([named], usual)) == ["n:ntlm"]
    assert told(names.open_for_passwords([], usual)) == ["u:ntlm"]
    embedded = f"{names.EMBEDDED_NAME}:password"
    assert told(names.open_for_passwords([], Access())) == [embedded]
    installed.add(make(tmp_path / "forum.bloom", Kind.PASSWORD))
    assert told(names.open_for_passwords([], Access())) == ["forum:password", embedded]
    assert told(names.default_sources(Kind.PASSWORD)) == ["forum:password", embedded]


def test_each_source_is_told_of_the_access_and_noted_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[Access] = []
    monkeypatch.setattr(
        "leakcheck.sources.filter_file.LocalFilter.reach",
        lambda source, access: reached.append(access),
    )
    email = str(make(tmp_path / "e.bloom"))
    caplog.set_level(logging.DEBUG, "leakcheck")
    for listed, access in (([email], Access(offline=True)), ([], Access(usual=(Usual(email),)))):
        names.close_all(names.open_all(listed, [Kind.EMAIL], access))
        assert (reached.pop(), reached) == (access, [])
    names.close_all(names.open_all([], [Kind.PASSWORD], Access()))
    noted = ["e (email, 1 key)"] * 2 + [f"{names.EMBEDDED_NAME} (password, 100,094 keys)"]
    assert caplog.messages == [f"asking {one}" for one in noted]


def test_a_name_as_it_is_shown() -> None:
    assert names.shown("a.bloom") == "a.bloom"
    assert names.shown("https://u:pw@host/a?t=pw").startswith("https://host")


def test_names_in_a_file_are_seen_from_its_folder(tmp_path: Path) -> None:
    installed.add(make(tmp_path / "forum.bloom"))
    for name in ("hibp", "https://host/a.bloom", "forum.email"):
        assert names.seen_from(tmp_path, name) == name
    for name in ("forum.bloom", "sub/forum.email", "missing"):
        assert names.seen_from(tmp_path, name) == str(tmp_path / name)
    assert names.seen_from(tmp_path, "/x.bloom") == "/x.bloom"


def test_the_kind_of_a_digest_is_that_of_the_filter(tmp_path: Path) -> None:
    path = make(tmp_path / "n.bloom", Kind.NTLM)
    answer = check_digest(KEY[:16].hex(), sources=[str(path)])
    assert (answer.kind, answer.verdict) == (Kind.NTLM, Verdict.EXPOSED)
    with pytest.raises(FilterError, match="holds subjects of kind ntlm"):
        check_digest(KEY.hex(), sources=[str(path)])


def test_no_room_asks_what_a_source_is_made_of() -> None:
    """Sources are told apart by what they say of themselves, names by this module alone."""
    found = [
        f"{path.relative_to(PACKAGE)}:{number}"
        for path in PACKAGE.rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"isinstance\(.*(LocalFilter|Unanswering|Remote|Range|Source)", line)
        or (re.search(r"""[=!]= "hibp"|startswith\(.*"http""", line) and path.name != "names.py")
    ]
    assert found == []
