"""The files `lockgate feed` reads: transfers as JSON lines, CSV (`feed_csv`), or CCXT's unified transactions (`feed_ccxt`).

Every reader yields lists of lines, each line one transfer as JSON. JSON lines come out untouched. What cannot be
turned into a transfer comes out as it is too: whoever decodes it says what is wrong with it.
"""

import gzip
import select
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final, cast

import msgspec

_BLOCK_BYTES: Final = 1024 * 1024
CHUNK_LINES: Final = 2000  # judgement: some 600 kB a chunk

_decode: Final = msgspec.json.Decoder(float_hook=Decimal).decode  # a JSON number keeps its digits


class Format(StrEnum):
    """How a file is written."""

    JSONL = "jsonl"
    CSV = "csv"
    CCXT = "ccxt"


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


def chunked(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Lines, some at a time."""
    chunk: list[bytes] = []
    for line in lines:
        chunk.append(line)
        if len(chunk) >= CHUNK_LINES:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
