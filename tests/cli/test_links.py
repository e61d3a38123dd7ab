"""Links and pictures of the documentation: they lead somewhere, and load nothing."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
PICTURES = sorted((ROOT / "docs" / "pictures").glob("*.svg"))
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.S | re.M)


def anchors(page: Path) -> set[str]:
    """The names that a link can give for the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.M)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", one) for one in headings]
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if re.match(r"(https?|mailto):", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        assert target.is_relative_to(ROOT), f"{page.name}: {link}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{page.name}: {link}"


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_pictures_load_nothing_and_are_shown(picture: Path) -> None:
    drawn = picture.read_text("utf-8")
    ElementTree.fromstring(drawn)
    assert not re.search(r"url\((?!#)|@import|<image|<script|(?:xlink:)?href=", drawn)
    shown = [page for page in PAGES if f"pictures/{picture.name}" in page.read_text("utf-8")]
    assert shown, f"no page shows {picture.name}"


def test_there_are_pictures_and_links() -> None:
    assert len(PICTURES) >= 3
    assert sum(len(LINK.findall(prose(page))) for page in PAGES) > 100
