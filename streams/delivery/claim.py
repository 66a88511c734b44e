"""Taking a partition over, whoever had it and whatever happened to Redis in between.

Order: claim in Redis (from here the predecessor can decide nothing), fence other claimers and the predecessor's producer
(from here it can publish nothing), read the journal to its end, compare it with Redis, then publish what was decided but
not published, or replay what Redis has lost.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Final

import msgspec
from aiokafka import TopicPartition

from streams import metrics
from streams.delivery.feed import Feed
from streams.delivery.journal import (
    BatchRecord,
    ClaimRecord,
    Entry,
    JournalReader,
    committed_consumer,
    journal_reader,
)
from streams.delivery.partition import Condition, Partition
from streams.delivery.publisher import Publication, Publisher, fence
from streams.delivery.replay import replay
from streams.delivery.stage import Outputs, decode_messages
from streams.errors import Impossible, Lost
from streams.formats.outlets import NATIVE_ONLY, Outlets
from streams.security import KafkaAccess
from streams.store import Held, Store

log = logging.getLogger(__name__)


class Outbox(msgspec.Struct, frozen=True, array_like=True):
    """What Redis keeps of the last committed batch until it is known to be published."""

    record: BatchRecord
    messages: bytes  # encoded
    bundles: list[bytes]


encode_outbox: Final = msgspec.msgpack.Encoder().encode
_decode_outbox: Final = msgspec.msgpack.Decoder(Outbox).decode


class Fences:
    """Transactional ids that this session has ended. An id is never used again, so once is enough."""

    def __init__(self, kafka: KafkaAccess) -> None:
        self._kafka = kafka
        self._done: dict[str, asyncio.Task[None]] = {}

    async def end(self, transactional_id: str) -> None:
        """Fence an id, once; several partitions of one predecessor share the work."""
        task = self._done.get(transactional_id)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._done[transactional_id] = asyncio.create_task(fence(self._kafka, transactional_id))
        await asyncio.shield(task)

    def __contains__(self, transactional_id: str) -> bool:
        task = self._done.get(transactional_id)
        return task is not None and task.done() and not task.cancelled() and task.exception() is None


class Claimer:
    """Claims partitions for one session."""

    def __init__(
        self,
        *,
        kafka: KafkaAccess,
        store: Store,
        feed: Feed,
        worker: str,
        generation: int,
        transactional_id: str | None,
        outlets: Outlets = NATIVE_ONLY,
    ) -> None:
        self._kafka = kafka
        self._store = store
        self._feed = feed
        self._worker = worker
        self._generation = generation
        self._transactional_id = transactional_id
        self._outlets = outlets
        self._fences = Fences(kafka)

    async def claim(self, partition: Partition, *, force: bool = False) -> None:
        """Make the partition ours and ready, at exactly the position the journal says.

        `force` claims even from a younger generation: generations restart when a group is deleted.

        Raises:
            Lost: a worker of a younger generation owns it.
            Impossible: Redis and the journal contradict each other.
            KafkaError, RedisError, OSError, TimeoutError: try again later.
        """
        started = time.monotonic()
        partition.reset()
        held = await self._store.claim(partition.keys, partition.new_owner(self._worker), self._generation, force=force)
        if held is None:
            raise Lost(f"{partition} belongs to a younger generation of the group")
        partition.keys.epoch = held.epoch
        writer = Publisher(self._kafka, partition.claim_id if self._transactional_id else None, self._outlets)
        try:
            await writer.start()  # from here no other claim of this partition can go on
            async with journal_reader(self._kafka, partition.stage.journal, partition.number) as reader:
                entries = await self._read_and_fence(reader, held)
                how = await self._reconcile(partition, held, entries, reader, writer)
        finally:
            await writer.stop()
        await self._open(partition)
        metrics.CLAIMS.labels(partition.stage.name, how).inc()
        metrics.CLAIM_SECONDS.observe(time.monotonic() - started)
        log.info(
            "claimed",
            extra={"partition": str(partition), "how": how, "n": partition.n, "position": list(partition.position)},
        )

    async def _read_and_fence(self, reader: JournalReader, held: Held) -> list[Entry]:
        """The journal from Redis' hint to its end, once nobody but us can add to it."""
        entries = await reader.read(held.journal_at)
        if self._transactional_id is None:
            return entries
        while True:
            claims = [record for _, record in entries if isinstance(record, ClaimRecord)]
            predecessor = claims[-1].transactional_id if claims else held.transactional_id
            if not predecessor or predecessor in self._fences:
                return entries
            await self._fences.end(predecessor)
            entries += await reader.read(reader.position)

    async def _reconcile(
        self, partition: Partition, held: Held, entries: list[Entry], reader: JournalReader, writer: Publisher
    ) -> str:
        """Bring Redis and the journal together, and sign the journal. Returns in a word what had to be done."""
        _check_hint(partition, held, entries)
        batches = _batches(entries)
        last = batches[-1][1] if batches else None
        n = last.n if last else 0
        how = "clean"
        if held.n > n + 1:
            raise Impossible(f"{partition}: Redis is at batch {held.n}, the journal ends at {n}")
        if _diverged(held, batches):
            log.error("redis holds a batch that was never published: wiping", extra={"partition": str(partition)})
            await self._store.wipe(partition.keys, partition.owner)
            held = _nothing_held(held)
            entries = await reader.read(0)
            batches = _batches(entries)
            how = "wiped"
        records: list[BatchRecord | ClaimRecord] = []
        outputs = Outputs([])
        if held.n == n + 1:
            outbox = _decode_outbox(held.outbox)
            outputs = Outputs(decode_messages(outbox.messages), outbox.bundles)
            records.append(outbox.record)
            how = "republished"
            metrics.REPUBLISHED_BATCHES.labels(partition.stage.name).inc()
        partition.n, partition.h = held.n, held.h
        partition.position = held.position or await self._beginnings(partition)
        partition.memory = partition.stage.open_memory(await self._store.segments(partition.keys, held.segments))
        partition.published = next(((one.n, at) for at, one in reversed(batches) if one.n <= held.n), (0, 0))
        missing = [(at, one) for at, one in batches if one.n > held.n]
        if missing:
            await replay(partition, missing, self._kafka, self._store, held.transactional_id)
            how = how if how == "wiped" else "replayed"
        claim = ClaimRecord(partition.n, int(time.time() * 1000), self._transactional_id or "", partition.owner, partition.h)
        publication = Publication(
            partition.number, partition.stage.journal, (*records, claim), outputs.messages, outputs.bundles
        )
        (offset,) = await writer.publish([publication])
        if records:
            partition.published = (partition.n, offset)
        return how

    async def _beginnings(self, partition: Partition) -> tuple[int, ...]:
        """Where the source topics begin: the position of a partition that was never judged."""
        consumer = committed_consumer(self._kafka)
        await asyncio.wait_for(consumer.start(), 15)
        try:
            places = [TopicPartition(topic, partition.number) for topic in partition.stage.sources]
            first = await consumer.beginning_offsets(places)
        finally:
            await consumer.stop()
        return tuple(first[place] for place in places)

    async def _open(self, partition: Partition) -> None:
        topics = partition.stage.sources
        seeks = await self._feed.seek(topics, partition.number, partition.position)
        partition.inbox.open(seeks)
        partition.condition = Condition.READY
        self._feed.resume(topics, partition.number)


