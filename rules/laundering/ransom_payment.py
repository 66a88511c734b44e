"""Does a young account send out a large value bought here, not deposited, to an address it never met?

Victims of ransomware, and who pays for them, open an account, buy the coins for money, and send them off at once.
"""

from typing import Annotated

from msgspec import Meta

from rules.finding import Answer, Finding, Unanswered
from rules.messages import Severity
from rules.rule import AccountRule, Case, Params, Usd, Window
from rules.transfer import Kind, dollars


class Thresholds(Params, frozen=True, kw_only=True):
    """At most `earlier` withdrawals before, deposits in coins of at most `deposited_percent` of the value, `age` at most.

    The file's severity takes a value of `telling`.
    """

    minimum: Usd
    telling: Usd
    age: Window
    earlier: Annotated[int, Meta(ge=0, le=20)]
    deposited_percent: Annotated[int, Meta(ge=0, le=100)]


class RansomPayment(AccountRule):
    """Little history, then one large payment of coins that were bought for it."""

    Parameters = Thresholds
    asked_on = frozenset({Kind.WITHDRAWAL})

    def bind(self, params: Thresholds) -> None:
        """Keep what the common path needs."""
        self.params, self.floor, self.age = params, params.minimum, params.age

    def judge(self, case: Case) -> Answer:
        """An account with transfers older than `age` is not young, whatever its opening date says."""
        profile, index = case.profile, case.index
        value, params = profile.value[index], self.params
        now, opened, address = profile.occurred_ms[index], profile.opened_ms, profile.address[index]
        if profile.first_ms < now - self.age or (opened is not None and opened < now - self.age):
            return None
        if address and profile.address.index(address) < index:
            return None
        inflow = profile.inflow[:index]
        deposited = sum(profile.value[i] for i, came_in in enumerate(inflow) if came_in)
        earlier = index - sum(inflow)
        if earlier > params.earlier or deposited * 100 > value * params.deposited_percent:
            return None
        if opened is None:
            return Unanswered("the opening date of the account is not known")
        return Finding(
            story=(profile.detail[index][0],),
            evidence=profile.evidence((index,), "Bought here and sent to an address not met before"),
            facts={
                "value_usd": dollars(value),
                "value_usd_minimum": dollars(params.minimum),
                "value_usd_telling": dollars(params.telling),
                "age_hours": (now - opened) / 3_600_000,
                "age_hours_maximum": self.age / 3_600_000,
                "earlier_withdrawals": earlier,
                "earlier_withdrawals_maximum": params.earlier,
                "deposited_usd": dollars(deposited),
                "deposited_percent_maximum": params.deposited_percent,
            },
            counterparty=address or None,
            severity=None if value >= params.telling else Severity.LOW,
        )
