"""How Faust is made to fetch whole batches, at positions of our own.

Three public seams are used: the setting `ConsumerScheduler`, a `Transport` with its own `Consumer`, and the consumer's
thread. Tests in tests/streams/test_seams.py notice when an upgrade of Faust or aiokafka changes what is relied on here.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams import tracing
from streams.delivery.inbox import Chunk

# Faust drops a message whose offset is below the last one it saw of the partition. Ours carry whole polls, whose order is
# kept elsewhere, so they are numbered upwards from above every real offset.
_NUMBERS: Final = itertools.count(1 << 62)
_UNASKED_SECONDS: Final = 0.1  # after which it is fetched all the same; judgement: more than most rounds take

Fetch = Callable[..., Awaitable[bool]]


class Poll:
    """One record-like object for all chunks of a poll that belong to one agent: Faust costs per message, not per record."""

    __slots__ = (
        "checksum",
        "headers",
        "key",
        "offset",
        "partition",
        "serialized_key_size",
        "serialized_value_size",
        "timestamp",
        "timestamp_type",
        "topic",
        "value",
    )

    def __init__(self, tp: TP, chunks: list[Chunk]) -> None:
        self.topic, self.partition = tp.topic, tp.partition
        self.offset = next(_NUMBERS)
        self.timestamp = chunks[0].stamps_ms[0]
        self.timestamp_type = 0
        self.headers: tuple[()] = ()
        self.key = None
        self.value = chunks
        self.checksum = None
        self.serialized_key_size = self.serialized_value_size = 0


class PollScheduler:
    """Turns the records of a poll into one message for each agent. The setting `ConsumerScheduler`."""

    agent_of: Mapping[str, str] = {}  # topic -> agent; set by the app

    @classmethod
    def map_from_records(cls, records: Mapping[TP, Any]) -> Mapping[TP, Any]:
        """Part of Faust's interface; nothing to map here."""
        return records

    def iterate(self, records: Mapping[TP, Chunk]) -> Iterator[tuple[TP, Poll]]:
        """One message an agent, at once: nothing may be left behind when Faust stops iterating."""
        by_agent: dict[str, list[tuple[TP, Chunk]]] = {}
        for tp, chunk in records.items():
            by_agent.setdefault(self.agent_of[tp.topic], []).append((TP(tp.topic, tp.partition), chunk))
        return iter([(held[0][0], Poll(held[0][0], [chunk for _, chunk in held])) for held in by_agent.values()])


def when_wanted(fetch: Fetch, wanted: asyncio.Event, *, patience_seconds: float = _UNASKED_SECONDS) -> Fetch:
    """How aiokafka sends a fetch, held until records are wanted, but never for long."""

    async def fetch_when_wanted(*request: Any) -> bool:
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wanted.wait(), patience_seconds)
        except asyncio.CancelledError:
            return False  # as aiokafka's own: nobody waits for these records any more
        return await fetch(*request)

    return fetch_when_wanted


