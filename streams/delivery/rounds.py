"""The main flow. A round takes what waits in every partition of this worker and carries it to the world:

take -> decode -> load -> judge -> commit -> publish

The transaction is announced to Kafka beside the commit to Redis; nothing is sent before Redis has answered.
The next round is decoded and judged while the last one is committed and published; it is committed only after that.
Large rounds are judged in a thread, so that the transaction under way gets its turns.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec
from redis.exceptions import RedisError

from streams import metrics, tracing
from streams.delivery.claim import Outbox, encode_outbox
from streams.delivery.ending import ended
from streams.delivery.feed import Feed
from streams.delivery.inbox import FULL, Taken
from streams.delivery.journal import STATE_VERSION, BatchRecord, bundle_digest, chained
from streams.delivery.partition import Partition
from streams.delivery.publisher import Publication, Publisher
from streams.delivery.stage import Judged, MemoryChanges, Work, encode_messages
from streams.errors import Lost
from streams.store import Commit, Store
from streams.tracing import RoundTrace

LARGEST_BATCH: Final = 4_000  # records of one batch; judgement: about 100 ms of judging, far below any time-out
ASIDE: Final = 2_000  # records of a round from which on it is judged in a thread; below, sharing the GIL costs more
_COMMIT_ATTEMPTS: Final = 3

_Result = TypeVar("_Result")


class Batch(msgspec.Struct, frozen=True):
    """One partition's part of a round: what was taken, and what it was decoded to."""

    partition: Partition
    taken: Taken
    work: Work


class Signed(msgspec.Struct, frozen=True):
    """A judged batch: its outputs are fixed, its number and hash follow those of the batch before."""

    partition: Partition
    taken: Taken
    judged: Judged
    memory: MemoryChanges
    before: tuple[int, bytes]  # number and hash
    record: BatchRecord
    messages: bytes  # encoded


class Rounds:
    """Runs rounds over the ready partitions of a session. Any error voids everything in hand: claim again."""

    def __init__(self, store: Store, publisher: Publisher, feed: Feed) -> None:
        self._store = store
        self._publisher = publisher
        self._feed = feed
        self._carrying: asyncio.Task[None] | None = None

    async def run(self, partitions: Sequence[Partition]) -> None:
        """One round over the partitions that have something waiting.

        Raises:
            Lost, RedisError, KafkaError, OSError, TimeoutError: the session is over.
        """
        taken = self._take(partitions)
        if not taken:
            return
        trace = _begin_trace(taken)
        try:
            signed = await self._decide(taken, trace)
            await self.settle()
        except BaseException as error:
            trace.end(error)
            raise
        self._carrying = asyncio.create_task(self._carry(signed, trace))

    async def _decide(self, taken: Sequence[tuple[Partition, Taken]], trace: RoundTrace) -> list[Signed]:
        """Decode, load and judge, in memory: nothing is written yet."""
        for stage in {id(part.stage): part.stage for part, _ in taken}.values():
            stage.take_over()  # decoding, judging and signing of this round see one and the same
        size = sum(one.count for _, one in taken)
        with trace.step("decode"):
            batches = await _aside(size, lambda: _decode(taken))
        if any(batch.work.settled for batch in batches):
            await self.settle()
        with trace.step("load"):
            await self._load(batches)
            await self._follow([batch for batch in batches if batch.work.settled])
        with trace.step("judge"):
            far = ASIDE if any(batch.work.settled for batch in batches) else size  # looking back takes its time
            signed = await _aside(far, lambda: _judge(batches))
        for one in signed:
            one.partition.advance(one.record)
            one.partition.cache.age()
        return signed

    async def settle(self) -> None:
        """Wait until the last round is committed and published; its failure is raised here."""
        carrying, self._carrying = self._carrying, None
        if carrying is not None:
            await carrying

    async def abandon(self) -> None:
        """Give up the round under way; a claim will find out what became of it."""
        carrying, self._carrying = self._carrying, None
        if carrying is not None:
            await ended([carrying])

    def _take(self, partitions: Sequence[Partition]) -> list[tuple[Partition, Taken]]:
        """Cut a batch from what waits in each partition."""
        taken = []
        for partition in partitions:
            one = partition.inbox.take(partition.position, LARGEST_BATCH, partition.behind)
            if partition.full and partition.inbox.waiting < FULL // 2:
                partition.full = False
                self._feed.drained(partition.stage.sources, partition.number)
            if one.count:
                taken.append((partition, one))
        return taken

    async def _load(self, batches: Sequence[Batch]) -> None:
        """Read the states that are not cached, and what is noted, in one round trip for all partitions."""
        wanted = [(batch.partition, batch.partition.cache.missing(batch.work.keys)) for batch in batches]
        wanted = [(partition, absent) for partition, absent in wanted if absent]
        asking = [(batch.work, keys, sorted(batch.work.asks)) for batch in batches if (keys := batch.partition.noted)]
        asking = [one for one in asking if one[2]]
        if not wanted and not asking:
            return
        with metrics.STEP_SECONDS.labels("load").time():
            loaded = await self._store.load(
                [(partition.keys.states, absent) for partition, absent in wanted]
                + [(keys.notes, asked) for _, keys, asked in asking]
            )
        for (partition, absent), states in zip(wanted, loaded, strict=False):
            stage, put = partition.stage, partition.cache.put
            for key, packed in zip(absent, states, strict=True):
                put(key, stage.load_state(key, packed) if packed else stage.fresh_state(key))
        for (work, _, asked), notes in zip(asking, loaded[len(wanted) :], strict=True):
            work.notes = {key: packed for key, packed in zip(asked, notes, strict=True) if packed is not None}

    async def _follow(self, batches: Sequence[Batch]) -> None:
        """Read what settled work needs besides, step by step."""
        for batch in batches:
            stage, work, cache = batch.partition.stage, batch.work, batch.partition.cache
            while more := stage.follow(work, cache.states()) - work.keys:
                work.keys |= more
                await self._load([Batch(batch.partition, batch.taken, Work(None, more))])

    async def _carry(self, signed: Sequence[Signed], trace: RoundTrace) -> None:
        """Commit a judged round to Redis, publish it in one transaction; then it counts as done."""
        try:
            await self._commit_and_publish(signed, trace)
        except BaseException as error:
            trace.end(error)
            raise
        trace.judged(_figures(signed))
        trace.end()

    async def _commit_and_publish(self, signed: Sequence[Signed], trace: RoundTrace) -> None:
        publications = [
            Publication(
                one.partition.number,
                one.partition.stage.journal,
                (one.record,),
                one.judged.outputs.messages,
                one.judged.outputs.bundles,
            )
            for one in signed
        ]
        announced = await self._publisher.announce(publications, trace.headers)  # Kafka gets ready while Redis commits
        with trace.step("commit"), metrics.STEP_SECONDS.labels("commit").time():
            await self._commit([self._prepare(one) for one in signed])
        with trace.step("publish"), metrics.STEP_SECONDS.labels("publish").time():
            offsets = await self._publisher.send(announced)
            self._feed.want()  # what comes in while the transaction ends is the next round's
            await self._publisher.end()
        now_ms = time.time() * 1000
        for one, offset in zip(signed, offsets, strict=True):
            one.partition.published = (one.record.n, offset)
            stage = one.partition.stage.name
            metrics.count_batch(stage, one.judged, one.taken.count)
            metrics.LATENCY_SECONDS.labels(stage).observe(max(0.0, (now_ms - one.taken.oldest_ms) / 1000))

    async def _commit(self, commits: Sequence[Commit]) -> None:
        """All commits in one round trip; a lost reply is no lost commit, so it may be repeated."""
        for attempt in range(_COMMIT_ATTEMPTS):
            try:
                metrics.NOT_REMEMBERED.inc(await self._store.commit(commits))
                return
            except RedisError:
                if attempt == _COMMIT_ATTEMPTS - 1:
                    raise
                await self._store.forget_connections()
                await asyncio.sleep(0.1)

    def _prepare(self, one: Signed) -> Commit:
        journal_n, journal_at = one.partition.published
        return Commit(
            keys=one.partition.keys,
            owner=one.record.owner,
            transactional_id=self._publisher.transactional_id or "",
            n_before=one.before[0],
            h_before=one.before[1],
            n=one.record.n,
            h=one.record.h,
            position=one.record.position,
            outbox=encode_outbox(Outbox(one.record, one.messages, one.judged.outputs.bundles)),
            journal_n=journal_n,
            journal_at=journal_at,
            writes=one.judged.writes,
            memory=one.memory,
        )


