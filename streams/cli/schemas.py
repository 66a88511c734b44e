"""`lockgate schemas`: write the contracts as JSON Schema and AsyncAPI documents."""

import sys
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from streams.asyncapi import document
from streams.errors import LockgateError
from streams.schemas import file_name
from streams.schemas import schemas as all_schemas

FOLDER: Final = Path("deploy/schemas")
ASYNCAPI: Final = "asyncapi.json"


class NotWritten(LockgateError):
    """The folder cannot be written."""

    exit_code = 2


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=FOLDER)
@click.option("--check", "only_check", is_flag=True, help="Write nothing; fail when a file is not up to date.")
def schemas(folder: Path, only_check: bool) -> None:
    """Write the contracts to FOLDER (deploy/schemas by default): JSON Schema 2020-12, and one AsyncAPI 3.0 document.

    Exit codes: 0 written, or up to date; 1 not up to date (--check); 2 cannot be written.
    """
    files = contract_files()
    if only_check:
        stale = [name for name, text in files.items() if not _is(folder / name, text)]
        for name in stale:
            click.echo(f"{folder / name} is not up to date: run `lockgate schemas`", err=True)
        sys.exit(1 if stale else 0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_bytes(text)
            click.echo(folder / name)
    except OSError as error:
        raise NotWritten(f"{error.filename or folder}: {error.strerror}") from None


def contract_files() -> dict[str, bytes]:
    """The contents of every file by its name."""
    texts: dict[str, Any] = {file_name(name): schema for name, schema in all_schemas()}
    texts[ASYNCAPI] = document()
    return {name: msgspec.json.format(msgspec.json.encode(text)) + b"\n" for name, text in texts.items()}


def _is(path: Path, text: bytes) -> bool:
    return path.is_file() and path.read_bytes() == text
