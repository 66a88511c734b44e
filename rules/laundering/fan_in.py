"""Do many senders that this account never met before pay in within days?"""

from typing import Annotated, Final

from msgspec import Meta

from rules.finding import Answer, Finding, Unanswered
from rules.profile import DAY_MS
from rules.rule import AccountRule, Case, Params, Usd, Window
from rules.stories import began
from rules.transfer import Kind, dollars

_CITED: Final = 20
_HISTORY_DAYS: Final = 30


class Thresholds(Params, frozen=True, kw_only=True):
    """`count` new senders within `window` that together move `minimum`, `ratio` times the usual deposits."""

    window: Window
    count: Annotated[int, Meta(ge=2, le=64)]
    minimum: Usd
    ratio: Annotated[int, Meta(ge=1)]


class FanIn(AccountRule):
    """Deposits from addresses met for the first time, in either direction."""

    Parameters = Thresholds
    asked_on = frozenset({Kind.DEPOSIT})

    def bind(self, params: Thresholds) -> None:
        """Keep what the common path needs."""
        self.params, self.window, self.back = params, params.window, params.count - 1

    def judge(self, case: Case) -> Answer:
        """Only a transfer that is itself a first contact asks the question."""
        profile, index = case.profile, case.index
        times, address = profile.occurred_ms, profile.address
        if index < self.back or times[index - self.back] <= times[index] - self.window:
            return None
        if not address[index] or address.index(address[index]) < index:
            return None
        start = profile.since(index, self.window)
        inflow, met = profile.inflow, {""}
        first: list[int] = []
        for i in range(index + 1):
            if address[i] not in met:
                met.add(address[i])
                if inflow[i]:
                    first.append(i)
        found = [i for i in first if i >= start]
        total = sum(profile.value[i] for i in found)
        days = profile.days_before(start, _HISTORY_DAYS)
        usual = sum(day.deposits for day in days) * self.window // (_HISTORY_DAYS * DAY_MS)
        params = self.params
        if len(found) < max(params.count, usual * params.ratio) or total < params.minimum:
            return None
        if not profile.covers(index, self.window):
            return Unanswered("more transfers inside the window than are kept")
        return Finding(
            story=(began([times[i] for i in first], self.window, self.window),),
            evidence=profile.evidence(found[-_CITED:], "Paid in by a new sender"),
            facts={
                "new_senders": len(found),
                "new_senders_minimum": params.count,
                "usual_deposits": usual,
                "ratio_minimum": params.ratio,
                "total_usd": dollars(total),
                "total_usd_minimum": dollars(params.minimum),
                "window_hours": self.window / 3_600_000,
            },
        )
