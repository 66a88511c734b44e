"""A reference list file: comment lines that say what it is, then CSV with a header, or one network a line.

    # published: 2026-11-20
    # name: Example Analytics
    # rows: 2
    address,entity,category,confidence,source
    bc1q...,Example Mixer,mixer,90,own investigation

`published` must be there. `rows`, where given, must be right: so a file that was cut off is noticed. A file without a CSV
header needs `# access: tor` (or vpn, proxy, hosting) and holds one network or address a line, as such lists are published.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

import msgspec

from rules.reference import Access, LeftOutRow, ListKind, ReferenceList, Row, fault
from streams.listfeed import ListError

_TOLD: Final = {"published", "name", "rows", "access"}
_JOINED: Final = {"aliases"}  # columns that hold several values, separated by semicolons
_CODES: Final = {"jurisdiction", "country", "code"}
_LOWER: Final = {"tier", "kind", "risk", "category"}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the comment lines of a file say about it."""

    published: date
    name: str | None = None
    rows: int | None = None
    access: Access | None = None


def read(data: bytes, source: str, stem: str) -> ReferenceList:
    """The list in a file; `stem` names it when the file does not.

    Raises:
        ListError: the file as a whole cannot be used. A single bad row is left out, with its reason.
    """
    lines = _lines(data, source)
    told = _told(lines, source)
    body = [(number, line) for number, line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not body:
        raise ListError(source, "there is no row in it")
    if told.access is not None and "," not in body[0][1]:
        kind, rows = ListKind.NETWORKS, _plain(body, told.access)
    else:
        kind, rows = _table(body, source)
    kept, left_out = _sifted(kind, rows)
    if told.rows is not None and told.rows != len(kept) + len(left_out):
        raise ListError(source, f"it says that it holds {told.rows} rows, and has {len(kept) + len(left_out)}")
    if not kept or len(left_out) > len(kept):
        first = f": line {left_out[0].line}: {left_out[0].reason}" if left_out else ""
        raise ListError(source, f"only {len(kept)} of {len(kept) + len(left_out)} rows can be used{first}")
    return ReferenceList.of(told.name or stem, kind, told.published, kept, left_out)


def _lines(data: bytes, source: str) -> list[tuple[int, str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ListError(source, f"not UTF-8 at byte {error.start}") from None
    return list(enumerate(text.splitlines(), 1))


def _told(lines: Iterable[tuple[int, str]], source: str) -> Told:
    """The `# name: value` lines; other comments are just comments."""
    values: dict[str, str] = {}
    for _, line in lines:
        text = line.strip()
        if text.startswith("#"):
            name, colon, value = text[1:].partition(":")
            if colon and name.strip().lower() in _TOLD:
                values[name.strip().lower()] = value.strip()
    if "published" not in values:
        raise ListError(source, "no date: add a line such as '# published: 2026-11-20'")
    try:
        return msgspec.convert(values, Told, strict=False)
    except msgspec.ValidationError as error:
        raise ListError(source, f"in its comment lines: {error}") from None


def _plain(body: Iterable[tuple[int, str]], access: Access) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for number, line in body:
        yield number, {"network": line.partition("#")[0].strip(), "kind": access.value}


def _table(body: list[tuple[int, str]], source: str) -> tuple[ListKind, Iterator[tuple[int, dict[str, Any] | str]]]:
    """The rows under a CSV header; its columns tell what kind of list it is."""
    columns = [column.strip().lower() for column in next(csv.reader([body[0][1]]))]
    for kind in ListKind:
        fields = {field.name: field for field in msgspec.structs.fields(kind.row)}
        if {name for name, field in fields.items() if field.required} <= set(columns):
            break
    else:
        forms = "; ".join(f"{kind}: {', '.join(_required(kind))}" for kind in ListKind)
        raise ListError(source, f"the header has the columns of no list. {forms}", body[0][0])
    unknown = [column for column in columns if column not in fields]
    if unknown or len(set(columns)) < len(columns):
        raise ListError(source, f"columns of no meaning, or twice, for {kind}: {', '.join(unknown or columns)}", body[0][0])
    return kind, _cells(body[1:], columns)


def _required(kind: ListKind) -> list[str]:
    return [field.name for field in msgspec.structs.fields(kind.row) if field.required]


def _cells(body: Iterable[tuple[int, str]], columns: list[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for number, line in body:
        try:
            cells = next(csv.reader([line], strict=True))
        except csv.Error as error:
            yield number, f"not readable as CSV: {error}"
            continue
        if len(cells) != len(columns):
            yield number, f"{len(cells)} fields where {len(columns)} are expected"
            continue
        yield number, {name: _value(name, cell) for name, cell in zip(columns, cells, strict=True) if cell.strip()}


def _value(name: str, cell: str) -> str | list[str]:
    text = cell.strip()
    if name in _JOINED:
        return [part.strip() for part in text.split(";") if part.strip()]
    return text.upper() if name in _CODES else text.lower() if name in _LOWER else text


def _sifted(kind: ListKind, rows: Iterable[tuple[int, dict[str, Any] | str]]) -> tuple[list[Row], list[LeftOutRow]]:
    kept: dict[Any, Row] = {}
    left_out: list[LeftOutRow] = []
    for number, cells in rows:
        reason: str | None
        if isinstance(cells, str):
            reason = cells
        else:
            try:
                row = msgspec.convert(cells, kind.row, strict=False)
            except msgspec.ValidationError as error:
                reason = str(error)
            else:
                reason = fault(row)
                key = cells["code"] if kind is ListKind.JURISDICTIONS else row
                if reason is None and kept.setdefault(key, row) is not row:
                    reason = "the same stands twice"
        if reason is not None:
            left_out.append(LeftOutRow(number, reason))
    return list(kept.values()), left_out
