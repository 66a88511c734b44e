"""What changed between two states of the lists: who was listed, who was delisted, what changed of the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from rules.lists import ListEntry, SanctionsList

Slot = tuple[str, int]  # name of a list, and which one when several have it


class ListChange(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one list. `hash_before` is empty for a list that was not there, `hash_after` for one that left."""

    name: str
    slot: int = 0
    hash_before: str = ""
    hash_after: str = ""
    published_before: date | None = None
    published_after: date | None = None
    added: tuple[ListEntry, ...] = ()
    removed: tuple[ListEntry, ...] = ()
    changed: tuple[tuple[ListEntry, ListEntry], ...] = ()  # before, after

    @property
    def is_nothing(self) -> bool:
        """Whether the list is what it was, its date included."""
        return self.hash_before == self.hash_after and self.published_before == self.published_after


class EntryChange(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one party, in the form `lockgate lists diff` prints."""

    list: str
    change: str  # listed, delisted, changed
    entry_id: str
    name: str
    kind: str
    programs: tuple[str, ...] = ()
    names_added: tuple[str, ...] = ()
    names_removed: tuple[str, ...] = ()
    addresses_added: tuple[str, ...] = ()
    addresses_removed: tuple[str, ...] = ()
    other: tuple[str, ...] = ()  # fields that changed besides


def slots(lists: Iterable[SanctionsList]) -> dict[Slot, SanctionsList]:
    """Lists by name; several of one name by their age, the oldest first."""
    found: dict[Slot, SanctionsList] = {}
    for each in sorted(lists, key=lambda each: (each.name, each.published or date.min, each.hash)):
        number = sum(name == each.name for name, _ in found)
        found[each.name, number] = each
    return found


def compare(before: Iterable[SanctionsList], after: Iterable[SanctionsList]) -> list[ListChange]:
    """What became of each list, those that are what they were left out, in the order of their names."""
    old, new = slots(before), slots(after)
    changes = (_compare(slot, old.get(slot), new.get(slot)) for slot in sorted(old.keys() | new.keys()))
    return [change for change in changes if not change.is_nothing]


def _compare(slot: Slot, before: SanctionsList | None, after: SanctionsList | None) -> ListChange:
    old = {entry.entry_id: entry for entry in before.entries} if before is not None else {}
    new = {entry.entry_id: entry for entry in after.entries} if after is not None else {}
    return ListChange(
        name=slot[0],
        slot=slot[1],
        hash_before=before.hash if before is not None else "",
        hash_after=after.hash if after is not None else "",
        published_before=before.published if before is not None else None,
        published_after=after.published if after is not None else None,
        added=tuple(new[each] for each in new if each not in old),
        removed=tuple(old[each] for each in old if each not in new),
        changed=tuple((old[each], new[each]) for each in new if each in old and old[each] != new[each]),
    )


def describe(change: ListChange) -> Iterator[EntryChange]:
    """Each party that changed: the listed first, then the delisted, then the others."""
    for entry in change.added:
        yield _whole(change.name, "listed", entry)
    for entry in change.removed:
        yield _whole(change.name, "delisted", entry)
    for before, after in change.changed:
        yield _difference(change.name, before, after)


def names_of(entry: ListEntry) -> tuple[str, ...]:
    """The name of a party and its aliases, each once."""
    return tuple(dict.fromkeys((entry.name, *(alias.name for alias in entry.aliases))))


def _addresses(entry: ListEntry) -> tuple[str, ...]:
    return tuple(f"{each.currency} {each.address}" for each in entry.addresses)


def _whole(name: str, change: str, entry: ListEntry) -> EntryChange:
    names, addresses = names_of(entry), _addresses(entry)
    listed = change == "listed"
    return EntryChange(
        list=name,
        change=change,
        entry_id=entry.entry_id,
        name=entry.name,
        kind=entry.kind.value,
        programs=entry.programs,
        names_added=names if listed else (),
        names_removed=() if listed else names,
        addresses_added=addresses if listed else (),
        addresses_removed=() if listed else addresses,
    )


def _difference(name: str, before: ListEntry, after: ListEntry) -> EntryChange:
    names, addresses = (names_of(before), names_of(after)), (_addresses(before), _addresses(after))
    told = {"name", "aliases", "addresses", "source", "entry_id"}
    other = (field for field in ListEntry.__struct_fields__ if field not in told)
    return EntryChange(
        list=name,
        change="changed",
        entry_id=after.entry_id,
        name=after.name,
        kind=after.kind.value,
        programs=after.programs,
        names_added=tuple(each for each in names[1] if each not in names[0]),
        names_removed=tuple(each for each in names[0] if each not in names[1]),
        addresses_added=tuple(each for each in addresses[1] if each not in addresses[0]),
        addresses_removed=tuple(each for each in addresses[0] if each not in addresses[1]),
        other=tuple(field for field in other if getattr(before, field) != getattr(after, field)),
    )
