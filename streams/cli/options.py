"""The options that commands share: each is a setting of `streams.settings` under the same name."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click

from streams.settings import load_settings

_HELP: Final = {
    "kafka": ("HOST:PORT,...", "Kafka bootstrap servers."),
    "redis": ("URL", "Redis; rediss:// for TLS, redis+cluster:// for a cluster."),
    "lists": ("LIST,...", "Sanctions lists: files, folders, URLs, or demo."),
    "reference": ("LIST,...", "Reference lists (jurisdictions, networks, VASPs, address labels): files, folders."),
    "lists_dir": ("FOLDER", "Where lists fetched by URL are kept."),
    "lists_refresh_seconds": ("SECONDS", "How often the lists' sources are looked at again; 0: never."),
    "http": ("HOST:PORT", "Where /metrics, /healthz and /readyz are served."),
    "rules": ("FOLDER", "Rule files that replace or add to the built-in ones."),
    "exceptions": ("FILE", "Findings that are not to be told, by whose decision, why, until when (TOML)."),
    "archive_dir": ("FOLDER", "Where rules and lists that were in force are kept, for replay."),
    "session_timeout": ("SECONDS", "After which Kafka gives a silent worker's partitions to others."),
    "group": ("NAME", "Kafka consumer group; also names the state in Redis."),
    "max_list_age_hours": ("HOURS", "Hold withdrawals when the sanctions list is older."),
    "profile_cache": ("NUMBER", "Profiles kept in memory, per partition and stage."),
    "console": ("HOST:PORT", "Where the console is served."),
    "console_users": ("FILE", "Analysts and the SHA-256 of their tokens, NAME:HASH a line."),
    "console_user_header": ("NAME", "Header in which a reverse proxy says who is logged in."),
    "console_proxies": ("ADDRESS,...", "Proxies whose header is believed."),
    "console_stories": ("NUMBER", "Stories kept in memory."),
    "log_level": ("LEVEL", "debug, info, warning or error."),
}


def with_settings(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command `--config` and an option for each of the settings named; it is called with `settings`.

    The command line wins over the environment, the environment over the file. Settings without an option here
    still come from there.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def call(config: Path | None, **options: Any) -> Any:
            given = {name: options.pop(name) for name in names}
            return command(settings=load_settings(config, **given), **options)

        decorated: Callable[..., Any] = call
        for name in reversed(names):
            metavar, text = _HELP[name]
            option = f"--{name.replace('_', '-')}"
            environment = f"LOCKGATE_{name.upper()}"
            decorated = click.option(option, name, metavar=metavar, help=f"{text}  [env: {environment}]")(decorated)
        path = click.Path(exists=True, dir_okay=False, path_type=Path)
        return click.option("--config", type=path, metavar="TOML", help="File with settings.")(decorated)

    return decorate


timeout_option: Final = click.option(
    "--timeout",
    "timeout_seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to try to reach Kafka.",
)

json_option: Final = click.option(
    "--json", "as_json", is_flag=True, help="JSON lines, even on a terminal (always when piped)."
)
