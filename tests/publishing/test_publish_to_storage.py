"""`leakcheck publish -o s3://…`: the folder as objects, with what a host must say of them."""

from pathlib import Path

from loopback.objects import Between, Lake, between, pointed
from program import leakcheck, one_sentence
from publishing.conftest import OPTIONS

URL = "s3://lake/acme"


def send(material: Path, *more: str, name: str = "acme.bloom", url: str = URL) -> object:
    return leakcheck(
        "publish", material / name, "-o", url, "--key", material / "acme.key", *OPTIONS, *more
    )


def test_the_objects_are_the_folder(lake: Lake, material: Path, tmp_path: Path) -> None:
    done = send(material, "--chunks")
    assert done.status == 0, done.err
    assert "s3://lake/acme is complete: serve it as https://filters.example.org/acme/" in done.out
    folder = tmp_path / "site"
    assert send(material, "--chunks", url=str(folder)).status == 0
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {name.removeprefix("acme/") for name in lake.keys()} == files  # noqa: SIM118
    for name in ("acme.bloom", "acme.bloom.verity", "app.js", "vendor/noble-ed25519.js"):
        assert lake.get(f"acme/{name}") == (folder / name).read_bytes()
    kinds = {name: lake.fields(f"acme/{name}") for name in files}
    assert {each["Cache-Control"] for each in kinds.values()} == {"no-cache"}
    for name, kind in {
        "index.html": "text/html; charset=utf-8",
        "style.css": "text/css; charset=utf-8",
        "app.js": "text/javascript; charset=utf-8",
        "site.json": "application/json",
        "acme.bloom": "application/octet-stream",
        "acme.bloom.verity": "application/octet-stream",
        "acme.bloom.chunks/0.bin": "application/octet-stream",
        "filters.note": "application/octet-stream",
    }.items():
        assert kinds[name]["Content-Type"] == kind, name


def test_the_list_is_the_last_and_counts_on(server: str, lake: Lake, material: Path) -> None:
    assert send(material).status == 0
    first = lake.get("acme/filters.note")
    refused = send(material)
    assert "s3://lake/acme: it exists already: use --force" in one_sentence(refused)
    with between(server, Between()) as told, pointed(server, told.url):
        again = send(material, "--force", name="secrets.bloom")
    assert again.status == 0, again.err
    assert "edition 2" in again.out
    assert "stays there, such as acme.bloom: remove" in again.err
    assert lake.get("acme/filters.note") != first
    put = [path for method, path, _ in told.seen if method == "PUT"]
    assert put[-2:] == ["/lake/acme/site.json", "/lake/acme/filters.note"]
    assert "acme/acme.bloom" in lake.keys()  # noqa: SIM118


def test_what_breaks_off_leaves_the_old_list(server: str, lake: Lake, material: Path) -> None:
    assert send(material).status == 0
    first = lake.get("acme/filters.note")
    fault = Between(lambda method, path, count: 403 if path.endswith("app.js") else None)
    with between(server, fault) as told, pointed(server, told.url):
        failed = send(material, "--force")
    assert "s3://lake/acme/app.js: it cannot be written: access is denied" in one_sentence(failed)
    assert lake.get("acme/filters.note") == first


def test_what_is_not_ours_stays(lake: Lake, material: Path) -> None:
    lake("acme/index.html", b"of somebody else")
    assert "was not published by leakcheck" in one_sentence(send(material, "--force"))
    assert lake.keys() == ["acme/index.html"]


def test_readers_who_trust_the_publisher_find_it_proved(lake: Lake, material: Path) -> None:
    assert send(material).status == 0
    key = leakcheck("keys", "public", material / "acme.key").out.strip()
    assert leakcheck("keys", "trust", key).status == 0
    found = leakcheck(
        "check", "alice@example.fr", "--in", f"{URL}/acme.bloom", "--require-signature"
    )
    assert found.status == 1, found.out + found.err
    page = bytearray(lake.get("acme/acme.bloom"))
    page[5000] ^= 1
    lake("acme/acme.bloom", bytes(page))
    found = leakcheck("check", "alice@example.fr", "--in", f"{URL}/acme.bloom")
    assert found.status == 2
    lake.delete("acme/filters.note")
    found = leakcheck(
        "check", "alice@example.fr", "--in", f"{URL}/acme.bloom", "--require-signature"
    )
    assert found.status == 2
