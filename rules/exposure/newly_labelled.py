"""Did an account deal with an address that has been attributed to a listed party, a crime or a mixer since?"""

from collections.abc import Iterable
from typing import Annotated, Final

from msgspec import Meta

from rules.change import Change
from rules.finding import Finding
from rules.messages import Severity
from rules.past import Past
from rules.reference import Category
from rules.reference.attribution import Attributed, is_news
from rules.rule import LookbackRule, Params, Usd
from rules.transfer import dollars

_SHOWS: Final = "First contact with an address that has been attributed since"


class Thresholds(Params, frozen=True, kw_only=True):
    """Percent of confidence in the label; a value below `telling` is dust, and low."""

    confidence: Annotated[int, Meta(ge=0, le=100)]
    telling: Usd


class NewlyLabelled(LookbackRule):
    """Told once for each account and address, as far as no label of then told the same at the transfer."""

    Parameters = Thresholds

    def look_back(self, change: Change, past: Past) -> Iterable[tuple[str, Finding]]:
        """Answer for each address with a new label from those who dealt with it."""
        params = self.params
        for address, label in change.relabelled.items():
            before, now, again = label.before.rank if label.before else 0, label.now, change.again(address)
            if now is None or not is_news(before, now.rank, params.confidence):
                continue
            for account_id, dealings in past.met(address).items():
                if not again and any(not is_news(one.labelled, now.rank, params.confidence) for one in dealings):
                    continue
                value = max(one.value for one in dealings)
                yield (
                    account_id,
                    Finding(
                        story=(address, now.entry[1] if now.entry else now.category.value, *again),
                        evidence=tuple(one.evidence(_SHOWS) for one in dealings),
                        counterparty=address,
                        match=label.match,
                        facts={
                            "hops": 0,
                            "entity": now.entity,
                            "category": now.category.value,
                            "attributed_by": now.source,
                            "confidence_percent": now.confidence,
                            "confidence_percent_minimum": params.confidence,
                            "value_usd": dollars(value),
                            "value_usd_telling": dollars(params.telling),
                            **({"others_forgotten": True} if past.others_forgotten(address) else {}),
                        },
                        severity=_severity(now) if value >= params.telling else Severity.LOW,
                    ),
                )


def _severity(now: Attributed) -> Severity | None:
    """That of the file, but for a mixer, where many go."""
    return Severity.MEDIUM if now.category is Category.MIXER and now.entry is None else None
