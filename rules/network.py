"""The counterparties stage: judges flows between accounts and addresses, one batch at a time. Pure."""

from collections.abc import Mapping

from rules.address_state import AddressState
from rules.finding import Unanswered
from rules.messages import Flow
from rules.outcome import Outcome, compose
from rules.rule import Status
from rules.ruleset import Ruleset
from rules.transfer import Kind, moment


class CounterpartiesEngine:
    """Judges batches of flows with the rules that are asked about an address."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self._asked = {kind: [r for r in ruleset.counterparty_rules if kind in r.asked_on] for kind in Kind}

    def judge(self, flows: list[Flow], states: Mapping[str, AddressState], judged_ms: int) -> Outcome:
        """Judge flows in event-time order; `states` holds every address among them and is updated in place."""
        outcome = Outcome()
        tally, detected_at = outcome.tally, moment(judged_ms)
        for flow in sorted(flows, key=_order):
            state = states[flow.address]
            state.add(flow)
            for rule in self._asked[Kind.DEPOSIT if flow.inflow else Kind.WITHDRAWAL]:
                about = rule.about
                try:
                    answer = rule.judge(flow, state)
                except Exception as error:  # noqa: BLE001  # a broken rule must not stop the flow nor pass as clean
                    tally.raised[about.id] += 1
                    answer = Unanswered(f"the rule raised {type(error).__name__}")
                if answer is None:
                    continue
                if isinstance(answer, Unanswered):
                    tally.not_evaluated[about.id] += 1
                elif about.status is Status.SHADOW:
                    tally.shadowed[about.id] += 1
                else:
                    alert = compose(
                        rule,
                        answer,
                        subject=flow.address,
                        account_id=flow.account_id,
                        ruleset_hash=self.ruleset.hash,
                        source=flow.source,
                        detected_at=detected_at,
                    )
                    if state.stories.tell(alert.alert_id, flow.occurred_ms):
                        tally.findings[about.id] += 1
                        outcome.alerts.append(alert)
                    else:
                        tally.suppressed[about.id] += 1
        return outcome


def _order(flow: Flow) -> tuple[int, str, int, int, str]:
    return flow.occurred_ms, flow.topic, flow.partition, flow.offset, flow.address