class BatchThread(driver.AIOKafkaConsumerThread):
    """The thread that fetches. Here, and only here, is known which offsets a poll covers."""

    def __post_init__(self) -> None:
        """Start without positions."""
        super().__post_init__()
        self._reached: dict[Any, int] = {}
        self._seeks: dict[Any, int] = {}
        self._wanted = asyncio.Event()  # of the thread's loop

    async def on_start(self) -> None:
        """Start, and from then on fetch when records are wanted."""
        await super().on_start()
        fetcher = self._ensure_consumer()._fetcher
        fetcher._proc_fetch_request = when_wanted(fetcher._proc_fetch_request, self._wanted)

    def want(self) -> None:
        """Ask for records, from another thread. It holds until a poll has brought some.

        Kafka answers a fetch at the first record. Who fetches all the time has a poll for every few records, each with its
        way through two threads and Faust, and those of one round together cost more than the round.
        """
        if not self._wanted.is_set():
            self.thread_loop.call_soon_threadsafe(self._wanted.set)

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # Faust offers it only together with its own transactions
        return consumer

    async def seek_counted(self, offsets: Mapping[TP, int]) -> dict[TP, int]:
        """Seek, and return for each topic partition the number that newer chunks will carry."""
        counts: dict[TP, int] = await self.call_thread(self._seek_counted, offsets)
        return counts

    async def _seek_counted(self, offsets: Mapping[TP, int]) -> dict[TP, int]:
        consumer = self._ensure_consumer()
        for tp, offset in offsets.items():
            consumer.seek(tp, offset)
            self._reached[tp] = offset
            self._seeks[tp] = self._seeks.get(tp, 0) + 1
        return {tp: self._seeks[tp] for tp in offsets}

    def lag(self, tp: TP) -> int | None:
        """Records of a claimed partition that are not fetched yet; None while that is not known."""
        consumer = self._ensure_consumer()
        state = consumer._subscription.subscription.assignment.state_value(tp)
        if state is None or state.highwater is None or not state.has_valid_position:
            return None
        return max(0, int(state.highwater) - int(state.position))

    def has_more(self, tp: TP, reached: int) -> bool:
        """Whether records of a claimed partition beyond `reached` are on their way to us, or may be."""
        consumer = self._ensure_consumer()
        state = consumer._subscription.subscription.assignment.state_value(tp)
        if state is None or state.highwater is None or not state.has_valid_position:
            return True
        stable = state.highwater if state.lso is None or state.lso < 0 else state.lso
        return self._reached.get(tp, 0) > reached or int(stable) > int(state.position)

    async def announce(self, offsets: Mapping[TP, int]) -> None:
        """Commit offsets to the group, for lag tools only: nobody reads them back, so failing is no matter."""
        await self.call_thread(self._announce, offsets)

    async def _announce(self, offsets: Mapping[TP, int]) -> None:
        consumer = self._ensure_consumer()
        mine = {place for place in consumer.assignment() if place in offsets}
        with contextlib.suppress(KafkaError):
            await consumer.commit({place: offsets[place] for place in mine})

    async def _fetch_records(  # type: ignore[override]  # what a poll holds is between us and our scheduler
        self,
        consumer: Any,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109  # the signature is Faust's
        max_records: int | None = None,
    ) -> dict[TP, Chunk]:
        """A poll as chunks. Nothing awaits between aiokafka moving its positions and ours being moved here."""
        fetched = await super()._fetch_records(consumer, active_partitions, timeout, max_records)
        if fetched:
            self._wanted.clear()
        chunks = {}
        for tp, records in fetched.items():
            start = self._reached.get(tp)
            end = records[-1].offset + 1
            self._reached[tp] = end
            if start is None:  # never sought: not claimed yet
                continue
            raw = [(record.offset, record.key, record.value) for record in records]
            stamps = [record.timestamp for record in records]
            chunk = Chunk(tp.topic, tp.partition, self._seeks[tp], start, end, raw, stamps, tracing.fetched(records))
            chunks[TP(tp.topic, tp.partition)] = chunk
        return chunks


class BatchConsumer(driver.Consumer):
    """Fetches at the positions of the delivery protocol instead of the group's."""

    def _new_consumer_thread(self) -> BatchThread:
        return BatchThread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """Faust would seek to the group's offsets. A claim seeks; what is not claimed yet is paused until it is.

        Faust calls this after every rebalance and whenever the flow was stopped. Waiting a little avoids that everything
        is paused at once, for then Faust sleeps a second. Nothing here may raise: that would end the worker.
        """
        app: Any = self.app  # a LockgateApp
        await app.lockgate_claims_settled(2.0)
        claimed = app.lockgate_claimed()
        self.pause_partitions([tp for tp in self.assignment() if (tp.topic, tp.partition) not in claimed])


class BatchTransport(driver.Transport):
    """Faust's Kafka transport with our consumer."""

    Consumer = BatchConsumer


class FaustFeed:
    """The delivery protocol's view of Faust's consumer; see `streams.delivery.feed.Feed`."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def seek(self, topics: Sequence[str], partition: int, offsets: Sequence[int]) -> tuple[int, ...]:
        """Go on fetching at `offsets`."""
        wanted = {TP(topic, partition): offset for topic, offset in zip(topics, offsets, strict=True)}
        counts = await asyncio.wait_for(self._app.consumer._thread.seek_counted(wanted), 10)
        return tuple(counts[TP(topic, partition)] for topic in topics)

    def want(self) -> None:
        """Fetch what there is now."""
        self._app.consumer._thread.want()

    def has_more(self, topic: str, partition: int, reached: int) -> bool:
        """Whether records beyond `reached` are on their way, or may be."""
        more: bool = self._app.consumer._thread.has_more(TP(topic, partition), reached)
        return more

    def pause(self, topics: Iterable[str], partition: int) -> None:
        """Fetch nothing more of these."""
        self._app.consumer.pause_partitions([TP(topic, partition) for topic in topics])

    def resume(self, topics: Iterable[str], partition: int) -> None:
        """Fetch them again."""
        for topic in topics:
            self._app.consumer.on_buffer_drop(TP(topic, partition))
        self._app.consumer.resume_partitions({TP(topic, partition) for topic in topics})

    def full(self, topics: Iterable[str], partition: int) -> None:
        """Stop fetching; what is on its way still arrives."""
        for topic in topics:
            self._app.consumer.on_buffer_full(TP(topic, partition))

    def drained(self, topics: Iterable[str], partition: int) -> None:
        """Go on fetching."""
        for topic in topics:
            self._app.consumer.on_buffer_drop(TP(topic, partition))
