"""The counterparties stage: judges flows between accounts and addresses, one batch at a time. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from rules.address_state import AddressState
from rules.finding import Finding, Unanswered
from rules.graph.judging import CITED, NetworkJudge
from rules.graph.network import Network
from rules.illicit import party_of
from rules.knowledge import NOTHING, Knowledge
from rules.messages import Flow
from rules.outcome import Outcome, Tally, Told, compose, story_ids, take_note
from rules.rule import CounterpartyRule, GroupRule, Near, NetworkRule, Rule, Status
from rules.ruleset import Ruleset
from rules.stories import Stories
from rules.transfer import Kind, moment


def keys(flow: Flow) -> tuple[str, ...]:
    """The states that judging a flow needs: of its address, of the device, and when it has signals of the account, too."""
    if not flow.signals:
        return (flow.address, _device(flow)) if flow.device_id else (flow.address,)
    return tuple(key for key in (flow.address, _device(flow), _account(flow), flow.own_address) if key)


def _device(flow: Flow) -> str:
    return f"device {flow.device_id}" if flow.device_id else ""


def _account(flow: Flow) -> str:
    return f"account {flow.account_id}"


class CounterpartiesEngine:
    """Judges batches of flows with the rules that are asked about an address."""

    def __init__(self, ruleset: Ruleset, knowledge: Knowledge = NOTHING) -> None:
        self.ruleset = ruleset
        self.knowledge = knowledge
        self._network_judge = NetworkJudge(ruleset.network_rules)
        rules = [rule for rule in ruleset.counterparty_rules if not rule.of_device]
        self._on_deposit = [rule for rule in rules if Kind.DEPOSIT in rule.asked_on]
        self._on_withdrawal = [rule for rule in rules if Kind.WITHDRAWAL in rule.asked_on]
        self._on_device = [rule for rule in ruleset.counterparty_rules if rule.of_device]

    def judge(
        self, flows: list[Flow], states: Mapping[str, AddressState], judged_ms: int, network: Network | None = None
    ) -> Outcome:
        """Judge flows in event-time order; `states` holds every address among them and is updated in place.

        So is `network`; without one the rules about the network are not asked.
        """
        outcome = Outcome()
        detected_at = moment(judged_ms)
        for flow in sorted(flows):
            state = states[flow.address]
            service = state.service
            if not service and state.add(flow):
                outcome.addresses.add(flow.address)
            if flow.signals:
                self._meet(flow, states, outcome, detected_at)
            if network is not None:
                self._look(flow, network, judged_ms, outcome, detected_at)
            if flow.device_id and not (device := states[_device(flow)]).service and device.add(flow):
                outcome.addresses.add(_device(flow))
                self._ask(self._on_device, flow, _device(flow), device, outcome, detected_at)
            if not service:
                rules = self._on_deposit if flow.inflow else self._on_withdrawal
                self._ask(rules, flow, flow.address, state, outcome, detected_at)
        return outcome

    def _ask(
        self,
        rules: Iterable[CounterpartyRule],
        flow: Flow,
        key: str,
        state: AddressState,
        outcome: Outcome,
        detected_at: datetime,
    ) -> None:
        """Ask rules about the state of an address or a device; `key` is that of the state."""
        for rule in rules:
            try:
                answer = rule.judge(flow, state)
            except Exception as error:  # noqa: BLE001  # a broken rule must not stop the flow nor pass as clean
                outcome.tally.raised[rule.about.id] += 1
                answer = Unanswered(f"the rule raised {type(error).__name__}")
            if answer is not None:
                self._note(rule, answer, flow, key, state, outcome, detected_at)

    def _look(self, flow: Flow, network: Network, judged_ms: int, outcome: Outcome, detected_at: datetime) -> None:
        """A first contact joins the network; ask what it completes. A labelled address is a service and joins nobody."""
        labelled = self.knowledge.reference.label(flow.address) is not None
        party = party_of(flow.address, self.knowledge, listed=flow.listed) if labelled or flow.listed else None
        touch = None if party is None else network.touch(flow, party, judged_ms)
        edge = None if labelled else network.enter(flow, judged_ms)
        if CITED in flow.signals:
            network.cite((flow.account_id,))
        heard = _Heard(outcome.tally, self.knowledge, flow.occurred_ms)
        judge = self._network_judge
        noted = judge.judge(edge, network, heard) if edge else judge.ripple(network, heard)
        if touch is not None:
            noted += judge.touched(touch, network, heard)
        if reached := network.take_reached():
            noted += judge.reached(reached, network, heard)
        for rule, account_id, told in noted:
            if told is None:
                outcome.tally.suppressed[rule.about.id] += 1
                continue
            outcome.tally.findings[rule.about.id] += 1
            take_note(outcome, told, flow.occurred_ms)
            outcome.alerts.append(
                compose(
                    told,
                    account_id=account_id,
                    ruleset_hash=self.ruleset.hash,
                    source=flow.source,
                    detected_at=detected_at,
                )
            )

    def _meet(self, flow: Flow, states: Mapping[str, AddressState], outcome: Outcome, detected_at: datetime) -> None:
        """An account with signals joins those met at the same address and device; ask about their company."""
        account, device, own = _account(flow), _device(flow), flow.own_address
        near = Near(states[flow.address], states[device] if device else None, states[own] if own else None)
        for place in (flow.address, device):
            if place:
                states[place].circle = states[place].circle.joined(flow)
                outcome.addresses.add(place)
        for rule in self.ruleset.group_rules:
            try:
                answer = rule.judge(flow, near)
            except Exception as error:  # noqa: BLE001  # a broken rule must not stop the flow nor pass as clean
                outcome.tally.raised[rule.about.id] += 1
                answer = Unanswered(f"the rule raised {type(error).__name__}")
            if answer is not None:
                self._note(rule, answer, flow, account, states[account], outcome, detected_at)
            if isinstance(answer, Finding) and answer.signals:
                for place in filter(None, (flow.address, device)):
                    states[place].circle = states[place].circle.noted(flow.account_id, answer.signals)

    def _note(
        self,
        rule: CounterpartyRule | GroupRule,
        answer: Finding | Unanswered,
        flow: Flow,
        key: str,
        state: AddressState,
        outcome: Outcome,
        detected_at: datetime,
    ) -> None:
        """Count an answer, and send a finding as an alert unless its story has been told; `key` is that of the state."""
        tally, name = outcome.tally, rule.about.id
        stories = state.stories or Stories()
        if isinstance(answer, Unanswered):
            tally.not_evaluated[name] += 1
        elif self.knowledge.exceptions.acting(name, flow.account_id, (flow.address,), flow.occurred_ms) is not None:
            tally.excepted[name] += 1
        elif rule.about.status is Status.SHADOW:
            tally.shadowed[name] += 1
        elif not (told := stories.tell_stage(*(ids := story_ids(rule, key, answer)), flow.occurred_ms)):
            tally.suppressed[name] += 1
        else:
            tally.findings[name] += 1
            outcome.addresses.add(key)
            state.stories = stories
            following = None if told[0] == ids[0] else stories.sent_as(ids[0])
            telling = Told(rule, answer, stories.sent_as(told[0]), following)
            take_note(outcome, telling, flow.occurred_ms)
            outcome.alerts.append(
                compose(
                    telling,
                    account_id=flow.account_id,
                    ruleset_hash=self.ruleset.hash,
                    source=flow.source,
                    detected_at=detected_at,
                )
            )


class _Heard:
    """What becomes of rules about the network that raise, and of findings that are not sent."""

    def __init__(self, tally: Tally, knowledge: Knowledge, occurred_ms: int) -> None:
        self._tally = tally
        self._exceptions = knowledge.exceptions
        self._occurred_ms = occurred_ms

    def raised(self, rule: Rule, error: Exception) -> None:
        """Counted, and as good as not evaluated."""
        self._tally.raised[rule.about.id] += 1
        self._tally.not_evaluated[rule.about.id] += 1

    def counts(self, rule: NetworkRule, account_id: str, addresses: tuple[str, ...]) -> bool:
        """Not where somebody has made an exception, nor in shadow: there it is counted only."""
        name = rule.about.id
        if self._exceptions.acting(name, account_id, addresses, self._occurred_ms) is not None:
            self._tally.excepted[name] += 1
        elif rule.about.status is Status.SHADOW:
            self._tally.shadowed[name] += 1
        else:
            return True
        return False
