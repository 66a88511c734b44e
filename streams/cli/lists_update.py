"""`lockgate lists update`, `announce` and `diff`: getting lists, putting them into force, and what changed between two."""

import asyncio
import getpass
import sys
from collections.abc import Sequence
from typing import Any

import click
import msgspec
from aiokafka.errors import KafkaError

from rules.knowledge import Knowledge
from rules.label_log import Labels
from rules.list_changes import EntryChange, ListChange, compare, describe
from streams.cli.lists import list_option, lists
from streams.cli.options import json_option, timeout_option, with_settings
from streams.cli.output import Output
from streams.kafka_access import kafka_away, silence_client_log
from streams.listfeed.keeper import Refreshed, Result, label_of
from streams.lists_in_force import ListsInForce
from streams.referencefeed import load_reference
from streams.refreshing import CURRENT, ListSources, keeper_in
from streams.settings import Settings
from streams.watchlists import load_watchlist


@lists.command()
@list_option
@with_settings("lists_dir")
@click.option("--accept", "accepted", metavar="HASH", help="Take a list that was refused, by the hash of its refusal.")
@click.option("--reason", metavar="TEXT", help="Why it is right: kept together with your name.")
@click.option("--by", default=getpass.getuser, metavar="NAME", show_default="your user name", help="Who says so.")
@json_option
def update(
    settings: Settings, sources: tuple[str, ...], accepted: str | None, reason: str | None, by: str, as_json: bool
) -> None:
    """Fetch every list that changed, and keep it for the worker.

    A source that does not answer, answers with something else than a whole list, or with one that lost much, leaves the
    last good list in force and holds up no other source. After a real mass delisting somebody has to sign it off:
    `--accept HASH --reason TEXT`.

    Exit codes: 0 all lists are current; 1 the last good list of some source stays in force; 2 there is none of some source.
    """
    keeper = keeper_in(settings.lists_folder())
    output = Output(as_json)
    if accepted is not None:
        if not reason:
            raise click.UsageError("--accept needs a --reason")
        keeper.approve(accepted, by, reason)
    held = ListSources(sources or settings.lists, keeper)
    held.start()
    before = held.watchlist
    done = held.refresh()
    for each in done:
        output.line(_facts(each), _words(each))
    changes = compare(before.lists, held.watchlist.lists)
    for change in changes:
        output.line({"list": change.name, "change": "list", **_counts(change)}, _summary(change))
    if any(each.result not in CURRENT for each in done):
        sys.exit(1)


def _facts(done: Refreshed) -> dict[str, Any]:
    return {
        "source": done.source,
        "result": done.result.value,
        "reason": done.reason or None,
        "refused": list(done.refused),
        "lists": [
            {"name": each.name, "hash": each.hash, "published": each.published, "entries": len(each.entries)}
            for each in done.lists
        ],
    }


def _words(done: Refreshed) -> str:
    if done.result in CURRENT:
        return f"{done.source}: {done.result.value}"
    words = f"{done.source}: {done.result.value}: {done.reason}\n  the last good list stays in force"
    if done.result is Result.REFUSED:
        words += "".join(
            f"\n  if this is right: lockgate lists update --accept {each} --reason ..." for each in done.refused
        )
    return words


@lists.command()
@list_option
@with_settings("kafka", "lists_dir", "reference")
@click.option("--accept", "accepted", is_flag=True, help="Even where they lost much, or were in force before.")
@click.option("--reason", metavar="TEXT", help="Why: stands in the announcement together with your name.")
@click.option("--by", default=getpass.getuser, metavar="NAME", show_default="your user name", help="Who says so.")
@timeout_option
@json_option
def announce(
    settings: Settings,
    sources: tuple[str, ...],
    accepted: bool,
    reason: str | None,
    by: str,
    timeout_seconds: float,
    as_json: bool,
) -> None:
    """Put the lists into force on every worker now, instead of at their next refresh.

    Announced as well is what the address labels of LOCKGATE_REFERENCE tell of the past; workers take the labels themselves
    from their own files, and look at them at once.

    Exit codes: 0 they are in force; 1 they were refused, and why; 2 a list cannot be used; 3 Kafka is not reachable.
    """
    if accepted and not reason:
        raise click.UsageError("--accept needs a --reason")
    silence_client_log()
    held = ListSources(sources or settings.lists, keeper_in(settings.lists_folder()))
    held.start()
    held.refresh()
    knowledge = Knowledge(held.watchlist, load_reference(settings.reference))
    why_not, version = asyncio.run(_announce(settings, knowledge, accepted, by, reason or "", timeout_seconds))
    facts = {"in_force": why_not is None, "version": version, "reason": why_not}
    Output(as_json).line(facts, f"in force: {version}" if why_not is None else f"refused: {why_not}")
    if why_not is not None:
        sys.exit(1)


async def _announce(
    settings: Settings, knowledge: Knowledge, accepted: bool, by: str, reason: str, timeout_seconds: float
) -> tuple[str | None, str]:
    lists = knowledge.watchlist.lists if knowledge.watchlist is not None else ()
    kafka = settings.kafka_access()
    in_force = ListsInForce(kafka, by=by, transactional=False)
    try:
        async with asyncio.timeout(timeout_seconds):
            why_not = await in_force.propose(lists, lambda _: accepted, reason=reason)
            if why_not is None:
                why_not = await in_force.propose_labels(Labels.of(knowledge), accepted=accepted, reason=reason)
            return why_not, in_force.version
    except (KafkaError, OSError, TimeoutError):
        raise kafka_away(kafka) from None
    finally:
        await in_force.stop()


@lists.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@json_option
def diff(old: str, new: str, as_json: bool) -> None:
    """Show who was listed and delisted between two lists, and what changed of the others.

    OLD and NEW are files, folders, URLs or demo.

    Exit codes: 0 they are the same; 1 they differ; 2 one of them cannot be used.
    """
    changes = compare(load_watchlist([old]).lists, load_watchlist([new]).lists)
    output = Output(as_json)
    for change in changes:
        for entry in describe(change):
            output.line(msgspec.to_builtins(entry), _entry_words(entry))
        output.line({"list": change.name, "change": "list", **_counts(change)}, _summary(change))
    if changes:
        sys.exit(1)
    if not output.as_json:
        click.echo(f"{label_of(old)} and {label_of(new)} are the same")


def _counts(change: ListChange) -> dict[str, Any]:
    return {
        "hash_before": change.hash_before or None,
        "hash_after": change.hash_after or None,
        "published_before": change.published_before,
        "published_after": change.published_after,
        "listed": len(change.added),
        "delisted": len(change.removed),
        "changed": len(change.changed),
    }


def _summary(change: ListChange) -> str:
    dates = f"{change.published_before or 'unknown date'} -> {change.published_after or 'unknown date'}"
    counts = f"{len(change.added):,} listed, {len(change.removed):,} delisted, {len(change.changed):,} changed"
    return f"{change.name}, {dates}: {counts}"


def _entry_words(entry: EntryChange) -> str:
    programs = f" [{', '.join(entry.programs)}]" if entry.programs else ""
    lines = [f"{entry.change}: {entry.name} ({entry.kind}, entry {entry.entry_id} on {entry.list}){programs}"]
    parts: Sequence[tuple[str, Sequence[str]]] = (
        ("name +", entry.names_added),
        ("name -", entry.names_removed),
        ("address +", entry.addresses_added),
        ("address -", entry.addresses_removed),
        ("other facts:", [", ".join(entry.other)] if entry.other else []),
    )
    lines += [f"  {label} {value}" for label, values in parts for value in values if value != entry.name]
    return "\n".join(lines)