def _batches(entries: Sequence[Entry]) -> list[tuple[int, BatchRecord]]:
    return [(at, record) for at, record in entries if isinstance(record, BatchRecord)]


def _check_hint(partition: Partition, held: Held, entries: Sequence[Entry]) -> None:
    """The record that Redis points at must be the one Redis believes it to be."""
    if held.journal_n == 0:
        return
    offset, record = entries[0] if entries else (-1, None)
    expected = {held.n: held.h, held.n - 1: held.before}.get(held.journal_n)
    if (
        offset != held.journal_at
        or not isinstance(record, BatchRecord)
        or record.n != held.journal_n
        or (expected is not None and record.h != expected)
    ):
        raise Impossible(f"{partition}: the journal holds another record at offset {held.journal_at} than Redis says")


def _diverged(held: Held, batches: Sequence[tuple[int, BatchRecord]]) -> bool:
    """Whether Redis' last batch is not the journal's batch of that number, nor the one that would follow it."""
    if held.n == 0:
        return False
    known = {record.n: record.h for _, record in batches}
    if held.n in known:
        return known[held.n] != held.h
    return known.get(held.n - 1, b"") != held.before


def _nothing_held(held: Held) -> Held:
    return msgspec.structs.replace(
        held, n=0, h=b"", before=b"", position=(), journal_n=0, journal_at=0, outbox=b"", segments=range(0)
    )
