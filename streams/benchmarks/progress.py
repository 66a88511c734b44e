"""Progress of a contestant over time, and the processor time it took."""

import asyncio
import bisect
import contextlib
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TextIO

import msgspec

from streams.errors import LockgateError

_SAMPLE_SECONDS: Final = 0.2
NOTEWORTHY: Final = 0.05  # judgement
_UTIME: Final = 11  # of the fields of /proc/PID/stat behind the program's name, see proc(5)
_BUSY: Final = (1, 2, 3, 6, 7)  # user, nice, system, irq and softirq of the first line of /proc/stat


class BenchmarkFailed(LockgateError):
    """A contestant did not do what it was measured for; `log` is the end of what it said."""

    def __init__(self, what: str, log: str = "") -> None:
        super().__init__(f"{what}\n{log}".rstrip())
        self.log = log


class Sample(NamedTuple):
    """So many transfers were done at a time (seconds since the epoch)."""

    at: float
    transfers: int


class ProgressFile:
    """Where a contestant in a process of its own notes its progress: a line `time count` each."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def writer(self) -> TextIO:
        """For the contestant."""
        return self._path.open("w", buffering=1)

    def samples(self) -> list[Sample]:
        """For the runner; what is written only in part is left for the next time."""
        if not self._path.exists():
            return []
        lines = self._path.read_text().rpartition("\n")[0].splitlines()
        return [Sample(float(at), int(count)) for at, _, count in (line.partition(" ") for line in lines)]


def note(file: TextIO, count: int) -> None:
    """Note that so many transfers are done by now."""
    file.write(f"{time.time():.3f} {count}\n")


class Usage:
    """Processor seconds of some processes, and of the whole machine, over time."""

    def __init__(self) -> None:
        self._at: list[float] = []
        self._used: dict[str, list[float]] = {}

    def note(self, at: float, used: Mapping[str, float | None]) -> None:
        """Note seconds used by a time; None is a process that is gone and counts as it did last."""
        self._at.append(at)
        for name, seconds in used.items():
            known = self._used.setdefault(name, [])
            known.append(seconds if seconds is not None else known[-1] if known else 0.0)

    def between(self, start: float, end: float) -> dict[str, float]:
        """Processor seconds by name in a stretch of time."""
        return {name: self._until(used, end) - self._until(used, start) for name, used in self._used.items()}

    def disturbed(self, start: float, end: float) -> float:
        """The share of the machine that processes took which are not watched; 0 where that is not known."""
        used = self.between(start, end)
        whole = used.pop("machine", 0.0)
        return max(0.0, whole - sum(used.values())) / ((end - start) * (os.cpu_count() or 1))

    def _until(self, used: Sequence[float], moment: float) -> float:
        """Processor seconds by a moment, on a straight line between the samples around it."""
        after = bisect.bisect(self._at, moment)
        if after in (0, len(self._at)):
            return used[min(after, len(used) - 1)]
        before = after - 1
        share = (moment - self._at[before]) / (self._at[after] - self._at[before])
        return used[before] + share * (used[after] - used[before])


@contextlib.asynccontextmanager
async def watched(pids: Mapping[str, int]) -> AsyncIterator[Usage]:
    """Samples what the processes use, in the background; nothing is known where the system has no /proc."""
    usage = Usage()

    def take() -> None:
        if Path("/proc/stat").exists():
            used = {name: _process_seconds(pid) for name, pid in {**pids, "bench": os.getpid()}.items()}
            usage.note(time.time(), {**used, "machine": _machine_seconds()})

    async def watch() -> None:
        while True:
            take()
            await asyncio.sleep(_SAMPLE_SECONDS)

    watching = asyncio.create_task(watch())
    try:
        yield usage
    finally:
        watching.cancel()
        take()


def _process_seconds(pid: int) -> float | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[_UTIME]) + int(fields[_UTIME + 1])) / os.sysconf("SC_CLK_TCK")


def _machine_seconds() -> float:
    """What all processes together have used."""
    fields = Path("/proc/stat").read_text().partition("\n")[0].split()
    return sum(int(fields[number]) for number in _BUSY) / os.sysconf("SC_CLK_TCK")


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One contestant's run: transfers in the measured stretch, its length, and processor time in it by process.

    `machine` is what all processes together used, `disturbed` the share of the machine that went to processes which
    have nothing to do with the benchmark: above a few per cent the figures are those of a smaller machine.
    """

    contestant: str
    transfers: int
    seconds: float
    per_second: float
    cpu_seconds: dict[str, float]
    cpu_micros_per_transfer: float | None
    disturbed: float
    facts: dict[str, int | float] = {}


def measured(
    contestant: str, samples: Sequence[Sample], usage: Usage, *, facts: Mapping[str, int | float] | None = None
) -> Run:
    """The run between the first and the last sample: what was done by the first one is not counted.

    Raises:
        BenchmarkFailed: all transfers were done by then.
    """
    first, last = samples[0], samples[-1]
    transfers, seconds = last.transfers - first.transfers, last.at - first.at
    if not transfers:
        raise BenchmarkFailed(f"{contestant} did all transfers at once: a rate takes more of them")
    cpu = usage.between(first.at, last.at)
    own = [used for name, used in cpu.items() if name.startswith("contestant")]
    return Run(
        contestant=contestant,
        transfers=transfers,
        seconds=round(seconds, 3),
        per_second=round(transfers / seconds, 1),
        cpu_seconds={name: round(used, 2) for name, used in cpu.items()},
        cpu_micros_per_transfer=round(sum(own) / transfers * 1e6, 1) if own else None,
        disturbed=round(usage.disturbed(first.at, last.at), 3),
        facts=dict(facts or {}),
    )


def remark(disturbed: float) -> str:
    """What to say behind a run's figures when something else took much of the machine."""
    return f"  [other processes took {disturbed:.0%} of the machine]" if disturbed >= NOTEWORTHY else ""
