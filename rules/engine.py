"""The accounts stage: judges transfers against the rules, one batch at a time. Pure: same input, same output.

`_Batch.run` is the main flow; in `_Batch._report` an alert is born, in `_Batch._verdict` a verdict.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from rules.addresses import MalformedAddress, canonical_forms
from rules.asking import Asking
from rules.finding import Answer, Finding, Unanswered
from rules.intake import Intake, Item, dead_letter
from rules.knowledge import NOTHING, Knowledge
from rules.lists import Watchlist
from rules.messages import Action, Decision, Excepted, Flow, ListMatch, NotEvaluated, Severity, Source, Verdict
from rules.note import Note
from rules.outcome import Outcome, Told, compose, effective_action, story_ids, together
from rules.profile import Movement, Profile, contact_key
from rules.reference import Label
from rules.rule import AccountRule, Case, Status
from rules.ruleset import Ruleset
from rules.seen import Meeting, Seen
from rules.transfer import BadTransfer, Kind, Transfer, moment

NO_NOTES: Final[Mapping[str, Note]] = {}
JUDGED_AGAIN: Final = 16  # judgement: later transfers asked about again when a late one lands before them


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
        live = {rule.about.id: rule.about for rule in ruleset.withdrawal_rules if rule.about.status is Status.LIVE}
        self.missing_live = tuple(one for one in self.missing if one.rule_id in live)
        self.required_missing = any(live[one.rule_id].required for one in self.missing_live)
        self.withdrawal_names = tuple(rule.about.id for rule in withdrawal_rules if rule.about.id in live)

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


class _Answers:
    """What the rules said about one transfer."""

    __slots__ = ("actions", "alert_ids", "excepted", "found", "missing", "required_missing", "signals", "told")

    def __init__(self) -> None:
        self.found: list[Told] = []
        self.alert_ids: list[str] = []
        self.actions: set[Action] = set()
        self.missing: list[NotEvaluated] = []
        self.required_missing = False
        self.told: list[tuple[str, int]] = []
        self.signals: list[str] = []
        self.excepted: list[Excepted] = []


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
        self._ruleset = engine.ruleset
        self._knowledge = engine.knowledge
        self._watchlist = engine.knowledge.watchlist
        self._labels = engine.knowledge.reference.labels
        self._partition = partition
        self._profiles = profiles
        self._seen = seen
        self._notes = notes
        self._detected_at = moment(judged_ms)
        self._list_hash = engine.knowledge.hash or None
        self._list_age = _age_seconds(engine.knowledge.watchlist, judged_ms)
        self._list_stale = engine.max_list_age is not None and (
            self._list_age is None or self._list_age > engine.max_list_age
        )
        self._outcome = Outcome()

    def run(self, intake: Intake) -> Outcome:
        """Each transfer in order: recognise, screen, profile, ask the rules, decide, pass on."""
        outcome = self._outcome
        outcome.deadletters = intake.deadletters
        questions = self._engine.asking.questions
        for item in sorted(intake.items):
            occurred_ms, topic, offset, value, transfer, _, opened_ms = item
            meeting = self._seen.meet(transfer)
            if meeting is not Meeting.NEW:
                self._met_before(meeting, item)
                continue
            source = Source(topic, self._partition, offset)
            inflow = transfer.kind is Kind.DEPOSIT
            case = self._enter(transfer, occurred_ms, value, inflow, opened_ms)
            asked = questions(inflow, case.profile.account_type, transfer.asset).about(value)
            answers = self._ask(asked, case, transfer.account_id, source)
            if not inflow:
                outcome.verdicts.append(self._verdict(transfer, answers, source))
            if 0 <= case.index < len(case.profile.occurred_ms) - 1:
                answers = self._ask_again(case, transfer.account_id, source, answers)
            self._pass_on(item, case, answers)
        outcome.counts.deadletters = len(outcome.deadletters)
        not_evaluated = outcome.tally.not_evaluated
        not_evaluated.update({one.rule_id: outcome.counts.deposits for one in self._engine.missing_on_deposits})
        not_evaluated.update({one.rule_id: outcome.counts.withdrawals for one in self._engine.missing})
        return outcome

    def _met_before(self, meeting: Meeting, item: Item) -> None:
        """A re-sent event is counted; the same id with other content is bad input."""
        _, topic, offset, _, _, raw, _ = item
        if meeting is Meeting.REPEATED:
            self._outcome.counts.duplicates += 1
        else:
            bad = BadTransfer("this event_id was used before with other content", "event_id")
            self._outcome.deadletters.append(dead_letter(bad, raw, Source(topic, self._partition, offset)))

    def _enter(self, transfer: Transfer, occurred_ms: int, value: int, inflow: bool, opened_ms: int | None) -> Case:
        """Screen the addresses and put the transfer into its account's profile."""
        addresses: tuple[str, ...] = ()
        unreadable: tuple[str, ...] = ()
        listed: tuple[tuple[str, ListMatch], ...] = ()
        labelled: tuple[tuple[str, Label], ...] = ()
        watchlist, labels, network = self._watchlist, self._labels, transfer.network
        for spelling in transfer.addresses:
            try:
                forms = canonical_forms(spelling, network)
            except MalformedAddress as error:
                forms = (spelling.strip(),)
                unreadable += (error.reason,)
            else:
                if forms[0] not in addresses:
                    addresses += (forms[0],)
            if watchlist is not None and (match := _listed(watchlist, spelling, forms)) is not None:
                listed += ((forms[0], match),)
            if labels is not None:
                for form in forms:
                    if form in labels:
                        labelled += tuple((forms[0], label) for label in labels[form])
        profile = self._profiles[transfer.account_id]
        if transfer.account is not None:
            profile.learn(occurred_ms, inflow, opened_ms, transfer.account.type or "")
        index = profile.add(
            occurred_ms,
            inflow,
            value,
            addresses[0] if addresses else "",
            (transfer.event_id, transfer.amount, transfer.asset, network or ""),
        )
        notes = self._notes
        noted: tuple[tuple[str, Note], ...] = ()
        if notes and not inflow:
            noted = tuple((address, notes[address]) for address in addresses if address in notes)
        return Case(profile, index, occurred_ms, transfer, addresses, unreadable, listed, self._knowledge, labelled, noted)

    def _ask(self, rules: Iterable[AccountRule], case: Case, account_id: str, source: Source) -> _Answers | None:
        """Ask each rule; None when none had anything to say."""
        answers = None
        for rule in rules:
            if case.index < 0 and rule.looks_back:
                answer: Answer = Unanswered("older than the account's kept history")
            else:
                try:
                    answer = rule.judge(case)
                except Exception as error:  # noqa: BLE001  # a broken rule must not stop the flow nor pass as clean
                    self._outcome.tally.raised[rule.about.id] += 1
                    answer = Unanswered(f"the rule raised {type(error).__name__}")
            if answer is not None:
                answers = answers or _Answers()
                self._note(rule, answer, case, account_id, answers)
        if answers is not None and answers.found:
            self._tell(answers, account_id, source)
        return answers

    def _ask_again(self, case: Case, account_id: str, source: Source, answers: _Answers | None) -> _Answers | None:
        """A late transfer landed before others: what it changes about those that follow it is told now."""
        profile = case.profile
        for index in range(case.index + 1, len(profile.occurred_ms))[:JUDGED_AGAIN]:
            asked = self._engine.asking.questions(profile.inflow[index], profile.account_type, profile.detail[index][2])
            rules = asked.about(profile.value[index])
            later = Case(profile, index, profile.occurred_ms[index], knowledge=self._knowledge)
            again = self._ask([rule for rule in rules if rule.looks_back], later, account_id, source)
            if again is not None and again.signals:
                self._signal_again(later, account_id, source, tuple(again.signals))
            if again is not None and again.told:
                answers = answers or _Answers()
                answers.told += again.told
        return answers

    def _signal_again(self, case: Case, account_id: str, source: Source, signals: tuple[str, ...]) -> None:
        """A flow for what a late transfer lets rules say of a transfer after it."""
        profile, index = case.profile, case.index
        if address := profile.address[index]:
            event_id, amount, asset, network = profile.detail[index]
            flow = Flow(
                case.occurred_ms,
                source.topic,
                source.partition,
                source.offset,
                address,
                account_id,
                profile.inflow[index],
                profile.value[index],
                event_id,
                amount,
                asset,
                network,
                first=False,
                signals=signals,
            )
            self._outcome.flows.append(flow)

    def _note(self, rule: AccountRule, answer: Finding | Unanswered, case: Case, account_id: str, answers: _Answers) -> None:
        tally, name, exceptions = self._outcome.tally, rule.about.id, self._knowledge.exceptions
        if isinstance(answer, Unanswered):
            tally.not_evaluated[name] += 1
            if rule.about.status is Status.SHADOW:
                return
            answers.missing.append(NotEvaluated(name, answer.reason))
            answers.required_missing |= rule.about.required
        elif (
            exceptions and (made := exceptions.acting(name, account_id, _about(answer, case), case.occurred_ms)) is not None
        ):
            tally.excepted[name] += 1
            answers.excepted.append(made.told)
        elif rule.about.status is Status.SHADOW:
            tally.shadowed[name] += 1
        elif rule.about.signal and rule.about.severity is Severity.INFO:
            tally.shadowed[name] += 1
            answers.signals += (name, *answer.signals)
        else:
            self._report(rule, answer, case, account_id, answers)

    def _report(self, rule: AccountRule, finding: Finding, case: Case, account_id: str, answers: _Answers) -> None:
        """Take a finding for an alert, unless its story has been told as far as this."""
        tally, name = self._outcome.tally, rule.about.id
        first, updates = story_ids(rule, account_id, finding)
        answers.alert_ids.append(first)
        answers.actions.add(effective_action(rule, finding))
        told = (first,) if rule.event_story else case.profile.stories.tell_stage(first, updates, case.occurred_ms)
        if not told:
            tally.suppressed[name] += 1
            return
        if not rule.event_story:
            answers.told += ((story, case.occurred_ms) for story in told)
        if rule.about.signal:
            answers.signals += (name, *finding.signals)
        tally.findings[name] += 1
        refers_to = finding.continues or (None if told[0] == first else first)
        answers.found.append(Told(rule, finding, told[0], refers_to))

    def _tell(self, answers: _Answers, account_id: str, source: Source) -> None:
        """Send what was found as alerts."""
        self._outcome.alerts += [
            compose(
                told,
                account_id=account_id,
                ruleset_hash=self._ruleset.hash,
                source=source,
                detected_at=self._detected_at,
            )
            for told in together(answers.found)
        ]

    def _verdict(self, transfer: Transfer, answers: _Answers | None, source: Source) -> Verdict:
        """What the exchange is told to do. Nothing said by any rule, on a list young enough: release."""
        decision, names = Decision.RELEASE, self._engine.withdrawal_names
        alert_ids: tuple[str, ...] = ()
        missing = self._engine.missing_live
        excepted: tuple[Excepted, ...] = ()
        if self._engine.required_missing:
            decision = Decision.HOLD
        if answers is not None:
            alert_ids, missing = tuple(answers.alert_ids), (*missing, *answers.missing)
            excepted = tuple(answers.excepted)
            if Action.REJECT in answers.actions:
                decision = Decision.REJECT
            elif Action.HOLD in answers.actions or answers.required_missing:
                decision = Decision.HOLD
            if missing:
                absent = {one.rule_id for one in missing}
                names = tuple(name for name in names if name not in absent)
        if self._list_stale and decision is Decision.RELEASE:
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

    def _pass_on(self, item: Item, case: Case, answers: _Answers | None) -> None:
        """Count the transfer, note what its profile took in, and tell the next stage what it has to know."""
        occurred_ms, topic, offset, value, transfer, _, opened_ms = item
        outcome, addresses, inflow = self._outcome, case.addresses, transfer.kind is Kind.DEPOSIT
        account_id, event_id, amount, asset = transfer.account_id, transfer.event_id, transfer.amount, transfer.asset
        if inflow:
            outcome.counts.deposits += 1
        else:
            outcome.counts.withdrawals += 1
        address = addresses[0] if addresses else ""
        told, signals = (tuple(answers.told), tuple(answers.signals)) if answers is not None else ((), ())
        met, device = self._first_contacts(case.profile, occurred_ms, addresses, transfer.device_id)
        network, account_type = transfer.network or "", (transfer.account.type or "") if transfer.account is not None else ""
        if transfer.ip_country is not None:
            case.profile.locate(occurred_ms, inflow, transfer.ip_country)
        movement = Movement(
            occurred_ms,
            inflow,
            value,
            address,
            event_id,
            amount,
            asset,
            network,
            opened_ms,
            account_type,
            transfer.ip_country or "",
            met,
            told,
        )
        outcome.movements.append((account_id, movement))
        if not met and not signals:
            return
        place = (occurred_ms, topic, self._partition, offset)
        own, listed = _own_address(transfer), {address for address, _ in case.listed}
        firsts = [contact for contact in addresses if contact_key(contact) in met]
        for contact in firsts or addresses[:1]:
            outcome.flows.append(
                Flow(
                    *place,
                    contact,
                    account_id,
                    inflow,
                    value,
                    event_id,
                    amount,
                    asset,
                    transfer.network or "",
                    bool(firsts),
                    own,
                    device or (transfer.device_id or "" if signals else ""),
                    signals,
                    contact in listed,
                )
            )

    def _first_contacts(
        self, profile: Profile, occurred_ms: int, addresses: tuple[str, ...], device_id: str | None
    ) -> tuple[tuple[int, ...], str]:
        """The contacts that the account had not had before, as keys, and the device when it is one of them."""
        contacts, device = profile.contacts, ""
        met: tuple[int, ...] = ()
        for address in addresses:
            key = contact_key(address)
            if key not in contacts:
                met += (key,)
        if device_id and (key := contact_key(device_id)) not in contacts:
            met, device = (*met, key), device_id
        if met:
            profile.meet(met, occurred_ms)
        return met, device


def _about(finding: Finding, case: Case) -> tuple[str, ...]:
    """The addresses that a finding at a transfer is about."""
    addresses = case.addresses
    if case.transfer is None:  # judged again: its profile alone is known
        addresses = (case.profile.address[case.index],)
    return addresses if finding.counterparty is None else (finding.counterparty, *addresses)


def _own_address(transfer: Transfer) -> str:
    """The account's own address in canonical form, or empty where there is none to be read."""
    if not transfer.own_address:
        return ""
    try:
        return canonical_forms(transfer.own_address, transfer.network)[0]
    except MalformedAddress:
        return ""


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


def _listed(watchlist: Watchlist, spelling: str, forms: Iterable[str]) -> ListMatch | None:
    """The list entry of an address: first as it is spelled, since lists hold strings that are no address, too."""
    index = watchlist.index
    match = index.get(spelling.strip())
    if match is None:
        for form in forms:
            match = index.get(form)
            if match is not None:
                break
        else:
            return None
    return ListMatch(
        name=match.list_name,
        hash=match.list_hash,
        published=match.published.isoformat() if match.published else None,
        entry_id=match.entry_id,
        entry_name=match.entry_name,
        matched=match.matched,
    )
