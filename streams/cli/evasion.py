"""`lockgate evasion`: how far the rules carry against people who know them."""

import os
import sys
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rules.engine import AccountsEngine
from streams.cli.options import json_option, with_settings
from streams.cli.output import Output
from streams.errors import SettingsError
from streams.evasion.measure import ACCOUNTS, DAYS, EACH, Measured, measure, measure_quiet
from streams.evasion.mutations import MUTATIONS, STRENGTHS
from streams.evasion.saved import FILE, Saved
from streams.evasion.table import page
from streams.knowledge import load_knowledge
from streams.rulefiles import load_rules
from streams.settings import Settings

_size: Final = click.IntRange(min=1)


@click.command()
@with_settings("rules")
@click.option(
    "--disguise", "disguises", type=click.Choice(tuple(MUTATIONS)), multiple=True, help="Only this one; repeatable."
)
@click.option("--each", type=_size, default=EACH, show_default=True, help="Patterns of each typology.")
@click.option("--accounts", type=_size, default=ACCOUNTS, show_default=True, help="Ordinary customers around them.")
@click.option("--days", type=click.IntRange(min=30), default=DAYS, show_default=True, help="How long it lasts.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed is another scenario.")
@click.option(
    "--save",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Measure ordinary life, too, and write evasion.md and evasion.json there.",
)
@click.option("--processes", type=_size, metavar="N", help="How many to use; by default one for each core.")
@json_option
def evasion(
    settings: Settings,
    disguises: tuple[str, ...],
    each: int,
    accounts: int,
    days: int,
    seed: int,
    save: Path | None,
    processes: int | None,
    as_json: bool,
) -> None:
    """Plant patterns among ordinary customers, disguise them more and more, and count what the rules still find.

    Prints the recall of each typology, bare and in every disguise at strengths 1 to 4. Takes some minutes.

    Exit codes: 0 measured, whatever was found; 2 a file, rule or setting cannot be used.
    """
    ruleset = load_rules(settings.rules_folder())
    engine = AccountsEngine(ruleset, load_knowledge(("demo",), ()))
    chosen = disguises or tuple(MUTATIONS)
    columns = (TextColumn("measuring"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("", total=1 + len(chosen) * len(STRENGTHS))
        measured = measure(
            engine,
            seed=seed,
            each=each,
            accounts=accounts,
            days=days,
            disguises=chosen,
            processes=processes or os.cpu_count() or 1,
            progress=lambda _: progress.advance(task),
        )
    if save is not None:
        quiet = measure_quiet(engine, seed=seed)
        _save(save, Saved.of(measured, quiet, ruleset, accounts=accounts, days=days, each=each, seed=seed))
    rows = _rows(measured)
    Output(as_json).rows("Patterns found", ("disguise", "strength", "typology", "planted", "read", "told", "by_rule"), rows)


def _save(folder: Path, saved: Saved) -> None:
    try:
        (folder / FILE).write_bytes(msgspec.json.encode(saved) + b"\n")
        (folder / "evasion.md").write_text(page(saved), "utf-8")
    except OSError as error:
        raise SettingsError([f"{folder}: {error.strerror}"]) from None


def _rows(measured: Measured) -> list[tuple[Any, ...]]:
    return [
        (disguise or "bare", strength, kind, *msgspec.structs.astuple(found))
        for (disguise, strength), cell in measured.items()
        for kind, found in cell.items()
    ]
