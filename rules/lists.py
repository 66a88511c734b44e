"""Sanctions lists: immutable, hashed by content, with an index of the listed addresses.

A `SanctionsList` is one published list, a `Watchlist` is what rules look things up in: one or more lists together.
Screening an address tries the text as it stands first and its canonical forms second. Lists carry a few strings
that are no valid addresses of any chain; they still hit when a transfer names exactly this string.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from hashlib import sha256
from itertools import pairwise

import msgspec

from rules.addresses import MalformedAddress, canonical, canonical_forms

# A change of what the hash covers changes every hash; the prefix makes such a change visible in the hash itself.
_HASH_PREFIX = b"lockgate-list-1"


class EntryKind(StrEnum):
    """What an entry of a list stands for."""

    INDIVIDUAL = "individual"
    ENTITY = "entity"
    VESSEL = "vessel"
    AIRCRAFT = "aircraft"


class AliasStrength(StrEnum):
    """How far the publisher trusts an alias to find the right party (OFAC FAQ 122)."""

    STRONG = "strong"
    WEAK = "weak"


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """Another name of a listed party; `kind` is aka, fka or nka, `script` the publisher's word for a script not Latin."""

    name: str
    kind: str = "aka"
    strength: AliasStrength = AliasStrength.STRONG
    script: str | None = None


class Identifier(msgspec.Struct, frozen=True, kw_only=True):
    """A number that identifies a party: passport, tax number, IMO number, a publisher's own reference."""

    kind: str
    number: str
    country: str = ""


class ListedAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A digital currency address as published, with the ticker the list gives it."""

    currency: str
    address: str


class ListEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One listed party. Dates of birth, places and countries are the publisher's own words; `listed_on` is a day."""

    entry_id: str
    name: str
    source: str
    kind: EntryKind = EntryKind.ENTITY
    programs: tuple[str, ...] = ()
    aliases: tuple[Alias, ...] = ()
    addresses: tuple[ListedAddress, ...] = ()
    dates_of_birth: tuple[str, ...] = ()
    places_of_birth: tuple[str, ...] = ()
    nationalities: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    linked_to: tuple[str, ...] = ()
    gender: str | None = None
    title: str | None = None
    remarks: str = ""
    identifiers: tuple[Identifier, ...] = ()
    listed_on: date | None = None


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the published files that did not become part of an entry, and why."""

    entry_id: str
    reason: str


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A listed address that was found: the entry, the list it stands on, and the listed spelling.

    An address can stand under several currencies and several parties: `others` holds the rest.
    """

    list_name: str
    list_hash: str
    published: date | None
    entry_id: str
    entry_name: str
    matched: str
    currency: str
    others: tuple[Match, ...] = ()


def _order(entry: ListEntry) -> tuple[int, str]:
    return len(entry.entry_id), entry.entry_id


def _judged(entry: ListEntry) -> tuple[object, ...]:
    """The facts of an entry that a rule can depend on, in an order that does not depend on the file."""
    return (
        entry.entry_id,
        entry.name,
        entry.kind.value,
        sorted(entry.programs),
        sorted({(alias.name, alias.strength.value) for alias in entry.aliases}),
        sorted({(listed.currency, listed.address) for listed in entry.addresses}),
        sorted(set(entry.dates_of_birth)),
        sorted(set(entry.nationalities)),
        sorted(set(entry.countries)),
    )


