"""The test stand: a Kafka and a Redis of its own, topics that can be renewed, contestants that can be started."""

import asyncio
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from aiokafka.admin import AIOKafkaAdminClient

from streams.components import ComponentFailed, Kafka, Redis
from streams.components.network import LOOPBACK, free_port
from streams.components.process import Process
from streams.kafka_admin import topic_admin
from streams.kafka_topics import TOPICS, TopicSpec, topic_specs
from streams.security import KafkaAccess
from streams.settings import DEPOSITS, WITHDRAWALS

SOURCES: Final = (DEPOSITS, WITHDRAWALS)
OUTPUTS: Final = tuple(name for name in TOPICS if name not in SOURCES)
ANSWERS: Final = "bench.verdicts"  # where contestants without Lockgate's topics answer

_TIMEOUT_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.1
_LOOKS: Final = 300


class Stand:
    """Kafka and Redis in a temporary folder, which goes away with them. Raises ComponentMissing, ComponentFailed."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self._open = ExitStack()
        self._groups = 0

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            self.folder = Path(opening.enter_context(tempfile.TemporaryDirectory(prefix="lockgate-bench-")))
            self.kafka = opening.enter_context(Kafka(self.folder / "kafka"))
            self.redis = opening.enter_context(Redis(self.folder / "redis"))
            self._open = opening.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()

    @property
    def servers(self) -> str:
        """Kafka's bootstrap servers."""
        return self.kafka.bootstrap

    def pids(self) -> dict[str, int]:
        """The servers' process ids, to see what they take."""
        return {"kafka": self.kafka.brokers[0].pid, "redis": self.redis.pid}

    async def renew(self, *, sources: bool) -> None:
        """Empty output topics and an empty Redis; empty source topics as well where asked for."""
        self.redis.flush()
        specs = [spec for spec in topic_specs(self.partitions) if sources or spec.name not in SOURCES]
        specs.append(TopicSpec(name=ANSWERS, partitions=self.partitions, replication=1, settings={}))
        await self._delete([spec.name for spec in specs])
        async with topic_admin(KafkaAccess(self.servers), timeout_seconds=_TIMEOUT_SECONDS) as admin:
            created = await admin.create(specs)
        if len(created) != len(specs):
            raise ComponentFailed("Kafka", f"created only {', '.join(created)}")

    async def _delete(self, names: list[str]) -> None:
        """Delete those of the topics that exist, and wait until they are gone."""
        client = AIOKafkaAdminClient(bootstrap_servers=self.servers)
        await client.start()
        try:
            if existing := set(names) & set(await client.list_topics()):
                await client.delete_topics(sorted(existing))
            for _ in range(_LOOKS):
                if not set(names) & set(await client.list_topics()):
                    return
                await asyncio.sleep(_LOOK_SECONDS)
            raise ComponentFailed("Kafka", "does not delete topics")
        finally:
            await client.close()

    @contextmanager
    def worker(self, settings: Mapping[str, str] | None = None) -> Iterator[Process]:
        """`lockgate worker` as shipped, in a consumer group of its own; settings beyond its servers are the caller's."""
        with self.workers(1, settings) as (process,):
            yield process

    @contextmanager
    def workers(self, count: int, settings: Mapping[str, str] | None = None) -> Iterator[list[Process]]:
        """So many of them in one group."""
        self._groups += 1
        with ExitStack() as running:
            yield [running.enter_context(_running(self._worker(number, settings or {}))) for number in range(count)]

    def _worker(self, number: int, settings: Mapping[str, str]) -> Process:
        environment = {
            "LOCKGATE_KAFKA": self.servers,
            "LOCKGATE_REDIS": self.redis.url,
            "LOCKGATE_HTTP": f"{LOOPBACK}:{free_port()}",
            "LOCKGATE_GROUP": f"bench-{self._groups}",
            **settings,
        }
        command = [sys.executable, "-c", "from streams.cli import main; main()", "worker"]
        return Process("lockgate worker", command, log=self.folder / f"worker-{number}.log", environment=environment)

    @contextmanager
    def contestant(self, module: str, arguments: Iterable[str]) -> Iterator[Process]:
        """A module of this package as a process of its own."""
        command = [sys.executable, "-m", f"{__package__}.{module}", *arguments]
        with _running(Process(module, command, log=self.folder / f"{module}.log")) as process:
            yield process


@contextmanager
def _running(process: Process) -> Iterator[Process]:
    process.start()
    try:
        yield process
    finally:
        process.stop()
