"""Who a transfer names: the counterparty, its VASP and the account's holder, and what else is known of them."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from rules.messages import Named
from rules.names import Facts, NameKind
from rules.profile import Profile, contact_key
from rules.transfer import AccountFacts, Party, PartyType, Transfer

_CACHED: Final = 65_536  # judgement: holders and counterparties that come back within some hours
_KINDS: Final = {PartyType.INDIVIDUAL: NameKind.PERSON, PartyType.ENTITY: NameKind.ORGANISATION, None: NameKind.ANY}
_ACCOUNT_KINDS: Final = {
    **dict.fromkeys(("individual", "personal", "retail", "consumer"), NameKind.PERSON),
    **dict.fromkeys(("business", "company", "corporate", "entity", "institutional", "merchant"), NameKind.ORGANISATION),
}
_KIND_OF: Final = {kind.value: kind for kind in NameKind}


@lru_cache(maxsize=_CACHED)
def named_by(bearer: Party | AccountFacts) -> tuple[tuple[Named, int], ...]:
    """Whom a party's data or the account's name, and the key under which a profile remembers that."""
    found = _of_party(bearer) if isinstance(bearer, Party) else _of_account(bearer)
    return tuple((named, contact_key(f"{named.role}\0{named.name}")) for named in found)


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


def first_named(profile: Profile, occurred_ms: int, transfer: Transfer) -> tuple[tuple[int, ...], tuple[Named, ...]]:
    """The keys under which a profile knows parties that the account's transfers never named before, and these parties."""
    contacts = profile.contacts
    keys: tuple[int, ...] = ()
    new: tuple[Named, ...] = ()
    for bearer in (transfer.counterparty, transfer.account):
        if bearer is not None:
            for named, key in named_by(bearer):
                if key not in contacts:
                    keys += (key,)
                    new += (named,)
    if keys:
        profile.meet(keys, occurred_ms)
    return keys, new
