"""/metrics, /healthz and /readyz, from a thread of their own: they answer while the worker still waits for Kafka."""

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

_ALIVE_SECONDS: Final = 30.0  # judgement: an event loop silent for longer is stuck


class Health:
    """What the worker tells of itself: when its loop last turned, and why it is not ready, if it is not."""

    def __init__(self) -> None:
        self._beat = time.monotonic()
        self.waiting_for: Callable[[], str | None] = lambda: "starting"

    def beat(self) -> None:
        """The event loop is turning."""
        self._beat = time.monotonic()

    @property
    def alive(self) -> bool:
        """Whether the event loop turned lately."""
        return time.monotonic() - self._beat < _ALIVE_SECONDS


def serve(host: str, port: int, health: Health) -> ThreadingHTTPServer:
    """Serve until the process ends. Raises OSError when the port is taken."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name is http.server's
            path = self.path.split("?", 1)[0]
            if path == "/metrics":
                self._answer(200, generate_latest(), CONTENT_TYPE_LATEST)
            elif path == "/healthz":
                self._answer(*((200, b"ok\n") if health.alive else (503, b"the event loop is stuck\n")))
            elif path == "/readyz":
                reason = health.waiting_for()
                self._answer(*((200, b"ready\n") if reason is None else (503, f"{reason}\n".encode())))
            else:
                self._answer(404, b"/metrics, /healthz or /readyz\n")

        def _answer(self, status: int, body: bytes, content_type: str = "text/plain; charset=utf-8") -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Probes every few seconds are not worth a line."""

    server = ThreadingHTTPServer((host, port), Handler)
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    return server
