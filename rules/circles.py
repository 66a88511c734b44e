"""Who meets at a place: accounts with signals that use one address, or one device. Bounded, in event time."""

from collections.abc import Iterable
from typing import Final

import msgspec

from rules.messages import Evidence, Flow

MEMBERS: Final = 32  # judgement: as many as an address has contacts before it is taken for a service
DEVICES: Final = 4  # judgement: devices kept of a member, the latest


class Member(msgspec.Struct, array_like=True, gc=False):
    """An account with signals at a place: its latest transfer there, every signal it came with, the devices it used.

    `since_ms` is the event time of the first such transfer there.
    """

    account_id: str
    occurred_ms: int
    event_id: str
    amount: str
    asset: str
    value: int  # micro-dollars
    signals: tuple[str, ...]
    devices: tuple[str, ...]
    since_ms: int


class Circle(msgspec.Struct, array_like=True):
    """The members of a place, ordered by event time; beyond the bound those who came longest ago are forgotten."""

    members: list[Member] = []

    def join(self, flow: Flow) -> None:
        """Take in a flow with signals; a late one adds what it shows, and does not replace a later transfer."""
        known = next((member for member in self.members if member.account_id == flow.account_id), None)
        if known is None:
            self.members.append(_member(flow, set(), (), flow.occurred_ms))
        elif (known.occurred_ms, known.event_id) <= (flow.occurred_ms, flow.event_id):
            self.members.remove(known)
            self.members.append(_member(flow, set(known.signals), known.devices, known.since_ms))
        else:
            known.signals = tuple(sorted({*known.signals, *flow.signals}))
            known.devices = _devices((flow.device_id,), known.devices)
            known.since_ms = min(known.since_ms, flow.occurred_ms)
        self.members.sort(key=lambda member: (member.occurred_ms, member.event_id))
        del self.members[:-MEMBERS]

    def note(self, account_id: str, signals: tuple[str, ...]) -> None:
        """Remember of a member what a rule found when it looked at its company."""
        for member in self.members:
            if member.account_id == account_id:
                member.signals = tuple(sorted({*member.signals, *signals}))

    def heard(self, signal: str, flow: Flow, window_ms: int) -> list[Member]:
        """The members with that signal in the window that ends with the flow."""
        now = flow.occurred_ms
        return [one for one in self.members if signal in one.signals and now - window_ms < one.occurred_ms <= now]


def _member(flow: Flow, signals: set[str], devices: tuple[str, ...], since_ms: int) -> Member:
    return Member(
        flow.account_id,
        flow.occurred_ms,
        flow.event_id,
        flow.amount,
        flow.asset,
        flow.value,
        tuple(sorted(signals.union(flow.signals))),
        _devices(devices, (flow.device_id,)),
        since_ms,
    )


def _devices(earlier: tuple[str, ...], later: tuple[str, ...]) -> tuple[str, ...]:
    """Each once, the latest last."""
    kept = (*(one for one in earlier if one not in later), *later)
    return tuple(one for one in kept if one)[-DEVICES:]


def evidence(members: Iterable[Member], shows: str) -> tuple[Evidence, ...]:
    """The members' latest transfers as evidence."""
    return tuple(
        Evidence.of(member.event_id, member.amount, member.asset, member.value, member.occurred_ms, shows)
        for member in members
    )
