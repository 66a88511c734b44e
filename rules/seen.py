"""Which events have been judged already: a bounded memory of the last ones of a partition."""

from collections import deque
from enum import Enum
from struct import Struct, iter_unpack
from typing import Final

import msgspec
import xxhash

from rules.transfer import Transfer

REMEMBERED: Final = 100_000  # judgement: events of one partition; at 1,000 a second some 100 s, on most partitions hours
SEGMENT: Final = 8_192  # events that are remembered and forgotten together

_pair: Final = Struct("<QQ").pack
_encode: Final = msgspec.msgpack.Encoder().encode


class Meeting(Enum):
    """How an event compares with what was seen."""

    NEW = 0
    REPEATED = 1  # same id, same content: a re-send
    CONFLICTING = 2  # same id, other content


class Seen:
    """Digests of event ids and contents, in segments. A pure function of the events met, in their order.

    An id older than the memory counts as new. The bytes of a segment are what the store keeps: 16 bytes an event.
    """

    def __init__(self, segments: dict[int, bytes] | None = None) -> None:
        self._content: dict[int, int] = {}
        self._segments: deque[tuple[int, list[int]]] = deque()
        self.fresh: dict[int, list[bytes]] = {}  # segment -> packed events since the last `commit`
        self.expired: list[int] = []  # segments dropped since the last `commit`
        for number, packed in sorted((segments or {}).items()):
            ids = []
            for event, content in iter_unpack("<QQ", packed):
                self._content[event] = content
                ids.append(event)
            self._segments.append((number, ids))

    def meet(self, transfer: Transfer) -> Meeting:
        """Compare with what was seen, and remember it when it is new."""
        event = xxhash.xxh3_64_intdigest(transfer.event_id.encode())
        content = xxhash.xxh3_64_intdigest(_encode(transfer))
        known = self._content.get(event)
        if known is not None:
            return Meeting.REPEATED if known == content else Meeting.CONFLICTING
        self._content[event] = content
        number, ids = self._open()
        ids.append(event)
        self.fresh.setdefault(number, []).append(_pair(event, content))
        return Meeting.NEW

    def _open(self) -> tuple[int, list[int]]:
        if self._segments and len(self._segments[-1][1]) < SEGMENT:
            return self._segments[-1]
        number = self._segments[-1][0] + 1 if self._segments else 0
        self._segments.append((number, []))
        while (len(self._segments) - 2) * SEGMENT >= REMEMBERED:
            gone, ids = self._segments.popleft()
            self.expired.append(gone)
            for event in ids:
                del self._content[event]
        return self._segments[-1]

    @property
    def segments(self) -> range:
        """The numbers of the segments there are."""
        return range(self._segments[0][0], self._segments[-1][0] + 1) if self._segments else range(0)

    def take_changes(self) -> tuple[dict[int, bytes], tuple[int, ...]]:
        """What to append to which segment and which segments to delete, since the last call.

        A segment that was begun and dropped since then is in neither.
        """
        appended = {number: b"".join(parts) for number, parts in self.fresh.items() if number in self.segments}
        changes = appended, tuple(self.expired)
        self.fresh, self.expired = {}, []
        return changes
