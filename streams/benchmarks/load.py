"""Transfers at a steady rate, and how long each withdrawal waits for its answer.

The load is open: it goes on at its rate however late the answers are, so that a stall counts for every transfer that
waited through it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.partitioner import murmur2

from rules.transfer import Kind
from streams.feeding import TOPIC_OF

_TICK_SECONDS: Final = 0.001
_PROBE_SECONDS: Final = 0.2
_LOOK_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 20.0  # for the last answers, when sending is over


class _Head(msgspec.Struct):
    event_id: str
    account_id: str
    kind: Kind


class _Answer(msgspec.Struct):
    event_id: str


_read_head: Final = msgspec.json.Decoder(_Head).decode
_read_answer: Final = msgspec.json.Decoder(_Answer).decode


class Parcel(msgspec.Struct, frozen=True, gc=False):
    """A transfer ready to be sent."""

    event_id: str
    withdrawal: bool
    topic: str
    partition: int
    key: bytes
    line: bytes


def parcels(lines: Sequence[bytes], partitions: int) -> list[Parcel]:
    """The transfers with topic, key and partition."""
    ready = []
    for line in lines:
        head = _read_head(line)
        key = head.account_id.encode()
        partition = (murmur2(key) & 0x7FFFFFFF) % partitions
        withdrawal = head.kind is Kind.WITHDRAWAL
        ready.append(Parcel(head.event_id, withdrawal, TOPIC_OF[head.kind], partition, key, line))
    return ready


class Load:
    """Sends parcels and times the answers to withdrawals on another topic."""

    def __init__(self, producer: AIOKafkaProducer, consumer: AIOKafkaConsumer) -> None:
        self.waited: list[tuple[float, float]] = []  # when each withdrawal was sent, and seconds until its answer
        self.repeated = 0  # answers to what was answered already
        self._producer = producer
        self._consumer = consumer
        self._open: dict[str, float] = {}  # withdrawals without an answer, and when they were sent

    @property
    def unanswered(self) -> int:
        """Withdrawals that have no answer yet."""
        return len(self._open)

    async def probe(self, parcels: Iterable[Parcel]) -> bool:
        """Send one now and then until an answer comes; False when none does."""
        for parcel in parcels:
            await self._send(parcel)
            await asyncio.sleep(_PROBE_SECONDS)
            if self.waited:
                return await self._all_answered(_PATIENCE_SECONDS)
        return False

    async def steady(
        self, parcels: Sequence[Parcel], per_second: float, *, patience_seconds: float = _PATIENCE_SECONDS
    ) -> bool:
        """Send at a steady rate, however late the answers are, and wait for the last one; False when it is missing."""
        started = time.perf_counter()
        sent = 0
        while sent < len(parcels):
            due = min(len(parcels), int((time.perf_counter() - started) * per_second) + 1)
            for parcel in parcels[sent:due]:
                await self._send(parcel)
            sent = due
            await asyncio.sleep(_TICK_SECONDS)
        return await self._all_answered(patience_seconds)

    async def read(self) -> None:
        """Take in answers until cancelled."""
        while True:
            fetched = await self._consumer.getmany(timeout_ms=1000)
            now = time.perf_counter()
            for records in fetched.values():
                for record in records:
                    sent = self._open.pop(_read_answer(record.value).event_id, None)
                    if sent is None:
                        self.repeated += 1
                    else:
                        self.waited.append((sent, now - sent))

    async def _send(self, parcel: Parcel) -> None:
        if parcel.withdrawal:
            self._open[parcel.event_id] = time.perf_counter()
        await self._producer.send(parcel.topic, parcel.line, key=parcel.key, partition=parcel.partition)

    async def _all_answered(self, patience_seconds: float) -> bool:
        for _ in range(int(patience_seconds / _LOOK_SECONDS)):
            if not self._open:
                return True
            await asyncio.sleep(_LOOK_SECONDS)
        return False


@asynccontextmanager
async def open_load(servers: str, answers: str, partitions: int) -> AsyncIterator[Load]:
    """A load with connected clients; it counts committed answers only."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, linger_ms=0)
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, isolation_level="read_committed", enable_auto_commit=False)
    await producer.start()
    await consumer.start()
    consumer.assign([TopicPartition(answers, number) for number in range(partitions)])
    await consumer.seek_to_beginning()
    load = Load(producer, consumer)
    reading = asyncio.create_task(load.read())
    try:
        yield load
    finally:
        reading.cancel()
        await consumer.stop()
        await producer.stop()
