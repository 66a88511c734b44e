"""Starts the processes of a backtest, and judges their flows in one place and in order."""

import gc
import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Final

from rules.engine import AccountsEngine
from rules.knowledge import Knowledge
from rules.messages import Alert, Flow
from rules.note import Note
from rules.ruleset import Ruleset
from streams.backtest.clock import RuleClock
from streams.backtest.shard import Answers, End, Failed, Part, decode, work
from streams.backtest.sources import Source
from streams.errors import LockgateError
from streams.in_memory import NetworkInMemory

_GC_THRESHOLD: Final = 200_000  # as in `screen`: what is kept has no cycles
_START: Final = multiprocessing.get_context("fork")  # rules and lists are loaded once


class BacktestFailed(LockgateError):
    """A process of a backtest could not go on."""

    def __init__(self, reason: str, exit_code: int = 1) -> None:
        self.exit_code = exit_code
        super().__init__(reason)


class _Network:
    """The flows of all processes, judged as soon as no process can send an earlier one."""

    def __init__(self, ruleset: Ruleset, knowledge: Knowledge, judged_ms: int, by_event_time: bool) -> None:
        self.clock = RuleClock((*ruleset.counterparty_rules, *ruleset.group_rules, *ruleset.network_rules))
        self._stage = NetworkInMemory(ruleset, knowledge)
        self._judged_ms = judged_ms
        self._by_event_time = by_event_time
        self._waiting: list[tuple[int, Flow]] = []
        self.noted: dict[str, Note] = {}  # since it was taken last

    def put(self, part: Part, place: int) -> None:
        """Take the flows of a round; `place` is what the round before said of them."""
        self._waiting += [(flow.occurred_ms if self._by_event_time else place, flow) for flow in part.flows]

    def judge(self, until: int, end: End) -> list[Alert]:
        """Judge all flows with a place below `until`."""
        ready = [flow for place, flow in self._waiting if place < until]
        if not ready:
            return []
        self._waiting = [one for one in self._waiting if one[0] >= until]
        with self.clock.round(len(ready)):
            outcome = self._stage.judge(ready, self._judged_ms)
        end.count(outcome)
        self.noted |= outcome.notes
        return outcome.alerts


def run(
    source: Source,
    engine: AccountsEngine,
    *,
    processes: int,
    judged_ms: int,
    hear: Callable[[Alert], None],
    progress: Callable[[float, int], None],
) -> End:
    """Judge all of a source. `hear` gets every alert, `progress` the share that is done and the number of records.

    The findings do not depend on the number of processes, as long as re-sent events come within what one process
    remembers.

    Raises:
        LockgateError: the source cannot be read, or a process ended.
    """
    started = time.process_time()
    network = _Network(engine.ruleset, engine.knowledge, judged_ms, source.by_event_time)
    total = End()
    gc.collect()
    gc.freeze()
    threshold = gc.get_threshold()
    gc.set_threshold(_GC_THRESHOLD)
    pipes = [_START.Pipe(duplex=False) for _ in range(processes)]
    replies = [_Replies(_START.Queue()) for _ in range(processes)]
    children = [
        _START.Process(
            target=work, args=(sender, replies[number].queue, source, engine, judged_ms, number, processes), daemon=True
        )
        for number, (_, sender) in enumerate(pipes)
    ]
    try:
        for child, (_, sender) in zip(children, pipes, strict=True):
            child.start()
            sender.close()
        _collect([receiver for receiver, _ in pipes], replies, network, total, hear, progress)
    finally:
        for receiver, _ in pipes:
            receiver.close()
        for child in children:
            child.terminate()
            child.join()
        for one in replies:
            one.queue.cancel_join_thread()
        gc.set_threshold(*threshold)
        gc.unfreeze()
    total.rule_seconds |= network.clock.seconds()
    total.cpu_seconds += time.process_time() - started
    return total


class _Replies:
    """What one process is told: for each round it sent, once all flows before its end are judged, the notes since."""

    def __init__(self, queue: Answers) -> None:
        self.queue = queue
        self._due: deque[int] = deque()
        self._notes: dict[str, Note] = {}

    def expect(self, until: int) -> None:
        """A round was sent that ends there."""
        self._due.append(until)

    def learn(self, notes: Mapping[str, Note], reached: int) -> None:
        """Flows up to `reached` have been judged, and gave these notes."""
        self._notes.update(notes)
        while self._due and self._due[0] <= reached:
            self._due.popleft()
            self.queue.put(self._notes)
            self._notes = {}


def _collect(
    pipes: Sequence[Connection],
    replies: Sequence[_Replies],
    network: _Network,
    total: End,
    hear: Callable[[Alert], None],
    progress: Callable[[float, int], None],
) -> None:
    """Hear the process that is furthest behind, until all are through."""
    reached = dict.fromkeys(range(len(pipes)), 0)
    done, records = dict.fromkeys(reached, 0.0), 0
    while reached:
        process = min(reached, key=lambda one: (reached[one], one))
        try:
            sent = decode(pipes[process].recv_bytes())
        except EOFError:
            raise BacktestFailed("a process of the backtest ended unexpectedly") from None
        if isinstance(sent, Failed):
            raise BacktestFailed(sent.reason, sent.exit_code)
        if isinstance(sent, End):
            del reached[process]
            total.add(sent)
        else:
            network.put(sent, reached[process])
            replies[process].expect(sent.until)
            reached[process] = sent.until
            done[process], records = sent.done, records + sent.records
            for alert in sent.alerts:
                hear(alert)
        judged = min(reached.values(), default=1 << 62)
        for alert in network.judge(judged, total):
            hear(alert)
        noted, network.noted = network.noted, {}
        for one in reached:
            replies[one].learn(noted, judged)
        progress(sum(done.values()) / len(done), records)
