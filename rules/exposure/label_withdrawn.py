"""Did an account deal with an address whose attribution has been withdrawn?"""

from collections.abc import Iterable
from typing import Annotated, Final

from msgspec import Meta

from rules.change import Change
from rules.finding import Finding
from rules.outcome import alert_id
from rules.past import Past
from rules.reference.attribution import Attributed
from rules.rule import LookbackRule, Params

_LOOKING_BACK: Final = "exposure.newly_labelled"


class Thresholds(Params, frozen=True, kw_only=True):
    """Percent of confidence that the label had."""

    confidence: Annotated[int, Meta(ge=0, le=100)]


class LabelWithdrawn(LookbackRule):
    """Closes what was told when the label came. What was told at a transfer may speak of other addresses, too: look."""

    Parameters = Thresholds

    def look_back(self, change: Change, past: Past) -> Iterable[tuple[str, Finding]]:
        """Answer for each address that lost its label from those who dealt with it."""
        for address, label in change.relabelled.items():
            before = label.before
            if label.now is not None or before is None or before.confidence < self.params.confidence:
                continue
            again = change.again(address)
            for account_id, dealings in past.met(address).items():
                retroactive = bool(again) or not any(one.labelled for one in dealings)
                yield (
                    account_id,
                    Finding(
                        story=(address, change.offset),
                        evidence=tuple(one.evidence("First contact with the address") for one in dealings),
                        counterparty=address,
                        facts={
                            "entity": before.entity,
                            "category": before.category.value,
                            "attributed_by": before.source,
                            "label_withdrawn": True,
                        },
                        continues=_opened(address, before, account_id, again) if retroactive else None,
                    ),
                )


def _opened(address: str, before: Attributed, account_id: str, again: tuple[int, ...]) -> str:
    """The alert that was sent when the label came."""
    return alert_id(_LOOKING_BACK, account_id, (address, before.entry[1] if before.entry else before.category.value, *again))
