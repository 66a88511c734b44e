"""Verdicts, alerts and dead letters, read in step with the batches that they belong to."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import Final

import msgspec

from rules.intake import RawRecord
from rules.messages import Source
from streams.auditing.log import Pull
from streams.auditing.report import FaultKind, Report
from streams.settings import ALERTS, DEADLETTERS, LISTS, VERDICTS

Spans = Mapping[str, tuple[int, int]]  # source topic -> half-open range of offsets


class Head(msgspec.Struct, frozen=True):
    """What an audit needs to know of an output; the rest of it goes into the hash as it stands."""

    source: Source
    event_id: str = ""
    alert_id: str = ""
    rule_id: str = ""
    detected_at: datetime | None = None


class Output(msgspec.Struct, frozen=True):
    """One message on an output topic."""

    offset: int
    key: bytes
    value: bytes
    head: Head


_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    VERDICTS: ("event_id",),
    ALERTS: ("alert_id", "rule_id", "detected_at"),
    DEADLETTERS: (),
}
_read: Final[Callable[[bytes], Head]] = msgspec.json.Decoder(Head).decode


def read_output(topic: str, record: RawRecord) -> Output | None:
    """An output as Lockgate writes it; None for anything else."""
    offset, key, value = record
    if key is None or value is None:
        return None
    try:
        head = _read(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not all(getattr(head, field) for field in _FIELDS[topic]):
        return None
    return Output(offset, key, value, head)


class OutputPull:
    """One output topic's messages about the records of one source partition.

    `mine` says which messages are this stage's; the others are passed over.
    """

    def __init__(
        self,
        pull: Pull,
        topic: str,
        partition: int,
        *,
        sources: Sequence[str],
        source_partition: int,
        report: Report,
        mine: Callable[[Output], bool],
    ) -> None:
        self.topic = topic
        self.partition = partition
        self._pull = pull
        self._sources = sources
        self._source_partition = source_partition
        self._report = report
        self._mine = mine
        self._next: Output | None = None

    async def take(self, spans: Spans, belongs: Callable[[Output], bool]) -> tuple[list[Output], list[Output]]:
        """The messages about records in `spans`, and those met before them whose records come earlier.

        `belongs` says of alerts whether they are of this batch, where the record does not tell.
        """
        taken, behind = [], []
        while (output := await self._head()) is not None:
            start, end = spans[output.head.source.topic]
            if output.head.source.offset >= end:
                break
            self._next = None
            if output.head.source.offset < start:
                behind.append(output)
            elif self.topic != ALERTS or belongs(output):
                taken.append(output)
        return taken, behind

    async def rest(self) -> list[Output]:
        """All that are left."""
        left = []
        while (output := await self._head()) is not None:
            left.append(output)
            self._next = None
        return left

    async def _head(self) -> Output | None:
        """The next message of this stage about our source partition."""
        while self._next is None:
            record = await self._pull.head()
            if record is None:
                return None
            self._pull.pop()
            output = read_output(self.topic, record)
            if output is not None and output.head.source.topic == LISTS:
                continue  # about the past, from the counterparties stage
            if output is None or output.head.source.topic not in self._sources:
                self._report.add(FaultKind.FOREIGN, self.topic, self.partition, record[0], "not a message of Lockgate's")
            elif output.head.source.partition == self._source_partition and self._mine(output):
                self._next = output
        return self._next


class AlertBook:
    """Whose alerts are whose, and which ids have been met.

    Both stages send alerts to one topic. Whose an alert is follows from its rule; where the rule is not known any more, from
    the time of judging.
    """

    def __init__(self, account_rules: Set[str], counterparty_rules: Set[str]) -> None:
        self._account_rules = account_rules
        self._counterparty_rules = counterparty_rules
        self._ids: set[str] = set()
        self._taken: set[tuple[int, int]] = set()  # alerts of unknown rules that accounts batches took

    def maybe_accounts(self, alert: Output) -> bool:
        """Whether the accounts stage may have sent it."""
        return alert.head.rule_id not in self._counterparty_rules

    def surely_accounts(self, alert: Output) -> bool:
        """Whether no other stage can have sent it."""
        return alert.head.rule_id in self._account_rules

    def maybe_counterparties(self, partition: int, alert: Output) -> bool:
        """Whether the counterparties stage may have sent it; ask after the accounts of all partitions are done."""
        return alert.head.rule_id not in self._account_rules and (partition, alert.offset) not in self._taken

    def belongs(self, alert: Output, judged_at: datetime) -> bool:
        """Whether an alert about an accounts batch's record is that batch's."""
        return alert.head.rule_id in self._account_rules or alert.head.detected_at == judged_at

    def meet(self, partition: int, alerts: Iterable[Output], report: Report) -> None:
        """Note alerts of a partition as met by their stage; an id met before is a fault."""
        for alert in alerts:
            known = len(self._ids)
            self._ids.add(alert.head.alert_id)
            if len(self._ids) == known:
                text = f"alert {alert.head.alert_id} was sent before"
                report.add(FaultKind.ALERT_TWICE, ALERTS, partition, alert.offset, text)
            if alert.head.rule_id not in self._account_rules:
                self._taken.add((partition, alert.offset))
