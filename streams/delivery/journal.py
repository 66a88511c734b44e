"""The journal: one record for every batch and every claim of a partition, chained by hashes.

The chain makes two histories with the same numbers distinguishable: Redis that comes back with a batch which was never
published has another hash at that number.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.errors import Impossible
from streams.security import KafkaAccess

# Of profiles, address states, notes and the order of judging: replay is exact within one version, and Redis is read only
# within one. Whoever changes what is stored, or what comes out of the same transfers, raises it (docs/upgrading.md).
STATE_VERSION: Final = 4
_READ_TIMEOUT_SECONDS: Final = 30.0

Range = tuple[int, int, int]  # start, end (half open), records between them


class BatchRecord(msgspec.Struct, frozen=True, array_like=True, tag="b"):
    """One published batch. `ranges` follows the order of the stage's source topics."""

    n: int
    judged_ms: int
    ranges: tuple[Range, ...]
    counts: tuple[int, int, int, int]  # deposits, withdrawals, duplicates, deadletters; or flows, 0, 0, deadletters
    bundles: int  # records of flows that it sent
    notes: dict[str, bytes]  # of the counterparties stage, on addresses that its withdrawals went to
    list_hash: str
    ruleset: str
    version: int
    owner: str
    h: bytes

    @property
    def position(self) -> tuple[int, ...]:
        """Where the next batch begins, by source."""
        return tuple(end for _, end, _ in self.ranges)


class ClaimRecord(msgspec.Struct, frozen=True, array_like=True, tag="c"):
    """A change of owner, after batch `n`: whose transactions may follow."""

    n: int
    claimed_ms: int
    transactional_id: str
    owner: str
    h: bytes


Record = BatchRecord | ClaimRecord
Entry = tuple[int, Record]  # offset, record

encode: Final = msgspec.msgpack.Encoder().encode
decode: Final = msgspec.msgpack.Decoder(Record).decode


def chained(previous: bytes, unsigned: BatchRecord, messages: bytes, bundles: Iterable[bytes]) -> bytes:
    """The hash of a batch: of its predecessor's hash, its record without owner and hash, and its outputs.

    Of the outputs it takes the messages as they are encoded, and the digest of each bundle of flows.
    """
    bare = (
        unsigned.n,
        unsigned.judged_ms,
        unsigned.ranges,
        unsigned.counts,
        unsigned.bundles,
        unsigned.notes,
        unsigned.list_hash,
        unsigned.ruleset,
    )
    digest = hashlib.blake2b(previous, digest_size=12)
    digest.update(encode((bare, unsigned.version)))
    digest.update(messages)
    for bundle in bundles:
        digest.update(bundle)
    return digest.digest()


def bundle_digest(bundle: bytes) -> bytes:
    """What the hash of a batch covers of a bundle of flows: an audit can keep this of each, and not the flows."""
    return hashlib.blake2b(bundle, digest_size=12).digest()


class JournalReader:
    """Reads committed records of one journal partition, from an offset to what is stable now."""

    def __init__(self, consumer: AIOKafkaConsumer, partition: TopicPartition) -> None:
        self._consumer = consumer
        self._partition = partition
        self.position = 0

    async def read(self, start: int) -> list[Entry]:
        """All committed records from `start` on. Raises Impossible when retention has eaten the beginning."""
        consumer, partition = self._consumer, self._partition
        first = (await consumer.beginning_offsets([partition]))[partition]
        if start < first:
            raise Impossible(f"{partition.topic}[{partition.partition}] begins at {first}, but {start} is needed")
        end = (await consumer.end_offsets([partition]))[partition]  # the last stable offset: open transactions excluded
        consumer.seek(partition, start)
        entries: list[Entry] = []
        position, deadline = start, time.monotonic() + _READ_TIMEOUT_SECONDS
        while position < end:  # positions, not records: a partition ends in transaction markers
            fetched = await consumer.getmany(partition, timeout_ms=200)
            entries += [(record.offset, decode(record.value)) for records in fetched.values() for record in records]
            reached = await consumer.position(partition)
            if reached > position:
                position, deadline = reached, time.monotonic() + _READ_TIMEOUT_SECONDS
            elif time.monotonic() > deadline:
                raise TimeoutError(f"{partition.topic}[{partition.partition}] stuck at {position} of {end}")
        self.position = position
        return entries


@asynccontextmanager
async def journal_reader(kafka: KafkaAccess, topic: str, partition: int) -> AsyncIterator[JournalReader]:
    """A reader with a consumer of its own; raises KafkaError or TimeoutError when the broker is away."""
    consumer = committed_consumer(kafka)
    await asyncio.wait_for(consumer.start(), 15)
    try:
        place = TopicPartition(topic, partition)
        consumer.assign([place])
        yield JournalReader(consumer, place)
    finally:
        await consumer.stop()


def committed_consumer(kafka: KafkaAccess) -> AIOKafkaConsumer:
    """A consumer outside any group that sees committed records only and never skips what retention took away."""
    return AIOKafkaConsumer(
        **kafka.options(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="none",
        request_timeout_ms=10_000,
        max_partition_fetch_bytes=4 << 20,
    )
