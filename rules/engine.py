"""The accounts stage: judges transfers against the rules, one batch at a time. Pure: same input, same output.

`_Batch.run` is the main flow. Alerts are born in `rules.panel`, verdicts in `_Batch._verdict`.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from rules.asking import Asking
from rules.intake import Intake, Item, dead_letter
from rules.knowledge import NOTHING, Knowledge
from rules.lists import Watchlist
from rules.memo import Memo
from rules.messages import Action, Decision, Excepted, NotEvaluated, Source, Verdict
from rules.note import Note
from rules.onward import first_contacts, flows_of, followed_addresses, movement_of
from rules.outcome import Outcome
from rules.panel import Answers, Panel
from rules.parties import first_named, parties
from rules.profile import Profile
from rules.rule import AccountRule, Case, Status
from rules.ruleset import Ruleset
from rules.screening import Screen
from rules.seen import Meeting, Seen
from rules.transfer import BadTransfer, Kind, Transfer, moment

NO_NOTES: Final[Mapping[str, Note]] = {}
_NAMES: Final = 4_096  # judgement: assets and networks
_same: Final = Memo(str, _NAMES)  # one object for all transfers: less memory, and it stays in the processor's cache


class AccountsEngine:
    """Judges batches of transfers with a rule set and the lists in force.

    `max_list_age_seconds`: withdrawals are held when the list is older than this, or of unknown age; None switches it off.
    """

    def __init__(self, ruleset: Ruleset, knowledge: Knowledge = NOTHING, *, max_list_age_seconds: int | None = None) -> None:
        self.ruleset = ruleset
        self.knowledge = knowledge
        self.max_list_age = max_list_age_seconds
        deposit_rules, self.missing_on_deposits = _answerable(ruleset.deposit_rules, knowledge)
        withdrawal_rules, self.missing = _answerable(ruleset.withdrawal_rules, knowledge)
        self.asking = Asking(deposit_rules, withdrawal_rules)
        self.screen = Screen(knowledge)
        live = {rule.about.id: rule.about for rule in ruleset.withdrawal_rules if rule.about.status is Status.LIVE}
        self.missing_live = tuple(one for one in self.missing if one.rule_id in live)
        self.required_missing = any(live[one.rule_id].required for one in self.missing_live)
        self.withdrawal_names = tuple(rule.about.id for rule in withdrawal_rules if rule.about.id in live)
        self._names_without: dict[tuple[str, ...], tuple[str, ...]] = {}

    def names_without(self, missing: tuple[NotEvaluated, ...]) -> tuple[str, ...]:
        """The rules that were asked about a withdrawal, but for those that could not answer."""
        absent = tuple([one.rule_id for one in missing])
        names = self._names_without.get(absent)
        if names is None:
            names = self._names_without[absent] = tuple(name for name in self.withdrawal_names if name not in absent)
        return names

    def judge(
        self,
        intake: Intake,
        partition: int,
        profiles: Mapping[str, Profile],
        seen: Seen,
        judged_ms: int,
        notes: Mapping[str, Note] = NO_NOTES,
    ) -> Outcome:
        """Judge a batch in event-time order.

        `profiles` holds the profile of every account of the batch and is updated in place, as is `seen`. `judged_ms` is
        the time of judging as the journal has it: it dates alerts and the list's age, and decides nothing else. `notes` are
        those on the canonical addresses that the batch's withdrawals go to.
        """
        batch = _Batch(self, partition, profiles, seen, judged_ms, notes)
        return batch.run(intake)


class _Batch:
    """One batch being judged."""

    def __init__(
        self,
        engine: AccountsEngine,
        partition: int,
        profiles: Mapping[str, Profile],
        seen: Seen,
        judged_ms: int,
        notes: Mapping[str, Note],
    ) -> None:
        self._engine = engine
        self._knowledge = engine.knowledge
        self._screen = engine.screen
        self._partition = partition
        self._profiles = profiles
        self._seen = seen
        self._notes = notes
        self._list_hash = engine.knowledge.hash or None
        self._list_age = _age_seconds(engine.knowledge.watchlist, judged_ms)
        list_stale = engine.max_list_age is not None and (self._list_age is None or self._list_age > engine.max_list_age)
        self._unless_told = Decision.HOLD if list_stale or engine.required_missing else Decision.RELEASE
        self._outcome = Outcome()
        self._panel = Panel(engine.asking, engine.knowledge, engine.ruleset.hash, moment(judged_ms), self._outcome)

    def run(self, intake: Intake) -> Outcome:
        """Each transfer in order: recognise, screen, profile, ask the rules, decide, pass on."""
        outcome = self._outcome
        outcome.deadletters = intake.deadletters
        questions, meet = self._engine.asking.questions, self._seen.meet
        new, deposit = Meeting.NEW, Kind.DEPOSIT  # looked up once: a member of an enum takes as long as a call
        for item in sorted(intake.items):
            occurred_ms, topic, offset, value, transfer, _, opened_ms, fingerprint = item
            meeting = meet(fingerprint)
            if meeting is not new:
                self._met_before(meeting, item)
                continue
            source = Source(topic, self._partition, offset)
            inflow = transfer.kind is deposit
            case = self._enter(transfer, occurred_ms, value, inflow, opened_ms)
            asked = questions(inflow, case.profile.account_type, transfer.asset).about(value, marked=case.marked)
            answers = self._panel.ask(asked, case, transfer.account_id, source)
            if not inflow:
                outcome.verdicts.append(self._verdict(transfer, answers, source))
            if 0 <= case.index < len(case.profile.occurred_ms) - 1:
                answers = self._panel.ask_again(case, transfer.account_id, source, answers)
            self._pass_on(item, case, inflow, source, answers)
        counts = outcome.counts
        counts.deadletters = len(outcome.deadletters)
        counts.withdrawals = len(outcome.verdicts)
        counts.deposits = len(outcome.movements) - counts.withdrawals
        not_evaluated = outcome.tally.not_evaluated
        not_evaluated.update({one.rule_id: counts.deposits for one in self._engine.missing_on_deposits})
        not_evaluated.update({one.rule_id: counts.withdrawals for one in self._engine.missing})
        return outcome

    def _met_before(self, meeting: Meeting, item: Item) -> None:
        """A re-sent event is counted; the same id with other content is bad input."""
        _, topic, offset, _, _, raw, *_ = item
        if meeting is Meeting.REPEATED:
            self._outcome.counts.duplicates += 1
        else:
            bad = BadTransfer("this event_id was used before with other content", "event_id")
            self._outcome.deadletters.append(dead_letter(bad, raw, Source(topic, self._partition, offset)))

    def _enter(self, transfer: Transfer, occurred_ms: int, value: int, inflow: bool, opened_ms: int | None) -> Case:
        """Screen the addresses and put the transfer into its account's profile."""
        screened = self._screen.look_up(transfer.addresses, transfer.network)
        addresses = screened.addresses
        profile = self._profiles[transfer.account_id]
        if transfer.account is not None:
            profile.learn(occurred_ms, inflow, opened_ms, transfer.account.type or "")
        index = profile.add(
            occurred_ms,
            inflow,
            value,
            addresses[0] if addresses else "",
            (transfer.event_id, transfer.amount, _same[transfer.asset], _same[transfer.network or ""]),
        )
        notes = self._notes
        noted: tuple[tuple[str, Note], ...] = ()
        if notes and not inflow:
            noted = tuple((address, notes[address]) for address in addresses if address in notes)
        return Case(
            profile,
            index,
            occurred_ms,
            transfer,
            addresses,
            screened.unreadable,
            screened.listed,
            self._knowledge,
            screened.labelled,
            noted,
            screened.contacts,
            parties(transfer),
        )

    def _verdict(self, transfer: Transfer, answers: Answers | None, source: Source) -> Verdict:
        """What the exchange is told to do. Nothing said by any rule, on a list young enough: release."""
        decision, names = self._unless_told, self._engine.withdrawal_names
        alert_ids: tuple[str, ...] = ()
        missing = self._engine.missing_live
        excepted: tuple[Excepted, ...] = ()
        if answers is not None:
            alert_ids, excepted = answers.alert_ids, answers.excepted
            if answers.missing:
                missing += answers.missing
                names = self._engine.names_without(answers.missing)
            if Action.REJECT in answers.actions:
                decision = Decision.REJECT
            elif Action.HOLD in answers.actions or answers.required_missing:
                decision = Decision.HOLD
        return Verdict(
            event_id=transfer.event_id,
            account_id=transfer.account_id,
            decision=decision,
            alert_ids=alert_ids,
            rules_run=names,
            rules_not_evaluated=missing,
            list_hash=self._list_hash,
            list_age_seconds=self._list_age,
            source=source,
            exceptions=excepted,
        )

    def _pass_on(self, item: Item, case: Case, inflow: bool, source: Source, answers: Answers | None) -> None:
        """Note what the transfer's profile took in, and tell the next stage what it has to know."""
        occurred_ms, _, _, value, transfer, _, opened_ms, _ = item
        outcome, profile = self._outcome, case.profile
        told, signals = (answers.told, answers.signals) if answers is not None else ((), ())
        met, device = first_contacts(profile, occurred_ms, case.contacts, transfer.device_id)
        named, names = first_named(profile, occurred_ms, case.named) if case.addresses else ((), ())
        if transfer.ip_country is not None:
            profile.locate(occurred_ms, inflow, transfer.ip_country)
        movement = movement_of(transfer, case, inflow, value, opened_ms, met + named, told)
        outcome.movements.append((transfer.account_id, movement))
        followed = followed_addresses(case) if case.listed or case.labelled else ()
        if met or signals or names or followed:
            outcome.flows += flows_of(transfer, case, value, source, met, device, signals, names, followed)


def _answerable(
    rules: Iterable[AccountRule], knowledge: Knowledge
) -> tuple[tuple[AccountRule, ...], tuple[NotEvaluated, ...]]:
    """The rules whose lists are loaded, and the others with the reason why they are not asked."""
    asked: list[AccountRule] = []
    missing: list[NotEvaluated] = []
    for rule in rules:
        lacking = next((need for need in rule.needs if knowledge.lacks(need)), None)
        if lacking is None:
            asked.append(rule)
        else:
            missing.append(NotEvaluated(rule.about.id, f"no {lacking} is loaded"))
    return tuple(asked), tuple(missing)


def _age_seconds(watchlist: Watchlist | None, judged_ms: int) -> int | None:
    published = watchlist.published if watchlist else None
    if published is None:
        return None
    midnight = datetime(published.year, published.month, published.day, tzinfo=UTC)
    return max(0, judged_ms // 1000 - int(midnight.timestamp()))
