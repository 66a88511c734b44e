"""Do several accounts pay out to one address that is not a service?"""

from typing import Annotated, Final

from msgspec import Meta

from rules.address_state import AddressState
from rules.finding import Answer, Finding
from rules.messages import Flow
from rules.rule import CounterpartyRule, Params, Usd, Window
from rules.transfer import Kind, dollars

_CITED: Final = 20


class Thresholds(Params, frozen=True, kw_only=True):
    """From `accounts` payers on it is a story; an address with more accounts than `service` is a service."""

    window: Window
    minimum: Usd
    accounts: Annotated[int, Meta(ge=2)]
    service: Annotated[int, Meta(ge=3, le=31)]


class SharedPayoutAddress(CounterpartyRule):
    """The subject is the address; an address with many accounts is a service and says nothing."""

    Parameters = Thresholds
    asked_on = frozenset({Kind.WITHDRAWAL})

    def bind(self, params: Thresholds) -> None:
        """Keep the parameters."""
        self.params, self.accounts = params, params.accounts

    def judge(self, flow: Flow, state: AddressState) -> Answer:
        """Count the accounts whose latest payout to the address lies inside the window that ends with the newest."""
        contacts = state.contacts
        if len(contacts) < self.accounts or state.service:
            return None
        params = self.params
        if len({contact.account_id for contact in contacts}) > params.service:
            return None
        paid = [contact for contact in contacts if not contact.inflow]
        paid = [contact for contact in paid if contact.occurred_ms > paid[-1].occurred_ms - params.window]
        total = sum(contact.value for contact in paid)
        if len(paid) < params.accounts or total < params.minimum:
            return None
        return Finding(
            story=("shared",),
            evidence=state.evidence(paid[-_CITED:], "Latest payout of one of the accounts"),
            facts={
                "accounts": sorted(contact.account_id for contact in paid),
                "account_count": len(paid),
                "account_count_minimum": params.accounts,
                "service_from": params.service + 1,
                "total_usd": dollars(total),
                "total_usd_minimum": dollars(params.minimum),
            },
            counterparty=flow.address,
        )
