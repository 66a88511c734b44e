"""How much the workers have still to judge, by the offsets that they leave in their group for whoever asks."""

import asyncio
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from streams.errors import LockgateError
from streams.following import let_go
from streams.kafka_access import connect, kafka_away, partition_counts
from streams.security import KafkaAccess
from streams.settings import DEPOSITS, WITHDRAWALS

_SOURCES: Final = (DEPOSITS, WITHDRAWALS)
_LOOK_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 5.0
_CONNECT_SECONDS: Final = 10.0


class Backlog(msgspec.Struct):
    """Records not judged yet, by topic. `trouble`: why nobody knows."""

    waiting: dict[str, int] = {}
    trouble: str | None = "not read yet"


class BacklogReader:
    """Asks Kafka every few seconds. Needs to describe both sources and the group; joins nothing, reads no transfer."""

    def __init__(self, kafka: KafkaAccess, group: str, backlog: Backlog) -> None:
        self._kafka = kafka
        self._group = group
        self._backlog = backlog

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._look()
            except (LockgateError, KafkaError) as error:
                self._backlog.trouble = str(error) or type(error).__name__
            await asyncio.sleep(_LOOK_SECONDS)

    async def _look(self) -> None:
        places = await self._places()
        consumer = AIOKafkaConsumer(**self._kafka.options(), group_id=self._group, enable_auto_commit=False)
        try:
            await connect(consumer.start, self._kafka, timeout_seconds=_CONNECT_SECONDS)
            while True:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    self._backlog.waiting = await _waiting(consumer, places)
                self._backlog.trouble = None
                await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            raise kafka_away(self._kafka) from None
        finally:
            await let_go(consumer)

    async def _places(self) -> list[TopicPartition]:
        client = AIOKafkaClient(**self._kafka.options())
        try:
            await connect(client.bootstrap, self._kafka, timeout_seconds=_CONNECT_SECONDS)
            counts = await partition_counts(client, self._kafka)
        finally:
            await client.close()
        missing = [topic for topic in _SOURCES if topic not in counts]
        if missing:
            raise LockgateError(f"{' and '.join(missing)}: not there, or this user may not describe it")
        return [TopicPartition(topic, number) for topic in _SOURCES for number in range(counts[topic])]


async def _waiting(consumer: AIOKafkaConsumer, places: list[TopicPartition]) -> dict[str, int]:
    """By topic; a partition that no worker ever had counts as a whole."""
    ends = await consumer.end_offsets(places)
    beginnings = await consumer.beginning_offsets(places)
    waiting: dict[str, int] = dict.fromkeys(_SOURCES, 0)
    for place in places:
        reached = await consumer.committed(place)
        at = beginnings[place] if reached is None else max(reached, beginnings[place])
        waiting[place.topic] += max(0, ends[place] - at)
    return waiting
