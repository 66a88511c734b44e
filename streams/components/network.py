"""Ports on the loopback address, and the two questions that tell whether a server is up."""

import random
import socket
import struct
from typing import NamedTuple

from streams.components.process import ComponentFailed

LOOPBACK = "127.0.0.1"

# Below the range from which Linux takes ports for outgoing connections (32768 by default): a client that
# retries while its server is away could otherwise be given the server's own port, and then keep it from
# coming back.
_FIRST_PORT, _LAST_PORT = 20_000, 32_000
_given: set[int] = set()  # a port is chosen before its server starts: never choose one twice
_ANSWER_SECONDS = 2.0

_METADATA = 3  # api key, see kafka.apache.org/protocol
_METADATA_VERSION = 1


class Cluster(NamedTuple):
    """A Kafka cluster as one of its brokers sees it."""

    nodes: frozenset[int]
    controller: int | None


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A random port that nobody listens on, outside the range for outgoing connections."""
    for port in random.SystemRandom().sample(range(_FIRST_PORT, _LAST_PORT), k=200):
        if port not in _given and is_free(port):
            _given.add(port)
            return port
    raise ComponentFailed("network", f"has no free port from {_FIRST_PORT} to {_LAST_PORT} on {LOOPBACK}")


def require_free(component: str, port: int) -> None:
    """Raise ComponentFailed when somebody listens on the port already."""
    if not is_free(port):
        raise ComponentFailed(
            component,
            f"cannot have port {port} on {LOOPBACK}: it is taken; end what listens there or choose another",
        )


def redis_answers(port: int) -> bool:
    """Whether a Redis server replies to PING; one that is still loading its data does not count.

    Raises OSError when nobody listens.
    """
    with socket.create_connection((LOOPBACK, port), timeout=_ANSWER_SECONDS) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(64).startswith(b"+PONG")


def kafka_cluster(port: int) -> Cluster:
    """Ask a broker for the nodes and the controller it knows (one Metadata request that names no topic).

    Raises OSError when nobody listens or the answer is cut short.
    """
    request = struct.pack(">hhih", _METADATA, _METADATA_VERSION, 1, 8) + b"lockgate" + struct.pack(">i", 0)
    with socket.create_connection((LOOPBACK, port), timeout=_ANSWER_SECONDS) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        (size,) = struct.unpack(">i", _read(connection, 4))
        reply = _read(connection, size)
    (count,) = struct.unpack_from(">i", reply, 4)  # after the correlation id
    position = 8
    nodes = []
    for _ in range(count):
        (node,) = struct.unpack_from(">i", reply, position)
        nodes.append(node)
        position = _after_string(reply, position + 4)  # host
        position = _after_string(reply, position + 4)  # port, rack
    (controller,) = struct.unpack_from(">i", reply, position)
    return Cluster(frozenset(nodes), controller if controller >= 0 else None)


def _after_string(reply: bytes, position: int) -> int:
    (length,) = struct.unpack_from(">h", reply, position)
    return position + 2 + max(int(length), 0)


def _read(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        chunk = connection.recv(size - len(received))
        if not chunk:
            raise ConnectionError("the broker closed the connection")
        received += chunk
    return received
