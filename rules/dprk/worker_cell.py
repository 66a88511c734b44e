"""Do several accounts that pass on what they are paid like a wage share an address, a device, or a desk and devices?"""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from rules.address_state import AddressState
from rules.circles import Member, evidence
from rules.dprk.company import (
    GRADES,
    WAGES_SWEPT,
    enough,
    firm,
    is_service,
    kin,
    linked,
    met,
    others,
    returning,
    shows,
    signs,
    steady,
)
from rules.finding import Answer, Finding
from rules.messages import Flow
from rules.rule import GroupRule, Near, Params, Usd, Window

_KNOWN: Final = "dprk.worker_cell"
_CITED: Final = 20
_ADDRESS: Final = "address"
_DESK: Final = "desk"
_BESIDE: Final = "device of a worker"
Company = tuple[str, list[Member], list[Member]]


class Thresholds(Params, frozen=True, kw_only=True):
    """`accounts_minimum` at an address or a device, `linked_minimum` at a service; `others_each` pay beside each worker.

    To an address `returning_minimum` come back after `apart`, and one in `one_in` passes on enough to live on. An account
    that shows nothing else counts when a sum was large enough to say whose the address is.
    """

    window: Window
    accounts_minimum: Annotated[int, Meta(ge=2, le=32)]
    returning_minimum: Annotated[int, Meta(ge=1, le=32)]
    apart: Window
    linked_minimum: Annotated[int, Meta(ge=2, le=32)]
    others_each: Annotated[int, Meta(ge=0, le=32)]
    one_in: Annotated[int, Meta(ge=1, le=32)]
    told_from: Usd


class WorkerCell(GroupRule):
    """One alert for each worker; how much speaks for a cell decides about its severity, which can rise."""

    Parameters = Thresholds

    def bind(self, params: Thresholds) -> None:
        """Keep the parameters, and how many accounts make a cell by what they share."""
        self.params, least = params, params.accounts_minimum
        self.least = {_ADDRESS: least, "device": least, _DESK: min(least, params.linked_minimum), _BESIDE: 2}

    def judge(self, flow: Flow, near: Near) -> Answer:
        """Look at the company met at the address, then at the device, then among the customers of a desk."""
        if WAGES_SWEPT not in flow.signals:
            return None
        at_address = met(flow, near.address, self.params.window)
        on_device = met(flow, near.device, self.params.window) if near.device is not None else []
        shares, members, cited = self._company(near.address, at_address, on_device)
        facts = signs(members, self.params.one_in)
        told = any(member.value >= self.params.told_from for member in members)
        if not members or not (told or shows(members[-1], members)):
            return None
        grade = min(facts["signs"], len(GRADES) - 1)
        return Finding(
            story=("cell",),
            stage=grade,
            evidence=evidence(cited[-_CITED:], "A wage passed on"),
            facts={
                "shares": shares,
                "accounts": [member.account_id for member in members],
                "account_count": len(members),
                "account_count_minimum": self.least[shares],
                "device_id": flow.device_id,
                "destination": flow.address,
                **facts,
            },
            counterparty={_ADDRESS: flow.address}.get(shares),
            severity=GRADES[grade],
            signals=(_KNOWN,) if shares in (_ADDRESS, "device", _DESK) else (),
        )

    def _company(self, address: AddressState, at_address: list[Member], on_device: list[Member]) -> Company:
        """What is shared, with whom, and who of them is cited; nobody where that makes no cell."""
        params, few = self.params, self.params.accounts_minimum
        service, shoppers = is_service(address), len(at_address) * params.others_each
        if (
            len(at_address) >= few
            and not service
            and others(address, at_address) <= shoppers
            and _theirs(at_address, params)
        ):
            return _ADDRESS, at_address, at_address
        users, customers = steady(on_device), linked(firm(at_address)) if service else []
        if len(users) >= few and users[-1] is on_device[-1]:
            return "device", users, users
        if customers and customers[-1] is at_address[-1]:
            near = kin(customers)
            if len(near) >= few or len(customers) >= params.linked_minimum:
                return _DESK, customers, near
        members = on_device if any(_KNOWN in member.signals for member in on_device[:-1]) else []
        return _BESIDE, members, members


def _theirs(members: Sequence[Member], params: Thresholds) -> bool:
    """Whether some of them come back to the address, and enough of them pass on what they could live on."""
    return enough(members, params.one_in) and returning(members, params.apart) >= params.returning_minimum
