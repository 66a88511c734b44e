"""Does the account live like a worker of a cell: paid like a wage in stablecoins, and rid of it within days?

A weak sign, since many honest people live like that: a signal, no alert. `dprk.worker_cell` puts accounts together, with
the words that go with it (`rules.dprk.words`).
"""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from rules.dprk.wages import Wage, payments, similar, sweep
from rules.dprk.words import words
from rules.finding import Answer, Finding
from rules.profile import Profile
from rules.rule import AccountRule, Case, Params, Usd, Window
from rules.transfer import Kind, dollars

_CITED: Final = 6  # wages, and as many withdrawals


class Thresholds(Params, frozen=True, kw_only=True):
    """`wage_*` bound a payment, `earned_*` the sum of them in the window, `payments_*` how often one payer pays in it."""

    window: Window
    wage_minimum: Usd
    wage_maximum: Usd
    earned_minimum: Usd
    earned_maximum: Usd
    payments_minimum: Annotated[int, Meta(ge=2, le=8)]
    payments_maximum: Annotated[int, Meta(ge=2, le=35)]
    similar_percent: Annotated[int, Meta(ge=1, le=100)]
    odd_maximum: Annotated[int, Meta(ge=0, le=35)]
    quick: Window
    swept_percent: Annotated[int, Meta(ge=50, le=100)]
    apart: Window
    piece_percent: Annotated[int, Meta(ge=1, le=100)]


class WagesSwept(AccountRule):
    """Similar sums from the same payers at a wage's rhythm, and most of each gone within days."""

    Parameters = Thresholds
    asked_on = frozenset({Kind.WITHDRAWAL})
    event_story = True

    def bind(self, params: Thresholds) -> None:
        """Keep the parameters, and the smallest withdrawal that can be a piece of a wage."""
        self.params, self.apart = params, params.apart
        self.floor = params.wage_minimum * params.piece_percent // 100

    def judge(self, case: Case) -> Answer:
        """Look only where what is kept spans two wages, so that busy accounts cost little."""
        profile, index = case.profile, case.index
        value, times = profile.value[index], profile.occurred_ms
        if times[index] - times[0] < self.apart or True not in profile.inflow:
            return None
        wages = self._wages(profile, profile.since(index, self.params.window), index)
        earned = sum(wage.value for wage in wages)
        if not self.params.earned_minimum <= earned <= self.params.earned_maximum:
            return None
        if value * 100 * len(wages) < earned * self.params.piece_percent:
            return None
        took = sweep(profile, index, wages, self.params.quick)
        if not took or took[-1] != index or not self._gone(wages, earned):
            return None
        return _finding(self.params, case, wages, took, earned)

    def _wages(self, profile: Profile, start: int, index: int) -> list[Wage]:
        """The payments of all payers who pay similar sums, neither once nor all the time."""
        params, found = self.params, []
        for paid in payments(profile, range(start, index), params.wage_minimum, params.wage_maximum):
            if params.payments_minimum <= len(paid) <= params.payments_maximum:
                near = similar(paid, params.similar_percent)
                if near >= params.payments_minimum and len(paid) - near <= params.odd_maximum:
                    found += paid
        return sorted(found, key=lambda wage: wage.index)

    def _gone(self, wages: Sequence[Wage], earned: int) -> bool:
        """Most of all wages, and most of two that were paid apart."""
        kept = 100 - self.params.swept_percent
        gone = [wage.occurred_ms for wage in wages if wage.left * 100 <= wage.value * kept]
        return sum(wage.left for wage in wages) * 100 <= earned * kept and gone[-1] - gone[0] >= self.apart


def _finding(params: Thresholds, case: Case, wages: Sequence[Wage], took: Sequence[int], earned: int) -> Finding:
    profile = case.profile
    cited = {wage.index: "Paid like a wage" for wage in wages[-_CITED:]} | dict.fromkeys(took[-_CITED:], "Passed on")
    return Finding(
        story=(profile.detail[case.index][0],),
        evidence=tuple(profile.evidence((place,), cited[place])[0] for place in sorted(cited)),
        facts={
            "earned_usd": dollars(earned),
            "earned_usd_minimum": dollars(params.earned_minimum),
            "earned_usd_maximum": dollars(params.earned_maximum),
            "payments": len(wages),
            "payers": len({profile.address[wage.index] for wage in wages}),
            "swept_percent": (earned - sum(wage.left for wage in wages)) * 100 // earned,
            "swept_percent_minimum": params.swept_percent,
            "hours_maximum": params.quick / 3_600_000,
        },
        counterparty=profile.address[case.index] or None,
        signals=tuple(words(case)),
    )
