"""The partitions of one worker between two rebalances, and one producer for all of them.

A session never ends by itself: whatever fails, it throws its producer away and claims everything again under a new
transactional id, with growing pauses, until it is stopped.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Final

from aiokafka.errors import KafkaError
from redis.exceptions import RedisError

from streams import metrics
from streams.delivery.claim import Claimer
from streams.delivery.ending import ended
from streams.delivery.feed import Feed
from streams.delivery.inbox import FULL, Chunk
from streams.delivery.partition import Condition, Partition
from streams.delivery.publisher import Publisher
from streams.delivery.rounds import Rounds, check_standing
from streams.errors import Impossible, Lost
from streams.formats.outlets import NATIVE_ONLY, Outlets
from streams.security import KafkaAccess
from streams.store import Store

log = logging.getLogger(__name__)

# What an outage, a rebalance or a zombie can raise: void everything in hand and claim again.
RECOVERABLE: Final = (Lost, RedisError, KafkaError, OSError, TimeoutError, asyncio.TimeoutError)
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0
_IMPOSSIBLE_PAUSE: Final = 30.0  # somebody has to look; until then ask again now and then
_CHECK_SECONDS: Final = 1.0
_OVERLAP: Final = 2_000  # records waiting from which on a round is judged while the last one is on its way
_PATIENCE_SECONDS: Final = 1.0  # that what waits is held for older records; judgement: a poll takes milliseconds
_HELD_SECONDS: Final = 0.01
_FRESH_MS: Final = 1_000  # judgement: who is that close to the present has both topics at hand, within milliseconds
_LONG_LIFE: Final = 30.0  # a session that lived so long was no part of the same trouble


class Session:
    """Claims partitions and runs rounds over those that are ready."""

    def __init__(
        self,
        partitions: Sequence[Partition],
        *,
        kafka: KafkaAccess,
        store: Store,
        feed: Feed,
        worker: str,
        generation: Callable[[], int],
        session_timeout: float,
        transactional: bool,
        outlets: Outlets = NATIVE_ONLY,
    ) -> None:
        self.partitions = {(part.stage.name, part.number): part for part in partitions}
        self._by_topic = {(topic, part.number): part for part in partitions for topic in part.stage.sources}
        self._kafka = kafka
        self._store = store
        self._feed = feed
        self._worker = worker
        self._generation = generation
        self._patience = 2 * session_timeout
        self._transactional = transactional
        self._outlets = outlets
        self._wake = asyncio.Event()
        self._stopped = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.settled = asyncio.Event()  # every partition is ready, or has failed at its first claim
        self.ended_at: dict[tuple[str, int], int] = {}  # topic partition -> offset, once the session ended in good order

    def start(self) -> None:
        """Begin to claim and judge, in the background."""
        self._task = asyncio.create_task(self._run(), name="session")

    async def stop(self, grace_seconds: float) -> None:
        """Finish the round under way if it can be done in time, and give everything up."""
        self._stopped.set()
        self._wake.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=grace_seconds)
            if not self._task.done():
                self._task.cancel()
                await asyncio.wait([self._task], timeout=2)

    def put(self, chunk: Chunk) -> None:
        """Take a chunk from Faust; never blocks. Fetching stops above a mark and goes on below half of it."""
        partition = self._by_topic.get((chunk.topic, chunk.partition))
        if partition is None or partition.condition is not Condition.READY:
            return
        partition.inbox.put(chunk)
        if partition.inbox.waiting > FULL and not partition.full:
            partition.full = True
            self._feed.full(partition.stage.sources, partition.number)
        self._wake.set()

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stopped.is_set():
            started = time.monotonic()
            try:
                await self._live()
            except RECOVERABLE as error:
                metrics.SESSION_FAILURES.labels(type(error).__name__).inc()
                log.warning("session failed", extra={"error": type(error).__name__, "reason": str(error)[:300]})
            except asyncio.CancelledError:
                if self._stopped.is_set():
                    raise
                # aiokafka lets one of its own out when it is stopped while the broker is away: an outage, not our end
                metrics.SESSION_FAILURES.labels("CancelledError").inc()
                log.warning("session failed", extra={"error": "CancelledError", "reason": "a client was cut short"})
            except Exception:  # the agent boundary: a fault of ours must not end the worker either
                metrics.SESSION_FAILURES.labels("bug").inc()
                log.exception("session failed for an unknown reason")
            if time.monotonic() - started > _LONG_LIFE:
                pause = _FIRST_PAUSE
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopped.wait()
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _live(self) -> None:
        """One life of the session: a producer, claims, rounds. Ends by an error, or quietly when stopped."""
        for partition in self.partitions.values():
            partition.reset()
            self._feed.pause(partition.stage.sources, partition.number)
        await self._store.forget_connections()
        transactional_id = f"lockgate-{self._worker}-{secrets.token_hex(6)}" if self._transactional else None
        publisher = Publisher(self._kafka, transactional_id, self._outlets)
        claims: list[asyncio.Task[None]] = []
        rounds = Rounds(self._store, publisher, self._feed)
        try:
            await publisher.start()
            claimer = Claimer(
                kafka=self._kafka,
                outlets=self._outlets,
                store=self._store,
                feed=self._feed,
                worker=self._worker,
                generation=self._generation(),
                transactional_id=transactional_id,
            )
            claims = [asyncio.create_task(self._claim(claimer, part)) for part in self.partitions.values()]
            await self._rounds(rounds, claims)
        finally:
            await ended(claims)
            await rounds.abandon()
            await publisher.stop()
            for partition in self.partitions.values():
                partition.reset()
                if not self._stopped.is_set():
                    self._feed.pause(partition.stage.sources, partition.number)

    async def _rounds(self, rounds: Rounds, claims: Sequence[asyncio.Task[None]]) -> None:
        checked = time.monotonic()
        while not self._stopped.is_set():
            for claim in claims:
                if claim.cancelled():
                    raise Lost("a claim was cut short")
                if claim.done():
                    claim.result()  # raises what the claim did not expect
            ready = [part for part in self.partitions.values() if part.condition is Condition.READY]
            waiting = sum(part.inbox.waiting for part in ready)
            if waiting < _OVERLAP:  # few wait: more may join them until the last round is done
                self._wake.clear()
                await rounds.settle()
            if ripe := [part for part in ready if self._ripe(part)]:
                await rounds.run(ripe)
                await asyncio.sleep(0)
                continue
            held = any(part.inbox.waiting for part in ready)
            if held:
                self._wake.clear()
                await rounds.settle()
            if time.monotonic() - checked > _CHECK_SECONDS:
                await check_standing(self._store, ready)
                checked = time.monotonic()
            self._feed.want()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_HELD_SECONDS if held else _CHECK_SECONDS / 2):
                    await self._wake.wait()
        await rounds.settle()
        self.ended_at = {
            (topic, part.number): offset
            for part in self.partitions.values()
            if part.condition is Condition.READY
            for topic, offset in zip(part.stage.sources, part.position, strict=True)
        }

    def _ripe(self, partition: Partition) -> bool:
        """Whether a batch may be cut: not while another source of the partition has older records on their way to us.

        Matters after an outage, when polls bring thousands of records of one topic before any of the other; what is fresh is
        never held. A source that does not deliver is waited for once.
        """
        sources, inbox = partition.stage.sources, partition.inbox
        if not inbox.waiting:
            return False
        partition.behind = frozenset()
        if len(sources) > 1 and not partition.full and time.time() * 1000 - inbox.oldest_ms > _FRESH_MS:
            partition.behind = frozenset(
                place
                for place, topic in enumerate(sources)
                if self._feed.has_more(topic, partition.number, inbox.reached(place, partition.position))
            )
        if inbox.ripe(partition.behind):
            partition.held_since = 0.0
            return True
        partition.held_since = partition.held_since or time.monotonic()
        if time.monotonic() - partition.held_since < _PATIENCE_SECONDS:
            return False
        partition.behind = frozenset()
        return True

    async def _claim(self, claimer: Claimer, partition: Partition) -> None:
        """Claim one partition, however long it takes; rounds over the others go on meanwhile."""
        pause, refused_since = _FIRST_PAUSE, 0.0
        while True:
            force = bool(refused_since) and time.monotonic() - refused_since > self._patience
            try:
                await claimer.claim(partition, force=force)
                self._note_claimed()
                return
            except Impossible as error:
                partition.condition = Condition.FAILED
                metrics.IMPOSSIBLE.labels(partition.stage.name).inc()
                log.critical("partition not served", extra={"partition": str(partition), "reason": str(error)})
                pause = _IMPOSSIBLE_PAUSE
            except RECOVERABLE as error:
                if isinstance(error, Lost):
                    refused_since = refused_since or time.monotonic()
                log.warning(
                    "claim failed",
                    extra={"partition": str(partition), "error": type(error).__name__, "reason": str(error)[:300]},
                )
            self._note_claimed()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _note_claimed(self) -> None:
        if all(part.condition is not Condition.CLAIMING for part in self.partitions.values()):
            self.settled.set()
