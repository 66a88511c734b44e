"""Looking back when lists or labels change: who dealt with an address, directly or one hop away, or with a name.

The rules that look back are asked with what changed and what is remembered; the cost is that of the change and of those who
dealt with it, whatever else is remembered. Alerts are born here.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from rules.change import Change
from rules.exceptions import Exceptions
from rules.finding import Finding
from rules.messages import Alert, AlertStatus, Flow, Source
from rules.outcome import Tally, Told, alert_id, compose
from rules.past import Past, dealing_of
from rules.rule import LookbackRule, Status
from rules.transfer import time_ms


class LookingBack:
    """Asks the rules of one batch, and gathers their alerts."""

    def __init__(
        self,
        rules: Iterable[LookbackRule],
        exceptions: Exceptions,
        tally: Tally,
        *,
        ruleset_hash: str,
        detected_at: datetime,
    ) -> None:
        self._rules = tuple(rules)
        self._exceptions = exceptions
        self._tally = tally
        self._ruleset = ruleset_hash
        self._detected_at = detected_at
        self.alerts: list[Alert] = []

    def late(self, flow: Flow, change: Change) -> None:
        """A transfer that was judged by the lists before, when what is said of its address was in force already."""
        dealing = dealing_of(flow, screened=False, labelled=flow.labelled)
        self.change(change, Past(dealings={flow.address: [dealing]}), flow.source)

    def change(self, change: Change, past: Past, source: Source) -> None:
        """Everything that a change of lists says about the past."""
        for rule in self._rules:
            try:
                findings = list(rule.look_back(change, past))
            except Exception:  # noqa: BLE001  # a broken rule must not stop the flow nor pass as clean
                self._tally.raised[rule.about.id] += 1
                self._tally.not_evaluated[rule.about.id] += 1
                continue
            for account_id, finding in findings:
                if self._counts(rule, account_id, finding):
                    self.alerts.append(self._alert(rule, account_id, finding, source))

    def _counts(self, rule: LookbackRule, account_id: str, finding: Finding) -> bool:
        """Not where somebody has made an exception, nor in shadow: there it is counted only."""
        name, tally = rule.about.id, self._tally
        addresses = (finding.counterparty,) if finding.counterparty else ()
        entry = finding.match.entry_id if finding.match is not None else None
        occurred_ms = time_ms(finding.evidence[-1].occurred_at)
        cleared = self._exceptions.entries(rule.clears_with, account_id, occurred_ms) if rule.clears_with else ()
        if entry in cleared or self._exceptions.acting(name, account_id, addresses, occurred_ms, entry) is not None:
            tally.excepted[name] += 1
        elif rule.about.status is Status.SHADOW:
            tally.shadowed[name] += 1
        else:
            tally.findings[name] += 1
            return True
        return False

    def _alert(self, rule: LookbackRule, account_id: str, finding: Finding, source: Source) -> Alert:
        told = Told(rule, finding, alert_id(rule.about.id, account_id, finding.story), finding.continues)
        alert = compose(
            told, account_id=account_id, ruleset_hash=self._ruleset, source=source, detected_at=self._detected_at
        )
        status = AlertStatus.CLOSED if finding.continues else AlertStatus.NEW
        return msgspec.structs.replace(alert, retroactive=True, status=status)
