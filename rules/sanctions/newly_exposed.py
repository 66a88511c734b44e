"""Did an account deal with somebody who dealt with an address that has been listed, or attributed to a criminal, since?"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from msgspec import Meta

from rules.change import Change
from rules.finding import Finding
from rules.messages import ListMatch
from rules.past import Past
from rules.reference.attribution import is_news
from rules.rule import LookbackRule, Params


class Thresholds(Params, frozen=True, kw_only=True):
    """Percent of confidence in a label."""

    confidence: Annotated[int, Meta(ge=0, le=100)]


class NewlyExposed(LookbackRule):
    """One hop: through another customer's own address. An address that many share, such as a mixer's, leads nowhere."""

    Parameters = Thresholds

    def look_back(self, change: Change, past: Past) -> Iterable[tuple[str, Finding]]:
        """Answer for each address from the accounts one hop away from it."""
        for address, match in change.listed.items():
            facts: dict[str, Any] = {"entry_id": match.entry_id, "entry_name": match.entry_name}
            yield from self._around(address, match, (match.entry_id, *change.again(address)), facts, past)
        for address, label in change.relabelled.items():
            before, now = label.before.rank if label.before else 0, label.now
            if now is None or not label.leads_on or not is_news(before, now.rank, self.params.confidence):
                continue
            facts = {
                "entity": now.entity,
                "category": now.category.value,
                "attributed_by": now.source,
                "confidence_percent": now.confidence,
                "confidence_percent_minimum": self.params.confidence,
            }
            yield from self._around(address, label.match, (now.entity, *change.again(address)), facts, past)

    @staticmethod
    def _around(
        address: str, match: ListMatch | None, story: tuple[str | int, ...], facts: dict[str, Any], past: Past
    ) -> Iterator[tuple[str, Finding]]:
        for account_id, hop in past.nearby(address).items():
            shows = "First contact between this account and the one in between"
            yield (
                account_id,
                Finding(
                    story=(address, *story),
                    evidence=(hop.dealing.evidence(shows),),
                    counterparty=address,
                    match=match,
                    facts={"hops": 1, "through_account": hop.middle, "through_address": hop.through, **facts},
                ),
            )
