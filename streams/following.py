"""Reading a topic as it grows: committed messages only, all partitions, no consumer group, nothing acknowledged."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from streams.errors import LockgateError
from streams.kafka_access import connect, kafka_away, partition_counts
from streams.security import KafkaAccess

_POLL_SECONDS: Final = 0.2  # how soon an end asked for is noticed
_RETRY_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 5.0
_FETCH_BYTES: Final = 4 * 1024 * 1024
_BEHIND_SECONDS: Final = 30.0  # that what was there at the start may keep us waiting, at least


class NoTopic(LockgateError):
    """The topic to follow does not exist."""


class Following(msgspec.Struct, frozen=True, kw_only=True):
    """Where to begin and when to end; without `idle_seconds` and `limit` only `stop` ends it.

    `idle_seconds` count once everything is read that was there at the start: a slow broker is no end of a topic.
    """

    topic: str
    from_beginning: bool = False
    idle_seconds: float | None = None
    limit: int | None = None
    timeout_seconds: float = 10.0


async def follow(
    kafka: KafkaAccess,
    what: Following,
    show: Callable[[list[bytes]], None],
    *,
    stop: asyncio.Event,
    ready: Callable[[], None] = lambda: None,
) -> int:
    """Hand the values of the topic's messages to `show`, some at a time, and return how many there were.

    `ready` is called when every message from then on will be seen. A broker that goes away later is waited for.
    (The embedded broker calls the start of its last batch the end: following begins with that batch there.)

    Raises:
        Unreachable: Kafka does not answer within the time.
        NoTopic: the topic does not exist by then.
    """
    async with reading(kafka, what) as consumer:
        try:
            ends = {} if what.idle_seconds is None else await consumer.end_offsets(consumer.assignment())
        except KafkaError:
            raise kafka_away(kafka) from None
        ready()
        return await _pass_on(consumer, what, show, stop, ends)


@asynccontextmanager
async def reading(kafka: KafkaAccess, what: Following) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of committed messages that stands where `what` says. Raises as `follow`."""
    partitions = await _partitions(what, kafka)
    consumer = AIOKafkaConsumer(
        **kafka.options(),
        isolation_level="read_committed",
        auto_offset_reset="earliest" if what.from_beginning else "latest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=_FETCH_BYTES,
    )
    try:
        await connect(consumer.start, kafka, timeout_seconds=what.timeout_seconds)
        consumer.assign(partitions)
        try:
            for partition in partitions:
                await consumer.position(partition)  # decides what "latest" is
        except KafkaError:
            raise kafka_away(kafka) from None
        yield consumer
    finally:
        await let_go(consumer)


async def let_go(consumer: AIOKafkaConsumer) -> None:
    """Stop the consumer; with the broker away aiokafka 0.14 ends that in a CancelledError of its own, or not at all."""
    stopping = asyncio.ensure_future(consumer.stop())
    await asyncio.wait((stopping,), timeout=_STOP_SECONDS)
    if stopping.done() and not stopping.cancelled() and (error := stopping.exception()) is not None:
        raise error


async def _partitions(what: Following, kafka: KafkaAccess) -> list[TopicPartition]:
    """All partitions of the topic, waiting for it to be created."""
    deadline = asyncio.get_running_loop().time() + what.timeout_seconds
    client = AIOKafkaClient(**kafka.options())
    try:
        await connect(client.bootstrap, kafka, timeout_seconds=what.timeout_seconds)
        while not (count := (await partition_counts(client, kafka)).get(what.topic)):
            if asyncio.get_running_loop().time() >= deadline:
                raise NoTopic(f"there is no topic {what.topic} at {kafka}, or not for this user: `lockgate topics create`")
            await asyncio.sleep(_RETRY_SECONDS)
        return [TopicPartition(what.topic, number) for number in range(count)]
    finally:
        await client.close()


async def _pass_on(
    consumer: AIOKafkaConsumer,
    what: Following,
    show: Callable[[list[bytes]], None],
    stop: asyncio.Event,
    ends: dict[TopicPartition, int],
) -> int:
    clock = asyncio.get_running_loop().time
    idle = float("inf") if what.idle_seconds is None else what.idle_seconds
    shown, last = 0, clock()
    while not stop.is_set():
        wait = min(_POLL_SECONDS, max(0.0, last + idle - clock()))
        polled = await consumer.getmany(timeout_ms=int(wait * 1000))
        values = [record.value for records in polled.values() for record in records if record.value is not None]
        if values:
            if what.limit is not None:
                del values[what.limit - shown :]
            show(values)
            shown, last = shown + len(values), clock()
            if shown == what.limit:
                break
        elif clock() - last >= (max(idle, _BEHIND_SECONDS) if await _behind(consumer, ends) else idle):
            break
    return shown


async def _behind(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
    """Whether something before `ends` is not read yet; those reached are taken out."""
    for partition in [partition for partition, end in ends.items() if await consumer.position(partition) >= end]:
        del ends[partition]
    return bool(ends)
