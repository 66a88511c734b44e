"""`lockgate backtest`: what the rules would have said of the past."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rules.engine import AccountsEngine
from rules.knowledge import Knowledge
from rules.messages import Alert
from rules.ruleset import Ruleset
from streams.backtest.collected import Collected
from streams.backtest.compare import compare, in_words
from streams.backtest.facts import facts_of
from streams.backtest.page import page
from streams.backtest.run import run
from streams.backtest.scores import Pattern, Scorer, read_labels
from streams.backtest.sources import FileSource, Source, TopicSource
from streams.cli.lists import list_option
from streams.cli.options import json_option, timeout_option, with_settings
from streams.cli.output import Output
from streams.errors import SettingsError
from streams.exceptions import with_exceptions
from streams.kafka_access import silence_client_log
from streams.knowledge import load_knowledge
from streams.rulefiles import load_rules
from streams.settings import DEPOSITS, WITHDRAWALS, Settings

_BUILT_IN: Final = "built-in"
_EXAMPLES: Final = 2  # of each kind and rule, for a person; `--json` and the page have more
_output: Final = click.Path(dir_okay=False, writable=True, path_type=Path)
_encode: Final = msgspec.json.Encoder().encode


@click.command()
@click.argument("source", metavar="FILE|TOPIC")
@list_option
@with_settings("reference", "rules", "exceptions", "kafka", "max_list_age_hours")
@click.option("--diff", metavar="FOLDER", help=f"Compare with the rules of FOLDER, or with the {_BUILT_IN} ones.")
@click.option("--labels", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="What happened, for the score.")
@click.option("--html", type=_output, metavar="FILE", help="Write a page with plots, which needs no other file.")
@click.option("--alerts", type=_output, metavar="FILE", help="Write the alerts as JSON lines.")
@click.option("--processes", type=click.IntRange(min=1), metavar="N", help="How many to use; by default one for each core.")
@timeout_option
@json_option
def backtest(
    settings: Settings,
    source: str,
    sources: tuple[str, ...],
    diff: str | None,
    labels: Path | None,
    html: Path | None,
    alerts: Path | None,
    processes: int | None,
    timeout_seconds: float,
    as_json: bool,
) -> None:
    """Judge the past with the rules in force, or those of --rules, through the engines of the worker.

    FILE holds one transfer a line, as JSON; it may be packed (.gz). TOPIC is read from its beginning to its present end:
    exchange.deposits and exchange.withdrawals both when either is named. Nothing is sent anywhere.

    Tells alerts by rule and day, the accounts with most of them, and how long each rule takes; with --labels (patterns with
    type, events and accounts) precision and recall; with --diff which alerts are gained, lost or changed.

    Exit codes: 0 done, whatever was found; 2 a file, list, rule or setting cannot be used; 3 Kafka not reachable.
    """
    silence_client_log()
    transfers = _source(source, settings, timeout_seconds)
    patterns = read_labels(labels) if labels else None
    knowledge = load_knowledge(sources or settings.lists, settings.reference)
    count = processes or os.cpu_count() or 1
    engine = _engine(settings, load_rules(settings.rules_folder()), knowledge)
    before = None
    if diff is not None:
        baseline = _engine(settings, load_rules(None if diff == _BUILT_IN else _folder(diff)), knowledge)
        before = _judge(transfers, baseline, patterns, count, "before", None)
    facts, collected = _judge(transfers, engine, patterns, count, "judging", alerts)
    if before is not None:
        facts["diff"] = {"before": before[0], **compare(before[1].told, collected.told)}
    if html is not None:
        with _writing(html) as file:
            file.write(page(facts).encode())
    output = Output(as_json)
    output.line(facts, _words(facts))


def _engine(settings: Settings, ruleset: Ruleset, lists: Knowledge) -> AccountsEngine:
    knowledge = with_exceptions(lists, settings.exceptions_file(), ruleset)
    return AccountsEngine(ruleset, knowledge, max_list_age_seconds=settings.max_list_age_seconds())


def _judge(
    source: Source, engine: AccountsEngine, labels: dict[str, Pattern] | None, processes: int, what: str, alerts: Path | None
) -> tuple[dict[str, Any], Collected]:
    collected, scorer = Collected(), Scorer(labels) if labels is not None else None
    started = time.monotonic()
    with ExitStack() as stack:
        bar = stack.enter_context(_Bar(what))
        file = stack.enter_context(_writing(alerts)) if alerts else None

        def hear(alert: Alert) -> None:
            collected.hear(alert)
            if scorer is not None:
                scorer.hear(alert)
            if file is not None:
                file.write(_encode(alert) + b"\n")

        judged_ms = time.time_ns() // 1_000_000
        end = run(source, engine, processes=processes, judged_ms=judged_ms, hear=hear, progress=bar.show)
    seconds = time.monotonic() - started
    return facts_of(source.name, engine, end, collected, scorer, processes=processes, seconds=seconds), collected


def _source(name: str, settings: Settings, timeout_seconds: float) -> Source:
    if Path(name).is_file():
        return FileSource(Path(name))
    if Path(name).exists() or os.sep in name:
        raise SettingsError([f"{name}: not a file"])
    topics = (DEPOSITS, WITHDRAWALS) if name in (DEPOSITS, WITHDRAWALS) else (name,)
    return TopicSource(settings.kafka_access(), topics, timeout_seconds=timeout_seconds)


def _folder(name: str) -> Path:
    if not Path(name).is_dir():
        raise SettingsError([f"diff: {name!r} is not a folder, nor {_BUILT_IN}"])
    return Path(name)


@contextmanager
def _writing(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("wb") as file:
            yield file
    except OSError as error:
        raise SettingsError([f"{path}: {error.strerror}"]) from None


class _Bar:
    """How far a run has come, on stderr: a bar for people, nothing for machines."""

    def __init__(self, what: str) -> None:
        columns = (TextColumn(what), BarColumn(), TextColumn("{task.fields[records]:,} records"), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
        self._task = self._progress.add_task("", total=1.0, records=0)

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, done: float, records: int) -> None:
        """So much of all is done."""
        self._progress.update(self._task, completed=done, records=records)


def _words(facts: dict[str, Any]) -> str:
    """The figures as a person reads them."""
    records, speed, score = facts["records"], facts["speed"], facts["score"]
    severities = ", ".join(f"{count:,} {severity}" for severity, count in facts["by_severity"].items())
    lines = [
        f"{records['lines']:,} records of {facts['source']} in {speed['seconds']:.1f} s with {speed['processes']} processes "
        f"({speed['transfers_per_core_second']:,} transfers a second and core)",
        f"  {records['deposits']:,} deposits, {records['withdrawals']:,} withdrawals, {records['duplicates']:,} duplicates, "
        f"{records['deadletters']:,} dead letters, {records['alerts']:,} alerts{f' ({severities})' if severities else ''}",
    ]
    lines += [f"  {rule['alerts']:>8,} {name}" for name, rule in facts["rules"].items() if rule["alerts"]]
    lines += [f"  {rule['shadowed']:>8,} {name} (shadow)" for name, rule in facts["rules"].items() if rule["shadowed"]]
    raised = [f"{name} {rule['raised']:,} times" for name, rule in facts["rules"].items() if rule["raised"]]
    if raised:
        lines.append(f"  these rules failed, and were taken as not evaluated: {', '.join(raised)}")
    costs = (f"{name} {facts['rules'][name]['microseconds_per_transfer']:.2f} us" for name in speed["most_expensive"])
    lines.append(f"  most expensive, by transfer: {', '.join(costs)}")
    if score is not None:
        lines.append(
            f"  found {score['found']:,} of {score['patterns']:,} patterns (recall {score['recall']}); of "
            f"{score['alerts']:,} alerts of medium severity or above {score['right']:,} are right "
            f"(precision {score['precision']})"
        )
    if "diff" in facts:
        kinds = (f"{facts['diff'][kind]['alerts']:,} {kind}" for kind in ("gained", "lost", "changed"))
        lines.append(
            f"  against {facts['diff']['before']['ruleset']}: {', '.join(kinds)}, {facts['diff']['kept']:,} the same"
        )
        lines += [
            f"    {kind}: {one['severity']} {one['rule_id']} {one['day']} {one['account_id']}, "
            f"{one['transfers']} transfers, {one['value_usd']} USD ({in_words(one)})"
            for kind in ("gained", "lost", "changed")
            for shown in facts["diff"][kind]["examples"].values()
            for one in shown[:_EXAMPLES]
        ]
    return "\n".join(lines)
