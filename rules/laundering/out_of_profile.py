"""Does the account move far more within a day, in one direction, than on any day of its last three months?"""

from typing import Annotated, Final

from msgspec import Meta

from rules.finding import Answer, Finding, Unanswered
from rules.profile import DAY_MS, DAYS, Day
from rules.rule import AccountRule, Case, Params, Usd, Window
from rules.transfer import dollars

_CITED: Final = 20


class Thresholds(Params, frozen=True, kw_only=True):
    """`ratio` is against the largest day before, of which there must be `days` with transfers in this direction.

    A transfer of less than `piece` does not ask the question.
    """

    window: Window
    minimum: Usd
    piece: Usd
    ratio: Annotated[int, Meta(ge=1)]
    days: Annotated[int, Meta(ge=1, le=90)]
    history: Window


class OutOfProfile(AccountRule):
    """The value of a day, measured against the account's own life."""

    Parameters = Thresholds

    def bind(self, params: Thresholds) -> None:
        """Keep what the common path needs."""
        self.params, self.window, self.floor = params, params.window, params.piece
        self.days = -(-params.window // DAY_MS)

    def judge(self, case: Case) -> Answer:
        """The days before the window began are the measure; the daily sums alone leave busy accounts alone."""
        profile, index = case.profile, case.index
        times, days, inflow = profile.occurred_ms, profile.days, profile.inflow
        params, direction, today, most = self.params, inflow[index], times[index] // DAY_MS, 0
        for number in range(today - self.days, today + 1):
            if (day := days.get(number)) is not None:
                most += day.deposited if direction else day.withdrawn
        eve = days.get(today - self.days - 1)
        if most < params.minimum or (eve is not None and most < _moved(eve, direction) * params.ratio):
            return None
        start = profile.since(index, self.window)
        same = [i for i in range(start, index + 1) if inflow[i] == direction]
        moved = sum(profile.value[i] for i in same)
        if moved < params.minimum:
            return None
        before = [_moved(day, direction) for day in profile.days_before(start, DAYS)]
        active = [value for value in before if value]
        largest = max(active, default=0)
        if moved < largest * params.ratio:
            return None
        if len(active) < params.days or profile.first_ms > times[start] - params.history:
            return Unanswered("too little history in this direction to tell what is usual")
        return Finding(
            story=("in" if direction else "out", times[index] // DAY_MS),
            evidence=profile.evidence(same[-_CITED:], "Part of the unusual day"),
            facts={
                "moved_usd": dollars(moved),
                "moved_usd_minimum": dollars(params.minimum),
                "largest_day_before_usd": dollars(largest),
                "ratio_minimum": params.ratio,
                "days_with_transfers_before": len(active),
                "days_minimum": params.days,
                "window_hours": self.window / 3_600_000,
            },
        )


def _moved(day: Day, inflow: bool) -> int:
    return day.deposited if inflow else day.withdrawn
