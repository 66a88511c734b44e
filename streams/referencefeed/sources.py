"""Where reference lists come from: files and folders, and the built-in list of embargoed jurisdictions."""

from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

from rules.reference import ListKind, Reference, ReferenceList, combine
from streams.errors import ListsError
from streams.listfeed import ListError
from streams.listfeed.errors import ListUnreachable
from streams.referencefeed.table import read

_ENDINGS: Final = {".csv", ".txt"}  # what counts as a list in a folder
_DEFAULT: Final = "jurisdictions.csv"


def load_reference(sources: Sequence[str]) -> Reference:
    """The lists of some files and folders. The built-in jurisdictions are in force unless one of them holds jurisdictions.

    Raises:
        ListsError: naming each source that cannot be used.
    """
    lists: list[ReferenceList] = []
    faults: list[str] = []
    for source in sources:
        try:
            paths = _paths(source)
        except ListError as error:
            faults.append(f"reference: {error}")
            continue
        for path in paths:
            try:
                lists.append(_file(path))
            except ListError as error:
                faults.append(f"reference: {error}")
    if faults:
        raise ListsError(faults)
    if not any(each.kind is ListKind.JURISDICTIONS for each in lists):
        built_in = files("streams.referencefeed").joinpath("default", _DEFAULT)
        lists.append(read(built_in.read_bytes(), _DEFAULT, "built-in"))
    return combine(lists)


def _paths(source: str) -> Iterable[Path]:
    path = Path(source).expanduser()
    try:
        if path.is_file():
            return [path]
        if path.is_dir():
            found = sorted(
                each
                for each in path.rglob("*")
                if each.is_file() and each.suffix.lower() in _ENDINGS and not each.name.startswith(".")
            )
            if not found:
                raise ListError(source, "no .csv or .txt file in this folder")
            return found
    except OSError as error:
        raise ListUnreachable(source, error.strerror or type(error).__name__) from None
    raise ListUnreachable(source, "no such file or folder")


def _file(path: Path) -> ReferenceList:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ListUnreachable(str(path), error.strerror or type(error).__name__) from None
    return read(data, str(path), path.stem)