def _begin_trace(taken: Sequence[tuple[Partition, Taken]]) -> RoundTrace:
    return tracing.begin(
        (partition for partition, _ in taken),
        sum(one.count for _, one in taken),
        [fetched for _, one in taken for fetched in one.fetched],
        min(one.oldest_ms for _, one in taken),
    )


def _figures(signed: Sequence[Signed]) -> dict[str, int]:
    """What a round came to, for its trace."""
    judged = [one.judged for one in signed]
    return {
        "verdicts": sum(sum(one.decisions.values()) for one in judged),
        "alerts": sum(sum(one.tally.findings.values()) for one in judged),
        "dead_letters": sum(one.counts[3] for one in judged),
    }


async def _aside(size: int, work: Callable[[], _Result]) -> _Result:
    """Do the work of a large round in a thread, of a small one here."""
    return await asyncio.to_thread(work) if size >= ASIDE else work()


def _decode(taken: Sequence[tuple[Partition, Taken]]) -> list[Batch]:
    return [Batch(part, one, part.stage.decode(part.number, one.records)) for part, one in taken]


def _judge(batches: Sequence[Batch]) -> list[Signed]:
    """Judge each batch and sign it. Touches nothing but states and memory, which are thrown away if it is cut short."""
    judged_ms = int(time.time() * 1000)
    signed = []
    with metrics.STEP_SECONDS.labels("judge").time():
        for batch in batches:
            partition, stage = batch.partition, batch.partition.stage
            memory, states = partition.memory, partition.cache.states()
            judged = stage.judge(batch.work, partition.number, states, memory, judged_ms)
            messages, bundles = encode_messages(judged.outputs.messages), judged.outputs.bundles
            unsigned = BatchRecord(
                partition.n + 1,
                judged_ms,
                batch.taken.ranges,
                judged.counts,
                len(bundles),
                batch.work.notes,
                stage.list_hash,
                stage.ruleset,
                STATE_VERSION,
                partition.owner,
                b"",
            )
            h = chained(partition.h, unsigned, messages, map(bundle_digest, bundles))
            record = msgspec.structs.replace(unsigned, h=h)
            before = (partition.n, partition.h)
            signed.append(Signed(partition, batch.taken, judged, memory.take_changes(), before, record, messages))
    return signed


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
