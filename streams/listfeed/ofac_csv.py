"""The OFAC CSV set: a primary file with its aliases, postal addresses and continued remarks.

The files have no header. Each ends with the byte 0x1A, null is `-0- `, programs are joined as `A] [B`. Remarks are cut
at exactly 1,000 characters and go on in the comments file in the middle of a word, of an address even: the two parts
are joined with nothing between them before anything is read from them.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from enum import StrEnum

import msgspec

from rules.lists import Alias, EntryKind, LeftOut, ListEntry, SanctionsList

from .errors import ListError, ListTruncated, ListUnrecognised
from .remarks import list_name, read_remarks, with_vessel_facts

_END = b"\x1a"
_CUT_AT = 1000
_NULL = "-0-"
_KINDS = {
    _NULL: EntryKind.ENTITY,
    "entity": EntryKind.ENTITY,
    "individual": EntryKind.INDIVIDUAL,
    "vessel": EntryKind.VESSEL,
    "aircraft": EntryKind.AIRCRAFT,
}
_LOOKS_LIKE_ROW = re.compile(rb"\s*\d{1,9}\s*,").match


class Part(StrEnum):
    """The four files of a set."""

    PRIMARY = "primary"
    ALIASES = "aliases"
    PLACES = "postal addresses"
    COMMENTS = "comments"


_PART_OF_WIDTH = {12: Part.PRIMARY, 5: Part.ALIASES, 6: Part.PLACES, 2: Part.COMMENTS}


class Row(msgspec.Struct, frozen=True):
    """A row and the line it ends on."""

    line: int
    fields: tuple[str, ...]

    @property
    def entry_id(self) -> str:
        """The number of the entry the row belongs to."""
        return self.fields[0]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a set."""

    source: str
    part: Part
    rows: tuple[Row, ...]
    entry_ids: frozenset[str]
    ended: bool


def looks_like_csv(head: bytes) -> bool:
    """Whether the beginning of a file could be one of the set: it starts with an entry number."""
    return _LOOKS_LIKE_ROW(head) is not None


def is_empty(data: bytes) -> bool:
    """Whether a file holds its end mark and nothing else, as the comments of a small set may."""
    return data.strip() == _END


def read_table(data: bytes, source: str) -> Table:
    """Reads one file of a set and tells by its content which one it is.

    Raises ListUnrecognised when it is none, ListTruncated when the last row is broken, ListError for any other row
    that has not the number of fields of its file.
    """
    body, ended = _body(data, source)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("latin-1")  # the exports were Latin-1 for years; every byte is a character of it
    if "\0" in text or not looks_like_csv(text[:20].encode()):
        raise ListUnrecognised(source, "not a file of the OFAC CSV set")
    rows = _rows(text, source, ended)
    part = _part(rows[0], source)
    width = len(rows[0].fields)
    for row in rows:
        if len(row.fields) != width or not row.entry_id.isdecimal():
            reason = f"{len(row.fields)} fields where {width} and an entry number are expected"
            if row is rows[-1] and not ended:
                raise ListTruncated(source, f"the file ends within a row: {reason}", row.line)
            raise ListError(source, reason, row.line)
    _check_last_row(body, rows[-1], source, ended)
    ids = frozenset(row.entry_id for row in rows)
    return Table(source=source, part=part, rows=rows, entry_ids=ids, ended=ended)


def _body(data: bytes, source: str) -> tuple[bytes, bool]:
    stripped = data.rstrip(b"\r\n \t")
    if not stripped.rstrip(_END).strip():
        raise ListTruncated(source, "the file is empty")
    ended = stripped.endswith(_END)
    body = stripped.rstrip(_END) if ended else data
    if _END in body:
        raise ListError(source, "there is more after the end mark 0x1A")
    return body, ended


def _rows(text: str, source: str, ended: bool) -> tuple[Row, ...]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    try:
        for fields in reader:
            if fields:
                fields[0] = fields[0].strip()
                rows.append(Row(reader.line_num, tuple(fields)))
    except csv.Error as error:
        kind = ListError if ended else ListTruncated
        raise kind(source, f"not readable as CSV: {error}", reader.line_num) from None
    return tuple(rows)


def _part(row: Row, source: str) -> Part:
    part = _PART_OF_WIDTH.get(len(row.fields))
    if part is None or not row.entry_id.isdecimal() or not _fits(part, row.fields):
        raise ListUnrecognised(source, "the first row is not one of the OFAC CSV set", row.line)
    return part


