"""Is the IP address, the counterparty, its VASP or the account's holder in an embargoed or high-risk country or region?"""

from typing import Final

from rules.finding import Answer, Finding, Unanswered
from rules.knowledge import Need
from rules.messages import Severity
from rules.profile import DAY_MS
from rules.reference import Jurisdiction, Tier
from rules.reference.whereabouts import places, touches
from rules.rule import AccountRule, Case

_TOLD_ONCE_IN: Final = 30 * DAY_MS  # judgement; the verdict holds every time
_UNKNOWN: Final = Unanswered("no country or region is known of IP address, counterparty, VASP or holder")


class EmbargoedJurisdiction(AccountRule):
    """A country counts as a whole; a region inside an open country counts where the transfer names it, or where a list of
    networks puts the IP address.

    Embargoed has the file's severity, high risk is low: context for other alerts.
    """

    looks_back = False
    needs = (Need.JURISDICTIONS,)

    def judge(self, case: Case) -> Answer:
        """Answer from this transfer alone; the first place of the gravest tier makes the story."""
        transfer, reference = case.transfer, case.knowledge.reference
        touched = touches(transfer, reference) if transfer else None
        if touched is None:
            return _UNKNOWN
        if not transfer or not touched:
            return None
        listed = reference.jurisdictions or {}
        met = [(of, listed[code]) for of, code in places(transfer, reference) if code in reference.watched]
        grave = [(of, row) for of, row in met if row.tier is Tier.EMBARGOED]
        return self._found(case, grave or met, severity=None if grave else Severity.LOW) if met else None

    @staticmethod
    def _found(case: Case, hits: list[tuple[str, Jurisdiction]], severity: Severity | None) -> Finding:
        of, first = hits[0]
        return Finding(
            story=(first.code, of, case.occurred_ms // _TOLD_ONCE_IN),
            evidence=(case.own_evidence(f"{of} in {first.name}"),),
            facts={
                "places": [
                    {"of": of, "code": row.code, "name": row.name, "tier": row.tier.value, "source": row.source}
                    for of, row in hits
                ],
                "ip": case.transfer.ip if case.transfer else None,
            },
            counterparty=case.addresses[0] if case.addresses else None,
            severity=severity,
        )
