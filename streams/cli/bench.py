"""`lockgate bench`: throughput and latency on this machine, beside contestants that do less."""

import gc
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Final

import click
import msgspec

from rules.engine import AccountsEngine
from streams.benchmarks import latency as latencies
from streams.benchmarks import listing
from streams.benchmarks import names as screened
from streams.benchmarks import pipeline as throughput
from streams.benchmarks.plots import plot_latency, plot_pipeline, require_plots
from streams.benchmarks.report import LatencyReport, PipelineReport
from streams.benchmarks.say import Say
from streams.benchmarks.state import run_state
from streams.cli.lists import list_option
from streams.cli.options import json_option, with_settings
from streams.cli.output import Output
from streams.kafka_access import silence_client_log
from streams.knowledge import load_knowledge
from streams.rulefiles import load_rules
from streams.settings import Settings
from streams.watchlists import load_watchlist


@click.group(invoke_without_command=True)
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Without a command: where reports (JSON) and plots (SVG) go.",
)
@click.option("--repeats", type=click.IntRange(min=1), default=3, show_default=True, help="Without a command.")
@json_option
@click.pass_context
def bench(context: click.Context, save: Path | None, repeats: int, as_json: bool) -> None:
    """Measure throughput and latency on this machine; both of them without a command.

    Starts Kafka and Redis of its own in a temporary folder and stops them. Numbers of one machine mean little on
    another: look at the ratios to the contestants, measured in turn on the same servers. Settings of the worker beyond
    its servers (LOCKGATE_LISTS, LOCKGATE_RULES, ...) are those of the environment.

    Exit codes: 0 done, whether the ratios are met or not; 1 a contestant failed; 2 no matplotlib for a plot; 3 Java,
    Kafka or Redis is missing.
    """
    silence_client_log()
    signal.signal(signal.SIGTERM, _terminated)
    if context.invoked_subcommand is not None:
        return
    if save is not None:
        require_plots()
        save.mkdir(parents=True, exist_ok=True)
    output = Output(as_json)
    with Say() as say:
        pipeline_report = throughput.run_pipeline(throughput.Plan(repeats=repeats), say)
    if save is not None:
        _write(save / "pipeline.json", pipeline_report)
        plot_pipeline(pipeline_report, save / "pipeline.svg")
    _show_pipeline(pipeline_report, output)
    with Say() as say:
        latency_report = latencies.run_latency(latencies.Plan(repeats=repeats), say)
    if save is not None:
        _write(save / "latency.json", latency_report)
        plot_latency(latency_report, save / "latency.svg")
    _show_latency(latency_report, output)


def _write(path: Path, report: PipelineReport | LatencyReport) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")


def _terminated(number: int, frame: FrameType | None) -> None:
    """Leave as after an error, so that all that was started is stopped."""
    click.echo("lockgate: ended by SIGTERM", err=True)
    sys.exit(128 + number)


_plot_option: Final = click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw it as well: .svg, .png or .pdf.",
)


