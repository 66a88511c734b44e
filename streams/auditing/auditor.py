"""The audit as a whole: all partitions of both stages, then Redis."""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from rules.rule import AccountRule
from rules.ruleset import Ruleset
from rules.transfer import moment
from streams.auditing import accounts
from streams.auditing.accounts import AccountsAudit, stray_kind
from streams.auditing.chain import Chain
from streams.auditing.counterparties import CounterpartiesAudit
from streams.auditing.flows import Bundles
from streams.auditing.log import Log, pulling
from streams.auditing.outputs import AlertBook
from streams.auditing.report import FaultKind, PartitionReport, Report
from streams.auditing.standing import End, Standing, compare
from streams.delivery.journal import BatchRecord
from streams.errors import Unreachable
from streams.settings import ALERTS, DEPOSITS, FLOWS, JOURNAL_ACCOUNTS, JOURNAL_COUNTERPARTIES
from streams.store import Keys

_ATTEMPTS: Final = 5  # at a Redis that does not agree: a worker may be at work


class Standings(Protocol):
    """Says what Redis holds."""

    async def read(self, keys: Keys) -> Standing:
        """The standing of a partition. Raises Unreachable."""


class Progress(Protocol):
    """Hears how far the audit is."""

    def total(self, offsets: int) -> None:
        """How many offsets there are to go through."""

    def advance(self, offsets: int) -> None:
        """So many more are done."""


async def audit(
    log: Log, standings: Standings | None, ruleset: Ruleset, group: str, progress: Progress, *, settle_seconds: float = 0.5
) -> Report:
    """Audit everything. Lockgate may be at work meanwhile: what is journalled later than now is left out.

    `settle_seconds` is how long the markers of a transaction may take to reach all partitions, and the pause between two
    looks at Redis.

    Raises:
        Unreachable: Kafka stopped answering. Redis not answering is a note in the report.
    """
    report = Report()
    bundles = Bundles(report)
    book = AlertBook(
        {rule.about.id for rule in ruleset.rules if isinstance(rule, AccountRule)},
        {rule.about.id for rule in ruleset.rules if not isinstance(rule, AccountRule)},
    )
    ends = await _journal_ends(log)
    await asyncio.sleep(settle_seconds)
    await _announce(log, progress)
    await bundles.read(log)
    first = [AccountsAudit(number, report, bundles, book) for number in range(log.partitions(DEPOSITS))]
    for one in first:
        await one.run(log, ends[JOURNAL_ACCOUNTS, one.ledger.partition], progress.advance)
    second = [CounterpartiesAudit(number, report, book) for number in range(log.partitions(FLOWS))]
    for other in second:
        await other.run(log, ends[JOURNAL_COUNTERPARTIES, other.ledger.partition], progress.advance)
    bundles.check_rest()
    looks = [_Look(one.chain, one.ledger, ends[one.chain.topic, one.chain.partition]) for one in first]
    looks += [_Look(two.chain, two.ledger, ends[two.chain.topic, two.chain.partition]) for two in second]
    for look in looks:
        await look.again(log)
    for one, look in zip(first, looks, strict=False):
        _early_outputs(one, look, book, report)
    for other, look in zip(second, looks[len(first) :], strict=True):
        _early_alerts(other, look, report)
    if standings is not None:
        await _check_redis(looks, log, standings, group, report, settle_seconds)
    report.partitions = [look.ledger for look in looks]
    return report


async def _journal_ends(log: Log) -> dict[tuple[str, int], int]:
    return {
        (topic, number): (await log.bounds(topic, number))[1]
        for topic in (JOURNAL_ACCOUNTS, JOURNAL_COUNTERPARTIES)
        for number in range(log.partitions(topic))
    }


async def _announce(log: Log, progress: Progress) -> None:
    total = 0
    for topic in (*accounts.STAGE.sources, FLOWS):
        for number in range(log.partitions(topic)):
            start, end = await log.bounds(topic, number)
            total += end - start
    progress.total(total)


class _Look:
    """What a journal has grown by since the audit read it."""

    def __init__(self, chain: Chain, ledger: PartitionReport, start: int) -> None:
        self.chain = chain
        self.ledger = ledger
        self.batches: list[BatchRecord] = []
        self._start = start

    @property
    def end(self) -> End:
        """Where the journal ended at the last look."""
        if not self.batches:
            return End(self.chain.n, self.chain.h, self.chain.reached)
        last = self.batches[-1]
        return End(last.n, last.h, tuple(end for _, end, _ in last.ranges))

    async def again(self, log: Log) -> list[End]:
        """Look again: the end before, and those that have been since."""
        ends = [self.end]
        start, (_, self._start) = self._start, await log.bounds(self.chain.topic, self.chain.partition)
        async with pulling(log, self.chain.topic, self.chain.partition, start, self._start) as pull:
            while await pull.head() is not None:
                record = self.chain.decode(pull.pop())
                if isinstance(record, BatchRecord):
                    self.batches.append(record)
                    ends.append(self.end)
        return ends


def _early_outputs(one: AccountsAudit, look: _Look, book: AlertBook, report: Report) -> None:
    """Outputs beyond the journal as it was read must be those of batches journalled since."""
    ends = dict(zip(accounts.STAGE.sources, look.end.position or (), strict=False))
    for pull, output in one.early:
        source = output.head.source
        if source.offset >= ends.get(source.topic, 0) and (pull.topic != ALERTS or book.surely_accounts(output)):
            text = f"about {source.topic}[{source.partition}] {source.offset}, which is in no journalled batch"
            report.add(stray_kind(pull.topic), pull.topic, pull.partition, output.offset, text)


def _early_alerts(other: CounterpartiesAudit, look: _Look, report: Report) -> None:
    """Alerts of no batch that was read must be those of batches journalled since."""
    judged = {moment(batch.judged_ms) for batch in look.batches}
    for partition, alert in other.early:
        if alert.head.detected_at not in judged:
            report.add(FaultKind.ALERT_STRAY, ALERTS, partition, alert.offset, "this alert is of no journalled batch")


async def _check_redis(
    looks: Sequence[_Look], log: Log, standings: Standings, group: str, report: Report, pause_seconds: float
) -> None:
    """Redis must be where the journal ends, at the latest when it has been given some time."""
    try:
        for look in looks:
            await _check_partition(look, log, standings, group, report, pause_seconds)
    except Unreachable as error:
        report.notes.append(f"{error}: it was not compared with the journal")
    else:
        report.redis_checked = True


async def _check_partition(
    look: _Look, log: Log, standings: Standings, group: str, report: Report, pause_seconds: float
) -> None:
    chain, ledger = look.chain, look.ledger
    await look.again(log)
    for attempt in range(_ATTEMPTS):
        if attempt:
            await asyncio.sleep(pause_seconds)
        standing = await standings.read(Keys(group, ledger.stage, ledger.partition))
        ends = await look.again(log)
        ledger.redis, fine = compare(standing, ends[-1], ends[:-1])
        if fine:
            return
    report.add(FaultKind.REDIS, chain.topic, chain.partition, -1, f"Redis is {ledger.redis}")
