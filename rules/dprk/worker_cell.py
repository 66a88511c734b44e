"""Do several accounts that pass on what they are paid like a wage share an address, a device, or a desk and devices?"""

from typing import Annotated, Final

from msgspec import Meta

from rules.address_state import AddressState
from rules.circles import Member, evidence
from rules.dprk.company import GRADES, HOSTED, linked, signs
from rules.finding import Answer, Finding
from rules.messages import Flow
from rules.rule import GroupRule, Near, Params, Window

WAGES_SWEPT: Final = "dprk.wages_swept"
_CITED: Final = 20


class Thresholds(Params, frozen=True, kw_only=True):
    """`accounts_minimum` at an address or a device, `linked_minimum` at a service; `others_each` pay beside each worker."""

    window: Window
    accounts_minimum: Annotated[int, Meta(ge=2, le=32)]
    linked_minimum: Annotated[int, Meta(ge=2, le=32)]
    others_each: Annotated[int, Meta(ge=0, le=32)]
    one_in: Annotated[int, Meta(ge=1, le=32)]


class WorkerCell(GroupRule):
    """One alert for each worker; how much speaks for a cell decides about its severity, which can rise."""

    Parameters = Thresholds

    def bind(self, params: Thresholds) -> None:
        """Keep the parameters, and how many accounts make a cell by what they share."""
        self.params, least = params, params.accounts_minimum
        self.least = {"address": least, "device": least, "desk": params.linked_minimum}

    def judge(self, flow: Flow, near: Near) -> Answer:
        """Look at the company met at the address, then at the device, then among the customers of a desk."""
        if WAGES_SWEPT not in flow.signals:
            return None
        address, device = near.address, near.device
        found = self._at_address(flow, address) or self._on_device(flow, device) or self._at_desk(flow, address)
        if found is None:
            return None
        shares, members = found
        facts = signs(members, self.params.one_in)
        grade = min(facts["signs"], len(GRADES) - 1)
        return Finding(
            story=("cell",),
            stage=grade,
            evidence=evidence(members[-_CITED:], "A wage passed on"),
            facts={
                "shares": shares,
                "accounts": [member.account_id for member in members],
                "account_count": len(members),
                "account_count_minimum": self.least[shares],
                "device_id": flow.device_id,
                **facts,
            },
            counterparty=flow.address,
            severity=GRADES[grade],
        )

    def _at_address(self, flow: Flow, address: AddressState) -> tuple[str, list[Member]] | None:
        """An address that is no service's, and that few others pay."""
        members = self._heard(flow, address)
        if len(members) < self.params.accounts_minimum or _is_service(address):
            return None
        others = {contact.account_id for contact in address.contacts}.difference(member.account_id for member in members)
        return None if len(others) > len(members) * self.params.others_each else ("address", members)

    def _on_device(self, flow: Flow, device: AddressState | None) -> tuple[str, list[Member]] | None:
        members = self._heard(flow, device) if device is not None else []
        return ("device", members) if len(members) >= self.params.accounts_minimum else None

    def _at_desk(self, flow: Flow, address: AddressState) -> tuple[str, list[Member]] | None:
        """Of a service's customers only those who share devices, if the account is one of them."""
        members = linked(self._heard(flow, address)) if _is_service(address) else []
        if len(members) < self.params.linked_minimum or members[-1].event_id != flow.event_id:
            return None
        return "desk", members

    def _heard(self, flow: Flow, place: AddressState) -> list[Member]:
        """Those met at the place with the signal; none when the flow is late, and the account was met again since."""
        members = place.circle.heard(WAGES_SWEPT, flow, self.params.window)
        return members if members and members[-1].event_id == flow.event_id else []


def _is_service(address: AddressState) -> bool:
    """Whether anybody said so, or too many accounts deal with it."""
    return address.service or any(HOSTED in member.signals for member in address.circle.members)
