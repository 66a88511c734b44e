"""What a judged transfer leaves: a movement for its account's profile, and flows for the counterparties stage."""

from collections.abc import Iterator

from rules.illicit import party_of
from rules.messages import Flow, Named, Source
from rules.profile import Movement, Profile, contact_key
from rules.reference.attribution import attributed
from rules.rule import Case
from rules.screening import own_address
from rules.transfer import Kind, Transfer


def movement_of(
    transfer: Transfer,
    case: Case,
    inflow: bool,
    value: int,
    opened_ms: int | None,
    met: tuple[int, ...],
    told: tuple[tuple[str, int], ...],
) -> Movement:
    """What the profile takes in; `met` are contacts the account had not had before, `told` the stories told now."""
    return Movement(
        case.occurred_ms,
        inflow,
        value,
        case.addresses[0] if case.addresses else "",
        transfer.event_id,
        transfer.amount,
        transfer.asset,
        transfer.network or "",
        opened_ms,
        (transfer.account.type or "") if transfer.account is not None else "",
        transfer.ip_country or "",
        met,
        told,
    )


def first_contacts(
    profile: Profile, occurred_ms: int, keys: tuple[int, ...], device_id: str | None
) -> tuple[tuple[int, ...], str]:
    """Which of these contacts the account had not had before, and the device when it is one of them, too."""
    contacts, device = profile.contacts, ""
    met: tuple[int, ...] = ()
    for key in keys:
        if key not in contacts:
            met += (key,)
    if device_id and (key := contact_key(device_id)) not in contacts:
        met, device = (*met, key), device_id
    if met:
        profile.meet(met, occurred_ms)
    return met, device


def followed_addresses(case: Case) -> tuple[str, ...]:
    """The addresses of parties whose value the next stage follows: it hears of every transfer with them."""
    listed = {address for address, _ in case.listed}
    near = dict.fromkeys((*listed, *(address for address, _ in case.labelled)))
    return tuple(one for one in sorted(near) if party_of(one, case.knowledge, listed=one in listed) is not None)


def flows_of(
    transfer: Transfer,
    case: Case,
    value: int,
    source: Source,
    met: tuple[int, ...],
    device: str,
    signals: tuple[str, ...],
    names: tuple[Named, ...] = (),
    followed: tuple[str, ...] = (),
) -> Iterator[Flow]:
    """One for each address met first, and for each whose value is followed every time.

    Where there is none, one carries the device, the signals or the names.
    """
    listed, own = {address for address, _ in case.listed}, own_address(transfer)
    firsts = [contact for contact, key in zip(case.addresses, case.contacts, strict=True) if key in met]
    for contact in dict.fromkeys((*firsts, *followed)) or case.addresses[:1]:
        yield Flow(
            case.occurred_ms,
            source.topic,
            source.partition,
            source.offset,
            contact,
            transfer.account_id,
            transfer.kind is Kind.DEPOSIT,
            value,
            transfer.event_id,
            transfer.amount,
            transfer.asset,
            transfer.network or "",
            contact in firsts,
            own,
            device or (transfer.device_id or "" if signals else ""),
            signals,
            contact in listed,
            names,
            rank_of(case, contact) if case.labelled else 0,
        )
        names = ()


def rank_of(case: Case, address: str) -> int:
    """How the address is labelled, as far as it may tell something about the past."""
    found = attributed(
        (label for labelled, label in case.labelled if labelled == address), case.knowledge.attributed.get(address)
    )
    return 0 if found is None else found.rank


def signalled_again(case: Case, account_id: str, source: Source, signals: tuple[str, ...]) -> Iterator[Flow]:
    """A flow for what a late transfer lets rules say of a transfer after it."""
    profile, index = case.profile, case.index
    if address := profile.address[index]:
        event_id, amount, asset, network = profile.detail[index]
        yield Flow(
            case.occurred_ms,
            source.topic,
            source.partition,
            source.offset,
            address,
            account_id,
            profile.inflow[index],
            profile.value[index],
            event_id,
            amount,
            asset,
            network,
            first=False,
            signals=signals,
        )
