"""`lockgate audit`."""

import asyncio
import sys
from typing import Any, Self

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from streams.auditing import PartitionReport, Report
from streams.auditing.auditor import audit as audit_log
from streams.auditing.log import kafka_log
from streams.auditing.standing import RedisStandings
from streams.cli.options import json_option, timeout_option, with_settings
from streams.cli.output import Output
from streams.kafka_access import silence_client_log
from streams.kafka_topics import TOPICS
from streams.rulefiles import load_rules
from streams.settings import Settings

_REDIS_NOT_CHECKED = 3


@click.command()
@with_settings("kafka", "redis", "group", "rules")
@click.option("--no-redis", "no_redis", is_flag=True, help="Do not compare Redis with the journals.")
@timeout_option
@json_option
def audit(settings: Settings, no_redis: bool, timeout_seconds: float, as_json: bool) -> None:
    """Show that everything that came in is accounted for, or where it is not.

    Reads the source topics, flows, journals, verdicts, alerts and dead letters as a committed consumer sees them.
    Every source record must be judged, a duplicate or a dead letter; every judged withdrawal must have exactly one
    verdict; no alert may come twice; journals must have no gap, and their hashes must be those of the outputs; Redis
    must stand where the journals end. What is not judged yet is reported as lag. Workers may run meanwhile.

    JSON lines when piped: one a partition, one a fault, one a note, the summary last.

    Exit codes: 0 everything is accounted for; 1 faults, each named with its place; 3 Kafka or Redis not reachable.
    """
    silence_client_log()
    report = asyncio.run(_audit(settings, no_redis, timeout_seconds))
    _print(report, Output(as_json))
    if not report.clean:
        sys.exit(1)
    if not (report.redis_checked or no_redis):
        sys.exit(_REDIS_NOT_CHECKED)


async def _audit(settings: Settings, no_redis: bool, timeout_seconds: float) -> Report:
    ruleset = load_rules(settings.rules_folder())
    standings = None if no_redis else RedisStandings(settings.redis_access())
    try:
        async with kafka_log(settings.kafka_access(), TOPICS, timeout_seconds=timeout_seconds) as log:
            with _Bar() as bar:
                return await audit_log(log, standings, ruleset, settings.group, bar)
    finally:
        if standings is not None:
            await standings.close()


class _Bar:
    """A progress bar on stderr, for people only."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("auditing"), BarColumn(), TextColumn("{task.completed:,.0f}"), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, transient=True)
        self._shown = console.is_terminal
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if self._shown:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            self._progress.stop()

    def total(self, offsets: int) -> None:
        """How many offsets there are to go through."""
        self._task = self._progress.add_task("", total=offsets)

    def advance(self, offsets: int) -> None:
        """So many more are done."""
        if self._task is not None:
            self._progress.advance(self._task, offsets)


def _print(report: Report, output: Output) -> None:
    columns = [name for name in PartitionReport.__struct_fields__ if output.as_json or _for_people(name, report)]
    rows = ([_cell(getattr(one, name), output) for name in columns] for one in report.partitions)
    output.rows("Partitions", columns, rows)
    for fault in report.faults:
        output.line(fault, f"FAULT {fault.fault} {fault.topic}[{fault.partition}] {fault.offset}: {fault.text}")
    for note in report.notes:
        output.line({"note": note}, f"note: {note}")
    records = sum(one.records for one in report.partitions if one.stage == "accounts")
    lag = sum(one.lag for one in report.partitions)
    summary = {
        "clean": report.clean,
        "faults": report.counts.total(),
        "faults_by_kind": dict(report.counts),
        "records": records,
        "lag": lag,
        "unverified": sum(one.unverified for one in report.partitions),
        "redis_checked": report.redis_checked,
    }
    output.line(summary, _in_words(report, records, lag))


def _for_people(column: str, report: Report) -> bool:
    """What is the same everywhere, or for machines only, would make the table too wide."""
    if column in ("claims", "flows"):
        return False
    return column != "unverified" or any(one.unverified for one in report.partitions)


def _cell(value: Any, output: Output) -> Any:
    return f"{value:,}" if isinstance(value, int) and not output.as_json else value


def _in_words(report: Report, records: int, lag: int) -> str:
    behind = f"; {lag:,} are not judged yet" if lag else ""
    if report.clean:
        return f"All {records:,} records are accounted for{behind}."
    kinds = ", ".join(f"{count:,} x {kind}" for kind, count in report.counts.most_common())
    return f"{report.counts.total():,} faults among {records:,} records ({kinds}); the first of each kind are named{behind}."
