"""One process of a backtest: judges its accounts' transfers, and sends what came out to the process that started it."""

import asyncio
import sys
import time
from collections import Counter
from multiprocessing.connection import Connection
from multiprocessing.queues import Queue
from typing import Final, TypeAlias

import msgspec

from rules.engine import AccountsEngine
from rules.messages import Alert, Flow
from rules.note import Note
from rules.outcome import Outcome
from streams.backtest.clock import RuleClock
from streams.backtest.sources import Source
from streams.errors import LockgateError
from streams.in_memory import AccountsInMemory
from streams.screening import Totals


class Part(msgspec.Struct, array_like=True, tag="p"):
    """What one round gave. Flows of later rounds have a place of at least `until`."""

    until: int
    done: float
    records: int
    flows: list[Flow]
    alerts: list[Alert]


class End(msgspec.Struct, array_like=True, tag="e"):
    """The process is through. `first_ms` and `last_ms` are the event times of its first and its last transfer."""

    totals: Totals = msgspec.field(default_factory=Totals)
    first_ms: int = 1 << 62
    last_ms: int = 0
    shadowed: Counter[str] = msgspec.field(default_factory=Counter)
    suppressed: Counter[str] = msgspec.field(default_factory=Counter)
    rule_seconds: dict[str, float] = {}
    cpu_seconds: float = 0.0

    def count(self, outcome: Outcome) -> None:
        """Count what a batch gave."""
        self.totals.add(outcome)
        self.shadowed.update(outcome.tally.shadowed)
        self.suppressed.update(outcome.tally.suppressed)

    def add(self, other: "End") -> None:
        """Put another process' sums to these."""
        self.totals.merge(other.totals)
        self.first_ms, self.last_ms = min(self.first_ms, other.first_ms), max(self.last_ms, other.last_ms)
        self.shadowed.update(other.shadowed)
        self.suppressed.update(other.suppressed)
        for rule_id, seconds in other.rule_seconds.items():
            self.rule_seconds[rule_id] = self.rule_seconds.get(rule_id, 0.0) + seconds
        self.cpu_seconds += other.cpu_seconds


class Failed(msgspec.Struct, array_like=True, tag="f"):
    """The process cannot go on, for a reason a person can do something about."""

    reason: str
    exit_code: int


Sent = Part | End | Failed
Answers: TypeAlias = "Queue[dict[str, Note]]"
BEHIND: Final = 2  # rounds that the notes a round is judged with are behind, so that nobody waits for anybody
_encode: Final = msgspec.msgpack.Encoder().encode
decode: Final = msgspec.msgpack.Decoder(Sent, dec_hook=lambda _, counts: Counter(counts)).decode


def work(
    connection: Connection,
    answers: Answers,
    source: Source,
    engine: AccountsEngine,
    judged_ms: int,
    process: int,
    processes: int,
) -> None:
    """Judge one process' part of the source; what is wrong with the source is sent, too.

    `answers` gives, for each round that was sent, what the counterparties stage has noted since the answer before.
    """
    try:
        asyncio.run(_Shard(connection, answers, engine, judged_ms).run(source, process, processes))
    except LockgateError as error:
        connection.send_bytes(_encode(Failed(str(error), error.exit_code)))
    except BrokenPipeError:  # nobody wants the rest
        sys.exit(1)
    finally:
        connection.close()


class _Shard:
    def __init__(self, connection: Connection, answers: Answers, engine: AccountsEngine, judged_ms: int) -> None:
        self._connection = connection
        self._answers = answers
        self._notes: dict[str, Note] = {}
        self._engine = engine
        self._judged_ms = judged_ms
        self._clock = RuleClock(
            {one for rule in (*engine.ruleset.deposit_rules, *engine.ruleset.withdrawal_rules) for one in rule.variants}
        )
        self._stages: dict[int, AccountsInMemory] = {}
        self._end = End()

    async def run(self, source: Source, process: int, processes: int) -> None:
        """All rounds, then the sums."""
        started = time.process_time()
        sent = 0
        async for one in source.rounds(process, processes):
            if sent >= BEHIND:
                self._notes |= self._answers.get()
            part = Part(one.until, one.done, one.records, [], [])
            with self._clock.round(one.records):
                for partition, intake in one.intakes.items():
                    for item in intake.items:
                        self._note_time(item[0])
                    outcome = self._stage(partition).judge(intake, self._judged_ms, self._notes)
                    part.flows += outcome.flows
                    part.alerts += outcome.alerts
                    self._end.count(outcome)
            self._end.totals.lines += one.records
            self._connection.send_bytes(_encode(part))
            sent += 1
        self._end.rule_seconds = self._clock.seconds()
        self._end.cpu_seconds = time.process_time() - started
        self._connection.send_bytes(_encode(self._end))

    def _note_time(self, occurred_ms: int) -> None:
        end = self._end
        if occurred_ms < end.first_ms:
            end.first_ms = occurred_ms
        if occurred_ms > end.last_ms:
            end.last_ms = occurred_ms

    def _stage(self, partition: int) -> AccountsInMemory:
        if partition not in self._stages:
            self._stages[partition] = AccountsInMemory(self._engine, partition)
        return self._stages[partition]
