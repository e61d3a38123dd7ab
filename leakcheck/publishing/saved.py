"""The page as one HTML file, to be kept and opened from a disk: it asks the host and its mirrors.

The modules of site/ are written plainly enough for a bundler of a screen: imports and exports
stand at the beginning of a line, each import on one line, none goes in a circle.
"""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path

from leakcheck.publishing.page import MODULES, Assets, one_page, shown_texts
from leakcheck.publishing.request import SITE, SiteFilter, SiteRequest
from leakcheck.trust.edition import Edition

_IMPORT = re.compile(
    r"^import (?:\* as (?P<whole>\w+)|\{ (?P<names>[^}]+) \})"
    r' from "\./(?P<file>\w+)\.js";$',
    re.MULTILINE,
)
_EXPORT = re.compile(
    r"^export (?P<rest>(?:async )?(?:function|class|const) (?P<name>\w+))", re.MULTILINE
)
_AGAIN = re.compile(r"^export \{ (?P<names>[\w, ]+) \};\n", re.MULTILINE)


def pages(
    request: SiteRequest, filters: Sequence[SiteFilter], edition: Edition | None, about: bytes
) -> dict[str, bytes]:
    """The HTML files, one a language, by name. about: the text of site.json."""
    code, style = _script(), (SITE / "style.css").read_text(encoding="utf-8")
    found = {}
    for language in request.languages:
        held = {
            "base": request.url,
            "about": json.loads(about),
            "tables": (SITE / "tables.txt").read_text(encoding="ascii"),
            "texts": shown_texts(request, language),
        }
        assets = Assets(
            f"<style>{style}</style>\n"
            f'<script type="application/json" id="saved">{_data_text(held)}</script>\n'
            f'<script type="module">{code}</script>',
            _content_hash(code),
            _content_hash(style),
        )
        html = one_page(request, filters, edition, language, assets, own=False)
        found[f"saved/{language}.html"] = html
    return found


def _script() -> str:
    """All modules of the page as one script."""
    parts = [_wrapped(name) for name in _in_order()]
    return "\n".join([*parts, _without_imports((SITE / "app.js").read_text(encoding="utf-8"))])


def _in_order() -> list[str]:
    """The modules, each after those that it imports."""
    order: list[str] = []

    def visit(name: str) -> None:
        text = (SITE / name).read_text(encoding="utf-8")
        for found in _IMPORT.finditer(text):
            visit(f"{found['file']}.js")
        if name not in order:
            order.append(name)

    for name in MODULES:
        visit(name)
    return order


def _wrapped(name: str) -> str:
    text = (SITE / name).read_text(encoding="utf-8")
    exported = [found["name"] for found in _EXPORT.finditer(text)]
    for found in _AGAIN.finditer(text):
        exported += [each.strip() for each in found["names"].split(",")]
    body = _EXPORT.sub(r"\g<rest>", _AGAIN.sub("", _without_imports(text)))
    given = ", ".join(exported)
    return f"const {_variable(Path(name).stem)} = (() => {{\n{body}return {{ {given} }};\n}})();"


def _without_imports(text: str) -> str:
    def taken(found: re.Match[str]) -> str:
        names = found["whole"] or "{ " + found["names"].replace(" as ", ": ") + " }"
        return f"const {names} = {_variable(found['file'])};"

    return _IMPORT.sub(taken, text)


def _variable(stem: str) -> str:
    return f"module_{stem}"


def _content_hash(text: str) -> str:
    """What a Content-Security-Policy calls an inline script or style by."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def _data_text(value: object) -> str:
    """JSON that can stand in a script element."""
    return json.dumps(value, ensure_ascii=True).replace("<", "\\u003c")
