"""The HTTP server: what is answered to which request."""

import json
import socket
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .about import about


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    timeout = 10  # seconds that a silent client may keep a thread

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/":
                self.answer(HTTPStatus.OK, about() | {"host": socket.gethostname()})
            case "/healthz":
                self.answer(HTTPStatus.OK, {"status": "ok"})
            case _:
                self.answer(HTTPStatus.NOT_FOUND, {"error": "no such path"})

    def answer(self, status: HTTPStatus, body: dict[str, str]) -> None:
        """Send a status and a body as JSON."""
        data = json.dumps(body).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log requests, except those of probes."""
        if self.path != "/healthz":
            super().log_request(code, size)


class Server(ThreadingHTTPServer):
    """Serves each request in a thread; closing it waits for those that are being answered."""

    daemon_threads = False
