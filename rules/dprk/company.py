"""What the members of a cell show together: which of them are linked, and how much speaks for a cell."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from rules.circles import Member
from rules.messages import Severity

ABROAD: Final = "abroad"
OTHER_NAME: Final = "other_name"
HOSTED: Final = "hosted"
GRADES: Final = (Severity.LOW, Severity.MEDIUM, Severity.HIGH)


def linked(members: Sequence[Member]) -> list[Member]:
    """Those who used a device that another of them used, too."""
    users = Counter(device for member in members for device in member.devices)
    return [member for member in members if any(users[device] > 1 for device in member.devices)]


def signs(members: Sequence[Member], one_in: int) -> dict[str, Any]:
    """What else speaks for a cell, as facts: devices in common, access from abroad, other people's names.

    The latter two count when one in so many of the members shows them.
    """
    abroad = sum(ABROAD in member.signals for member in members)
    named = sum(OTHER_NAME in member.signals for member in members)
    shared = len(linked(members))
    return {
        "sharing_devices": shared,
        "used_from_abroad": abroad,
        "for_other_names": named,
        "signs": (shared > 0) + (abroad * one_in >= len(members)) + (named * one_in >= len(members)),
    }
