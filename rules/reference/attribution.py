"""Which labelled addresses are attributed to a party on a sanctions list, and which labels tell of dealings in the past.

A label tells of the past when a rule alerts at it whatever the value: the address is attributed to a listed party, or to a
kind of party nobody should deal with. Its *rank* is its confidence in percent, and 1,000 more for a listed party's.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from rules.lists import AliasStrength, ListEntry, SanctionsList, Watchlist
from rules.messages import ListMatch
from rules.reference.index import Reference, plain_name
from rules.reference.rows import Category, Label

_SHORTEST_NAME: Final = 5  # judgement: characters; shorter names and acronyms are shared by too many

_OF_A_LISTED_PARTY: Final = 1_000
TELLING: Final = frozenset(
    {
        Category.SANCTIONED,
        Category.MIXER,
        Category.DARKNET_MARKET,
        Category.RANSOMWARE,
        Category.STOLEN_FUNDS,
        Category.SCAM,
        Category.TERRORIST_FINANCING,
        Category.CHILD_ABUSE,
    }
)

Attribution = tuple[Label, ListMatch]


class Attributed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Whom an address is attributed to, as the log of lists has it; `entry` is list, id and name of a listed party."""

    entity: str
    category: Category
    confidence: int
    source: str
    entry: tuple[str, str, str] | None = None

    @property
    def rank(self) -> int:
        """The confidence in percent, and 1,000 more where the party is listed."""
        return self.confidence + (_OF_A_LISTED_PARTY if self.entry is not None else 0)


class Relabelled(msgspec.Struct, frozen=True):
    """What became of the label of an address. `match` is the entry of a listed party, `now` None for a withdrawn label."""

    before: Attributed | None
    now: Attributed | None
    match: ListMatch | None = None

    @property
    def leads_on(self) -> bool:
        """Whether who dealt with those that dealt with the address is worth a look: not where many share it."""
        return self.now is not None and not self.now.category.is_service


def is_news(before: int, now: int, minimum: int) -> bool:
    """Whether a label of rank `now` tells something that one of rank `before` (0: none) did not, from a confidence on."""
    if now % _OF_A_LISTED_PARTY < minimum:
        return False
    return before % _OF_A_LISTED_PARTY < minimum or now >= _OF_A_LISTED_PARTY > before


def attributed(labels: Iterable[Label], known: Attribution | None) -> Attributed | None:
    """The telling label of an address: that which speaks of a listed party, else the surest. Labels come surest first."""
    if known is not None:
        label, match = known
        return Attributed(
            label.entity, label.category, label.confidence, label.source, (match.name, match.entry_id, match.entry_name)
        )
    for label in labels:
        if label.category in TELLING:
            return Attributed(label.entity, label.category, label.confidence, label.source)
    return None


def telling(reference: Reference, known: Mapping[str, Attribution]) -> Iterator[tuple[str, Attributed]]:
    """Every address with a telling label, in the order of the addresses."""
    for address in sorted(reference.labels or ()):
        found = attributed((reference.labels or {})[address], known.get(address))
        if found is not None:
            yield address, found


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
