"""What the counterparties stage remembers of the log of lists: how far it has been read, and what came into force lately.

A transfer may have been judged by the lists before, and arrive when others are in force: what is listed or labelled now, and
was not before, is remembered for it.
"""

from typing import Final

import msgspec

from rules.change import Change, change_of, relabelled
from rules.label_log import LabelChange, LabelPart, LabelsInForce
from rules.list_changes import ListChange
from rules.list_log import Part, Record
from rules.messages import ListMatch
from rules.reference.attribution import Relabelled

_UNFINISHED: Final = 16
# Judgement: workers take labels over within a minute of their announcement, and keep what they judge in Kafka's order.
_LATE_MS: Final = 2 * 86_400_000
_LATE: Final = 20_000  # addresses with new labels that are remembered for late transfers


class Unfinished(msgspec.Struct, array_like=True):
    """The parts of an announcement whose end has not been read; of the first one only their number matters."""

    parts: int = 0
    changes: list[ListChange] = []
    labels: list[LabelChange] = []


class LabelsSeen(msgspec.Struct, array_like=True):
    """The labels in force: their version and sources, what came lately and when, and how often an address lost its label."""

    version: str = ""
    recent: dict[str, tuple[int, Relabelled]] = {}
    withdrawn: dict[str, int] = {}


class ListsSeen(msgspec.Struct, array_like=True):
    """How far the log of lists has been read, every address that was listed since its beginning, and the labels."""

    version: str = ""
    unfinished: dict[str, Unfinished] = {}
    recent: dict[str, ListMatch] = {}
    delisted: dict[str, int] = {}  # how often an address was
    labels: LabelsSeen = msgspec.field(default_factory=LabelsSeen)

    def take(self, record: Record, offset: int) -> Change | None:
        """Read a record of the log; what comes into force with it and is worth looking back for, or None."""
        if isinstance(record, Part | LabelPart):
            self._gather(record)
            return None
        parts = self.unfinished.pop(record.announcement, Unfinished())
        of_labels = isinstance(record, LabelsInForce)
        if record.before != (self.labels.version if of_labels else self.version) or parts.parts != record.parts:
            return None
        if isinstance(record, LabelsInForce):
            self.labels.version = record.version
            return self._labels(parts, record, offset) if record.before else None
        self.version = record.version
        if not record.before:
            return None
        change = change_of(parts.changes, record.lists)
        return msgspec.structs.replace(change, offset=offset, at_ms=record.announced_ms, times=self.delisted)

    def _gather(self, record: Part | LabelPart) -> None:
        parts = self.unfinished.setdefault(record.announcement, Unfinished())
        parts.parts += 1
        if record.before:
            if isinstance(record, Part):
                parts.changes.append(record.change)
            else:
                parts.labels += record.changes
        while len(self.unfinished) > _UNFINISHED:
            del self.unfinished[next(iter(self.unfinished))]

    def _labels(self, parts: Unfinished, record: LabelsInForce, offset: int) -> Change:
        before = {one.address: one.before for one in parts.labels if one.before is not None}
        now = {one.address: one.now for one in parts.labels if one.now is not None}
        changed = relabelled(before, now, [each for each in record.sources if each.kind == "sanctions"])
        return Change(relabelled=changed, offset=offset, times=self.labels.withdrawn, at_ms=record.announced_ms)

    def learn(self, change: Change) -> None:
        """Remember what is listed and labelled now."""
        for address in change.delisted:
            self.recent.pop(address, None)
            self.delisted[address] = self.delisted.get(address, 0) + 1
        self.recent.update(change.listed)
        recent, withdrawn = self.labels.recent, self.labels.withdrawn
        for address, label in change.relabelled.items():
            recent.pop(address, None)
            if label.now is not None:
                recent[address] = change.at_ms, label
            else:
                withdrawn[address] = withdrawn.pop(address, 0) + 1
        while len(withdrawn) > _LATE:
            del withdrawn[next(iter(withdrawn))]
        while recent and (len(recent) > _LATE or next(iter(recent.values()))[0] < change.at_ms - _LATE_MS):
            del recent[next(iter(recent))]

    def missed(self, address: str, *, listed: bool, labelled: int) -> list[Change]:
        """What was in force at an address when a transfer was judged without it."""
        found = []
        if not listed and (match := self.recent.get(address)) is not None:
            found.append(Change(listed={address: match}, times=self.delisted))
        _, label = self.labels.recent.get(address, (0, None))
        if label is not None and label.now is not None and label.now.rank != labelled:
            found.append(Change(relabelled={address: label}, times=self.labels.withdrawn))
        return found
