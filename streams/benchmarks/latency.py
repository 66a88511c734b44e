"""`lockgate bench latency`: how long a withdrawal waits for its verdict at a steady rate, beside a bare echo.

Each run has fresh topics, and the transfers of its warm-up are not counted. Lockgate has judged the accounts' past before:
an account's first transfers cost more, and an exchange that runs has few of them.
"""

import asyncio
import gc
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import chain
from typing import Final

import msgspec

from streams.benchmarks import transfers
from streams.benchmarks.load import Load, Parcel, open_load, parcels
from streams.benchmarks.machine import Machine, this_machine
from streams.benchmarks.progress import BenchmarkFailed, Usage, remark, watched
from streams.benchmarks.report import LatencyReport, LatencyRun, Ratio, spread
from streams.benchmarks.say import Say
from streams.benchmarks.stand import ANSWERS, Stand
from streams.components.process import Process
from streams.settings import VERDICTS, load_settings

ECHO: Final = "echo"
LOCKGATE: Final = "lockgate"
CONTESTANTS: Final = (ECHO, LOCKGATE)
PERCENTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "max": 1.0}

_BAR: Final = 5.0  # what is asked of Lockgate: its p99 at most this many times the echo's
_PROBES: Final = 300  # five a second
_PAST_RATE: Final = 5_000.0  # of the past; it is waited for, however long that takes
_PAST_SECONDS: Final = 300.0
_CURVE: Final = (*(step / 50 for step in range(50)), 0.985, 0.99, 0.993, 0.995, 0.997, 0.998, 0.999, 0.9995, 0.9999, 1.0)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to run: transfers a second, seconds that are measured and those before, sizes, who, how often.

    `past` transfers of the same accounts are judged by Lockgate before.
    """

    rate: float = 5000.0
    seconds: float = 30.0
    accounts: int = 20_000
    partitions: int = 4
    contestants: tuple[str, ...] = CONTESTANTS
    repeats: int = 3
    warm_up_seconds: float = 5.0
    past: int = 200_000


def run_latency(plan: Plan, say: Say) -> LatencyReport:
    """Start the servers, run all contestants and stop everything.

    Raises:
        ComponentMissing: no Java, Kafka or Redis.
        BenchmarkFailed: a contestant does not answer, or not every withdrawal exactly once.
    """
    machine = this_machine()
    say.now("making transfers")
    count = _PROBES + plan.past + int(plan.rate * (plan.warm_up_seconds + plan.seconds))
    load = parcels(list(chain.from_iterable(transfers.lines(count, plan.accounts))), plan.partitions)
    say.now("starting Kafka and Redis")
    with Stand(plan.partitions) as stand:
        return asyncio.run(_Latency(plan, stand, say, load).report(machine))


class _Latency:
    def __init__(self, plan: Plan, stand: Stand, say: Say, load: Sequence[Parcel]) -> None:
        self._plan = plan
        self._stand = stand
        self._say = say
        first = _PROBES + plan.past
        self._probes, self._past, self._parcels = load[:_PROBES], load[_PROBES:first], load[first:]

    async def report(self, machine: Machine) -> LatencyReport:
        plan = self._plan
        runs = []
        gc.freeze()  # what was made so far is here to stay: no pauses to look through it again
        for repeat in range(1, plan.repeats + 1):
            for name in plan.contestants:
                run = await self._run(name)
                runs.append(run)
                figures = ", ".join(f"{label} {value:.1f}" for label, value in run.percentiles_ms.items())
                self._say(f"{repeat}/{plan.repeats} {name}: {figures} ms{remark(run.disturbed)}")
        return LatencyReport(
            per_second=plan.rate,
            seconds=plan.seconds,
            accounts=plan.accounts,
            past=plan.past,
            partitions=plan.partitions,
            percentiles_ms={
                name: {
                    label: spread([run.percentiles_ms[label] for run in runs if run.contestant == name])
                    for label in PERCENTILES
                }
                for name in plan.contestants
            },
            ratios=_ratios(runs, plan.contestants),
            runs=runs,
            lists=load_settings().lists,
            machine=machine,
        )

    def _start(self, name: str) -> tuple[AbstractContextManager[Process], str]:
        """The contestant's process, not started yet, and the topic it answers on."""
        if name == ECHO:
            return self._stand.contestant("echo", [self._stand.servers]), ANSWERS
        return self._stand.worker(), VERDICTS

    async def _run(self, name: str) -> LatencyRun:
        plan, stand = self._plan, self._stand
        await stand.renew(sources=True)
        starting, answers = self._start(name)
        with starting as process:
            pids = {"contestant": process.pid, **stand.pids()}
            self._say.now(f"{name} starts")
            async with (
                open_load(stand.servers, answers, plan.partitions) as load,
                watched(pids) as usage,
            ):
                if not await load.probe(self._probes):
                    raise BenchmarkFailed(f"{name} does not answer", process.end_of_log())
                if name == LOCKGATE:
                    self._say.now(f"{name}: {plan.past:,} transfers of the past")
                    if not await load.steady(self._past, _PAST_RATE, patience_seconds=_PAST_SECONDS):
                        raise BenchmarkFailed(f"{name} does not get through the past", process.end_of_log())
                self._say.now(f"{name}: {plan.rate:,.0f} transfers a second for {plan.seconds:g} s")
                began, began_at = time.perf_counter(), time.time()
                complete = await load.steady(self._parcels, plan.rate)
                self._check(name, load, complete, process)
                return self._measured(name, load, began + plan.warm_up_seconds, began_at + plan.warm_up_seconds, usage)

    def _check(self, name: str, load: Load, complete: bool, process: Process) -> None:
        if not complete:
            raise BenchmarkFailed(f"{name} left {load.unanswered} withdrawals without an answer", process.end_of_log())
        if load.repeated:
            raise BenchmarkFailed(f"{name} gave {load.repeated} answers twice", process.end_of_log())

    def _measured(self, name: str, load: Load, start: float, start_at: float, usage: Usage) -> LatencyRun:
        waited = sorted(seconds * 1000 for sent, seconds in load.waited if sent >= start)
        cpu = usage.between(start_at, start_at + self._plan.seconds)
        return LatencyRun(
            contestant=name,
            withdrawals=len(waited),
            percentiles_ms={label: round(_at(waited, share), 2) for label, share in PERCENTILES.items()},
            curve=[(share, round(_at(waited, share), 2)) for share in _CURVE],
            cpu_seconds={process: round(used, 2) for process, used in cpu.items()},
            disturbed=round(usage.disturbed(start_at, start_at + self._plan.seconds), 3),
        )


def _at(ordered: Sequence[float], share: float) -> float:
    """The value below or at which a share of the values lies."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _ratios(runs: Sequence[LatencyRun], contestants: Sequence[str]) -> list[Ratio]:
    if not {ECHO, LOCKGATE} <= set(contestants):
        return []
    medians = {
        name: {
            label: spread([run.percentiles_ms[label] for run in runs if run.contestant == name]).median
            for label in ("p50", "p99")
        }
        for name in (ECHO, LOCKGATE)
    }
    ratios = []
    for label in ("p50", "p99"):
        value = medians[LOCKGATE][label] / medians[ECHO][label]
        ratios.append(Ratio(name=f"{LOCKGATE} / {ECHO}, {label}", value=round(value, 2), bar=_BAR, met=value <= _BAR))
    return ratios
