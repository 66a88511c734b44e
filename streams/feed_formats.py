"""The files `lockgate feed` reads: transfers as JSON lines, CSV, or CCXT's unified transactions.

Every reader yields lists of lines, each line one transfer as JSON. JSON lines come out untouched. What cannot be
turned into a transfer comes out as it is too: whoever decodes it says what is wrong with it.
"""

import csv
import gzip
import io
import select
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import msgspec

_BLOCK_BYTES: Final = 1024 * 1024
_CHUNK_LINES: Final = 2000  # judgement: some 600 kB a chunk

_decode: Final = msgspec.json.Decoder(float_hook=Decimal).decode  # a JSON number keeps its digits
_encode: Final = msgspec.json.Encoder().encode
_encode_as_is: Final = msgspec.json.Encoder(decimal_format="number").encode

# CCXT's names for a status; what has not been booked is no transfer yet, or never will be one.
_BOOKED: Final = "ok"


class Format(StrEnum):
    """How a file is written."""

    JSONL = "jsonl"
    CSV = "csv"
    CCXT = "ccxt"


class CcxtOptions(msgspec.Struct):
    """What CCXT does not say, and what was left out for it."""

    account: str | None = None
    prices: Mapping[str, Decimal] = {}
    left_out: int = 0
    without_price: set[str] = msgspec.field(default_factory=set)


def open_file(path: Path) -> BinaryIO:
    """The file for reading, unpacked when its name ends in .gz. Raises OSError."""
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    return path.open("rb")


def guess_format(name: str, beginning: bytes) -> Format:
    """By the ending of the name, else by what the first object of the file is made of."""
    if name.removesuffix(".gz").endswith(".csv"):
        return Format.CSV
    text = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"[":
        return Format.CCXT
    try:
        first = _decode(text.split(b"\n", 1)[0])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Format.JSONL
    is_ccxt = isinstance(first, dict) and "currency" in first and "event_id" not in first
    return Format.CCXT if is_ccxt else Format.JSONL


def read_lines(stream: BinaryIO, *, poll_seconds: float | None = None) -> Iterator[list[bytes]]:
    """The lines of a stream without their ends, blank ones left out; what has arrived so far is yielded at once.

    With `poll_seconds` an empty list comes whenever so long nothing has arrived: a pipe can be given up then.
    """
    read = getattr(stream, "read1", stream.read)
    rest: list[bytes] = []
    while block := read(_BLOCK_BYTES):
        head, newline, tail = block.rpartition(b"\n")
        if newline:
            rest.append(head)
            yield [line for line in b"".join(rest).split(b"\n") if line and not line.isspace()]
            rest = [tail]
        else:
            rest.append(block)
        # One read empties what a peek has buffered, so that waiting for the descriptor misses nothing.
        while poll_seconds is not None and not select.select([stream], [], [], poll_seconds)[0]:
            yield []
    last = b"".join(rest)
    if last and not last.isspace():
        yield [last]


def read_csv(stream: BinaryIO) -> Iterator[list[bytes]]:
    """One transfer a row: columns are the contract's field names, `counterparty.name` for nested ones.

    Several addresses stand in one cell, separated by `|`. An empty cell is a missing field. The separator is a comma,
    or a semicolon where the header has no comma. Raises csv.Error, UnicodeDecodeError.
    """
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    header = text.readline()
    delimiter = ";" if ";" in header and "," not in header else ","
    names = next(csv.reader([header], delimiter=delimiter), [])
    rows = csv.DictReader(text, fieldnames=[name.strip() for name in names], delimiter=delimiter, strict=True)
    yield from _chunks(_encode(_from_row(row)) for row in rows)


