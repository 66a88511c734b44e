"""The rules as a panel that is asked about a case; what they say becomes alerts, and reasons for the verdict."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from rules.asking import Asking
from rules.exceptions import Exemption
from rules.finding import Claim, Finding, Repeated, Sign, Unanswered
from rules.knowledge import Knowledge
from rules.memo import Memo
from rules.messages import Action, Excepted, NotEvaluated, Source
from rules.onward import signalled_again
from rules.outcome import Outcome, Told, alert_id, compose, effective_action, story_ids, together
from rules.rule import AccountRule, Case, Status

_CLAIMS: Final = 65_536  # judgement: claims of accounts that are active within some hours, at about 300 bytes each
JUDGED_AGAIN: Final = 16  # judgement: later transfers asked about again when a late one lands before them


class Answers(msgspec.Struct):
    """What the rules said about one transfer."""

    found: tuple[Told, ...] = ()
    alert_ids: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    missing: tuple[NotEvaluated, ...] = ()
    required_missing: bool = False
    told: tuple[tuple[str, int], ...] = ()
    signals: tuple[str, ...] = ()
    excepted: tuple[Excepted, ...] = ()


class Panel:
    """Asks rules for one batch; findings, counts and flows go into its outcome."""

    def __init__(
        self, asking: Asking, knowledge: Knowledge, ruleset_hash: str, detected_at: datetime, outcome: Outcome
    ) -> None:
        self._asking = asking
        self._knowledge = knowledge
        self._ruleset_hash = ruleset_hash
        self._detected_at = detected_at
        self._outcome = outcome

    def ask(self, rules: Iterable[AccountRule], case: Case, account_id: str, source: Source) -> Answers | None:
        """Ask each rule; None when none had anything to say."""
        answers = None
        if case.index < 0:
            answers, rules = self._out_of_reach(rules, case, account_id)
        for rule in rules:
            try:
                said = rule.judge(case)
                if said is None:
                    continue
                answer = self._taken(rule, said, case, account_id) if isinstance(said, Claim) else said
            except Exception as error:  # noqa: BLE001  # a broken rule must not stop the flow nor pass as clean
                self._outcome.tally.raised[rule.about.id] += 1
                answer = Unanswered(f"the rule raised {type(error).__name__}")
            answers = answers or Answers()
            self._note(rule, answer, case, account_id, answers)
        if answers is not None and answers.found:
            self._tell(answers, account_id, source)
        return answers

    def _out_of_reach(
        self, rules: Iterable[AccountRule], case: Case, account_id: str
    ) -> tuple[Answers | None, list[AccountRule]]:
        """Of a transfer older than the kept history, what rules that look back say, and the other rules."""
        others, answers = [], None
        for rule in rules:
            if rule.looks_back:
                answers = answers or Answers()
                self._note(rule, Unanswered("older than the account's kept history"), case, account_id, answers)
            else:
                others.append(rule)
        return answers, others

    def ask_again(self, case: Case, account_id: str, source: Source, answers: Answers | None) -> Answers | None:
        """A late transfer landed before others: what it changes about those that follow it is told now."""
        profile = case.profile
        for index in range(case.index + 1, len(profile.occurred_ms))[:JUDGED_AGAIN]:
            asked = self._asking.questions(profile.inflow[index], profile.account_type, profile.detail[index][2])
            rules = asked.about(profile.value[index], marked=False)
            later = Case(profile, index, profile.occurred_ms[index], knowledge=self._knowledge)
            again = self.ask([rule for rule in rules if rule.looks_back], later, account_id, source)
            if again is not None and again.signals:
                self._outcome.flows += signalled_again(later, account_id, source, again.signals)
            if again is not None and again.told:
                answers = answers or Answers()
                answers.told += again.told
        return answers

    def _taken(self, rule: AccountRule, claim: Claim, case: Case, account_id: str) -> Finding | Repeated:
        """What a claim comes to: it is worked out unless its story has been told and nothing else can become of it."""
        if rule.about.status is Status.LIVE and not rule.about.signal and not self._knowledge.exceptions:
            stories, first = case.profile.stories, _claimed[rule.about.id, account_id, claim.story]
            if stories.knows(first, case.occurred_ms):
                return Repeated(stories.sent_as(first))
        return claim.work_out()

    def _note(
        self,
        rule: AccountRule,
        answer: Finding | Sign | Repeated | Unanswered,
        case: Case,
        account_id: str,
        answers: Answers,
    ) -> None:
        tally, name, exceptions = self._outcome.tally, rule.about.id, self._knowledge.exceptions
        if isinstance(answer, Repeated):
            tally.suppressed[name] += 1
            answers.alert_ids += (answer.alert_id,)
            answers.actions += (effective_action(rule),)
        elif isinstance(answer, Unanswered):
            tally.not_evaluated[name] += 1
            if rule.about.status is Status.SHADOW:
                return
            answers.missing += (NotEvaluated(name, answer.reason),)
            if rule.about.required:
                answers.required_missing = True
        elif exceptions and (made := self._excepted(name, account_id, answer, case)) is not None:
            tally.excepted[name] += 1
            answers.excepted += (made.told,)
        elif rule.about.status is Status.SHADOW:
            tally.shadowed[name] += 1
        elif isinstance(answer, Sign) or rule.about.weak:
            tally.shadowed[name] += 1
            answers.signals += (name, *answer.signals)
        else:
            self._report(rule, answer, case, account_id, answers)

    def _excepted(self, rule_id: str, account_id: str, finding: Finding | Sign, case: Case) -> Exemption | None:
        """The exception that acts on a finding."""
        entry = finding.match.entry_id if isinstance(finding, Finding) and finding.match is not None else None
        return self._knowledge.exceptions.acting(rule_id, account_id, _about(finding, case), case.occurred_ms, entry)

    def _report(self, rule: AccountRule, finding: Finding, case: Case, account_id: str, answers: Answers) -> None:
        """Take a finding for an alert, unless its story has been told as far as this."""
        tally, name = self._outcome.tally, rule.about.id
        if finding.known and finding.continues is not None:
            answers.alert_ids += (finding.continues,)
            answers.actions += (effective_action(rule, finding),)
            tally.suppressed[name] += 1
            return
        first, updates = story_ids(rule, account_id, finding)
        stories = case.profile.stories
        told = (first,) if rule.event_story else stories.tell_stage(first, updates, case.occurred_ms)
        answers.alert_ids += (stories.sent_as(first),)
        answers.actions += (effective_action(rule, finding),)
        if not told:
            tally.suppressed[name] += 1
            return
        if not rule.event_story:
            answers.told += tuple([(story, case.occurred_ms) for story in told])
        if rule.about.signal:
            answers.signals += (name, *finding.signals)
        tally.findings[name] += 1
        refers_to = finding.continues or (None if told[0] == first else stories.sent_as(first))
        answers.found += (Told(rule, finding, stories.sent_as(told[0]), refers_to),)

    def _tell(self, answers: Answers, account_id: str, source: Source) -> None:
        """Send what was found as alerts."""
        self._outcome.alerts += [
            compose(
                told,
                account_id=account_id,
                ruleset_hash=self._ruleset_hash,
                source=source,
                detected_at=self._detected_at,
            )
            for told in together(answers.found)
        ]


def _claim_id(asked: tuple[str, str, tuple[str | int, ...]]) -> str:
    return alert_id(*asked)


def _about(finding: Finding | Sign, case: Case) -> tuple[str, ...]:
    """The addresses that a finding at a transfer is about: one of the transfer's if it names it, else all of them."""
    addresses = case.addresses
    if case.transfer is None:  # judged again: its profile alone is known
        addresses = (case.profile.address[case.index],)
    if isinstance(finding, Sign) or finding.counterparty is None:
        return addresses
    return (finding.counterparty,) if finding.counterparty in addresses else (finding.counterparty, *addresses)


_claimed: Final = Memo(_claim_id, _CLAIMS)
