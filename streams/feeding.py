"""Sending transfers to the source topics: keyed by account, idempotent, in whole batches.

A line goes out as it came in, byte for byte. What is no transfer is sent as well, so that it becomes a dead letter
where everybody looks for those, unless the caller wants it skipped.
"""

import asyncio
import zlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    NodeNotReadyError,
    RequestTimedOutError,
    UnknownError,
    UnsupportedVersionError,
)
from aiokafka.partitioner import murmur2
from aiokafka.protocol.transaction import InitProducerIdRequest

from rules.transfer import BadTransfer, Kind, Transfer, read_transfer, time_ms, value_micros
from streams.errors import LockgateError
from streams.kafka_access import connect, kafka_away, partition_counts
from streams.security import KafkaAccess
from streams.settings import DEPOSITS, WITHDRAWALS

LONGEST_LINE_BYTES: Final = 1_000_000  # the broker takes 1 MiB by default, headers included
_BATCH_BYTES: Final = 256 * 1024  # judgement: at 300 bytes a transfer some 800 a request, far below the broker's 1 MiB
_REQUEST_TIMEOUT_MS: Final = 20_000  # a batch not confirmed by then counts as lost
_STOP_SECONDS: Final = 5.0
_INT32_MAX: Final = 2**31 - 1
_IN_FLIGHT: Final = 64  # batches whose confirmation is awaited before more are sent: 16 MiB at most
_KNOWN_KEYS: Final = 500_000  # accounts whose partition is remembered; murmur2 in Python costs 4 us each
_LINGER_SECONDS: Final = 0.02  # a line from a slow pipe waits no longer than this for company
_FAULTS_TOLD: Final = 10
_LONGEST_FAULT: Final = 160
_TICK_SECONDS: Final = 0.02  # paced lines go out this often
_LINES_AT_ONCE: Final = 5000  # judgement: some 50 ms of work between two looks at the progress bar

TOPIC_OF: Final[Mapping[Kind, str]] = {Kind.DEPOSIT: DEPOSITS, Kind.WITHDRAWAL: WITHDRAWALS}


class NotFed(LockgateError):
    """Kafka refused what was sent, or the topics are not there."""


class FeedCounts(msgspec.Struct):
    """What became of the lines.

    `bad` are no transfers: sent all the same, or `skipped`, as are lines too long. `faults` says how many are bad for which
    reason, the first `_FAULTS_TOLD` reasons.
    """

    lines: int = 0
    deposits: int = 0
    withdrawals: int = 0
    bad: int = 0
    skipped: int = 0
    bytes: int = 0
    seconds: float = 0.0
    faults: dict[str, int] = {}


class _Head(msgspec.Struct):
    """What can be read of a line that is no transfer."""

    account_id: Any = None
    kind: Any = None


_read_head: Final = msgspec.json.Decoder(_Head).decode


def count(counts: FeedCounts, line: bytes) -> Transfer | None:
    """Count a line; None when it is no transfer."""
    counts.lines += 1
    counts.bytes += len(line)
    try:
        transfer = read_transfer(line)
        value_micros(transfer.value_usd)
        time_ms(transfer.occurred_at)
    except BadTransfer as error:
        counts.bad += 1
        fault = str(error)[:_LONGEST_FAULT]
        if fault in counts.faults or len(counts.faults) < _FAULTS_TOLD:
            counts.faults[fault] = counts.faults.get(fault, 0) + 1
        return None
    if len(line) > LONGEST_LINE_BYTES:
        counts.skipped += 1
    elif transfer.kind is Kind.DEPOSIT:
        counts.deposits += 1
    else:
        counts.withdrawals += 1
    return transfer


