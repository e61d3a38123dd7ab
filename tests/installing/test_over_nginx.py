"""Downloads from a real web server: whole, resumed, lied about, updated."""

from pathlib import Path

import pytest
from installing.publisher import ACME, Publisher, command

from leakcheck.sources import installed
from leakcheck.trust.edition import FILE_NAME
from leakcheck.trust.store import Store

KEYS = 700_000
"""Enough for more than two pieces of a download."""


class OnNginx(Publisher):
    """A publisher whose files nginx serves, from the folder that they are in."""

    base = ""

    @property
    def url(self) -> str:
        return self.base

    def serve(self) -> None:
        """They are served as they lie there."""


@pytest.fixture
def acme(nginx: tuple[Path, str, str]) -> OnNginx:
    root, url, _ = nginx
    found = OnNginx(root)
    found.base = url
    found.build("acme", range(KEYS), origin=ACME.name)
    found.sign("acme")
    Store().trust(ACME.verifier)
    return found


def place() -> Path:
    return installed.folder() / "acme.email.bloom"


def digest_in(note: Path) -> str:
    return note.read_text().split("sha256:")[1][:32]


def test_from_the_first_byte_to_the_next_edition(acme: OnNginx) -> None:
    source = acme.folder / "acme.bloom"
    whole = source.read_bytes()
    assert len(whole) > 2 << 20
    # An earlier run was killed in the midst of a page.
    place().parent.mkdir(parents=True)
    partial = place().with_name(f".{place().name}.{digest_in(acme.folder / FILE_NAME)}.download")
    partial.write_bytes(whole[:1_000_001])
    status, out, err = command("filters", "add", f"{acme.url}/acme.bloom")
    assert (status, err) == (0, "")
    assert f"signed by {ACME.name}, edition 1" in out
    assert place().read_bytes() == whole
    assert not partial.exists()
    log = (acme.folder.parent / "nginx" / "access.log").read_text()
    assert sum(int(line.split()[9]) for line in log.splitlines() if "acme.bloom " in line) < len(
        whole
    )
    # The next edition comes in place of this one; a lie about it does not.
    acme.build("acme", range(KEYS + 5000), origin=ACME.name)
    acme.sign("acme")
    good = source.read_bytes()
    draft = acme.folder / "new"
    draft.write_bytes(good[:-9] + bytes([good[-9] ^ 1]) + good[-8:])
    draft.replace(source)
    assert command("filters", "update", "--quiet")[0] == 2
    assert place().read_bytes() == whole
    draft.write_bytes(good)
    draft.replace(source)
    assert command("filters", "update", "--quiet") == (1, "", "")
    assert place().read_bytes() == good
    assert command("filters", "update", "--quiet") == (0, "", "")


def test_what_is_no_list_installs_nothing(acme: OnNginx) -> None:
    note = acme.folder / FILE_NAME
    with note.open("ab") as file:
        file.truncate(100 << 20)
    status, _, err = command("filters", "add", f"{acme.url}/acme.bloom")
    assert (status, len(err.splitlines())) == (2, 1)
    note.unlink()
    status, _, err = command("filters", "add", f"{acme.url}/acme.bloom")
    assert (status, "signed list of" in err) == (2, True)
    assert not place().exists()
