"""Where lists come from: files, folders, URLs and the built-in demo list, told apart by content.

No OFAC CSV file tells when it was published, and the time stamp of a file lies after a copy. The publication date of a
CSV set is therefore taken from the `Last-Modified` header of its URL, or from a file `published.toml` beside the
set that holds a line such as `published = 2026-08-20`; without either it is unknown, and so is the age of the list.
XML files carry their date. The same file may give the list another `name` than OFAC's own.
"""

from __future__ import annotations

import gzip
import re
import tempfile
import tomllib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import IO, cast

import msgspec

from rules.lists import SanctionsList, Watchlist, merge

from . import ofac_csv
from .download import Patience
from .errors import ListError, ListTruncated, ListUnreachable, ListUnrecognised
from .formats import HEAD_BYTES, Reader, is_xml, reader_of
from .ofac_csv import Part, Table
from .remote import SETS, bring, siblings

# Four entries of July 2025 (the DPRK IT-worker network, none with an address) and the Lazarus Group with its addresses,
# in the official CSV form. Facts we cannot vouch for are left out; the alias numbers in alt.csv are our own.
DEMO = "demo"
BESIDE_FILE = "published.toml"
_URL = re.compile(r"https?://", re.IGNORECASE).match

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_TWICE = Patience(attempts=2)  # somebody waits for the answer of a command


def is_url(source: str) -> bool:
    """Whether a source is fetched over the network."""
    return _URL(source) is not None


# Unreadable files of these names are a fault; names never tell what a file contains.
_OFFICIAL_STEMS = frozenset({stem for stems in SETS for stem in stems} | {"consolidated"})


