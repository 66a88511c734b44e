"""Moving transfers in time: so that the last one is now, and so that a repeated file goes on where it ended."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import count
from typing import Any, Final

import msgspec

from rules.transfer import moment, time_ms

_REPEAT_GAP_MS: Final = 1000  # judgement: between the end of one round and the start of the next

_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode


class _Occurred(msgspec.Struct):
    occurred_at: datetime | int


_read_time: Final = msgspec.json.Decoder(_Occurred).decode


class Span(msgspec.Struct, frozen=True):
    """The earliest and latest event time of a source, in milliseconds since the epoch."""

    first_ms: int
    last_ms: int

    @property
    def round_ms(self) -> int:
        """How far each further round of a repeated source is moved on."""
        return self.last_ms - self.first_ms + _REPEAT_GAP_MS


def rounds(
    open_chunks: Callable[[], Iterable[Sequence[bytes]]],
    *,
    times: int | None = 1,
    limit: int | None = None,
    now_ms: int | None = None,
) -> Iterator[Sequence[bytes]]:
    """The first `limit` lines of a source so many times, None for ever; the last one at `now_ms` where given.

    Each further round is later than the one before and has event ids of its own. The source is opened once more to
    learn its times when they have to be moved.
    """
    span = None
    if times != 1 or now_ms is not None:
        span = span_of(first_lines(open_chunks(), limit)) or Span(0, 0)
    for number in count() if times is None else range(times):
        chunks = first_lines(open_chunks(), limit)
        if span is None:
            yield from chunks
            continue
        by_ms = number * span.round_ms
        if now_ms is not None:
            by_ms += now_ms - span.last_ms - ((times or 1) - 1) * span.round_ms
        yield from moved(chunks, by_ms=by_ms, suffix=f"~{number + 1}" if number else "")


def first_lines(chunks: Iterable[Sequence[bytes]], limit: int | None) -> Iterator[Sequence[bytes]]:
    """The chunks up to the line with number `limit`."""
    left = limit
    for chunk in chunks:
        if left is not None and len(chunk) >= left:
            yield chunk[:left]
            return
        if left is not None:
            left -= len(chunk)
        yield chunk


def span_of(chunks: Iterable[Sequence[bytes]]) -> Span | None:
    """The span of event times; lines without a readable time do not count. None when none has one."""
    first = last = None
    for chunk in chunks:
        for line in chunk:
            try:
                ms = time_ms(_read_time(line).occurred_at)
            except (ValueError, RecursionError):  # msgspec's errors and BadTransfer are ValueErrors
                continue
            first = ms if first is None or ms < first else first
            last = ms if last is None or ms > last else last
    return None if first is None or last is None else Span(first, last)


def moved(chunks: Iterable[Sequence[bytes]], *, by_ms: int, suffix: str = "") -> Iterator[list[bytes]]:
    """The lines with their event times, and the day the account was opened, moved by so many milliseconds.

    `suffix` is appended to every event_id: a repeated transfer with its old id would be a duplicate. A line that
    cannot be read stays as it is.
    """
    for chunk in chunks:
        yield [_moved(line, by_ms, suffix) for line in chunk]


def _moved(line: bytes, by_ms: int, suffix: str) -> bytes:
    try:
        item = _decode(line)
        if not isinstance(item, dict):
            return line
        item["occurred_at"] = _later(item["occurred_at"], by_ms)
        account = item.get("account")
        if isinstance(account, dict) and account.get("opened_at") is not None:
            account["opened_at"] = _later(account["opened_at"], by_ms)
        if suffix and isinstance(item.get("event_id"), str):
            item["event_id"] += suffix
        return _encode(item)
    except (ValueError, KeyError, RecursionError):
        return line


def _later(when: Any, by_ms: int) -> Any:
    """The time moved, written as it was: milliseconds as a number, RFC 3339 as text. Raises ValueError."""
    if isinstance(when, int):
        return when + by_ms
    return moment(time_ms(msgspec.convert(when, datetime)) + by_ms)
