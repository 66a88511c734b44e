"""`lockgate bench pipeline`: transfers a second, Lockgate beside a textbook Faust agent and a bare client.

All contestants read the same preloaded topics on the same servers, one after the other, in turn for each repeat.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from streams.benchmarks import transfers
from streams.benchmarks.lockgate_worker import JournalWatch, count_outputs, timeline
from streams.benchmarks.machine import Machine, this_machine
from streams.benchmarks.progress import BenchmarkFailed, ProgressFile, Run, Sample, measured, remark, watched
from streams.benchmarks.report import PipelineReport, Ratio, spread
from streams.benchmarks.say import Say
from streams.benchmarks.stand import Stand
from streams.feeding import FeedCounts, feed, open_feeder
from streams.security import KafkaAccess
from streams.settings import DEADLETTERS, VERDICTS, load_settings

TEXTBOOK: Final = "faust-textbook"
CLIENT: Final = "client-limit"
LOCKGATE: Final = "lockgate"
CONTESTANTS: Final = (TEXTBOOK, CLIENT, LOCKGATE)
PAIR: Final = "lockgate-2-workers"  # two of them in one group; only when asked for

_BARS: Final = {TEXTBOOK: 20.0, CLIENT: 0.2}  # what is asked of Lockgate: at least this many times the other's rate
_PAIR_BAR: Final = 1.6  # and of two workers beside one, where there are cores for both
_JOINED: Final = 0.25  # judgement: by this share of the transfers the group of two has settled
_START_SECONDS: Final = 60.0  # a group joins in 3 to 10 s
_SETTLE_SECONDS: Final = 3.0  # left out at the beginning of a contestant that does not finish
_LOOK_SECONDS: Final = 0.5


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to run: sizes, who, how often, and for how many seconds those are measured who go on for ever.

    `hub` is the share of transfers with one and the same counterparty.
    """

    transfers: int = 400_000
    accounts: int = 20_000
    partitions: int = 4
    contestants: tuple[str, ...] = CONTESTANTS
    repeats: int = 3
    seconds: float = 20.0
    hub: float = 0.0


def run_pipeline(plan: Plan, say: Say) -> PipelineReport:
    """Start the servers, preload the topics, run all contestants and stop everything.

    Raises:
        ComponentMissing: no Java, Kafka or Redis.
        BenchmarkFailed: a contestant ended or stood still, or Lockgate's outputs are not complete.
    """
    machine = this_machine()
    say.now("starting Kafka and Redis")
    with Stand(plan.partitions) as stand:
        return asyncio.run(_Pipeline(plan, stand, say).report(machine))


