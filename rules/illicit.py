"""Whose value is followed over further hops: parties on a sanctions list, and services that are crimes by themselves."""

from typing import Final, NamedTuple

from rules.change import Change
from rules.knowledge import Knowledge
from rules.reference import Category
from rules.reference.attribution import TELLING

CONFIDENCE: Final = 50  # judgement: percent; below, an attribution is a guess


class Party(NamedTuple):
    """Who stands behind an address, and of what category."""

    category: Category
    entity: str


def party_of(address: str, knowledge: Knowledge, *, listed: bool) -> Party | None:
    """The party whose value is followed behind a canonical address; None for all others.

    `listed` says that the address was on a list when its transfer was judged.
    """
    if listed:
        found = knowledge.watchlist.literal(address) if knowledge.watchlist is not None else None
        return Party(Category.SANCTIONED, found.entry_name if found is not None else address)
    attributed = knowledge.attributed.get(address)
    if attributed is not None and attributed[0].confidence >= CONFIDENCE:
        return Party(Category.SANCTIONED, attributed[1].entry_name)
    label = knowledge.reference.label(address)
    if label is None or label.category not in TELLING or label.confidence < CONFIDENCE:
        return None
    return Party(label.category, label.entity)


def parties_of(change: Change) -> dict[str, Party]:
    """The parties whose value is followed from a change of lists or labels on, by address."""
    parties = {
        address: Party(now.category if now.entry is None else Category.SANCTIONED, now.entity)
        for address, label in change.relabelled.items()
        if (now := label.now) is not None and now.confidence >= CONFIDENCE
    }
    return parties | {address: Party(Category.SANCTIONED, match.entry_name) for address, match in change.listed.items()}
