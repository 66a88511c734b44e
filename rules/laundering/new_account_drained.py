"""Is a young account filled with a large value and emptied again, all within days of its opening?"""

from typing import Annotated

from msgspec import Meta

from rules.finding import Answer, Finding, Unanswered
from rules.rule import AccountRule, Case, Params, Usd, Window
from rules.transfer import Kind, dollars


class Thresholds(Params, frozen=True, kw_only=True):
    """`age` since opening, `minimum` deposited, the share of it that has left, and in how many transfers at most."""

    age: Window
    minimum: Usd
    share_percent_minimum: Annotated[int, Meta(ge=50, le=100)]
    share_percent_maximum: Annotated[int, Meta(ge=100)]
    transfers_maximum: Annotated[int, Meta(ge=2, le=20)]


class NewAccountDrained(AccountRule):
    """The whole life of the account so far: large in, nearly all out."""

    Parameters = Thresholds
    asked_on = frozenset({Kind.WITHDRAWAL})

    def bind(self, params: Thresholds) -> None:
        """Keep what the common path needs."""
        self.params, self.age, self.most = params, params.age, params.transfers_maximum

    def judge(self, case: Case) -> Answer:
        """An account with transfers older than `age` is not young, whatever its opening date says."""
        profile, index = case.profile, case.index
        if index >= self.most:
            return None
        now, opened = profile.occurred_ms[index], profile.opened_ms
        if profile.first_ms < now - self.age or (opened is not None and opened < now - self.age):
            return None
        value, inflow = profile.value[: index + 1], profile.inflow
        inward = sum(amount for i, amount in enumerate(value) if inflow[i])
        outward = sum(value) - inward
        low, high = self.params.share_percent_minimum, self.params.share_percent_maximum
        if inward < self.params.minimum or not inward * low <= outward * 100 <= inward * high:
            return None
        if opened is None:
            return Unanswered("the opening date of the account is not known")
        return Finding(
            story=("opening",),
            evidence=tuple(profile.evidence((i,), "Came in" if inflow[i] else "Left again")[0] for i in range(index + 1)),
            facts={
                "age_hours": (now - opened) / 3_600_000,
                "age_hours_maximum": self.age / 3_600_000,
                "deposited_usd": dollars(inward),
                "deposited_usd_minimum": dollars(self.params.minimum),
                "withdrawn_usd": dollars(outward),
                "share_percent": outward * 100 // inward,
                "share_percent_range": [low, high],
            },
            counterparty=profile.address[index] or None,
        )
