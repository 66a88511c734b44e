"""Is the account used through Tor, a VPN, a proxy, or a machine in a hosting network?"""

from typing import Final

from rules.finding import Answer, Finding, Unanswered
from rules.knowledge import Need
from rules.messages import Severity
from rules.profile import DAY_MS
from rules.reference import Access, BadAddress
from rules.reference.networks import is_inside
from rules.rule import AccountRule, Case
from rules.transfer import Kind

_TOLD_ONCE_IN: Final = 30 * DAY_MS  # judgement
_ORDER: Final = (Access.TOR, Access.PROXY, Access.VPN, Access.HOSTING)  # the most telling first; judgement
_NO_IP: Final = Unanswered("the withdrawal carries no IP address")
_UNREADABLE: Final = Unanswered("the IP address cannot be read")
_INSIDE: Final = Unanswered("the IP address is a private one: the exchange's own, not the customer's")


class AnonymisedAccess(AccountRule):
    """Tor has the file's severity; the others hide many honest people and are low."""

    looks_back = False
    needs = (Need.NETWORKS,)

    def judge(self, case: Case) -> Answer:
        """Answer from the IP address alone; a deposit comes from the chain and need not have one."""
        transfer, networks = case.transfer, case.knowledge.reference.networks
        if transfer is None or networks is None:
            return None
        if transfer.ip is None:
            return _NO_IP if transfer.kind is Kind.WITHDRAWAL else None
        try:
            rows = networks.hiding(transfer.ip)
            if not rows:
                return _INSIDE if is_inside(transfer.ip) else None
        except BadAddress:
            return _UNREADABLE
        found = min(rows, key=lambda row: _ORDER.index(row.kind))
        return Finding(
            story=(found.kind.value, case.occurred_ms // _TOLD_ONCE_IN),
            evidence=(case.own_evidence(f"Ordered through {found.name or found.kind.value}"),),
            facts={"ip": transfer.ip, "access": found.kind.value, "network": found.network, "name": found.name},
            severity=None if found.kind is Access.TOR else Severity.LOW,
        )
