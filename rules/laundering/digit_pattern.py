"""Do the first digits of the account's many amounts follow no natural mix of payments (Benford's law)?"""

from math import log10
from typing import Annotated, Final

from msgspec import Meta

from rules.finding import Answer, Finding
from rules.profile import DAY_MS, Profile
from rules.rule import AccountRule, Case, Params, Usd
from rules.transfer import dollars

_CITED: Final = 20
_STORY_DAYS: Final = 28  # one story in four weeks
_BENFORD: Final = tuple((str(digit), log10(1 + 1 / digit)) for digit in range(1, 10))


class Thresholds(Params, frozen=True, kw_only=True):
    """At least `count` kept amounts, the largest `spread` times the smallest, and `chi_squared` off the law.

    Asked at a transfer of `minimum` or more.
    """

    minimum: Usd
    count: Annotated[int, Meta(ge=20, le=64)]
    spread: Annotated[int, Meta(ge=1)]
    chi_squared: Annotated[int, Meta(ge=1)]


class DigitPattern(AccountRule):
    """Amounts made up by a person or a program are spread too evenly, or around too few values."""

    Parameters = Thresholds

    def bind(self, params: Thresholds) -> None:
        """Keep what the common path needs."""
        self.params, self.last, self.floor = params, params.count - 1, params.minimum

    def judge(self, case: Case) -> Answer:
        """Asked once a day, at its first transfer: the answer changes slowly."""
        profile, index = case.profile, case.index
        if index < self.last:
            return None
        times = profile.occurred_ms
        if times[index - 1] // DAY_MS == times[index] // DAY_MS:
            return None
        values = [value for value in profile.value[: index + 1] if value]
        params = self.params
        if len(values) < params.count or max(values) < min(values) * params.spread:
            return None
        off = off_benford(profile, index + 1)
        if off < params.chi_squared:
            return None
        return Finding(
            story=(times[index] // (DAY_MS * _STORY_DAYS),),
            evidence=profile.evidence(range(index + 1 - _CITED, index + 1), "One of the amounts"),
            facts={
                "transfers": len(values),
                "transfers_minimum": params.count,
                "chi_squared": off,
                "chi_squared_minimum": params.chi_squared,
                "largest_usd": dollars(max(values)),
                "smallest_usd": dollars(min(values)),
                "spread_minimum": params.spread,
            },
        )


def off_benford(profile: Profile, count: int) -> int:
    """Chi squared, whole units, of the first digits of the first `count` amounts against Benford's law."""
    firsts = [profile.detail[i][1].lstrip("0.")[:1] for i in range(count)]
    total = sum(1 for first in firsts if first)
    return int(sum((firsts.count(digit) - total * share) ** 2 / (total * share) for digit, share in _BENFORD if total))
