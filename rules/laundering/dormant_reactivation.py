"""Does an account that slept for months suddenly move far more than it ever did on a day before?"""

from typing import Annotated, Final

from msgspec import Meta

from rules.finding import Answer, Finding
from rules.profile import DAY_MS
from rules.rule import AccountRule, Case, Params, Usd, Window
from rules.transfer import dollars

_CITED: Final = 20


class Thresholds(Params, frozen=True, kw_only=True):
    """After `silence`, `minimum` in one direction within `window`, and `ratio` times the largest day before."""

    silence: Window
    window: Window
    minimum: Usd
    ratio: Annotated[int, Meta(ge=1)]


class DormantReactivation(AccountRule):
    """Silence, then value out of proportion to the account's earlier life."""

    Parameters = Thresholds

    def bind(self, params: Thresholds) -> None:
        """Keep the parameters, and the smallest transfer worth a look: the pieces of `minimum` must be citable."""
        self.params, self.silence, self.window = params, params.silence, params.window
        self.floor = params.minimum // _CITED

    def judge(self, case: Case) -> Answer:
        """The silence must end inside the window; whatever was before it is in the profile or in its daily sums."""
        profile, index = case.profile, case.index
        times = profile.occurred_ms
        if profile.first_ms > times[index] - self.silence:
            return None
        start = profile.since(index, self.window)
        last = times[start - 1] if start else profile.forgotten_ms
        if not last or times[start] - last < self.silence:
            return None
        value, inflow = profile.value, profile.inflow
        inward = sum(value[i] for i in range(start, index + 1) if inflow[i])
        moved = max(inward, sum(value[start : index + 1]) - inward)
        first_day = times[start] // DAY_MS
        largest = max(
            (max(day.deposited, day.withdrawn) for number, day in profile.days.items() if number < first_day), default=0
        )
        if moved < self.params.minimum or moved < largest * self.params.ratio:
            return None
        return Finding(
            story=(last // DAY_MS,),
            evidence=profile.evidence(range(max(start, index + 1 - _CITED), index + 1), "After the long silence"),
            facts={
                "silent_days": (times[start] - last) // DAY_MS,
                "silent_days_minimum": self.silence // DAY_MS,
                "moved_usd": dollars(moved),
                "moved_usd_minimum": dollars(self.params.minimum),
                "largest_day_before_usd": dollars(largest),
                "ratio_minimum": self.params.ratio,
            },
        )
