"""`lockgate topics`: create the topics, and check that they are what delivery needs."""

import asyncio
import sys

import click

from streams.cli.options import json_option, timeout_option, with_settings
from streams.cli.output import Output
from streams.kafka_access import silence_client_log
from streams.kafka_admin import topic_admin
from streams.kafka_topics import DEFAULT_PARTITIONS, TOPICS, FoundTopic, Remark, remarks, topic_specs
from streams.settings import Settings


@click.group()
def topics() -> None:
    """Create the Kafka topics, or check them.

    The topics exchange.deposits and exchange.withdrawals are the exchange's own: they are created only when
    absent. Journals are kept without limit; so is what a replay reads, until you set a retention of your own.
    """


_partitions = click.option(
    "--partitions", type=click.IntRange(1, 10_000), metavar="N", help="Of every topic but the lists'."
)
_replication = click.option(
    "--replication",
    type=click.IntRange(1, 100),
    metavar="N",
    help="Copies of each topic  [default: 3, or the number of brokers]",
)


@topics.command()
@with_settings("kafka")
@_partitions
@_replication
@timeout_option
@json_option
def create(
    settings: Settings, partitions: int | None, replication: int | None, timeout_seconds: float, as_json: bool
) -> None:
    """Create the topics that are absent (4 partitions each by default) and check all of them.

    Exit codes: 0 all there and right; 1 something is wrong, as `topics check` says; 3 Kafka not reachable.
    """

    async def run() -> tuple[list[str], dict[str, FoundTopic]]:
        async with topic_admin(settings.kafka_access(), timeout_seconds=timeout_seconds) as admin:
            copies = replication or await admin.usual_replication()
            existing = await admin.describe((*TOPICS, *settings.side_topics()))
            count = partitions or max((topic.partitions for topic in existing.values()), default=DEFAULT_PARTITIONS)
            created = await admin.create(topic_specs(count, copies, settings.side_topics()))
            return created, await admin.describe((*TOPICS, *settings.side_topics()), present=[*existing, *created])

    silence_client_log()
    created, found = asyncio.run(run())
    output = Output(as_json)
    for name in created:
        topic = found[name]
        facts = {"topic": name, "created": True, "partitions": topic.partitions, "replication": topic.replication}
        output.line(facts, f"created {name}: {topic.partitions} partitions, replication {topic.replication}")
    wrong = _wrong(settings, found, partitions, replication)
    _report(found, wrong, output)


@topics.command()
@with_settings("kafka")
@_partitions
@_replication
@timeout_option
@json_option
def check(
    settings: Settings, partitions: int | None, replication: int | None, timeout_seconds: float, as_json: bool
) -> None:
    """Compare the topics with what delivery needs: partitions, retention, clean-up, sizes.

    Says what is wrong and the command that mends it. Changes nothing.

    Exit codes: 0 nothing wrong; 1 something is; 3 Kafka not reachable.
    """

    async def run() -> dict[str, FoundTopic]:
        async with topic_admin(settings.kafka_access(), timeout_seconds=timeout_seconds) as admin:
            return await admin.describe((*TOPICS, *settings.side_topics()))

    silence_client_log()
    found = asyncio.run(run())
    wrong = _wrong(settings, found, partitions, replication)
    _report(found, wrong, Output(as_json))


def _wrong(
    settings: Settings, found: dict[str, FoundTopic], partitions: int | None, replication: int | None
) -> list[Remark]:
    side = settings.side_topics()
    return remarks(found, servers=settings.kafka, partitions=partitions, replication=replication, side=side)


def _report(found: dict[str, FoundTopic], wrong: list[Remark], output: Output) -> None:
    for remark in wrong:
        word = "wrong" if remark.fault else "note"
        remedy = f"\n       {remark.remedy}" if remark.remedy else ""
        output.line(remark, f"{word}: {remark.topic} {remark.problem}{remedy}")
    if any("retention.ms" not in topic.settings for topic in found.values()):
        click.echo("note: this broker does not tell its topics' settings; retention was not checked", err=True)
    faults = len({remark.topic for remark in wrong if remark.fault})
    summary = f"{faults} topics are wrong" if faults else f"{len(found)} topics, nothing wrong"
    output.line({"topics": len(found), "wrong": faults}, summary)
    if faults:
        sys.exit(1)
