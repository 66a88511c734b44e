"""What Faust has fetched for one partition and nobody has judged yet."""

from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec

from rules.intake import RawRecord
from streams.delivery.journal import Range
from streams.errors import Lost

FULL: Final = 20_000  # records waiting in a partition above which fetching stops; judgement: about a second of work


class Chunk(msgspec.Struct):
    """The records of one poll of one topic partition: they cover the offsets `[start, end)` completely.

    Offsets without a record (transaction markers, aborted records) are covered, too. `seek` counts the seeks of the topic
    partition before the poll: it tells a chunk fetched before the last seek from a hole.
    """

    topic: str
    partition: int
    seek: int
    start: int
    end: int
    timestamp_ms: int  # of the first record, as Kafka has it
    records: list[RawRecord]


class Taken(msgspec.Struct, frozen=True):
    """The records of one batch, by source topic, with their ranges."""

    records: tuple[list[RawRecord], ...]
    ranges: tuple[Range, ...]
    oldest_ms: int
    count: int


class Inbox:
    """Chunks waiting in one partition of a stage, in the order of arrival."""

    def __init__(self, sources: Sequence[str]) -> None:
        self._order = {topic: place for place, topic in enumerate(sources)}
        self._chunks: deque[Chunk] = deque()
        self._seeks: tuple[int, ...] = (0,) * len(sources)
        self.waiting = 0

    def open(self, seeks: tuple[int, ...]) -> None:
        """Start over after a seek; `seeks` are the counts of the seeks, by source."""
        self._chunks.clear()
        self._seeks = seeks
        self.waiting = 0

    def put(self, chunk: Chunk) -> None:
        """Add a chunk; one that was fetched before the last seek is not ours any more."""
        if chunk.seek >= self._seeks[self._order[chunk.topic]]:
            self._chunks.append(chunk)
            self.waiting += len(chunk.records)

    def waiting_of(self, topic: str) -> int:
        """Records of one topic that wait."""
        return sum(len(chunk.records) for chunk in self._chunks if chunk.topic == topic)

    def take(self, position: Sequence[int], limit: int) -> Taken:
        """The next batch: what waits, at most `limit` records, from `position` on.

        Raises:
            Lost: records between the position and what has come are missing.
        """
        records: tuple[list[RawRecord], ...] = tuple([] for _ in position)
        reached = list(position)
        room, oldest = limit, 0
        while self._chunks and room > 0:
            chunk = self._chunks.popleft()
            place = self._order[chunk.topic]
            if chunk.start != reached[place]:
                raise Lost(f"{chunk.topic}[{chunk.partition}] goes on at {chunk.start}, expected {reached[place]}")
            count = len(chunk.records)
            if count > room:
                cut = chunk.records[room][0]
                rest = msgspec.structs.replace(chunk, start=cut, records=chunk.records[room:])
                self._chunks.appendleft(rest)
                records[place].extend(chunk.records[:room])
                reached[place] = cut
                count = room
            else:
                records[place].extend(chunk.records)
                reached[place] = chunk.end
            room -= count
            self.waiting -= count
            if chunk.timestamp_ms > 0:
                oldest = min(oldest or chunk.timestamp_ms, chunk.timestamp_ms)
        ranges = tuple((first, last, len(held)) for first, last, held in zip(position, reached, records, strict=True))
        return Taken(records, ranges, oldest, limit - room)
