"""A client for the exchange's own service: tell Lockgate of deposits, ask it about withdrawals.

    async with open_client(load_settings()) as lockgate:
        await lockgate.tell(deposit)
        answer = await lockgate.ask(withdrawal, timeout_seconds=2)
        if answer.decision is Decision.RELEASE:
            broadcast(withdrawal)

It fails closed: no verdict in time, Kafka away, an answer about another transfer, all of that is hold, with the reason.
Asking again about the same transfer is safe and finds the verdict there is: Lockgate judges an `event_id` once.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from rules.messages import Decision, Source
from rules.transfer import BadTransfer, Kind, Transfer, read_transfer, time_ms, value_micros
from streams.errors import LockgateError
from streams.kafka_access import connect, partition_counts
from streams.security import KafkaAccess
from streams.settings import DEPOSITS, VERDICTS, WITHDRAWALS, Settings

log = logging.getLogger(__name__)

_LOOK_BACK_SECONDS: Final = 3600.0  # judgement: who crashed asks again within the hour
_REMEMBERED: Final = 200_000  # judgement: verdicts, some 100 MB at most
_PAUSE_SECONDS: Final = 1.0  # before reading on after an error
_CATCH_UP_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 5.0
_REQUEST_TIMEOUT_MS: Final = 10_000
_encode: Final = msgspec.json.Encoder().encode


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with a withdrawal. `source` is None when there is no verdict: then it is hold, and `reason` says why."""

    event_id: str
    decision: Decision
    reason: str
    alert_ids: tuple[str, ...] = ()
    source: Source | None = None


class NotReady(LockgateError):
    """The topics are not there, or this user may not see them."""


class _Verdict(msgspec.Struct, frozen=True):
    """The part of a verdict that is remembered."""

    event_id: str
    account_id: str
    decision: Decision
    alert_ids: tuple[str, ...]
    source: Source


_read_verdict: Final = msgspec.json.Decoder(_Verdict).decode


class Client:
    """An open client; made by `open_client`. For one event loop, for any number of tasks."""

    def __init__(self, producer: AIOKafkaProducer, verdicts: AIOKafkaConsumer, sent: AIOKafkaConsumer) -> None:
        self._producer = producer
        self._verdicts = verdicts
        self._sent = sent
        self._reading_sent = asyncio.Lock()
        self._known: dict[str, _Verdict] = {}
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self.caught_up = asyncio.Event()

    async def tell(self, deposit: Transfer) -> Source:
        """Publish a deposit; returns where it stands once Kafka has confirmed it. Telling it again changes nothing.

        Raises:
            BadTransfer: not what the contract says. KafkaError: not confirmed; tell it again.
        """
        if deposit.kind is not Kind.DEPOSIT:
            raise BadTransfer("only deposits are told; ask about withdrawals", "kind")
        return await self._publish(DEPOSITS, deposit)

    async def ask(self, withdrawal: Transfer, *, timeout_seconds: float) -> Answer:
        """Publish a withdrawal and wait for its verdict; hold when there is none in time.

        Raises:
            BadTransfer: not what the contract says, which is for the caller to mend; nothing was sent.
        """
        if withdrawal.kind is not Kind.WITHDRAWAL:
            raise BadTransfer("only withdrawals get a verdict", "kind")
        _check(withdrawal)
        try:
            async with asyncio.timeout(timeout_seconds):
                source = await self._publish(WITHDRAWALS, withdrawal)
                return await self._answer(withdrawal, source)
        except TimeoutError:
            return _hold(withdrawal, f"no verdict within {timeout_seconds:g} s")
        except (KafkaError, OSError) as error:
            return _hold(withdrawal, f"Kafka: {type(error).__name__}: {error}")

    async def _publish(self, topic: str, transfer: Transfer) -> Source:
        value = _check(transfer)
        told = await self._producer.send_and_wait(topic, value, key=transfer.account_id.encode())
        return Source(topic, told.partition, told.offset)

    async def _answer(self, withdrawal: Transfer, source: Source) -> Answer:
        news = asyncio.Event()
        waiting = self._waiting.setdefault(withdrawal.event_id, set())
        waiting.add(news)
        try:
            while (verdict := self._known.get(withdrawal.event_id)) is None:
                await news.wait()
                news.clear()
        finally:
            waiting.discard(news)
            if not waiting:
                self._waiting.pop(withdrawal.event_id, None)
        if verdict.source != source and await self._as_sent(verdict.source) != read_transfer(_encode(withdrawal)):
            return _hold(withdrawal, "this event_id was used before, for another transfer")
        return Answer(
            event_id=verdict.event_id,
            decision=verdict.decision,
            reason="verdict",
            alert_ids=verdict.alert_ids,
            source=verdict.source,
        )

    async def _as_sent(self, source: Source) -> Transfer | None:
        """The withdrawal that an earlier verdict was about: an id alone does not say that it is the same transfer."""
        place = TopicPartition(source.topic, source.partition)
        async with self._reading_sent:
            self._sent.assign([place])
            self._sent.seek(place, source.offset)
            record = await self._sent.getone(place)
        return read_transfer(record.value) if record.offset == source.offset else None

    async def follow(self, ends: Mapping[TopicPartition, int]) -> None:
        """Read verdicts until cancelled; `caught_up` is set when those up to `ends` are read."""
        behind = {place: end for place, end in ends.items() if end > 0}
        while True:
            try:
                polled = await self._verdicts.getmany(timeout_ms=500)
                for records in polled.values():
                    for record in records:
                        self._remember(record.value)
                for place in list(behind):
                    if await self._verdicts.position(place) >= behind[place]:
                        del behind[place]
            except KafkaError as error:
                log.warning("verdicts cannot be read", extra={"error": f"{type(error).__name__}: {error}"})
                await asyncio.sleep(_PAUSE_SECONDS)
            if not behind:
                self.caught_up.set()

    def _remember(self, value: bytes | None) -> None:
        try:
            verdict = _read_verdict(value or b"")
        except msgspec.DecodeError:
            log.warning("a verdict that cannot be read")
            return
        if len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[verdict.event_id] = verdict
        for news in self._waiting.get(verdict.event_id, ()):
            news.set()


