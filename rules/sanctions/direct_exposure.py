"""Is a counterparty address of this transfer on a sanctions list?"""

from typing import Final

from rules.finding import Answer, Finding, Unanswered
from rules.knowledge import Need
from rules.rule import AccountRule, Case

_CITED: Final = 20  # listed addresses named in full; a transfer may carry up to 1,000


class DirectExposure(AccountRule):
    """One listed address is a hit; an address that could not be screened is never a clean answer."""

    looks_back = False
    marked_only = True
    event_story = True
    needs = (Need.WATCHLIST,)

    def judge(self, case: Case) -> Answer:
        """Answer from the screening of this transfer's addresses alone."""
        if case.listed:
            return self._exposed(case)
        if case.unreadable:
            return Unanswered(f"an address cannot be read: {case.unreadable[0]}")
        if not case.addresses:
            return Unanswered("the transfer names no counterparty address")
        return None

    @staticmethod
    def _exposed(case: Case) -> Finding:
        first, match = case.listed[0]
        evidence = case.own_evidence("Counterparty address is on a sanctions list")
        return Finding(
            story=(evidence.event_id, first),
            evidence=(evidence,),
            counterparty=first,
            match=match,
            facts={
                "listed_addresses": [
                    {"address": address, "list": entry.name, "entry_id": entry.entry_id, "entry_name": entry.entry_name}
                    for address, entry in case.listed[:_CITED]
                ],
                "listed_count": len(case.listed),
                "unreadable_count": len(case.unreadable),
            },
        )
