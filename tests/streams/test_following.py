"""Following a topic until nothing comes: what is there but slow to arrive is waited for."""

import asyncio
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition

from streams.following import Following, _pass_on

PLACE = TopicPartition("lockgate.verdicts", 0)


@dataclass
class Record:
    value: bytes


class SlowConsumer:
    """Has one record, and takes many polls to fetch it."""

    def __init__(self, polls: int) -> None:
        self._polls = polls
        self._position = 0

    async def position(self, _: TopicPartition) -> int:
        return self._position

    async def getmany(self, *, timeout_ms: int) -> dict[TopicPartition, list[Record]]:
        await asyncio.sleep(0.01)
        self._polls -= 1
        if self._polls != 0:
            return {}
        self._position = 1
        return {PLACE: [Record(b"slow")]}


def _followed(end: int) -> list[bytes]:
    shown: list[bytes] = []
    consumer: Any = SlowConsumer(polls=20)
    what = Following(topic=PLACE.topic, from_beginning=True, idle_seconds=0.05)
    asyncio.run(_pass_on(consumer, what, shown.extend, asyncio.Event(), {PLACE: end}))
    return shown


def test_what_was_there_at_the_start_is_waited_for_longer_than_the_idle_time() -> None:
    assert _followed(end=1) == [b"slow"]


def test_at_the_end_the_idle_time_counts() -> None:
    assert _followed(end=0) == []
