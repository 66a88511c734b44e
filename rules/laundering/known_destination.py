"""Does a withdrawal go to an address that a story about other accounts is told of?"""

from rules.finding import Answer, Finding
from rules.messages import Severity
from rules.rule import AccountRule, Case, Params, Window
from rules.transfer import Kind


class Thresholds(Params, frozen=True, kw_only=True):
    """How long what was found about an address counts."""

    window: Window


class KnownDestination(AccountRule):
    """What the counterparties stage knows of a destination reaches the verdict of the next withdrawal that goes there.

    The alert is an update of the one that is known: the story goes on. What that one says of this account is not said again.
    """

    Parameters = Thresholds
    asked_on = frozenset({Kind.WITHDRAWAL})
    looks_back = False
    marked_only = True

    def bind(self, params: Thresholds) -> None:
        """Keep the parameters."""
        self.window = params.window

    def judge(self, case: Case) -> Answer:
        """Of several destinations the first that is known."""
        for address, note in case.noted:
            if case.occurred_ms - note.occurred_ms <= self.window:
                serious = note.severity in (Severity.HIGH, Severity.CRITICAL)
                return Finding(
                    story=(address,),
                    evidence=(case.own_evidence("Goes to the address that the other alert is about"),),
                    facts={
                        "known_by_alert": note.alert_id,
                        "known_by_rule": note.rule_id,
                        "known_as": note.title,
                        "known_severity": note.severity,
                        "days_ago": max(0, case.occurred_ms - note.occurred_ms) // 86_400_000,
                        "days_ago_maximum": self.window // 86_400_000,
                    },
                    counterparty=address,
                    severity=None if serious else Severity.LOW,
                    continues=note.alert_id,
                    known=bool(case.transfer and case.transfer.account_id in note.accounts),
                )
        return None