def _from_row(row: Mapping[str | None, Any]) -> dict[str, Any]:
    if None in row:  # more cells than columns: an unquoted comma has shifted them
        return {"row": [cell for cells in row.values() for cell in (cells if isinstance(cells, list) else [cells])]}
    transfer: dict[str, Any] = {"addresses": []}
    for name, cell in row.items():
        if not cell or name is None:
            continue
        if name == "addresses":
            transfer[name] = [part.strip() for part in cell.split("|") if part.strip()]
            continue
        parent, dot, leaf = name.partition(".")
        where = transfer.setdefault(parent, {}) if dot else transfer
        if isinstance(where, dict):
            is_epoch = name in ("occurred_at", "account.opened_at") and cell.isascii() and cell.isdigit()
            where[leaf or name] = int(cell) if is_epoch else cell
    return transfer


def read_ccxt(stream: BinaryIO, options: CcxtOptions) -> Iterator[list[bytes]]:
    """CCXT's unified transaction structures, a JSON array or one a line.

    Those whose status is not `ok` are left out and counted in `options`. Raises msgspec.DecodeError for an array that
    is not valid JSON.
    """
    beginning = stream.read(_BLOCK_BYTES)
    if beginning.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"[":
        items = _decode(beginning.removeprefix(b"\xef\xbb\xbf") + stream.read())
        yield from _chunks(line for item in items if (line := _from_ccxt(item, options)) is not None)
        return
    rest = b""
    while beginning:
        *lines, rest = (rest + beginning).split(b"\n")
        yield [out for line in lines if (out := _from_ccxt_line(line, options)) is not None]
        beginning = stream.read(_BLOCK_BYTES)
    if (out := _from_ccxt_line(rest, options)) is not None:
        yield [out]


def _from_ccxt_line(line: bytes, options: CcxtOptions) -> bytes | None:
    if not line or line.isspace():
        return None
    try:
        return _from_ccxt(_decode(line), options)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return line


def _from_ccxt(item: Any, options: CcxtOptions) -> bytes | None:
    if not isinstance(item, dict) or "event_id" in item:
        return _encode_as_is(item)  # a transfer already, or nothing we know
    if item.get("status") not in (None, _BOOKED):
        options.left_out += 1
        return None
    incoming = item.get("type") == "deposit"
    # In CCXT `address` is the account's own address for a deposit, the recipient's for a withdrawal, unless the
    # exchange names both ends.
    theirs = item.get("addressFrom") if incoming else item.get("addressTo") or item.get("address")
    ours = (item.get("addressTo") or item.get("address")) if incoming else item.get("addressFrom")
    transfer = {
        "event_id": item.get("id") or item.get("txid"),
        "kind": item.get("type"),
        "account_id": item.get("account_id") or item.get("account") or options.account,
        "asset": item.get("currency"),
        "network": item.get("network"),
        "amount": _number(item.get("amount")),
        "value_usd": _number(item.get("value_usd")) or _value(item, options),
        "addresses": [theirs] if theirs else [],
        "own_address": ours,
        "tag": item.get("tagFrom") if incoming else item.get("tagTo") or item.get("tag"),
        "memo": item.get("comment"),
        "tx_hash": item.get("txid"),
        "occurred_at": item.get("timestamp") or item.get("datetime"),
    }
    return _encode({name: value for name, value in transfer.items() if value is not None})


def _value(item: Mapping[str, Any], options: CcxtOptions) -> str | None:
    asset, amount = item.get("currency"), _number(item.get("amount"))
    price = options.prices.get(str(asset).upper())
    if price is None:
        options.without_price.add(str(asset))
        return None
    return None if amount is None else f"{Decimal(amount) * price:.6f}"


def _number(value: Any) -> str | None:
    """A JSON number or text as the plain decimal text of the contract; None when it is neither."""
    if value is None or isinstance(value, bool):
        return None
    try:
        return f"{Decimal(str(value)):f}"
    except InvalidOperation:
        return None


def _chunks(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    chunk: list[bytes] = []
    for line in lines:
        chunk.append(line)
        if len(chunk) >= _CHUNK_LINES:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
