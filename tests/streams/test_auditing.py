"""The audit, on a history made by the real stages in memory: clean as it is, and every way to spoil it is named."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import msgspec
import pytest

from rules.engine import AccountsEngine
from rules.intake import RawRecord
from rules.knowledge import Knowledge
from rules.network import CounterpartiesEngine
from streams.accounts import AccountsStage
from streams.auditing import FaultKind, Report, audit
from streams.auditing.standing import Standing
from streams.counterparties import CounterpartiesStage
from streams.delivery.journal import STATE_VERSION, BatchRecord, ClaimRecord, bundle_digest, chained, decode, encode
from streams.delivery.publisher import bundle_key
from streams.delivery.stage import Stage, encode_messages
from streams.errors import Unreachable
from streams.rulefiles import load_rules
from streams.settings import (
    ALERTS,
    DEADLETTERS,
    DEPOSITS,
    FLOWS,
    JOURNAL_ACCOUNTS,
    JOURNAL_COUNTERPARTIES,
    VERDICTS,
    WITHDRAWALS,
)
from streams.store import Keys
from streams.watchlists import load_watchlist

LISTED = "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"
PARTITIONS = 2
RULESET = load_rules()
WATCHLIST = load_watchlist(("demo",))


class _States(dict[str, Any]):
    """States that are fresh when they are met first."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage

    def __missing__(self, key: str) -> Any:
        return self.setdefault(key, self._stage.fresh_state(key))


class MemoryLog:
    """Topics in memory. What is in `late` is there only from the second look at a topic's bounds on."""

    def __init__(self) -> None:
        self.topics: defaultdict[tuple[str, int], list[RawRecord]] = defaultdict(list)
        self.late: dict[tuple[str, int], int] = {}  # first offset that comes late
        self.beginnings: dict[tuple[str, int], int] = {}

    def add(self, topic: str, partition: int, key: bytes | None, value: bytes | None) -> int:
        records = self.topics[topic, partition]
        offset = records[-1][0] + 1 if records else 0
        records.append((offset, key, value))
        return offset

    def partitions(self, topic: str) -> int:
        return PARTITIONS

    async def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        records = self.topics[topic, partition]
        end = self.late.pop((topic, partition), records[-1][0] + 1 if records else 0)
        return self.beginnings.get((topic, partition), 0), end

    async def read(self, topic: str, partition: int, start: int, end: int) -> AsyncGenerator[Sequence[RawRecord], None]:
        first = max(start, self.beginnings.get((topic, partition), 0))
        for record in self.topics[topic, partition]:
            if first <= record[0] < end:
                yield [record]


class MemoryStandings:
    """What Redis would say."""

    def __init__(self) -> None:
        self.standings: dict[str, Standing] = {}
        self.away = False

    async def read(self, keys: Keys) -> Standing:
        if self.away:
            raise Unreachable("Redis does not answer")
        return self.standings.get(keys.meta, Standing(0, b"", b"", ()))


class Silence:
    """Nobody looks at the progress."""

    def total(self, offsets: int) -> None:
        pass

    def advance(self, offsets: int) -> None:
        pass


