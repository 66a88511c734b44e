"""Is a young account filled with a large value and emptied again, all within days of its opening?"""

from typing import Annotated, Final

from msgspec import Meta

from rules.finding import Answer, Finding, Unanswered
from rules.rule import AccountRule, Case, Params, Usd, Window
from rules.transfer import Kind, dollars

_CITED: Final = 20


class Thresholds(Params, frozen=True, kw_only=True):
    """`age` since opening, `minimum` deposited, and the share of it that has left."""

    age: Window
    minimum: Usd
    share_percent: Annotated[int, Meta(ge=50, le=100)]


class NewAccountDrained(AccountRule):
    """The whole life of the account so far: large in, nearly all out."""

    Parameters = Thresholds
    asked_on = frozenset({Kind.WITHDRAWAL})

    def bind(self, params: Thresholds) -> None:
        """Keep what the common path needs."""
        self.params, self.age = params, params.age

    def judge(self, case: Case) -> Answer:
        """An account with transfers older than `age` is not young, whatever its opening date says."""
        profile, index = case.profile, case.index
        now, opened = profile.occurred_ms[index], profile.opened_ms
        if profile.first_ms < now - self.age or (opened is not None and opened < now - self.age):
            return None
        value, inflow = profile.value[: index + 1], profile.inflow
        inward = sum(amount for i, amount in enumerate(value) if inflow[i])
        outward = sum(value) - inward
        if inward < self.params.minimum or outward * 100 < inward * self.params.share_percent:
            return None
        if opened is None:
            return Unanswered("the opening date of the account is not known")
        if profile.forgotten_ms:
            return Unanswered("more transfers since the opening than are kept")
        return Finding(
            story=("opening",),
            evidence=tuple(
                profile.evidence((i,), "Came in" if inflow[i] else "Left again")[0]
                for i in range(max(0, index + 1 - _CITED), index + 1)
            ),
            facts={
                "age_hours": (now - opened) / 3_600_000,
                "age_hours_maximum": self.age / 3_600_000,
                "deposited_usd": dollars(inward),
                "deposited_usd_minimum": dollars(self.params.minimum),
                "withdrawn_usd": dollars(outward),
                "share_percent": outward * 100 // inward,
                "share_percent_minimum": self.params.share_percent,
            },
            counterparty=profile.address[index] or None,
        )
