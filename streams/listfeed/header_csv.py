"""Reads official CSV files that have a header, row by row, each as a mapping."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import IO, Any

from .errors import ListError, ListTruncated, ListUnrecognised


class HeaderCsv:
    """A CSV file whose columns are found by the names in its header, wherever they stand."""

    def __init__(self, stream: IO[bytes], source: str, *, delimiter: str, lead_lines: int = 0) -> None:
        self._source = source
        self._ends = _Ends(stream)
        # newline="": the csv module tells a line break inside quotes from the end of a row
        self._text = io.TextIOWrapper(io.BufferedReader(self._ends), encoding="utf-8-sig", newline="")
        self._delimiter = delimiter
        try:
            self.lead = [self._text.readline().strip() for _ in range(lead_lines)]
        except UnicodeDecodeError as error:
            raise ListError(source, f"not UTF-8: {error.reason}", 1) from None

    def rows(self, *needed: str) -> Iterator[dict[str, str]]:
        """Each row by its columns.

        Raises:
            ListUnrecognised: a needed column is not in the header.
            ListTruncated: the last row is broken, or the file does not end with a line break.
            ListError: another row has not as many fields as the header, or the file is not UTF-8.
        """
        reader = csv.reader(self._text, delimiter=self._delimiter)  # not strict: names in quotes begin some fields
        header = [column.strip() for column in self._next(reader) or ()]
        missing = [column for column in needed if column not in header]
        if missing:
            raise ListUnrecognised(self._source, f"the header has no {', '.join(missing)}", self._line(reader))
        while (fields := self._next(reader)) is not None:
            if len(fields) == len(header):
                yield {column: field.strip() for column, field in zip(header, fields, strict=True)}
            elif any(fields):
                line = self._line(reader)
                kind = ListError if self._next(reader) is not None else ListTruncated
                raise kind(self._source, f"{len(fields)} fields where {len(header)} are expected", line)
        if not self._ends.with_line_break:
            raise ListTruncated(self._source, "the file ends within a row", self._line(reader))

    def _line(self, reader: Any) -> int:
        """The line a reader has come to, those before the header counted."""
        return int(reader.line_num) + len(self.lead)

    def _next(self, reader: Iterator[list[str]]) -> list[str] | None:
        line = self._line(reader)
        try:
            return next(reader, None)
        except csv.Error as error:
            kind = ListTruncated if "unexpected end" in str(error) else ListError
            raise kind(self._source, f"not readable as CSV: {error}", line) from None
        except UnicodeDecodeError as error:
            raise ListError(self._source, f"not UTF-8: {error.reason}", line) from None


class _Ends(io.RawIOBase):
    """Passes a stream through and remembers whether it ended with a line break."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream
        self.with_line_break = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._stream.read(len(view))
        view[: len(data)] = data
        if data:
            self.with_line_break = data.endswith((b"\n", b"\r"))
        return len(data)
