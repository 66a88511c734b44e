"""Does value come from or go to an address of a mixer?"""

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


class Thresholds(Params, frozen=True, kw_only=True):
    """Percent of confidence in the label; a value of `telling` has the file's severity."""

    confidence: Annotated[int, Meta(ge=0, le=100)]
    telling: Usd


class MixerContact(AccountRule):
    """Any contact is told; dust, which anybody can send to anybody, is low."""

    Parameters = Thresholds
    looks_back = False
    marked_only = True
    needs = (Need.LABELS,)

    def judge(self, case: Case) -> Answer:
        """Answer from the labels of this transfer's addresses; the surest comes first."""
        if not case.labelled:
            return None
        params, value = self.params, case.value
        for address, label in case.labelled:
            if label.category is Category.MIXER and label.confidence >= params.confidence:
                telling = value >= params.telling
                return Finding(
                    story=(label.entity, int(telling), case.occurred_ms // _TOLD_ONCE_IN),
                    evidence=(case.own_evidence(f"Counterparty address belongs to the mixer {label.entity}"),),
                    counterparty=address,
                    facts={
                        "entity": label.entity,
                        "attributed_by": label.source,
                        "confidence_percent": label.confidence,
                        "confidence_percent_minimum": params.confidence,
                        "value_usd": dollars(value),
                        "value_usd_telling": dollars(params.telling),
                    },
                    severity=None if telling else Severity.LOW,
                )
        return None
