"""`lockgate replay`: judge again what led to an alert."""

import asyncio
import random
import sys
from collections import Counter
from typing import Final

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from streams.archive import Archive
from streams.auditing.log import kafka_log
from streams.cli.options import json_option, timeout_option, with_settings
from streams.cli.output import Output
from streams.errors import LockgateError
from streams.kafka_access import silence_client_log
from streams.kafka_topics import TOPICS
from streams.replaying import Replay, Replayed, Result, Tally
from streams.settings import Settings

_CANNOT: Final = 2


class NoSuchAlert(LockgateError):
    """An alert is not on its topic."""

    exit_code = 2


@click.command()
@click.argument("alert_ids", metavar="ALERT_ID...", nargs=-1)
@with_settings("kafka", "archive_dir", "max_list_age_hours")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Replay so many alerts, chosen at random.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed is another choice.")
@timeout_option
@json_option
def replay(
    settings: Settings, alert_ids: tuple[str, ...], sample: int | None, seed: int, timeout_seconds: float, as_json: bool
) -> None:
    """Judge again what led to an alert, and show that the result is the same, or where it is not.

    Takes the transfers from their topics, in the batches that the journal names, with the rules and lists that were in force
    then, from the archive that the workers keep (LOCKGATE_ARCHIVE_DIR). Reads a partition from its beginning, since what an
    account did before decides. Sends nothing, and needs no Redis. max_list_age_hours must be what the workers had.

    JSON lines when piped: one an alert, the sums last.

    Exit codes: 0 every alert came out the same, to the byte; 1 one did not; 2 an alert is not there, or its rules, lists or
    transfers are not there any more; 3 Kafka not reachable.
    """
    if bool(alert_ids) == (sample is not None):
        raise click.UsageError("name alerts, or give --sample N")
    silence_client_log()
    results, tally = asyncio.run(_replay(settings, alert_ids, sample, seed, timeout_seconds))
    output = Output(as_json)
    counts = Counter(one.result for one in results)
    for one in results:
        if output.as_json or len(alert_ids) == 1 or one.result is not Result.SAME:
            output.line(one, _words(one))
    facts = {"alerts": len(results), **{result.value: counts[result] for result in Result}}
    kinds = ", ".join(f"{counts[result]:,} {result}" for result in Result if counts[result])
    output.line(
        facts | {"batches": tally.batches, "batches_same": tally.same},
        f"{len(results):,} alerts: {kinds}; {tally.same:,} of {tally.batches:,} batches have the journalled hash",
    )
    if counts[Result.DIFFERENT] or counts[Result.GONE]:
        sys.exit(1)
    if counts[Result.UNKNOWN]:
        sys.exit(_CANNOT)


async def _replay(
    settings: Settings, alert_ids: tuple[str, ...], sample: int | None, seed: int, timeout_seconds: float
) -> tuple[list[Replayed], Tally]:
    topics = TOPICS
    async with kafka_log(settings.kafka_access(), topics, timeout_seconds=timeout_seconds) as log:
        archive = Archive(settings.archive_folder())
        one = Replay(log, archive, max_list_age_seconds=settings.max_list_age_seconds())
        sent = await one.sent()
        if missing := [name for name in alert_ids if name not in sent]:
            raise NoSuchAlert(f"not among the {len(sent):,} alerts on their topic: {', '.join(missing)}")
        if sample is not None:
            alert_ids = tuple(random.Random(seed).sample(sorted(sent), min(sample, len(sent))))  # noqa: S311  # no secret
        columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} records judged again"))
        with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
            task = progress.add_task("", total=None)
            results = await one.run((sent[name] for name in alert_ids), lambda records: progress.advance(task, records))
    return sorted(results, key=lambda replayed: alert_ids.index(replayed.alert_id)), one.tally


def _words(one: Replayed) -> str:
    """One alert, for a person."""
    lines = [f"{one.alert_id} {one.rule_id}: {one.result}{f' ({one.reason})' if one.reason else ''}"]
    if one.batch:
        places = ", ".join(f"{place.topic}[{place.partition}] {place.start}-{place.end}" for place in one.ranges)
        hashed = {True: "the journalled hash", False: "another hash than journalled", None: "not judged again"}
        lines.append(f"  batch {one.batch} of {one.stage}: {places}; {hashed[one.batch_same]}")
        lines.append(f"  rule set {one.ruleset}, lists {one.lists[:12] or 'none'}")
    lines += [f"  input {bytes(raw).decode()}" for raw in one.inputs]
    lines += [f"  {field}: was {was!r}, is {now!r}" for field, (was, now) in one.differences.items()]
    return "\n".join(lines)
