"""A web origin of the compose demo: says which site it is, and answers a health check.

It shows where a client arrived and no more. `SITE` names the site, `PORT` the port (80).
"""

import os
import signal
import socket
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SITE = os.environ.get("SITE", "nowhere")


class Origin(BaseHTTPRequestHandler):
    """`/healthz` answers ok; every other path says where the client is."""

    def do_GET(self) -> None:
        """Answer."""
        host = socket.gethostname()
        body = b"ok\n" if self.path == "/healthz" else f"hello from {SITE} ({host})\n".encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log clients, not the health checks of every second."""
        if self.path != "/healthz":
            super().log_request(code, size)


if __name__ == "__main__":
    # A container's first process ignores signals that it has no handler for.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer(("", int(os.environ.get("PORT", "80"))), Origin).serve_forever()