def _fits(part: Part, fields: Sequence[str]) -> bool:
    match part:
        case Part.PRIMARY:
            return fields[2].strip() in _KINDS
        case Part.ALIASES:
            return fields[1].strip().isdecimal() and fields[2].strip() in ("aka", "fka", "nka")
        case Part.PLACES:
            return fields[1].strip().isdecimal()
        case Part.COMMENTS:
            return bool(fields[1])


def _check_last_row(body: bytes, last: Row, source: str, ended: bool) -> None:
    """A file without end mark and without a last line break has to end with a whole field."""
    if ended or body.endswith((b"\n", b"\r")):
        return
    if not body.endswith((b'"', b"-0- ")):
        raise ListTruncated(source, "the file ends within a field", last.line)


def build(
    primary: Table, others: Sequence[Table], *, published: date | None = None, name: str | None = None
) -> SanctionsList:
    """The list of one set. Entries that a missing or foreign part would leave incomplete raise ListError."""
    by_part: dict[Part, list[Row]] = defaultdict(list)
    for table in others:
        by_part[table.part].extend(table.rows)
    continued: dict[str, str] = defaultdict(str)
    for row in by_part[Part.COMMENTS]:
        continued[row.entry_id] += row.fields[1]
    aliases: dict[str, list[Alias]] = defaultdict(list)
    for row in by_part[Part.ALIASES]:
        aliases[row.entry_id].append(Alias(name=row.fields[3].strip(), kind=row.fields[2]))
    countries: dict[str, list[str]] = defaultdict(list)
    for row in by_part[Part.PLACES]:
        countries[row.entry_id].append(_value(row.fields[4]))
    entries: dict[str, ListEntry] = {}
    left_out: list[LeftOut] = []
    source = name or list_name(_programs(row.fields[3]) for row in primary.rows)
    for row in primary.rows:
        _check_remarks(row, continued, primary.source)
        entry = _entry(row, source, continued[row.entry_id], aliases[row.entry_id], countries[row.entry_id])
        if entries.setdefault(row.entry_id, entry) != entry:
            raise ListError(primary.source, f"entry {row.entry_id} stands twice with different content", row.line)
        if entries[row.entry_id] is not entry:
            left_out.append(LeftOut(entry_id=row.entry_id, reason="the same entry stands twice"))
    notes = [f"no file of {part.value}" for part in Part if part is not Part.PRIMARY and not by_part[part]]
    notes += [f"{table.source}: no end mark" for table in (primary, *others) if not table.ended]
    for part, rows in by_part.items():
        strangers = sum(row.entry_id not in primary.entry_ids for row in rows)
        if strangers:
            notes.append(f"{strangers} rows of {part.value} belong to entries that the primary file lacks")
    return SanctionsList.of(source, entries.values(), published=published, left_out=left_out, notes=notes)


def _check_remarks(row: Row, continued: dict[str, str], source: str) -> None:
    remarks = row.fields[11]
    if len(remarks) >= _CUT_AT and not remarks.endswith(".") and row.entry_id not in continued:
        reason = f"the remarks of entry {row.entry_id} are cut and the comments file does not continue them"
        raise ListTruncated(source, reason, row.line)


_VESSEL_FIELDS = (5, 6, 7, 8, 10)  # call sign, type, tonnage, gross registered tonnage, owner


def _value(field: str) -> str:
    value = field.strip()
    return "" if value == _NULL else value


def _programs(field: str) -> tuple[str, ...]:
    return tuple(each for part in _value(field).split("] [") if (each := part.strip("[] ")))


def _entry(row: Row, source: str, continuation: str, aliases: Sequence[Alias], countries: Sequence[str]) -> ListEntry:
    remarks = ("" if row.fields[11].strip() == _NULL else row.fields[11]) + continuation
    facts = read_remarks(remarks)
    strong = {alias.name for alias in aliases}
    flag = _value(row.fields[9])
    return ListEntry(
        entry_id=row.entry_id,
        name=_value(row.fields[1]),
        source=source,
        kind=_KINDS.get(row.fields[2].strip(), EntryKind.ENTITY),
        programs=_programs(row.fields[3]),
        aliases=(*aliases, *(alias for alias in facts.aliases if alias.name not in strong)),
        addresses=facts.addresses,
        dates_of_birth=facts.dates_of_birth,
        places_of_birth=facts.places_of_birth,
        nationalities=facts.nationalities,
        countries=tuple(dict.fromkeys(each for each in (*countries, flag) if each)),
        linked_to=facts.linked_to,
        gender=facts.gender,
        title=_value(row.fields[4]) or None,
        remarks=with_vessel_facts(remarks, (_value(row.fields[at]) for at in _VESSEL_FIELDS)),
        identifiers=facts.identifiers,
    )
