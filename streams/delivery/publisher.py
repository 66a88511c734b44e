"""Publishing: the outputs and journal records of a round in one Kafka transaction, or plainly where there are none."""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import aiokafka.producer.sender
import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import IllegalOperation, KafkaError
from aiokafka.producer.transaction_manager import TransactionState

from streams.delivery.journal import Record as JournalRecord
from streams.delivery.journal import encode
from streams.delivery.stage import Message
from streams.errors import Lost
from streams.formats.cloudevents import NO_HEADERS, Headers
from streams.formats.outlets import NATIVE_ONLY, Outlets, Record
from streams.security import KafkaAccess
from streams.settings import FLOWS

# aiokafka waits 20 ms between two transactions of a producer, because the broker may still be writing the markers of the
# last one; a shorter wait asks more often instead. tests/streams/test_publisher.py notices when the constant is gone.
aiokafka.producer.sender.BACKOFF_OVERRIDE = 0.002

LARGEST_BATCH: Final = 900_000  # bytes of a record batch; brokers refuse more than 1,048,588 unless told otherwise
_TRANSACTION_TIMEOUT_MS: Final = 60_000
_start_timeout: Final = 20.0
_FLOWS: Final = TopicPartition(FLOWS, 0)  # its only partition


Outgoing = dict[TopicPartition, list[Record]]


class Publication(msgspec.Struct, frozen=True):
    """What one partition has to publish in a round: messages and bundles of a batch, and records for its journal.

    A bundle's key says which batch sent it, so that an audit can put the two together.
    """

    partition: int
    journal: str
    records: Sequence[JournalRecord]
    messages: Sequence[Message] = ()
    bundles: Sequence[bytes] = ()


class Announced(msgspec.Struct, frozen=True):
    """What a transaction that has begun will send, and where its journal records go."""

    outgoing: Outgoing
    journals: list[TopicPartition]


