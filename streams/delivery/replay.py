"""Rebuilding what Redis has lost: the journalled ranges are judged again, in silence.

Every batch must come out with the hash that was published. A batch that was judged with other lists than those in force is
judged by the lists of then, where they are kept. Where they are not, and where rules or the state version differ, it cannot
be checked: its states are rebuilt with what is in force, and it is counted as unverified.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from rules.intake import RawRecord
from streams import metrics
from streams.delivery.journal import STATE_VERSION, BatchRecord, bundle_digest, chained, committed_consumer
from streams.delivery.partition import Partition
from streams.delivery.stage import Judged, MemoryChanges, Stage, Work, Writes, encode_messages
from streams.errors import Impossible
from streams.security import KafkaAccess
from streams.store import Commit, Store

log = logging.getLogger(__name__)

_RECORDS_IN_COMMIT: Final = 5_000
_PATIENCE_SECONDS: Final = 30.0


class SourceReader:
    """Reads exact ranges of the source topics of one partition, in order."""

    def __init__(self, kafka: KafkaAccess, stage: Stage, partition: int) -> None:
        self._consumer = committed_consumer(kafka)
        self._places = [TopicPartition(topic, partition) for topic in stage.sources]
        self._held: list[deque[RawRecord]] = [deque() for _ in self._places]

    async def start(self, position: Sequence[int]) -> None:
        """Begin at `position`, one offset for each source."""
        await asyncio.wait_for(self._consumer.start(), 15)
        self._consumer.assign(self._places)
        for place, offset in zip(self._places, position, strict=True):
            self._consumer.seek(place, offset)

    async def stop(self) -> None:
        """Close the consumer."""
        await self._consumer.stop()

    async def read(self, record: BatchRecord) -> list[list[RawRecord]]:
        """The records of a journalled batch, by source.

        Raises:
            Impossible: a range does not hold the number of records it was journalled with.
        """
        batch = []
        for source, (start, end, count) in enumerate(record.ranges):
            await self._reach(source, end)
            held = self._held[source]
            records = []
            while held and held[0][0] < end:
                records.append(held.popleft())
            if len(records) != count or (records and records[0][0] < start):
                place = self._places[source]
                raise Impossible(
                    f"{place.topic}[{place.partition}] holds {len(records)} of {count} records in "
                    f"[{start}, {end}): has retention taken them?"
                )
            batch.append(records)
        return batch

    async def _reach(self, source: int, end: int) -> None:
        consumer, place = self._consumer, self._places[source]
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while await consumer.position(place) < end:
            try:
                fetched = await consumer.getmany(timeout_ms=200)
            except OffsetOutOfRangeError:
                raise Impossible(
                    f"{place.topic}[{place.partition}] does not hold what was judged any more: has retention taken it?"
                ) from None
            for got, records in fetched.items():
                self._held[self._places.index(got)].extend((one.offset, one.key, one.value) for one in records)
            if fetched:
                deadline = time.monotonic() + _PATIENCE_SECONDS
            elif time.monotonic() > deadline:
                raise TimeoutError(f"{place.topic}[{place.partition}] cannot be read up to {end}")


async def replay(
    partition: Partition,
    missing: Sequence[tuple[int, BatchRecord]],
    kafka: KafkaAccess,
    store: Store,
    transactional_id: str,
) -> None:
    """Judge the missing batches again and commit their states; nothing is published.

    Raises:
        Impossible: a batch that can be checked comes out differently, or its records are gone.
        Lost: another worker has claimed the partition.
    """
    reader = SourceReader(kafka, partition.stage, partition.number)
    try:
        await reader.start(tuple(first for first, _, _ in missing[0][1].ranges))
        group: list[tuple[int, BatchRecord, Work]] = []
        size = 0
        for at, record in missing:
            work = partition.stage.decode(partition.number, await reader.read(record))
            work.notes = record.notes
            if work.settled and group:  # it needs what the others leave, in the store
                await _rebuild(partition, group, store, transactional_id)
                group, size = [], 0
            group.append((at, record, work))
            size += sum(count for _, _, count in record.ranges)
            if size >= _RECORDS_IN_COMMIT or work.settled:
                await _rebuild(partition, group, store, transactional_id)
                group, size = [], 0
        if group:
            await _rebuild(partition, group, store, transactional_id)
    finally:
        await reader.stop()
    log.warning("replayed", extra={"partition": str(partition), "batches": len(missing)})


async def _rebuild(
    partition: Partition, group: Sequence[tuple[int, BatchRecord, Work]], store: Store, transactional_id: str
) -> None:
    """Judge some batches again and commit what they leave in one step."""
    stage = partition.stage
    await _load(partition, set().union(*(work.keys for _, _, work in group)), store)
    for _, _, work in group:
        while work.settled and (more := stage.follow(work, partition.cache.states()) - work.keys):
            work.keys |= more
            await _load(partition, more, store)
    cache = partition.cache
    n_before, h_before = partition.n, partition.h
    writes, memory = Writes(), MemoryChanges()
    for _, record, work in group:
        if record.n != partition.n + 1:
            raise Impossible(f"{partition}: the journal goes from batch {partition.n} to {record.n}")
        then = await _as_of(stage, record)
        judged = then.judge(work, partition.number, cache.states(), partition.memory, record.judged_ms)
        _verify(partition, then, record, judged)
        writes.then(judged.writes)
        memory = memory.then(partition.memory.take_changes())  # batch by batch, as they were written first
        partition.advance(record)
        await asyncio.sleep(0)
    at, record, _ = group[-1]
    await store.commit(
        [
            Commit(
                keys=partition.keys,
                owner=partition.owner,
                transactional_id=transactional_id,
                n_before=n_before,
                h_before=h_before,
                n=partition.n,
                h=partition.h,
                position=partition.position,
                outbox=b"",
                journal_n=record.n,
                journal_at=at,
                writes=writes,
                memory=memory,
            )
        ]
    )
    partition.published = (record.n, at)
    cache.age()


async def _load(partition: Partition, keys: Iterable[str], store: Store) -> None:
    """Bring states into the cache."""
    stage, cache = partition.stage, partition.cache
    absent = cache.missing(sorted(keys))
    (loaded,) = await store.load([(partition.keys.states, absent)]) if absent else ([],)
    for key, packed in zip(absent, loaded, strict=True):
        cache.put(key, stage.load_state(key, packed) if packed else stage.fresh_state(key))


async def _as_of(stage: Stage, record: BatchRecord) -> Stage:
    """The stage with the lists and rules that a batch was judged by."""
    if (record.list_hash, record.ruleset) == (stage.list_hash, stage.ruleset):
        return stage
    return await asyncio.to_thread(stage.as_of, record.list_hash, record.ruleset)


def _verify(partition: Partition, stage: Stage, record: BatchRecord, judged: Judged) -> None:
    comparable = (record.list_hash, record.ruleset, record.version) == (stage.list_hash, stage.ruleset, STATE_VERSION)
    metrics.REPLAYED_BATCHES.labels(stage.name, "yes" if comparable else "no").inc()
    messages, bundles = encode_messages(judged.outputs.messages), map(bundle_digest, judged.outputs.bundles)
    if comparable and (record.counts != judged.counts or chained(partition.h, record, messages, bundles) != record.h):
        raise Impossible(f"{partition}: replay of batch {record.n} disagrees with what was published")
