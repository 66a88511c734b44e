"""What Faust has fetched for one partition and nobody has judged yet."""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence, Set
from typing import Final

import msgspec

from rules.intake import RawRecord
from streams.delivery.journal import Range
from streams.errors import Lost
from streams.tracing import Fetched

FULL: Final = 20_000  # records waiting in a partition above which fetching stops; judgement: about a second of work


class Chunk(msgspec.Struct):
    """The records of one poll of one topic partition: they cover the offsets `[start, end)` completely.

    Offsets without a record (transaction markers, aborted records) are covered, too. `seek` counts the seeks of the topic
    partition before the poll: it tells a chunk fetched before the last seek from a hole. `stamps_ms` are the records'
    times as Kafka has them. `fetched` is what traces need, where they are on.
    """

    topic: str
    partition: int
    seek: int
    start: int
    end: int
    records: list[RawRecord]
    stamps_ms: list[int]
    fetched: Fetched | None = None

    def split(self, count: int) -> "Chunk":
        """Cut off the first `count` records and return them as a chunk; 0 < count < number of records."""
        cut = self.records[count][0]
        first = Chunk(self.topic, self.partition, self.seek, self.start, cut, self.records[:count], self.stamps_ms[:count])
        if self.fetched is not None:
            first.fetched, self.fetched = self.fetched.split(cut)
        self.start = cut
        del self.records[:count], self.stamps_ms[:count]
        return first


class Taken(msgspec.Struct, frozen=True):
    """The records of one batch, by source topic, with their ranges."""

    records: tuple[list[RawRecord], ...]
    ranges: tuple[Range, ...]
    oldest_ms: int
    count: int
    fetched: tuple[Fetched, ...] = ()


class Inbox:
    """Chunks waiting in one partition of a stage, by source topic in the order of arrival."""

    def __init__(self, sources: Sequence[str]) -> None:
        self._order = {topic: place for place, topic in enumerate(sources)}
        self._chunks: tuple[deque[Chunk], ...] = tuple(deque() for _ in sources)
        self._seeks: tuple[int, ...] = (0,) * len(sources)
        self.waiting = 0

    def open(self, seeks: tuple[int, ...]) -> None:
        """Start over after a seek; `seeks` are the counts of the seeks, by source."""
        for chunks in self._chunks:
            chunks.clear()
        self._seeks = seeks
        self.waiting = 0

    def put(self, chunk: Chunk) -> None:
        """Add a chunk; one that was fetched before the last seek is not ours any more."""
        place = self._order[chunk.topic]
        if chunk.seek >= self._seeks[place]:
            self._chunks[place].append(chunk)
            self.waiting += len(chunk.records)

    def waiting_of(self, topic: str) -> int:
        """Records of one topic that wait."""
        return sum(len(chunk.records) for chunk in self._chunks[self._order[topic]])

    def reached(self, place: int, position: Sequence[int]) -> int:
        """Up to where records of a source have come; `position` is where the next batch begins."""
        chunks = self._chunks[place]
        return chunks[-1].end if chunks else position[place]

    @property
    def oldest_ms(self) -> int:
        """The time of the oldest record that waits, as Kafka has it; something has to wait."""
        return min(chunks[0].stamps_ms[0] for chunks in self._chunks if chunks)

    def ripe(self, behind: Set[int]) -> bool:
        """Whether something waits, and something of every source of which more is on its way."""
        return self.waiting > 0 and all(self._chunks[place] for place in behind)

    def take(self, position: Sequence[int], limit: int, behind: Set[int] = frozenset()) -> Taken:
        """The next batch: what waits, at most `limit` records, from `position` on.

        When not all of it fits, or more of some sources is on its way (`behind`), the topics advance together in Kafka's
        time, so that neither is judged far ahead: a withdrawal is judged after the deposits that came before it.

        Raises:
            Lost: records between the position and what has come are missing.
        """
        records: tuple[list[RawRecord], ...] = tuple([] for _ in position)
        reached = list(position)
        room, oldest = limit, 0
        fetched: list[Fetched] = []
        together = bool(behind) or self.waiting > limit
        while room > 0 and self.ripe(behind) and (place := self._earliest()) is not None:
            chunk = self._next(place, room, together=together)
            if chunk.start != reached[place]:
                raise Lost(f"{chunk.topic}[{chunk.partition}] goes on at {chunk.start}, expected {reached[place]}")
            records[place].extend(chunk.records)
            reached[place] = chunk.end
            room -= len(chunk.records)
            if chunk.fetched is not None:
                fetched.append(chunk.fetched)
            stamp = chunk.stamps_ms[0]
            oldest = min(oldest or stamp, stamp)
        self.waiting -= limit - room
        ranges = tuple((first, last, len(held)) for first, last, held in zip(position, reached, records, strict=True))
        return Taken(records, ranges, oldest, limit - room, tuple(fetched))

    def _earliest(self) -> int | None:
        """The source whose next record is the oldest; None when nothing waits."""
        heads = [(chunks[0].stamps_ms[0], place) for place, chunks in enumerate(self._chunks) if chunks]
        return min(heads)[1] if heads else None

    def _next(self, place: int, room: int, *, together: bool) -> Chunk:
        """A chunk from one source, cut where the batch is full or, to advance together, where another is older."""
        chunks = self._chunks[place]
        chunk = chunks[0]
        count = min(room, len(chunk.records))
        if together:
            for other, waiting in enumerate(self._chunks):
                if other != place and waiting:
                    until = bisect_right(chunk.stamps_ms, waiting[0].stamps_ms[0], 0, count)
                    count = min(count, max(until, 1))
        return chunks.popleft() if count == len(chunk.records) else chunk.split(count)
