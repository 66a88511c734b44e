"""Which stories have been told about a subject, so that no alert is sent twice. Bounded, in event time."""

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

REMEMBERED: Final = 64  # judgement: stories kept for one account or address


class Stories(msgspec.Struct, array_like=True):
    """Alert ids with the event time of the finding that told them.

    When there is no room the oldest is dropped, and from then on nothing as old as that is told: a story that may have
    been told is not told again. One that goes on may, in time: it is told under another id, made of its own and of
    how far the memory reached (`renamed`), so that no id is sent twice.
    """

    told: dict[str, int] = {}
    floor_ms: int = 0
    renamed: dict[str, int] = {}

    def tell_stage(self, first: str, updates: Sequence[str], occurred_ms: int) -> tuple[str, ...]:
        """Remember how far a story has come: the ids told by this, the one for the alert first; none when all was told.

        `first` is the id of the story's first alert, `updates` those of the stages that it has reached, the latest first: a
        story that was told at a late stage is not told at an earlier one.
        """
        return tuple(told for told in (first, *updates) if self.tell(told, occurred_ms))

    def knows(self, alert_id: str, occurred_ms: int) -> bool:
        """Whether a story was told before, or may have been."""
        return alert_id in self.told or occurred_ms <= self.floor_ms

    def tell(self, alert_id: str, occurred_ms: int) -> bool:
        """Remember a story; False when it was told before, or may have been."""
        if self.knows(alert_id, occurred_ms):
            return False
        self.told[alert_id] = occurred_ms
        if self.floor_ms:
            self.renamed[alert_id] = self.floor_ms
        if len(self.told) > REMEMBERED:
            oldest = min(self.told, key=lambda known: (self.told[known], known))
            self.floor_ms = max(self.floor_ms, self.told.pop(oldest))
            self.renamed.pop(oldest, None)
        return True

    def sent_as(self, alert_id: str) -> str:
        """The id under which a story was told."""
        floor_ms = self.renamed.get(alert_id)
        if floor_ms is None:
            return alert_id
        return hashlib.blake2b(f"{alert_id} {floor_ms}".encode(), digest_size=12).hexdigest()


def began(times: Sequence[int], gap_ms: int, grain_ms: int) -> int:
    """When the unbroken run began that ends with the last of `times`, in units of `grain_ms`: a story's anchor.

    `times` are the event times of the transfers that make the story, oldest first. A pause longer than `gap_ms`
    starts another run. Every transfer of a run has the same anchor, so that it does not matter which one triggers; a
    run that outlives the kept history moves on by whole grains.
    """
    start = times[-1]
    for earlier in reversed(times):
        if start - earlier > gap_ms:
            break
        start = earlier
    return start // grain_ms
