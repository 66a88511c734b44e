"""Which labelled addresses are attributed to a party on a sanctions list."""

from collections.abc import Mapping
from typing import Final

from rules.lists import AliasStrength, ListEntry, SanctionsList, Watchlist
from rules.messages import ListMatch
from rules.reference.index import Reference, plain_name
from rules.reference.rows import Label

_SHORTEST_NAME: Final = 5  # judgement: characters; shorter names and acronyms are shared by too many

Attribution = tuple[Label, ListMatch]


def attributions(reference: Reference, watchlist: Watchlist) -> dict[str, Attribution]:
    """The surest label of each address that speaks of a listed party, and the entry of that party.

    A label that names a list entry is taken at its word as long as that entry is on a list; one without is compared by name:
    the entity must be called exactly what a list calls a party, but for case, punctuation and legal form.
    """
    if not reference.labels:
        return {}
    by_id, by_name = _entries(watchlist)
    found: dict[str, Attribution] = {}
    for address, labels in reference.labels.items():
        for label in labels:
            listed = by_name.get(plain_name(label.entity)) if label.list_entry is None else by_id.get(label.list_entry)
            if listed is not None:
                found[address] = label, _match(*listed, label)
                break
    return found


def _entries(
    watchlist: Watchlist,
) -> tuple[Mapping[str, tuple[SanctionsList, ListEntry]], Mapping[str, tuple[SanctionsList, ListEntry]]]:
    by_id: dict[str, tuple[SanctionsList, ListEntry]] = {}
    by_name: dict[str, tuple[SanctionsList, ListEntry]] = {}
    for listing, entry in watchlist.entries:
        by_id.setdefault(entry.entry_id, (listing, entry))
        strong = [alias.name for alias in entry.aliases if alias.strength is AliasStrength.STRONG]
        for name in (entry.name, *strong):
            if len(plain := plain_name(name)) >= _SHORTEST_NAME:
                by_name.setdefault(plain, (listing, entry))
    return by_id, by_name


def _match(listing: SanctionsList, entry: ListEntry, label: Label) -> ListMatch:
    return ListMatch(
        name=listing.name,
        hash=listing.hash,
        published=listing.published.isoformat() if listing.published else None,
        entry_id=entry.entry_id,
        entry_name=entry.name,
        matched=f"{label.entity}, attributed by {label.source}",
    )
