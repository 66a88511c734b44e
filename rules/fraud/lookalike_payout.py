"""Does a withdrawal go to an address that looks like, but is not, one that the account paid before?"""

from typing import Annotated

from msgspec import Meta

from rules.finding import Answer, Finding
from rules.lookalikes import alike, imitated, places
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
        """Only an address never paid before, but for a test, asks the question."""
        profile, index = case.profile, case.index
        address, inflow, met_before = profile.address[index], profile.inflow, False
        if not address:
            return None
        for i in range(index - 1, -1, -1):  # the newest first: what is paid often was paid lately
            if profile.address[i] == address:
                if not inflow[i] and profile.value[i] >= self.floor:
                    return None
                met_before = True
        known, params = profile.address[:index], self.params
        if not met_before and not alike(address, known, params.last):
            return None
        paid = [i for i in imitated(address, known, params.first, params.last) if not inflow[i]]
        if not paid:
            return None
        met = list(places(address, known))
        cited = sorted({paid[-1], *met[-5:]})
        shows = {paid[-1]: "Paid to the address that is imitated"} | dict.fromkeys(met, "The look-alike was met before")
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
                "lookalike_met_before": len(met),
                "value_usd": dollars(profile.value[index]),
                "value_usd_minimum": dollars(params.minimum),
            },
            counterparty=address,
        )
