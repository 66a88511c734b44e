"""What a change of lists or labels means for the past: addresses and names that are listed now, and those no longer."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Protocol

import msgspec

from rules.knowledge import Knowledge
from rules.list_changes import ListChange, compare, names_of
from rules.list_log import ListFacts, facts_of
from rules.lists import ListEntry, keys_of
from rules.messages import ListMatch
from rules.reference.attribution import Attributed, Relabelled, telling


class Published(Protocol):
    """A list of which name, content hash and date are known."""

    @property
    def name(self) -> str:
        """What alerts call it."""

    @property
    def hash(self) -> str:
        """Of its content."""

    @property
    def published(self) -> date | None:
        """Its date."""


class NewNames(msgspec.Struct, frozen=True):
    """Newly listed names of one list: its name, hash and date, and the entries with nothing but their new names."""

    name: str
    hash: str
    published: str | None
    entries: tuple[ListEntry, ...]

    def match(self, entry: ListEntry, matched: str) -> ListMatch:
        """The entry as alerts cite it."""
        return _match(self.name, self.hash, self.published, entry, matched)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What changed, by every key that an address can be met under.

    `times` is how often an address was delisted, or lost its label,
    before. `offset` is where the log of lists says so: closings of one alert are told apart by it.
    """

    listed: Mapping[str, ListMatch] = {}
    delisted: Mapping[str, ListMatch] = {}
    named: tuple[NewNames, ...] = ()
    relabelled: Mapping[str, Relabelled] = {}
    times: Mapping[str, int] = {}
    offset: int = 0
    at_ms: int = 0  # when it was announced

    def again(self, address: str) -> tuple[int, ...]:
        """What tells the story of an address that is listed once more from the one before; nothing the first time."""
        times = self.times.get(address, 0)
        return (times,) if times else ()


def change_of(changes: Iterable[ListChange], facts: Iterable[ListFacts]) -> Change:
    """What an announcement changes; an address that only moves between entries or lists is not among it."""
    hashes = {(fact.name, fact.slot): fact for fact in facts}
    listed: dict[str, ListMatch] = {}
    delisted: dict[str, ListMatch] = {}
    named: list[NewNames] = []
    for change in changes:
        fact = hashes.get((change.name, change.slot))
        after = fact.hash if fact is not None else change.hash_before
        published = fact.published if fact is not None else change.published_before
        day = published.isoformat() if published is not None else None
        pairs: list[tuple[ListEntry | None, ListEntry | None]] = [(None, entry) for entry in change.added]
        pairs += [(entry, None) for entry in change.removed]
        pairs += change.changed
        entries: list[ListEntry] = []
        for before, now in pairs:
            old = _matches(change.name, after, day, before)
            new = _matches(change.name, after, day, now)
            listed |= {key: match for key, match in new.items() if key not in old}
            delisted |= {key: match for key, match in old.items() if key not in new}
            entries += _newly_named(before, now)
        if entries:
            named.append(NewNames(change.name, after, day, tuple(entries)))
    moved = listed.keys() & delisted.keys()
    return Change(
        listed={key: listed[key] for key in sorted(listed.keys() - moved)},
        delisted={key: delisted[key] for key in sorted(delisted.keys() - moved)},
        named=tuple(named),
    )


def _newly_named(before: ListEntry | None, now: ListEntry | None) -> Iterator[ListEntry]:
    """The entry with its new names alone, the first of them in the place of its name; nothing where there is none."""
    if now is None or before is None:
        if now is not None:
            yield now
        return
    known = set(names_of(before))
    aliases = tuple(alias for alias in now.aliases if alias.name not in known)
    if now.name not in known:
        yield msgspec.structs.replace(now, aliases=aliases)
    elif aliases:
        yield msgspec.structs.replace(now, name=aliases[0].name, aliases=aliases)


def relabelled(
    before: Mapping[str, Attributed], now: Mapping[str, Attributed], lists: Iterable[Published]
) -> dict[str, Relabelled]:
    """The addresses whose telling label is another one now, in order."""
    facts = {fact.name: fact for fact in lists}
    changed = (address for address in sorted(before.keys() | now.keys()) if before.get(address) != now.get(address))
    return {address: _relabelled(before.get(address), now.get(address), facts) for address in changed}


def _relabelled(before: Attributed | None, now: Attributed | None, lists: Mapping[str, Published]) -> Relabelled:
    match = None
    if now is not None and now.entry is not None:
        name, entry_id, entry_name = now.entry
        fact = lists.get(name)
        match = ListMatch(
            name=name,
            hash=fact.hash if fact is not None else "",
            published=fact.published.isoformat() if fact is not None and fact.published is not None else None,
            entry_id=entry_id,
            entry_name=entry_name,
            matched=f"{now.entity}, attributed by {now.source}",
        )
    return Relabelled(before, now, match)


def change_between(before: Knowledge, after: Knowledge) -> Change:
    """Everything that changed between two states of the lists, labels included."""
    old, new = (one.watchlist.lists if one.watchlist is not None else () for one in (before, after))
    facts = facts_of(new)
    was, now = (dict(telling(one.reference, one.attributed)) for one in (before, after))
    return msgspec.structs.replace(change_of(compare(old, new), facts), relabelled=relabelled(was, now, facts))


def _matches(name: str, digest: str, published: str | None, entry: ListEntry | None) -> dict[str, ListMatch]:
    if entry is None:
        return {}
    return {key: _match(name, digest, published, entry, each.address) for each in entry.addresses for key in keys_of(each)}


def _match(name: str, digest: str, published: str | None, entry: ListEntry, matched: str) -> ListMatch:
    return ListMatch(
        name=name, hash=digest, published=published, entry_id=entry.entry_id, entry_name=entry.name, matched=matched
    )
