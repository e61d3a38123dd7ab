"""What a host needs to be told: headers, as several hosts take them, and the usual small files."""

import datetime
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from leakcheck.publishing.page import asked_origins, policy
from leakcheck.publishing.request import SiteFilter, SiteRequest

BINARY = ("*.bloom", "*.verity", "*.note", "*.bin")
"""Files that are to be served as they are: not compressed, by ranges, to pages of any origin."""


FIELDS = {
    "X-Content-Type-Options": "nosniff",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Range",
    "Cache-Control": "no-cache",
}
"""Header fields of every file."""


def page_fields(connect: Sequence[str]) -> dict[str, str]:
    """Header fields of the page itself besides."""
    return {
        "Content-Security-Policy": policy(connect),
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
    }


def files(request: SiteRequest, filters: Sequence[SiteFilter]) -> Mapping[str, str]:
    """The files for the host, by name."""
    fields = page_fields(asked_origins(request, filters))
    in_a_year = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=365)
    expiry = f"{in_a_year:%Y-%m-%dT00:00:00Z}"
    return {
        "_headers": _headers(fields),
        "host/nginx.conf": _nginx(request, fields),
        "host/Caddyfile": _caddy(request, fields),
        "robots.txt": "User-agent: *\nDisallow: /*.bloom\nDisallow: /*.verity\nDisallow: /*.bin\n",
        ".well-known/security.txt": f"Contact: {request.contact_url}\nExpires: {expiry}\n",
    }


def _headers(fields: Mapping[str, str]) -> str:
    """For hosts that read a file of this name (Netlify, Cloudflare Pages, `leakcheck serve`)."""
    lines = ["/*", *(f"  {name}: {value}" for name, value in FIELDS.items())]
    for pattern in ("", "*.html"):
        lines += [f"/{pattern}", *(f"  {name}: {value}" for name, value in fields.items())]
    for pattern in BINARY:
        lines += [f"/{pattern}", "  Content-Type: application/octet-stream"]
    return "\n".join(lines) + "\n"


def _nginx(request: SiteRequest, fields: Mapping[str, str]) -> str:
    path = urlsplit(request.url).path
    given = [f'    add_header {name} "{value}" always;' for name, value in FIELDS.items()]
    for name, value in fields.items():  # nginx sends no header field that is empty
        variable = "$page_" + name.lower().replace("-", "_")
        given += [
            f'    set {variable} "";',
            f'    if ($uri ~ (/|\\.html)$) {{ set {variable} "{value}"; }}',
            f"    add_header {name} {variable} always;",
        ]
    lines = "\n".join(given)
    return f"""\
# nginx: inside `server`. {path} is served from this folder: adapt the path of `alias`.
# No log: it would hold which page each visitor asked for.
location {path} {{
    alias /srv/site/;
    index index.html;
    access_log off;
    etag off;
    if_modified_since off;
    types {{
        text/html html; text/css css; text/javascript js; application/json json;
        text/plain txt;
    }}
    default_type application/octet-stream;
    gzip on;
    gzip_comp_level 9;
    gzip_types text/css text/javascript application/json text/plain;
{lines}
}}
"""


def _caddy(request: SiteRequest, fields: Mapping[str, str]) -> str:
    parts = urlsplit(request.url)
    given = "\n".join(f'        {name} "{value}"' for name, value in FIELDS.items())
    shown = "\n".join(f'        {name} "{value}"' for name, value in fields.items())
    path = parts.path.rstrip("/")
    return f"""\
# Caddy: adapt the path of `root`. Nothing is logged unless `log` asks for it.
{parts.netloc} {{
    handle_path {path}/* {{
        root * /srv/site
        file_server
        @text path *.html *.css *.js *.json *.txt */
        encode @text gzip
        header {{
{given}
        -Etag
        }}
        @page path *.html */
        header @page {{
{shown}
        }}
    }}
}}
"""
