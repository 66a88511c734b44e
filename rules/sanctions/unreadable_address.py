"""Is there a counterparty address that cannot be read, and so cannot be screened?"""

from typing import Final

from rules.finding import Answer, Finding
from rules.rule import AccountRule, Case

_CITED: Final = 20  # reasons given; a transfer may carry up to 1,000 addresses


class UnreadableAddress(AccountRule):
    """A typing error, an unsupported format, or a spelling meant to slip past screening."""

    looks_back = False
    marked_only = True
    event_story = True

    def judge(self, case: Case) -> Answer:
        """Answer from the reading of this transfer's addresses alone."""
        if not case.unreadable:
            return None
        evidence = case.own_evidence("Counterparty address cannot be read for its network")
        network = case.transfer.network if case.transfer is not None else None
        return Finding(
            story=(evidence.event_id,),
            evidence=(evidence,),
            facts={
                "network": network,
                "unreadable_count": len(case.unreadable),
                "reasons": list(case.unreadable[:_CITED]),
            },
        )
