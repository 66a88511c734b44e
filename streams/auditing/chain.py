"""The journal of one partition: numbers without a gap, ranges that adjoin, hashes that follow from the outputs."""

from collections.abc import Sequence

import msgspec

from rules.intake import RawRecord
from streams.auditing.report import FaultKind, PartitionReport, Report
from streams.delivery.journal import BatchRecord, ClaimRecord, Record, chained, decode


class Chain:
    """Follows a journal partition record by record."""

    def __init__(self, topic: str, partition: int, sources: Sequence[str], report: Report) -> None:
        self.topic = topic
        self.partition = partition
        self.n = 0
        self.h = b""
        self.reached: tuple[int, ...] | None = None  # ends of the last batch's ranges, by source
        self._sources = sources
        self._report = report

    def decode(self, record: RawRecord) -> Record | None:
        """A journal record; None, and a fault, for anything else."""
        offset, _, value = record
        try:
            decoded: Record = decode(value or b"")
        except msgspec.DecodeError:
            self._add(FaultKind.FOREIGN, offset, "not a record of a journal")
            return None
        return decoded

    def claim(self, offset: int, record: ClaimRecord, ledger: PartitionReport) -> None:
        """A claim must name the batch that it follows."""
        ledger.claims += 1
        if (record.n, record.h) != (self.n, self.h) and (self.n or ledger.batches == 0):
            self._add(FaultKind.JOURNAL_CLAIM, offset, f"a claim after batch {record.n}, but batch {self.n} came before it")

    def begin(self, offset: int, record: BatchRecord, beginnings: Sequence[int]) -> bool:
        """Number and ranges of a batch, against its predecessor or the beginnings of the source topics.

        False when it cannot be gone into further.
        """
        if record.n != self.n + 1:
            self._add(FaultKind.JOURNAL_NUMBER, offset, f"batch {record.n} follows batch {self.n}")
        if len(record.ranges) != len(self._sources):
            self._add(FaultKind.JOURNAL_RANGE, offset, f"{len(record.ranges)} ranges for {len(self._sources)} sources")
            return False
        for place, (start, end, count) in enumerate(record.ranges):
            source = self._sources[place]
            if not 0 <= count <= end - start:
                self._add(FaultKind.JOURNAL_RANGE, offset, f"batch {record.n}: {count} records in {source} [{start}, {end})")
            if self.reached is None:
                if start > beginnings[place]:
                    text = f"the first batch starts at {source} {start}: {beginnings[place]} to there was never judged"
                    self._add(FaultKind.JOURNAL_RANGE, offset, text)
            elif start != self.reached[place]:
                word = "leaves out" if start > self.reached[place] else "judges again"
                low, high = sorted((start, self.reached[place]))
                self._add(FaultKind.JOURNAL_RANGE, offset, f"batch {record.n} {word} {source} [{low}, {high})")
        return True

    def follows(self, record: BatchRecord, messages: bytes, bundles: Sequence[bytes] = ()) -> bool | None:
        """Whether a batch's hash follows from its predecessor's, its record and these outputs; None: unknown."""
        return None if record.n != self.n + 1 else chained(self.h, record, messages, bundles) == record.h

    def end(self, offset: int, record: BatchRecord, verified: bool | None, ledger: PartitionReport) -> None:
        """Done with a batch: from here it is the predecessor."""
        ledger.batches += 1
        if verified is None:
            ledger.unverified += 1
        elif not verified:
            text = f"the hash of batch {record.n} is not that of its record, its outputs and the batch before it"
            self._add(FaultKind.JOURNAL_CHAIN, offset, text)
        self.n, self.h = record.n, record.h
        self.reached = tuple(end for _, end, _ in record.ranges)

    def _add(self, fault: FaultKind, offset: int, text: str) -> None:
        self._report.add(fault, self.topic, self.partition, offset, text)
