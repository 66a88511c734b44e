"""What a benchmark hands back, and how repeated runs become one number."""

from collections.abc import Sequence
from statistics import median

import msgspec

from streams.benchmarks.machine import Machine
from streams.benchmarks.progress import Run


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """The median of repeated runs, and the lowest and highest of them."""

    median: float
    lowest: float
    highest: float

    def __str__(self) -> str:
        form = ",.0f" if self.median >= 100 else ".1f"
        return f"{self.median:{form}} ({self.lowest:{form}} to {self.highest:{form}})"


def spread(values: Sequence[float]) -> Spread:
    """The spread of at least one value."""
    return Spread(median=median(values), lowest=min(values), highest=max(values))


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """How two contestants' medians compare, beside what is asked of the first one."""

    name: str
    value: float
    bar: float
    met: bool


class PipelineReport(msgspec.Struct, frozen=True, kw_only=True):
    """`lockgate bench pipeline`: throughput of each contestant, and the ratios that matter.

    `cpu_ratios` compare transfers for each CPU second of the contestant's process: what the rates would be if nothing
    ever had to wait. They hardly change when something else runs on the machine.
    """

    benchmark: str = "pipeline"
    transfers: int
    accounts: int
    hub: float = 0.0
    partitions: int
    bytes_per_transfer: float
    per_second: dict[str, Spread]
    cpu_micros_per_transfer: dict[str, Spread]
    ratios: list[Ratio]
    cpu_ratios: dict[str, float]
    runs: list[Run]
    lists: tuple[str, ...]
    machine: Machine


class LatencyRun(msgspec.Struct, frozen=True, kw_only=True):
    """One contestant's run: milliseconds from sending a withdrawal to having its verdict, by percentile."""

    contestant: str
    withdrawals: int
    percentiles_ms: dict[str, float]
    curve: list[tuple[float, float]]
    cpu_seconds: dict[str, float]
    disturbed: float


class LatencyReport(msgspec.Struct, frozen=True, kw_only=True):
    """`lockgate bench latency`: how long a withdrawal waits for its verdict at a steady rate."""

    benchmark: str = "latency"
    per_second: float
    seconds: float
    accounts: int
    past: int = 0
    partitions: int
    percentiles_ms: dict[str, dict[str, Spread]]
    ratios: list[Ratio]
    runs: list[LatencyRun]
    lists: tuple[str, ...]
    machine: Machine
