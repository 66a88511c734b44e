"""Addresses as they are spelled, looked up in the lists in force."""

from collections.abc import Iterable
from typing import Final

import msgspec

from rules.addresses import MalformedAddress, canonical_forms
from rules.knowledge import Knowledge
from rules.lists import Watchlist
from rules.messages import ListMatch
from rules.profile import contact_key
from rules.reference import Label
from rules.transfer import Transfer

_REMEMBERED: Final = 131_072  # judgement: the addresses of some hours at a busy exchange, at about 500 bytes each


class Screened(msgspec.Struct, gc=False):
    """The addresses of a transfer: in canonical form, why some cannot be read, and what the lists say about them.

    `contacts` are the keys under which profiles remember the addresses. Shared between transfers: nobody changes one.
    """

    addresses: tuple[str, ...] = ()
    contacts: tuple[int, ...] = ()
    unreadable: tuple[str, ...] = ()
    listed: tuple[tuple[str, ListMatch], ...] = ()
    labelled: tuple[tuple[str, Label], ...] = ()


class Screen:
    """Looks addresses up in one state of the lists."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._watchlist = knowledge.watchlist
        self._labels = knowledge.reference.labels
        self._known: dict[str | None, dict[str, Screened]] = {}  # by network, then as it is spelled
        self._room = _REMEMBERED

    def look_up(self, addresses: tuple[str, ...], network: str | None) -> Screened:
        """What there is to know of the addresses of one side; the same ones come again and again in a stream."""
        if len(addresses) != 1:  # the inputs of a UTXO transaction hardly come together again
            return self._look_up(addresses, network)
        known = self._known.get(network)
        found = known.get(addresses[0]) if known is not None else None
        return self._remember(addresses, network) if found is None else found

    def _remember(self, addresses: tuple[str, ...], network: str | None) -> Screened:
        self._room -= 1
        if self._room < 0:
            self._known.clear()
            self._room = _REMEMBERED
        found = self._known.setdefault(network, {})[addresses[0]] = self._look_up(addresses, network)
        return found

    def _look_up(self, addresses: tuple[str, ...], network: str | None) -> Screened:
        found = Screened()
        watchlist, labels = self._watchlist, self._labels
        for spelling in addresses:
            try:
                forms = canonical_forms(spelling, network)
            except MalformedAddress as error:
                forms = (spelling.strip(),)
                found.unreadable += (error.reason,)
            else:
                if forms[0] not in found.addresses:
                    found.addresses += (forms[0],)
            if watchlist is not None and (match := _listed(watchlist, spelling, forms)) is not None:
                found.listed += ((forms[0], match),)
            if labels is not None:
                for form in forms:
                    if form in labels:
                        found.labelled += tuple((forms[0], label) for label in labels[form])
        found.contacts = tuple(map(contact_key, found.addresses))
        return found


def own_address(transfer: Transfer) -> str:
    """The account's own address in canonical form, or empty where there is none to be read."""
    if not transfer.own_address:
        return ""
    try:
        return canonical_forms(transfer.own_address, transfer.network)[0]
    except MalformedAddress:
        return ""


def _listed(watchlist: Watchlist, spelling: str, forms: Iterable[str]) -> ListMatch | None:
    """The list entry of an address: first as it is spelled, since lists hold strings that are no address, too."""
    index = watchlist.index
    match = index.get(spelling.strip())
    if match is None:
        for form in forms:
            match = index.get(form)
            if match is not None:
                break
        else:
            return None
    return ListMatch(
        name=match.list_name,
        hash=match.list_hash,
        published=match.published.isoformat() if match.published else None,
        entry_id=match.entry_id,
        entry_name=match.entry_name,
        matched=match.matched,
    )
