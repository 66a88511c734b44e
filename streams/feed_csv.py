"""CSV as transfers: columns named as in the contract, or any columns with a mapping file that says what they are.

A mapping is a TOML file (docs/adapters.md has a worked one):

    delimiter = ";"                   # default: comma, or semicolon where the header has no comma
    encoding = "cp1252"               # default: UTF-8
    decimal = ","                     # decimal comma; the dot is then a thousands separator
    signed = true                     # amounts with a minus leave; without a column for kind that says it
    time_format = "%d.%m.%Y %H:%M"    # default: RFC 3339, or digits: milliseconds since the epoch
    timezone = "Europe/Berlin"        # of times without an offset
    epoch = "seconds"                 # default: milliseconds

    [columns]                         # contract field -> column
    event_id = "Ref"
    kind = { column = "Direction", values = { IN = "deposit", OUT = "withdrawal" } }
    value_usd = { column = "Worth EUR", rate = "1.16" }   # dollars for one
    addresses = { deposit = "From", withdrawal = "To", separator = " " }
    "counterparty.name" = "Recipient"

    [constants]                       # contract field -> value, where the column is missing or empty
    network = "ethereum"
"""

import codecs
import csv
import io
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from rules.transfer import AccountFacts, Party, Transfer
from streams.errors import SettingsError
from streams.feed_ccxt import CcxtOptions, value_at
from streams.feed_formats import chunked
from streams.feed_numbers import Mark, is_negative, plain_number

_TIMES: Final = ("occurred_at", "account.opened_at")
_NUMBERS: Final = ("amount", "value_usd")
_NESTED: Final = {"counterparty": Party, "account": AccountFacts}
_FIELDS: Final = frozenset(
    name if name not in _NESTED else f"{name}.{leaf}"
    for name in Transfer.__struct_fields__
    for leaf in (_NESTED[name].__struct_fields__ if name in _NESTED else ("",))
)
_encode: Final = msgspec.json.Encoder().encode


