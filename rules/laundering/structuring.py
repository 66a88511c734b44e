"""Does most of the value move in pieces just below a reporting or record-keeping threshold?"""

from typing import Annotated, Final

from msgspec import Meta

from rules.finding import Answer, Finding
from rules.profile import Profile
from rules.rule import AccountRule, Case, Params, Usd, Window
from rules.stories import began
from rules.transfer import dollars

_CITED: Final = 20


class Thresholds(Params, frozen=True, kw_only=True):
    """Both thresholds with their counts; `band_percent` is how far below counts as just below."""

    window: Window
    reporting: Usd
    reporting_count: Annotated[int, Meta(ge=2)]
    record_keeping: Usd
    record_keeping_count: Annotated[int, Meta(ge=2)]
    band_percent: Annotated[int, Meta(ge=1, le=50)]
    share_percent: Annotated[int, Meta(ge=1, le=100)]


class Structuring(AccountRule):
    """Several transfers of one direction in the band below a threshold that carry most of that direction's value."""

    Parameters = Thresholds

    def bind(self, params: Thresholds) -> None:
        """Keep the bands as (lowest value, threshold, count)."""
        self.window, self.share = params.window, params.share_percent
        below = 100 - params.band_percent
        self.upper = (params.reporting * below // 100, params.reporting, params.reporting_count)
        self.lower = (params.record_keeping * below // 100, params.record_keeping, params.record_keeping_count)
        self.floor = min(self.upper[0], self.lower[0])

    def judge(self, case: Case) -> Answer:
        """Only a transfer inside a band asks the question."""
        profile, index = case.profile, case.index
        value = profile.value[index]
        for low, threshold, count in (self.upper, self.lower):
            if low <= value < threshold:
                recent = index - count + 1
                times = profile.occurred_ms
                if recent < 0 or times[recent] <= times[index] - self.window:
                    return None
                return self._judge_band(profile, index, low, threshold, count)
        return None

    def _judge_band(self, profile: Profile, index: int, low: int, threshold: int, count: int) -> Answer:
        inflow, value = profile.inflow, profile.value
        direction = inflow[index]
        start = profile.since(index, self.window)
        same = [i for i in range(index + 1) if inflow[i] == direction]
        banded = [i for i in same if low <= value[i] < threshold]
        inside = [i for i in banded if i >= start]
        moved = sum(value[i] for i in inside)
        total = sum(value[i] for i in same if i >= start)
        if len(inside) < count or moved * 100 < total * self.share:
            return None
        anchor = began([profile.occurred_ms[i] for i in banded], self.window, self.window)
        return Finding(
            story=(threshold, "in" if direction else "out", anchor),
            evidence=profile.evidence(inside[-_CITED:], f"Just below {dollars(threshold)} USD"),
            facts={
                "transfers": len(inside),
                "transfers_minimum": count,
                "banded_usd": dollars(moved),
                "total_usd": dollars(total),
                "share_percent": moved * 100 // total,
                "share_percent_minimum": self.share,
                "band_from_usd": dollars(low),
                "threshold_usd": dollars(threshold),
                "window_hours": self.window / 3_600_000,
            },
        )
