"""What stands on the topic of lists, and how it is read: a log of changes from which every version can be rebuilt.

An announcement is some parts, which say what changed, and one record that puts the whole into force. It takes force only
when all its parts are there and it was made against the version in force at that place of the log. Everybody who reads the
log comes to the same answer: of two announcements made at the same time the first one counts, half a one never does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Final

import msgspec

from rules.label_log import LabelPart, LabelsInForce
from rules.list_changes import ListChange, Slot, compare, slots
from rules.lists import ListEntry, SanctionsList

PART_BYTES: Final = 256 * 1024  # judgement: a quarter of what brokers take by default, and they are compressed on their way
_OPEN: Final = 16  # announcements that may be unfinished at one time; older ones were left by announcers that died


class ListFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A list in force: which, of what content, of what date."""

    name: str
    slot: int = 0
    hash: str
    published: date | None = None
    entries: int = 0


class Part(msgspec.Struct, frozen=True, kw_only=True, tag="part"):
    """Some of what changes with an announcement. `before` is the version that it was made against."""

    announcement: str
    before: str
    change: ListChange


class InForce(msgspec.Struct, frozen=True, kw_only=True, tag="in_force"):
    """The end of an announcement: from here these lists are in force, if `before` was in force and no part is missing."""

    announcement: str
    parts: int
    before: str
    version: str
    lists: tuple[ListFacts, ...]
    announced_by: str
    announced_ms: int
    reason: str = ""


Record = Part | InForce | LabelPart | LabelsInForce

encode: Final = msgspec.json.Encoder().encode
_decode: Final[Callable[[bytes], Record]] = msgspec.json.Decoder(Record).decode


class Announced(msgspec.Struct, frozen=True):
    """An announcement that came into force."""

    end: InForce
    changes: tuple[ListChange, ...]


class BrokenLog(ValueError):
    """The log does not give the lists that it says are in force."""


def read(value: bytes | None) -> Record | None:
    """A record of the topic, None for what is none: whatever stands there must not stop anybody."""
    try:
        return _decode(value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def facts_of(lists: Iterable[SanctionsList]) -> tuple[ListFacts, ...]:
    """The lists as an announcement names them."""
    return tuple(
        ListFacts(name=name, slot=slot, hash=each.hash, published=each.published, entries=len(each.entries))
        for (name, slot), each in sorted(slots(lists).items())
    )


def version_of(facts: Iterable[ListFacts]) -> str:
    """Identifies lists by name, content and date; the same for the same lists everywhere."""
    lines = (f"{each.name}\n{each.slot}\n{each.hash}\n{each.published}" for each in facts)
    return sha256("\n".join(lines).encode()).hexdigest()


class ListLog:
    """Reads the log record by record."""

    def __init__(self) -> None:
        self.version = ""
        self.lists: tuple[ListFacts, ...] = ()
        self.past: set[str] = set()  # every version that ever was in force, this one included
        self._open: dict[str, list[ListChange]] = {}

    def take(self, record: Record) -> Announced | None:
        """Read a record; what it puts into force, or None. Records about labels are `rules.label_log`'s."""
        if isinstance(record, LabelPart | LabelsInForce):
            return None
        if isinstance(record, Part):
            self._open.setdefault(record.announcement, []).append(record.change)
            while len(self._open) > _OPEN:
                del self._open[next(iter(self._open))]
            return None
        changes = self._open.pop(record.announcement, [])
        if record.before != self.version or len(changes) != record.parts:
            return None
        self.version, self.lists = record.version, record.lists
        self.past.add(record.version)
        return Announced(record, tuple(changes))


def announcement(
    before: Sequence[SanctionsList], after: Sequence[SanctionsList], *, name: str, by: str, at_ms: int, reason: str = ""
) -> list[bytes]:
    """The records that put lists into force in the place of others. `name` must be one that was never used before."""
    known, facts = facts_of(before), facts_of(after)
    version = version_of(known) if known else ""
    changes = [part for change in compare(before, after) for part in _parts(change)]
    end = InForce(
        announcement=name,
        parts=len(changes),
        before=version,
        version=version_of(facts),
        lists=facts,
        announced_by=by,
        announced_ms=at_ms,
        reason=reason,
    )
    return [*(encode(Part(announcement=name, before=version, change=change)) for change in changes), encode(end)]


def _parts(change: ListChange) -> Iterator[ListChange]:
    """A change in pieces that fit into one record each; at least one, since a new date is a change, too."""
    bare = msgspec.structs.replace(change, added=(), removed=(), changed=())
    held: dict[str, list[object]] = {"added": [], "removed": [], "changed": []}
    size = sent = 0
    for field in held:
        for item in getattr(change, field):
            weight = len(encode(item))
            if size and size + weight > PART_BYTES:
                yield _piece(bare, held)
                sent += 1
                held, size = {"added": [], "removed": [], "changed": []}, 0
            held[field].append(item)
            size += weight
    if size or not sent:
        yield _piece(bare, held)


def _piece(bare: ListChange, held: Mapping[str, Sequence[object]]) -> ListChange:
    return msgspec.structs.replace(bare, **{field: tuple(items) for field, items in held.items()})


def apply(lists: Mapping[Slot, SanctionsList], announced: Announced) -> dict[Slot, SanctionsList]:
    """The lists in force after an announcement, given those before it. Raises BrokenLog when they are not those it names."""
    by_slot: dict[Slot, list[ListChange]] = {}
    for change in announced.changes:
        by_slot.setdefault((change.name, change.slot), []).append(change)
    after: dict[Slot, SanctionsList] = {}
    for fact in announced.end.lists:
        slot = (fact.name, fact.slot)
        before, changes = lists.get(slot), by_slot.get(slot, [])
        if before is not None and (before.hash, before.published) == (fact.hash, fact.published) and not changes:
            after[slot] = before
            continue
        entries = _entries(before, changes)
        built = SanctionsList.of(fact.name, entries, published=fact.published)
        if built.hash != fact.hash:
            raise BrokenLog(f"{fact.name}: the announced changes give {built.hash}, announced was {fact.hash}")
        after[slot] = built
    return after


def _entries(before: SanctionsList | None, changes: Iterable[ListChange]) -> Iterable[ListEntry]:
    entries = {entry.entry_id: entry for entry in before.entries} if before is not None else {}
    for change in changes:
        for entry in change.removed:
            entries.pop(entry.entry_id, None)
        for entry in change.added:
            entries[entry.entry_id] = entry
        for _, entry in change.changed:
            entries[entry.entry_id] = entry
    return entries.values()
