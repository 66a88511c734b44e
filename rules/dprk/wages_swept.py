"""Does the account live like a worker of a cell: paid like a wage in stablecoins, and rid of it within days?

A weak sign, since many honest people live like that: a signal, no alert. `dprk.worker_cell` puts accounts together, with
the words that go with it (`rules.dprk.words`): `rhythm` when it has happened twice, some days apart, `firm` when it is
enough to live on and most of it goes that way.
"""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from rules.dprk.wages import Wage, any_payment, apart, in_order, payments, similar, sweep
from rules.dprk.words import FIRM, RHYTHM, words
from rules.finding import Answer, Finding
from rules.profile import Profile
from rules.rule import AccountRule, Case, Params, Usd, Window
from rules.transfer import Kind, dollars

_CITED: Final = 6  # wages, and as many withdrawals


class Thresholds(Params, frozen=True, kw_only=True):
    """`wage_*` bound a payment, `earned_*` the sum of them in the window, `payments_*` how often one payer pays in it.

    `firm_minimum` is enough to live on. `busy` transfers in less than `apart` are a trading desk's.
    """

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
    swept_percent: Annotated[int, Meta(ge=1, le=100)]
    apart: Window
    busy: Annotated[int, Meta(ge=8, le=63)]
    piece_percent: Annotated[int, Meta(ge=1, le=100)]
    firm_minimum: Usd


class WagesSwept(AccountRule):
    """Similar sums from the same payers at a wage's rhythm, most of which goes within days; or the first such sum."""

    Parameters = Thresholds
    params: Thresholds
    asked_on = frozenset({Kind.WITHDRAWAL})
    event_story = True

    def bind(self, params: Thresholds) -> None:
        """Keep the parameters, and the smallest withdrawal that can be a piece of a wage."""
        self.params = params
        self.floor = params.wage_minimum * params.piece_percent // 100

    def judge(self, case: Case) -> Answer:
        """Look only where a wage may have come in lately, so that most withdrawals cost little."""
        profile, index, params = case.profile, case.index, self.params
        lately = range(profile.since(index, params.quick), index)
        if self._trades(profile, index) or not any_payment(profile, lately, params.wage_minimum, params.wage_maximum):
            return None
        regular = self._regular(profile, range(profile.since(index, params.window), index))
        took = self._took(profile, index, regular, lately)
        if took and apart(_gone(regular, params)) >= params.apart:
            return _finding(params, case, regular, took)
        first = in_order(payments(profile, lately, params.wage_minimum, params.wage_maximum))
        took = self._took(profile, index, first, lately)
        return _finding(params, case, first, took) if took and _gone(first, params) else None

    def _trades(self, profile: Profile, index: int) -> bool:
        """Whether it is a trading desk's account."""
        busy, times = self.params.busy, profile.occurred_ms
        return index >= busy and times[index] - times[index - busy] < self.params.apart

    def _regular(self, profile: Profile, span: range) -> list[Wage]:
        """The payments of payers who pay similar sums, neither once nor all the time; those who pay once are one payer."""
        payers = list(payments(profile, span, self.params.wage_minimum, self.params.wage_maximum))
        once = [paid[0] for paid in payers if len(paid) == 1]
        return in_order(paid for paid in (*payers, once) if self._alike(paid))

    def _alike(self, paid: Sequence[Wage]) -> bool:
        """Whether there are enough similar ones, not too many, and hardly any other."""
        params = self.params
        if not params.payments_minimum <= len(paid) <= params.payments_maximum:
            return False
        near = similar(paid, params.similar_percent)
        return near >= params.payments_minimum and len(paid) - near <= params.odd_maximum

    def _took(self, profile: Profile, index: int, wages: Sequence[Wage], lately: range) -> list[int]:
        """The withdrawals that took from the wages, when the last of them did and most of what was due is gone.

        What came in lately is not due yet, unless it has gone.
        """
        params, earned = self.params, sum(wage.value for wage in wages)
        if not params.earned_minimum <= earned <= params.earned_maximum:
            return []
        if profile.value[index] * 100 * len(wages) < earned * params.piece_percent:
            return []
        took = sweep(profile, index, wages, params.quick)
        due = [wage for wage in wages if wage.index not in lately or wage.gone(params.swept_percent)]
        left, owed = sum(wage.left for wage in due), sum(wage.value for wage in due)
        return took if index in took and left * 100 <= owed * (100 - params.swept_percent) else []


def _gone(wages: Sequence[Wage], params: Thresholds) -> list[Wage]:
    return [wage for wage in wages if wage.gone(params.swept_percent)]


def _finding(params: Thresholds, case: Case, wages: Sequence[Wage], took: Sequence[int]) -> Finding:
    profile, gone = case.profile, _gone(wages, params)
    earned, passed = sum(wage.value for wage in wages), sum(wage.value for wage in gone)
    said = (*words(case), *(RHYTHM,) * (apart(gone) >= params.apart), *(FIRM,) * (earned >= params.firm_minimum))
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
            "swept_percent": (passed - sum(wage.left for wage in gone)) * 100 // passed,
            "swept_percent_minimum": params.swept_percent,
            "hours_maximum": params.quick / 3_600_000,
        },
        counterparty=profile.address[case.index] or None,
        signals=said,
    )
