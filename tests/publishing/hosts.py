"""One nginx that serves a published folder well, and in the ways in which hosts go wrong."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from loopback.fixtures import _free_port, _wait_for

PATH = "/acme/"
CONFIG = """
{user} daemon off; worker_processes 1; pid {home}/pid; error_log {home}/error.log;
events {{ worker_connections 256; }}
http {{
  log_format asked '$request|$http_range|$http_referer$http_cookie|$request_length|$status';
  client_body_temp_path {home}/a; proxy_temp_path {home}/b; fastcgi_temp_path {home}/c;
  uwsgi_temp_path {home}/d; scgi_temp_path {home}/e;
{servers}
}}
"""
SERVER = """
  server {{
    listen 127.0.0.1:{port};
    {extra}
{location}
  }}
"""
# What each host does to the files that it serves; `site` is published with chunks, `bare` without.
HOSTS = {
    "well": ("site", ""),
    "elsewhere": ("site", ""),
    "sealed": ("sealed", ""),
    "ranges ignored": ("site", "max_ranges 0;"),
    "ranges ignored, no chunks": ("bare", "max_ranges 0;"),
    "ranges compressed": ("site", r"location ~ \.(bloom|verity)$ {{ {alias} {type} add_header "
                          "Content-Encoding gzip always; }}"),
    "not found in HTML": ("bare", r"location ~ \.bloom$ {{ {type} return 200 '<html>none'; }}"),
    "out of order": ("bare", r"location ~ \.bloom$ {{ return 503; }}"),
    "slow": ("bare", r"location ~ \.bloom$ {{ {alias} {type} limit_rate 100; }}"),
    "old list": ("old list", ""),
    "old filter": ("old filter", ""),
    "cut short": ("cut short", ""),
    "a page spoiled": ("spoiled", ""),
    "withdrawn": ("withdrawn", ""),
    "list missing": ("bare", r"location ~ \.note$ {{ return 404; }}"),
    "scripts as text": ("bare", r"location ~ \.js$ {{ {alias} types {{ }} default_type text/plain;"
                        " }}"),
}  # fmt: skip


@dataclass(frozen=True)
class Hosts:
    """The page's URL at each host, and the log of the good one."""

    urls: dict[str, str]
    log: Path

    def asked(self) -> list[list[str]]:
        """Each request to the good host: its line, range, referer and cookie, length, status."""
        return [line.split("|") for line in self.log.read_text("utf-8").splitlines()]


@contextmanager
def hosts(home: Path, folders: dict[str, Path]) -> Iterator[Hosts]:
    """All of HOSTS whose folder there is, each on its own port; folders: by the names in there."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("nginx is not installed")
    servers, ports = [], {}
    for name, (folder, extra) in HOSTS.items():
        if folder not in folders:
            continue
        ports[name] = _free_port()
        snippet = (folders[folder] / "host" / "nginx.conf").read_text(encoding="utf-8")
        location = snippet.replace("alias /srv/site/;", f"alias {folders[folder]}/;")
        log = f"access_log {home}/well.log asked;" if name == "well" else "access_log off;"
        location = location.replace("access_log off;", log)
        # In a location by pattern, an alias has the rest of the path in a group.
        alias = f"rewrite ^{PATH}(.*)$ /$1 break; root {folders[folder]};"
        kind = "types { } default_type application/octet-stream;"
        extra = extra.format(alias=alias, type=kind)
        servers.append(SERVER.format(port=ports[name], extra=extra, location=location))
    user = "user root;" if os.geteuid() == 0 else ""
    config = home / "nginx.conf"
    config.write_text(CONFIG.format(user=user, home=home, servers="\n".join(servers)))
    process = subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        for port in ports.values():
            _wait_for(port)
        urls = {name: f"http://127.0.0.1:{port}{PATH}" for name, port in ports.items()}
        yield Hosts(urls, home / "well.log")
    finally:
        process.terminate()
        process.wait(10)
