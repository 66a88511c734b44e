"""`lockgate worker`."""

import click

from streams.cli.options import with_settings
from streams.exceptions import with_exceptions
from streams.knowledge import gather
from streams.logs import setup_logs
from streams.refreshing import ListSources, keeper_in
from streams.rulefiles import load_rules
from streams.settings import Settings
from streams.worker import run_worker


@click.command()
@with_settings(
    "kafka",
    "redis",
    "lists",
    "reference",
    "lists_dir",
    "lists_refresh_seconds",
    "http",
    "rules",
    "exceptions",
    "archive_dir",
    "session_timeout",
    "group",
    "max_list_age_hours",
    "profile_cache",
    "log_level",
)
def worker(settings: Settings) -> None:
    """Judge deposits and withdrawals until told to stop.

    Waits for Kafka and Redis whenever they are away, and says so on /readyz. Logs are JSON lines on stderr.

    Exit codes: 0 after SIGTERM or SIGINT; 2 wrong settings, rules or lists.
    """
    setup_logs(settings.log_level)
    sources = ListSources(settings.lists, keeper_in(settings.lists_folder()))
    ruleset, knowledge = load_rules(settings.rules_folder()), gather(sources.start, settings.reference)
    run_worker(settings, ruleset, with_exceptions(knowledge, settings.exceptions_file(), ruleset), sources)
