"""Judging a file of transfers with neither Kafka nor Redis: the engines of the worker, one partition, state in memory.

Lines are taken in batches of a fixed size, so that the same lines give the same answers whether they come from a file
or a slow pipe. Memory grows with accounts and addresses, not with lines. A re-sent event is noticed as far back as the
worker's memory of events reaches (`rules.seen.REMEMBERED`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, islice, repeat
from typing import BinaryIO, Final

import msgspec

from rules.engine import AccountsEngine
from rules.intake import Gate, Intake, RawRecord, dead_letter
from rules.messages import Alert, DeadLetter, Source, Verdict
from rules.note import Note
from rules.outcome import Outcome
from rules.transfer import BadTransfer
from streams.in_memory import AccountsInMemory, NetworkInMemory

BATCH_LINES: Final = 4_000  # judgement: some 100 ms of work and 1 MB of input
LONGEST_LINE_BYTES: Final = 4 * 1024 * 1024  # judgement: four times what Kafka takes by default
_PARTITION: Final = 0
_UTF8_MARK: Final = b"\xef\xbb\xbf"


class Screened(msgspec.Struct):
    """What one batch of lines gave."""

    alerts: list[Alert]
    verdicts: list[Verdict]
    deadletters: list[DeadLetter]


class Totals(msgspec.Struct, kw_only=True):
    """What became of the lines: `lines` is the sum of deposits, withdrawals, duplicates and deadletters.

    `not_evaluated` counts the questions a rule could not answer, `raised` those at which it failed, `excepted` findings that
    somebody has decided not to be told, by rule.
    """

    lines: int = 0
    deposits: int = 0
    withdrawals: int = 0
    duplicates: int = 0
    deadletters: int = 0
    alerts: int = 0
    decisions: Counter[str] = msgspec.field(default_factory=Counter)
    alerts_by_rule: Counter[str] = msgspec.field(default_factory=Counter)
    not_evaluated: Counter[str] = msgspec.field(default_factory=Counter)
    raised: Counter[str] = msgspec.field(default_factory=Counter)
    excepted: Counter[str] = msgspec.field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        """Count what a batch gave, in either stage; lines are counted by whoever reads them."""
        counts, tally = outcome.counts, outcome.tally
        self.deposits += counts.deposits
        self.withdrawals += counts.withdrawals
        self.duplicates += counts.duplicates
        self.deadletters += counts.deadletters
        self.alerts += len(outcome.alerts)
        self.decisions.update(verdict.decision.value for verdict in outcome.verdicts)
        self.alerts_by_rule.update(tally.findings)
        self.not_evaluated.update(tally.not_evaluated)
        self.raised.update(tally.raised)
        self.excepted.update(tally.excepted)

    def merge(self, other: "Totals") -> None:
        """Put other counts to these."""
        for name in self.__struct_fields__:
            count: int | Counter[str] = getattr(other, name)
            if isinstance(count, int):
                setattr(self, name, getattr(self, name) + count)
            else:
                getattr(self, name).update(count)


class Screening:
    """Both stages with their state in memory. `source` is the name that alerts, verdicts and dead letters give the input."""

    def __init__(self, engine: AccountsEngine, source: str) -> None:
        self.totals = Totals()
        self._accounts = AccountsInMemory(engine, _PARTITION)
        self._network = NetworkInMemory(engine.ruleset, engine.knowledge)
        self._notes: dict[str, Note] = {}
        self._source = source
        self._gate = Gate(None, keyed=False)

    def judge(self, records: Sequence[RawRecord], judged_ms: int) -> Screened:
        """Judge a batch of lines as `read_records` yields them. Never raises over what stands in them."""
        intake = Intake([], [])
        self._gate.admit(self._source, _PARTITION, not_too_long(self._source, records, intake), intake)
        outcome = self._accounts.judge(intake, judged_ms, self._notes)
        network = self._network.judge(outcome.flows, judged_ms)
        self._notes.update(network.notes)
        self.totals.lines += len(records)
        self.totals.add(outcome)
        self.totals.add(network)
        return Screened(outcome.alerts + network.alerts, outcome.verdicts, outcome.deadletters)


def not_too_long(source: str, records: Iterable[RawRecord], intake: Intake) -> Iterator[RawRecord]:
    """Those of the records of a file that are whole; the others become dead letters."""
    for record in records:
        line = record[2]
        if line is not None and len(line) > LONGEST_LINE_BYTES:
            bad = BadTransfer(f"a line of more than {LONGEST_LINE_BYTES} bytes")
            intake.deadletters.append(dead_letter(bad, line, Source(source, _PARTITION, record[0])))
        else:
            yield record


def read_records(stream: BinaryIO, size: int = BATCH_LINES) -> Iterator[list[RawRecord]]:
    """The lines of a stream in batches, numbered from 0, without key.

    Every line counts, a blank one as well; only the nothing after the last line end is none. A line ends with LF or
    CR LF; a UTF-8 byte order mark before the first is dropped. Of a line longer than `LONGEST_LINE_BYTES` one byte more
    than that is kept, which tells it from a whole one. Raises OSError, EOFError, zlib.error as the stream does.
    """
    records: Iterator[RawRecord] = zip(count(), repeat(None), _lines(stream), strict=False)
    while batch := list(islice(records, size)):
        yield batch


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    mark = _UTF8_MARK
    while line := stream.readline(LONGEST_LINE_BYTES + 1):
        if line[-1:] == b"\n":
            line = line[:-2] if line[-2:-1] == b"\r" else line[:-1]
        elif len(line) > LONGEST_LINE_BYTES:
            while (rest := stream.readline(LONGEST_LINE_BYTES)) and rest[-1:] != b"\n":
                pass
        if mark:
            line, mark = line.removeprefix(mark), b""
        yield line
