"""Which countries and regions a transfer touches, as far as the exchange and the lists know."""

from rules.reference.index import Reference
from rules.reference.networks import BadAddress
from rules.transfer import Transfer

Place = tuple[str, str]  # what of the transfer it is, code of the country or region


def touches(transfer: Transfer, reference: Reference) -> bool | None:
    """Whether `places` holds a watched one, found quickly; None when nothing is known of any place."""
    watched, ip = reference.watched, transfer.ip_country
    country = vasp = home = None
    region = transfer.ip_region
    if (party := transfer.counterparty) is not None:
        country, vasp = party.country, party.vasp
        region = region or party.region
    if (holder := transfer.account) is not None:
        home = holder.country
        region = region or holder.region
    if ip in watched or country in watched or home in watched:
        return True
    codes = _of_networks(transfer, reference) if reference.networks is not None else ()
    if vasp is not None and reference.vasps is not None and (code := _of_vasp(vasp, reference)) is not None:
        codes = (*codes, code)
    if region:
        codes = (*codes, *(code for _, code in _regions(transfer, reference)))
    if codes:
        return not watched.isdisjoint(codes)
    return False if ip or country or home else None


def places(transfer: Transfer, reference: Reference) -> tuple[Place, ...]:
    """Where the IP address, the counterparty, its VASP and the account's holder are; empty when nothing is known.

    Regions come from the transfer itself and from lists of networks.
    """
    found: list[Place] = []
    if transfer.ip_country:
        found.append(("ip", transfer.ip_country.upper()))
    found += [("ip", code) for code in _of_networks(transfer, reference)]
    party = transfer.counterparty
    if party is not None:
        if party.country:
            found.append(("counterparty", party.country.upper()))
        if party.vasp and (code := _of_vasp(party.vasp, reference)) is not None:
            found.append(("vasp", code))
    holder = transfer.account
    if holder is not None and holder.country:
        found.append(("holder", holder.country.upper()))
    found += _regions(transfer, reference)
    return tuple(dict.fromkeys(found))


def _regions(transfer: Transfer, reference: Reference) -> list[Place]:
    """The regions that a transfer names, as far as their codes are known."""
    party, holder = transfer.counterparty, transfer.account
    told = [("ip", transfer.ip_region, transfer.ip_country)]
    if party is not None:
        told.append(("counterparty", party.region, party.country))
    if holder is not None:
        told.append(("holder", holder.region, holder.country))
    return [(of, code) for of, region, country in told if region and (code := reference.region(region, country)) is not None]


def _of_networks(transfer: Transfer, reference: Reference) -> tuple[str, ...]:
    networks = reference.networks
    if transfer.ip is None or networks is None or not networks.tell_jurisdictions:
        return ()
    try:
        return tuple(row.jurisdiction for row in networks.find(transfer.ip) if row.jurisdiction is not None)
    except BadAddress:  # access.anonymised_access says so
        return ()


def _of_vasp(name: str, reference: Reference) -> str | None:
    listed = reference.vasp(name)
    return listed.country if listed is not None else None
