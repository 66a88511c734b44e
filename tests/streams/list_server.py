"""A real HTTP server for lists that can misbehave in every way a publisher's server has misbehaved."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHUNK = 512


class ListServer:
    """Serves `files` by path; `mode` says how it behaves, `seen` holds the requests and their conditions."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.etags: dict[str, str] = {}
        self.dates: dict[str, str] = {}
        self.mode = "well"
        self.failures_left = 0
        self.seen: list[tuple[str, str | None]] = []
        self.answers: list[int] = []
        self.url = ""

    def put(self, path: str, content: str | bytes, *, etag: str | None = None, modified: str | None = None) -> None:
        self.files[path] = content if isinstance(content, bytes) else content.encode()
        if etag is not None:
            self.etags[path] = etag
        if modified is not None:
            self.dates[path] = modified


@contextmanager
def list_server() -> Iterator[ListServer]:
    server = ListServer()
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    httpd.daemon_threads = True
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{httpd.server_port}"
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def _handler(server: ListServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

        def do_GET(self) -> None:
            condition = self.headers.get("If-None-Match") or self.headers.get("If-Modified-Since")
            server.seen.append((self.path, condition))
            self.close_connection = True
            if server.failures_left:
                server.failures_left -= 1
                self.answer(503, b"busy")
            elif self.path not in server.files:
                self.answer(404, b"not here")
            elif condition and condition in (server.etags.get(self.path), server.dates.get(self.path)):
                self.answer(304, b"")
            else:
                self.misbehave(server.files[self.path])

        def misbehave(self, body: bytes) -> None:
            match server.mode:
                case "empty":
                    self.answer(200, b"")
                case "html":
                    self.answer(200, b"<!DOCTYPE html><html><head></head><body>We are improving our site</body></html>")
                case "half the file, said to be whole":
                    self.answer(200, body[: len(body) // 2])
                case "half the file, the connection closed":
                    self.answer(200, body[: len(body) // 2], length=len(body))
                case "reset":
                    self.answer(200, body[: len(body) // 2], length=len(body))
                    self.connection.setsockopt(1, 13, b"\x01\0\0\0\0\0\0\0")  # SO_LINGER 0: a reset instead of an end
                case "slow":
                    self.head(200, len(body))
                    for start in range(0, len(body), 4):
                        self.wfile.write(body[start : start + 4])
                        self.wfile.flush()
                        time.sleep(0.05)
                case "silent":
                    self.head(200, len(body))
                    time.sleep(2)
                case "wrong encoding":
                    self.answer(200, body.replace(b"PARTY", "PÄRTY".encode("latin-1")))
                case "error":
                    self.answer(500, b"oops")
                case "refused":
                    self.answer(403, b"no")
                case _:
                    self.answer(200, body)

        def head(self, status: int, length: int) -> None:
            server.answers.append(status)
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.send_header("Connection", "close")
            if status == 200 and self.path in server.etags:
                self.send_header("ETag", server.etags[self.path])
            if status == 200 and self.path in server.dates:
                self.send_header("Last-Modified", server.dates[self.path])
            self.end_headers()

        def answer(self, status: int, body: bytes, length: int | None = None) -> None:
            self.head(status, len(body) if length is None else length)
            self.wfile.write(body)
            self.wfile.flush()

    return Handler
