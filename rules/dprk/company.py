"""The company in which an account passes on its wages: who is met where, who is linked, what else speaks for a cell."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from rules.address_state import AddressState
from rules.circles import Member
from rules.dprk.words import ABROAD, FIRM, HIDDEN, HOSTED, LISTED_NAME, OTHER_NAME, RHYTHM
from rules.messages import Flow, Severity

WAGES_SWEPT: Final = "dprk.wages_swept"
GRADES: Final = (Severity.LOW, Severity.MEDIUM, Severity.HIGH)


def met(flow: Flow, place: AddressState, window_ms: int, said: str = WAGES_SWEPT) -> list[Member]:
    """Those who passed wages on at the place in the window, the account last; none when it was met there again since."""
    members = place.circle.heard(said, flow, window_ms)
    return members if members and members[-1].event_id == flow.event_id else []


def linked(members: Sequence[Member]) -> list[Member]:
    """Those who used a device that another of them used, too."""
    users = Counter(device for member in members for device in member.devices)
    return [member for member in members if any(users[device] > 1 for device in member.devices)]


def kin(members: Sequence[Member]) -> list[Member]:
    """The last of the members, and those whom devices link to it, directly or through others of them."""
    devices, found = set(members[-1].devices), [members[-1]]
    while more := [one for one in members if one not in found and not devices.isdisjoint(one.devices)]:
        found += more
        devices.update(device for one in more for device in one.devices)
    return [one for one in members if one in found]


def firm(members: Sequence[Member]) -> list[Member]:
    """Those who pass on what is enough to live on."""
    return [member for member in members if FIRM in member.signals]


def steady(members: Sequence[Member]) -> list[Member]:
    """Those who do so in a rhythm."""
    return [member for member in firm(members) if RHYTHM in member.signals]


def returning(members: Sequence[Member], apart_ms: int) -> int:
    """How many of them came back to the place after that time."""
    return sum(member.occurred_ms - member.since_ms >= apart_ms for member in members)


def enough(members: Sequence[Member], one_in: int) -> bool:
    """Whether one in so many of them passes on what is enough to live on."""
    return len(firm(members)) * one_in >= len(members)


def is_service(address: AddressState) -> bool:
    """Whether anybody said so, or too many accounts deal with it."""
    return address.service or any(HOSTED in member.signals for member in address.circle.members)


def unhosted(flow: Flow) -> str | None:
    """The flow's address, unless it is said to be a service's, which is not to be blamed for its customers."""
    return None if HOSTED in flow.signals else flow.address


def others(address: AddressState, members: Sequence[Member]) -> int:
    """How many accounts beside those members dealt with the address."""
    return len({contact.account_id for contact in address.contacts}.difference(member.account_id for member in members))


def shows(one: Member, members: Sequence[Member]) -> bool:
    """Whether one of the members itself shows any of what speaks for a cell."""
    told = not {ABROAD, HIDDEN, OTHER_NAME, LISTED_NAME}.isdisjoint(one.signals)
    return told or one in linked(members)


def signs(members: Sequence[Member], one_in: int) -> dict[str, Any]:
    """What else speaks for a cell, as facts: devices in common, access from abroad or hidden, other people's names.

    The latter two count when one in so many of the members shows them. The name of a listed party counts for two.
    """
    abroad = sum(ABROAD in member.signals for member in members)
    hidden = sum(HIDDEN in member.signals for member in members)
    away = sum(ABROAD in member.signals or HIDDEN in member.signals for member in members)
    named = sum(OTHER_NAME in member.signals for member in members)
    listed = sum(LISTED_NAME in member.signals for member in members)
    shared = len(linked(members))
    among = (shared > 0, away * one_in >= len(members), named * one_in >= len(members))
    return {
        "sharing_devices": shared,
        "used_from_abroad": abroad,
        "used_hidden": hidden,
        "for_other_names": named,
        "listed_names": listed,
        "signs": sum(among) + (2 if listed else 0),
    }