def _check(transfer: Transfer) -> bytes:
    """The transfer as it is sent. Raises BadTransfer for what a worker would refuse."""
    value = _encode(transfer)
    read_transfer(value)
    value_micros(transfer.value_usd)
    time_ms(transfer.occurred_at)
    return value


def _hold(withdrawal: Transfer, reason: str) -> Answer:
    return Answer(event_id=withdrawal.event_id, decision=Decision.HOLD, reason=reason)


@asynccontextmanager
async def open_client(
    settings: Settings, *, timeout_seconds: float = 10.0, look_back_seconds: float = _LOOK_BACK_SECONDS
) -> AsyncIterator[Client]:
    """A connected client, with the verdicts of the last `look_back_seconds` read, so that who asks again is answered.

    Raises:
        Unreachable: Kafka does not answer in time, or refuses us.
        NotReady: the topics do not exist.
    """
    kafka = settings.kafka_access()
    places = await _verdict_places(kafka, timeout_seconds)
    producer = AIOKafkaProducer(
        **kafka.options(), enable_idempotence=True, acks="all", linger_ms=0, request_timeout_ms=_REQUEST_TIMEOUT_MS
    )
    common: dict[str, Any] = {**kafka.options(), "isolation_level": "read_committed", "enable_auto_commit": False}
    verdicts = AIOKafkaConsumer(**common, fetch_max_wait_ms=100, auto_offset_reset="earliest")
    sent = AIOKafkaConsumer(**common, auto_offset_reset="none")
    reading: asyncio.Task[None] | None = None
    try:
        for one in (producer, verdicts, sent):
            await connect(one.start, kafka, timeout_seconds=timeout_seconds)
        client = Client(producer, verdicts, sent)
        try:
            ends = await _seek_back(verdicts, places, look_back_seconds)
        except KafkaError as error:
            raise NotReady(f"Kafka at {kafka}: {type(error).__name__}: {error}") from None
        reading = asyncio.create_task(client.follow(ends))
        try:
            async with asyncio.timeout(_CATCH_UP_SECONDS):
                await client.caught_up.wait()
        except TimeoutError:
            log.warning("not all verdicts looked back at are read yet: who asks again may be told to hold")
        yield client
    finally:
        if reading is not None:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
        for one in (producer, verdicts, sent):
            stopping = asyncio.ensure_future(one.stop())
            await asyncio.wait((stopping,), timeout=_STOP_SECONDS)  # with the broker away it may take for ever


async def _verdict_places(kafka: KafkaAccess, timeout_seconds: float) -> list[TopicPartition]:
    probe = AIOKafkaClient(**kafka.options())
    try:
        await connect(probe.bootstrap, kafka, timeout_seconds=timeout_seconds)
        counts = await partition_counts(probe, kafka)
    finally:
        await probe.close()
    if missing := sorted({DEPOSITS, WITHDRAWALS, VERDICTS} - counts.keys()):
        raise NotReady(f"no topics {', '.join(missing)} at {kafka}, or not for this user: `lockgate topics create`")
    return [TopicPartition(VERDICTS, number) for number in range(counts[VERDICTS])]


async def _seek_back(consumer: AIOKafkaConsumer, places: list[TopicPartition], seconds: float) -> dict[TopicPartition, int]:
    """Go to where the verdicts of the last `seconds` begin; returns where they end now."""
    consumer.assign(places)
    since_ms = int((time.time() - seconds) * 1000)
    starts = await consumer.offsets_for_times(dict.fromkeys(places, since_ms))
    ends: dict[TopicPartition, int] = await consumer.end_offsets(places)
    for place in places:
        found = starts.get(place)
        consumer.seek(place, ends[place] if found is None else found.offset)
    return ends
