"""`lockgate demo`: everything on this machine, fed with laundering that has to be found."""

import asyncio
import os
import shlex
import shutil
import signal
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from streams.cli import readable
from streams.components import EmbeddedBroker, Kafka, Redis
from streams.components.network import LOOPBACK, free_port
from streams.components.process import Process
from streams.demo import Fed, Planted, Results, demo_transfers, run_transfers
from streams.feeding import FeedCounts
from streams.kafka_access import silence_client_log
from streams.kafka_admin import topic_admin
from streams.kafka_topics import topic_specs
from streams.rulefiles import load_rules
from streams.scenarios import DEMO_LISTED
from streams.security import KafkaAccess
from streams.settings import ALERTS, DEADLETTERS, DISPOSITIONS, VERDICTS

_PARTITIONS: Final = 4
_TIMEOUT_SECONDS: Final = 20.0
_SESSION_SECONDS: Final = 6  # the least; the embedded broker forms a group in half of it
_READY_SECONDS: Final = 30.0
_EVIDENCE_SHOWN: Final = 3
_WIDTH: Final = 110  # where no terminal says how wide it is
_INTERRUPTED: Final = 130  # what shells call a program that Ctrl-C ended
_COMMAND: Final = [sys.executable, "-c", "from streams.cli import main; main()"]


@click.command()
@click.option("--keep", is_flag=True, help="Stay up until Ctrl-C, and print the settings with which to look around.")
@click.option(
    "--kafka",
    type=click.Choice(["embedded", "real"]),
    default="embedded",
    show_default=True,
    help="Embedded: a Kafka-like broker in memory. Real: Apache Kafka, which needs Java 17 and its jars "
    "(python -m streams.components fetch).",
)
def demo(keep: bool, kafka: str) -> None:
    """Start a broker, Redis and a worker, feed two thousand transfers, and show what is found in them and why.

    Everything runs on this machine on ports of its own, in a temporary folder, and is gone afterwards. LOCKGATE_*
    settings do not reach it.

    Exit codes: 0 everything came out as it must; 1 something did not, and what; 3 a server could not be started;
    130 Ctrl-C.
    """
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    for name in [name for name in os.environ if name.startswith("LOCKGATE_")]:
        del os.environ[name]
    silence_client_log()
    console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _WIDTH)
    try:
        with asyncio.Runner() as runner:
            runner.get_loop()  # made before anything can be interrupted: a loop half made complains when it is thrown away
            missing = _demo(console, runner, real=kafka == "real", keep=keep)
    except KeyboardInterrupt:
        console.print("stopped")
        sys.exit(0 if keep else _INTERRUPTED)
    if missing:
        sys.exit(1)


def _demo(console: Console, runner: asyncio.Runner, *, real: bool, keep: bool) -> list[str]:
    """Run it; returns what did not come out as it must."""
    started = time.monotonic()
    results = Results(demo_transfers(load_rules()))
    with tempfile.TemporaryDirectory(prefix="lockgate-demo-") as name:
        folder = Path(name)
        with console.status("starting Kafka and Redis") as status:
            broker = Kafka(folder / "kafka") if real else EmbeddedBroker(folder / "broker")
            with broker, Redis(folder / "redis") as redis:
                exports = {
                    "LOCKGATE_KAFKA": broker.bootstrap,
                    "LOCKGATE_REDIS": redis.url,
                    "LOCKGATE_HTTP": f"{LOOPBACK}:{free_port()}",
                    "LOCKGATE_SESSION_TIMEOUT": str(_SESSION_SECONDS),
                }
                runner.run(_create_topics(broker.bootstrap))
                with _worker(exports, folder / "worker.log", status) as worker:
                    _say_what_runs(console, real, exports, time.monotonic() - started)
                    runner.run(_watch(console, status, broker.bootstrap, results))
                    status.stop()
                    missing = _report(console, results, time.monotonic() - started)
                    if missing:
                        console.print(worker.end_of_log(), style="dim", markup=False)
                    _say_what_is_next(console, exports if keep else None)
                    if keep:
                        threading.Event().wait()
    return missing


async def _create_topics(servers: str) -> None:
    async with topic_admin(KafkaAccess(servers), timeout_seconds=_TIMEOUT_SECONDS) as admin:
        await admin.create(topic_specs(_PARTITIONS, replication=1, side=(DISPOSITIONS,)))


@contextmanager
def _worker(exports: Mapping[str, str], log: Path, status: Status) -> Iterator[Process]:
    """A worker that judges. Raises ComponentFailed when it ends or is not ready in time."""
    worker = Process("the worker", [*_COMMAND, "worker"], log=log, environment=exports)
    url = f"http://{exports['LOCKGATE_HTTP']}/readyz"
    status.update("starting a worker: it joins the consumer group and claims its partitions")
    worker.start()
    try:
        worker.wait_until(lambda: _ready(url), timeout_seconds=_READY_SECONDS)
        yield worker
    finally:
        status.update("stopping")
        worker.stop()


