"""`lockgate reference`: load the reference lists as the worker would, and look things up in them."""

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

import click
import msgspec

from rules.addresses import MalformedAddress, canonical_forms
from rules.reference import BadAddress, ListKind, Reference, ReferenceList, Row
from streams.cli.options import json_option, with_settings
from streams.cli.output import Output
from streams.referencefeed import load_reference
from streams.settings import Settings

_KINDS: Final = {kind.row: kind.value for kind in ListKind}
_SHOWN: Final = 5  # rows left out that a person is shown


@click.group()
def reference() -> None:
    """Load the reference lists as the worker would, and look things up in them.

    LOCKGATE_REFERENCE, or --reference, names files and folders: jurisdictions, networks (Tor, VPN, hosting), VASPs, address
    labels. Their forms are in docs/reference-lists.md. A small list of embargoed jurisdictions is built in.
    """


@reference.command()
@with_settings("reference")
@json_option
def load(settings: Settings, as_json: bool) -> None:
    """Load every list and say what is in it: date, age, rows, and what could not be used.

    Exit codes: 0 all loaded; 2 a list cannot be used, and why.
    """
    loaded = load_reference(settings.reference)
    today = datetime.now(UTC).date()
    output = Output(as_json)
    for each in loaded.lists:
        facts = _facts(each, today)
        output.line(facts | {"reference_hash": loaded.hash}, _words(facts))


def _facts(each: ReferenceList, today: date) -> dict[str, Any]:
    return {
        "name": each.name,
        "kind": each.kind.value,
        "published": each.published.isoformat(),
        "age_days": each.age(today).days,
        "hash": each.hash,
        "rows": len(each.rows),
        "left_out": [msgspec.to_builtins(row) for row in each.left_out],
    }


def _words(facts: Mapping[str, Any]) -> str:
    days = facts["age_days"]
    lines = [
        f"{facts['name']} ({facts['kind']}), published {facts['published']}, {days:,} {'day' if days == 1 else 'days'} ago",
        f"  hash       {facts['hash']}",
        f"  rows       {facts['rows']:,}",
    ]
    left_out = facts["left_out"]
    if left_out:
        lines.append(f"  left out   {len(left_out):,}")
        lines += [f"    line {row['line']}: {row['reason']}" for row in left_out[:_SHOWN]]
        lines += [f"    and {len(left_out) - _SHOWN:,} more (--json shows all)"] if len(left_out) > _SHOWN else []
    return "\n".join(lines)


@reference.command()
@click.argument("query", metavar="CODE|IP|ADDRESS|NAME")
@with_settings("reference")
@json_option
def show(settings: Settings, query: str, as_json: bool) -> None:
    """Show what the lists say of a country or region code, an IP address, a crypto address in any spelling, or a VASP name.

    Exit codes: 0 found; 1 nothing found; 2 a list cannot be used.
    """
    loaded = load_reference(settings.reference)
    output = Output(as_json)
    found = [row for rows in _find(loaded, query.strip()) for row in rows]
    for row in found:
        facts = {"kind_of_list": _KINDS[type(row)], **msgspec.to_builtins(row)}
        output.line(facts, "\n".join(f"{name:<14}{value}" for name, value in facts.items() if value not in (None, "", [])))
    if not found:
        click.echo(f"nothing about {query!r} on {', '.join(each.name for each in loaded.lists)}", err=True)
        sys.exit(1)


def _find(loaded: Reference, query: str) -> Iterator[tuple[Row, ...]]:
    """What each kind of list says, as far as the query can be one of its keys."""
    jurisdiction = (loaded.jurisdictions or {}).get(query.upper())
    if jurisdiction is not None:
        yield (jurisdiction,)
    if loaded.networks is not None:
        try:
            yield loaded.networks.find(query)
        except BadAddress:
            yield ()
    try:
        forms = canonical_forms(query)
    except MalformedAddress:
        forms = ()
    for form in forms:
        yield (loaded.labels or {}).get(form, ())
    vasp = loaded.vasp(query)
    if vasp is not None:
        yield (vasp,)
