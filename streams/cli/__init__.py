"""The command line. One file a command; each is imported only when it is called, so that `--help` is instant."""

import sys
from importlib import import_module
from typing import Final

import click

from streams.errors import LockgateError

_COMMANDS: Final = {
    "alerts": "streams.cli.follow:alerts",
    "audit": "streams.cli.audit:audit",
    "bench": "streams.cli.bench:bench",
    "deadletters": "streams.cli.follow:deadletters",
    "demo": "streams.cli.demo:demo",
    "doctor": "streams.cli.doctor:doctor",
    "feed": "streams.cli.feed:feed",
    "lists": "streams.cli.lists:lists",
    "rules": "streams.cli.rules:rules",
    "schemas": "streams.cli.schemas:schemas",
    "screen": "streams.cli.screen:screen",
    "topics": "streams.cli.topics:topics",
    "verdicts": "streams.cli.follow:verdicts",
    "worker": "streams.cli.worker:worker",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command = getattr(import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{name} is not a command")
        return command


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
