"""Do several accounts use one device?"""

from typing import Annotated, ClassVar, Final

from msgspec import Meta

from rules.address_state import AddressState
from rules.finding import Answer, Finding
from rules.messages import Flow, Severity
from rules.profile import DAY_MS
from rules.rule import CounterpartyRule, Params, Window
from rules.transfer import dollars

_CITED: Final = 20


class Thresholds(Params, frozen=True, kw_only=True):
    """From `accounts` first met on the device within `window` on it is a story; the file's severity takes `telling`."""

    window: Window
    accounts: Annotated[int, Meta(ge=2, le=31)]
    telling: Annotated[int, Meta(ge=2, le=31)]


class SharedDevice(CounterpartyRule):
    """The subject is the device. Couples and families share one; a farm of accounts does, too."""

    Parameters = Thresholds
    of_device: ClassVar[bool] = True

    def bind(self, params: Thresholds) -> None:
        """Keep the parameters."""
        self.params, self.accounts = params, params.accounts

    def judge(self, flow: Flow, state: AddressState) -> Answer:
        """Count the accounts met on it for the first time in the window that ends with the newest."""
        contacts = state.contacts
        if len(contacts) < self.accounts:
            return None
        first = contacts[-1].occurred_ms - self.params.window
        met = {contact.account_id: contact for contact in contacts if contact.occurred_ms > first}
        if len(met) < self.accounts:
            return None
        telling = len(met) >= self.params.telling
        cited = sorted(met.values(), key=lambda contact: (contact.occurred_ms, contact.event_id))[-_CITED:]
        return Finding(
            story=("shared",),
            stage=int(telling),
            evidence=state.evidence(cited, "First transfer of one of the accounts on the device"),
            facts={
                "device_id": flow.device_id,
                "accounts": sorted(met),
                "account_count": len(met),
                "account_count_minimum": self.accounts,
                "account_count_telling": self.params.telling,
                "first_transfers_usd": dollars(sum(contact.value for contact in met.values())),
                "window_days": self.params.window // DAY_MS,
            },
            severity=None if telling else Severity.LOW,
        )
