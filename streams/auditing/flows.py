"""The bundles of flows on their topic, by the batch that sent them: digests, so that memory stays small."""

import re
from collections import defaultdict
from typing import Final

import msgspec

from rules.intake import RawRecord
from streams.auditing.log import Log, pulling
from streams.auditing.report import FaultKind, Report
from streams.delivery.journal import BatchRecord, bundle_digest
from streams.settings import FLOWS

_KEY: Final = re.compile(rb"(\d{1,9})/(\d{1,18})", re.ASCII)
_count: Final = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode

Origin = tuple[int, int]  # partition of the accounts stage, number of the batch


class Bundle(msgspec.Struct, frozen=True):
    """One record of the flows topic."""

    offset: int
    digest: bytes
    flows: int


class Bundles:
    """What stands on the flows topic. What no journalled batch has taken in the end belongs to none."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._held: dict[Origin, list[Bundle]] = defaultdict(list)
        self._beginning = 0
        self._reached: dict[int, int] = {}  # partition -> its last journalled batch

    async def read(self, log: Log) -> None:
        """Read the topic as it stands now."""
        self._beginning, end = await log.bounds(FLOWS, 0)
        async with pulling(log, FLOWS, 0, self._beginning, end) as source:
            while await source.head() is not None:
                self._note(source.pop())

    def _note(self, record: RawRecord) -> None:
        offset, key, value = record
        origin = _KEY.fullmatch(key or b"")
        try:
            flows = len(_count(value or b""))
        except msgspec.DecodeError:
            flows = -1
        if origin is None or flows < 0:
            self._report.add(FaultKind.FOREIGN, FLOWS, 0, offset, "not a bundle of flows")
            return
        self._held[int(origin[1]), int(origin[2])].append(Bundle(offset, bundle_digest(value or b""), flows))

    def of(self, partition: int, record: BatchRecord) -> list[Bundle] | None:
        """The bundles of a batch; None when they cannot be had any more. Too few or too many are a fault."""
        self._reached[partition] = record.n
        found = self._held.pop((partition, record.n), [])
        if len(found) == record.bundles:
            return found
        if len(found) < record.bundles and self._beginning:
            return None
        text = f"batch {record.n} sent {record.bundles} bundles of flows, {len(found)} are on the flows topic"
        self._report.add(FaultKind.FLOWS, FLOWS, 0, found[-1].offset if found else -1, text)
        return found

    def check_rest(self) -> None:
        """To be called when all accounts batches are done: bundles of batches up to the last ones that nobody sent."""
        for (partition, n), bundles in sorted(self._held.items()):
            if n <= self._reached.get(partition, 0):
                text = f"a bundle of batch {n} of partition {partition}, which is in no journal"
                self._report.add(FaultKind.FLOWS, FLOWS, 0, bundles[0].offset, text)
