"""Plots of a report, for people: SVG, PNG or whatever matplotlib makes of the file's name."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from streams.benchmarks.progress import NOTEWORTHY
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
    """Transfers a second and processor time of each transfer: medians, and the range of the repeats."""
    pyplot = _pyplot()
    with pyplot.rc_context(_STYLE):
        figure, (rates, costs) = pyplot.subplots(1, 2, figsize=_SIZE)
        _dots(rates, report.per_second, "transfers a second (log scale)")
        rates.set_title(_ratios(report), fontsize=8, loc="left")
        if report.cpu_micros_per_transfer:
            _dots(costs, report.cpu_micros_per_transfer, "µs of the process's CPU for each transfer (log scale)")
        subject = (
            f"{report.transfers:,} transfers of {report.accounts:,} accounts, {report.bytes_per_transfer:.0f} bytes each"
        )
        _finish(figure, path, f"Throughput of one process: {subject}", report)


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
        axes.legend(loc="upper left", frameon=False)
        title = f"Latency at {report.per_second:,.0f} transfers a second for {report.seconds:g} s"
        _finish(figure, path, title, report)


def _ratios(report: PipelineReport) -> str:
    return ", ".join(f"{ratio.name} = {ratio.value:.3g}" for ratio in report.ratios)


def _dots(axes: Any, spreads: dict[str, Spread], label: str) -> None:
    """Medians as dots, lowest to highest as a line: on a log scale a bar would have no beginning."""
    for row, (name, found) in enumerate(spreads.items()):
        colour = _COLOURS.get(name, _OTHERS)
        axes.plot([found.lowest, found.highest], [row, row], color=colour, linewidth=3, solid_capstyle="round")
        axes.plot([found.median], [row], "o", color=colour, markersize=9)
        text = f"{found.median:{',.0f' if found.median >= 100 else '.1f'}}"
        axes.annotate(text, (found.median, row), (0, 9), textcoords="offset points", ha="center")
    axes.set_yticks(range(len(spreads)), list(spreads))
    axes.set_ylim(len(spreads) - 0.5, -0.7)
    axes.set_xscale("log")
    axes.set_xlim(min(found.lowest for found in spreads.values()) / 3, max(found.highest for found in spreads.values()) * 3)
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.grid(alpha=0.25)
    axes.set_xlabel(label)


def _cumulative(curve: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [ms for _, ms in curve], [_nines(share) for share, _ in curve]


def _nines(share: float) -> float:
    """A scale on which 90 %, 99 % and 99.9 % are equally far apart; the maximum is drawn at four nines."""
    return -math.log10(max(1e-4, 1 - share))


def _finish(figure: Any, path: Path, title: str, report: PipelineReport | LatencyReport) -> None:
    figure.suptitle(title, x=0.02, ha="left", fontsize=11)
    most = max(run.disturbed for run in report.runs)
    disturbed = f"\nmeasured while other processes took up to {most:.0%} of the machine" if most >= NOTEWORTHY else ""
    figure.text(0.02, 0.015, report.machine.caption() + disturbed, fontsize=6.5, color="#555555")
    figure.tight_layout(rect=(0, 0.06, 1, 1))
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