class _Screened(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What can be screened against: an index of listed addresses with a date and a content hash."""

    hash: str
    published: date | None
    index: Mapping[str, Match]

    def match(self, address: str, network: str | None = None) -> Match | None:
        """The entry an address stands under in any spelling, or None.

        Raises MalformedAddress when the text is neither listed as it stands nor a valid address.
        """
        found = self.literal(address)
        if found is not None:
            return found
        for form in canonical_forms(address, network):
            found = self.index.get(form)
            if found is not None:
                return found
        return None

    def literal(self, address: str) -> Match | None:
        """The entry an address stands under in exactly this spelling or as canonical form, valid or not."""
        return self.index.get(address.strip())

    def age(self, as_of: date) -> timedelta | None:
        """Time from publication to `as_of`, None when the publication date is not known."""
        return None if self.published is None else as_of - self.published


class SanctionsList(_Screened, frozen=True, kw_only=True, eq=False):
    """One published list, in the order of its entry ids. Build it with `SanctionsList.of`.

    `hash` covers the name of the list and everything a rule can depend on: id, name, kind, programs, aliases,
    addresses, dates of birth, nationalities, countries. It does not cover remarks, identifiers, scripts, the day of
    listing, the order of rows, the file format or the publication date, so the same list read from CSV and from XML has
    the same hash; a rule must not depend on any of these. `literal_only` holds the listed addresses that are valid on
    no chain: they hit in their published spelling alone.
    """

    name: str
    entries: tuple[ListEntry, ...]
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    literal_only: tuple[ListedAddress, ...] = ()

    @classmethod
    def of(
        cls,
        name: str,
        entries: Iterable[ListEntry],
        *,
        published: date | None = None,
        left_out: Sequence[LeftOut] = (),
        notes: Sequence[str] = (),
    ) -> SanctionsList:
        """Sorts, hashes and indexes the entries of a list. Raises ValueError when an entry id stands twice."""
        ordered = tuple(sorted(entries, key=_order))
        for left, right in pairwise(ordered):
            if left.entry_id == right.entry_id:
                raise ValueError(f"entry {left.entry_id} stands twice on {name}")
        content = msgspec.json.encode((name, [_judged(entry) for entry in ordered]))
        digest = sha256(_HASH_PREFIX + content).hexdigest()
        index, literal_only = _index(name, digest, published, ordered)
        return cls(
            name=name,
            published=published,
            hash=digest,
            entries=ordered,
            index=index,
            left_out=tuple(left_out),
            notes=tuple(notes),
            literal_only=literal_only,
        )

    @property
    def addresses_by_currency(self) -> Mapping[str, int]:
        """How many different addresses the list gives for each ticker."""
        return _by_currency(self.entries)


class Watchlist(_Screened, frozen=True, kw_only=True, eq=False):
    """Several lists looked up as one. Build it with `merge`.

    `hash` identifies the lists together. `published` is the oldest publication date, None when one list has none.
    """

    lists: tuple[SanctionsList, ...]

    @property
    def entries(self) -> Iterator[tuple[SanctionsList, ListEntry]]:
        """Every entry with the list it stands on; an entry that two sources of one list share comes once."""
        seen: set[tuple[str, str, str, tuple[Alias, ...]]] = set()
        for listing in self.lists:
            for entry in listing.entries:
                key = (listing.name, entry.entry_id, entry.name, entry.aliases)
                if key not in seen:
                    seen.add(key)
                    yield listing, entry

    @property
    def entry_count(self) -> int:
        """The number of entries over all lists."""
        return sum(len(listing.entries) for listing in self.lists)

    @property
    def addresses_by_currency(self) -> Mapping[str, int]:
        """How many addresses the lists give for each ticker; an address on two lists counts once."""
        return _by_currency(entry for _, entry in self.entries)


def merge(lists: Iterable[SanctionsList]) -> Watchlist:
    """One watchlist of several lists, independent of their order.

    A list given twice counts once, with the later publication date of the two where one is known.
    """
    distinct: dict[tuple[str, str], SanctionsList] = {}
    for listing in sorted(lists, key=lambda each: each.published or date.min):
        distinct[listing.name, listing.hash] = listing
    ordered = tuple(listing for _, listing in sorted(distinct.items()))
    digest = sha256(_HASH_PREFIX)
    for listing in ordered:
        digest.update(f"\n{listing.hash}".encode())
    index: dict[str, Match] = {}
    for listing in ordered:
        for key, found in listing.index.items():
            index[key] = _joined([index[key], found]) if key in index else found
    dates = [listing.published for listing in ordered]
    known = [published for published in dates if published is not None]
    oldest = min(known) if known and len(known) == len(dates) else None
    return Watchlist(lists=ordered, hash=digest.hexdigest(), published=oldest, index=index)


def _by_currency(entries: Iterable[ListEntry]) -> dict[str, int]:
    listed = {(each.currency, each.address) for entry in entries for each in entry.addresses}
    return dict(sorted(Counter(currency for currency, _ in listed).items()))


def _index(
    name: str, digest: str, published: date | None, entries: Sequence[ListEntry]
) -> tuple[dict[str, Match], tuple[ListedAddress, ...]]:
    """Every key an address of the list can be found by: its published spelling and its canonical form."""
    found: dict[str, list[Match]] = {}
    literal_only: list[ListedAddress] = []
    for entry in entries:
        for listed in entry.addresses:
            match = Match(
                list_name=name,
                list_hash=digest,
                published=published,
                entry_id=entry.entry_id,
                entry_name=entry.name,
                matched=listed.address,
                currency=listed.currency,
            )
            if _canonical_listed(listed) is None:
                literal_only.append(listed)
            for each in keys_of(listed):
                found.setdefault(each, []).append(match)
    return {key: _joined(matches) for key, matches in found.items()}, tuple(literal_only)


def keys_of(listed: ListedAddress) -> tuple[str, ...]:
    """Every key a published address can be met under: its spelling, and its canonical form where it has one."""
    return tuple(dict.fromkeys((listed.address, _canonical_listed(listed) or listed.address)))


def _canonical_listed(listed: ListedAddress) -> str | None:
    """The canonical form of a published address, None when it is an address of no chain.

    The ticker is tried as the network first. It often names a token that lives on many chains, and lists carry
    slips such as a Tron address under XBT: the shape of the address decides then.
    """
    for network in (listed.currency, None):
        try:
            return canonical(listed.address, network)
        except MalformedAddress:
            continue
    return None


def _joined(matches: Sequence[Match]) -> Match:
    """The first match, with all different other ones attached to it."""
    flat = [msgspec.structs.replace(each, others=()) for match in matches for each in (match, *match.others)]
    first, *others = dict.fromkeys(flat)
    return msgspec.structs.replace(first, others=tuple(others))