class Publisher:
    """One producer. With a transactional id every `publish` is one transaction, else it is plain.

    After any error it must be thrown away: what became of the last transaction is then for a claim to find out.
    """

    def __init__(self, kafka: KafkaAccess, transactional_id: str | None, outlets: Outlets = NATIVE_ONLY) -> None:
        self.transactional_id = transactional_id
        self._outlets = outlets
        identity: dict[str, Any] = (
            {"transactional_id": transactional_id, "transaction_timeout_ms": _TRANSACTION_TIMEOUT_MS}
            if transactional_id
            else {"acks": "all"}
        )
        self._producer = AIOKafkaProducer(
            **kafka.options(),
            linger_ms=0,
            max_batch_size=LARGEST_BATCH,
            max_request_size=4 * LARGEST_BATCH,
            request_timeout_ms=10_000,
            **identity,
        )
        self._partitions: dict[str, int] = {}

    async def start(self) -> None:
        """Connect; with a transactional id this ends whatever an earlier producer of that id had open, and fences it."""
        await asyncio.wait_for(self._producer.start(), _start_timeout)

    async def stop(self) -> None:
        """Give up the producer, orderly where that is quick, in any case within two seconds."""
        with contextlib.suppress(KafkaError, TimeoutError, OSError):
            await asyncio.wait_for(self._producer.stop(), 2)
        queued = self._producer._message_accumulator
        for batch in (*queued._pending_batches, *(one for batches in queued._batches.values() for one in batches)):
            if batch._drain_waiter.done():
                _retrieve(batch._drain_waiter)

    async def publish(self, publications: Sequence[Publication], headers: Headers = NO_HEADERS) -> list[int]:
        """Publish a round; returns the offset of the first journal record of each publication.

        `headers` are put on every message, beside those of its form; bundles and journals have none.

        Raises:
            KafkaError, Lost: nothing or all of it has been published; the publisher is of no use any more.
        """
        offsets = await self.send(await self.announce(publications, headers))
        await self.end()
        return offsets

    async def announce(self, publications: Sequence[Publication], headers: Headers = NO_HEADERS) -> Announced:
        """The first step of `publish`: begin a transaction and tell Kafka which partitions it is about.

        Decides nothing yet: a transaction of which nothing is sent holds nobody up. The answer is not waited for.

        Raises:
            KafkaError, Lost: the publisher is of no use any more.
        """
        outgoing: Outgoing = defaultdict(list)
        journals: list[TopicPartition] = []
        for publication in publications:
            for topic, records in self._by_topic(publication.messages, headers).items():
                outgoing[TopicPartition(topic, publication.partition % await self._count(topic))] += records
            if publication.bundles:
                key = bundle_key(publication.partition, publication.records[0].n)
                outgoing[_FLOWS] += [(key, bundle, NO_HEADERS) for bundle in publication.bundles]
            journal = TopicPartition(publication.journal, publication.partition)
            journals.append(journal)
            outgoing[journal] += [(None, encode(record), NO_HEADERS) for record in publication.records]
        if self.transactional_id is not None:
            transaction = self._producer._txn_manager
            if transaction.state is not TransactionState.READY:
                raise Lost("an earlier transaction of this publisher has failed")
            await self._producer.begin_transaction()
            transaction.wait_for_transaction_end().add_done_callback(_retrieve)
            for place in outgoing:  # announced together, so that one request covers them all
                transaction.maybe_add_partition_to_txn(place)
        return Announced(outgoing, journals)

    async def send(self, announced: Announced) -> list[int]:
        """The second step of `publish`: send what was announced, and wait until Kafka has it. Raises the same."""
        try:
            sent = await self._send(announced.outgoing)
        except IllegalOperation as ended:  # no KafkaError: fenced while batches were handed over
            raise Lost(f"the transaction was ended by another worker: {ended}") from None
        offsets = [sent[journal] for journal in announced.journals]
        if any(offset < 0 for offset in offsets):
            raise Lost("the broker did not say where the journal record stands")
        return offsets

    async def end(self) -> None:
        """The last step of `publish`: commit the transaction, so that the world sees it. Raises the same."""
        if self.transactional_id is not None:
            await self._producer.commit_transaction()

    def _by_topic(self, messages: Sequence[Message], headers: Headers) -> dict[str, list[Record]]:
        """The records of the messages, in the forms that are wanted, by topic."""
        records: dict[str, list[Record]] = defaultdict(list)
        if not self._outlets.outlets:
            for message in messages:
                records[message.topic].append((message.key, message.value, headers))
            return records
        for message in messages:
            for topic, (key, value, own) in self._outlets.records(message):
                records[topic].append((key, value, own + headers))
        return records

    async def _send(self, outgoing: Outgoing) -> dict[TopicPartition, int]:
        """Send everything; the first offset by partition."""
        producer = self._producer
        if self.transactional_id is not None and (ended := producer._txn_manager.wait_for_transaction_end()).done():
            ended.result()  # raises what was wrong with the announcement
        now = int(time.time() * 1000)
        first: dict[TopicPartition, asyncio.Future[Any]] = {}
        waiting: list[asyncio.Future[Any]] = []

        async def hand_over(batch: Any, place: TopicPartition) -> None:
            future = await producer.send_batch(batch, place.topic, partition=place.partition)
            future.add_done_callback(_retrieve)
            waiting.append(future)
            first.setdefault(place, future)

        for place, records in outgoing.items():
            batch = producer.create_batch()
            for key, value, headers in records:
                if batch.append(key=key, value=value, timestamp=now, headers=headers) is None:
                    await hand_over(batch, place)
                    batch = producer.create_batch()
                    batch.append(key=key, value=value, timestamp=now, headers=headers)
            await hand_over(batch, place)
        await asyncio.gather(*waiting)  # commit_transaction would commit without a batch that was refused
        return {place: (await future).offset for place, future in first.items()}

    async def _count(self, topic: str) -> int:
        count = self._partitions.get(topic)
        if count is None:
            count = self._partitions[topic] = len(await self._producer.partitions_for(topic))
        return count


def bundle_key(partition: int, n: int) -> bytes:
    """The key of a bundle of flows: partition and number of the batch that sent it."""
    return b"%d/%d" % (partition, n)


def _retrieve(future: asyncio.Future[Any]) -> None:
    """What failed has been told once, by the round that it ended: the garbage collector must not tell it again."""
    if not future.cancelled():
        future.exception()


async def fence(kafka: KafkaAccess, transactional_id: str) -> None:
    """End whatever a producer of that id has open, and refuse what it may still send."""
    publisher = Publisher(kafka, transactional_id)
    try:
        await publisher.start()
    finally:
        await publisher.stop()
