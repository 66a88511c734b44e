"""Plots of a report, for people: SVG, PNG or whatever matplotlib makes of the file's name."""

import math
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any, Final

from streams.benchmarks.machine import Machine
from streams.benchmarks.report import LatencyReport, PipelineReport, Spread
from streams.errors import LockgateError

_COLOURS: Final = {"lockgate": "#1a6f5c"}
_OTHERS: Final = "#9aa5b1"
_SIZE: Final = (9.0, 4.2)  # inches
_STYLE: Final = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",  # text stays text: a tenth of the size
    "svg.hashsalt": "lockgate",  # the same report gives the same file
}


class PlotImpossible(LockgateError):
    """The library that draws is not installed."""

    exit_code = 2


def require_plots() -> None:
    """Raises PlotImpossible without matplotlib: before minutes of measuring, not after."""
    _pyplot()


def plot_pipeline(report: PipelineReport, path: Path) -> None:
    """Transfers a second and processor time of each transfer, with the spread of the repeats."""
    pyplot = _pyplot()
    with pyplot.rc_context(_STYLE):
        figure, (rates, costs) = pyplot.subplots(1, 2, figsize=_SIZE)
        _bars(rates, report.per_second, "transfers a second", " ".join(_ratios(report)))
        _bars(costs, report.cpu_micros_per_transfer, "µs of CPU for each transfer, own process", "")
        subject = (
            f"{report.transfers:,} transfers of {report.accounts:,} accounts, {report.bytes_per_transfer:.0f} bytes each"
        )
        _finish(figure, path, f"Throughput of one process: {subject}", report.machine, len(report.runs))


def plot_latency(report: LatencyReport, path: Path) -> None:
    """The share of withdrawals that have their verdict within so many milliseconds; a line for each run."""
    pyplot = _pyplot()
    with pyplot.rc_context(_STYLE):
        figure, axes = pyplot.subplots(figsize=_SIZE)
        for name, figures in report.percentiles_ms.items():
            colour = _COLOURS.get(name, _OTHERS)
            for run in (run for run in report.runs if run.contestant == name):
                axes.plot(*_cumulative(run.curve), color=colour, linewidth=1.2, alpha=0.8)
            middle, late = figures["p50"].median, figures["p99"].median
            axes.plot([middle, late], [_nines(0.5), _nines(0.99)], "o", color=colour)
            axes.plot([], [], color=colour, label=f"{name}: p50 {middle:.1f} ms, p99 {late:.1f} ms")
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlabel("milliseconds from sending a withdrawal to having its committed verdict")
        shares = (0.0, 0.5, 0.9, 0.99, 0.999)
        axes.set_yticks([_nines(share) for share in shares], [f"{share:.1%}".replace(".0%", "%") for share in shares])
        axes.set_ylabel("answered within")
        axes.grid(alpha=0.25)
        axes.legend(loc="lower right", frameon=False)
        title = f"Latency at {report.per_second:,.0f} transfers a second for {report.seconds:g} s"
        _finish(figure, path, title, report.machine, len(report.runs))


def _ratios(report: PipelineReport) -> list[str]:
    return [f"{ratio.name}: {ratio.value:.3g}." for ratio in report.ratios]


def _bars(axes: Any, spreads: dict[str, Spread], label: str, note: str) -> None:
    names = list(spreads)
    middles = [spreads[name].median for name in names]
    beside = [
        [middle - spreads[name].lowest for name, middle in zip(names, middles, strict=True)],
        [spreads[name].highest - middle for name, middle in zip(names, middles, strict=True)],
    ]
    axes.barh(names, middles, xerr=beside, color=[_COLOURS.get(name, _OTHERS) for name in names], ecolor="#333333")
    for row, middle in enumerate(middles):
        form = ",.0f" if middle >= 100 else ".1f"
        axes.annotate(
            f"{middle:{form}}",
            (max(spreads[names[row]].highest, middle), row),
            (5, 0),
            textcoords="offset points",
            va="center",
        )
    axes.set_xscale("log")
    axes.set_xlim(right=max(spreads[name].highest for name in names) * 4)
    axes.invert_yaxis()
    axes.set_xlabel(f"{label} (log scale)")
    axes.set_title(note, fontsize=8, loc="left")


def _cumulative(curve: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [ms for _, ms in curve], [_nines(share) for share, _ in curve]


def _nines(share: float) -> float:
    """A scale on which 90 %, 99 % and 99.9 % are equally far apart; the maximum is drawn at four nines."""
    return -math.log10(max(1e-4, 1 - share))


def _finish(figure: Any, path: Path, title: str, machine: Machine, runs: int) -> None:
    figure.suptitle(title, x=0.02, ha="left", fontsize=11)
    figure.text(0.02, 0.015, fill(f"{runs} runs. {machine.caption()}", 150), fontsize=7, color="#555555")
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    _pyplot().close(figure)


def _pyplot() -> Any:
    """The drawing library without a screen, imported only when a plot is asked for."""
    try:
        import matplotlib
    except ModuleNotFoundError:
        raise PlotImpossible("plots need matplotlib: pip install 'lockgate[dev]' or matplotlib") from None
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot
