"""The HTML report in a real browser: the policy lets its script run, and nothing else."""

import json
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
    assert "Rows shown: 4 of 4" in dom


def test_what_is_not_clean_is_printed_alone(page: Path, tmp_path: Path) -> None:
    """As a browser lays the page out for paper: what it hides there has no boxes."""
    whole = re.sub(r"<meta http-equiv[^>]*>", "", page.read_text())
    look = """<script>
    function seen(on) {
      return Array.prototype.filter.call(document.querySelectorAll(on), function (one) {
        return one.getClientRects().length > 0;
      }).map(function (one) { return one.textContent.trim(); });
    }
    var told = {rows: seen("tbody tr").length, tools: seen(".tools").length,
                note: seen(".printed").join(" ")};
    document.title = JSON.stringify(told);
    </script></body>"""
    titles = {}
    for name, style in (("screen", whole), ("print", whole.replace("@media print", "@media all"))):
        page.write_text(style.replace("</body>", look))
        dom, _ = rendered(page, tmp_path / name)
        found = re.search("<title>(.*?)</title>", dom)
        assert found is not None
        titles[name] = json.loads(found[1].replace("&quot;", '"'))
    assert titles["screen"] == {"rows": 4, "tools": 1, "note": ""}
    assert titles["print"] == {"rows": 3, "tools": 0, "note": "Clean rows are not printed."}


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
    assert "Rows shown: 2 of 4" in dom
