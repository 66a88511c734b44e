"""Is an account of this exchange where several others pass on what they are paid like a wage?"""

from typing import Annotated, Final

from msgspec import Meta

from rules.circles import evidence
from rules.dprk.company import GRADES, WAGES_SWEPT, enough, others, returning, signs, unhosted
from rules.finding import Answer, Finding
from rules.messages import Evidence, Flow
from rules.rule import GroupRule, Near, Params, Window

GATHERS: Final = "dprk.gathers"
_CITED: Final = 19


class Thresholds(Params, frozen=True, kw_only=True):
    """`accounts_minimum` pay in wages, and not more than `others_each` others for each of them.

    `returning_minimum` of them come back after `apart`, and one in `one_in` passes on enough to live on.
    """

    window: Window
    accounts_minimum: Annotated[int, Meta(ge=2, le=32)]
    returning_minimum: Annotated[int, Meta(ge=1, le=32)]
    apart: Window
    others_each: Annotated[int, Meta(ge=0, le=32)]
    one_in: Annotated[int, Meta(ge=1, le=32)]


class Facilitator(GroupRule):
    """The subject is the account that collects; asked when it lets go in bulk."""

    Parameters = Thresholds

    def bind(self, params: Thresholds) -> None:
        """Keep the parameters."""
        self.params = params

    def judge(self, flow: Flow, near: Near) -> Answer:
        """Look at who was met at the account's own address."""
        if GATHERS not in flow.signals or near.own is None:
            return None
        params, own = self.params, near.own
        members = own.circle.heard(WAGES_SWEPT, flow, params.window)
        if len(members) < params.accounts_minimum or others(own, members) > len(members) * params.others_each:
            return None
        if not enough(members, params.one_in) or returning(members, params.apart) < params.returning_minimum:
            return None
        facts = signs(members, params.one_in)
        grade = min(1 + facts["signs"], len(GRADES) - 1)
        return Finding(
            story=("facilitator",),
            stage=grade,
            evidence=(*evidence(members[-_CITED:], "A wage passed on to the account"), _bulk(flow)),
            facts={
                "accounts": [member.account_id for member in members],
                "account_count": len(members),
                "account_count_minimum": params.accounts_minimum,
                "destination": flow.address,
                **facts,
            },
            counterparty=unhosted(flow),
            severity=GRADES[grade],
        )


def _bulk(flow: Flow) -> Evidence:
    return Evidence.of(flow.event_id, flow.amount, flow.asset, flow.value, flow.occurred_ms, "Left in bulk")
