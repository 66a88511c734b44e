"""What has to come out of one partition's deposits and withdrawals, compared with what did."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

from rules.engine import AccountsEngine
from rules.intake import RawRecord
from rules.outcome import Outcome
from rules.ruleset import Ruleset
from rules.seen import Seen
from rules.transfer import moment
from streams.accounts import AccountsStage, deadletter_message
from streams.auditing.chain import Chain
from streams.auditing.flows import Bundle, Bundles
from streams.auditing.log import Log, Pull, pulling
from streams.auditing.outputs import AlertBook, Output, OutputPull, Spans
from streams.auditing.report import FaultKind, PartitionReport, Report
from streams.delivery.journal import STATE_VERSION, BatchRecord, ClaimRecord
from streams.delivery.stage import Message, encode_messages
from streams.settings import ALERTS, DEADLETTERS, VERDICTS

# Without rules the engine still says which records are transfers, and which repeat.
_ENGINE: Final = AccountsEngine(Ruleset({}, ""))
STAGE: Final = AccountsStage(_ENGINE)

_Place = tuple[str, int]  # source topic, offset
_Kinds = tuple[FaultKind, FaultKind, FaultKind]  # missing, twice, stray
_VERDICT_FAULTS: Final = (FaultKind.VERDICT_MISSING, FaultKind.VERDICT_TWICE, FaultKind.VERDICT_STRAY)
_DEADLETTER_FAULTS: Final = (FaultKind.DEADLETTER_MISSING, FaultKind.DEADLETTER_TWICE, FaultKind.DEADLETTER_STRAY)


class AccountsAudit:
    """The audit of one partition of the accounts stage."""

    def __init__(self, partition: int, report: Report, bundles: Bundles, alerts: AlertBook) -> None:
        self.ledger = PartitionReport(stage=STAGE.name, partition=partition)
        self.chain = Chain(STAGE.journal, partition, STAGE.sources, report)
        self.early: list[tuple[OutputPull, Output]] = []  # of batches journalled after the journal was read
        self._partition = partition
        self._report = report
        self._bundles = bundles
        self._alerts = alerts
        self._seen = Seen()
        self._exact = True  # whether every record since the partition's beginning is known
        self._beginnings: tuple[int, ...] = ()

    async def run(self, log: Log, journal_end: int, advance: Callable[[int], None]) -> None:
        """Read everything of the partition, and compare. `advance` hears how many source offsets are done."""
        number, chain = self._partition, self.chain
        first = (await log.bounds(STAGE.journal, number))[0]
        async with AsyncExitStack() as stack:
            journal = await stack.enter_async_context(pulling(log, STAGE.journal, number, first, journal_end))
            sources = []
            for topic in STAGE.sources:
                start, end = await log.bounds(topic, number)
                self._beginnings += (start,)
                sources.append(await stack.enter_async_context(pulling(log, topic, number, start, end)))
            outputs = [await self._open(log, topic, stack) for topic in (VERDICTS, ALERTS, DEADLETTERS)]
            while await journal.head() is not None:
                entry = journal.pop()
                record = chain.decode(entry)
                if isinstance(record, ClaimRecord):
                    chain.claim(entry[0], record, self.ledger)
                elif record is not None and chain.begin(entry[0], record, self._beginnings):
                    await self._batch(entry[0], record, sources, outputs)
                    advance(sum(end - start for start, end, _ in record.ranges))
            for pull in outputs:
                self.early += [(pull, output) for output in await pull.rest()]
            self.ledger.lag = sum([await source.count_rest() for source in sources])

    async def _open(self, log: Log, topic: str, stack: AsyncExitStack) -> OutputPull:
        place = self._partition % log.partitions(topic)
        start, end = await log.bounds(topic, place)
        pull = await stack.enter_async_context(pulling(log, topic, place, start, end))
        mine = self._alerts.maybe_accounts if topic == ALERTS else _every
        return OutputPull(
            pull, topic, place, sources=STAGE.sources, source_partition=self._partition, report=self._report, mine=mine
        )

    async def _batch(self, at: int, record: BatchRecord, sources: Sequence[Pull], pulls: Sequence[OutputPull]) -> None:
        """One batch: its records and everything that was sent about them."""
        records = [
            [one for one in await source.below(end) if one[0] >= start]
            for source, (start, end, _) in zip(sources, record.ranges, strict=True)
        ]
        spans = {topic: (start, end) for topic, (start, end, _) in zip(STAGE.sources, record.ranges, strict=True)}
        judged_at = moment(record.judged_ms)
        taken = [await pull.take(spans, lambda alert: self._alerts.belongs(alert, judged_at)) for pull in pulls]
        (verdicts, _), (alerts, _), (deadletters, _) = taken
        for pull, (_, behind) in zip(pulls, taken, strict=True):
            self._misplaced(pull, behind)
        self._alerts.meet(pulls[1].partition, [*alerts, *taken[1][1]], self._report)
        self._note_counts(at, record, records)
        bundles = self._bundles.of(self._partition, record)
        verified = None
        if self._known(at, record, records, spans):
            outcome = self._judge_again(record, records)
            self._compare(at, record, outcome, verdicts, deadletters, pulls)
            messages = [
                Message(pull.topic, one.key, one.value)
                for pull, (found, _) in zip(pulls, taken, strict=True)
                for one in found
            ]
            verified = self._verify(record, messages, bundles)
        else:
            self._compare_numbers(at, record, verdicts, deadletters, pulls)
        self.ledger.flows += sum(bundle.flows for bundle in bundles or ())
        self.chain.end(at, record, verified, self.ledger)
        self.ledger.alerts += len(alerts)

    def _judge_again(self, record: BatchRecord, records: Sequence[Sequence[RawRecord]]) -> Outcome:
        """What the records of a batch are."""
        work = STAGE.decode(self._partition, records)
        states = {account: STAGE.fresh_state(account) for account in work.keys}
        outcome = _ENGINE.judge(work.content, self._partition, states, self._seen, record.judged_ms)
        self._seen.take_changes()
        return outcome

    def _verify(self, record: BatchRecord, messages: list[Message], bundles: Sequence[Bundle] | None) -> bool | None:
        """Whether the batch's hash covers just these outputs; None where not all of them can be had."""
        if bundles is None:
            return None
        return self.chain.follows(record, encode_messages(messages), [bundle.digest for bundle in bundles])

    def _note_counts(self, at: int, record: BatchRecord, records: Sequence[Sequence[RawRecord]]) -> None:
        """Add a batch to the ledger; its counts must add up to its records."""
        ledger, total = self.ledger, sum(count for _, _, count in record.ranges)
        deposits, withdrawals, duplicates, deadletters = record.counts
        ledger.records += total
        ledger.deposits += deposits
        ledger.withdrawals += withdrawals
        ledger.duplicates += duplicates
        ledger.deadletters += deadletters
        if sum(record.counts) != total:
            self._journal_fault(at, f"batch {record.n}: counts {record.counts} do not add up to {total} records")

    def _known(self, at: int, record: BatchRecord, records: Sequence[Sequence[RawRecord]], spans: Spans) -> bool:
        """Whether this batch and all before it can be judged again; if not, why is noted once."""
        for topic, held, beginning, (start, end, count) in zip(
            STAGE.sources, records, self._beginnings, record.ranges, strict=True
        ):
            if len(held) == count:
                continue
            if start < beginning:
                if self._exact:
                    self._report.notes.append(
                        f"{topic}[{self._partition}] is kept from offset {beginning} on: what was judged before, and which "
                        "records repeat it, is taken from the journal's counts"
                    )
            else:
                text = f"[{start}, {end}) holds {len(held)} records, batch {record.n} was judged with {count}"
                self._report.add(FaultKind.RECORDS_MISSING, topic, self._partition, start, text)
            self._exact = False
        return self._exact and record.version == STATE_VERSION

    def _compare(
        self,
        at: int,
        record: BatchRecord,
        outcome: Outcome,
        verdicts: Sequence[Output],
        deadletters: Sequence[Output],
        pulls: Sequence[OutputPull],
    ) -> None:
        """Every withdrawal its verdict, every bad record its dead letter, and the journal's counts."""
        counts = outcome.counts
        expected = (counts.deposits, counts.withdrawals, counts.duplicates, counts.deadletters)
        if record.counts != expected:
            self._journal_fault(at, f"batch {record.n}: counts {record.counts}, but its records are {expected}")
        wanted: dict[_Place, Any] = {(one.source.topic, one.source.offset): one.event_id for one in outcome.verdicts}
        self._match(wanted, [(one.head.event_id, one) for one in verdicts], _VERDICT_FAULTS, pulls[0])
        letters = [(letter.source, deadletter_message(letter)) for letter in outcome.deadletters]
        wanted = {(source.topic, source.offset): (message.key, message.value) for source, message in letters}
        self._match(wanted, [((one.key, one.value), one) for one in deadletters], _DEADLETTER_FAULTS, pulls[2])

    def _match(
        self, wanted: Mapping[_Place, Any], found: Sequence[tuple[Any, Output]], kinds: _Kinds, pull: OutputPull
    ) -> None:
        """Compare what was sent with what had to be, record by record."""
        missing, twice, stray = kinds
        word = missing.value.partition("_")[0]
        left = dict(wanted)
        for what, output in found:
            source = output.head.source
            place = (source.topic, source.offset)
            about = f"{source.topic}[{source.partition}] {source.offset}"
            if place not in wanted or what != wanted[place]:
                self._report.add(stray, pull.topic, pull.partition, output.offset, f"a {word} about {about} that is not due")
            elif left.pop(place, None) is None:
                self._report.add(twice, pull.topic, pull.partition, output.offset, f"another {word} about {about}")
        for topic, offset in left:
            self._report.add(missing, topic, self._partition, offset, f"no {word} about this record")

    def _compare_numbers(
        self,
        at: int,
        record: BatchRecord,
        verdicts: Sequence[Output],
        deadletters: Sequence[Output],
        pulls: Sequence[OutputPull],
    ) -> None:
        """Where it is not known what each record had to become: the numbers, and nothing twice."""
        for pull, found, number, twice in (
            (pulls[0], verdicts, record.counts[1], FaultKind.VERDICT_TWICE),
            (pulls[2], deadletters, record.counts[3], FaultKind.DEADLETTER_TWICE),
        ):
            places = set()
            for output in found:
                place = (output.head.source.topic, output.head.source.offset)
                if place in places:
                    self._report.add(
                        twice, pull.topic, pull.partition, output.offset, f"another one about {place[0]} {place[1]}"
                    )
                places.add(place)
            if len(places) != number:
                self._journal_fault(at, f"batch {record.n}: {number} journalled, {len(places)} on {pull.topic}")

    def _misplaced(self, pull: OutputPull, behind: Sequence[Output]) -> None:
        """Outputs about records of batches long done."""
        kinds = {VERDICTS: FaultKind.VERDICT_TWICE, DEADLETTERS: FaultKind.DEADLETTER_TWICE, ALERTS: FaultKind.ALERT_STRAY}
        for output in behind:
            source = output.head.source
            text = f"about {source.topic}[{source.partition}] {source.offset}, after the batch that judged it"
            self._report.add(kinds[pull.topic], pull.topic, pull.partition, output.offset, text)

    def _journal_fault(self, at: int, text: str) -> None:
        self._report.add(FaultKind.JOURNAL_COUNTS, STAGE.journal, self._partition, at, text)


def stray_kind(topic: str) -> FaultKind:
    """What an output is called that belongs to no batch."""
    return {VERDICTS: FaultKind.VERDICT_STRAY, DEADLETTERS: FaultKind.DEADLETTER_STRAY}.get(topic, FaultKind.ALERT_STRAY)


def _every(_: Output) -> bool:
    return True
