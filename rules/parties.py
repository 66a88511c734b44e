"""Who a transfer names: the counterparty, its VASP and the account's holder, and what else is known of them."""

from collections.abc import Iterator
from typing import Final

from rules.messages import Named
from rules.names import Facts, NameKind
from rules.profile import Profile, contact_key
from rules.transfer import PartyType, Transfer

_KINDS: Final = {PartyType.INDIVIDUAL: NameKind.PERSON, PartyType.ENTITY: NameKind.ORGANISATION, None: NameKind.ANY}
_ACCOUNT_KINDS: Final = {
    **dict.fromkeys(("individual", "personal", "retail", "consumer"), NameKind.PERSON),
    **dict.fromkeys(("business", "company", "corporate", "entity", "institutional", "merchant"), NameKind.ORGANISATION),
}
_KIND_OF: Final = {kind.value: kind for kind in NameKind}


def parties(transfer: Transfer) -> Iterator[Named]:
    """Each party that a transfer names, with its role."""
    if (party := transfer.counterparty) is not None:
        if party.name:
            kind, country = _KINDS[party.type], (party.country or "").upper()
            yield Named("counterparty", party.name, kind, party.date_of_birth or "", country)
        if party.vasp:
            yield Named("VASP", party.vasp, NameKind.ORGANISATION)
    if (holder := transfer.account) is not None and holder.holder_name:
        kind = _ACCOUNT_KINDS.get((holder.type or "").lower(), NameKind.ANY)
        yield Named("holder", holder.holder_name, kind, "", (holder.country or "").upper())


def facts_of(named: Named) -> Facts:
    """What is known of a party beside its name, as names are compared with it."""
    return Facts(kind=_KIND_OF[named.kind], born=named.born or None, countries=(named.country,) if named.country else ())


def first_named(profile: Profile, occurred_ms: int, transfer: Transfer) -> tuple[tuple[int, ...], tuple[Named, ...]]:
    """The keys under which a profile knows parties that the account's transfers never named before, and these parties."""
    party, holder, contacts = transfer.counterparty, transfer.account, profile.contacts
    names: tuple[tuple[str, str | None], ...] = ()
    if party is not None:
        names = (("counterparty", party.name), ("VASP", party.vasp))
    if holder is not None:
        names = (*names, ("holder", holder.holder_name))
    new = {}
    for role, name in names:
        if name and (key := contact_key(f"{role}\0{name}")) not in contacts:
            new[role] = key
    if not new:
        return (), ()
    keys = tuple(new.values())
    profile.meet(keys, occurred_ms)
    return keys, tuple(one for one in parties(transfer) if one.role in new)
