"""Does the account live like a worker of a cell: paid like a wage in stablecoins, and rid of it within days?

A weak sign, since many honest people live like that: a signal, no alert. `dprk.worker_cell` puts accounts together, with
the words that go with it (`rules.dprk.words`): `rhythm` when it has happened twice, some days apart, `firm` when it is
enough to live on and most of it goes that way.
"""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from rules.dprk.wages import Wage, apart, by_payer, payments, similar, sweep, wages_at
from rules.dprk.words import FIRM, RHYTHM, words
from rules.finding import AccountAnswer, Finding, Sign
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

    def judge(self, case: Case) -> AccountAnswer:
        """Look only where a wage has come in lately, so that most withdrawals cost little."""
        profile, index, params = case.profile, case.index, self.params
        if _trades(profile, index, params):
            return None
        begin = profile.since(index, params.quick)
        lately = payments(profile, range(begin, index), params.wage_minimum, params.wage_maximum)
        if not lately:
            return None
        earlier = range(profile.since(index, params.window), begin)
        paid = payments(profile, earlier, params.wage_minimum, params.wage_maximum) + lately
        if profile.value[index] * 100 < min([profile.value[place] for place in paid]) * params.piece_percent:
            return None  # too small a piece of whichever of them
        swept = self._swept(profile, index, _regular(profile, paid, params), lately)
        if swept is not None and apart(_gone(swept[0], params)) >= params.apart:
            return self._found(case, *swept)
        swept = self._swept(profile, index, lately, lately)
        return self._found(case, *swept) if swept is not None and _gone(swept[0], params) else None

    def _swept(
        self, profile: Profile, index: int, places: Sequence[int], lately: Sequence[int]
    ) -> tuple[list[Wage], list[int]] | None:
        """Wages and the withdrawals that took from them, when the last of these did and most of what was due is gone.

        What came in `lately` is not due yet, unless it has gone.
        """
        params, earned = self.params, sum([profile.value[place] for place in places])
        if not params.earned_minimum <= earned <= params.earned_maximum:
            return None
        if profile.value[index] * 100 * len(places) < earned * params.piece_percent:
            return None
        wages = wages_at(profile, places)
        took = sweep(profile, index, wages, params.quick)
        if index not in took:
            return None
        due = [wage for wage in wages if wage.index not in lately or wage.gone(params.swept_percent)]
        left, owed = sum([wage.left for wage in due]), sum([wage.value for wage in due])
        return (wages, took) if left * 100 <= owed * (100 - params.swept_percent) else None

    def _found(self, case: Case, wages: Sequence[Wage], took: Sequence[int]) -> Finding | Sign:
        params, gone, earned = self.params, _gone(wages, self.params), sum([wage.value for wage in wages])
        said = (*words(case), *(RHYTHM,) * (apart(gone) >= params.apart), *(FIRM,) * (earned >= params.firm_minimum))
        return Sign(said) if self.about.weak else _finding(params, case, wages, took, said)


def _trades(profile: Profile, index: int, params: Thresholds) -> bool:
    """Whether it is a trading desk's account."""
    busy, times = params.busy, profile.occurred_ms
    return index >= busy and times[index] - times[index - busy] < params.apart


def _regular(profile: Profile, paid: Sequence[int], params: Thresholds) -> list[int]:
    """The payments of payers who pay similar sums, neither once nor all the time; those who pay once are one payer."""
    if len(paid) < params.payments_minimum:
        return []
    payers = by_payer(profile, paid)
    payers.append([places[0] for places in payers if len(places) == 1])
    return sorted([place for places in payers if _alike(profile, places, params) for place in places])


def _alike(profile: Profile, places: Sequence[int], params: Thresholds) -> bool:
    """Whether there are enough similar ones, not too many, and hardly any other."""
    if not params.payments_minimum <= len(places) <= params.payments_maximum:
        return False
    near = similar([profile.value[place] for place in places], params.similar_percent)
    return near >= params.payments_minimum and len(places) - near <= params.odd_maximum


def _gone(wages: Sequence[Wage], params: Thresholds) -> list[Wage]:
    return [wage for wage in wages if wage.gone(params.swept_percent)]


def _finding(params: Thresholds, case: Case, wages: Sequence[Wage], took: Sequence[int], said: tuple[str, ...]) -> Finding:
    profile, gone = case.profile, _gone(wages, params)
    passed = sum(wage.value for wage in gone)
    cited = {wage.index: "Paid like a wage" for wage in wages[-_CITED:]} | dict.fromkeys(took[-_CITED:], "Passed on")
    return Finding(
        story=(profile.detail[case.index][0],),
        evidence=tuple(profile.evidence((place,), cited[place])[0] for place in sorted(cited)),
        facts={
            "earned_usd": dollars(sum(wage.value for wage in wages)),
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
