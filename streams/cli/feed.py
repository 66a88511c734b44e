"""`lockgate feed`: send transfers from a file, standard input or a scenario to the source topics."""

import asyncio
import csv
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from streams.cli.feed_source import STDIN, FileSource, ScenarioSource, TransferSource
from streams.cli.options import json_option, timeout_option, with_settings
from streams.cli.output import Output
from streams.cli.pipes import closable_stdout
from streams.errors import LockgateError
from streams.feed_ccxt import CcxtOptions
from streams.feed_csv import load_mapping
from streams.feed_formats import Format
from streams.feed_times import rounds
from streams.feeding import FeedCounts, count, open_feeder
from streams.feeding import feed as send_all
from streams.kafka_access import silence_client_log
from streams.scenarios import DEMO_LISTED, SCENARIOS, scenario
from streams.settings import Settings

Chunks = Iterator[Sequence[bytes]]


_SHOWN = 300  # bytes of a bad line


class UnreadableFile(LockgateError):
    """The file is not what it was taken for, or cannot be written."""

    exit_code = 2


def _file_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option(
            "--price", "prices", multiple=True, metavar="ASSET=USD", help="Worth of a unit, where they do not say."
        ),
        click.option(
            "--status",
            "statuses",
            type=click.Choice(["ok", "pending", "failed", "canceled"]),
            multiple=True,
            default=("ok",),
            show_default=True,
            help="CCXT: which transactions to take; pending ones to judge withdrawals before they leave; repeatable.",
        ),
        click.option(
            "--mapping",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            metavar="TOML",
            help="CSV: which column is what.",
        ),
        click.option("--account", metavar="ID", help="CCXT: whose transactions these are, where they do not say."),
        click.option("--format", "form", type=click.Choice([form.value for form in Format]), help="[default: as it looks]"),
    ):
        command = option(command)
    return command


def _scenario_options(command: Callable[..., None]) -> Callable[..., None]:
    names = ", ".join(f"{name} ({recipe.about})" for name, recipe in SCENARIOS.items())
    path = click.Path(dir_okay=False, path_type=Path)
    number = click.IntRange(min=1)
    for option in (
        click.option("--labels", type=path, metavar="FILE", help="Write there which transfers make which pattern."),
        click.option("--listed", multiple=True, metavar="ADDRESS", help="Sanctioned address to deal with; repeatable."),
        click.option("--start", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="First day, such as 2026-01-01."),
        click.option("--days", type=number, metavar="N", help="How long it lasts."),
        click.option("--accounts", type=number, metavar="N", help="Ordinary customers in it."),
        click.option("--seed", type=int, default=1, show_default=True, help="Another seed is another scenario."),
        click.option("--scenario", "name", type=click.Choice(list(SCENARIOS)), help=f"Generated transfers: {names}."),
    ):
        command = option(command)
    return command


