"""Who meets at a place: accounts with signals that use one address, or one device. Bounded, in event time."""

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec.structs import replace

from rules.messages import Evidence, Flow

MEMBERS: Final = 32  # judgement: as many as an address has contacts before it is taken for a service
DEVICES: Final = 4  # judgement: devices kept of a member, the latest


class Member(msgspec.Struct, frozen=True, array_like=True, gc=False):
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


class Circle(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The members of a place, ordered by event time; beyond the bound those who came longest ago are forgotten."""

    members: tuple[Member, ...] = ()

    def joined(self, flow: Flow) -> "Circle":
        """With a flow with signals taken in; a late one adds what it shows, and does not replace a later transfer."""
        members = [*self.members]
        known = next((member for member in members if member.account_id == flow.account_id), None)
        if known is None:
            members.append(_member(flow, (), (), flow.occurred_ms))
        elif (known.occurred_ms, known.event_id) <= (flow.occurred_ms, flow.event_id):
            members.remove(known)
            members.append(_member(flow, known.signals, known.devices, known.since_ms))
        else:
            members[members.index(known)] = replace(
                known,
                signals=_signals(known.signals, flow.signals),
                devices=_devices((flow.device_id,), known.devices),
                since_ms=min(known.since_ms, flow.occurred_ms),
            )
        members.sort(key=lambda member: (member.occurred_ms, member.event_id))
        return Circle(tuple(members[-MEMBERS:]))

    def noted(self, account_id: str, signals: tuple[str, ...]) -> "Circle":
        """With what a rule found of a member when it looked at its company."""
        members = [
            replace(member, signals=_signals(member.signals, signals)) if member.account_id == account_id else member
            for member in self.members
        ]
        return Circle(tuple(members))

    def heard(self, signal: str, flow: Flow, window_ms: int) -> list[Member]:
        """The members with that signal in the window that ends with the flow."""
        now = flow.occurred_ms
        return [one for one in self.members if signal in one.signals and now - window_ms < one.occurred_ms <= now]


def _member(flow: Flow, signals: tuple[str, ...], devices: tuple[str, ...], since_ms: int) -> Member:
    return Member(
        flow.account_id,
        flow.occurred_ms,
        flow.event_id,
        flow.amount,
        flow.asset,
        flow.value,
        _signals(signals, flow.signals),
        _devices(devices, (flow.device_id,)),
        since_ms,
    )


def _signals(earlier: tuple[str, ...], later: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*earlier, *later}))


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
