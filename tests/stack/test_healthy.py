"""The containers' health check, against servers that answer in each way."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from compose_file import PROJECT

CHECK = PROJECT / "scripts" / "container" / "healthy.py"
REPORT = {"metadatabase": {"status": "healthy"}, "scheduler": {"status": "unhealthy"}}


class Server(BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    def do_GET(self) -> None:
        self.send_response(int(self.path[1:]))
        self.end_headers()
        self.wfile.write(json.dumps(REPORT).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("question", "code", "said"),
    [
        (["200"], 0, ""),
        (["200", "metadatabase"], 0, ""),
        (["200", "scheduler"], 1, "scheduler is not healthy"),
        (["200", "triggerer"], 1, "triggerer is not healthy"),
        (["403"], 0, ""),
        (["503"], 1, "answers with 503"),
    ],
)
def test_a_part_is_healthy_if_the_server_says_so(
    address: str, question: list[str], code: int, said: str
) -> None:
    path, *part = question
    done = ask(f"{address}/{path}", *part)
    assert (done.returncode, said in done.stdout, done.stderr) == (code, True, "")


def test_a_server_that_is_not_there_is_not_healthy() -> None:
    done = ask("http://127.0.0.1:9/")
    assert done.returncode == 1
    assert "does not answer" in done.stdout


def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(CHECK), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