def _sending_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--check", is_flag=True, help="Only say what the lines are and what is wrong with them; no Kafka."),
        click.option("--write", metavar="FILE", help="Write the transfers there as JSON lines (- is stdout), no Kafka."),
        click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N transfers."),
        click.option("--shift-to-now", is_flag=True, help="Move event times so that the last transfer is now."),
        click.option(
            "--repeat",
            type=click.IntRange(min=0),
            default=1,
            show_default=True,
            metavar="TIMES",
            help="Go through it so often, 0 for ever: each round later than the last one, under new event ids.",
        ),
        click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="PER_SECOND", help="Send steadily."),
        click.option(
            "--bad-lines",
            type=click.Choice(["send", "skip"]),
            default="send",
            show_default=True,
            help="What is no transfer: send it, so that it becomes a dead letter, or skip it.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@_scenario_options
@_file_options
@_sending_options
@with_settings("kafka")
@timeout_option
@json_option
def feed(
    settings: Settings,
    file: str | None,
    bad_lines: str,
    rate: float | None,
    repeat: int,
    shift_to_now: bool,
    limit: int | None,
    write: str | None,
    check: bool,
    labels: Path | None,
    timeout_seconds: float,
    as_json: bool,
    **about_source: Any,
) -> None:
    """Send the transfers of FILE (- is standard input) or of a scenario to exchange.deposits and exchange.withdrawals.

    FILE holds transfers as JSON lines, as CSV with the contract's field names as columns (nested ones as
    counterparty.name, several addresses separated by |) or with a mapping file, or CCXT's unified transactions. It may be
    packed (.gz).

    Exit codes: 0 everything is confirmed; 1 Kafka refused something, or a line is no transfer (--check); 2 wrong usage or
    file; 3 Kafka not reachable.
    """
    ccxt = CcxtOptions(
        account=about_source.pop("account"),
        prices=_prices(about_source.pop("prices")),
        statuses=frozenset(about_source.pop("statuses")),
    )
    source = _source(file, ccxt, **about_source)
    if not source.again and (shift_to_now or repeat != 1):
        raise click.UsageError("--shift-to-now and --repeat have to read it twice: give a file, not standard input")
    if labels is not None and (not isinstance(source, ScenarioSource) or repeat != 1 or limit is not None):
        raise click.UsageError("--labels goes with --scenario, and with all of it: without --limit and --repeat")
    now_ms = time.time_ns() // 1_000_000 if shift_to_now else None
    chunks = rounds(source.chunks, times=repeat or None, limit=limit, now_ms=now_ms)
    output = Output(as_json)
    try:
        if check:
            counts = _check(chunks)
            _report(counts, ccxt, output, "read")
        elif write is not None:
            written = _write(chunks, write)
            if write != STDIN:
                output.line({"lines": written, "file": write}, f"{written:,} transfers written to {write}")
        else:
            counts = _send(settings, chunks, timeout_seconds, send_bad=bad_lines == "send", per_second=rate)
            _report(counts, ccxt, output, "sent")
        if labels is not None and isinstance(source, ScenarioSource):
            labels.write_bytes(source.labels())
    except UnicodeDecodeError as error:
        hint = "for CSV say which it is in the mapping file, such as encoding = 'cp1252' (docs/adapters.md)"
        raise UnreadableFile(f"{source.name}: not {error.encoding}: {hint}") from None
    except (csv.Error, msgspec.DecodeError, OSError) as error:
        raise UnreadableFile(f"{source.name}: {error}") from None
    if check and counts.bad:
        sys.exit(1)


def _source(
    file: str | None,
    ccxt: CcxtOptions,
    *,
    form: str | None,
    mapping: Path | None,
    name: str | None,
    seed: int,
    accounts: int | None,
    days: int | None,
    start: datetime | None,
    listed: tuple[str, ...],
) -> TransferSource:
    if (file is None) == (name is None):
        raise click.UsageError("give either a FILE or --scenario")
    if file is not None:
        return FileSource(file, Format(form) if form else None, ccxt, load_mapping(mapping) if mapping else None)
    chosen = scenario(
        str(name),
        seed=seed,
        accounts=accounts,
        days=days,
        start=start.date() if start else None,
        listed=listed or (DEMO_LISTED,),
    )
    return ScenarioSource(chosen, f"scenario {name}")


def _prices(texts: Iterable[str]) -> dict[str, Decimal]:
    prices = {}
    for text in texts:
        asset, _, price = text.partition("=")
        try:
            prices[asset.strip().upper()] = Decimal(price)
        except InvalidOperation:
            raise click.BadParameter(f"{text!r} is not ASSET=USD, such as BTC=97000", param_hint="--price") from None
    return prices


def _send(
    settings: Settings, chunks: Chunks, timeout_seconds: float, *, send_bad: bool, per_second: float | None
) -> FeedCounts:
    async def run() -> FeedCounts:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with open_feeder(settings.kafka_access(), timeout_seconds=timeout_seconds, send_bad=send_bad) as feeder:
            with _progress() as progress:
                return await send_all(feeder, chunks, per_second=per_second, stop=stop, progress=progress)

    silence_client_log()
    return asyncio.run(run())


def _check(chunks: Chunks) -> FeedCounts:
    """Look at every line, and show people the first bad one of each kind."""
    counts = FeedCounts()
    for chunk in chunks:
        for line in chunk:
            told = len(counts.faults)
            count(counts, line)
            if len(counts.faults) > told:
                click.echo(
                    f"line {counts.lines}: {[*counts.faults][-1]}\n  {line[:_SHOWN].decode(errors='replace')}", err=True
                )
    return counts


def _write(chunks: Chunks, file: str) -> int:
    """Write the lines to the file, or to standard output; returns how many."""
    count = 0
    with closable_stdout(), click.open_file(file, "wb") as stream:
        for chunk in chunks:
            stream.write(b"".join(line + b"\n" for line in chunk))
            count += len(chunk)
    return count


@contextmanager
def _progress() -> Iterator[Callable[[FeedCounts], None]]:
    """Shows the counts while they grow, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda counts: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("feeding")
        yield lambda counts: bar.update(task, description=f"{counts.lines:,} lines, {_per_second(counts):,} a second")


def _per_second(counts: FeedCounts) -> int:
    return round(counts.lines / counts.seconds) if counts.seconds else 0


def _report(counts: FeedCounts, ccxt: CcxtOptions, output: Output, done: str) -> None:
    if ccxt.without_price:
        names = sorted(ccxt.without_price)
        click.echo(f"no price for {', '.join(names)}: say --price {names[0]}=USD; without one they are bad lines", err=True)
    text = f"{counts.deposits:,} deposits and {counts.withdrawals:,} withdrawals {done}"
    if counts.seconds:
        text += f" in {counts.seconds:.1f} s ({_per_second(counts):,} a second)"
    if counts.bad or counts.skipped:
        text += f"\n{counts.bad:,} lines were no transfers; {counts.skipped:,} lines skipped"
        text += "".join(f"\n  {count:,}: {fault}" for fault, count in counts.faults.items())
    if ccxt.left_out:
        text += f"\n{ccxt.left_out:,} left out for their status (--status)"
    facts: dict[str, Any] = msgspec.to_builtins(counts)
    facts["seconds"] = round(counts.seconds, 3)
    output.line({**facts, "per_second": _per_second(counts), "left_out": ccxt.left_out}, text)
