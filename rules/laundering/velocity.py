"""Does the account suddenly move far more often, and far more, than it ever did?"""

from typing import Annotated, Final

from msgspec import Meta

from rules.finding import Answer, Finding, Unanswered
from rules.messages import Severity
from rules.profile import DAY_MS, Profile
from rules.rule import AccountRule, Case, Params, Usd, Window
from rules.stories import began
from rules.transfer import dollars

_CITED: Final = 20


class Thresholds(Params, frozen=True, kw_only=True):
    """`ratio` is against the average day of the baseline, `peak_ratio` against its busiest day.

    When `known_percent` of the value moved with addresses met before that day, the alert is of low severity.
    """

    window: Window
    count: Annotated[int, Meta(ge=2, le=64)]
    minimum: Usd
    ratio: Annotated[int, Meta(ge=1)]
    peak_ratio: Annotated[int, Meta(ge=1)]
    known_percent: Annotated[int, Meta(ge=1, le=100)]
    baseline: Window
    history: Window


class Velocity(AccountRule):
    """A burst of transfers, measured against the days before it began."""

    Parameters = Thresholds

    def bind(self, params: Thresholds) -> None:
        """Keep the parameters and what the common path needs."""
        self.params, self.window, self.back = params, params.window, params.count - 1
        self.days = max(1, params.baseline // DAY_MS)

    def judge(self, case: Case) -> Answer:
        """The question arises with `count` transfers inside the window."""
        profile, index = case.profile, case.index
        times = profile.occurred_ms
        if index < self.back or times[index - self.back] <= times[index] - self.window:
            return None
        params = self.params
        start = profile.since(index, self.window)
        count, eve = index + 1 - start, profile.days.get(times[start] // DAY_MS - 1)
        if eve is not None and count < (eve.deposits + eve.withdrawals) * params.peak_ratio:
            return None
        moved = sum(profile.value[start : index + 1])
        if moved < params.minimum:
            return None
        days = profile.days_before(start, self.days)
        busiest = max((day.deposits + day.withdrawals for day in days), default=0)
        usual_count = sum(day.deposits + day.withdrawals for day in days)
        usual_value = sum(day.deposited + day.withdrawn for day in days)
        if (
            count < busiest * params.peak_ratio
            or count * self.days < usual_count * params.ratio
            or moved * self.days < usual_value * params.ratio
        ):
            return None
        if profile.first_ms > times[start] - params.history:
            return Unanswered("too little history before the burst for a baseline")
        known = _known(profile, range(start, index + 1))
        telling = known * 100 < moved * params.known_percent
        return Finding(
            story=(began(times[: index + 1], self.window, self.window * 7),),
            stage=int(telling),
            severity=None if telling else Severity.LOW,
            evidence=profile.evidence(range(max(start, index + 1 - _CITED), index + 1), "Part of the burst"),
            facts={
                "transfers": count,
                "transfers_minimum": params.count,
                "moved_usd": dollars(moved),
                "moved_usd_minimum": dollars(params.minimum),
                "busiest_day_before": busiest,
                "peak_ratio_minimum": params.peak_ratio,
                "usual_transfers_a_day": usual_count / self.days,
                "usual_usd_a_day": dollars(usual_value // self.days),
                "ratio_minimum": params.ratio,
                "window_hours": self.window / 3_600_000,
                "known_percent": known * 100 // moved,
                "known_percent_minimum": params.known_percent,
            },
        )


def _known(profile: Profile, span: range) -> int:
    """The value that moved with addresses met on a day before the burst began."""
    return sum(profile.value[i] for i in span if profile.met_before(profile.address[i], span.start))
