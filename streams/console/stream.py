"""Feeds the store from Kafka, and writes what analysts say to its topic."""

import asyncio
import time
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.console.disposition import Disposition
from streams.console.store import TOPICS, Store
from streams.errors import LockgateError, Unreachable
from streams.following import Following, reading
from streams.kafka_access import connect, kafka_away
from streams.security import KafkaAccess
from streams.settings import DISPOSITIONS

_AGAIN_SECONDS: Final = 2.0  # before a topic is tried again
_POLL_MS: Final = 200
_AT_ONCE: Final = 500  # records decoded before the pages get their turn
_WRITE_SECONDS: Final = 10.0
_ASK_SECONDS: Final = 3.0  # between two questions whether Kafka is there
_ANSWER_SECONDS: Final = 5.0

_encode: Final = msgspec.json.Encoder().encode


class Reader:
    """Reads the four topics, committed messages only, from at most `limit` messages a partition before their ends."""

    def __init__(self, kafka: KafkaAccess, store: Store, limit: int) -> None:
        self._kafka = kafka
        self._store = store
        self._limit = limit

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.gather(*(self._keep_reading(topic) for topic in TOPICS))

    async def _keep_reading(self, topic: str) -> None:
        seen: dict[int, int] = {}
        fresh = self._store.fresh[topic]
        while True:
            try:
                async with reading(self._kafka, Following(topic=topic, from_beginning=True)) as consumer:
                    await self._place(consumer, seen)
                    fresh.trouble = None
                    while True:
                        until = time.monotonic() + _ASK_SECONDS
                        while time.monotonic() < until:
                            await self._take(topic, consumer, seen)
                        await self._ask(consumer)
            except (LockgateError, KafkaError) as error:
                fresh.trouble = str(error) or type(error).__name__
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _place(self, consumer: AIOKafkaConsumer, seen: dict[int, int]) -> None:
        """Go on where reading ended, or begin so far back as memory reaches."""
        partitions = sorted(consumer.assignment())
        self._store.fresh[partitions[0].topic].partitions = len(partitions)
        beginnings = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        for one in partitions:
            start = seen.get(one.partition, ends[one] - self._limit)
            consumer.seek(one, max(beginnings[one], start))

    async def _ask(self, consumer: AIOKafkaConsumer) -> None:
        """Fetching is silent when the broker is away; a question that wants an answer is not. Raises Unreachable."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await consumer.end_offsets(consumer.assignment())
        except TimeoutError:
            raise kafka_away(self._kafka) from None

    async def _take(self, topic: str, consumer: AIOKafkaConsumer, seen: dict[int, int]) -> None:
        polled = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_AT_ONCE)
        for partition, records in polled.items():
            values = [(record.value, record.timestamp) for record in records if record.value is not None]
            self._store.take(topic, values)
            seen[partition.partition] = records[-1].offset + 1
        self._store.fresh[topic].behind = await _behind(consumer)
        await asyncio.sleep(0)


async def _behind(consumer: AIOKafkaConsumer) -> int:
    """Messages in Kafka that were not handed out yet, as the last fetch told."""
    behind = 0
    for partition in consumer.assignment():
        stable = consumer.last_stable_offset(partition)
        if stable is not None:
            behind += max(0, stable - await consumer.position(partition))
    return behind


class Writer:
    """Writes dispositions; connects at the first one."""

    def __init__(self, kafka: KafkaAccess) -> None:
        self._kafka = kafka
        self._producer: AIOKafkaProducer | None = None
        self._one_at_a_time = asyncio.Lock()

    async def write(self, said: Disposition) -> None:
        """Return when all copies have it. Raises Unreachable when Kafka does not say so in time."""
        try:
            async with asyncio.timeout(_WRITE_SECONDS):
                producer = await self._connected()
                await producer.send_and_wait(DISPOSITIONS, _encode(said), key=said.alert_id.encode())
        except TimeoutError:
            raise Unreachable(f"no answer from Kafka at {self._kafka} within {_WRITE_SECONDS:g} s") from None
        except KafkaError as error:
            raise Unreachable(f"{DISPOSITIONS} does not take it: {error or type(error).__name__}") from error

    async def _connected(self) -> AIOKafkaProducer:
        async with self._one_at_a_time:
            if self._producer is None:
                producer = AIOKafkaProducer(**self._kafka.options(), acks="all", enable_idempotence=True)
                try:
                    await connect(producer.start, self._kafka, timeout_seconds=_WRITE_SECONDS)
                except KafkaError:
                    await producer.stop()
                    raise kafka_away(self._kafka) from None
                self._producer = producer
            return self._producer

    async def close(self) -> None:
        """Let go of Kafka."""
        if self._producer is not None:
            await self._producer.stop()
