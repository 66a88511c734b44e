"""`lockgate doctor`: look at an installation and say what to mend."""

import asyncio
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import Final

import click

from streams.cli.options import json_option, timeout_option, with_settings
from streams.cli.output import Output
from streams.doctor import (
    Check,
    Level,
    check_archive,
    check_exceptions,
    check_lists,
    check_reference,
    check_rules,
    check_settings,
)
from streams.doctor_kafka import check_kafka
from streams.doctor_redis import check_redis
from streams.kafka_access import silence_client_log
from streams.settings import Settings

_STYLES: Final = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


@click.command()
@with_settings("kafka", "redis", "lists", "reference", "rules", "exceptions", "archive_dir", "group", "max_list_age_hours")
@timeout_option
@json_option
def doctor(settings: Settings, timeout_seconds: float, as_json: bool) -> None:
    """Check settings, rules, exceptions, lists, Kafka (version, topics, rights, groups) and Redis: what is wrong, what that
    means, what mends it.

    Changes nothing.

    Exit codes: 0 nothing is wrong, though there may be warnings; 1 something is; 2 the settings cannot be read;
    3 Kafka or Redis does not answer.
    """
    silence_client_log()
    output = Output(as_json)
    checks = [
        *check_settings(settings),
        *check_rules(settings),
        *check_exceptions(settings, datetime.now(UTC)),
        *check_archive(settings),
        *check_lists(settings, datetime.now(UTC)),
        *check_reference(settings, datetime.now(UTC)),
        *asyncio.run(check_kafka(settings, timeout_seconds=timeout_seconds)),
        *check_redis(settings, timeout_seconds=timeout_seconds),
    ]
    for check in checks:
        output.line(check, _words(check))
    counted = Counter(check.level for check in checks)
    click.echo(f"{counted[Level.OK]} ok, {counted[Level.WARN]} to know of, {counted[Level.FAIL]} wrong", err=True)
    if any(check.unreachable for check in checks):
        sys.exit(3)
    if counted[Level.FAIL]:
        sys.exit(1)


def _words(check: Check) -> str:
    lines = [f"{click.style(f'{check.level.value:<5}', fg=_STYLES[check.level])} {check.name}: {check.found}"]
    if check.means:
        lines.append(f"        means: {check.means}")
    if check.fix:
        lines.append(f"        fix:   {check.fix}")
    return "\n".join(lines)
