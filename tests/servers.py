"""A mail server and a web server on this machine, that remember what they were sent."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class WebServer:
    """What was posted to it: path, headers and document of each."""

    port: int
    posted: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)


@contextmanager
def web_server(*, status: int = 200, slow_s: float = 0.0) -> Iterator[WebServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(slow_s)
            found.posted.append((self.path, dict(self.headers), json.loads(body)))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = WebServer(server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class MailServer:
    """What was mailed to it: the receivers and the mail of each."""

    port: int
    mailed: list[tuple[list[str], Message]] = field(default_factory=list)


@contextmanager
def mail_server() -> Iterator[MailServer]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        found = MailServer(probe.getsockname()[1])

    class Handler:
        async def handle_DATA(self, _: Any, session: Any, envelope: Any) -> str:
            found.mailed.append((list(envelope.rcpt_tos), message_from_bytes(envelope.content)))
            return "250 taken"

    controller = Controller(Handler(), hostname="127.0.0.1", port=found.port)
    controller.start()
    try:
        yield found
    finally:
        controller.stop()
