"""The HTML report in a real browser: the policy lets its script run, and nothing else."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from people import command

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")


def rendered(page: Path, profile: Path) -> tuple[str, str]:
    """The page's DOM after its scripts ran, and what the console said."""
    assert CHROMIUM is not None
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
         f"--user-data-dir={profile}", "--virtual-time-budget=2000", "--dump-dom", page.as_uri()],
        capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout.decode(), done.stderr.decode(errors="replace")


@pytest.fixture
def page(tmp_path: Path, asked: list[object]) -> Path:
    listing = tmp_path / "people.csv"
    rows = ["row10,carol@example.org", "row9,bob@acme.fr", "row1,alice@example.fr", "row2,x"]
    listing.write_text("name,mail\n" + "\n".join(rows) + "\n")
    target = tmp_path / "report.html"
    command("scan", listing, "-o", target, *asked)
    return target


def test_the_page_works_under_its_own_policy(page: Path, tmp_path: Path) -> None:
    dom, console = rendered(page, tmp_path / "profile")
    assert "Content Security Policy" not in console
    assert "Uncaught" not in console
    assert dom.count("<button") == dom.count("<th ")
    assert "4 of 4 rows shown" in dom


def test_the_policy_stops_any_other_script(page: Path, tmp_path: Path) -> None:
    whole = page.read_text().replace("</body>", "<script>document.title='run'</script></body>")
    page.write_text(whole)
    dom, console = rendered(page, tmp_path / "profile")
    assert "<title>run</title>" not in dom
    assert "Content Security Policy" in console


def test_sorting_and_filtering(page: Path, tmp_path: Path) -> None:
    """With the policy taken out, so that a script of the test's may click."""
    whole = re.sub(r"<meta http-equiv[^>]*>", "", page.read_text())
    click = """<script>
    document.querySelectorAll("th button").forEach(function (b) {
      if (b.textContent === "name") { b.click(); }
    });
    var verdict = document.querySelector("select");
    verdict.value = "exposed";
    verdict.dispatchEvent(new Event("change"));
    </script></body>"""
    page.write_text(whole.replace("</body>", click))
    dom, _ = rendered(page, tmp_path / "profile")
    body = dom.partition("<tbody>")[2]
    assert re.findall(r"row\d+", body) == ["row1", "row2", "row9", "row10"]
    assert 'aria-sort="ascending"' in dom
    shown = [row for row in re.findall(r"<tr([^>]*)>", body) if "hidden" not in row]
    assert len(shown) == 2
    assert "2 of 4 rows shown" in dom
