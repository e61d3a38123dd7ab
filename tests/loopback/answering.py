"""`leakcheck answer`, started and asked, and the files that its page shows."""

import http.client
import json
import re
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from program import LEAKCHECK

PAGE = Path(__file__).parent.parent.parent / "docs" / "membership.md"


class Running:
    """`leakcheck answer`, started and asked."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.path = folder / "a.sock"
        where = ["--socket", str(self.path)] if "--port" not in arguments else []
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [LEAKCHECK, "answer", *where, *arguments], stdout=log, stderr=log
            )
        until = time.monotonic() + 30
        while "Answering" not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < until
            time.sleep(0.05)

    @property
    def said(self) -> str:
        return self.log.read_text()

    @property
    def url(self) -> str:
        return re.search(r"http://\S+(?=/ )", self.said)[0]

    def connection(self) -> http.client.HTTPConnection:
        made = http.client.HTTPConnection("localhost", timeout=10)
        made.sock = socket.socket(socket.AF_UNIX)
        made.sock.settimeout(10)
        made.sock.connect(str(self.path))
        return made

    def ask(self, path: str, method: str = "GET") -> tuple[int, Any]:
        connection = self.connection()
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, json.loads(body) if body.startswith(b"{") else body.decode()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(10) == 0


def blocks() -> dict[str, str]:
    """The files that the page shows, by name."""
    found = re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    return dict(found)
