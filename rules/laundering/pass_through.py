"""Does most of what came in leave again within hours, to a new destination, other than this account usually does?"""

from typing import Annotated, Final

from msgspec import Meta

from rules.finding import Answer, Finding
from rules.lookalikes import places
from rules.messages import Severity
from rules.profile import Profile
from rules.rule import AccountRule, Case, Params, Usd, Window
from rules.stories import began
from rules.transfer import Kind, dollars

_HISTORY_DAYS: Final = 30


class Thresholds(Params, frozen=True, kw_only=True):
    """Shares are of the value deposited in the window; `usual_percent` compares it with the 30 days before.

    A destination is known from `known_percent` of the withdrawal on that were dealt with it before.
    The file's severity takes `telling` value and either few transfers or an account whose habits are known.
    """

    window: Window
    minimum: Usd
    telling: Usd
    share_percent_minimum: Annotated[int, Meta(ge=50, le=100)]
    share_percent_maximum: Annotated[int, Meta(ge=100, le=200)]
    usual_percent: Annotated[int, Meta(ge=0)]
    known_percent: Annotated[int, Meta(ge=0)]
    transfers_maximum: Annotated[int, Meta(ge=2, le=20)]
    few: Annotated[int, Meta(ge=2)]
    habits: Window


class PassThrough(AccountRule):
    """Value in, near-equal value out, in few transfers, to an address not known before; not the usual business."""

    Parameters = Thresholds
    asked_on = frozenset({Kind.WITHDRAWAL})

    def bind(self, params: Thresholds) -> None:
        """Keep the parameters, and the smallest withdrawal worth a look: its part of the fewest pieces allowed."""
        self.params = params
        self.window = params.window
        self.floor = params.minimum * params.share_percent_minimum // 100 // params.transfers_maximum

    def judge(self, case: Case) -> Answer:
        """Count from the first deposit inside the window that ends with this withdrawal."""
        profile, index = case.profile, case.index
        start = profile.since(index, self.window)
        if True not in profile.inflow[start:index]:
            return None
        start = profile.inflow.index(True, start)
        if index + 1 - start > self.params.transfers_maximum:
            return None
        return self._judge_span(profile, start, index)

    def _judge_span(self, profile: Profile, start: int, index: int) -> Answer:
        params, span = self.params, range(start, index + 1)
        inward = sum(profile.value[i] for i in span if profile.inflow[i])
        outward = sum(profile.value[i] for i in span) - inward
        low, high = params.share_percent_minimum, params.share_percent_maximum
        if inward < params.minimum or not inward * low <= outward * 100 <= inward * high:
            return None
        before = sum(day.deposited for day in profile.days_before(start, _HISTORY_DAYS))
        if inward * 100 < before * params.usual_percent or _known(profile, start, index, params.known_percent):
            return None
        known = len(span) <= params.few or profile.first_ms <= profile.occurred_ms[index] - params.habits
        telling = known and inward >= params.telling
        deposits = [i for i in range(index) if profile.inflow[i]]
        return Finding(
            story=(began([profile.occurred_ms[i] for i in deposits], self.window, self.window),),
            evidence=tuple(profile.evidence((i,), "Came in" if profile.inflow[i] else "Left again")[0] for i in span),
            facts={
                "deposited_usd": dollars(inward),
                "deposited_usd_minimum": dollars(params.minimum),
                "withdrawn_usd": dollars(outward),
                "share_percent": outward * 100 // inward,
                "share_percent_range": [low, high],
                "deposited_30_days_before_usd": dollars(before),
                "hours": (profile.occurred_ms[index] - profile.occurred_ms[start]) / 3_600_000,
                "hours_maximum": self.window / 3_600_000,
            },
            counterparty=profile.address[index] or None,
            severity=None if telling else Severity.LOW,
            stage=int(telling),
        )


def _known(profile: Profile, start: int, index: int, percent: int) -> bool:
    """Whether enough was dealt with the destination before `start`, or anything before what is kept."""
    address = profile.address[index]
    if not address:
        return False
    if earlier := [profile.value[i] for i in places(address, profile.address[:start])]:
        return sum(earlier) * 100 >= profile.value[index] * percent
    return profile.met_before(address, start)
