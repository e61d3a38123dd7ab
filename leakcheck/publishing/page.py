"""The page in each language: site/page.html, filled in."""

import base64
import hashlib
import html
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from leakcheck.publishing.request import SITE, SiteFilter, SiteRequest, texts
from leakcheck.trust.edition import Edition

MODULES = ("leakcheck.js", "address.js", "bytes.js", "filter.js", "note.js", "punycode.js",
            "remote.js", "tables.js", "verity.js", "xxh3.js")  # fmt: skip
"""What the page loads at its start; the rest where a filter, decoys or an old browser need it."""

_BY_MODE = frozenset(["exposed", "clean", "cleanMeans"])


class Assets(NamedTuple):
    """How a page comes by its styles and scripts: HTML, and the sources that its policy allows."""

    html: str
    scripts: str = "'self'"
    styles: str = "'self'"


def policy(connect: Sequence[str], assets: Assets | None = None) -> str:
    """The Content-Security-Policy: of a page with `assets`, or of all, as a header.

    connect: other origins that the page may ask.
    """
    rules = {
        "default-src": "'none'",
        "script-src": assets.scripts if assets else "'self'",
        "style-src": assets.styles if assets else "'self'",
        "img-src": "data:",
        "connect-src": " ".join(["'self'", *sorted(set(connect))]),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    if assets is None:  # a page cannot say this of itself
        rules["frame-ancestors"] = "'none'"
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def asked_origins(request: SiteRequest, filters: Sequence[SiteFilter]) -> list[str]:
    """The origins that the page asks besides its own: mirrors, and sealing services."""
    urls = list(request.mirrors)
    for each in filters:
        identity = each.header.about.get("identity")
        seal = identity.get("seal") if isinstance(identity, dict) else None
        urls += [seal["url"]] if isinstance(seal, dict) and "url" in seal else []
    return [origin_of(url) for url in urls]


def origin_of(url: str) -> str:
    """Scheme and host of a URL."""
    return "{0.scheme}://{0.netloc}".format(urlsplit(url))


def pages(
    request: SiteRequest, filters: Sequence[SiteFilter], edition: Edition | None
) -> dict[str, bytes]:
    """The HTML files, by name: one a language, and index.html for who comes without one."""
    links = [f'<link rel="modulepreload" href="{name}">' for name in MODULES]
    style, app = integrity(SITE / "style.css"), integrity(SITE / "app.js")
    links += [
        f'<link rel="stylesheet" href="style.css" integrity="{style}">',
        f'<script type="module" src="app.js" integrity="{app}"></script>',
    ]
    assets = Assets("\n".join(links))
    found = {
        f"{language}.html": one_page(request, filters, edition, language, assets)
        for language in request.languages
    }
    first = found[f"{request.languages[0]}.html"]
    return found | {"index.html": first.replace(b"<html ", b"<html data-auto ", 1)}


def one_page(
    request: SiteRequest,
    filters: Sequence[SiteFilter],
    edition: Edition | None,
    language: str,
    assets: Assets,
    *,
    own: bool = True,
) -> bytes:
    """The page in one language. own: whether it stands on the origin that it asks first."""
    words = texts(language)
    names = {one: texts(one)["language"] for one in request.languages}
    dates = sorted({str(date) for each in filters if (date := each.header.about.get("date"))})
    values = {key: value for key, value in words.items() if isinstance(value, str)} | {
        "title": request.title,
        "date": f" ({', '.join(dates)})" if dates else "",
        "lang": language,
        "policy": policy(
            asked_origins(request, filters) + ([] if own else [origin_of(request.url)]), assets
        ),
        "command": f"leakcheck check --in {request.url}{filters[0].path.name} "
        + ("me@example.org" if not filters[0].kind.secret else "--password"),
        "origin": words["unsigned"],
        "fingerprint": "",
        "sums": "\n".join(
            f"{_sha256(SITE / name)}  {name}" for name in ("style.css", "app.js", *MODULES)
        ),
    }
    if edition is not None:
        values["origin"] = say(
            words["signed"], origin=edition.origin, serial=edition.serial,
            date=f"{edition.issued:%Y-%m-%d}",
        )  # fmt: skip
        prints = ", ".join(signer.verifier.fingerprint for signer in request.signers)
        values["fingerprint"] = say(words["fingerprint"], fingerprint=prints)
    safe = {key: html.escape(value) for key, value in values.items()}
    contact = html.escape(request.contact)
    link = f'<a href="{html.escape(request.contact_url)}">{contact}</a>'
    safe["contact"] = html.escape(words["contact"]).replace("{contact}", link)
    safe["links"] = " ".join(
        f'<a href="{one}.html" lang="{one}" hreflang="{one}"'
        + (' aria-current="page"' if one == language else "")
        + f">{html.escape(name)}</a>"
        for one, name in names.items()
    )
    safe["assets"] = assets.html
    return fill((SITE / "page.html").read_text(encoding="utf-8"), safe).encode()


def shown_texts(request: SiteRequest, language: str) -> dict[str, object]:
    """Of the texts in a language, those that the scripts show: the page itself has the others."""
    words = texts(language)
    script = (SITE / "app.js").read_text(encoding="utf-8")
    data = dict.fromkeys([*request.data, "password"])
    return {
        name: {each: text[each] for each in data} if name in ("kinds", "actions") else text
        for name, text in words.items()
        if re.search(rf"\b{name}\b", script) or re.sub("(Password|Pair)$", "", name) in _BY_MODE
    }


def fill(template: str, values: Mapping[str, str]) -> str:
    """`template` with each {{name}} replaced, those in the values left alone."""
    parts = template.split("{{")
    out = parts[0]
    for part in parts[1:]:
        name, _, rest = part.partition("}}")
        out += values[name] + rest
    return out


def say(text: str, **values: object) -> str:
    """`text` with each {name} replaced, as site/app.js does it."""
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text


def integrity(path: Path) -> str:
    """What the attribute of that name says of a file."""
    return "sha384-" + base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
