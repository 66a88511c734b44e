"""`lockgate docs`: write the pages of the documentation that come from the code."""

import sys
from pathlib import Path
from typing import Final

import click

from streams.cli.schemas import NotWritten
from streams.reference_pages import pages

_FOLDER: Final = Path("docs")


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=_FOLDER)
@click.option("--check", "only_check", is_flag=True, help="Write nothing; fail when a page is not up to date.")
def docs(folder: Path, only_check: bool) -> None:
    """Write the pages on settings, metrics and commands to FOLDER (docs by default).

    Exit codes: 0 written, or up to date; 1 not up to date (--check); 2 cannot be written.
    """
    stale = []
    for name, text in pages():
        path = folder / name
        if only_check:
            stale += [path] if not path.is_file() or path.read_text("utf-8") != text else []
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        except OSError as error:
            raise NotWritten(f"{error.filename or path}: {error.strerror}") from None
        click.echo(path)
    for path in stale:
        click.echo(f"{path} is not up to date: run `lockgate docs`", err=True)
    sys.exit(1 if stale else 0)
