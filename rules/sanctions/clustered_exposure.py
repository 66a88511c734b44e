"""Is a counterparty address attributed to a party on a sanctions list, though the list does not name the address?"""

from typing import Annotated

from msgspec import Meta

from rules.finding import Answer, Finding
from rules.knowledge import Need
from rules.messages import ListMatch, Severity
from rules.reference import Category, Label
from rules.rule import AccountRule, Case, Params


class Thresholds(Params, frozen=True, kw_only=True):
    """Percent of confidence: from `confidence` on a finding, from `sure` on of the file's severity."""

    confidence: Annotated[int, Meta(ge=0, le=100)]
    sure: Annotated[int, Meta(ge=0, le=100)]


class ClusteredExposure(AccountRule):
    """A label that names a list entry counts as long as that party is listed; one of the category sanctioned by itself."""

    Parameters = Thresholds
    looks_back = False
    marked_only = True
    event_story = True
    needs = (Need.WATCHLIST, Need.LABELS)

    def judge(self, case: Case) -> Answer:
        """Answer from the labels of this transfer's addresses; listed addresses are sanctions.direct_exposure's."""
        if not case.labelled:
            return None
        listed = {address for address, _ in case.listed}
        for address in dict.fromkeys(address for address, _ in case.labelled):
            if address not in listed and (found := self._attributed(case, address)) is not None:
                return self._exposed(case, address, *found)
        return None

    def _attributed(self, case: Case, address: str) -> tuple[Label, ListMatch | None] | None:
        known = case.knowledge.attributed.get(address)
        if known is not None and known[0].confidence >= self.params.confidence:
            return known
        for labelled, label in case.labelled:
            own_word = label.category is Category.SANCTIONED and label.list_entry is None
            if labelled == address and own_word and label.confidence >= self.params.confidence:
                return label, None
        return None

    def _exposed(self, case: Case, address: str, label: Label, match: ListMatch | None) -> Finding:
        evidence = case.own_evidence(f"Counterparty address is attributed to {label.entity}")
        sure = match is not None and label.confidence >= self.params.sure
        return Finding(
            story=(evidence.event_id, address),
            evidence=(evidence,),
            counterparty=address,
            match=match,
            facts={
                "entity": label.entity,
                "attributed_by": label.source,
                "attributed_since": str(label.since or ""),
                "confidence_percent": label.confidence,
                "confidence_percent_minimum": self.params.confidence,
                "confidence_percent_sure": self.params.sure,
                "on_a_loaded_list": bool(match),
            },
            severity=None if sure else Severity.MEDIUM,
        )
