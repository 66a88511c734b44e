"""`python -m streams.components up|down|status|fetch`: a local Kafka and Redis, behind `make up` and `make down`.

`fetch` only brings Apache Kafka into the cache and prints the folder. Exit codes: 0 done, or all is running; 3
something is missing, failed or is not running. Standard output holds only what a shell may evaluate or read:
`eval "$(python -m streams.components up)"`.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from streams.components import local
from streams.components.kafka_libs import kafka_libs
from streams.components.process import ComponentError

_NOT_RUNNING = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "up":
            return _up(options)
        if options.command == "fetch":
            print(kafka_libs())
            return 0
        return _down(options.folder) if options.command == "down" else _status(options.folder)
    except ComponentError as error:
        print(error, file=sys.stderr)
        return _NOT_RUNNING


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m streams.components", description=main.__doc__)
    parser.add_argument("command", choices=("up", "down", "status", "fetch"))
    parser.add_argument("--folder", type=Path, default=Path(".cache/local"), help="data and logs (%(default)s)")
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1, help="Kafka brokers (%(default)s)")
    parser.add_argument("--kafka-port", type=int, default=9092, help="of the first broker (%(default)s)")
    parser.add_argument("--redis-port", type=int, default=6379, help="(%(default)s)")
    return parser


def _up(options: argparse.Namespace) -> int:
    ports = range(options.kafka_port, options.kafka_port + options.brokers)
    print(f"starting Redis and {options.brokers} Kafka broker(s) in {options.folder} ...", file=sys.stderr)
    servers = local.up(options.folder, kafka_ports=ports, redis_port=options.redis_port)
    print(f"export LOCKGATE_KAFKA={servers.kafka}")
    print(f"export LOCKGATE_REDIS={servers.redis}")
    return 0


def _down(folder: Path) -> int:
    stopped = local.down(folder)
    if stopped is None:
        print(f"nothing was started in {folder}", file=sys.stderr)
    else:
        print(f"stopped {', '.join(server.name for server in stopped.servers)}", file=sys.stderr)
    return 0


def _status(folder: Path) -> int:
    found = local.running(folder)
    if found is None:
        print(f"nothing was started in {folder}", file=sys.stderr)
        return _NOT_RUNNING
    for server in found.servers:
        print(f"{server.name}\t{server.address}\t{server.pid}\t{'running' if server.alive else 'not running'}")
    return 0 if found.alive else _NOT_RUNNING


if __name__ == "__main__":
    sys.exit(main())
