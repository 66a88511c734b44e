"""What has to come out of one partition's flows, compared with what did."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from rules.intake import RawRecord
from rules.messages import Flow
from rules.transfer import moment
from streams.auditing.chain import Chain
from streams.auditing.log import Log, Pull, pulling
from streams.auditing.outputs import AlertBook, Output, read_output
from streams.auditing.report import FaultKind, PartitionReport, Report
from streams.counterparties import CounterpartiesStage
from streams.delivery.journal import BatchRecord, ClaimRecord
from streams.delivery.stage import Message, encode_messages
from streams.settings import ALERTS, FLOWS, JOURNAL_COUNTERPARTIES, LISTS

_About = tuple[str, int, int, datetime | None]  # a flow's source, and when the alert about it was made
_read_bundle: Final = msgspec.msgpack.Decoder(list[Flow]).decode


class CounterpartiesAudit:
    """The audit of one partition of the counterparties stage; to be run after the accounts of all partitions."""

    def __init__(self, partition: int, report: Report, alerts: AlertBook) -> None:
        self.ledger = PartitionReport(stage=CounterpartiesStage.name, partition=partition)
        self.chain = Chain(JOURNAL_COUNTERPARTIES, partition, (FLOWS, LISTS), report)
        self.early: list[tuple[int, Output]] = []  # alerts of batches journalled after the journal was read, by partition
        self._partition = partition
        self._report = report
        self._book = alerts
        self._place = partition  # of the alerts topic
        self._alerts: dict[_About, list[Output]] = defaultdict(list)

    async def run(self, log: Log, journal_end: int, advance: Callable[[int], None]) -> None:
        """Read everything of the partition, and compare. `advance` hears how many offsets of flows are done."""
        number, chain = self._partition, self.chain
        await self._read_alerts(log)
        start = (await log.bounds(JOURNAL_COUNTERPARTIES, number))[0]
        beginning, end = await log.bounds(FLOWS, number)
        if beginning:
            self._report.notes.append(
                f"{FLOWS}[{number}] is kept from offset {beginning} on: earlier flows are not compared"
            )
        first_list, last_list = await log.bounds(LISTS, number)
        async with (
            pulling(log, JOURNAL_COUNTERPARTIES, number, start, journal_end) as journal,
            pulling(log, FLOWS, number, beginning, end) as source,
            pulling(log, LISTS, number, first_list, last_list) as lists,
        ):
            while await journal.head() is not None:
                entry = journal.pop()
                record = chain.decode(entry)
                if isinstance(record, ClaimRecord):
                    chain.claim(entry[0], record, self.ledger)
                elif record is not None and chain.begin(entry[0], record, (beginning, first_list)):
                    await self._batch(entry[0], record, source, lists, beginning)
                    advance(sum(end - start for start, end, _ in record.ranges))
            while await source.head() is not None:
                self.ledger.lag += len(self._decode([source.pop()]))
        self.early = [(self._place, alert) for alerts in self._alerts.values() for alert in alerts]

    async def _read_alerts(self, log: Log) -> None:
        """All alerts of the partition that may be this stage's: few, since most addresses are nobody's concern."""
        place = self._place = self._partition % log.partitions(ALERTS)
        start, end = await log.bounds(ALERTS, place)
        async with pulling(log, ALERTS, place, start, end) as pull:
            while await pull.head() is not None:
                alert = read_output(ALERTS, pull.pop())
                if alert is not None and self._book.maybe_counterparties(place, alert):
                    source = alert.head.source
                    self._alerts[source.topic, source.partition, source.offset, alert.head.detected_at].append(alert)

    async def _batch(self, at: int, record: BatchRecord, source: Pull, lists: Pull, beginning: int) -> None:
        """One batch: its flows and the alerts about them, and those about the past when a list changed."""
        (start, end, count), (_, lists_end, list_count) = record.ranges
        bundles = [one for one in await source.below(end) if one[0] >= start]
        flows = self._decode(bundles)
        judged_at = moment(record.judged_ms)
        changes = await lists.below(lists_end)
        abouts = {(flow.topic, flow.partition, flow.offset, judged_at) for flow in flows}
        abouts |= {(LISTS, self._partition, offset, judged_at) for offset, _, _ in changes}
        alerts = sorted(
            (alert for about in abouts & self._alerts.keys() for alert in self._alerts.pop(about)), key=_by_offset
        )
        self._book.meet(self._place, alerts, self._report)
        complete = (len(bundles), len(changes)) == (count, list_count)
        if not complete and start >= beginning:
            text = (
                f"[{start}, {end}) holds {len(bundles)} records and {len(changes)} of {LISTS}, "
                f"batch {record.n} was judged with {count} and {list_count}"
            )
            self._report.add(FaultKind.RECORDS_MISSING, FLOWS, self._partition, start, text)
        if complete and record.counts != (len(flows), 0, 0, 0):
            text = f"batch {record.n}: counts {record.counts}, but it holds {len(flows)} flows"
            self._report.add(FaultKind.JOURNAL_COUNTS, JOURNAL_COUNTERPARTIES, self._partition, at, text)
        messages = [Message(ALERTS, alert.key, alert.value) for alert in alerts]
        verified = self.chain.follows(record, encode_messages(messages)) if complete else None
        self.chain.end(at, record, verified, self.ledger)
        self.ledger.records += count + list_count
        self.ledger.flows += len(flows)
        self.ledger.alerts += len(alerts)

    def _decode(self, bundles: Sequence[RawRecord]) -> list[Flow]:
        flows: list[Flow] = []
        for _, _, bundle in bundles:
            try:
                flows += _read_bundle(bundle or b"")
            except msgspec.DecodeError:  # the look at the topic as a whole has named it
                continue
        return flows


def _by_offset(alert: Output) -> int:
    return alert.offset
