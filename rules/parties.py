"""Who a transfer names: the counterparty, its VASP and the account's holder, and what else is known of them."""

from collections.abc import Iterator
from typing import Final

from rules.memo import Memo
from rules.messages import Named
from rules.names import Facts, NameKind
from rules.profile import Profile, contact_key
from rules.transfer import AccountFacts, Party, PartyType, Transfer

_REMEMBERED: Final = 65_536  # judgement: holders and counterparties that come back within some hours
_KINDS: Final = {PartyType.INDIVIDUAL: NameKind.PERSON, PartyType.ENTITY: NameKind.ORGANISATION, None: NameKind.ANY}
_ACCOUNT_KINDS: Final = {
    **dict.fromkeys(("individual", "personal", "retail", "consumer"), NameKind.PERSON),
    **dict.fromkeys(("business", "company", "corporate", "entity", "institutional", "merchant"), NameKind.ORGANISATION),
}
_KIND_OF: Final = {kind.value: kind for kind in NameKind}


def parties(transfer: Transfer) -> tuple[Named, ...]:
    """Each party that a transfer names, with its role."""
    party, holder = transfer.counterparty, transfer.account
    if party is None:
        return () if holder is None else _named_by[holder]
    return _named_by[party] if holder is None else _named_by[party] + _named_by[holder]


def _of_party(party: Party) -> Iterator[Named]:
    if party.name:
        kind, country = _KINDS[party.type], (party.country or "").upper()
        yield Named("counterparty", party.name, kind, party.date_of_birth or "", country)
    if party.vasp:
        yield Named("VASP", party.vasp, NameKind.ORGANISATION)


def _of_account(holder: AccountFacts) -> Iterator[Named]:
    if holder.holder_name:
        kind = _ACCOUNT_KINDS.get((holder.type or "").lower(), NameKind.ANY)
        yield Named("holder", holder.holder_name, kind, "", (holder.country or "").upper())


def facts_of(named: Named) -> Facts:
    """What is known of a party beside its name, as names are compared with it."""
    return Facts(kind=_KIND_OF[named.kind], born=named.born or None, countries=(named.country,) if named.country else ())


def first_named(profile: Profile, occurred_ms: int, named: tuple[Named, ...]) -> tuple[tuple[int, ...], tuple[Named, ...]]:
    """The keys under which a profile knows parties that the account's transfers never named before, and these parties."""
    contacts = profile.contacts
    keys: tuple[int, ...] = ()
    new: tuple[Named, ...] = ()
    for one in named:
        key = _key[one]
        if key not in contacts:
            keys, new = (*keys, key), (*new, one)
    if keys:
        profile.meet(keys, occurred_ms)
    return keys, new


def _bearer_names(bearer: Party | AccountFacts) -> tuple[Named, ...]:
    return tuple(_of_party(bearer) if isinstance(bearer, Party) else _of_account(bearer))


def _contact_key(named: Named) -> int:
    return contact_key(f"{named.role}\0{named.name}")


_named_by: Final = Memo(_bearer_names, _REMEMBERED)
_key: Final = Memo(_contact_key, _REMEMBERED)
