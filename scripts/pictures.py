"""Draw docs/pictures: a terminal as it is, what a page of a filter is, and how a remote check goes.

    python scripts/pictures.py

The terminal is the real program's output. Nothing in the pictures is loaded
from elsewhere: they have no fonts but those of whoever looks.
"""

import hashlib
import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

from rich.console import Console
from rich.text import Text

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
LEAKCHECK = str(Path(sys.executable).parent / "leakcheck")
DUMP = """alice@example.fr:correct horse battery staple
bob@example.org:hunter2
Notre contact : <helene.o'brien@example.fr>.
"""
SHOWN = [
    "leakcheck build dump.txt -o acme.bloom --name 'Acme 2026' --date 2026-02-01 --kind email",
    "leakcheck check alice@example.fr --in acme.bloom",
    "leakcheck check carol@example.org --in acme.bloom",
    "leakcheck check --password < password.txt",
]
STYLE = """<style>
text { font: 14px system-ui, sans-serif; fill: #1c2733 }
.small { font-size: 12px; fill: #4a5a6a }
.code { font-family: ui-monospace, monospace }
.box { fill: #fff; stroke: #33475b; stroke-width: 1.5 }
.lit { fill: #ffd9a0; stroke: #b45f06; stroke-width: 1.5 }
.soft { fill: #eef3f8; stroke: #9fb1c2 }
.line { stroke: #33475b; stroke-width: 1.5; fill: none; marker-end: url(#tip) }
</style>
<defs><marker id="tip" markerWidth="9" markerHeight="9" refX="8" refY="4.5" orient="auto">
<path d="M0 0 9 4.5 0 9z" fill="#33475b"/></marker></defs>
<rect width="100%" height="100%" fill="#fbfcfd"/>"""


def terminal() -> str:
    """The commands and what they print, in the colours of a terminal."""
    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True)
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "home").mkdir()
        (Path(place) / "dump.txt").write_text(DUMP, "utf-8")
        (Path(place) / "password.txt").write_text("letmein\n")
        for command in SHOWN:
            done = subprocess.run(
                command.replace("leakcheck", f"{LEAKCHECK} --color always", 1),
                shell=True, cwd=place, capture_output=True, text=True, check=False,
                env=os.environ | {"LEAKCHECK_HOME": f"{place}/home", "COLUMNS": "100"},
            )  # fmt: skip
            console.print(Text(f"$ {command}", style="bold"))
            if "build" in command:  # its time differs from run to run
                done.stdout = re.sub(r"[\d.]+ s$", "0.1 s", done.stdout.strip()) + "\n"
            console.print(Text.from_ansi((done.stdout + done.stderr).rstrip()))
            console.print()
    drawn = console.export_svg(title="leakcheck", unique_id="leakcheck")
    drawn = re.sub(r"\s*@font-face \{.*?\}", "", drawn, flags=re.S)
    return drawn.replace("Fira Code", "ui-monospace")


def picture(width: int, height: int, what: str, *parts: str) -> str:
    """A drawing; `what` is read aloud in its place."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(what)}">\n{STYLE}\n' + "\n".join(parts) + "\n</svg>\n"
    )


def box(x: int, y: int, width: int, height: int, *lines: str, kind: str = "box") -> str:
    """A rectangle with lines of text in its middle."""
    middle = y + height / 2 - 9 * (len(lines) - 1) + 5
    text = "".join(
        f'<text x="{x + width / 2}" y="{middle + 18 * at}" '
        f'text-anchor="middle">{escape(line)}</text>'
        for at, line in enumerate(lines)
    )
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="4"/>{text}'


def words(x: int, y: int, text: str, kind: str = "small", anchor: str = "middle") -> str:
    """A line of text."""
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def arrow(*points: tuple[int, int]) -> str:
    """A line through points, with a tip."""
    return f'<path class="line" d="M{" L".join(f"{x} {y}" for x, y in points)}"/>'


def page() -> str:
    """How an address becomes a place on one page of the file."""
    digest = hashlib.sha1(b"alice@example.fr").hexdigest()
    pages = [
        box(40 + 66 * at, 190, 60, 50, ("header", "page 0", "page 1", "page 2", "page 3", "…",
            "page p", "…", "last")[at], kind="lit" if at == 6 else "soft" if at == 0 else "box")
        for at in range(9)
    ]  # fmt: skip
    return picture(
        680, 400,
        "An address becomes a digest; the digest's first bits choose one page of the file; "
        "its other bits choose a few bits on that page; the page ends with its checksum.",
        box(40, 30, 170, 46, "alice@example.fr"),
        arrow((210, 53), (268, 53)),
        words(239, 44, "SHA-1"),
        '<rect class="lit" x="270" y="30" width="90" height="46" rx="4"/>',
        '<rect class="soft" x="360" y="30" width="280" height="46" rx="4"/>',
        words(315, 58, f"{digest[:6]}…", "code"),
        words(500, 58, f"…{digest[6:30]}…", "code"),
        words(315, 94, "first bits: which page"),
        words(500, 94, "all bits: which bits on the page"),
        arrow((315, 102), (315, 140), (466, 140), (466, 188)),
        *pages,
        words(40, 262, "one file; a check reads one page, 4,096 bytes", anchor="start"),
        arrow((466, 240), (466, 290)),
        '<rect class="lit" x="40" y="292" width="520" height="46" rx="4"/>',
        '<rect class="soft" x="560" y="292" width="80" height="46" rx="4"/>',
        words(300, 320, "0010000100000010…  32,704 bits  …0100000010000100", "code"),
        words(600, 320, "checksum"),
        words(40, 362, "all its bits on the page set: exposed", anchor="start"),
        words(300, 362, "one of them not set: clean", anchor="start"),
        words(486, 362, "wrong checksum: unknown", anchor="start"),
    )  # fmt: skip


def remote() -> str:
    """What passes between a person and a server."""
    return picture(
        680, 330,
        "A remote check: the address stays on the machine; the server is asked for the header and "
        "for one page by its number, and sees no more than that number.",
        box(30, 20, 250, 290, kind="soft"),
        box(400, 20, 250, 290, kind="soft"),
        words(155, 44, "your machine", "", "middle"),
        words(525, 44, "any web server", "", "middle"),
        box(60, 62, 190, 40, "alice@example.fr", kind="lit"),
        box(60, 126, 190, 40, "page number 8,191"),
        arrow((155, 102), (155, 124)),
        words(164, 118, "never sent", anchor="start"),
        arrow((250, 138), (428, 138)),
        words(340, 130, "the bytes of page 8,191"),
        box(430, 126, 190, 40, "acme.bloom"),
        arrow((430, 158), (252, 158)),
        words(340, 176, "4,096 bytes"),
        box(60, 212, 190, 40, "checksum, signature"),
        arrow((155, 166), (155, 210)),
        box(50, 266, 210, 34, "exposed, clean or unknown"),
        arrow((155, 252), (155, 264)),
        words(525, 200, "It sees one page number, which a"),
        words(525, 218, "few thousand people share, and the"),
        words(525, 236, "network address. Every answer"),
        words(525, 254, "has the same size."),
    )  # fmt: skip


def main() -> None:
    """Draw all."""
    FOLDER.mkdir(exist_ok=True)
    for name, drawn in (("terminal", terminal()), ("page", page()), ("remote", remote())):
        (FOLDER / f"{name}.svg").write_text(drawn, "utf-8")


if __name__ == "__main__":
    main()