def _numbers(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that both benchmarks have."""
    for name, default, text in (
        ("repeats", 3, "Runs of each contestant, in turn."),
        ("partitions", 4, "Of each topic."),
        ("accounts", 20_000, "Whose transfers they are."),
    ):
        kind = click.IntRange(min=1)
        command = click.option(f"--{name}", type=kind, default=default, show_default=True, metavar="N", help=text)(command)
    return command


@bench.command()
@click.option(
    "--transfers",
    type=click.IntRange(min=1),
    default=400_000,
    show_default=True,
    metavar="N",
    help="Preloaded, and judged by Lockgate.",
)
@_numbers
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.5),
    default=20.0,
    show_default=True,
    help="For how long the other contestants are measured.",
)
@click.option(
    "--contestants",
    multiple=True,
    type=click.Choice([*throughput.CONTESTANTS, throughput.PAIR]),
    default=throughput.CONTESTANTS,
    help="Only this one; repeatable. Two workers are measured only when named.",
)
@click.option(
    "--hub",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    metavar="SHARE",
    help="So much of all transfers is with one and the same counterparty.",
)
@_plot_option
@json_option
def pipeline(as_json: bool, plot: Path | None, **sizes: Any) -> None:
    """Transfers a second, from the source topics to committed verdicts, alerts and flows.

    \b
    faust-textbook  a Faust agent as its documentation shows it: one event at a time, five Redis commands each
    client-limit    aiokafka and a typed parse of every transfer, and nothing else
    lockgate        lockgate worker as shipped, one process
    lockgate-2-workers  two of them in one group, measured once both have joined
    """  # noqa: D301  # click's mark for lines that are left as they are
    if plot is not None:
        require_plots()
    with Say() as say:
        report = throughput.run_pipeline(throughput.Plan(**sizes), say)
    if plot is not None:
        plot_pipeline(report, plot)
    _show_pipeline(report, Output(as_json))


def _show_pipeline(report: PipelineReport, output: Output) -> None:
    if output.as_json:
        output.line(report)
        return
    rows = [(name, report.per_second[name], report.cpu_micros_per_transfer.get(name, "-")) for name in report.per_second]
    output.rows("throughput: median (lowest to highest)", ("contestant", "transfers_a_second", "µs_CPU_each"), rows)
    ratios = [
        (
            ratio.name,
            f"{ratio.value:,.2f}",
            f"{ratio.bar:g}",
            "yes" if ratio.met else "no",
            report.cpu_ratios.get(ratio.name, "-"),
        )
        for ratio in report.ratios
    ]
    output.rows("ratios of the medians", ("ratio", "measured", "at_least", "met", "per_CPU_second"), ratios)
    click.echo(report.machine.caption())


@bench.command()
@click.option(
    "--rate", type=click.FloatRange(min=1), default=5000.0, show_default=True, metavar="N", help="Transfers a second."
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.5),
    default=30.0,
    show_default=True,
    help="For how long, after a warm-up.",
)
@click.option(
    "--past",
    type=click.IntRange(min=0),
    default=200_000,
    show_default=True,
    metavar="N",
    help="Transfers of the same accounts that Lockgate has judged before.",
)
@_numbers
@_plot_option
@json_option
def latency(as_json: bool, plot: Path | None, **sizes: Any) -> None:
    """Milliseconds from sending a withdrawal to having its committed verdict, at a steady rate.

    \b
    echo      aiokafka's consumer and producer, each withdrawal sent back as it came, no transactions
    lockgate  lockgate worker as shipped, one process; the verdict counts when its transaction is committed
    """  # noqa: D301  # as above
    if plot is not None:
        require_plots()
    with Say() as say:
        report = latencies.run_latency(latencies.Plan(**sizes), say)
    if plot is not None:
        plot_latency(report, plot)
    _show_latency(report, Output(as_json))


def _show_latency(report: LatencyReport, output: Output) -> None:
    if output.as_json:
        output.line(report)
        return
    rows = [(name, *figures.values()) for name, figures in report.percentiles_ms.items()]
    title = f"milliseconds to the verdict at {report.per_second:,.0f} transfers a second: median (lowest to highest)"
    output.rows(title, ("contestant", *latencies.PERCENTILES), rows)
    ratios = [(ratio.name, f"{ratio.value:.1f}", f"{ratio.bar:g}", "yes" if ratio.met else "no") for ratio in report.ratios]
    output.rows("ratios of the medians", ("ratio", "measured", "at_most", "met"), ratios)
    click.echo(report.machine.caption())


@bench.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--copies", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="As if so many files were one."
)
@list_option
@with_settings("reference", "rules")
@json_option
def state(settings: Settings, file: Path, sources: tuple[str, ...], copies: int, as_json: bool) -> None:
    """What Redis holds after the transfers of FILE (JSON lines), for each account and address, and by kind of state.

    Both stages and the store are those of the worker, on a Redis of their own and without Kafka. Each copy of the file has
    customers of its own. What is fixed for a partition, such as the memory of events seen, weighs less with more of them.
    """
    engine = AccountsEngine(
        load_rules(settings.rules_folder()), load_knowledge(sources or settings.lists, settings.reference)
    )
    gc.freeze()
    with Say() as say, file.open("rb") as stream:
        report = run_state(stream, copies, engine, say)
    output = Output(as_json)
    if output.as_json:
        output.line(report)
        return
    facts = msgspec.structs.asdict(report)
    output.rows("state", ("what", "value"), [(what, facts[what]) for what in facts if what not in ("kinds", "ratios")])
    kinds = [(name, f"{kind.keys:,}", f"{kind.bytes / report.accounts:,.0f}") for name, kind in report.kinds.items()]
    output.rows("by kind", ("kind", "keys", "bytes_an_account"), kinds)
    rows = [(ratio.name, f"{ratio.value:,.0f}", f"{ratio.bar:g}", "yes" if ratio.met else "no") for ratio in report.ratios]
    output.rows("bars", ("what", "measured", "at_most", "met"), rows)


@bench.command()
@click.option("--stored", type=click.IntRange(min=1_000), default=1_000_000, show_default=True, metavar="N", help="Known.")
@click.option("--changed", type=click.IntRange(min=1), default=50, show_default=True, metavar="N", help="Newly listed.")
@click.option("--parties", type=click.IntRange(min=1), default=9_000, show_default=True, metavar="N", help="On the list.")
@click.option(
    "--rate", type=click.FloatRange(min=1), default=2000.0, show_default=True, metavar="N", help="Transfers a second."
)
@json_option
def lists(as_json: bool, **sizes: Any) -> None:
    """What a change of lists costs while transfers flow: seconds to the last retroactive alert, and throughput meanwhile.

    Newly listed are addresses of contacts that the store holds.
    """
    with Say() as say:
        report = listing.run_lists(listing.Plan(**sizes), say)
    output = Output(as_json)
    if output.as_json:
        output.line(report)
        return
    facts = msgspec.to_builtins(report)
    rows = [(what, value) for what, value in facts.items() if what not in ("ratios", "machine")]
    output.rows("a change of lists", ("what", "value"), rows)
    bars = [(ratio.name, f"{ratio.value:,.2f}", f"{ratio.bar:g}", "yes" if ratio.met else "no") for ratio in report.ratios]
    output.rows("bars", ("what", "measured", "bar", "met"), bars)
    click.echo(report.machine.caption())


@bench.command()
@list_option
@with_settings()
@click.option(
    "--names", "count", type=click.IntRange(min=100), default=10_000, show_default=True, metavar="N", help="Different ones."
)
@click.option("--extracted", type=click.IntRange(min=1), default=100, show_default=True, metavar="N", help="For extractOne.")
@json_option
def names(settings: Settings, sources: tuple[str, ...], count: int, extracted: int, as_json: bool) -> None:
    """Names screened a second against the lists, one process, nothing remembered, beside RapidFuzz's extractOne.

    The bars are for a list of about 25,000 names: give the whole SDN list with --list FOLDER. At least 5,000 names a second,
    the 99th of 100 within 3 ms, compiled within 10 s and 400 MB. Needs neither Kafka nor Redis. Times are CPU time, so that
    other work on the machine matters little.
    """
    report = screened.run_names(load_watchlist(sources or settings.lists), count, extracted)
    output = Output(as_json)
    if output.as_json:
        output.line(report)
        return
    facts = msgspec.to_builtins(report)
    output.rows("screening names", ("what", "value"), [(what, value) for what, value in facts.items() if what != "ratios"])
    rows = [(ratio.name, f"{ratio.value:,.2f}", f"{ratio.bar:g}", "yes" if ratio.met else "no") for ratio in report.ratios]
    output.rows("bars", ("what", "measured", "bar", "met"), rows)
    if report.list_names < screened.LIST_NAMES:
        click.echo(f"This list has {report.list_names:,} names; the bars are for about 25,000: --list FOLDER")
