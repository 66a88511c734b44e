"""Are nearly all of the account's many transfers of round amounts, as nobody pays them for goods or wages?"""

from typing import Annotated, Final

from msgspec import Meta

from rules.finding import Answer, Finding
from rules.profile import DAY_MS
from rules.rule import AccountRule, Case, Params, Usd
from rules.transfer import dollars

_CITED: Final = 20
_STORY_DAYS: Final = 28  # one story in four weeks


class Thresholds(Params, frozen=True, kw_only=True):
    """Of at least `count` kept transfers a share with no more than `digits` significant digits in the asset's units.

    Asked at a transfer of `minimum` or more.
    """

    minimum: Usd
    count: Annotated[int, Meta(ge=10, le=64)]
    digits: Annotated[int, Meta(ge=1, le=4)]
    share_percent: Annotated[int, Meta(ge=50, le=100)]


class RoundAmounts(AccountRule):
    """Amounts that somebody thought up, not amounts that came about."""

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
        params, detail = self.params, profile.detail
        found = [i for i in range(index + 1) if 0 < significant_digits(detail[i][1]) <= params.digits]
        if not found or found[-1] != index or len(found) * 100 < (index + 1) * params.share_percent:
            return None
        return Finding(
            story=(times[index] // (DAY_MS * _STORY_DAYS),),
            evidence=profile.evidence(found[-_CITED:], "Round amount"),
            facts={
                "transfers": index + 1,
                "transfers_minimum": params.count,
                "round_amounts": len(found),
                "significant_digits_maximum": params.digits,
                "share_percent": len(found) * 100 // (index + 1),
                "share_percent_minimum": params.share_percent,
                "moved_usd": dollars(sum(profile.value[: index + 1])),
            },
        )


def significant_digits(amount: str) -> int:
    """Of a decimal number as text: 1200 and 0.12 have two, 1250.50 has five, 0 has none."""
    return len(amount.replace(".", "").strip("0"))
