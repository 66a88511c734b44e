"""Does a withdrawal go to an address that looks like, but is not, one that the account paid before?"""

from typing import Annotated

from msgspec import Meta

from rules.finding import Answer, Finding
from rules.lookalikes import imitated, places
from rules.rule import AccountRule, Case, Params, Usd
from rules.transfer import Kind, dollars


class Thresholds(Params, frozen=True, kw_only=True):
    """How many characters look the same at both ends, and the least value worth an alert."""

    first: Annotated[int, Meta(ge=2, le=12)]
    last: Annotated[int, Meta(ge=2, le=12)]
    minimum: Usd


class LookalikePayout(AccountRule):
    """The customer, or whoever sits at the customer's keyboard, was made to copy the wrong address."""

    Parameters = Thresholds
    asked_on = frozenset({Kind.WITHDRAWAL})

    def bind(self, params: Thresholds) -> None:
        """Keep what the common path needs."""
        self.params, self.floor = params, params.minimum

    def judge(self, case: Case) -> Answer:
        """Only an address never paid before asks the question."""
        profile, index = case.profile, case.index
        address, inflow = profile.address[index], profile.inflow
        if not index or not address:
            return None
        known = profile.address[:index]
        if any(not inflow[i] for i in places(address, known)):
            return None
        params = self.params
        paid = [i for i in imitated(address, known, params.first, params.last) if not inflow[i]]
        if not paid:
            return None
        baits = list(places(address, known))
        cited = sorted({paid[-1], *baits[-5:]})
        shows = {paid[-1]: "Paid to the address that is imitated"} | dict.fromkeys(baits, "Deposit from the look-alike")
        return Finding(
            story=(address,),
            evidence=(
                *(one for i in cited for one in profile.evidence((i,), shows[i])),
                *profile.evidence((index,), "Goes to the look-alike"),
            ),
            facts={
                "lookalike": address,
                "known_address": known[paid[-1]],
                "same_first_characters_minimum": params.first,
                "same_last_characters_minimum": params.last,
                "deposits_from_lookalike": len(baits),
                "value_usd": dollars(profile.value[index]),
                "value_usd_minimum": dollars(params.minimum),
            },
            counterparty=address,
        )
