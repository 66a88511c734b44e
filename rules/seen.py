"""Which events have been judged already: a bounded memory of the last ones of a partition."""

from array import array
from collections import deque
from enum import Enum
from typing import Final

import msgspec
import xxhash

from rules.transfer import Transfer

REMEMBERED: Final = 100_000  # judgement: events of one partition; at 1,000 a second some 100 s, on most partitions hours
SEGMENT: Final = 8_192  # events that are remembered and forgotten together

_encode: Final = msgspec.msgpack.Encoder().encode
_digest: Final = xxhash.xxh3_64_intdigest


Fingerprint = tuple[int, int]  # digests of an event's id and of its content


def fingerprint(transfer: Transfer) -> Fingerprint:
    """What an event is recognised by. Best asked right after decoding, when the transfer is in the processor's cache."""
    return _digest(transfer.event_id.encode()), _digest(_encode(transfer))


class Meeting(Enum):
    """How an event compares with what was seen."""

    NEW = 0
    REPEATED = 1  # same id, same content: a re-send
    CONFLICTING = 2  # same id, other content


_NEW: Final = Meeting.NEW


class Seen:
    """Digests of event ids and contents, in segments. A pure function of the events met, in their order.

    An id older than the memory counts as new. The bytes of a segment are what the store keeps: 16 bytes an event, id and
    content.
    """

    def __init__(self, segments: dict[int, bytes] | None = None) -> None:
        self._content: dict[int, int] = {}  # digest of the id -> digest of the content
        self._segments: deque[tuple[int, array[int]]] = deque()
        for number, packed in sorted((segments or {}).items()):
            pairs = array("Q", packed)
            self._segments.append((number, pairs))
            self._content.update(zip(pairs[::2], pairs[1::2], strict=True))
        if not self._segments:
            self._segments.append((0, array("Q")))
        self._last = self._segments[-1][1]
        self._room = SEGMENT - len(self._last) // 2  # events that the last segment still takes
        self._saved = len(self._last)  # how much of the last segment the store has
        self._filled: dict[int, bytes] = {}  # what the store lacks of segments that are full
        self._expired: list[int] = []

    def meet(self, one: Fingerprint) -> Meeting:
        """Compare with what was seen, and remember it when it is new."""
        event, content = one
        known = self._content.get(event)
        if known is not None:
            return Meeting.REPEATED if known == content else Meeting.CONFLICTING
        self._content[event] = content
        if not self._room:
            self._begin_segment()
        self._room -= 1
        self._last.extend(one)
        return _NEW

    def _begin_segment(self) -> None:
        """Begin a segment, and forget the oldest when there are too many."""
        number, full = self._segments[-1]
        self._filled[number] = full[self._saved :].tobytes()
        self._last = array("Q")
        self._segments.append((number + 1, self._last))
        self._room, self._saved = SEGMENT, 0
        while (len(self._segments) - 2) * SEGMENT >= REMEMBERED:
            gone, pairs = self._segments.popleft()
            self._filled.pop(gone, None)
            self._expired.append(gone)
            for event in pairs[::2]:
                del self._content[event]

    @property
    def segments(self) -> range:
        """The numbers of the segments there are."""
        return range(self._segments[0][0], self._segments[-1][0] + 1)

    def take_changes(self) -> tuple[dict[int, bytes], tuple[int, ...]]:
        """What to append to which segment and which segments to delete, since the last call."""
        appended, expired = self._filled, tuple(self._expired)
        if len(self._last) > self._saved:
            appended[self._segments[-1][0]] = self._last[self._saved :].tobytes()
            self._saved = len(self._last)
        self._filled, self._expired = {}, []
        return appended, expired
