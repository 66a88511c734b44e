"""The main flow. A round takes what waits in every partition of this worker and carries it to the world:

take -> decode -> load -> judge -> commit -> publish -> acknowledge

Judging the next round overlaps the transaction of the last one; its commit waits for that transaction's end.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Final

import msgspec
from redis.exceptions import RedisError

from streams import metrics
from streams.delivery.claim import Outbox, encode_outbox
from streams.delivery.feed import Feed
from streams.delivery.inbox import FULL, Taken
from streams.delivery.journal import STATE_VERSION, BatchRecord, chained
from streams.delivery.partition import Partition
from streams.delivery.publisher import Publication, Publisher
from streams.delivery.stage import Judged, Work, encode_outputs
from streams.errors import Lost
from streams.store import Commit, Store

log = logging.getLogger(__name__)

LARGEST_BATCH: Final = 4_000  # records of one batch; judgement: about 100 ms of judging, far below any time-out
_COMMIT_ATTEMPTS: Final = 3


class Batch(msgspec.Struct):
    """One partition's part of a round on its way."""

    partition: Partition
    taken: Taken
    work: Work
    judged: Judged | None = None
    record: BatchRecord | None = None
    outputs: bytes = b""


class Rounds:
    """Runs rounds over the ready partitions of a session. Any error voids everything in hand: claim again."""

    def __init__(self, store: Store, publisher: Publisher, feed: Feed) -> None:
        self._store = store
        self._publisher = publisher
        self._feed = feed
        self._publishing: asyncio.Task[None] | None = None

    async def run(self, partitions: Sequence[Partition]) -> None:
        """One round over the partitions that have something waiting.

        Raises:
            Lost, RedisError, KafkaError, OSError, TimeoutError: the session is over.
        """
        batches = self._take(partitions)
        if not batches:
            return
        await self._load(batches)
        await self._judge(batches)
        await self.settle()
        await self._commit(batches)
        self._publishing = asyncio.create_task(self._publish(batches))

    async def settle(self) -> None:
        """Wait until the transaction under way is committed; its failure is raised here."""
        publishing, self._publishing = self._publishing, None
        if publishing is not None:
            await publishing

    @property
    def publishing(self) -> bool:
        """Whether a transaction is under way."""
        return self._publishing is not None and not self._publishing.done()

    async def abandon(self) -> None:
        """Give up a transaction under way; a claim will find out what became of it."""
        publishing, self._publishing = self._publishing, None
        if publishing is not None:
            publishing.cancel()
            await asyncio.wait([publishing], timeout=1)

    def _take(self, partitions: Sequence[Partition]) -> list[Batch]:
        """Cut a batch from what waits in each partition, and decode it."""
        batches = []
        for partition in partitions:
            taken = partition.inbox.take(partition.position, LARGEST_BATCH)
            if partition.full and partition.inbox.waiting < FULL // 2:
                partition.full = False
                self._feed.drained(partition.stage.sources, partition.number)
            if taken.ranges != tuple((at, at, 0) for at in partition.position):
                work = partition.stage.decode(partition.number, taken.records)
                batches.append(Batch(partition, taken, work))
        return batches

    async def _load(self, batches: Sequence[Batch]) -> None:
        """Read the states that are not cached, in one round trip for all partitions."""
        wanted = [(batch.partition, batch.partition.cache.missing(batch.work.keys)) for batch in batches]
        wanted = [(partition, absent) for partition, absent in wanted if absent]
        if not wanted:
            return
        with metrics.STEP_SECONDS.labels("load").time():
            loaded = await self._store.load([(partition.keys, absent) for partition, absent in wanted])
        for (partition, absent), states in zip(wanted, loaded, strict=True):
            stage, put = partition.stage, partition.cache.put
            for key, packed in zip(absent, states, strict=True):
                put(key, stage.load_state(packed) if packed else stage.fresh_state())

    async def _judge(self, batches: Sequence[Batch]) -> None:
        """Judge each batch and sign it: from here its outputs are fixed."""
        judged_ms = int(time.time() * 1000)
        with metrics.STEP_SECONDS.labels("judge").time():
            for batch in batches:
                partition, stage = batch.partition, batch.partition.stage
                judged = stage.judge(
                    batch.work, partition.number, partition.cache.states(), partition.memory, judged_ms
                )
                batch.judged = judged
                batch.outputs = encode_outputs(judged.outputs)
                unsigned = BatchRecord(
                    partition.n + 1,
                    judged_ms,
                    batch.taken.ranges,
                    judged.counts,
                    stage.list_hash,
                    stage.ruleset,
                    STATE_VERSION,
                    partition.owner,
                    b"",
                )
                batch.record = msgspec.structs.replace(unsigned, h=chained(partition.h, unsigned, batch.outputs))
                await asyncio.sleep(0)  # let a transaction under way go on

    async def _commit(self, batches: Sequence[Batch]) -> None:
        """Commit every batch to Redis, in one round trip; a lost reply is no lost commit, so it may be repeated."""
        commits = [self._prepare(batch) for batch in batches]
        with metrics.STEP_SECONDS.labels("commit").time():
            for attempt in range(_COMMIT_ATTEMPTS):
                try:
                    await self._store.commit(commits)
                    break
                except RedisError:
                    if attempt == _COMMIT_ATTEMPTS - 1:
                        raise
                    await self._store.forget_connections()
                    await asyncio.sleep(0.1)
        for batch in batches:
            partition, record = batch.partition, batch.record
            assert record is not None  # noqa: S101  # set by _judge
            partition.n, partition.h = record.n, record.h
            partition.position = tuple(end for _, end, _ in record.ranges)
            partition.cache.age()

    def _prepare(self, batch: Batch) -> Commit:
        partition, record = batch.partition, batch.record
        assert batch.judged is not None and record is not None  # noqa: S101  # set by _judge
        journal_n, journal_at = partition.published
        return Commit(
            keys=partition.keys,
            owner=partition.owner,
            transactional_id=self._publisher.transactional_id or "",
            n_before=partition.n,
            h_before=partition.h,
            n=record.n,
            h=record.h,
            position=tuple(end for _, end, _ in record.ranges),
            outbox=encode_outbox(Outbox(record, batch.outputs)),
            journal_n=journal_n,
            journal_at=journal_at,
            writes=batch.judged.writes,
            memory=partition.memory.take_changes(),
        )

    async def _publish(self, batches: Sequence[Batch]) -> None:
        """One transaction for the whole round; then the round counts as done."""
        publications = []
        for batch in batches:
            assert batch.judged is not None and batch.record is not None  # noqa: S101  # set by _judge
            outputs = batch.judged.outputs
            publications.append(
                Publication(
                    batch.partition.number, batch.partition.stage.journal, (batch.record,), outputs.messages, outputs.flows
                )
            )
        with metrics.STEP_SECONDS.labels("publish").time():
            offsets = await self._publisher.publish(publications)
        now_ms = time.time() * 1000
        for batch, offset in zip(batches, offsets, strict=True):
            assert batch.judged is not None and batch.record is not None  # noqa: S101  # set by _judge
            batch.partition.published = (batch.record.n, offset)
            metrics.count_batch(batch.partition.stage.name, batch.judged, batch.taken.count)
            if batch.taken.oldest_ms:
                latency = max(0.0, (now_ms - batch.taken.oldest_ms) / 1000)
                metrics.LATENCY_SECONDS.labels(batch.partition.stage.name).observe(latency)


async def check_standing(store: Store, partitions: Sequence[Partition]) -> None:
    """Notice that Redis lost or changed what is ours, also when nothing flows.

    Raises:
        Lost: owner, number or hash of a partition is not what we left there.
    """
    if not partitions:
        return
    standing = await store.standing([partition.keys for partition in partitions])
    for partition, (owner, n, h) in zip(partitions, standing, strict=True):
        if (owner or b"").decode() != partition.owner or int(n or 0) != partition.n or (h or b"") != partition.h:
            raise Lost(f"the state of {partition} in Redis is not the one we left")
