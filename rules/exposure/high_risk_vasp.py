"""Is the counterparty's exchange or OTC desk on a list of risky ones?"""

from typing import Annotated, Final

from msgspec import Meta

from rules.finding import Answer, Finding
from rules.knowledge import Need
from rules.messages import Severity
from rules.profile import DAY_MS
from rules.reference import Category
from rules.rule import AccountRule, Case, Params, Usd
from rules.transfer import dollars

_TOLD_ONCE_IN: Final = 30 * DAY_MS  # judgement
_RISKY: Final = frozenset({Category.OTC_DESK, Category.HIGH_RISK_EXCHANGE})


class Thresholds(Params, frozen=True, kw_only=True):
    """Percent of confidence in a label; a value of `telling` has the file's severity."""

    confidence: Annotated[int, Meta(ge=0, le=100)]
    telling: Usd


class HighRiskVasp(AccountRule):
    """By the name that the travel rule brought, or by the label of the address."""

    Parameters = Thresholds
    looks_back = False
    needs = (Need.VASPS_OR_LABELS,)

    def judge(self, case: Case) -> Answer:
        """Answer from this transfer alone: the list of VASPs first, the labels second."""
        transfer = case.transfer
        if transfer is None:
            return None
        party = transfer.counterparty
        listed = case.knowledge.reference.vasp(party.vasp) if party is not None and party.vasp else None
        if listed is not None:
            facts = {"vasp": listed.name, "risk": listed.risk.value, "told_by": listed.source}
            return self._found(case, listed.name, case.addresses[0] if case.addresses else None, facts)
        for address, label in case.labelled:
            if label.category in _RISKY and label.confidence >= self.params.confidence:
                facts = {"vasp": label.entity, "risk": label.category.value, "told_by": label.source}
                return self._found(case, label.entity, address, facts)
        return None

    def _found(self, case: Case, name: str, address: str | None, facts: dict[str, str]) -> Finding:
        params, value = self.params, case.value
        telling = value >= params.telling
        return Finding(
            story=(name, int(telling), case.occurred_ms // _TOLD_ONCE_IN),
            evidence=(case.own_evidence(f"The counterparty is with {name}"),),
            counterparty=address,
            facts=facts
            | {
                "confidence_percent_minimum": params.confidence,
                "value_usd": dollars(value),
                "value_usd_telling": dollars(params.telling),
            },
            severity=None if telling else Severity.LOW,
        )