class History:
    """An installation that has judged a few batches, written as the delivery protocol writes it."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.redis = MemoryStandings()
        for number in range(60):
            self._send(number)
        accounts = AccountsStage(AccountsEngine(RULESET, Knowledge(WATCHLIST)))
        counterparties = CounterpartiesStage(CounterpartiesEngine(RULESET))
        for partition in range(PARTITIONS):
            self._run(accounts, partition, sizes=(7, 1, 9))
        self._run(counterparties, 0, sizes=(2,))

    def _send(self, number: int) -> None:
        kind = "deposit" if number % 3 == 0 else "withdrawal"
        account = f"acct-{number % 6}"
        addresses = [LISTED] if number in (4, 31) else [f"0x{number % 9:040x}", f"0x{number:040x}"]
        value: dict[str, Any] = {
            "event_id": f"e{number - 6 if number in (40, 41) else number}",
            "kind": kind,
            "account_id": account,
            "asset": "USDT",
            "network": "ethereum",
            "amount": "100",
            "value_usd": "100",
            "addresses": addresses,
            "occurred_at": 1_767_225_600_000 + number,
        }
        text = b"{" if number in (10, 33) else json.dumps(value).encode()
        if number == 41:  # the same event as 35, sent again
            text = self._last_of("e35")
        topic = DEPOSITS if kind == "deposit" else WITHDRAWALS
        self.log.add(topic, number % PARTITIONS, account.encode(), text)

    def _last_of(self, event_id: str) -> bytes:
        values = [value for records in self.log.topics.values() for _, _, value in records if value is not None]
        return next(value for value in values if f'"{event_id}"'.encode() in value)

    def _run(self, stage: Stage, partition: int, sizes: Sequence[int]) -> None:
        """Cut batches of these sizes a source, the last one repeated until nothing is left."""
        log, memory = self.log, stage.open_memory({})
        states = _States(stage)
        n, h, position = 0, b"", [0] * len(stage.sources)
        log.add(stage.journal, partition, None, encode(ClaimRecord(0, 1, "t", "o", b"")))
        while True:
            size = sizes[min(n, len(sizes) - 1)]
            waiting = [
                log.topics[topic, partition][at : at + size] for topic, at in zip(stage.sources, position, strict=True)
            ]
            if not any(waiting):
                break
            judged_ms = 1_800_000_000_000 + 10 * n + (5 if stage.name == "counterparties" else 0)
            judged = stage.judge(stage.decode(partition, waiting), partition, states, memory, judged_ms)
            ranges = tuple((at, at + len(held), len(held)) for at, held in zip(position, waiting, strict=True))
            unsigned = BatchRecord(
                n + 1,
                judged_ms,
                ranges,
                judged.counts,
                len(judged.outputs.bundles),
                {},
                stage.list_hash,
                stage.ruleset,
                STATE_VERSION,
                "o",
                b"",
            )
            messages, bundles = encode_messages(judged.outputs.messages), judged.outputs.bundles
            record = msgspec.structs.replace(unsigned, h=chained(h, unsigned, messages, map(bundle_digest, bundles)))
            for message in judged.outputs.messages:
                log.add(message.topic, partition, message.key, message.value)
            for bundle in bundles:
                log.add(FLOWS, 0, bundle_key(partition, record.n), bundle)
            log.add(stage.journal, partition, None, encode(record))
            meta = Keys("g", stage.name, partition).meta
            position = [end for _, end, _ in ranges]
            self.redis.standings[meta] = Standing(record.n, record.h, h, tuple(position))
            n, h = record.n, record.h

    def audit(self) -> Report:
        return asyncio.run(audit(self.log, self.redis, RULESET, "g", Silence(), settle_seconds=0))


@pytest.fixture
def history() -> History:
    return History()


def test_a_history_as_it_was_written_is_clean_and_everything_is_counted(history: History) -> None:
    report = history.audit()
    assert report.clean, report.faults
    accounts = [one for one in report.partitions if one.stage == "accounts"]
    assert sum(one.records for one in accounts) == 60
    assert sum(one.deposits + one.withdrawals + one.duplicates + one.deadletters for one in accounts) == 60
    assert [sum(one.duplicates for one in accounts), sum(one.deadletters for one in accounts)] == [1, 3]
    assert sum(one.alerts for one in accounts) >= 2
    flows = sum(one.flows for one in report.partitions if one.stage == "counterparties")
    assert sum(one.flows for one in accounts) == flows > 0
    assert all(one.redis == "equal" and not one.lag and not one.unverified for one in report.partitions)
    assert report.redis_checked


def _without(topic: str, place: int) -> Callable[[History], None]:
    def spoil(history: History) -> None:
        del history.log.topics[topic, 0][place]

    return spoil


def _again(topic: str) -> Callable[[History], None]:
    def spoil(history: History) -> None:
        history.log.add(topic, 0, *history.log.topics[topic, 0][0][1:])

    return spoil


def _forged(topic: str, **fields: Any) -> Callable[[History], None]:
    def spoil(history: History) -> None:
        source = {"topic": WITHDRAWALS, "partition": 0, "offset": 0}
        history.log.add(topic, 0, b"key", json.dumps({"source": source, **fields}).encode())

    return spoil


def _changed(topic: str, place: int, old: bytes, new: bytes) -> Callable[[History], None]:
    def spoil(history: History) -> None:
        offset, key, value = history.log.topics[topic, 0][place]
        assert value is not None and old in value
        history.log.topics[topic, 0][place] = (offset, key, value.replace(old, new))

    return spoil


def _journal(place: int, **fields: Any) -> Callable[[History], None]:
    def spoil(history: History) -> None:
        offset, key, value = history.log.topics[JOURNAL_ACCOUNTS, 0][place]
        record = msgspec.structs.replace(decode(value or b""), **fields)
        history.log.topics[JOURNAL_ACCOUNTS, 0][place] = (offset, key, encode(record))

    return spoil


def _foreign(topic: str) -> Callable[[History], None]:
    def spoil(history: History) -> None:
        history.log.add(topic, 0, b"key", b"\xc1hello")

    return spoil


# Place 0 of a journal is a claim, 1 to n are the batches.
@pytest.mark.parametrize(
    ("spoil", "fault", "topic"),
    [
        (_without(VERDICTS, 3), FaultKind.VERDICT_MISSING, WITHDRAWALS),
        (_without(VERDICTS, -1), FaultKind.VERDICT_MISSING, WITHDRAWALS),
        (_again(VERDICTS), FaultKind.VERDICT_TWICE, VERDICTS),
        (_changed(VERDICTS, 2, b'"event_id":"e', b'"event_id":"x'), FaultKind.VERDICT_STRAY, VERDICTS),
        (_changed(VERDICTS, 2, b'"decision":"release"', b'"decision":"hold"'), FaultKind.JOURNAL_CHAIN, JOURNAL_ACCOUNTS),
        (_without(DEADLETTERS, 0), FaultKind.DEADLETTER_MISSING, WITHDRAWALS),
        (_again(DEADLETTERS), FaultKind.DEADLETTER_TWICE, DEADLETTERS),
        (_changed(DEADLETTERS, 0, b'"reason":"', b'"reason":"not '), FaultKind.DEADLETTER_STRAY, DEADLETTERS),
        (_without(ALERTS, 0), FaultKind.JOURNAL_CHAIN, JOURNAL_ACCOUNTS),
        (_again(ALERTS), FaultKind.ALERT_TWICE, ALERTS),
        (_changed(ALERTS, 0, b'"severity":"critical"', b'"severity":"low"'), FaultKind.JOURNAL_CHAIN, JOURNAL_ACCOUNTS),
        (
            _forged(ALERTS, alert_id="a", rule_id="laundering.gone", detected_at="2026-01-01T00:00:00Z"),
            FaultKind.ALERT_STRAY,
            ALERTS,
        ),
        (_without(JOURNAL_ACCOUNTS, 2), FaultKind.JOURNAL_NUMBER, JOURNAL_ACCOUNTS),
        (_without(JOURNAL_ACCOUNTS, 2), FaultKind.JOURNAL_RANGE, JOURNAL_ACCOUNTS),
        (_again(JOURNAL_ACCOUNTS), FaultKind.JOURNAL_CLAIM, JOURNAL_ACCOUNTS),
        (_journal(1, counts=(1, 1, 1, 1)), FaultKind.JOURNAL_COUNTS, JOURNAL_ACCOUNTS),
        (_journal(1, h=b"another hash"), FaultKind.JOURNAL_CHAIN, JOURNAL_ACCOUNTS),
        (_journal(1, judged_ms=5), FaultKind.JOURNAL_CHAIN, JOURNAL_ACCOUNTS),
        (_journal(1, ranges=((1, 7, 6), (0, 7, 7))), FaultKind.JOURNAL_RANGE, JOURNAL_ACCOUNTS),
        (_without(DEPOSITS, 2), FaultKind.RECORDS_MISSING, DEPOSITS),
        (_without(FLOWS, 1), FaultKind.FLOWS, FLOWS),
        (_without(FLOWS, 1), FaultKind.RECORDS_MISSING, FLOWS),
        (_again(FLOWS), FaultKind.FLOWS, FLOWS),
        (_foreign(VERDICTS), FaultKind.FOREIGN, VERDICTS),
        (_foreign(JOURNAL_COUNTERPARTIES), FaultKind.FOREIGN, JOURNAL_COUNTERPARTIES),
        (_foreign(FLOWS), FaultKind.FOREIGN, FLOWS),
    ],
)
def test_every_way_to_spoil_a_history_is_named_with_its_place(
    history: History, spoil: Callable[[History], None], fault: FaultKind, topic: str
) -> None:
    spoil(history)
    report = history.audit()
    assert (fault, topic, 0) in {(one.fault, one.topic, one.partition) for one in report.faults}


def test_many_faults_of_a_kind_are_all_counted_and_the_first_are_named(history: History) -> None:
    history.log.topics[VERDICTS, 0].clear()
    history.log.topics[VERDICTS, 1].clear()
    report = history.audit()
    named = [one for one in report.faults if one.fault is FaultKind.VERDICT_MISSING]
    assert len(named) == 20 < report.counts[FaultKind.VERDICT_MISSING]


def test_records_not_judged_yet_are_lag_and_no_fault(history: History) -> None:
    for number in range(5):
        history.log.add(WITHDRAWALS, 1, b"acct-1", f"{{{number}}}".encode())
    report = history.audit()
    assert report.clean
    assert [one.lag for one in report.partitions] == [0, 5, 0, 0]


def test_records_before_the_first_batch_that_nobody_judged_are_a_fault(history: History) -> None:
    history.log.beginnings[DEPOSITS, 0] = 0
    _journal(1, ranges=((2, 7, 5), (0, 7, 7)))(history)
    texts = [one.text for one in history.audit().faults if one.fault is FaultKind.JOURNAL_RANGE]
    assert any("was never judged" in text for text in texts)


def test_what_retention_took_away_is_noted_and_the_journal_believed(history: History) -> None:
    history.log.beginnings[WITHDRAWALS, 0] = 3
    report = history.audit()
    assert report.clean, report.faults
    assert any("kept from offset 3 on" in note for note in report.notes)
    assert report.partitions[0].unverified == report.partitions[0].batches > 0


def test_outputs_of_a_batch_journalled_meanwhile_are_no_fault(history: History) -> None:
    journal = history.log.topics[JOURNAL_ACCOUNTS, 0]
    history.log.late[JOURNAL_ACCOUNTS, 0] = journal[-1][0]
    report = history.audit()
    assert report.clean, report.faults
    assert report.partitions[0].batches == len(journal) - 2


def test_outputs_of_a_batch_that_is_in_no_journal_are_a_fault(history: History) -> None:
    del history.log.topics[JOURNAL_ACCOUNTS, 0][-1]
    assert history.audit().counts[FaultKind.VERDICT_STRAY] > 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda one: Standing(0, b"", b"", ()), "empty"),
        (lambda one: msgspec.structs.replace(one, n=one.n - 1), "rebuilt at the next claim"),
        (lambda one: msgspec.structs.replace(one, h=b"other"), "another batch"),
        (lambda one: msgspec.structs.replace(one, position=(0, 0)), "at position (0, 0)"),
        (lambda one: msgspec.structs.replace(one, n=one.n + 2), "the journal ends at"),
        (lambda one: msgspec.structs.replace(one, n=one.n + 1, before=b"other"), "the journal ends at"),
    ],
)
def test_redis_elsewhere_than_the_journal_is_a_fault(
    history: History, change: Callable[[Standing], Standing], words: str
) -> None:
    meta = Keys("g", "accounts", 0).meta
    history.redis.standings[meta] = change(history.redis.standings[meta])
    (fault,) = history.audit().faults
    assert fault.fault is FaultKind.REDIS
    assert words in fault.text


def test_a_batch_in_redis_that_is_about_to_be_published_is_no_fault(history: History) -> None:
    meta = Keys("g", "accounts", 0).meta
    held = history.redis.standings[meta]
    history.redis.standings[meta] = Standing(held.n + 1, b"next", held.h, held.position)
    assert history.audit().clean


def test_redis_that_does_not_answer_is_noted_and_said_to_be_unchecked(history: History) -> None:
    history.redis.away = True
    report = history.audit()
    assert report.clean
    assert not report.redis_checked
    assert any("Redis does not answer" in note for note in report.notes)
