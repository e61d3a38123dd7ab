"""For the benchmarks of the network: nginx on loopback, with https and HTTP/2."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONFIG = """
{user} daemon off; worker_processes 1; pid {home}/pid; error_log {home}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; default_type application/octet-stream; open_file_cache max=1000;
  keepalive_requests 100000000; http2_max_concurrent_streams 256;
  client_body_temp_path {home}/a; proxy_temp_path {home}/b; fastcgi_temp_path {home}/c;
  uwsgi_temp_path {home}/d; scgi_temp_path {home}/e;
  server {{
    listen 127.0.0.1:{port}; listen 127.0.0.1:{tls} ssl http2;
    ssl_certificate {home}/pair.pem; ssl_certificate_key {home}/pair.pem;
    root {root};
    location ~ "^/range/(?<prefix>[0-9A-Fa-f]{{4}}(?<last>[0-9A-Fa-f]))$" {{
      alias {root}/bodies/$last; sub_filter "-----" $prefix; sub_filter_types *;
      sub_filter_last_modified on; gzip on; gzip_types *; gzip_min_length 1; gzip_comp_level 1;
    }}
  }}
}}
"""


@contextmanager
def nginx(home: Path, root: Path) -> Iterator[tuple[str, str, int]]:
    """nginx serving `root`: its http URL, its https URL, its process. Sets SSL_CERT_FILE.

    /range/ABCDE is answered with the file bodies/E, in which five hyphens become ABCDE, for a
    corpus of any size in which no two ranges are alike.
    """
    import trustme

    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        raise SystemExit("nginx is not installed")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(home / "ca.pem"))
    pair = authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem
    pair.write_to_path(str(home / "pair.pem"))
    os.environ["SSL_CERT_FILE"] = str(home / "ca.pem")
    port, tls = free_port(), free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    config = home / "nginx.conf"
    config.write_text(CONFIG.format(user=user, home=home, root=root, port=port, tls=tls))
    process = subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}", f"https://127.0.0.1:{tls}", process.pid
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def tree(pid: int) -> list[int]:
    """The process `pid` and all that it started."""
    found = [pid]
    for parent in found:
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        except OSError:
            continue
        found += map(int, children)
    return found


def cpu_seconds(pids: list[int]) -> float:
    """CPU time of `pids` so far."""
    total = 0.0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def resident(pids: list[int]) -> int:
    """Memory of `pids` in bytes; what they share is counted once each."""
    total = 0
    for pid in pids:
        try:
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            continue
        total += pages * os.sysconf("SC_PAGE_SIZE")
    return total
