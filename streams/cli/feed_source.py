"""Where `lockgate feed` takes its transfers from: a file, standard input, or a scenario."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import msgspec

from streams.feed_ccxt import CcxtOptions, read_ccxt
from streams.feed_csv import CsvMapping, read_csv
from streams.feed_formats import Format, guess_format, open_file, read_lines
from streams.scenarios import Scenario

STDIN: Final = "-"
_POLL_SECONDS: Final = 0.2  # how soon Ctrl-C is noticed while a pipe is silent
_PEEK_BYTES: Final = 4096
_CHUNK_LINES: Final = 1000

_encode: Final = msgspec.json.Encoder().encode


class TransferSource(Protocol):
    """Something with transfers in it."""

    name: str
    again: bool
    """Whether it can be read more than once."""

    def chunks(self) -> Iterator[Sequence[bytes]]:
        """Its transfers from the beginning, one a line, some lines at a time."""


class FileSource:
    """A file or standard input in any of the formats."""

    def __init__(self, name: str, form: Format | None, ccxt: CcxtOptions, mapping: CsvMapping | None = None) -> None:
        self._mapping = mapping
        self.name = name
        self.again = name != STDIN
        self._form = form
        self._ccxt = ccxt

    def chunks(self) -> Iterator[Sequence[bytes]]:
        """The lines. Raises OSError, csv.Error, UnicodeDecodeError, msgspec.DecodeError on what cannot be read."""
        self._ccxt.left_out = 0  # a repeated file is read from its beginning
        if self.name == STDIN:
            yield from self._read(sys.stdin.buffer, _POLL_SECONDS)
        else:
            with open_file(Path(self.name)) as stream:
                yield from self._read(stream, None)

    def _read(self, stream: BinaryIO, poll_seconds: float | None) -> Iterator[Sequence[bytes]]:
        beginning: bytes = stream.peek(_PEEK_BYTES)  # type: ignore[attr-defined]  # all of them are buffered
        form = Format.CSV if self._mapping else self._form or guess_format(self.name, beginning)
        if form is Format.CSV:
            return read_csv(stream, self._mapping, self._ccxt)
        if form is Format.CCXT:
            return read_ccxt(stream, self._ccxt)
        return read_lines(stream, poll_seconds=poll_seconds)


class ScenarioSource:
    """Generated transfers."""

    def __init__(self, scenario: Scenario, name: str) -> None:
        self.name = name
        self.again = True
        self._scenario = scenario

    def chunks(self) -> Iterator[Sequence[bytes]]:
        """The lines."""
        chunk: list[bytes] = []
        for transfer in self._scenario.transfers():
            chunk.append(_encode(transfer))
            if len(chunk) >= _CHUNK_LINES:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def labels(self) -> bytes:
        """Which transfers belong to which pattern, as JSON; complete once the chunks have ended."""
        return _encode(self._scenario.labels)