class Beside(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file beside a CSV set says about it."""

    published: date | None = None
    name: str | None = None


def load_lists(sources: Sequence[str]) -> Watchlist:
    """All lists of some sources as one watchlist.

    A source is a file, a folder (its files and those one level below, in any case), an http(s) URL or the word `demo`.
    Raises ListError when any of them cannot be loaded whole.
    """
    return merge(listing for source in sources for listing in load_list(source))


def load_list(source: str) -> list[SanctionsList]:
    """The lists of one source, a folder may hold several. Raises ListError."""
    if source == DEMO:
        return _folder(files("streams.listfeed").joinpath("demo"), DEMO)
    if is_url(source):
        return _url(source)
    path = Path(source).expanduser()
    try:
        if path.is_dir():
            return _folder(path, source)
        if path.is_file():
            return [_file(path)]
    except OSError as error:
        raise ListUnreachable(source, error.strerror or type(error).__name__) from None
    raise ListUnreachable(source, "no such file or folder")


def _file(path: Path) -> SanctionsList:
    with unpacked(path) as stream:
        reader = _reader(stream, str(path))
        if reader is not None:
            return reader(stream, str(path))
        table = ofac_csv.read_table(stream.read(), str(path))
    _need_primary(table)
    wanted = siblings(path.name.partition(".")[0])
    beside = [each for each in path.parent.iterdir() if _names_one_of(each, wanted)]
    tables = [ofac_csv.read_table(_whole(each), str(each)) for each in _not_empty(beside)]
    return _sets([table, *tables], _beside(path.parent, str(path)))[0]


@contextmanager
def unpacked(file: Traversable, source: str = "") -> Iterator[IO[bytes]]:
    """A file opened, unpacked as it is read where it is packed by gzip. Raises ListError for a broken or a ZIP archive."""
    label = source or str(file)
    with file.open("rb") as stream:
        magic = stream.read(4)
        stream.seek(0)
        if magic == _ZIP:
            raise ListError(label, "a ZIP archive: unpack it")
        if not magic.startswith(_GZIP):
            yield stream
            return
        try:
            with gzip.GzipFile(fileobj=stream) as plain:
                yield cast(IO[bytes], plain)
        except EOFError:
            raise ListTruncated(label, "the archive ends too early") from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise ListError(label, f"cannot be unpacked: {error}") from None


def _whole(file: Traversable) -> bytes:
    with unpacked(file) as stream:
        return stream.read()


def _reader(stream: IO[bytes], source: str) -> Reader | None:
    """The reader of the list in a stream, which is left at its beginning; None for a file of the OFAC CSV set."""
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    reader = reader_of(head, source)
    if reader is None and is_xml(head):
        raise ListUnrecognised(source, "an XML document, but no official list")
    return reader


def _url(url: str) -> list[SanctionsList]:
    with tempfile.TemporaryDirectory(prefix="lockgate-list-") as folder:
        bring(url, Path(folder), patience=_TWICE)
        return load_folder(Path(folder), url)


def load_folder(folder: Path, url: str) -> list[SanctionsList]:
    """The lists of a folder into which a URL was brought; what is wrong with them is told of the URL. Raises ListError."""
    try:
        return _folder(folder, str(folder))
    except ListError as error:
        raise type(error)(url, error.reason, error.line) from None


def _names_one_of(file: Path, stems: Iterable[str]) -> bool:
    stem, _, ending = file.name.lower().partition(".")
    return stem in stems and ending in ("csv", "csv.gz")


def _need_primary(table: Table) -> None:
    if table.part is not Part.PRIMARY:
        raise ListUnrecognised(table.source, f"holds only the {table.part.value} of a list; name its primary file")


def _not_empty(found: Iterable[Traversable]) -> list[Traversable]:
    return [each for each in sorted(found, key=lambda each: each.name) if not _is_empty(each)]


def _is_empty(file: Traversable) -> bool:
    with unpacked(file) as stream:
        return ofac_csv.is_empty(stream.read(HEAD_BYTES))


def _beside(folder: Traversable, source: str) -> Beside:
    file = folder.joinpath(BESIDE_FILE)
    if not file.is_file():
        return Beside()
    try:
        facts = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Beside)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ListError(f"{source.rstrip('/')}/{BESIDE_FILE}", str(error)) from None
    return facts


def _folder(folder: Traversable, source: str) -> list[SanctionsList]:
    below = [each for each in folder.iterdir() if each.is_dir() and not each.name.startswith((".", "__"))]
    lists: list[SanctionsList] = []
    for each in (folder, *sorted(below, key=lambda each: each.name)):
        label = source if each is folder else f"{source.rstrip('/')}/{each.name}"
        lists.extend(_one_folder(each, label))
    if not lists:
        raise ListUnrecognised(source, "no official list in this folder")
    return lists


def _one_folder(folder: Traversable, source: str) -> list[SanctionsList]:
    lists: list[SanctionsList] = []
    tables: list[Table] = []
    ignored: list[str] = []
    for each in _not_empty(each for each in folder.iterdir() if each.is_file()):
        label = f"{source.rstrip('/')}/{each.name}"
        with unpacked(each, label) as stream:
            head = stream.read(HEAD_BYTES)
            reader = reader_of(head, label)
            if reader is not None:
                stream.seek(0)
                lists.append(reader(stream, label))
                continue
        official = each.name.lower().rpartition(".")[0] in _OFFICIAL_STEMS
        if official or ofac_csv.looks_like_csv(head):
            tables.append(ofac_csv.read_table(_whole(each), label))
        elif each.name != BESIDE_FILE and not each.name.startswith("."):
            ignored.append(f"{label}: not an official list")
    lists += _sets(tables, _beside(folder, source))
    if lists and ignored:
        lists[0] = msgspec.structs.replace(lists[0], notes=(*lists[0].notes, *ignored))
    return lists


def _sets(tables: Sequence[Table], beside: Beside) -> list[SanctionsList]:
    """Puts each file to the primary file it has the most entries in common with, and builds the lists."""
    sets: dict[str, tuple[Table, list[Table]]] = {
        table.source: (table, []) for table in tables if table.part is Part.PRIMARY
    }
    for table in tables:
        if table.part is Part.PRIMARY:
            continue
        if not sets:
            raise ListUnrecognised(table.source, f"holds only the {table.part.value} of a list, its primary is missing")
        primary, others = max(sets.values(), key=lambda each: len(each[0].entry_ids & table.entry_ids))
        if any(other.part is table.part for other in others):
            raise ListError(table.source, f"a second file of {table.part.value} for {primary.source}")
        others.append(table)
    return [
        ofac_csv.build(primary, others, published=beside.published, name=beside.name) for primary, others in sets.values()
    ]
