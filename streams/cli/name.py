"""`lockgate name`: screen names against the lists, and compare pairs of names."""

import csv
import sys
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, Final

import click

from rules.names import THRESHOLD, Facts, NameIndex, NameKind, compare, explain, fault
from streams.cli.lists import list_option
from streams.cli.options import json_option, with_settings
from streams.cli.output import Output
from streams.errors import LockgateError
from streams.settings import Settings
from streams.watchlists import load_watchlist

_COMPARE: Final = "compare"
_STDIN: Final = "-"
_NOT_EVALUATED: Final = 1  # exit code
# The schemas of FollowTheMoney, which public sets of name pairs use; any other is a name of unknown kind.
_KINDS: Final = {
    "person": NameKind.PERSON,
    "individual": NameKind.PERSON,
    **dict.fromkeys(("company", "organization", "organisation", "entity", "publicbody"), NameKind.ORGANISATION),
    **dict.fromkeys(("vessel", "airplane", "aircraft"), NameKind.ORGANISATION),
}


class UnusableNames(LockgateError):
    """A file of names cannot be read."""

    exit_code = 2


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME | compare A B]")
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="A name a line; for compare a CSV file with the columns name1, name2 and, if you like, schema. - is stdin.",
)
@list_option
@click.option("--kind", type=click.Choice([kind.value for kind in NameKind]), default=NameKind.ANY.value, show_default=True)
@click.option("--born", metavar="DATE", help="YYYY, YYYY-MM or YYYY-MM-DD: raises or lowers the scores.")
@click.option("--country", "countries", multiple=True, metavar="CODE", help="ISO 3166-1 alpha-2; repeatable.")
@click.option(
    "--threshold",
    type=click.FloatRange(0.3, 1.0),
    default=THRESHOLD,
    show_default=True,
    help="The lowest score that matches.",
)
@with_settings()
@json_option
def name(
    settings: Settings,
    names: tuple[str, ...],
    path: str | None,
    sources: tuple[str, ...],
    kind: str,
    born: str | None,
    countries: tuple[str, ...],
    threshold: float,
    as_json: bool,
) -> None:
    """Which listed parties may a name stand for? Or, with compare: how well do two names agree, and why?

    \b
    lockgate name NAME                        lockgate name compare A B
    lockgate name --file NAMES.txt            lockgate name compare --file PAIRS.csv

    Names are read in any script, order and romanisation. Lists are those of LOCKGATE_LISTS, or --list; compare needs none.
    Piped or with --json: one JSON object for each name (`name`, `matches` best first, each with `entry_id`,
    `entry_name`, `score`, `why`) or pair (`score`, `match`, `why`). A name that cannot be read, a blank line too, is not
    clean: `not_evaluated` says why.

    Exit codes: 0 every name was judged, whether something matches or not; 1 some could not be; 2 wrong usage, or a list or
    file cannot be used.
    """  # noqa: D301  # click's mark for lines that are left as they are
    output = Output(as_json)
    if names[:1] == (_COMPARE,) and (path is not None or len(names) > 1):
        judged = [_compare(output, *pair, threshold) for pair in _pairs(names[1:], path, NameKind(kind))]
        if not all(judged):
            sys.exit(_NOT_EVALUATED)
        return
    if bool(names) == (path is not None):
        raise click.UsageError("give a NAME, or a file with --file")
    index = NameIndex(load_watchlist(sources or settings.lists))
    facts = Facts(kind=NameKind(kind), born=born, countries=tuple(country.upper() for country in countries))
    judged = [
        _screen(output, index, each, facts, threshold) for each in ([" ".join(names)] if path is None else _lines(path))
    ]
    if not all(judged):
        sys.exit(_NOT_EVALUATED)


def _screen(output: Output, index: NameIndex, each: str, facts: Facts, threshold: float) -> bool:
    """Whether the name could be judged."""
    unread = fault(each)
    matches: list[dict[str, Any]] = [
        {
            "entry_id": match.entry.entry_id,
            "entry_name": match.entry.name,
            "score": match.score,
            "list": match.listing.name,
            "matched": match.name,
            "why": list(match.why),
        }
        for match in index.search(each, facts, threshold)
    ]
    if output.as_json:
        output.line({"name": each, "matches": matches} | ({"not_evaluated": unread} if unread else {}))
        return unread is None
    if unread is not None:
        click.echo(f"{each!r}: NOT EVALUATED, {unread}")
    elif not matches:
        click.echo(f"{each}: nothing at or above {threshold:g}")
    if not matches:
        return unread is None
    columns = ("score", "entry_id", "entry_name", "list", "why")
    output.rows(each, columns, [[*(match[name] for name in columns[:-1]), "\n".join(match["why"])] for match in matches])
    return unread is None


def _compare(output: Output, one: str, other: str, kind: NameKind, threshold: float) -> bool:
    """Whether the names could be judged."""
    found = compare(one, other, kind)
    unread = "; ".join(f"{name!r}: {said}" for name in (one, other) if (said := fault(name)) is not None)
    score = round(found.score, 4) if found is not None else 0.0
    why = list(explain(found)) if found is not None else []
    matches = score >= threshold
    verdict = "match" if matches else f"NOT EVALUATED ({unread})" if unread else "no match"
    words = "\n  ".join((f"{score:.2f} {verdict}: {one} | {other}", *why))
    told = {"name1": one, "name2": other, "score": score, "match": matches, "why": why}
    output.line(told | ({"not_evaluated": unread} if unread else {}), words)
    return not unread


def _pairs(names: Sequence[str], path: str | None, kind: NameKind) -> Iterator[tuple[str, str, NameKind]]:
    if path is None:
        if len(names) != 2:
            raise click.UsageError("compare takes two names, or a file with --file")
        yield names[0], names[1], kind
        return
    if names:
        raise click.UsageError("compare takes two names or a file, not both")
    rows = csv.DictReader(_lines(path), strict=True)
    missing = [column for column in ("name1", "name2") if column not in (rows.fieldnames or ())]
    if missing:
        raise UnusableNames(f"{path}: no column {' and no column '.join(missing)}")
    try:
        for row in rows:
            one, other = row["name1"], row["name2"]
            if one is None or other is None:
                raise UnusableNames(f"{path}: line {rows.line_num} has too few fields")
            yield one, other, _KINDS.get((row.get("schema") or "").strip().lower(), kind)
    except csv.Error as error:
        raise UnusableNames(f"{path}: line {rows.line_num} is not CSV: {error}") from None


def _lines(path: str) -> Iterator[str]:
    """The lines of a file, a blank one, too, so that answers can be laid beside questions."""
    try:
        text: Any = sys.stdin.buffer.read() if path == _STDIN else Path(path).read_bytes()
        text = text.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableNames(f"{path}: {error}") from None
    yield from (line.removesuffix("\n") for line in StringIO(text, newline=None))
