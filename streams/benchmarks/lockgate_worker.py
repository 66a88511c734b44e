"""Contestant: `lockgate worker` as shipped, watched from outside through its journals.

A journal record is part of the transaction that carries the outputs of its batch, so that a read_committed consumer sees
it when alerts, verdicts and flows are there for everybody.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.benchmarks.progress import Sample
from streams.delivery.journal import BatchRecord, committed_consumer, decode
from streams.security import KafkaAccess
from streams.settings import (
    ALERTS,
    DEADLETTERS,
    FLOWS,
    JOURNAL_ACCOUNTS,
    JOURNAL_COUNTERPARTIES,
    VERDICTS,
)

_PATIENCE_SECONDS: Final = 60.0  # without any progress; a claim after a lost session takes 10 to 20 s
_BEHIND_THE_LAST: Final = 3  # offsets: a record and the marker of its transaction, and one to spare


class JournalWatch:
    """Follows both journals of a fresh worker until everything is judged, flows included."""

    def __init__(self, servers: str, partitions: int) -> None:
        self.accounts: list[Sample] = []  # transfers over time
        self.flows: list[Sample] = []
        self.batches = 0
        self._kafka = KafkaAccess(servers)
        self._numbers = range(partitions)
        self._flows_done = 0  # offset on the flows topic

    @property
    def judged(self) -> int:
        """Transfers of committed batches."""
        return self.accounts[-1].transfers if self.accounts else 0

    async def follow(self, transfers: int, progress: Callable[[int], None]) -> bool:
        """Follow until so many transfers and all their flows are judged; False when nothing moved for a minute."""
        places = [*(TopicPartition(JOURNAL_ACCOUNTS, n) for n in self._numbers), TopicPartition(JOURNAL_COUNTERPARTIES, 0)]
        flows_end = None
        async with _consumer(self._kafka, places) as consumer:
            moved = time.monotonic()
            while time.monotonic() - moved < _PATIENCE_SECONDS:
                fetched = await consumer.getmany(timeout_ms=250)
                at = time.time()
                for place, records in fetched.items():
                    for entry in map(decode, (record.value for record in records)):
                        if isinstance(entry, BatchRecord):
                            self._note(place, entry, at)
                            moved = time.monotonic()
                progress(self.judged)
                if self.judged >= transfers:
                    flows_end = await self._end_of_flows() if flows_end is None else flows_end
                    if self._flows_done >= flows_end:
                        return True
        return False

    def _note(self, place: TopicPartition, entry: BatchRecord, at: float) -> None:
        self.batches += 1
        if place.topic == JOURNAL_ACCOUNTS:
            _add(self.accounts, at, sum(count for _, _, count in entry.ranges))
        else:
            _add(self.flows, at, entry.counts[0])
            self._flows_done = entry.ranges[0][1]

    async def _end_of_flows(self) -> int:
        """The offset behind the last flows; it is followed by the marker of its transaction."""
        place, reached = TopicPartition(FLOWS, 0), 0
        async with _consumer(self._kafka, [place]) as consumer:
            end = (await consumer.end_offsets([place]))[place]
            consumer.seek(place, max(0, end - _BEHIND_THE_LAST))
            while await consumer.position(place) < end:
                for records in (await consumer.getmany(place, timeout_ms=100)).values():
                    reached = records[-1].offset + 1
        return reached


def timeline(watch: JournalWatch) -> list[Sample]:
    """Transfers over time, beginning with the first transaction; it ends when the last flow is judged as well."""
    samples = list(watch.accounts)
    first = max(index for index, sample in enumerate(samples) if sample.at == samples[0].at)
    if watch.flows and watch.flows[-1].at > samples[-1].at:
        samples.append(Sample(watch.flows[-1].at, samples[-1].transfers))
    return samples[first:]


async def count_outputs(servers: str, partitions: int) -> dict[str, int]:
    """Committed records on the output topics, by topic."""
    places = [TopicPartition(topic, n) for topic in (VERDICTS, ALERTS, DEADLETTERS) for n in range(partitions)]
    counts = {VERDICTS: 0, ALERTS: 0, DEADLETTERS: 0}
    async with _consumer(KafkaAccess(servers), places) as consumer:
        stable = await consumer.end_offsets(places)
        left = set(places)
        while left:
            for place, records in (await consumer.getmany(*left, timeout_ms=100)).items():
                counts[place.topic] += len(records)
            left = {place for place in left if await consumer.position(place) < stable[place]}
    return counts


@asynccontextmanager
async def _consumer(kafka: KafkaAccess, places: list[TopicPartition]) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of committed records at the beginning of these partitions."""
    consumer = committed_consumer(kafka)
    await consumer.start()
    try:
        consumer.assign(places)
        for place in places:
            consumer.seek(place, 0)
        yield consumer
    finally:
        await consumer.stop()


def _add(samples: list[Sample], at: float, count: int) -> None:
    samples.append(Sample(at, (samples[-1].transfers if samples else 0) + count))
