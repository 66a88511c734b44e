"""Tells a list that lost too much from one that changed: the guard against files that are broken, yet well-formed.

The largest real delisting on record took about 3 % of OFAC's entries at once (Syria, 2025-06-30); Tornado Cash's 90
addresses were 9 % of the listed addresses (2025-03-21).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rules.lists import SanctionsList

LOST_ENTRIES = 0.10  # judgement: three times the largest real one
LOST_ADDRESSES = 0.20  # judgement: twice the largest real one
FEW = 10  # judgement: what a small list may lose, whatever share that is


class Shrunk(ValueError):
    """A list that must not take the place of the one in force without a person's word."""

    def __init__(self, faults: Sequence[str], hashes: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.hashes = tuple(hashes)


def check_step(
    held: Sequence[SanctionsList], fresh: Sequence[SanctionsList], approved: Callable[[str], bool] = lambda _: False
) -> None:
    """Whether lists may take the place of those in force.

    Raises Shrunk, with every reason and the hashes to sign off, unless `approved` says of them that they are.
    """
    found = {each.name: each for each in fresh}
    faults: list[str] = []
    hashes: list[str] = []
    for each in held:
        successor = found.get(each.name)
        if successor is not None and (successor.hash == each.hash or approved(successor.hash)):
            continue
        told = _faults(each, successor)
        faults += told
        if told and successor is not None:
            hashes.append(successor.hash)
    if faults:
        raise Shrunk(faults, hashes)


def check_total(held: Sequence[SanctionsList], fresh: Sequence[SanctionsList]) -> None:
    """Whether all lists together may take the place of all those in force; single ones may come and go. Raises Shrunk."""
    counts = (
        ("entries", sum(len(each.entries) for each in held), sum(len(each.entries) for each in fresh), LOST_ENTRIES),
        ("addresses", sum(map(_addresses, held)), sum(map(_addresses, fresh)), LOST_ADDRESSES),
    )
    faults = _lost("the lists together", counts)
    if faults:
        raise Shrunk(faults, ())


def _faults(held: SanctionsList, fresh: SanctionsList | None) -> list[str]:
    if fresh is None:
        return [f"{held.name} is gone"]
    faults = []
    if held.published and fresh.published and fresh.published < held.published:
        faults.append(f"{held.name} is of {fresh.published}, older than {held.published} in force")
    counts = (
        ("entries", len(held.entries), len(fresh.entries), LOST_ENTRIES),
        ("aliases", _aliases(held), _aliases(fresh), LOST_ENTRIES),
        ("addresses", _addresses(held), _addresses(fresh), LOST_ADDRESSES),
    )
    return faults + _lost(held.name, counts)


def _lost(name: str, counts: Iterable[tuple[str, int, int, float]]) -> list[str]:
    return [
        f"{name}: {after:,} {what} instead of {before:,}"
        for what, before, after, share in counts
        if before - after > FEW and before - after > share * before
    ]


def _aliases(listing: SanctionsList) -> int:
    return sum(len(entry.aliases) for entry in listing.entries)


def _addresses(listing: SanctionsList) -> int:
    return sum(listing.addresses_by_currency.values())