class Feeder:
    """Sends lines through a started producer and counts them.

    Not for lines larger than `LONGEST_LINE_BYTES`: those are skipped and counted.
    """

    def __init__(
        self, producer: AIOKafkaProducer, partitions: Mapping[str, int], *, kafka: KafkaAccess, send_bad: bool = True
    ) -> None:
        self.counts = FeedCounts()
        self._producer = producer
        self._partitions = dict(partitions)
        self._kafka = kafka
        self._send_bad = send_bad
        self._batches: dict[tuple[str, int], Any] = {}
        self._in_flight: deque[asyncio.Future[Any]] = deque()
        self._hashes: dict[bytes, int] = {}

    async def send(self, lines: Iterable[bytes]) -> None:
        """Put the lines into batches; full ones go out.

        Raises:
            Unreachable: Kafka stopped answering.
            NotFed: Kafka refused a batch.
        """
        for line in lines:
            transfer = count(self.counts, line)
            if transfer is None:
                await self._send_bad_line(line)
            elif len(line) <= LONGEST_LINE_BYTES:
                key = transfer.account_id.encode()
                topic = TOPIC_OF[transfer.kind]
                await self._put(topic, self._hash(key) % self._partitions[topic], key, line)

    async def flush(self) -> None:
        """Send what waits in batches and wait until Kafka has confirmed everything. Raises as `send`."""
        await self.push()
        while self._in_flight:
            await self._confirm(self._in_flight.popleft())

    async def push(self) -> None:
        """Send what waits in batches without waiting for the confirmation."""
        for topic, partition in list(self._batches):
            await self._send_batch(topic, partition)

    async def _send_bad_line(self, line: bytes) -> None:
        if not self._send_bad or len(line) > LONGEST_LINE_BYTES:
            self.counts.skipped += 1
            return
        try:
            head = _read_head(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            head = _Head()
        topic = WITHDRAWALS if head.kind == Kind.WITHDRAWAL else DEPOSITS
        if isinstance(head.account_id, str) and head.account_id:
            key = head.account_id.encode("utf-8", "surrogatepass")
            await self._put(topic, self._hash(key) % self._partitions[topic], key, line)
        else:
            await self._put(topic, zlib.crc32(line) % self._partitions[topic], None, line)

    def _hash(self, key: bytes) -> int:
        """Java's murmur2 of the key, as Kafka's default partitioner takes it: positive, before the modulo."""
        known = self._hashes.get(key)
        if known is None:
            if len(self._hashes) >= _KNOWN_KEYS:
                self._hashes.clear()
            known = self._hashes[key] = murmur2(key) & 0x7FFFFFFF
        return known

    async def _put(self, topic: str, partition: int, key: bytes | None, line: bytes) -> None:
        place = (topic, partition)
        batch = self._batches.get(place)
        if batch is not None and batch.append(timestamp=None, key=key, value=line) is None:
            await self._send_batch(topic, partition)
            batch = None
        if batch is None:
            batch = self._batches[place] = self._producer.create_batch()
            batch.append(timestamp=None, key=key, value=line)

    async def _send_batch(self, topic: str, partition: int) -> None:
        batch = self._batches.pop((topic, partition))
        batch.close()
        try:
            future = await self._producer.send_batch(batch, topic, partition=partition)
        except KafkaError as error:
            raise self._failed(error) from None
        self._in_flight.append(future)
        while len(self._in_flight) > _IN_FLIGHT or (self._in_flight and self._in_flight[0].done()):
            await self._confirm(self._in_flight.popleft())

    async def _confirm(self, future: asyncio.Future[Any]) -> None:
        try:
            await future
        except KafkaError as error:
            raise self._failed(error) from None

    def _failed(self, error: KafkaError) -> LockgateError:
        for other in self._in_flight:
            other.add_done_callback(lambda done: done.cancelled() or done.exception())  # its failure is known now
        self._in_flight.clear()
        self._batches.clear()
        if isinstance(error, (KafkaConnectionError, KafkaTimeoutError, NodeNotReadyError, RequestTimedOutError)):
            return kafka_away(self._kafka)
        if isinstance(error, MessageSizeTooLargeError):
            return NotFed(f"Kafka takes no batch of {_BATCH_BYTES} bytes: raise max.message.bytes of the source topics")
        return NotFed(f"Kafka refused transfers: {error}")


@asynccontextmanager
async def open_feeder(kafka: KafkaAccess, *, timeout_seconds: float, send_bad: bool = True) -> AsyncIterator[Feeder]:
    """A `Feeder` with a connected, idempotent producer.

    Raises:
        Unreachable: Kafka does not answer within the time.
        NotFed: the source topics do not exist.
    """
    partitions, idempotent = await _ask(kafka, timeout_seconds)
    producer = AIOKafkaProducer(
        **kafka.options(),
        enable_idempotence=idempotent,
        acks="all",
        max_batch_size=_BATCH_BYTES,
        max_request_size=4 * _BATCH_BYTES,
        request_timeout_ms=_REQUEST_TIMEOUT_MS,
    )
    try:
        await connect(producer.start, kafka, timeout_seconds=timeout_seconds)
        yield Feeder(producer, partitions, kafka=kafka, send_bad=send_bad)
    finally:
        with suppress(TimeoutError):  # a broker that is gone would keep it waiting for good
            await asyncio.wait_for(producer.stop(), _STOP_SECONDS)


async def _ask(kafka: KafkaAccess, timeout_seconds: float) -> tuple[dict[str, int], bool]:
    """The partitions of both source topics, and whether the broker knows idempotent producers.

    An idempotent producer starts by asking for an id and would ask the embedded broker for ever.
    """
    client = AIOKafkaClient(**kafka.options(), request_timeout_ms=_REQUEST_TIMEOUT_MS)
    try:
        await connect(client.bootstrap, kafka, timeout_seconds=timeout_seconds)
        counts = await partition_counts(client, kafka)
        reply = await client.send(client.get_random_node(), InitProducerIdRequest(None, _INT32_MAX))
    except KafkaError:
        raise kafka_away(kafka) from None
    finally:
        await client.close()
    if missing := [topic for topic in TOPIC_OF.values() if topic not in counts]:
        raise NotFed(f"no topic {' or '.join(missing)}: run `lockgate topics create` first")
    return counts, reply.error_code not in (UnknownError.errno, UnsupportedVersionError.errno)


async def feed(
    feeder: Feeder,
    chunks: Iterator[Sequence[bytes]],
    *,
    per_second: float | None = None,
    stop: asyncio.Event | None = None,
    progress: Callable[[FeedCounts], None] = lambda counts: None,
) -> FeedCounts:
    """Send all chunks of lines, steadily at `per_second` where given, and wait for the last confirmation.

    Lines of a source that pauses (a pipe) go out at once. Setting `stop` ends it early. Raises as `Feeder.send`.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    counts = feeder.counts
    size = _LINES_AT_ONCE if per_second is None else max(1, int(per_second * _TICK_SECONDS))
    async for chunk in _background(chunks, idle=feeder.push):
        for start in range(0, len(chunk), size):
            if per_second is not None:
                await asyncio.sleep(max(0.0, started + counts.lines / per_second - loop.time()))
            await feeder.send(chunk[start : start + size])
            if per_second is not None:
                await feeder.push()
            counts.seconds = loop.time() - started
            progress(counts)
            if stop is not None and stop.is_set():
                break
        if stop is not None and stop.is_set():
            break
    await feeder.flush()
    counts.seconds = loop.time() - started
    return counts


async def _background(
    chunks: Iterator[Sequence[bytes]], *, idle: Callable[[], Awaitable[None]]
) -> AsyncIterator[Sequence[bytes]]:
    """The chunks, read in a thread; `idle` is awaited when the next one is not there at once."""
    while True:
        reading = asyncio.ensure_future(asyncio.to_thread(next, chunks, None))
        done, _ = await asyncio.wait((reading,), timeout=_LINGER_SECONDS)
        if not done:
            await idle()
        chunk = await reading
        if chunk is None:
            return
        yield chunk
