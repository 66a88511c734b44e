"""What commands print: a table for people, JSON lines for machines."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table


class Output:
    """Prints to stdout: JSON lines with `--json` or when piped, else tables and sentences."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json or not sys.stdout.isatty()

    def line(self, facts: Any, text: str | None = None) -> None:
        """One JSON object, or `text` for people (where it is None they see the object, too)."""
        click.echo(msgspec.json.encode(facts).decode() if self.as_json or text is None else text)

    def rows(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """A table, or one JSON object a row with the columns as keys."""
        if self.as_json:
            for row in rows:
                self.line(dict(zip(columns, row, strict=True)))
            return
        table = Table(*(column.replace("_", " ") for column in columns), title=title, title_justify="left")
        for row in rows:
            table.add_row(*("" if cell is None else str(cell) for cell in row))
        Console(markup=False).print(table)
