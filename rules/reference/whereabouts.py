"""Which countries and regions a transfer touches, as far as the exchange and the lists know."""

from contextlib import suppress

from rules.reference.index import Reference
from rules.reference.networks import BadAddress
from rules.transfer import Transfer

Place = tuple[str, str]  # what of the transfer it is, code of the country or region


def touches(transfer: Transfer, reference: Reference) -> bool | None:
    """A quick look whether `places` can hold a watched one; None when nothing is known of any place."""
    watched, networks, ip = reference.watched, reference.networks, transfer.ip_country
    country = vasp = None
    if (party := transfer.counterparty) is not None:
        country, vasp = party.country, party.vasp
    home = transfer.account.country if transfer.account is not None else None
    if ip in watched or country in watched or home in watched:
        return True
    if vasp is not None and (listed := reference.vasp(vasp)) is not None and listed.country is not None:
        return True
    if transfer.ip is not None and networks is not None and networks.tell_jurisdictions:
        return True
    return False if ip or country or home else None


def places(transfer: Transfer, reference: Reference) -> tuple[Place, ...]:
    """Where the IP address, the counterparty, its VASP and the account's holder are; empty when nothing is known.

    A region comes from a list of networks alone; the contract carries countries.
    """
    found: list[Place] = []
    if transfer.ip_country is not None:
        found.append(("ip", transfer.ip_country.upper()))
    networks = reference.networks
    if transfer.ip is not None and networks is not None:
        with suppress(BadAddress):  # access.anonymised_access says so
            found += [("ip", row.jurisdiction) for row in networks.find(transfer.ip) if row.jurisdiction is not None]
    party = transfer.counterparty
    if party is not None:
        if party.country is not None:
            found.append(("counterparty", party.country.upper()))
        vasp = reference.vasp(party.vasp) if party.vasp else None
        if vasp is not None and vasp.country is not None:
            found.append(("vasp", vasp.country))
    holder = transfer.account
    if holder is not None and holder.country is not None:
        found.append(("holder", holder.country.upper()))
    return tuple(dict.fromkeys(found))
