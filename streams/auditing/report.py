"""What an audit says: faults with their places, notes, and the ledger of every partition."""

from collections import Counter
from enum import StrEnum
from typing import Final

import msgspec

SHOWN: Final = 20  # faults of a kind that are named one by one; all are counted


class FaultKind(StrEnum):
    """Everything that an audit can find wrong."""

    JOURNAL_NUMBER = "journal_number"  # batch numbers with a gap, or twice
    JOURNAL_RANGE = "journal_range"  # offsets judged twice, or left out
    JOURNAL_CHAIN = "journal_chain"  # the hash of a batch is not that of its outputs and predecessor
    JOURNAL_CLAIM = "journal_claim"  # a claim that follows another batch than the one before it
    JOURNAL_COUNTS = "journal_counts"  # the journalled counts are not what the records are
    RECORDS_MISSING = "records_missing"  # a range holds other records than were judged
    VERDICT_MISSING = "verdict_missing"
    VERDICT_TWICE = "verdict_twice"
    VERDICT_STRAY = "verdict_stray"  # a verdict without its withdrawal
    DEADLETTER_MISSING = "deadletter_missing"
    DEADLETTER_TWICE = "deadletter_twice"
    DEADLETTER_STRAY = "deadletter_stray"  # a dead letter without its source record
    ALERT_TWICE = "alert_twice"  # an alert id that was sent before
    ALERT_STRAY = "alert_stray"  # an alert that belongs to no journalled batch
    FLOWS = "flows"  # flows missing, sent twice, or without their transfer
    FOREIGN = "foreign"  # a message on Lockgate's topics that Lockgate did not write
    REDIS = "redis"  # Redis is not at the journal's end


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, and where it stands; offset -1 stands for the partition as a whole."""

    fault: FaultKind
    topic: str
    partition: int
    offset: int
    text: str


class PartitionReport(msgspec.Struct, kw_only=True):
    """The ledger of one partition of a stage. For accounts `records` = deposits + withdrawals + duplicates + deadletters.

    `lag` counts records that are not judged yet; `unverified` batches whose hash could not be recomputed.
    """

    stage: str
    partition: int
    batches: int = 0
    claims: int = 0
    records: int = 0
    deposits: int = 0
    withdrawals: int = 0
    duplicates: int = 0
    deadletters: int = 0
    flows: int = 0
    alerts: int = 0
    lag: int = 0
    unverified: int = 0
    redis: str = "not checked"


class Report(msgspec.Struct, kw_only=True):
    """Everything an audit found. `counts` holds every fault, `faults` the first of each kind."""

    partitions: list[PartitionReport] = []
    faults: list[Fault] = []
    counts: Counter[str] = msgspec.field(default_factory=Counter)
    notes: list[str] = []
    redis_checked: bool = False

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.counts

    def add(self, fault: FaultKind, topic: str, partition: int, offset: int, text: str) -> None:
        """Count a fault, and keep it when it is among the first of its kind."""
        self.counts[fault.value] += 1
        if self.counts[fault.value] <= SHOWN:
            self.faults.append(Fault(fault=fault, topic=topic, partition=partition, offset=offset, text=text))
