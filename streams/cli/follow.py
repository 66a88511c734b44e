"""`lockgate alerts`, `verdicts` and `deadletters`: follow what Lockgate sends."""

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from streams.cli import readable
from streams.cli.options import json_option, timeout_option, with_settings
from streams.cli.pipes import closable_stdout
from streams.following import Following, follow
from streams.kafka_access import silence_client_log
from streams.settings import ALERTS, DEADLETTERS, VERDICTS, Settings

Render = Callable[[Mapping[str, Any]], Text]


def _follow_options(command: Callable[..., None]) -> Callable[..., None]:
    seconds = click.FloatRange(min=0, min_open=True)
    for option in (
        json_option,
        timeout_option,
        click.option("--limit", type=click.IntRange(min=1), metavar="N", help="End after N messages."),
        click.option("--idle-exit", "idle_seconds", type=seconds, metavar="SECONDS", help="End when so long nothing came."),
        click.option("--from-beginning", is_flag=True, help="Start with the oldest message, not with the next one."),
        with_settings("kafka"),
    ):
        command = option(command)
    return command


@click.command()
@_follow_options
def alerts(settings: Settings, as_json: bool, **options: Any) -> None:
    """Follow the alerts: readable on a terminal, one JSON object a line when piped.

    Exit codes: 0 ended by --limit, --idle-exit or Ctrl-C; 1 no such topic; 3 Kafka not reachable.
    """
    _follow(settings, Following(topic=ALERTS, **options), readable.alert, as_json)


@click.command()
@_follow_options
def verdicts(settings: Settings, as_json: bool, **options: Any) -> None:
    """Follow the verdicts on withdrawals: readable on a terminal, one JSON object a line when piped.

    Exit codes: 0 ended by --limit, --idle-exit or Ctrl-C; 1 no such topic; 3 Kafka not reachable.
    """
    _follow(settings, Following(topic=VERDICTS, **options), readable.verdict, as_json)


@click.command()
@_follow_options
def deadletters(settings: Settings, as_json: bool, **options: Any) -> None:
    """Follow the dead letters: messages that could not be judged, and why.

    Exit codes: 0 ended by --limit, --idle-exit or Ctrl-C; 1 no such topic; 3 Kafka not reachable.
    """
    _follow(settings, Following(topic=DEADLETTERS, **options), readable.deadletter, as_json)


def _follow(settings: Settings, what: Following, render: Render, as_json: bool) -> None:
    silence_client_log()
    people = sys.stdout.isatty() and not as_json

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        show = _show_to_people(render) if people else _show_lines
        ready = _say_what_is_followed(what) if people else lambda: None
        await follow(settings.kafka_access(), what, show, stop=stop, ready=ready)

    with closable_stdout():
        asyncio.run(run())


def _show_lines(values: list[bytes]) -> None:
    """One message a line, as it is. A line end inside JSON can only be white space."""
    output = sys.stdout.buffer
    output.write(b"\n".join(value.replace(b"\n", b" ") if b"\n" in value else value for value in values))
    output.write(b"\n")
    output.flush()


def _show_to_people(render: Render) -> Callable[[list[bytes]], None]:
    console = Console(highlight=False, soft_wrap=True)

    def show(values: list[bytes]) -> None:
        for value in values:
            console.print(readable.readable(value, render))

    return show


def _say_what_is_followed(what: Following) -> Callable[[], None]:
    end = "" if what.idle_seconds or what.limit else "; Ctrl-C ends"
    return lambda: click.echo(f"following {what.topic}{end}", err=True)