class Column(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a field comes from: one column, or one for each kind; what its values mean; what separates several."""

    column: str | None = None
    deposit: str | None = None
    withdrawal: str | None = None
    values: dict[str, str] = {}
    separator: str = "|"
    rate: Decimal | None = None

    def name_for(self, kind: str | None) -> str | None:
        """The column to read for a transfer of that kind."""
        by_kind = {"deposit": self.deposit, "withdrawal": self.withdrawal}
        return by_kind.get(kind or "") or self.column


class CsvMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"decimal_mark": "decimal"}):
    """A mapping file. Without one every contract field is its own column."""

    columns: dict[str, str | Column] = {}
    constants: dict[str, str] = {}
    delimiter: str | None = None
    encoding: str = "utf-8-sig"
    decimal_mark: Mark = "."
    signed: bool = False
    time_format: str | None = None
    timezone: str | None = None
    epoch: Literal["milliseconds", "seconds"] = "milliseconds"

    def column(self, field: str) -> Column | None:
        """Where a field comes from; None when no column is named for it."""
        named = self.columns.get(field)
        return Column(column=named) if isinstance(named, str) else named


def load_mapping(path: Path) -> CsvMapping:
    """Read a mapping file. Raises SettingsError with every fault."""
    try:
        mapping = msgspec.convert(tomllib.loads(path.read_text("utf-8")), CsvMapping)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise SettingsError([f"{path}: {error}"]) from None
    faults = [
        f"{path}: {field} is no field of a transfer"
        for field in {**mapping.columns, **mapping.constants}
        if field not in _FIELDS
    ]
    for field in mapping.columns:
        column = mapping.column(field)
        if column is not None and not (column.column or (column.deposit and column.withdrawal)):
            faults.append(f"{path}: {field} names no column (for both kinds)")
        if column is not None and column.rate is not None and (field != "value_usd" or column.rate <= 0):
            faults.append(f"{path}: {field}: a rate is dollars for one of value_usd, above zero")
    if mapping.signed and mapping.column("amount") is None:
        faults.append(f"{path}: signed: amount names no column")
    try:
        codecs.lookup(mapping.encoding)
    except LookupError:
        faults.append(f"{path}: there is no encoding {mapping.encoding!r}")
    if mapping.timezone is not None:
        try:
            ZoneInfo(mapping.timezone)
        except (KeyError, ValueError, OSError):
            faults.append(f"{path}: there is no time zone {mapping.timezone!r}")
    if mapping.delimiter is not None and len(mapping.delimiter) != 1:
        faults.append(f"{path}: delimiter: one character")
    if faults:
        raise SettingsError(faults)
    return mapping


def read_csv(
    stream: BinaryIO, mapping: CsvMapping | None = None, prices: CcxtOptions | None = None
) -> Iterator[list[bytes]]:
    """One transfer a row.

    Without a mapping columns are the contract's field names, `counterparty.name` for nested ones, and several addresses
    stand in one cell, separated by `|`. An empty cell is a missing field. A row without `value_usd` is worth its amount at
    the price given. Raises csv.Error, UnicodeDecodeError, and SettingsError when the file lacks a mapped column.
    """
    text = io.TextIOWrapper(stream, encoding=mapping.encoding if mapping else "utf-8-sig", newline="")
    header = text.readline()
    given = mapping.delimiter if mapping else None
    delimiter = given or (";" if ";" in header and "," not in header else ",")
    names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
    rows = csv.DictReader(text, fieldnames=names, delimiter=delimiter, strict=True)
    if mapping is None:
        reading = _Reading(CsvMapping(columns={name: name for name in names if name}), prices)
    else:
        _require_columns(mapping, names)
        reading = _Reading(mapping, prices)
    yield from chunked(_encode(reading.transfer(row)) for row in rows)


def _require_columns(mapping: CsvMapping, names: list[str]) -> None:
    wanted = {
        name
        for field in mapping.columns
        if (column := mapping.column(field)) is not None
        for name in (column.column, column.deposit, column.withdrawal)
        if name
    }
    if missing := sorted(wanted - set(names)):
        raise SettingsError([f"the file has no column {name!r}" for name in missing])


class _Reading:
    """Turns rows into transfers. A cell that cannot be read stays as it is: the dead letter will show it."""

    def __init__(self, mapping: CsvMapping, prices: CcxtOptions | None) -> None:
        self._mapping = mapping
        self._prices = prices
        fields = {*mapping.columns, *mapping.constants, *(("kind",) if mapping.signed else ())}
        self._fields = sorted(fields, key=lambda field: (field != "kind", field))  # kind comes first
        self._zone = ZoneInfo(mapping.timezone) if mapping.timezone else None

    def transfer(self, row: Mapping[str | None, Any]) -> dict[str, Any]:
        """One row."""
        if None in row:  # more cells than columns: an unquoted comma has shifted them
            return {"row": [cell for cells in row.values() for cell in (cells if isinstance(cells, list) else [cells])]}
        out: dict[str, Any] = {"addresses": []}
        for field in self._fields:
            value = self._value(field, row, out.get("kind"))
            if value is None:
                continue
            parent, dot, leaf = field.partition(".")
            where = out.setdefault(parent, {}) if dot else out
            if isinstance(where, dict):
                where[leaf or field] = value
        if self._prices is not None and self._prices.prices and "value_usd" not in out:
            worth = value_at(self._prices, out.get("asset"), out.get("amount"))
            out |= {} if worth is None else {"value_usd": worth}
        return out

    def _value(self, field: str, row: Mapping[str | None, Any], kind: Any) -> Any:
        column = self._mapping.column(field)
        name = column.name_for(kind) if column else None
        cell = row.get(name) if name else None
        cell = (cell or "").strip() or self._mapping.constants.get(field)
        if not cell and field == "kind" and self._mapping.signed:
            return self._kind_by_sign(row)
        if not cell:
            return None
        if column and column.values:
            cell = column.values.get(cell, cell)
        if field == "addresses":
            separator = column.separator if column else "|"
            return [part.strip() for part in cell.split(separator) if part.strip()]
        if field in _TIMES:
            return self._time(cell)
        if field in _NUMBERS:
            rate = column.rate if column else None
            return plain_number(cell, self._mapping.decimal_mark, signed=self._mapping.signed, rate=rate)
        return cell

    def _kind_by_sign(self, row: Mapping[str | None, Any]) -> str | None:
        column = self._mapping.column("amount")
        amount = (row.get(column.column) or "").strip() if column else ""
        return None if not amount else "withdrawal" if is_negative(amount) else "deposit"

    def _time(self, cell: str) -> Any:
        if cell.isascii() and cell.isdigit() and self._mapping.time_format is None:
            return int(Decimal(cell) * (1000 if self._mapping.epoch == "seconds" else 1))
        form, zone = self._mapping.time_format, self._zone
        if form is None and zone is None:
            return cell
        try:
            moment = datetime.strptime(cell, form) if form else datetime.fromisoformat(cell)  # noqa: DTZ007  # see below
        except ValueError:
            return cell
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        return moment.isoformat()  # without an offset, where no zone is given, it is refused later
