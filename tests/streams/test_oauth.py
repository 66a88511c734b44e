"""Tokens from a real HTTPS endpoint, and from a file."""

import asyncio
import base64
import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiokafka.errors import KafkaConnectionError
from certificates import Authority

from streams.oauth import ClientCredentials, FileToken


class Endpoint(ThreadingHTTPServer):
    """Gives out token-1, token-2, ... as `reply` says."""

    def __init__(self, certificate: Path, key: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.asked: list[dict[str, list[str]]] = []
        self.reply: dict[str, Any] = {"expires_in": 300}
        self.url = f"https://127.0.0.1:{self.server_address[1]}/token"


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        login = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
        self.server.asked.append(form)
        good = login == "lockgate:secret"
        self.send_response(200 if good else 401)
        self.end_headers()
        self.wfile.write(json.dumps({"access_token": f"token-{len(self.server.asked)}", **self.server.reply}).encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def endpoint(authority: Authority) -> Iterator[Endpoint]:
    server = Endpoint(*authority.issue("idp"))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def provider(endpoint: Endpoint, authority: Authority, *, knows_secret: bool = True) -> ClientCredentials:
    trusting = ssl.create_default_context(cafile=authority.ca)
    return ClientCredentials(endpoint.url, "lockgate", "secret" if knows_secret else "guess", scope="kafka", verify=trusting)


def test_a_token_is_asked_for_once_and_used_from_any_loop(endpoint: Endpoint, authority: Authority) -> None:
    tokens = provider(endpoint, authority)
    assert [asyncio.run(tokens.token()) for _ in range(3)] == ["token-1"] * 3
    assert endpoint.asked == [{"grant_type": ["client_credentials"], "scope": ["kafka"]}]


def test_a_token_about_to_expire_is_replaced(endpoint: Endpoint, authority: Authority) -> None:
    endpoint.reply = {"expires_in": 0}
    tokens = provider(endpoint, authority)
    assert [asyncio.run(tokens.token()) for _ in range(2)] == ["token-1", "token-2"]


def test_an_endpoint_that_gives_none_is_an_outage_that_is_tried_again(endpoint: Endpoint, authority: Authority) -> None:
    with pytest.raises(KafkaConnectionError, match="401"):
        asyncio.run(provider(endpoint, authority, knows_secret=False).token())
    endpoint.reply = {"access_token": 5}
    with pytest.raises(KafkaConnectionError, match="ValidationError"):
        asyncio.run(provider(endpoint, authority).token())


def test_an_endpoint_nobody_vouches_for_gets_no_secret(endpoint: Endpoint) -> None:
    with pytest.raises(KafkaConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
        asyncio.run(ClientCredentials(endpoint.url, "lockgate", "secret").token())
    assert endpoint.asked == []


def test_a_token_file_is_read_at_each_connection(tmp_path: Path) -> None:
    path = tmp_path / "token"
    tokens = FileToken(path)
    with pytest.raises(KafkaConnectionError, match="no token in"):
        asyncio.run(tokens.token())
    for text in ("first\n", "second"):
        path.write_text(text)
        assert asyncio.run(tokens.token()) == text.strip()