class _Pipeline:
    def __init__(self, plan: Plan, stand: Stand, say: Say) -> None:
        self._plan = plan
        self._stand = stand
        self._say = say
        self._fed = FeedCounts()

    async def report(self, machine: Machine) -> PipelineReport:
        plan = self._plan
        await self._preload()
        runs = []
        for repeat in range(1, plan.repeats + 1):
            for name in plan.contestants:
                run = await self._run(name)
                runs.append(run)
                cpu = "" if run.cpu_micros_per_transfer is None else f", {run.cpu_micros_per_transfer:.1f} µs CPU each"
                self._say(
                    f"{repeat}/{plan.repeats} {name}: {run.per_second:,.0f} transfers a second{cpu}{remark(run.disturbed)}"
                )
        return PipelineReport(
            transfers=plan.transfers,
            accounts=plan.accounts,
            hub=plan.hub,
            partitions=plan.partitions,
            bytes_per_transfer=round(self._fed.bytes / self._fed.lines, 1),
            per_second={name: spread(_rates(runs, name)) for name in plan.contestants},
            cpu_micros_per_transfer={name: spread(costs) for name in plan.contestants if (costs := _costs(runs, name))},
            ratios=_ratios(runs, plan.contestants),
            cpu_ratios=_cpu_ratios(runs, plan.contestants),
            runs=runs,
            lists=load_settings().lists,
            machine=machine,
        )

    async def _preload(self) -> None:
        plan, say = self._plan, self._say
        await self._stand.renew(sources=True)
        async with open_feeder(KafkaAccess(self._stand.servers), timeout_seconds=_START_SECONDS) as feeder:
            chunks = transfers.lines(plan.transfers, plan.accounts, plan.hub)
            self._fed = await feed(
                feeder, chunks, progress=lambda counts: say.now(f"preloading: {counts.lines:,} of {plan.transfers:,}")
            )
        say(f"preloaded {self._fed.deposits:,} deposits and {self._fed.withdrawals:,} withdrawals")

    async def _run(self, name: str) -> Run:
        await self._stand.renew(sources=False)
        self._say.now(f"{name} starts")
        if name in (LOCKGATE, PAIR):
            return await self._lockgate(name, workers=1 if name == LOCKGATE else 2)
        stand, progress = self._stand, self._stand.folder / "progress"
        progress.unlink(missing_ok=True)
        if name == TEXTBOOK:
            return await self._clocked(name, "faust_textbook", [stand.servers, stand.redis.url, str(progress)])
        return await self._clocked(name, "client_limit", [stand.servers, str(progress)])

    async def _clocked(self, name: str, module: str, arguments: Sequence[str]) -> Run:
        """A contestant that notes its own progress: so many seconds, beginning a little after its first transfers."""
        file = ProgressFile(self._stand.folder / "progress")
        deadline = time.monotonic() + _START_SECONDS
        with self._stand.contestant(module, arguments) as process:
            async with watched({"contestant": process.pid, **self._stand.pids()}) as usage:
                kept: list[Sample] = []
                while not kept or kept[-1].at - kept[0].at < self._plan.seconds:
                    await asyncio.sleep(_LOOK_SECONDS)
                    busy = [sample for sample in file.samples() if sample.transfers]
                    kept = [sample for sample in busy if sample.at - busy[0].at >= _SETTLE_SECONDS]
                    if not process.running or (not busy and time.monotonic() > deadline):
                        raise BenchmarkFailed(f"{name} does not get going", process.end_of_log())
                    self._say.now(f"{name}: {busy[-1].transfers if busy else 0:,} transfers")
        if kept[-1].transfers >= self._plan.transfers and name == TEXTBOOK:
            raise BenchmarkFailed(f"{name} ran out of transfers: give it more of them", process.end_of_log())
        return measured(name, kept, usage)

    async def _lockgate(self, name: str, workers: int) -> Run:
        plan, stand = self._plan, self._stand
        watch = JournalWatch(stand.servers, plan.partitions)
        with stand.workers(workers) as processes:
            pids = {f"contestant{number or ''}": one.pid for number, one in enumerate(processes)}
            async with watched({**pids, **stand.pids()}) as usage:
                done = await watch.follow(
                    plan.transfers, lambda judged: self._say.now(f"{name}: {judged:,} of {plan.transfers:,} transfers")
                )
            if not done:
                raise BenchmarkFailed(f"{name} stands still at {watch.judged:,} transfers", processes[0].end_of_log())
        outputs = await count_outputs(stand.servers, plan.partitions)
        if outputs[VERDICTS] != self._fed.withdrawals or outputs[DEADLETTERS]:
            raise BenchmarkFailed(f"{self._fed.withdrawals} withdrawals gave {outputs}", processes[0].end_of_log())
        samples = timeline(watch)
        verdicts_after = watch.accounts[-1].at - samples[0].at
        facts = {
            **outputs,
            "flows": watch.flows[-1].transfers if watch.flows else 0,
            "batches": watch.batches,
            "seconds_to_last_verdict": round(verdicts_after, 3),
        }
        settled = samples if workers == 1 else [one for one in samples if one.transfers >= plan.transfers * _JOINED]
        return measured(name, settled, usage, facts=facts)


def _rates(runs: Sequence[Run], name: str) -> list[float]:
    return [run.per_second for run in runs if run.contestant == name]


def _costs(runs: Sequence[Run], name: str) -> list[float]:
    return [cost for run in runs if run.contestant == name and (cost := run.cpu_micros_per_transfer) is not None]


def _ratios(runs: Sequence[Run], contestants: Sequence[str]) -> list[Ratio]:
    if LOCKGATE not in contestants:
        return []
    own = spread(_rates(runs, LOCKGATE)).median
    ratios = []
    for other, bar in _BARS.items():
        if other in contestants:
            value = own / spread(_rates(runs, other)).median
            ratios.append(Ratio(name=f"{LOCKGATE} / {other}", value=round(value, 3), bar=bar, met=value >= bar))
    if PAIR in contestants:
        value = spread(_rates(runs, PAIR)).median / own
        ratios.append(Ratio(name=f"{PAIR} / {LOCKGATE}", value=round(value, 3), bar=_PAIR_BAR, met=value >= _PAIR_BAR))
    return ratios


def _cpu_ratios(runs: Sequence[Run], contestants: Sequence[str]) -> dict[str, float]:
    costs = {name: spread(values).median for name in contestants if (values := _costs(runs, name))}
    if LOCKGATE not in costs:
        return {}
    pairs = [(LOCKGATE, other) for other in _BARS if other in costs] + [(PAIR, LOCKGATE)] * (PAIR in costs)
    return {f"{one} / {other}": round(costs[other] / costs[one], 3) for one, other in pairs}
