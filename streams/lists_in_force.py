"""Which lists are in force: what the topic `lockgate.lists` says, for every worker alike; and announcing others there."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from rules.label_log import LabelLog, LabelPart, Labels, LabelsInForce, label_announcement
from rules.list_changes import Slot, slots
from rules.list_log import Announced, InForce, ListLog, announcement, apply, facts_of, read, version_of
from rules.lists import SanctionsList, Watchlist, merge
from streams.listfeed.guard import Shrunk, check_step, check_total
from streams.security import KafkaAccess
from streams.settings import LISTS

log = logging.getLogger(__name__)

_PLACE: Final = TopicPartition(LISTS, 0)  # its only partition
_QUIET_MS: Final = 300  # a broker that answers nothing for so long has nothing more; the embedded one misstates its end
_CONFIRM_SECONDS: Final = 15.0
_ATTEMPTS: Final = 5  # other workers may announce at the same time
_REQUEST_BYTES: Final = 4 * 1024 * 1024


class ListsInForce:
    """Reads the topic from its beginning, and keeps the lists that are in force at the place reached."""

    def __init__(self, kafka: KafkaAccess, *, by: str, transactional: bool) -> None:
        self._kafka = kafka
        self._by = by
        self._transactional = transactional
        self._log = ListLog()
        self._labels = LabelLog()
        self._held: dict[Slot, SanctionsList] = {}
        self._consumer: AIOKafkaConsumer | None = None
        self._at = 0
        self._ended: set[str] = set()  # announcements whose end has been read

    @property
    def version(self) -> str:
        """The version in force, empty before the first announcement."""
        return self._log.version

    @property
    def lists(self) -> tuple[SanctionsList, ...]:
        """The lists in force."""
        return tuple(self._held.values())

    @property
    def watchlist(self) -> Watchlist | None:
        """The lists in force together, None before the first announcement."""
        return merge(self._held.values()) if self._held else None

    @property
    def labels_version(self) -> str:
        """The version of the labels in force, empty before the first announcement."""
        return self._labels.labels.version

    async def _connected(self) -> AIOKafkaConsumer:
        """The consumer, connected; reading goes on where it stopped. Raises KafkaError, OSError, TimeoutError."""
        if self._consumer is not None:
            return self._consumer
        consumer = AIOKafkaConsumer(
            **self._kafka.options(),
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_partition_fetch_bytes=_REQUEST_BYTES,
        )
        await asyncio.wait_for(consumer.start(), 15)
        consumer.assign([_PLACE])
        consumer.seek(_PLACE, self._at)
        self._consumer = consumer
        return consumer

    async def stop(self) -> None:
        """Disconnect, until something is asked for again."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await asyncio.wait([asyncio.ensure_future(consumer.stop())], timeout=2)

    async def poll(self, timeout_ms: int) -> bool:
        """Read what has come; whether other lists are in force now. Raises KafkaError, BrokenLog."""
        return bool(await self._read(timeout_ms))

    async def catch_up(self) -> bool:
        """Read to the end; whether other lists are in force now. Raises KafkaError, BrokenLog."""
        changed = False
        consumer = await self._connected()
        end = (await consumer.end_offsets([_PLACE]))[_PLACE]
        while await consumer.position(_PLACE) < end:
            changed |= bool(await self._read(_QUIET_MS))
        while (taken := await self._read(_QUIET_MS)) is not None:
            changed |= taken
        return changed

    async def _read(self, timeout_ms: int) -> bool | None:
        """One poll: None when nothing came, else whether other lists are in force."""
        consumer = await self._connected()
        fetched = await consumer.getmany(_PLACE, timeout_ms=timeout_ms)
        records = [record for some in fetched.values() for record in some]
        done = []
        for one in records:
            record = read(one.value)
            if isinstance(record, InForce | LabelsInForce):
                self._ended.add(record.announcement)
            if isinstance(record, LabelPart | LabelsInForce):
                self._labels.take(record)
            elif record is not None and (announced := self._log.take(record)) is not None:
                done.append(announced)
        if done:
            self._held = await asyncio.to_thread(_apply_all, self._held, done)
        self._at = await consumer.position(_PLACE)
        return bool(done) if records else None

    def objection(self, lists: Sequence[SanctionsList], approved: Callable[[str], bool]) -> str | None:
        """Why lists must not be announced without a person's word; None when they may be."""
        version = version_of(facts_of(lists))
        if not self.version or approved(version):
            return None
        if version in self._log.past:
            return "these lists were in force before, and others have taken their place"
        try:
            check_total(self.lists, lists)
            check_step(self.lists, [each for each in lists if any(each.name == held.name for held in self.lists)], approved)
        except Shrunk as error:
            return str(error)
        return None

    async def propose(
        self, lists: Sequence[SanctionsList], approved: Callable[[str], bool] = lambda _: False, *, reason: str = ""
    ) -> str | None:
        """See to it that lists are in force, by announcing them where they are not; why they are not, or None when they are.

        Raises KafkaError, OSError, TimeoutError, BrokenLog.
        """
        version = version_of(facts_of(lists))
        for _ in range(_ATTEMPTS):
            await self.catch_up()
            if self.version == version:
                self._share(lists)
                return None
            if (why_not := self.objection(lists, approved)) is not None:
                return why_not
            name, at_ms = secrets.token_hex(8), int(time.time() * 1000)
            held = self.lists
            make = partial(announcement, held, lists, name=name, by=self._by, at_ms=at_ms, reason=reason)
            await self._announce(name, await asyncio.to_thread(make))
        return "other workers announce other lists all the time"

    async def propose_labels(self, labels: Labels, *, accepted: bool = False, reason: str = "") -> str | None:
        """As `propose`, for what labels tell of the past."""
        for _ in range(_ATTEMPTS):
            await self.catch_up()
            if self.labels_version == labels.version:
                self._labels.share(labels)
                return None
            if self.labels_version and not accepted and (why_not := self._labels.objection(labels)) is not None:
                return why_not
            name, at_ms = secrets.token_hex(8), int(time.time() * 1000)
            held = self._labels.labels
            make = partial(label_announcement, held, labels, name=name, by=self._by, at_ms=at_ms, reason=reason)
            await self._announce(name, await asyncio.to_thread(make))
        return "other workers announce other labels all the time"

    def _share(self, lists: Sequence[SanctionsList]) -> None:
        """Hold the caller's objects where they are equal to ours, so that a worker has each list once."""
        for slot, each in slots(lists).items():
            held = self._held.get(slot)
            if held is not None and held.entries == each.entries:
                self._held[slot] = each

    async def _announce(self, name: str, records: Sequence[bytes]) -> None:
        """Send an announcement and wait until we read its end; whether it took force is then known."""
        producer = AIOKafkaProducer(
            **self._kafka.options(),
            acks="all",
            enable_idempotence=self._transactional,  # keeps the order of the parts, whatever is sent again
            compression_type="gzip",
            max_request_size=_REQUEST_BYTES,
        )
        await asyncio.wait_for(producer.start(), 15)
        try:
            for record in records[:-1]:
                await producer.send(LISTS, record, partition=0)
            await producer.flush()
            await producer.send_and_wait(LISTS, records[-1], partition=0)
        finally:
            await producer.stop()
        deadline = time.monotonic() + _CONFIRM_SECONDS
        while name not in self._ended:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the announcement does not come back from {LISTS}")
            await self._read(_QUIET_MS)
        facts = {"announcement": name, "records": len(records), "in_force": self.version, "labels": self.labels_version}
        log.info("lists announced", extra=facts)


def _apply_all(held: dict[Slot, SanctionsList], done: Sequence[Announced]) -> dict[Slot, SanctionsList]:
    for announced in done:
        held = apply(held, announced)
    return held
