"""A local Kafka and Redis that stay up between commands: `make up`, `make down`.

What runs is written to `running.json` in the folder: per server its name, process id, start and address. The start
tells a server from a stranger that was given the same process id later.
"""

import os
import signal
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from streams.components.kafka import Kafka
from streams.components.process import ComponentFailed
from streams.components.redis_server import Redis

_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.05


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """One server that was started; `started` is the kernel's clock tick of that, empty where there is no /proc."""

    name: str
    pid: int
    started: str
    address: str

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return _started(self.pid) == self.started


class Local(msgspec.Struct, frozen=True, kw_only=True):
    """The servers of one folder, and the settings that reach them."""

    kafka: str
    redis: str
    servers: tuple[Running, ...]

    @property
    def alive(self) -> bool:
        """Whether all of them still run."""
        return all(server.alive for server in self.servers)


def up(folder: Path, *, kafka_ports: Sequence[int], redis_port: int) -> Local:
    """Start Redis and one Kafka broker per port, to stay up after this process; does nothing when they are up.

    Data stays in `folder`. Raises ComponentMissing, and ComponentFailed when a port is taken or something else runs.
    """
    found = running(folder)
    if found is not None and any(server.alive for server in found.servers):
        bootstrap = ",".join(f"127.0.0.1:{port}" for port in kafka_ports)
        if found.alive and found.kafka == bootstrap:
            return found
        raise ComponentFailed(str(folder), f"holds something else that is running ({found.kafka}): take it down first")
    folder = folder.resolve()
    brokers = len(kafka_ports)
    redis = Redis(folder / "redis", port=redis_port, outlives_parent=True)
    kafka = Kafka(folder / f"kafka-{brokers}", brokers=brokers, ports=kafka_ports, outlives_parent=True)
    with ExitStack() as on_failure:
        on_failure.callback(redis.stop)
        on_failure.callback(kafka.stop)
        redis.start()
        kafka.start()
        servers = (redis, *kafka.brokers)
        state = Local(
            kafka=kafka.bootstrap,
            redis=redis.url,
            servers=tuple(
                Running(
                    name=server.name,
                    pid=server.pid,
                    started=_started(server.pid),
                    address=f"127.0.0.1:{server.port}",
                )
                for server in servers
            ),
        )
        _state_file(folder).write_bytes(msgspec.json.format(msgspec.json.encode(state)) + b"\n")
        on_failure.pop_all()
    return state


def down(folder: Path) -> Local | None:
    """Stop what `up` started: SIGTERM, and SIGKILL after 30 s. Returns what that was; None when there was nothing."""
    found = running(folder)
    if found is None:
        return None
    left = [server for server in found.servers if server.alive]
    for server in left:
        os.kill(server.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while left and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        left = [server for server in left if server.alive]
    for server in left:
        os.kill(server.pid, signal.SIGKILL)
    _state_file(folder).unlink()
    return found


def running(folder: Path) -> Local | None:
    """What `up` started in this folder, alive or not; None when there is nothing."""
    path = _state_file(folder)
    return msgspec.json.decode(path.read_bytes(), type=Local) if path.exists() else None


def _state_file(folder: Path) -> Path:
    return folder / "running.json"


def _started(pid: int) -> str:
    """The clock tick at which the process started; `gone` for one that has ended but was not yet collected."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()  # the program's name, in brackets, may hold anything
    return "gone" if fields[0] == "Z" else fields[19]  # field 22 of proc(5), counted from the state
