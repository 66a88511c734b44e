"""The command line. One file a command; each is imported only when it is called, so that `--help` is instant."""

import sys
from importlib import import_module
from typing import Final

import click

from streams.errors import LockgateError

_COMMANDS: Final = {
    "acls": ("streams.cli.acls:acls", "Print the least rights that each role needs in Kafka and Redis."),
    "alerts": ("streams.cli.follow:alerts", "Follow the alerts."),
    "audit": ("streams.cli.audit:audit", "Show that everything in is accounted for."),
    "backtest": ("streams.cli.backtest:backtest", "Judge the past: what the rules would have said."),
    "bench": ("streams.cli.bench:bench", "Measure throughput and latency on real Kafka and Redis."),
    "console": ("streams.cli.console:console", "A live page for analysts: alerts, accounts, rules, what was decided."),
    "deadletters": ("streams.cli.follow:deadletters", "Follow the dead letters."),
    "demo": ("streams.cli.demo:demo", "See it work: broker, Redis, worker and a scenario in one go."),
    "docs": ("streams.cli.docs:docs", "Write the pages on settings, metrics and commands."),
    "doctor": ("streams.cli.doctor:doctor", "Check Kafka, Redis, lists, rules and settings, and say the fix."),
    "evasion": ("streams.cli.evasion:evasion", "How far the rules carry against people who know them."),
    "feed": ("streams.cli.feed:feed", "Send transfers from a file or a scenario."),
    "reference": ("streams.cli.reference:reference", "Load reference lists and look into them."),
    "lists": ("streams.cli.lists_update:lists", "Load and update sanctions lists, look into them, compare them."),
    "replay": ("streams.cli.replay:replay", "Judge again what led to an alert."),
    "name": ("streams.cli.name:name", "Screen names against the lists, or compare two names."),
    "rules": ("streams.cli.rules:rules", "List, show and check the rules."),
    "schemas": ("streams.cli.schemas:schemas", "Write the JSON Schemas and the AsyncAPI document."),
    "screen": ("streams.cli.screen:screen", "Judge a file of transfers with neither Kafka nor Redis."),
    "topics": ("streams.cli.topics:topics", "Create and check the Kafka topics."),
    "verdicts": ("streams.cli.follow:verdicts", "Follow the verdicts."),
    "worker": ("streams.cli.worker:worker", "Judge deposits and withdrawals until told to stop."),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{name} is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in sorted(_COMMANDS.items())])


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="lockgate")
def lockgate() -> None:
    """Streaming transaction monitoring for crypto exchanges.

    Settings come from LOCKGATE_* in the environment or from a TOML file (--config).

    Exit codes: 0 done; 1 found something wrong (audit, doctor, rules check); 2 wrong usage, settings, rules or
    lists; 3 Kafka or Redis not reachable.
    """


def main() -> None:
    """Entry point of `lockgate`: errors of our own become one clear line and a documented exit code."""
    try:
        lockgate.main(standalone_mode=True)
    except LockgateError as error:
        click.echo(f"lockgate: {error}", err=True)
        sys.exit(error.exit_code)
