"""`lockgate feed`: send transfers from a file or standard input to the source topics."""

import asyncio
import csv
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
import msgspec
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from streams.cli.options import json_option, timeout_option, with_settings
from streams.errors import LockgateError
from streams.feed_formats import CcxtOptions, Format, guess_format, open_file, read_ccxt, read_csv, read_lines
from streams.feed_times import rounds
from streams.feeding import FeedCounts, open_feeder
from streams.feeding import feed as send_all
from streams.kafka_access import silence_client_log
from streams.settings import Settings

_STDIN: Final = "-"
_POLL_SECONDS: Final = 0.2  # how soon Ctrl-C is noticed while a pipe is silent
_PEEK_BYTES: Final = 4096


class UnreadableFile(LockgateError):
    """The file is not what it was taken for."""

    exit_code = 2


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@with_settings("kafka")
@click.option(
    "--format", "file_format", type=click.Choice([form.value for form in Format]), help="[default: as it looks]"
)
@click.option("--account", metavar="ID", help="CCXT: whose transactions these are, where they do not say.")
@click.option("--price", "prices", multiple=True, metavar="ASSET=USD", help="CCXT: worth of one unit; repeatable.")
@click.option(
    "--bad-lines",
    type=click.Choice(["send", "skip"]),
    default="send",
    show_default=True,
    help="What is no transfer: send it, so that it becomes a dead letter, or skip it.",
)
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="PER_SECOND", help="Send steadily.")
@click.option(
    "--repeat",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    metavar="TIMES",
    help="Go through it so often, 0 for ever: each round later than the last one, under new event ids.",
)
@click.option("--shift-to-now", is_flag=True, help="Move event times so that the last transfer is now.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N transfers.")
@timeout_option
@json_option
def feed(
    settings: Settings,
    file: str,
    file_format: str | None,
    account: str | None,
    prices: tuple[str, ...],
    bad_lines: str,
    rate: float | None,
    repeat: int,
    shift_to_now: bool,
    limit: int | None,
    timeout_seconds: float,
    as_json: bool,
) -> None:
    """Send the transfers of FILE (- is standard input) to exchange.deposits and exchange.withdrawals.

    FILE holds transfers as JSON lines, as CSV with the contract's field names as columns (nested ones as
    counterparty.name, several addresses separated by |), or CCXT's unified transactions. It may be packed (.gz).

    Exit codes: 0 everything is confirmed; 1 Kafka refused something; 2 wrong usage or file; 3 Kafka not reachable.
    """
    silence_client_log()
    if file == _STDIN and (shift_to_now or repeat != 1):
        raise click.UsageError("--shift-to-now and --repeat have to read it twice: give a file, not standard input")
    ccxt = CcxtOptions(account=account, prices=_prices(prices))
    chunks = rounds(
        lambda: _read(file, Format(file_format) if file_format else None, ccxt),
        times=repeat or None,
        limit=limit,
        now_ms=time.time_ns() // 1_000_000 if shift_to_now else None,
    )

    async def run() -> FeedCounts:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with open_feeder(settings.kafka, timeout_seconds=timeout_seconds, send_bad=bad_lines == "send") as feeder:
            with _progress() as progress:
                return await send_all(feeder, chunks, per_second=rate, stop=stop, progress=progress)

    try:
        counts = asyncio.run(run())
    except (csv.Error, msgspec.DecodeError, UnicodeDecodeError, OSError) as error:
        raise UnreadableFile(f"cannot read {file}: {error}") from None
    _report(counts, ccxt, as_json or not sys.stdout.isatty())


def _prices(texts: Iterable[str]) -> dict[str, Decimal]:
    prices = {}
    for text in texts:
        asset, _, price = text.partition("=")
        try:
            prices[asset.strip().upper()] = Decimal(price)
        except InvalidOperation:
            raise click.BadParameter(f"{text!r} is not ASSET=USD, such as BTC=97000", param_hint="--price") from None
    return prices


def _read(file: str, file_format: Format | None, ccxt: CcxtOptions) -> Iterator[Sequence[bytes]]:
    ccxt.left_out = 0  # a repeated file is read from its beginning
    if file == _STDIN:
        yield from _read_stream(sys.stdin.buffer, file, file_format, ccxt, poll_seconds=_POLL_SECONDS)
        return
    with open_file(Path(file)) as stream:
        yield from _read_stream(stream, file, file_format, ccxt)


def _read_stream(
    stream: BinaryIO, name: str, file_format: Format | None, ccxt: CcxtOptions, poll_seconds: float | None = None
) -> Iterator[Sequence[bytes]]:
    form = file_format or guess_format(name, stream.peek(_PEEK_BYTES))  # type: ignore[attr-defined]  # both buffered
    if form is Format.CSV:
        return read_csv(stream)
    if form is Format.CCXT:
        return read_ccxt(stream, ccxt)
    return read_lines(stream, poll_seconds=poll_seconds)


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


def _report(counts: FeedCounts, ccxt: CcxtOptions, as_json: bool) -> None:
    if ccxt.without_price:
        names = ", ".join(sorted(ccxt.without_price))
        click.echo(
            f"no price for {names}: say --price {names.split(', ')[0]}=USD; without one they are bad lines", err=True
        )
    facts: dict[str, Any] = msgspec.to_builtins(counts)
    facts["seconds"] = round(counts.seconds, 3)
    facts |= {"per_second": _per_second(counts), "left_out": ccxt.left_out}
    if as_json:
        click.echo(msgspec.json.encode(facts))
        return
    click.echo(
        f"{counts.deposits:,} deposits and {counts.withdrawals:,} withdrawals sent in {counts.seconds:.1f} s "
        f"({_per_second(counts):,} a second)"
    )
    if counts.bad or counts.skipped:
        click.echo(f"{counts.bad:,} lines were no transfers; {counts.skipped:,} lines skipped")
    if ccxt.left_out:
        click.echo(f"{ccxt.left_out:,} left out because their status is not ok")
