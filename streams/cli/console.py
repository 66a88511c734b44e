"""`lockgate console`."""

import click

from streams.cli.options import with_settings
from streams.errors import LockgateError
from streams.kafka_access import silence_client_log
from streams.logs import setup_logs
from streams.rulefiles import load_rules
from streams.settings import Settings


class NotInstalled(LockgateError):
    """The packages of the console are optional."""

    exit_code = 2


@click.command()
@with_settings(
    "kafka",
    "redis",
    "group",
    "rules",
    "console",
    "console_users",
    "console_user_header",
    "console_proxies",
    "console_stories",
    "log_level",
)
def console(settings: Settings) -> None:
    """A live page for analysts: the queue of alerts, accounts, rules and the system's state.

    Reads alerts, verdicts and dead letters, and the profiles of accounts in Redis; writes notes and decisions of analysts to
    lockgate.dispositions, nothing else.
    Beyond this machine it wants to know who asks: by tokens, or by a reverse proxy's header.

    Exit codes: 0 after SIGTERM or SIGINT; 2 wrong settings or rules, or its packages are not installed.
    """
    try:
        from streams.console.serving import serve
    except ModuleNotFoundError as missing:
        raise NotInstalled(f"{missing.name} is not installed: pip install 'lockgate[console]'") from None
    setup_logs(settings.log_level)
    silence_client_log()
    ruleset = load_rules(settings.rules_folder())
    click.echo(f"console: http://{settings.console}/  (Ctrl-C ends)", err=True)
    serve(settings, ruleset)
