"""What is remembered of the past: the first contact between each account and address, and whom transfers named.

One hop: an account never dealt with an address, but with the own address of an account that did, or the other way round.
What happens between addresses outside the exchange is not seen here.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from rules.list_changes import names_of
from rules.lists import ListEntry
from rules.messages import Evidence, Flow, Named
from rules.name_keys import Sought, candidates, name_id, name_keys, sought_words

MIDDLEMEN: Final = 200  # judgement: accounts behind an address that one hop is followed from; more make it a service
FOLLOWED: Final = 200  # judgement: addresses of one account that are followed
KEPT_DAYS: Final = 5 * 365  # FATF Recommendation 11: records are kept for at least five years
_DAY_MS: Final = 86_400_000
SLIPS_SOUGHT: Final = 1_000  # judgement: newly listed names up to which slips are sought; a whole new list is more


class Dealing(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The first contact of an account with an address.

    `screened`: the address was listed then, and alerted at the transfer. `labelled` is the rank that its label had then
    (`rules.reference.attribution`).
    """

    account_id: str
    inflow: bool
    occurred_ms: int
    value: int
    event_id: str
    amount: str
    asset: str
    screened: bool
    labelled: int = 0

    def evidence(self, shows: str) -> Evidence:
        """The transfer, and what it shows."""
        return Evidence.of(self.event_id, self.amount, self.asset, self.value, self.occurred_ms, shows)


class Bearer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Somebody whom a transfer of an account named for the first time, and the transfer."""

    named: Named
    address: str
    dealing: Dealing


class Full(list[Dealing]):
    """Dealings of an address that more accounts have met than are remembered: those that met it first."""


class Hop(msgspec.Struct, frozen=True):
    """How an account is one hop away: through which account and which of its addresses, and the transfer between them."""

    middle: str
    through: str
    dealing: Dealing


class Past(msgspec.Struct):
    """What is stored of dealings, as far as it was asked for."""

    dealings: Mapping[str, Sequence[Dealing]] = {}  # by address
    contacts: Mapping[str, Sequence[str]] = {}  # the addresses that an account dealt with
    own: Mapping[str, Sequence[str]] = {}  # an account's own addresses
    owners: Mapping[str, str] = {}  # the account of an own address; empty where several share it
    named: Mapping[str, Sequence[bytes]] = {}  # ids of names by the keys of their words
    bearers: Mapping[str, Sequence[Bearer]] = {}  # by the id of a name, in hex
    now_ms: int = 0  # what is `KEPT_DAYS` older is not known any more

    def met(self, address: str) -> dict[str, list[Dealing]]:
        """The accounts that dealt with an address, in order, each with its dealings."""
        return by_account(one for one in self.dealings.get(address, ()) if self._is_kept(one))

    def others_forgotten(self, address: str) -> bool:
        """Whether more accounts dealt with an address than are remembered."""
        return isinstance(self.dealings.get(address), Full)

    def _is_kept(self, dealing: Dealing) -> bool:
        return dealing.occurred_ms >= self.now_ms - KEPT_DAYS * _DAY_MS

    def bearing(self, entries: Sequence[ListEntry]) -> list[Bearer]:
        """Who may bear one of the names of some list entries, each once."""
        ids = alike(entries, self.named)
        found = (bearer for each in ids for bearer in self.bearers.get(each, ()))
        return list(dict.fromkeys(bearer for bearer in found if self._is_kept(bearer.dealing)))

    def nearby(self, address: str) -> dict[str, Hop]:
        """The accounts one hop away from an address, in order; none where too many dealt with it."""
        direct = self.met(address)
        if len(direct) > MIDDLEMEN:
            return {}
        found: dict[str, Hop] = {}
        for middle in direct:
            for own in sorted(self.own.get(middle, ())[:FOLLOWED]):
                for dealing in filter(self._is_kept, self.dealings.get(own, ())):
                    found.setdefault(dealing.account_id, Hop(middle, own, dealing))
            for contact in self.contacts.get(middle, ())[:FOLLOWED]:
                if owner := self.owners.get(contact):
                    known = filter(self._is_kept, self.dealings.get(contact, ()))
                    reached = [one for one in known if one.account_id == middle]
                    if reached:
                        found.setdefault(owner, Hop(middle, contact, reached[0]))
        return {account_id: hop for account_id, hop in sorted(found.items()) if account_id not in direct}


def dealing_of(flow: Flow, *, screened: bool, labelled: int = 0) -> Dealing:
    """What a flow tells of the first contact of its account and address."""
    return Dealing(
        flow.account_id,
        flow.inflow,
        flow.occurred_ms,
        flow.value,
        flow.event_id,
        flow.amount,
        flow.asset,
        screened,
        labelled,
    )


def past_of(flows: Iterable[Flow]) -> Past:
    """Everything that some flows tell, in memory."""
    dealings: dict[str, list[Dealing]] = {}
    contacts: dict[str, list[str]] = {}
    named: dict[str, list[bytes]] = {}
    bearers: dict[str, list[Bearer]] = {}
    own: dict[str, list[str]] = {}
    owners: dict[str, str] = {}
    for flow in sorted(flows):
        dealing = dealing_of(flow, screened=flow.listed, labelled=flow.labelled)
        if flow.first:
            dealings.setdefault(flow.address, []).append(dealing)
            contacts.setdefault(flow.account_id, []).append(flow.address)
        if flow.own_address and owners.get(flow.own_address) != flow.account_id:
            if flow.own_address in owners:
                owners[flow.own_address] = ""
            else:
                owners[flow.own_address] = flow.account_id
                own.setdefault(flow.account_id, []).append(flow.own_address)
        for one in flow.names:
            bearers.setdefault(name_id(one.name).hex(), []).append(Bearer(one, flow.address, dealing))
            for key in name_keys(one.name):
                named.setdefault(key, []).append(name_id(one.name))
    return Past(dealings, contacts, own, owners, named, bearers)


def sought_for(entries: Sequence[ListEntry]) -> list[tuple[Sought, ...]]:
    """What the names of some list entries are sought by, each name for itself."""
    names = [name for entry in entries for name in names_of(entry)]
    return [sought_words(name, slips=len(names) <= SLIPS_SOUGHT) for name in names]


def alike(entries: Sequence[ListEntry], stored: Mapping[str, Sequence[bytes]]) -> list[str]:
    """The ids of the stored names, in hex, that may be a name of some list entries, each once and in order."""
    return sorted({each.hex() for sought in sought_for(entries) for each in candidates(sought, stored)})


def middlemen(dealings: Iterable[Dealing]) -> dict[str, list[Dealing]]:
    """The accounts that one hop is followed from, with their dealings; empty for an address of too many."""
    found = by_account(dealings)
    return found if len(found) <= MIDDLEMEN else {}


def by_account(dealings: Iterable[Dealing]) -> dict[str, list[Dealing]]:
    """Dealings in event-time order by account, the accounts in order."""
    found: dict[str, list[Dealing]] = {}
    for dealing in sorted(dealings, key=lambda one: (one.account_id, one.occurred_ms, one.event_id)):
        found.setdefault(dealing.account_id, []).append(dealing)
    return found