def _ready(url: str) -> bool:
    """Whether the worker says so; an error that is no answer is for the caller, as an OSError."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  # our own worker
            return bool(answer.status == 200)
    except urllib.error.HTTPError:
        return False


async def _watch(console: Console, status: Status, servers: str, results: Results) -> None:
    fed = FeedCounts()
    told: set[str] = set()

    def refresh() -> None:
        decisions = Counter(results.decisions.values())
        counted = ", ".join(f"{count:,} {decision}" for decision, count in sorted(decisions.items()))
        status.update(f"{fed.lines:,} of {len(results.fed.lines):,} fed; verdicts: {counted or 'none yet'}")

    def progress(counts: FeedCounts) -> None:
        nonlocal fed
        fed = counts
        refresh()

    def show(topic: str, message: Mapping[str, Any]) -> None:
        if topic == ALERTS:
            console.print(_alert(message, brief=message["rule_id"] in told))
            told.add(message["rule_id"])
        elif topic == DEADLETTERS:
            console.print(Text("DEAD LETTER  ", "magenta") + readable.deadletter(message))
        elif topic == VERDICTS and message["decision"] != "release":
            console.print(Text("VERDICT  ", "bold") + readable.verdict(message))
        refresh()

    await run_transfers(KafkaAccess(servers), results, show=show, progress=progress)


def _alert(message: Mapping[str, Any], *, brief: bool) -> Text:
    """An alert with the beginning of its evidence, or in one line when its rule has been explained above."""
    if brief:
        text = Text(f"{message['severity'].upper():<9}", "dim")
        text.append(f"{message['title']}: account {message['account_id']} (as above)", "dim")
        return text
    text = readable.alert(message)
    evidence = message["evidence"]
    for one in evidence[-_EVIDENCE_SHOWN:]:
        when = str(one["occurred_at"]).replace("T", " ")[:16]
        text.append(f"\n           {when}  {one['value_usd']:>12} USD  {one['event_id']}: {one['shows']}", "dim")
    if len(evidence) > _EVIDENCE_SHOWN:
        text.append(f"\n           and {len(evidence) - _EVIDENCE_SHOWN} before", "dim")
    return text


def _say_what_runs(console: Console, real: bool, exports: Mapping[str, str], seconds: float) -> None:
    broker = "Apache Kafka" if real else "embedded broker (no transactions, so outputs are published plainly)"
    console.print(f"Up after {seconds:.0f} s: {broker} at {exports['LOCKGATE_KAFKA']}, Redis, one worker.")
    console.print("Transfers of 40 days flow now. Most withdrawals are released; shown is what is not, and every alert.\n")


def _report(console: Console, results: Results, seconds: float) -> list[str]:
    """The tables and what is missing."""
    fed = results.fed
    console.print()
    console.print(_accounting(fed, results))
    decisions = Counter(results.decisions.values())
    words = ", ".join(f"{count:,} {decision}" for decision, count in decisions.most_common())
    console.print(f"{len(results.decisions):,} verdicts for {fed.withdrawals:,} withdrawals: {words}\n")
    console.print(_findings(fed, results))
    missing = results.missing()
    if missing:
        console.print("\nThis did not come out as it must:", style="bold red")
        for fault in missing:
            console.print(f"  {fault}", style="red", markup=False)
    else:
        console.print(f"\nEverything came out as it must, {seconds:.0f} s after the start.", style="green")
    return missing


def _accounting(fed: Fed, results: Results) -> Table:
    table = Table("", title="Every line is accounted for", title_justify="left")
    table.add_column("fed", justify="right")
    table.add_column("judged", justify="right")
    names = ("deposits", "withdrawals", "sent twice: counted, judged once", "not a transfer: dead letter")
    for name, given, judged in zip(names, fed.counts, results.counts, strict=True):
        table.add_row(name, f"{given:,}", f"{judged:,}")
    table.add_section()
    table.add_row("together", f"{len(fed.lines):,}", f"{sum(results.counts):,}")
    return table


def _findings(fed: Fed, results: Results) -> Table:
    table = Table(
        "planted", "accounts", "found by", "severity", title="What was planted and what was found", title_justify="left"
    )
    for planted in fed.planted:
        alerts = results.found(planted)
        table.add_row(
            planted.pattern, _accounts(planted), _found_by(planted, alerts), alerts[0]["severity"] if alerts else ""
        )
    return table


def _accounts(planted: Planted) -> str:
    first = min(planted.accounts)
    others = len(planted.accounts) - 1
    return f"{first} and {others} more" if others else first


def _found_by(planted: Planted, alerts: list[Mapping[str, Any]]) -> str:
    if planted.rule_id is None:
        return "no live rule is about this"
    return planted.rule_id if alerts else f"not found by {planted.rule_id}"


def _say_what_is_next(console: Console, exports: Mapping[str, str] | None) -> None:
    if exports is not None:
        console.print("\nEverything stays up until Ctrl-C. In another shell:")
        for name, value in exports.items():
            console.print(f"  export {name}={shlex.quote(value)}", style="bold", markup=False)
        commands = {
            "lockgate console": "the same in a browser",
            "lockgate alerts --from-beginning": "read the alerts again",
            "lockgate feed --scenario typologies": "more transfers, other accounts",
            "lockgate doctor": "what would have to change in production",
        }
    else:
        commands = {
            "lockgate feed --scenario demo --write transfers.jsonl": "the same transfers as a file",
            "lockgate screen transfers.jsonl --verdicts verdicts.jsonl": "judge a file, yours or this one",
            f"lockgate lists show {DEMO_LISTED}": "the list entry behind the rejection",
            "lockgate rules show laundering.structuring": "a rule, its thresholds and where they come from",
            "lockgate demo --keep": "leave everything up to look around",
        }
    console.print("\nTry next:")
    if shutil.which("lockgate") is None:
        console.print(f"  export PATH={shlex.quote(str(Path(sys.argv[0]).resolve().parent))}:$PATH", markup=False)
    width = max(map(len, commands))
    for command, what in commands.items():
        console.print(f"  {command:<{width}}  [dim]{what}[/dim]")
