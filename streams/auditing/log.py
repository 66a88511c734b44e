"""Topics as an audit reads them: partition by partition, forward, committed records only."""

import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Final, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from rules.intake import RawRecord
from streams.errors import LockgateError
from streams.kafka_access import connect, kafka_away, partition_counts
from streams.security import KafkaAccess

_POLL_RECORDS: Final = 5_000
_PATIENCE_SECONDS: Final = 30.0
_FETCH_BYTES: Final = 1 << 20

Records = AsyncGenerator[Sequence[RawRecord], None]


class TopicsMissing(LockgateError):
    """Topics that an audit has to read do not exist."""


class Log(Protocol):
    """Reads committed records of topic partitions."""

    def partitions(self, topic: str) -> int:
        """How many partitions the topic has."""

    async def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """The first offset there is, and the end of what is committed now."""

    def read(self, topic: str, partition: int, start: int, end: int) -> Records:
        """All records with offsets in `[start, end)`, some at a time, in order."""


class Pull:
    """One topic partition read forward, as far as somebody asks for."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._held: deque[RawRecord] = deque()

    async def head(self) -> RawRecord | None:
        """The next record, which stays; None at the end."""
        while not self._held:
            try:
                self._held.extend(await anext(self._records))
            except StopAsyncIteration:
                return None
        return self._held[0]

    def pop(self) -> RawRecord:
        """Take the record that `head` showed."""
        return self._held.popleft()

    async def below(self, offset: int) -> list[RawRecord]:
        """Take all records below an offset."""
        taken = []
        while (record := await self.head()) is not None and record[0] < offset:
            taken.append(self._held.popleft())
        return taken

    async def count_rest(self) -> int:
        """Take all records that are left, and count them."""
        count = 0
        while await self.head() is not None:
            count += len(self._held)
            self._held.clear()
        return count


class KafkaLog:
    """A `Log` on a live broker, through one consumer that fetches only what is being read."""

    def __init__(self, consumer: AIOKafkaConsumer, counts: dict[str, int], kafka: KafkaAccess) -> None:
        self._consumer = consumer
        self._counts = counts
        self._kafka = kafka

    def partitions(self, topic: str) -> int:
        """How many partitions the topic has."""
        return self._counts[topic]

    async def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """The first offset there is, and the last stable one.

        Raises:
            Unreachable: Kafka stopped answering.
        """
        place = TopicPartition(topic, partition)
        try:
            first = await self._consumer.beginning_offsets([place])
            end = await self._consumer.end_offsets([place])
        except (KafkaError, OSError, TimeoutError):
            raise kafka_away(self._kafka) from None
        return int(first[place]), int(end[place])

    async def read(self, topic: str, partition: int, start: int, end: int) -> Records:
        """All records with offsets in `[start, end)`. Raises Unreachable."""
        consumer, place = self._consumer, TopicPartition(topic, partition)
        consumer.seek(place, start)
        consumer.resume(place)
        position, deadline = start, time.monotonic() + _PATIENCE_SECONDS
        try:
            while position < end:  # positions, not records: a partition may end in transaction markers
                fetched = await consumer.getmany(place, timeout_ms=500, max_records=_POLL_RECORDS)
                for records in fetched.values():
                    yield [(one.offset, one.key, one.value) for one in records if one.offset < end]
                reached = await consumer.position(place)
                if reached > position:
                    position, deadline = reached, time.monotonic() + _PATIENCE_SECONDS
                elif time.monotonic() > deadline:
                    raise kafka_away(self._kafka)
        except (KafkaError, OSError, TimeoutError):
            raise kafka_away(self._kafka) from None
        finally:
            consumer.pause(place)


@asynccontextmanager
async def kafka_log(kafka: KafkaAccess, topics: Iterable[str], *, timeout_seconds: float) -> AsyncIterator[KafkaLog]:
    """An open `KafkaLog` of some topics.

    Raises:
        Unreachable: Kafka does not answer in time.
        TopicsMissing: a topic does not exist.
    """
    client = AIOKafkaClient(**kafka.options())
    try:
        await connect(client.bootstrap, kafka, timeout_seconds=timeout_seconds)
        known = await partition_counts(client, kafka)
    finally:
        await client.close()
    if missing := sorted(set(topics) - set(known)):
        raise TopicsMissing(f"no topics {', '.join(missing)} at {kafka}, or not for this user: `lockgate topics create`")
    counts = {topic: known[topic] for topic in topics}
    consumer = AIOKafkaConsumer(
        **kafka.options(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=100,
    )
    try:
        await connect(consumer.start, kafka, timeout_seconds=timeout_seconds)
        places = [TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]
        consumer.assign(places)
        for place in places:  # before anything is awaited, so that nothing is fetched yet
            consumer.seek(place, 0)
        consumer.pause(*places)
        yield KafkaLog(consumer, counts, kafka)
    finally:
        await consumer.stop()


@asynccontextmanager
async def pulling(log: Log, topic: str, partition: int, start: int, end: int) -> AsyncIterator[Pull]:
    """A `Pull` over `[start, end)` of a topic partition."""
    async with aclosing(log.read(topic, partition, start, end)) as records:
        yield Pull(records)
