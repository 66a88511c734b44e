"""`lockgate lists`: load the sanctions lists as the worker would, and look things up in them."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import click
import msgspec

from rules.addresses import MalformedAddress
from rules.lists import Alias, AliasStrength, ListEntry, SanctionsList, Watchlist
from streams.cli.options import json_option, with_settings
from streams.cli.output import Output
from streams.settings import Settings
from streams.watchlists import load_watchlist

_SHOWN: Final = 5  # examples of what was left out, for a person

list_option: Final = click.option(
    "--list",
    "sources",
    multiple=True,
    metavar="LIST",
    help="Sanctions list: file, folder, URL, or demo; repeatable.  [env: LOCKGATE_LISTS, comma-separated; default: demo]",
)


@click.group()
def lists() -> None:
    """Load the sanctions lists as the worker would, and look things up in them.

    LOCKGATE_LISTS, or --list, names files, folders or URLs of official lists; `demo` is a small built-in extract.
    """


@lists.command()
@list_option
@with_settings()
@json_option
def load(settings: Settings, sources: tuple[str, ...], as_json: bool) -> None:
    """Load every list and say what is in it: date, entries, addresses, and what could not be used.

    Exit codes: 0 all loaded; 2 a list cannot be used, and why.
    """
    watchlist = load_watchlist(sources or settings.lists)
    today = datetime.now(UTC).date()
    output = Output(as_json)
    for listing in watchlist.lists:
        facts = _facts(listing, today)
        output.line(facts | {"watchlist_hash": watchlist.hash}, _words(facts))
    if not output.as_json and len(watchlist.lists) > 1:
        click.echo(f"together: {watchlist.entry_count:,} entries, hash {watchlist.hash}")


def _facts(listing: SanctionsList, today: date) -> dict[str, Any]:
    age = listing.age(today)
    return {
        "name": listing.name,
        "published": listing.published.isoformat() if listing.published else None,
        "age_days": None if age is None else age.days,
        "hash": listing.hash,
        "in_file": len(listing.entries) + len(listing.left_out),
        "entries": len(listing.entries),
        "aliases": sum(len(entry.aliases) for entry in listing.entries),
        "addresses": sum(listing.addresses_by_currency.values()),
        "addresses_by_currency": dict(listing.addresses_by_currency),
        "addresses_of_no_chain": [msgspec.to_builtins(listed) for listed in listing.literal_only],
        "left_out": [msgspec.to_builtins(row) for row in listing.left_out],
        "notes": list(listing.notes),
    }


def _words(facts: Mapping[str, Any]) -> str:
    age = "of unknown date: put published.toml beside the files" if facts["age_days"] is None else _age(facts)
    by_currency = ", ".join(f"{currency} {count:,}" for currency, count in facts["addresses_by_currency"].items())
    lines = [
        f"{facts['name']}, {age}",
        f"  hash       {facts['hash']}",
        f"  entries    {facts['entries']:,} with {facts['aliases']:,} aliases",
        f"  addresses  {facts['addresses']:,}{f' ({by_currency})' if by_currency else ''}",
    ]
    odd = [f"{listed['currency']} {listed['address']}" for listed in facts["addresses_of_no_chain"]]
    if odd:
        lines.append(f"  valid on no chain, they hit in this spelling alone: {_some(odd)}")
    for reason, ids in _by_reason(facts["left_out"]).items():
        lines.append(f"  left out   {len(ids):,}: {reason} ({_some(ids)})")
    lines += [f"  note       {note}" for note in facts["notes"]]
    return "\n".join(lines)


def _age(facts: Mapping[str, Any]) -> str:
    days = facts["age_days"]
    return f"published {facts['published']}, {days:,} {'day' if days == 1 else 'days'} ago"


def _by_reason(left_out: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for row in left_out:
        reasons.setdefault(row["reason"], []).append(row["entry_id"])
    return reasons


def _some(texts: Sequence[str]) -> str:
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


@lists.command()
@click.argument("query", metavar="ENTRY_ID|ADDRESS|TEXT")
@list_option
@with_settings()
@json_option
def show(settings: Settings, query: str, sources: tuple[str, ...], as_json: bool) -> None:
    """Show the entries with this id, this address in any spelling, or these words in a name or alias.

    Words are looked up whole, in any order and case. Similar names are not found this way.

    Exit codes: 0 found; 1 nothing found; 2 a list cannot be used.
    """
    watchlist = load_watchlist(sources or settings.lists)
    output = Output(as_json)
    found = list(_find(watchlist, query.strip()))
    for listing, entry, why in found:
        facts = {
            "list": listing.name,
            "hash": listing.hash,
            "published": listing.published.isoformat() if listing.published else None,
            "why": why,
            **msgspec.to_builtins(entry),
        }
        output.line(facts, _entry_words(listing, entry, why))
    if not found:
        names = ", ".join(listing.name for listing in watchlist.lists)
        click.echo(f"nothing with {query!r} on {names}", err=True)
        sys.exit(1)


def _find(watchlist: Watchlist, query: str) -> Iterator[tuple[SanctionsList, ListEntry, str]]:
    """Entries with the reason why each is shown; by id first, else by address, else by text."""
    by_id = [(listing, entry) for listing, entry in watchlist.entries if entry.entry_id == query]
    if by_id:
        yield from ((listing, entry, "its id") for listing, entry in by_id)
        return
    try:
        match = watchlist.match(query)
    except MalformedAddress:
        match = None
    if match is not None:
        met = {(one.list_hash, one.entry_id): one for one in (match, *match.others)}
        for listing, entry in watchlist.entries:
            one = met.get((listing.hash, entry.entry_id))
            if one is not None:
                yield listing, entry, f"its {one.currency} address {one.matched}"
        return
    wanted = _name_words(query)
    for listing, entry in watchlist.entries:
        names = (entry.name, *(alias.name for alias in entry.aliases))
        name = next((name for name in names if wanted <= _name_words(name)), None)
        if name is not None:
            yield listing, entry, f"its name {name}"


def _name_words(text: str) -> set[str]:
    """The words of a name, in any order and case, without punctuation."""
    return set(re.findall(r"\w+", text.casefold()))


def _alias_words(alias: Alias) -> str:
    notes = [alias.kind, "weak" if alias.strength is AliasStrength.WEAK else "", alias.script or ""]
    return f"{alias.name} ({', '.join(filter(None, notes))})"


def _entry_words(listing: SanctionsList, entry: ListEntry, why: str) -> str:
    published = listing.published.isoformat() if listing.published else "unknown date"
    lines = [f"{entry.name} ({entry.kind}, entry {entry.entry_id} on {listing.name} of {published}; shown for {why})"]
    parts = {
        "programs": entry.programs,
        "aliases": [_alias_words(alias) for alias in entry.aliases],
        "addresses": [f"{listed.currency} {listed.address}" for listed in entry.addresses],
        "born": entry.dates_of_birth,
        "born in": entry.places_of_birth,
        "nationality": entry.nationalities,
        "countries": entry.countries,
        "linked to": entry.linked_to,
        "identifiers": [" ".join(filter(None, (each.kind, each.number, each.country))) for each in entry.identifiers],
        "listed on": [entry.listed_on.isoformat()] if entry.listed_on else [],
        "remarks": [entry.remarks] if entry.remarks else [],
    }
    for name, values in parts.items():
        if values:
            lines.append(f"  {name}:" + ("\n    " if len(values) > 1 else " ") + "\n    ".join(values))
    return "\n".join(lines)
