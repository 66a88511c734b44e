"""Does a tiny deposit come from an address that looks like one that the account paid before?"""

from typing import Annotated

from msgspec import Meta

from rules.finding import Answer, Finding
from rules.lookalikes import imitated
from rules.rule import AccountRule, Case, Params, Usd
from rules.transfer import Kind, dollars


class Thresholds(Params, frozen=True, kw_only=True):
    """How many characters look the same at both ends, and how much is too little to be meant as a payment."""

    first: Annotated[int, Meta(ge=2, le=12)]
    last: Annotated[int, Meta(ge=2, le=12)]
    maximum: Usd


class AddressPoisoning(AccountRule):
    """Bait: the look-alike is to stand in the customer's history, to be copied for the next withdrawal."""

    Parameters = Thresholds
    asked_on = frozenset({Kind.DEPOSIT})

    def bind(self, params: Thresholds) -> None:
        """Keep what the common path needs."""
        self.params, self.ceiling = params, params.maximum

    def judge(self, case: Case) -> Answer:
        """Compare the sender with the addresses paid before."""
        profile, index = case.profile, case.index
        address = profile.address[index]
        if not index or not address:
            return None
        params, known = self.params, profile.address[:index]
        paid = [i for i in imitated(address, known, params.first, params.last) if not profile.inflow[i]]
        if not paid:
            return None
        return Finding(
            story=(address,),
            evidence=(
                *profile.evidence((paid[-1],), "Paid to the address that is imitated"),
                *profile.evidence((index,), "Tiny deposit from the look-alike"),
            ),
            facts={
                "lookalike": address,
                "known_address": known[paid[-1]],
                "same_first_characters_minimum": params.first,
                "same_last_characters_minimum": params.last,
                "value_usd": dollars(profile.value[index]),
                "value_usd_maximum": dollars(params.maximum),
            },
            counterparty=address,
        )
