"""Does the account collect the sums of several others and let them go in bulk?

A weak sign, since merchants and families do so, too: a signal, no alert. `dprk.facilitator` asks who paid in. The words
that go with it are those of `rules.dprk.words`.
"""

from typing import Annotated

from msgspec import Meta

from rules.dprk.wages import by_payer, payments
from rules.dprk.words import words
from rules.finding import AccountAnswer, Finding, Sign
from rules.profile import DAY_MS
from rules.rule import AccountRule, Case, Params, Usd, Window
from rules.transfer import Kind, dollars

_CITED = 12


class Thresholds(Params, frozen=True, kw_only=True):
    """`payment_*` bound a deposit that counts; shares are in percent of all that counts.

    What is kept of an account has to span `apart`: one that is busier than that is a trading desk.
    """

    window: Window
    payment_minimum: Usd
    payment_maximum: Usd
    senders_minimum: Annotated[int, Meta(ge=2, le=32)]
    bulk_percent: Annotated[int, Meta(ge=1, le=1000)]
    left_percent: Annotated[int, Meta(ge=1, le=100)]
    apart: Window


class Gathers(AccountRule):
    """Stablecoins of several senders, most of which leave in sums no smaller than one of theirs."""

    Parameters = Thresholds
    asked_on = frozenset({Kind.WITHDRAWAL})
    event_story = True

    def bind(self, params: Thresholds) -> None:
        """Keep the parameters, and the smallest withdrawal in bulk."""
        self.params, self.apart = params, params.apart
        self.floor = params.payment_minimum * params.bulk_percent // 100

    def judge(self, case: Case) -> AccountAnswer:
        """Compare what came in from several senders in the window with what left in it."""
        profile, index, params = case.profile, case.index, self.params
        value = profile.value[index]
        if profile.occurred_ms[index] - profile.occurred_ms[0] < self.apart:
            return None
        if profile.inflow.count(True) < params.senders_minimum:
            return None
        start = profile.since(index, params.window)
        paid = payments(profile, range(start, index), params.payment_minimum, params.payment_maximum)
        if len(paid) < params.senders_minimum:
            return None
        total = sum([profile.value[place] for place in paid])
        if value * 100 * len(paid) < total * params.bulk_percent:
            return None
        senders = by_payer(profile, paid)
        if len(senders) < params.senders_minimum:
            return None
        left = sum([profile.value[place] for place in range(start, index + 1) if not profile.inflow[place]])
        if left * 100 < total * params.left_percent:
            return None
        said = tuple(words(case))
        if self.about.weak:
            return Sign(said)
        return Finding(
            story=(profile.detail[index][0],),
            evidence=(*profile.evidence(paid[-_CITED:], "Paid in"), *profile.evidence((index,), "Left in bulk")),
            facts={
                "senders": len(senders),
                "senders_minimum": params.senders_minimum,
                "paid_in_usd": dollars(total),
                "left_usd": dollars(left),
                "left_percent_minimum": params.left_percent,
                "days": params.window // DAY_MS,
            },
            counterparty=profile.address[index] or None,
            signals=said,
        )
